"""Reads and checks `csp_allow` in mkdocs.yml: the hosts and sources that a site allows beside its own files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.policy.policy import DIRECTIVES, KEYWORDS, Sources, is_source
from handrail_kb.problems import Problem, nearest

GROUP = "csp_allow"
# Leaves room in the header for what the pages themselves need.
_MOST_CHARACTERS = 1500
# Directives that Handrail treats as their parents, so that sources count for both.
_SAME = {"script-src-elem": "script-src", "style-src-elem": "style-src", "child-src": "frame-src"}


def read_allow(raw: Any, places: YamlLines) -> tuple[Sources, Sequence[Problem]]:
    """The usable sources by directive, and the problems of the others."""
    problems: list[Problem] = []

    def wrong(what: str, *keys: str | int) -> None:
        problems.append(Problem(places.file.name, places.line((GROUP, *keys)), "error", what))

    if raw is None or raw == {}:
        return {}, ()
    if not isinstance(raw, dict):
        wrong(f"'{GROUP}' should be directives with lists, such as '{GROUP}: {{img-src: [https://img.example.com]}}'.")
        return {}, problems
    allow: dict[str, tuple[str, ...]] = {}
    for key, value in raw.items():
        name = str(key)
        directive = _SAME.get(name, name)
        if directive not in DIRECTIVES:
            wrong(
                f"'{name}' is not a directive that can be opened.{nearest(name, DIRECTIVES)} "
                f"Known are {', '.join(DIRECTIVES)}.",
                name,
            )
            continue
        listed = value.split() if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed:
            wrong(f"'{name}' should be a list of sources, such as [https://cdn.example.com].", name)
            continue
        for place, item in enumerate(listed):
            source = _source(item)
            if fault := _fault(item, source):
                wrong(fault, name, place)
            else:
                allow[directive] = tuple(dict.fromkeys((*allow.get(directive, ()), source)))
    size = sum(len(source) + 1 for sources in allow.values() for source in sources)
    if size > _MOST_CHARACTERS:
        wrong(
            f"'{GROUP}' has {size:,} characters, and a proxy in front takes {_MOST_CHARACTERS:,}. "
            "Use wildcards such as https://*.example.com, or serve the files from the site."
        )
    return allow, problems


def _source(item: Any) -> str:
    """The source as the header writes it: with the quotes that YAML strips from 'unsafe-inline', in lower case."""
    text = str(item).strip() if isinstance(item, str) else ""
    if text.strip("'").lower() in KEYWORDS:
        return f"'{text.strip(chr(39)).lower()}'"
    if text.startswith("'"):
        return text
    scheme, slashes, rest = text.partition("://") if "://" in text else ("", "", text)
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}{slashes}{host.lower()}{slash}{path}"


def _fault(item: Any, source: str) -> str:
    if not isinstance(item, str):
        return f"'{item}' should be text, such as https://cdn.example.com."
    if source.strip("'").lower() == "none":
        return "'none' allows nothing. Take the line out; the policy is strict without it."
    if source.strip("'").lower().startswith("nonce-"):
        return "A nonce that stands in a file protects nobody. Put the script into a file of the site."
    if any(sign in source for sign in ";,\r\n\t "):
        return f"{item!r} should be one source; ';', ',' and spaces would end it. Write each as an item of its own."
    if not is_source(source):
        return (
            f"{item!r} is no source. Write a host such as https://cdn.example.com, a scheme such as data:, "
            "or one of " + ", ".join(f"'{word}'" for word in KEYWORDS) + "."
        )
    return ""
