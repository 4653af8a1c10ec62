"""An article: a Markdown file, its front matter, and the line on which each field stands.

Reads Markdown only; knows nothing of HTML, MkDocs or the index. Each fault in an article becomes a
`Problem` with file and line, so that a writer sees all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml

from handrail_kb.config import yaml_files
from handrail_kb.config.shown import shown_folder
from handrail_kb.config.yaml_lines import field_lines
from handrail_kb.errors import ArticleError
from handrail_kb.problems import Problem, Severity, kind_of, likeness, meant_field

# What Handrail reads. See the page about front matter in the documentation.
_OURS = ("review_by", "reviewed", "people_only", "search", "home", "most_asked")
OUR_FIELDS = ("title", "description", "questions", "keywords", "owner", *_OURS)
# Fields that are text: `2.10` stays as the writer typed it, instead of the number that YAML makes of it.
_WORDS = ("title", "description", "questions", "keywords", "owner", "tags", "most_asked")
# Fields that only Handrail reads, so that a mistake in them concerns no other program.
ONLY_OURS = ("questions", "keywords", "owner", "review_by", "reviewed", "people_only", "home", "most_asked")
# Fields that MkDocs, Material and their plugins read: never reported.
# fmt: off
THEIR_FIELDS = (
    "template", "hide", "icon", "status", "tags", "subtitle", "social", "date", "authors", "author", "categories",
    "category", "draft", "pin", "links", "slug", "readtime", "comments", "revision_date", "render_macros",
    "ignore_macros", "robots", "canonical", "image", "lang", "language", "layout", "summary", "redirect",
    "redirect_from", "redirect_to", "search_exclude", "glightbox", "hero", "edit_url", "inherit", "hooks",
)
# fmt: on
# Near one of ours, and the business of others where no date stands there: who reviewed is not when.
_NOT_MEANT = ("review", "reviews", "reviewer", "reviewers")
# The endings that MkDocs knows (`mkdocs.utils`).
MARKDOWN = (".md", ".markdown", ".mdown", ".mkdn", ".mkd")
SEARCH_FIELDS = ("exclude", "boost")
# Nobody reads a longer article, and checking one takes seconds.
MOST_ARTICLE_BYTES = 2_000_000

_FRONT_MATTER = "front-matter"


@dataclass(frozen=True)
class Article:
    """One Markdown file. `path` is relative to the docs folder; a field with an unusable value has its default.

    `lines` holds the line number of each field, and `body_line` that of the first line after the front matter.
    `most_asked` holds questions with the path of the article that answers each; an empty path leaves it to be found.
    `sections` holds the anchor of the section that answers a question, if the writer named it; empty for the beginning.
    """

    path: str
    body: str
    body_line: int = 1
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    lines: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    title: str = ""
    description: str = ""
    questions: tuple[str, ...] = ()
    sections: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keywords: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    owner: str = ""
    review_by: date | None = None
    reviewed: date | None = None
    people_only: bool = False
    exclude: bool = False
    boost: float = 1.0
    home: bool = False
    most_asked: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()

    def line_of(self, question: str) -> int:
        """The line number of a question, or of the field `questions` if all of them are on one line."""
        listed = self.meta.get("questions")
        texts = [_question_in(item)[0] for item in listed] if isinstance(listed, list) else []
        place = f"questions.{texts.index(question) if question in texts else question}"
        return self.lines.get(place, self.lines.get("questions", 1))


# Articles by path, each with its file's size and modification time, which show whether the file has changed.
ReadArticles = dict[str, tuple[tuple[int, int], Article]]


def read_articles(docs_dir: Path, kept: ReadArticles | None = None) -> tuple[list[Article], list[Problem]]:
    """Every article below `docs_dir` in the order of their paths, and the problems of all of them.

    Articles in `kept`, from the last call, are not read again while their files are unchanged.
    """
    kept = {} if kept is None else kept
    articles: list[Article] = []
    problems: list[Problem] = []
    for file in sorted(file for file in docs_dir.rglob("*.m*") if is_markdown(file.name)):
        path = file.relative_to(docs_dir).as_posix()
        try:
            article = _once(docs_dir, path, kept)
        except ArticleError as error:
            problems.append(unreadable(f"{shown_folder(docs_dir)}/{path}", error))
        else:
            articles.append(article)
            problems.extend(article.problems)
    return articles, problems


def is_markdown(name: str) -> bool:
    """Whether MkDocs builds a page from a file of this name. Case matters: it builds none from `NEWS.MD`."""
    return name.endswith(MARKDOWN)


def _once(docs_dir: Path, path: str, kept: ReadArticles) -> Article:
    try:
        state = (docs_dir / path).stat()
    except OSError:
        return read_article(docs_dir, path)
    stamp = (state.st_size, state.st_mtime_ns)
    if path not in kept or kept[path][0] != stamp:
        kept[path] = stamp, read_article(docs_dir, path)
    return kept[path][1]


def unreadable(shown: str, error: ArticleError) -> Problem:
    """The problem of a file that cannot be read as an article."""
    line, _, what = error.what.removeprefix(f"{shown}:").partition(": ")
    return Problem(shown, int(line), "error", f"{what} {error.mend}".rstrip(), "unreadable")


def read_article(docs_dir: Path, path: str) -> Article:
    """Read one article. Raises ArticleError when the file is missing, too large, or not UTF-8 text."""
    shown = f"{shown_folder(docs_dir)}/{path}"
    try:
        _refuse_what_is_no_article(docs_dir, docs_dir / path, shown)
        raw = (docs_dir / path).read_bytes()
    except OSError as error:
        raise ArticleError(f"{shown}:1: this file cannot be read: {error.strerror}.") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ArticleError(
            f"{shown}:{line}: this file is not text in UTF-8 (byte 0x{raw[error.start]:02x}).",
            "Save it as UTF-8 in your editor.",
        ) from error
    return parse_article(path, text, folder=shown_folder(docs_dir))


def _refuse_what_is_no_article(docs_dir: Path, file: Path, shown: str) -> None:
    """Raise ArticleError for files outside the project, large files, and devices and pipes, which can block forever."""
    try:
        inside = file.resolve(strict=True).is_relative_to(_project_of(docs_dir.resolve()))
    except RuntimeError as error:
        raise ArticleError(f"{shown}:1: this is a link that leads to itself.") from error
    if not inside:
        raise ArticleError(
            f"{shown}:1: this is a link to {file.resolve()}, outside of the project. Copy what you need."
        )
    if not file.is_file():
        raise ArticleError(f"{shown}:1: this is no ordinary file. Take it out of {shown_folder(docs_dir)}.")
    if file.stat().st_size > MOST_ARTICLE_BYTES:
        raise ArticleError(
            f"{shown}:1: this file has more than {MOST_ARTICLE_BYTES:,} bytes. Cut it into several articles."
        )


def _project_of(docs_dir: Path) -> Path:
    """The repository of the articles; where there is none, the parent of the docs folder."""
    return next((folder for folder in docs_dir.parents if (folder / ".git").exists()), docs_dir.parent)


def parse_article(path: str, text: str, *, folder: str = "docs") -> Article:
    """The article in `text`. Never raises: faults are in `problems`, whose paths begin with `folder`."""
    shown = f"{folder}/{path}" if folder else path
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front = yaml_files.front_matter_in(text)
    if not front:
        lost = yaml_files.lost_front_matter(text, (*OUR_FIELDS, *THEIR_FIELDS), (*ONLY_OURS, "search"))
        return Article(path, text, problems=(Problem(shown, lost[0], "error", lost[1], _FRONT_MATTER),) if lost else ())
    body, body_line = text[front.end() :], text.count("\n", 0, front.end()) + 1
    try:
        meta, lines, repeated = _read_front_matter(front[1] or "")
    except yaml.YAMLError as error:
        return Article(path, body, body_line, problems=(_broken_yaml(shown, error),))
    if not isinstance(meta, dict):
        what = f"the front matter should be fields such as 'title: …', but is {kind_of(meta)}."
        return Article(path, body, body_line, problems=(Problem(shown, 2, "error", what, _FRONT_MATTER),))
    fields = _Fields(shown, meta, lines)
    fields.check_names(repeated)
    if not front[0].endswith("\n"):
        what = "MkDocs needs a line end after the '---' that closes the front matter, or it shows all of it to readers."
        fields.problems.append(Problem(shown, body_line, "error", what, _FRONT_MATTER))
    return _with_fields(path, body, body_line, fields)


def _with_fields(path: str, body: str, body_line: int, fields: _Fields) -> Article:
    return Article(
        path,
        body,
        body_line,
        MappingProxyType(fields.meta),
        MappingProxyType(fields.lines),
        title=fields.text("title"),
        description=fields.text("description"),
        questions=tuple(asked := fields.questions()),
        sections=MappingProxyType({question: anchor for question, anchor in asked.items() if anchor is not None}),
        keywords=fields.keywords(),
        tags=fields.tags(),
        owner=fields.text("owner"),
        review_by=fields.day("review_by"),
        reviewed=fields.day("reviewed"),
        people_only=fields.flag("people_only"),
        exclude=fields.flag("search.exclude"),
        boost=fields.boost(),
        home=fields.flag("home"),
        most_asked=tuple(fields.most_asked()),
        problems=tuple(fields.problems),
    )


def _read_front_matter(block: str) -> tuple[Any, dict[str, int], list[str]]:
    """The fields, the line of each in the file (`search.boost` and `questions.0`, too), and names that occur twice."""
    meta = yaml_files.read_yaml(block)
    if isinstance(meta, dict):
        written = yaml_files.read_yaml(block, as_written=True)
        meta |= {name: written[name] for name in _WORDS if name in meta and name in written}
    lines: dict[str, int] = {}
    repeated: list[str] = []
    document = yaml_files.compose_yaml(block)
    yaml_files.refuse_unknown_tags(document)
    for name, line in field_lines(document):
        if name in lines:
            repeated.append(name)
        lines[name] = line + 2
    return meta if meta is not None else {}, lines, repeated


def _broken_yaml(shown: str, error: yaml.YAMLError) -> Problem:
    line, what = yaml_files.yaml_fault(error, first=2)
    return Problem(shown, line, "error", f"the front matter is not valid YAML: {what}", _FRONT_MATTER)


class _Fields:
    """Reads values from front matter and records those that are unusable."""

    def __init__(self, shown: str, meta: dict[str, Any], lines: Mapping[str, int]) -> None:
        self.shown, self.meta, self.lines = shown, meta, lines
        self.problems: list[Problem] = []

    def note(self, name: str, what: str, severity: Severity = "warning", code: str = _FRONT_MATTER) -> None:
        self.problems.append(Problem(self.shown, self.lines.get(name, 2), severity, what, code, name))

    def check_names(self, repeated: Iterable[str]) -> None:
        for name in repeated:
            self.note(name, f"'{name}' stands here twice; only the last one counts.")
        for name, value in self.meta.items():
            self._check_name(str(name), str(name), (*OUR_FIELDS, *THEIR_FIELDS), value)
        search = self.meta.get("search")
        for name in map(str, search if isinstance(search, dict) else ()):
            self._check_name(f"search.{name}", name, SEARCH_FIELDS)

    def _check_name(self, place: str, name: str, known: tuple[str, ...], value: object = None) -> None:
        meant = meant_field(name, value)
        if name not in known and (meant or name.lower() not in _NOT_MEANT):
            # Sites have fields of their own, so only what must be a slip is worth a warning.
            near, hint = likeness(name, known)
            severity, code = ("warning", "unknown-field") if near or meant else ("note", "own-field")
            self.note(place, f"'{name}' is not a known field.{meant or hint}", cast(Severity, severity), code)

    def value(self, name: str) -> Any:
        outer, _, inner = name.partition(".")
        value = self.meta.get(outer)
        if not inner or value is None:
            return value
        if isinstance(value, dict):
            return value.get(inner)
        if f"{outer} is wrong" not in self.meta:
            self.expected(outer, "fields such as 'exclude: true'", value)
            self.meta = {**self.meta, f"{outer} is wrong": True, outer: None}
        return None

    def expected(self, name: str, wanted: str, value: Any) -> None:
        self.note(name, f"'{name}' should be {wanted}, but is {kind_of(value)}.")

    def text(self, name: str) -> str:
        value = self.value(name)
        if value is None or isinstance(value, str):
            return (value or "").strip()
        self.expected(name, "text", value)
        return ""

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.expected(name, "true or false", value)
        return False

    def boost(self) -> float:
        value = self.value("search.boost")
        if value is None:
            return 1.0
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return float(value)
        self.expected("search.boost", "a number above 0", value)
        return 1.0

    def day(self, name: str) -> date | None:
        value = self.value(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value)[:10])
        except ValueError:
            self.expected(name, "a date such as 2027-01-31", value)
            return None

    def questions(self) -> dict[str, str | None]:
        """Each question, with the anchor of the section that answers it; None where none is named."""
        value = self.value("questions")
        if isinstance(value, str):
            self.note("questions", "'questions' should be a list: one line per question, each beginning with '- '.")
            value = [value]
        if isinstance(value, dict):
            value = [{name: one} for name, one in value.items()]
        if not isinstance(value, list):
            return dict.fromkeys(self._items("questions", value))
        named = {question: anchor for question, anchor in map(_question_in, value) if anchor is not None}
        texts = [_question_in(item)[0] or item for item in value]
        return {question: named.get(question) for question in self._items("questions", texts)}

    def keywords(self) -> tuple[str, ...]:
        value = self.value("keywords")
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return tuple(self._items("keywords", value))

    def tags(self) -> tuple[str, ...]:
        """The tags. Only usable ones count: Material's own plugin reports the others."""
        value = self.value("tags")
        listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
        return tuple(tag.strip() for tag in listed if isinstance(tag, str) and tag.strip())

    def most_asked(self) -> Iterator[tuple[str, str]]:
        """Questions, each alone or followed by the path of the article that answers it."""
        value = self.value("most_asked")
        if value is not None and not isinstance(value, list):
            self.expected("most_asked", "a list", value)
        for number, item in enumerate(value if isinstance(value, list) else ()):
            question, path = next(iter(item.items()), ("", "")) if isinstance(item, dict) else (item, "")
            if isinstance(question, str) and question.strip() and isinstance(path, str):
                yield question.strip(), path.strip()
            else:
                self.note(f"most_asked.{number}", "each of 'most_asked' should be 'question: folder/article.md'.")

    def _items(self, name: str, value: Any) -> Iterator[str]:
        if value is None:
            return
        if not isinstance(value, list):
            self.expected(name, "a list", value)
            return
        for number, item in enumerate(value):
            if isinstance(item, str) and item.strip():
                yield item.strip()
                continue
            place = f"{name}.{number}"
            if isinstance(item, dict) and place not in self.lines:  # the fields of a mapping, not the lines of a list
                place = f"{name}.{next(iter(item), '')}"
            hint = " Put it in quotes: a ': ' inside made it a field." if isinstance(item, dict) else ""
            self.note(
                place if place in self.lines else name,
                f"each of '{name}' should be text, but here is {kind_of(item)}.{hint}",
            )


def _question_in(item: Any) -> tuple[str, str | None]:
    """The question in an item of `questions`, and the anchor that `question: anchor` names; empty where it is neither.

    `#` alone names the beginning of the article. What has spaces is no anchor, but text with a colon in it.
    """
    [(question, anchor)] = item.items() if isinstance(item, dict) and len(item) == 1 else [(item, None)]
    words = anchor.split() if isinstance(anchor, str) else []
    if not isinstance(question, str) or len(words) > 1 or not isinstance(anchor, str | None):
        return "", None
    return question.strip(), words[0].removeprefix("#") if words else None
