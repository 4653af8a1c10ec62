"""Reads YAML that people wrote: front matter of articles, and mkdocs.yml as MkDocs reads it.

No tag runs code, and the number of values that aliases may expand to is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from handrail_kb.config.shown import as_typed
from handrail_kb.errors import ConfigError

if TYPE_CHECKING:
    from mkdocs.exceptions import ConfigurationError


# In one YAML file. Nine lines can stand for a thousand million values, and whoever names them meets them all.
_MOST_VALUES = 100_000
# The parser in C, where PyYAML has it: every build reads mkdocs.yml, and the front matter of every article.
_QUICK: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# It has no bound to how deep values stand in each other, and ends the program where its stack ends.
_DEEPEST_QUICK = 3000
# Files that inherit from files.
_DEEPEST = 20
# The front matter; anything else is part of the article's text.
_FRONT = re.compile(r"\A-{3}[ \t]*\n(.*?\n)?(?:-{3}|\.{3})[ \t]*(?:\n|\Z)", re.S)
_UNCLOSED = re.compile(r"\A-{3}[ \t]*\n\s*[A-Za-z_][\w-]*:")
# What was meant as front matter: after empty lines, or between lines that hold more than `---`.
_MEANT = re.compile(r"\s*+-{3,}+[^\n]*+\n(.*?\n)-{3,}+[ \t]*+(?:\n|\Z)", re.S)
# A field without `---`, which MkDocs takes out of the text at the beginning of a file.
_BARE_FIELD = re.compile(r" {0,3}([A-Za-z0-9_-]+):(?:\s|\Z)")
# What Python may raise for a hostile value.
_UNREADABLE = (ValueError, OverflowError, RecursionError, AttributeError, TypeError, IndexError, KeyError)


class _Bounded:
    """What both parsers have of ours."""

    def get_single_data(self) -> Any:
        """The document. Raises yaml.YAMLError, too, where it holds too much."""
        document = super().get_single_data()  # type: ignore[misc]
        if (size := _size(document, {})) > _MOST_VALUES:
            raise yaml.YAMLError(f"it holds {size:,} values where every alias (such as *name) is followed")
        return document


class _Tolerant(_Bounded, yaml.SafeLoader):
    """Reads YAML without importing what its tags name, and without the environment: an article must not publish it."""


class _TolerantQuick(_Bounded, _QUICK):  # type: ignore[misc]
    """The same with the parser in C."""


_WORDS_ONLY = {
    first: [(tag, form) for tag, form in known if tag.rpartition(":")[2] in ("null", "merge")]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _AsWritten(_Tolerant):
    """Reads every value as the text that was written; what is empty or `null` is nothing."""

    yaml_implicit_resolvers = _WORDS_ONLY


class _AsWrittenQuick(_TolerantQuick):
    """The same with the parser in C."""

    yaml_implicit_resolvers = _WORDS_ONLY


for _loader_of_ours in (_Tolerant, _TolerantQuick):
    _loader_of_ours.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    _loader_of_ours.add_multi_constructor("!", lambda *_: None)


def read_yaml(text: str, *, as_written: bool = False) -> Any:
    """Parse YAML without running anything. Raises yaml.YAMLError.

    With `as_written`, `2.10`, `007`, `yes` and `12:30` are the text that stands there, not what YAML takes it for.
    """
    quick, own = (_AsWrittenQuick, _AsWritten) if as_written else (_TolerantQuick, _Tolerant)
    try:
        if _is_shallow(text):
            with suppress(yaml.YAMLError):  # in the words of Python's parser, which say more
                return yaml.load(text, Loader=quick)  # noqa: S506 (a SafeLoader)
        return yaml.load(text, Loader=own)  # noqa: S506 (a SafeLoader)
    except _UNREADABLE as error:
        raise yaml.YAMLError(f"a value cannot be read: {error}") from error


def compose_yaml(text: str) -> yaml.Node | None:
    """YAML as nodes that know their lines. Raises yaml.YAMLError."""
    loader = _QUICK if _is_shallow(text) else yaml.SafeLoader
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=loader)
    except RecursionError as error:
        raise yaml.YAMLError("its values stand too deep in each other") from error
    return node


def front_matter_in(text: str) -> re.Match[str] | None:
    """The front matter at the beginning of a text, with its lines `---`; group 1 is the YAML.

    MkDocs finds the same, but not where the text ends behind the last `---` without a line end.
    """
    return _FRONT.match(text)


def lost_front_matter(text: str, known: Collection[str], ours: Collection[str]) -> tuple[int, str] | None:
    """The line and the fault where a text begins with fields that MkDocs does not take for front matter.

    `known` are the names that show that fields are meant, `ours` those that count only between lines `---`.
    """
    if _UNCLOSED.match(text):
        return 1, "the front matter has no closing '---' line, so all of it would be shown to readers."
    if (meant := _MEANT.match(text)) and _holds_one_of(meant[1], known):
        lines = "on the first line with '---' and nothing else, and ends with such a line"
        before = text[: meant.start(1)].rstrip("\n").count("\n")
        return before + 1, f"a front matter begins {lines}; this one would be shown to readers."
    for number, line in enumerate(text.split("\n", 100)[:100], start=1):
        if not (field := _BARE_FIELD.match(line)):
            break
        if field[1].lower() in ours:
            return (
                number,
                f"'{field[1]}' counts only in a front matter: write '---' on a line before and after the fields.",
            )
    return None


def refuse_unknown_tags(document: yaml.Node | None) -> None:
    """Raise yaml.YAMLError for a tag such as `!ref`, with which MkDocs takes a front matter for text."""
    known = {*yaml.SafeLoader.yaml_constructors, "tag:yaml.org,2002:merge"}
    waiting, seen = [document] if document else [], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag not in known:
            raise yaml.constructor.ConstructorError(
                None, None, f"the tag {node.tag} means nothing here", node.start_mark
            )
        if isinstance(node, yaml.CollectionNode):
            waiting += chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value


def yaml_fault(error: yaml.YAMLError, first: int = 1) -> tuple[int, str]:
    """The line to mend, and in sentences what is wrong there and what to do; `first` is the first line of the YAML.

    What opens and is never closed is noticed only further down: its line is the one where it opens.
    """
    mark, begin = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or " ".join(str(error).split())[:200] or "it cannot be read"
    if mark is None:
        return first, f"{reason}."
    context = getattr(error, "context", None) or ""
    if begin and "quoted scalar" in context and "found unexpected" in reason:
        return begin.line + first, "a quotation mark opens here and is not closed. Close it, or leave it out."
    if begin and "flow" in context and begin.line < mark.line:
        what = f"what opens here with [ or {{ is not closed before line {mark.line + first}."
        return begin.line + first, f"{what} Close it, or put the value in quotes."
    return mark.line + first, f"{reason}. {_what_to_do(reason)}"


def _what_to_do(reason: str) -> str:
    if "'\\t'" in reason:
        return "Indent with spaces, not with tabs."
    if "cannot start any token" in reason or reason.startswith("the tag "):
        return "Put the value in quotes."
    if "<block end>" in reason:
        return "Check the indentation and the quotation marks of this line and those above."
    return "A value with ': ' or '#' in it needs quotes."


def _holds_one_of(block: str, names: Collection[str]) -> bool:
    with suppress(yaml.YAMLError):
        meta = read_yaml(block)
        return isinstance(meta, dict) and any(name in names for name in meta)
    return False


def _is_shallow(text: str) -> bool:
    """Whether values cannot stand deep in each other; by indents alone it takes too many characters."""
    return sum(map(text.count, "[{-?")) <= _DEEPEST_QUICK


def read_mkdocs_yml(path: Path) -> dict[str, Any]:
    """The settings of a site as MkDocs reads them: `INHERIT` merged deeply, `!ENV` as it resolves it.

    Raises ConfigError with the line that is wrong.
    """
    # Here, so that a command that reads no mkdocs.yml, and a service without one, load nothing of MkDocs.
    from mkdocs.exceptions import ConfigurationError
    from mkdocs.utils.yaml import yaml_load

    try:
        with path.open("rb") as stream:
            document: Any = yaml_load(stream, _loader())
    except ConfigurationError as error:
        raise _as_config_error(path, error) from error
    except OSError as error:
        file = Path(error.filename or path)  # one that it inherits from, perhaps
        mend = f"Let whoever runs this read it: ls -l {as_typed(file)}"
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.", mend) from error
    except _UNREADABLE as error:
        raise ConfigError(f"{path} cannot be read: {error}.", "Mend it, then run the command again.") from error
    if not isinstance(document, dict):
        what = f"{path}: expected settings such as 'site_name: …', but found {type(document).__name__}."
        raise ConfigError(what, "See what a site needs, in a folder of its own: handrail new --help")
    return document


def _loader() -> Any:
    """MkDocs' own loader on top of ours, for one file and those that it inherits from."""
    from mkdocs.utils.yaml import get_yaml_loader

    loader: Any = get_yaml_loader(_Tolerant)
    read: list[None] = []

    class Bounded(loader):  # type: ignore[misc]
        def get_single_data(self) -> Any:
            read.append(None)
            if len(read) > _DEEPEST:
                raise yaml.YAMLError(f"more than {_DEEPEST} files inherit from each other, perhaps in a circle")
            return super().get_single_data()

    return Bounded


def _as_config_error(path: Path, error: ConfigurationError) -> ConfigError:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, yaml.MarkedYAMLError) and cause.problem_mark:
        name = cause.problem_mark.name
        file = path.parent / name if name and Path(name).is_file() else path
        line, what = yaml_fault(cause)
        return ConfigError(f"{file}:{line}: this is not valid YAML: {what}", "Then run the command again.")
    what = str(cause) if isinstance(cause, yaml.YAMLError) else str(error).rstrip(".")
    return ConfigError(f"{path} cannot be read: {what}.", "Mend it, then run the command again.")


def _size(value: object, known: dict[int, int]) -> int:
    """How many values there are below one when every alias is followed; one that holds itself is counted once."""
    if not isinstance(value, dict | list) or id(value) in known:
        return known.get(id(value), 1)
    known[id(value)] = 1
    below = chain(value, value.values()) if isinstance(value, dict) else value
    known[id(value)] = 1 + sum(_size(one, known) for one in below)
    return known[id(value)]
