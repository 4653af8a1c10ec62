"""Finds the value of every setting; which there are stands in `settings_table`.

A value is looked for in this order: flag, environment (`HANDRAIL_NAME`), mkdocs.yml
(`plugins: - handrail: {name: …}`), default. Secrets are read from the environment only.
Knows nothing of MkDocs' classes, so that a server without a docs folder can use it.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from handrail_kb.errors import ConfigError
from handrail_kb.settings_table import BY_NAME, GROUPS, SECRETS, SETTINGS, Setting, Value

# In one YAML file. Nine lines can stand for a thousand million values, and whoever names them meets them all.
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class Settings:
    """Settings with their values, and the project they belong to.

    `root` is the folder of mkdocs.yml, `site_dir` the folder of built HTML. `groups` are those that are more than one
    value, as they stand in mkdocs.yml.
    """

    values: Mapping[str, Value]
    root: Path
    site_dir: Path
    config_file: Path | None = None
    groups: Mapping[str, Any] = field(default_factory=dict)
    site_url: str = ""

    def __getitem__(self, name: str) -> Value:
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
    def state_dir(self) -> Path:
        """Where the index and the store are."""
        return self.root / self.text("state_dir")

    @property
    def index_dir(self) -> Path:
        """The folder of index generations."""
        return self.state_dir / "index"

    @property
    def store_file(self) -> Path:
        """The SQLite file of searches, votes and messages."""
        return self.state_dir / "store.db"


def load_settings(
    config_file: Path | None = None,
    *,
    site_dir: Path | None = None,
    flags: Mapping[str, Value | None] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """Find the value of every setting.

    The default `config_file` may be missing on a machine that only serves: then defaults, environment and flags count.
    Raises ConfigError naming the file that is not there, the unknown setting or the value that does not fit.
    """
    environ = os.environ if environ is None else environ
    if config_file and config_file != Path("mkdocs.yml") and not config_file.exists():
        raise ConfigError(f"There is no {config_file}.", "Name the site's mkdocs.yml: --config PATH/mkdocs.yml")
    document = _read_mkdocs_yml(config_file) if config_file and config_file.exists() else {}
    root = config_file.resolve().parent if config_file else Path.cwd()
    values: dict[str, Value] = {setting.name: setting.default for setting in SETTINGS}
    options = _plugin_options(document)
    values.update(check_options(options, f"{config_file}: plugins: handrail"))
    values.update(_from_environment(environ))
    values.update(
        {
            name: _fit(BY_NAME[name], value, f"--{name.replace('_', '-')}")
            for name, value in (flags or {}).items()
            if value is not None
        }
    )
    built = site_dir or root / str(document.get("site_dir") or "site")
    groups = {name: options[name] for name in GROUPS if options.get(name) is not None}
    return Settings(values, root, built, config_file, groups, str(document.get("site_url") or ""))


def docs_dir_of(config_file: Path) -> Path:
    """The folder of Markdown articles that mkdocs.yml names. Raises ConfigError when the file cannot be read."""
    return config_file.resolve().parent / str(_read_mkdocs_yml(config_file).get("docs_dir") or "docs")


def options_of(config_file: Path) -> Mapping[str, Any]:
    """The options of our plugin as they stand in mkdocs.yml. Raises ConfigError when the file cannot be read."""
    return _plugin_options(_read_mkdocs_yml(config_file))


def site_dir_of(config_file: Path) -> Path:
    """The folder of built HTML that mkdocs.yml names. Raises ConfigError when the file cannot be read."""
    return config_file.resolve().parent / str(_read_mkdocs_yml(config_file).get("site_dir") or "site")


def check_options(options: Mapping[str, Any], where: str) -> dict[str, Value]:
    """The given options, each of the right type, without groups. Raises ConfigError with the nearest known name."""
    checked: dict[str, Value] = {}
    for name, value in options.items():
        if name in GROUPS:
            continue
        if name not in BY_NAME:
            raise ConfigError(
                f"{where}: '{name}' is not a setting of Handrail.{nearest(str(name), [*BY_NAME, *GROUPS])}",
                "See all settings: handrail settings",
            )
        checked[name] = _fit(BY_NAME[name], value, f"{where}: {name}")
    return checked


def nearest(name: str, known: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    """' Did you mean …?' when a known name is close, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def _from_environment(environ: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    variables = {setting.variable: setting for setting in SETTINGS}
    for variable, value in environ.items():
        if not variable.startswith("HANDRAIL_") or variable in SECRETS:
            continue
        if variable not in variables:
            raise ConfigError(
                f"The environment has {variable}, which is not a setting of Handrail.{nearest(variable, variables)}",
                "See all settings: handrail settings",
            )
        found[variables[variable].name] = _fit(variables[variable], value, variable)
    return found


_WORDS_FOR_YES = {"1", "true", "yes", "on"}
_WORDS_FOR_NO = {"0", "false", "no", "off"}


def _fit(setting: Setting, value: Any, where: str) -> Value:
    """The value as the setting wants it, or a ConfigError that says what was expected."""
    fitted = _as_type(setting, value, where)
    if isinstance(fitted, int) and not isinstance(fitted, bool) and fitted < setting.least:
        raise ConfigError(f"{where}: expected at least {setting.least}, but found {fitted}.", setting.help)
    if isinstance(fitted, str) and setting.form and fitted and not re.fullmatch(setting.form, fitted):
        raise ConfigError(f"{where}: '{fitted}' does not fit. The default is '{setting.default}'.", setting.help)
    return fitted


def _as_type(setting: Setting, value: Any, where: str) -> Value:
    wanted = type(setting.default)
    if value is False and "off" in setting.form.split("|"):  # which YAML takes for 'no'
        return "off"
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    if wanted is bool and str(value).lower() in _WORDS_FOR_YES | _WORDS_FOR_NO:
        return str(value).lower() in _WORDS_FOR_YES
    if wanted is int and str(value).lstrip("-").isdigit():
        return int(value)
    if wanted is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    expected = {bool: "yes or no", int: "a whole number", str: "text"}[wanted]
    raise ConfigError(f"{where}: expected {expected}, but found {value!r}.", setting.help)


class _Tolerant(yaml.SafeLoader):
    """Reads YAML without importing what its tags name, and without the environment: an article must not publish it."""


class _Configuration(_Tolerant):
    """Reads mkdocs.yml, where MkDocs allows `!ENV`."""


def _environment_tag(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    """MkDocs' `!ENV NAME` and `!ENV [NAME, OTHER, default]`."""
    if isinstance(node, yaml.ScalarNode):
        return os.environ.get(str(node.value))
    if not isinstance(node, yaml.SequenceNode):
        return None
    *names, default = [loader.construct_object(child) for child in node.value]
    found = [os.environ[name] for name in [*names, default] if isinstance(name, str) and name in os.environ]
    return found[0] if found else default


_Tolerant.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
_Tolerant.add_multi_constructor("!", lambda *_: None)
_Configuration.add_constructor("!ENV", _environment_tag)


def read_yaml(text: str, *, environment: bool = False) -> Any:
    """Parse YAML without running anything; `!ENV` is read only with `environment`. Raises yaml.YAMLError."""
    try:
        document = yaml.load(text, Loader=_Configuration if environment else _Tolerant)  # noqa: S506 (SafeLoaders)
        size = _size(document, {})
    except (ValueError, OverflowError, RecursionError, AttributeError, TypeError, IndexError) as error:
        raise yaml.YAMLError(f"a value cannot be read: {error}") from error
    if size > _MOST_VALUES:
        raise yaml.YAMLError(f"it holds {size:,} values where every alias (such as *name) is followed")
    return document


def _size(value: object, known: dict[int, int]) -> int:
    """How many values there are below one when every alias is followed; one that holds itself is counted once."""
    if not isinstance(value, dict | list) or id(value) in known:
        return known.get(id(value), 1)
    known[id(value)] = 1
    below = chain(value, value.values()) if isinstance(value, dict) else value
    known[id(value)] = 1 + sum(_size(one, known) for one in below)
    return known[id(value)]


def compose_yaml(text: str) -> yaml.Node | None:
    """The YAML of a mkdocs.yml as nodes that know their lines. Raises yaml.YAMLError."""
    node: yaml.Node | None = yaml.compose(text, Loader=_Configuration)
    return node


def _read_mkdocs_yml(path: Path) -> dict[str, Any]:
    try:
        document = read_yaml(path.read_text(encoding="utf-8-sig"), environment=True)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(
            f"{path}:{line}: this is not valid YAML: {error.problem}.", "Mend that line, then run the command again."
        ) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected settings such as 'site_name: …', but found {type(document).__name__}.")
    parent = document.get("INHERIT")
    if isinstance(parent, str) and (path.parent / parent).exists():
        document = {**_read_mkdocs_yml(path.parent / parent), **document}
    return document


def _plugin_options(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of our plugin, whether `plugins` is a list or a mapping."""
    plugins = document.get("plugins") or []
    entries = (
        plugins.items()
        if isinstance(plugins, dict)
        else [pair for entry in plugins for pair in (entry.items() if isinstance(entry, dict) else [(entry, None)])]
    )
    for name, options in entries:
        if name == "handrail" and isinstance(options, dict):
            return options
    return {}
