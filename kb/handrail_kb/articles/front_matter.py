"""Adds questions to the front matter of an article and leaves every other byte of the file unchanged.

Refuses, with file and line, whatever it could only guess. Parses the new text and compares it before it writes the
file.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from handrail_kb.articles.article import Article, parse_article
from handrail_kb.config.shown import shown_folder
from handrail_kb.config.yaml_files import read_yaml, yaml_fault
from handrail_kb.errors import ArticleError

_MARK = re.compile(r"-{3}[ \t]*")
_END = re.compile(r"(?:-{3}|\.{3})[ \t]*")
# A field at the beginning of a file without `---`, which MkDocs reads as well.
_BARE_FIELD = re.compile(r" {0,3}[A-Za-z0-9_-]+:\s")
_MEND = "Write the question into the front matter yourself: questions:"


@dataclass(frozen=True)
class Addition:
    """An article's new text, not written yet; `added` counts the new questions."""

    file: Path
    shown: str
    text: str
    added: int

    def write(self) -> None:
        """Replace the file in one step and keep its permissions. Raises ArticleError if it cannot be written."""
        if self.added:
            try:
                _replace(self.file.resolve(), self.text.encode("utf-8"))
            except OSError as error:
                raise ArticleError(f"{self.shown}:1: this file cannot be written: {error.strerror}.", _MEND) from error


def add_questions(docs_dir: Path, path: str, questions: Sequence[str]) -> Addition:
    """The article `path` below `docs_dir` with more questions, for the caller to write.

    Raises ArticleError with file and line when it cannot be read, or cannot be changed safely.
    """
    file, shown = docs_dir / path, f"{shown_folder(docs_dir)}/{path}"
    try:
        before = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArticleError(f"{shown}:1: this file cannot be read: {error}.", _MEND) from error
    return Addition(file, shown, *with_questions(before, questions, shown))


def with_questions(text: str, questions: Sequence[str], shown: str) -> tuple[str, int]:
    """The article's text with these questions in its front matter, and how many of them are new.

    Raises ArticleError, with `shown` as the file's name, when that cannot be done safely.
    """
    old = parse_article(shown, text.removeprefix("\ufeff"), folder="")
    there = {comparable(question) for question in old.questions}
    new = [question for question in dict.fromkeys(questions) if comparable(question) not in there]
    if not new:
        return text, 0
    changed = _Lines.of(text, shown).with_items(new)
    _check(old, parse_article(shown, changed.removeprefix("\ufeff"), folder=""), new, shown)
    return changed, len(new)


@dataclass(frozen=True)
class _Lines:
    """A file as lines with their ends. `lines[1:end]` is the front matter; `end` is 0 where there is none."""

    shown: str
    lines: tuple[str, ...]
    end: int
    newline: str

    @classmethod
    def of(cls, text: str, shown: str) -> _Lines:
        lines = tuple(re.findall(r"[^\n]*\n|[^\n]+", text))
        newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
        if not lines or not _MARK.fullmatch(_bare(lines[0].removeprefix("\ufeff"))):
            if lines and _BARE_FIELD.match(lines[0].removeprefix("\ufeff")):
                raise _refused(shown, 1, "the file begins with fields that have no '---' line before them")
            return cls(shown, lines, 0, newline)
        ends = (number for number, line in enumerate(lines) if number and _END.fullmatch(_bare(line)))
        end = next(ends, 0)
        if not end:
            raise _refused(shown, 1, "the front matter has no closing '---' line")
        return cls(shown, lines, end, newline)

    def with_items(self, questions: Sequence[str]) -> str:
        if not self.end:
            return self._with_front_matter(questions)
        at, column, key = self._place()
        items = [f"{key}{self.newline}"] if key else []
        listed = not self._is_mapping()
        for question in questions:
            item = f"- {quoted(question)}" if listed else f"{json.dumps(question, ensure_ascii=False)}:"
            items.append(f"{' ' * column}{item}{self.newline}")
        return "".join((*self.lines[:at], *items, *self.lines[at:]))

    def _with_front_matter(self, questions: Sequence[str]) -> str:
        text = "".join(self.lines)
        body = text.removeprefix("\ufeff")
        items = [f"  - {quoted(question)}" for question in questions]
        front = self.newline.join(["---", "questions:", *items, "---", "", ""])
        return text[: len(text) - len(body)] + front + body

    def _place(self) -> tuple[int, int, str]:
        """The index of the line where items go, the column they begin in, and the key's line if it must be added."""
        root = self._root()
        if root is None:
            return self.end, 2, "questions:"
        column = root.start_mark.column
        found = [(key, value) for key, value in root.value if key.value == "questions"]
        if not found:
            return self.end, column + 2, f"{' ' * column}questions:"
        if len(found) > 1:
            raise _refused(self.shown, found[1][0].start_mark.line + 2, "'questions' stands here twice")
        [(key, value)] = found
        line = key.start_mark.line + 1
        if isinstance(value, yaml.ScalarNode) and value.value == "" and value.style is None:
            return line + 1, column + 2, ""
        several = isinstance(value, yaml.SequenceNode | yaml.MappingNode) and value.value
        if not several or value.flow_style or value.start_mark.line < line:
            raise _refused(self.shown, line + 1, "'questions' is not a list with a line for each question")
        ends = value.value[-1]
        last = (ends[1] if isinstance(ends, tuple) else ends).end_mark
        return last.line + 1 + (last.column > 0), value.start_mark.column, ""

    def _is_mapping(self) -> bool:
        """Whether the questions stand there with the anchors of their sections: `question: anchor`."""
        root = self._root()
        fields = {key.value: value for key, value in root.value} if root is not None else {}
        return isinstance(fields.get("questions"), yaml.MappingNode)

    def _root(self) -> yaml.MappingNode | None:
        """The fields of the front matter; None if it is empty. Raises ArticleError if it cannot be changed safely."""
        block = "".join(self.lines[1 : self.end])
        try:
            root = yaml.compose(block, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            line, what = yaml_fault(error, first=2)
            raise _refused(self.shown, line, f"the front matter is not valid YAML: {what}") from error
        if root is not None and (not isinstance(root, yaml.MappingNode) or root.flow_style):
            raise _refused(self.shown, 2, "the front matter is not fields with a line for each")
        return root


def _check(old: Article, new: Article, added: Sequence[str], shown: str) -> None:
    """Raise ArticleError if anything but the questions would change."""

    def rest(article: Article) -> dict[str, Any]:
        return {name: value for name, value in article.meta.items() if name != "questions"}

    body = new.body.removeprefix("\n") if not old.meta and old.body_line == 1 else new.body
    if (body, rest(new), new.questions) != (old.body, rest(old), (*old.questions, *added)):
        raise _refused(shown, 1, "the question cannot be added without changing something else")


def _refused(shown: str, line: int, what: str) -> ArticleError:
    return ArticleError(f"{shown}:{line}: {what}, so no question was added.", _MEND)


def _bare(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r")


def comparable(question: str) -> str:
    """The form in which questions are compared: ignores case, spaces and the question mark."""
    return " ".join(question.casefold().split()).rstrip("?.! ")


def quoted(question: str) -> str:
    """The question as an item of a YAML list, quoted only where YAML would read it as something else."""
    try:
        plain = read_yaml(f"- {question}\n") == [question]
    except yaml.YAMLError:
        plain = False
    return question if plain else json.dumps(question, ensure_ascii=False)


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        beside.chmod(file.stat().st_mode & 0o7777)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
