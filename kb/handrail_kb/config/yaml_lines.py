"""The line of each setting in mkdocs.yml and of each field of a front matter, so that faults are reported with it.

Reads YAML nodes without constructing values. A file that cannot be read has no lines; loading it reports the error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import yaml

from handrail_kb.config.yaml_files import compose_yaml
from handrail_kb.problems import Keys

# Nesting of lists, and of files that inherit from files; a YAML list can contain itself.
_DEEPEST = 20
# Entries in a file; ten lines of YAML can expand to thousands.
_MOST = 20_000
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True)
class Named:
    """Something that mkdocs.yml names, with the file and the line where it stands."""

    name: str
    file: Path
    line: int


@dataclass(frozen=True)
class YamlLines:
    """The file that holds the plugin's settings, and the line of each key and list item below them."""

    file: Path
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def line(self, keys: Keys) -> int:
        """The line of a key; that of its nearest parent if the key is missing."""
        return next((self.lines[keys[:end]] for end in range(len(keys), -1, -1) if keys[:end] in self.lines), 1)


def yaml_lines(config_file: Path) -> YamlLines:
    """The line of each setting of the plugin, in this file or in the one that it inherits its plugins from."""
    config_file, plugins = _where(config_file, "plugins")
    entries = plugins.value if isinstance(plugins, yaml.SequenceNode) else [plugins]
    for entry in entries:
        options = _child(entry, "handrail")
        if isinstance(options, yaml.MappingNode):
            return YamlLines(config_file, dict(islice(_lines(options, ()), _MOST)))
    return YamlLines(config_file)


def nav_of(config_file: Path) -> tuple[Path, list[tuple[str, int]]]:
    """Every page that `nav` names, with its line, and the file where it stands: this one, or one it inherits from."""
    file, nav = _where(config_file, "nav")
    return file, list(islice(_pages(nav), _MOST)) if nav else []


def line_of_key(config_file: Path, name: str) -> int:
    """The line of one of MkDocs' own settings; 1 if it is not in this file."""
    document = _document(config_file)
    pairs = document.value if isinstance(document, yaml.MappingNode) else []
    return next((key.start_mark.line + 1 for key, _ in pairs if key.value == name), 1)


def named_in(config_file: Path, setting: str) -> Iterator[Named]:
    """What a setting such as `plugins` names, as MkDocs joins this file with those that it inherits from."""
    for file, document in _with_inherited(config_file):
        node = _child(document, setting)
        for entry in islice(_names(node), _MOST):
            yield Named(str(entry.value), file, entry.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode | yaml.SequenceNode):  # replaces what is inherited
            return


def theme_in(config_file: Path) -> Named | None:
    """The theme that is named, in this file or in one that it inherits from."""
    for file, document in _with_inherited(config_file):
        node = _child(document, "theme")
        named = _child(node, "name") if isinstance(node, yaml.MappingNode) else node
        if isinstance(named, yaml.ScalarNode):
            return Named(named.value, file, named.start_mark.line + 1) if named.tag == _TEXT and named.value else None
    return None


def tagged_in(config_file: Path, tag: str) -> Iterator[Named]:
    """What the tags that begin with `tag` name, as `a.b` in `!!python/name:a.b`."""
    for file, document in _with_inherited(config_file):
        for node in islice(_nodes(document), _MOST):
            if node.tag.startswith(tag):
                yield Named(node.tag.removeprefix(tag), file, node.start_mark.line + 1)


def field_lines(node: yaml.Node | None, prefix: str = "") -> Iterator[tuple[str, int]]:
    """The fields of a front matter with the line of each, from 0: `search` and `search.boost`, `questions.0`."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{prefix}{key.value}"
            yield name, key.start_mark.line
            if not prefix:
                yield from field_lines(value, f"{name}.")
    elif isinstance(node, yaml.SequenceNode) and prefix:
        for number, item in enumerate(node.value):
            yield f"{prefix}{number}", item.start_mark.line


def _names(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The texts of a list or the keys of a mapping; of each mapping in a list the first key."""
    if isinstance(node, yaml.MappingNode):
        found = [key for key, _ in node.value]
    elif isinstance(node, yaml.SequenceNode):
        found = [one.value[0][0] if isinstance(one, yaml.MappingNode) and one.value else one for one in node.value]
    else:
        found = []
    yield from (one for one in found if isinstance(one, yaml.ScalarNode) and one.tag == _TEXT)


def _nodes(node: yaml.Node | None, depth: int = 0) -> Iterator[yaml.Node]:
    """This node and all within it."""
    if node is None or depth == _DEEPEST:
        return
    yield node
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for one in child if isinstance(node, yaml.MappingNode) else (child,):
                yield from _nodes(one, depth + 1)


def _pages(node: yaml.Node, depth: int = 0) -> Iterator[tuple[str, int]]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value), node.start_mark.line + 1
    elif isinstance(node, yaml.CollectionNode) and depth < _DEEPEST:
        for child in node.value:
            yield from _pages(child[1] if isinstance(node, yaml.MappingNode) else child, depth + 1)


def _where(config_file: Path, name: str) -> tuple[Path, yaml.Node | None]:
    """What one of MkDocs' own settings holds, and the file where it stands: this one, or one it inherits from."""
    file = config_file
    for file, document in _with_inherited(config_file):
        if (found := _child(document, name)) is not None:
            return file, found
    return file, None


def _with_inherited(config_file: Path) -> Iterator[tuple[Path, yaml.Node | None]]:
    """The document of this file, then those of the files that it inherits from."""
    file: Path | None = config_file
    for _ in range(_DEEPEST):  # files may inherit from each other
        if file is None:
            return
        document = _document(file)
        yield file, document
        file = _parent(document, file)


def _document(config_file: Path) -> yaml.Node | None:
    try:
        return compose_yaml(config_file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def _parent(document: yaml.Node | None, config_file: Path) -> Path | None:
    """The file that this one inherits from."""
    named = _child(document, "INHERIT")
    file = config_file.parent / named.value if isinstance(named, yaml.ScalarNode) else None
    return file if file and file.is_file() and file.resolve() != config_file.resolve() else None


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _lines(node: yaml.Node, keys: Keys) -> Iterator[tuple[Keys, int]]:
    if len(keys) >= _DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = (*keys, str(key.value))
            yield below, key.start_mark.line + 1
            yield from _lines(value, below)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*keys, number), item.start_mark.line + 1
            yield from _lines(item, (*keys, number))
