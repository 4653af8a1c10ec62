"""The one line in mkdocs.yml, put where a writer would put it: at the end of the plugins, in the style of the file."""

from __future__ import annotations

import re

import yaml

_NONE = "plugins:\n  - search\n  - handrail\n"


def with_handrail(text: str) -> str:
    """A mkdocs.yml with `handrail` among its plugins. Where it has no plugins, `search` is kept as MkDocs' default."""
    document = yaml.compose(text)
    entries = document.value if isinstance(document, yaml.MappingNode) else []
    plugins = next((value for key, value in entries if key.value == "plugins"), None)
    lines = text.splitlines(keepends=True)
    if plugins is None or not plugins.value:
        without = re.sub(r"^plugins:.*\n", "", text, flags=re.M)
        return f"{without.rstrip()}\n\n{_NONE}"
    is_list = isinstance(plugins, yaml.SequenceNode)
    if plugins.flow_style:
        place = plugins.end_mark.index - 1
        return f"{text[:place].rstrip()}, {'handrail' if is_list else 'handrail: {}'}{text[place:]}"
    line = _line_after(plugins)
    if lines[:line] and not lines[line - 1].endswith("\n"):
        lines[line - 1] += "\n"
    indent = " " * plugins.start_mark.column
    return "".join([*lines[:line], f"{indent}{'- handrail' if is_list else 'handrail: {}'}\n", *lines[line:]])


def _line_after(node: yaml.Node) -> int:
    """The number of the line after a node's last word; comments and empty lines below it do not count."""
    if node.value and isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        key, value = last if isinstance(last, tuple) else (last, last)
        return max(_line_after(key), _line_after(value))
    return int(node.end_mark.line) + (node.end_mark.column > 0)
