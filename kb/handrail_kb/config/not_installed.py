"""What mkdocs.yml names that is not installed here: theme, plugins, Markdown extensions; and what brings it.

MkDocs names the first of them and stops. Reads the file without importing what it names.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from handrail_kb.config.yaml_lines import Named, named_in, tagged_in, theme_in
from handrail_kb.texts.installing import install_command, install_extra

Setting = Literal["theme", "plugins", "markdown_extensions", "!!python/name"]

_WORDS: dict[Setting, tuple[str, str]] = {
    "theme": ("theme", "themes"),
    "plugins": ("plugin", "plugins"),
    "markdown_extensions": ("Markdown extension", "Markdown extensions"),
    "!!python/name": ("Python module", "Python modules"),
}
_MATERIAL = "material"
_PYTHON_NAME = "tag:yaml.org,2002:python/name:"
# Where sites list what builds them, those first that are for the site alone.
_LISTS = (
    "docs/requirements.txt",
    "requirements-docs.txt",
    "docs-requirements.txt",
    "requirements/docs.txt",
    "requirements.txt",
)
_LONGEST_LIST = 1_000_000  # bytes


@dataclass(frozen=True)
class Missing:
    """A part of the site that is not installed: the setting that names it, and where."""

    setting: Setting
    named: Named

    @property
    def name(self) -> str:
        """Its name as it is written; of `a.b:C` or `!!python/name:a.b`, the module."""
        return self.named.name


def missing_parts(config_file: Path) -> list[Missing]:
    """Every part that this mkdocs.yml names and that is not installed; none for a file that cannot be read."""
    return list(_missing(config_file))


def told(parts: Sequence[Missing]) -> str:
    """The parts as the subject of a sentence: "the theme 'a' and the plugins 'b', 'c' are not installed"."""
    groups: list[str] = []
    for setting, (one, many) in _WORDS.items():
        names = [*dict.fromkeys(f"'{part.name}'" for part in parts if part.setting == setting)]
        if names:
            groups.append(f"the {one if len(names) == 1 else many} {', '.join(names)}")
    joined = " and ".join([", ".join(groups[:-1]), groups[-1]] if len(groups) > 1 else groups)
    return f"{joined} {'is' if len({part.name for part in parts}) == 1 else 'are'} not installed"


def how_to_install(config_file: Path, parts: Sequence[Missing]) -> str:
    """The step that brings these parts, with its command."""
    folder = config_file.parent
    elsewhere = [part for part in parts if not _lies_in(folder, part)]
    if not elsewhere:
        path = shlex.quote(str(folder))
        return f"It lies beside {config_file.name}, where Python does not look: PYTHONPATH={path} handrail build"
    if any(part.setting == "theme" and part.name == _MATERIAL for part in elsewhere):  # it brings extensions, too
        return f"Install it: {install_extra('site')}"
    for name in _LISTS:
        if _brings_something(folder / name):
            return f"Install what this site needs: {install_command('-r', shlex.quote(str(folder / name)))}"
    asked = mkdocs_command("get-deps", "-f", shlex.quote(str(config_file)))
    return f"Install what MkDocs' catalogue of packages has for this site: {install_command(f'$({asked})')}"


def mkdocs_command(*what: str) -> str:
    """A command of the MkDocs that is installed here; `what` is as it is typed."""
    return " ".join([shlex.quote(sys.executable), "-m mkdocs", *what])


def _missing(config_file: Path) -> Iterator[Missing]:
    from mkdocs.plugins import get_plugins
    from mkdocs.utils import get_theme_names

    theme = theme_in(config_file)
    if theme and theme.name not in get_theme_names():
        yield Missing("theme", theme)
    plugins = get_plugins()
    for plugin in named_in(config_file, "plugins"):
        of_theme = f"{theme.name if theme else ''}/{plugin.name}"
        if plugin.name.removeprefix("/") not in plugins and of_theme not in plugins:
            yield Missing("plugins", plugin)
    extensions = {entry.name for entry in entry_points(group="markdown.extensions")}
    for extension in named_in(config_file, "markdown_extensions"):
        if extension.name not in extensions and not _is_module(extension.name.partition(":")[0]):
            yield Missing("markdown_extensions", extension)
    for object_ in tagged_in(config_file, _PYTHON_NAME):
        module = object_.name.rpartition(".")[0]
        if module and not _is_module(module):
            yield Missing("!!python/name", Named(module, object_.file, object_.line))


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
    except Exception:  # of the package around it, or of an odd name: MkDocs says what is wrong with it
        return True


def _lies_in(folder: Path, part: Missing) -> bool:
    if part.setting in ("theme", "plugins"):
        return False
    place = folder.joinpath(*part.name.partition(":")[0].split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def _brings_something(file: Path) -> bool:
    """Whether a list of requirements names a package that is not here; else installing it would change nothing."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        if not file.is_file() or file.stat().st_size > _LONGEST_LIST:
            return False
        lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        try:
            wanted = Requirement(line.partition("#")[0].partition(" --")[0].strip().rstrip("\\"))
        except InvalidRequirement:  # a flag, or the address of a file
            continue
        if not (wanted.marker and not wanted.marker.evaluate()) and not _is_here(wanted.name):
            return True
    return False


def _is_here(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True
