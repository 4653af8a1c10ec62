"""Finds the value of every setting: in a flag, the environment or mkdocs.yml, else in the table.

A value is looked for in this order: flag, environment (`HANDRAIL_NAME`), mkdocs.yml
(`plugins: - handrail: {name: …}`), default. Secrets are read by `secrets`.
Knows nothing of MkDocs' classes, so that a server without a docs folder can use it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handrail_kb.config.database_address import has_password, is_database, refuse_other_database, without_password
from handrail_kb.config.generations import current_site
from handrail_kb.config.plain_files import how_to_clear, no_folder, standing_at
from handrail_kb.config.secrets import secret_variables
from handrail_kb.config.shown import as_typed
from handrail_kb.config.table import BY_NAME, GROUPS, SECRETS, SETTINGS, Setting, SettingValue
from handrail_kb.config.yaml_files import read_mkdocs_yml
from handrail_kb.errors import ConfigError
from handrail_kb.problems import nearest

_LONGEST_SHOWN = 80
# The form of a setting that is one of several words.
_CHOICE = re.compile(r"[a-z-]+(\|[a-z-]+)+")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class Settings:
    """Settings with their values, and the project they belong to.

    `root` is the folder of mkdocs.yml, `site_dir` the folder of built HTML; `serves_folder` says that it was asked for
    by name, and is served whatever the index holds. `groups` are those that are more than one value, as they stand in
    mkdocs.yml.
    """

    values: Mapping[str, SettingValue]
    root: Path
    site_dir: Path
    config_file: Path | None = None
    groups: Mapping[str, Any] = field(default_factory=dict)
    site_url: str = ""
    serves_folder: bool = False
    site_name: str = ""

    def __getitem__(self, name: str) -> SettingValue:
        return self.values[name]

    def text(self, name: str) -> str:
        """The value of a setting that is text."""
        return str(self.values[name])

    def number(self, name: str) -> int:
        """The value of a setting that is a whole number."""
        return int(self.values[name])

    def flag(self, name: str) -> bool:
        """The value of a setting that is yes or no."""
        return bool(self.values[name])

    @property
    def only_answers(self) -> bool:
        """Whether this machine delivers, mails and groups nothing, and has no desk: others do."""
        return self.text("role") != "all"

    @property
    def state_dir(self) -> Path:
        """Where the index and the store are."""
        return self.root / self.text("state_dir")

    @property
    def index_dir(self) -> Path:
        """The folder of generations of site and index."""
        return self.root / self.text("index_dir") if self.text("index_dir") else self.state_dir / "index"

    @property
    def served_site(self) -> Path:
        """The folder of built HTML that is served: `site_dir`, unless the generation that serves has its own."""
        return (None if self.serves_folder else current_site(self.index_dir)) or self.site_dir

    @property
    def store_place(self) -> Path | str:
        """Where searches, votes and messages are: an SQLite file, or the address of a PostgreSQL database."""
        store = self.text("store")
        if is_database(store):
            return store
        return self.root / store if store else self.state_dir / "store.db"


def load_settings(
    config_file: Path | None = None,
    *,
    site_dir: Path | None = None,
    flags: Mapping[str, SettingValue | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Find the value of every setting.

    The default `config_file` may be missing on a machine that only serves: then defaults, environment and flags count.
    Raises ConfigError naming the file that is not there, the unknown setting or the value that does not fit.
    """
    environ = os.environ if environ is None else environ
    if config_file and config_file != Path("mkdocs.yml") and not config_file.exists():
        raise ConfigError(f"There is no {config_file}.", "Name the site's mkdocs.yml: --config PATH/mkdocs.yml")
    if config_file:
        _refuse_no_file(config_file)
    document = read_mkdocs_yml(config_file) if config_file and config_file.exists() else {}
    root = folder_of(config_file) if config_file else Path.cwd()
    values: dict[str, SettingValue] = {setting.name: setting.default for setting in SETTINGS}
    options = _plugin_options(document, config_file)
    values.update(check_options(options, f"{config_file}: plugins: handrail"))
    _refuse_password(str(values["store"]), f"{config_file}: plugins: handrail: store")
    values.update(values_in(environ))
    values.update(
        {
            name: _fit(BY_NAME[name], value, f"--{name.replace('_', '-')}")
            for name, value in (flags or {}).items()
            if value is not None
        }
    )
    # Absolute, because Flask takes relative folders to be below its own code.
    built = Path.cwd() / site_dir if site_dir else root / str(document.get("site_dir") or "site")
    groups = {name: options[name] for name in GROUPS if options.get(name) is not None}
    url, name = (str(document.get(key) or "") for key in ("site_url", "site_name"))
    return Settings(values, root, built, config_file, groups, url, site_dir is not None, name)


def refuse_no_config(config_file: Path) -> None:
    """Raise ConfigError where there is no mkdocs.yml of this name, for commands that need it."""
    if not os.path.lexists(config_file):
        raise ConfigError(f"There is no {config_file}.", "Start a site: handrail new help, or name one with --config")
    _refuse_no_file(config_file)


def _refuse_no_file(config_file: Path) -> None:
    """Raise ConfigError where something else has the name of mkdocs.yml: a pipe would be waited for without end."""
    kind = standing_at(config_file)
    if not kind:
        return
    if config_file.is_symlink() and not config_file.exists():
        mend = f"Bring that file back, or remove the link: rm {as_typed(config_file)}"
        raise ConfigError(f"{config_file} is a link to {config_file.readlink()}, which is not there.", mend)
    mend = "Name the site's mkdocs.yml: --config PATH/mkdocs.yml"
    if kind != "a device":  # everybody needs it
        mend = f"Move it away, and put the site's settings there: {how_to_clear(config_file)}"
    raise ConfigError(f"{config_file} is {kind}, not a file.", mend)


def folder_of(config_file: Path) -> Path:
    """The folder of a site: that of its mkdocs.yml, as MkDocs sees it. Where that is a link, the link's own."""
    return config_file.absolute().parent.resolve()


def _refuse_password(store: str, where: str) -> None:
    """Raise ConfigError for a password in a file that is kept in git."""
    if has_password(store):
        raise ConfigError(
            f"{where}: a password does not belong in a file of the repository.",
            "Take it out, and give it to the service: PGPASSWORD=… handrail run, or a line in ~/.pgpass",
        )


def docs_dir_of(config_file: Path) -> Path:
    """The folder of Markdown articles that mkdocs.yml names. Raises ConfigError when the file cannot be read."""
    return folder_of(config_file) / str(read_mkdocs_yml(config_file).get("docs_dir") or "docs")


def refuse_no_articles(docs_dir: Path) -> None:
    """Raise ConfigError where there is no folder of articles."""
    if docs_dir.is_dir():
        return
    if known := no_folder(docs_dir, written=False):
        raise ConfigError(*known)
    at = as_typed(docs_dir)
    raise ConfigError(
        f"There is no folder of articles at {docs_dir}.",
        "Bring it back, name another one in mkdocs.yml (docs_dir), or begin one: "
        f"mkdir -p {at} && echo '# Welcome' > {at}/index.md",
    )


def options_of(config_file: Path) -> Mapping[str, Any]:
    """The options of our plugin as they stand in mkdocs.yml. Raises ConfigError when the file cannot be read."""
    return _plugin_options(read_mkdocs_yml(config_file), config_file)


def site_dir_of(config_file: Path) -> Path:
    """The folder of built HTML that mkdocs.yml names. Raises ConfigError when the file cannot be read."""
    return folder_of(config_file) / str(read_mkdocs_yml(config_file).get("site_dir") or "site")


def check_options(options: Mapping[str, Any], where: str) -> dict[str, SettingValue]:
    """The given options, each of the right type, without groups. Raises ConfigError with the nearest known name."""
    checked: dict[str, SettingValue] = {}
    for name, value in options.items():
        if name in GROUPS:
            continue
        if name in BY_NAME and value is None:  # to MkDocs, what is empty is not set
            continue
        if name not in BY_NAME:
            raise ConfigError(
                f"{where}: '{name}' is not a setting of Handrail.{nearest(str(name), [*BY_NAME, *GROUPS])}",
                "See all settings: handrail settings --defaults",
            )
        checked[name] = _fit(BY_NAME[name], value, f"{where}: {name}")
    return checked


def values_in(environ: Mapping[str, str]) -> dict[str, SettingValue]:
    """The settings that the environment has. Raises ConfigError for a value that does not fit."""
    found: dict[str, SettingValue] = {}
    variables = {setting.variable: setting for setting in SETTINGS}
    for variable, value in environ.items():
        if variable in variables and variable not in SECRETS:
            found[variables[variable].name] = _fit(variables[variable], value, variable)
    return found


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Warnings about unknown `HANDRAIL_` variables. They are not refused: other programs may use such names."""
    known = [*(setting.variable for setting in SETTINGS), *secret_variables()]
    for variable in sorted(environ):
        if variable.startswith("HANDRAIL_") and variable not in known:
            near = nearest(variable, known)
            yield f"The environment has {variable}, which is not a setting of Handrail.{near} See: handrail settings"


def shown_value(value: SettingValue) -> SettingValue:
    """The value as it may be shown: an address without the password that it should not hold."""
    if not isinstance(value, str):
        return value
    if is_database(value):
        return without_password(value)
    scheme, slashes, rest = value.partition("://")
    user, at, host = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}:…@{host}" if at and colon else value


_WORDS_FOR_YES = {"1", "true", "yes", "on"}
_WORDS_FOR_NO = {"0", "false", "no", "off"}


def _fit(setting: Setting, value: Any, where: str) -> SettingValue:
    """The value as the setting wants it, or a ConfigError that says what was expected."""
    fitted = _as_type(setting, value, where)
    if isinstance(fitted, int) and not isinstance(fitted, bool) and not setting.least <= fitted <= setting.most:
        bound = f"at least {setting.least}" if fitted < setting.least else f"at most {setting.most}"
        raise ConfigError(f"{where}: expected {bound}, but found {fitted}.", setting.help)
    if setting.name == "store":
        refuse_other_database(str(fitted), where)
    if isinstance(fitted, str) and setting.form and fitted and not re.fullmatch(setting.form, fitted):
        shown, choices = shown_value(fitted), setting.form.split("|") if _CHOICE.fullmatch(setting.form) else []
        near = nearest(fitted.lower(), choices) if choices else ""
        what = f"{where}: '{shown}' does not fit.{near}"
        raise ConfigError(f"{what} The default is '{setting.default}'.", setting.help)
    return fitted


def _as_type(setting: Setting, value: Any, where: str) -> SettingValue:
    wanted = type(setting.default)
    if value is False and "off" in setting.form.split("|"):  # which YAML takes for 'no'
        return "off"
    if setting.many and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    if wanted is bool and (word := str(value).strip().lower()) in _WORDS_FOR_YES | _WORDS_FOR_NO:
        return word in _WORDS_FOR_YES
    if wanted is int and _WHOLE.fullmatch(str(value).strip()):
        return int(value)
    if wanted is str and isinstance(value, int | float):  # 0441234567 is 75839863 to YAML, and NO is false
        raise ConfigError(f"{where}: this was read as {value}, which may not be what you wrote. Put it in quotes.",
                          setting.help)  # fmt: skip
    expected = {bool: "yes or no", int: "a whole number", str: "a list of texts" if setting.many else "text"}[wanted]
    raise ConfigError(f"{where}: expected {expected}, but found {_short(value)}.", setting.help)


def _plugin_options(document: Mapping[str, Any], config_file: Path | None) -> Mapping[str, Any]:
    """The options of our plugin, whether `plugins` is a list or a mapping. Raises ConfigError for anything else there.

    Passed over, it would leave a service with defaults that nobody chose.
    """
    plugins = document.get("plugins") or []
    listed = plugins if isinstance(plugins, list) else [plugins]  # anything else is for MkDocs to refuse
    entries = [pair for entry in listed if isinstance(entry, dict) for pair in entry.items()]
    for name, options in entries:
        if name != "handrail":
            continue
        if options and not isinstance(options, dict):
            what = f"{config_file}: plugins: handrail: expected settings, such as 'port: 8080'"
            mend = "Write each on a line of its own, as name: value. See all: handrail settings --defaults"
            raise ConfigError(f"{what}, but found {_short(options)}.", mend)
        return options or {}
    return {}


def _short(value: object) -> str:
    """A value as it may stand in a message."""
    return repr(value) if len(repr(value)) <= _LONGEST_SHOWN else f"{repr(value)[:_LONGEST_SHOWN]}…"
