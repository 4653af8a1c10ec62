"""Judged questions: reads and checks a folder that says which articles answer which questions. Knows no search.

`corpus.jsonl` holds articles (`_id`, `title`, `text`, optional `summary`), `queries.jsonl` questions (`_id`, `text`,
optional `created`), `qrels.tsv` which article answers which question (`query-id`, `corpus-id`, `score`),
`oos_queries.jsonl` questions that no article answers, `broad_queries.jsonl` questions too broad for one answer. An
article's id may be followed by `#` and the anchor of the section that answers. `answers.jsonl` has the words that
answer a question (`_id`, `answer`), as they stand in the article. Questions without a judgement are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handrail_kb.errors import ConfigError
from handrail_kb.site.built.passages import Page, Passage, pack
from handrail_kb.site.built.site_info import replace_surrogates

FORMAT = "See what a folder of judged questions holds: handrail evaluate --help"
_HIGHEST_SCORE = 10


@dataclass(frozen=True)
class Question:
    """A judged question; `relevant` maps article ids to scores (1 helps, 2 answers), empty where nothing answers it.

    An id may be followed by the anchor of a section: `billing/vat.md#refund`. `answer` are the words that answer, where
    they were labelled.
    """

    id: str
    text: str
    relevant: Mapping[str, float]
    answer: str = ""


@dataclass(frozen=True)
class Labelled:
    """A question with a known answer, and when it was asked, where that is recorded."""

    question: Question
    created: datetime | None


@dataclass(frozen=True)
class LabelledQuestions:
    """The answered questions of a folder, to learn from."""

    name: str
    questions: tuple[Labelled, ...]


@dataclass(frozen=True)
class Collection:
    """Questions and the articles they were judged against; no articles where those of a site are asked."""

    name: str
    pages: tuple[Page, ...]
    questions: tuple[Question, ...]
    unanswerable: tuple[Question, ...]
    broad: tuple[Question, ...] = ()

    @property
    def digest(self) -> str:
        """A digest of questions and judgements: figures with the same digest can be compared."""
        asked = [
            [one.id, one.text, sorted(one.relevant.items()), *([one.answer] if one.answer else [])]
            for one in (*self.questions, *self.unanswerable)
        ]
        broad = [[[one.id, one.text] for one in self.broad]] if self.broad else []
        return _digest(json.dumps([len(self.questions), asked, *broad]))

    @property
    def articles_digest(self) -> str:
        """A digest of the articles."""
        return _digest(repr(self.pages))


def read_collection(folder: Path) -> Collection:
    """Read a folder of judged questions. Raises ConfigError naming the file and line that is wrong."""
    return _read(folder, articles=True)


def read_questions(folder: Path) -> Collection:
    """The same without `corpus.jsonl`, for questions about the articles of a site. Raises ConfigError."""
    return _read(folder, articles=False)


def read_lesson(folder: Path) -> LabelledQuestions:
    """The answered questions of a folder; its articles are not looked at. Raises ConfigError when there are none."""
    qrels = _read_qrels(folder / "qrels.tsv")
    file = folder / "queries.jsonl"
    labelled = tuple(
        Labelled(question, _day(row["created"], f"{file}:{number}") if row.get("created") else None)
        for number, row in _read_lines(file, "text")
        if (question := _question(row, qrels)).relevant
    )
    if not labelled:
        raise ConfigError(f"{folder} holds nothing to learn: no id of queries.jsonl stands in qrels.tsv.", FORMAT)
    return LabelledQuestions(folder.resolve().name, labelled)


def _read(folder: Path, *, articles: bool) -> Collection:
    qrels = _read_qrels(folder / "qrels.tsv")
    said = _read_answers(folder / "answers.jsonl")
    rows = [row for _, row in _read_lines(folder / "queries.jsonl", "text")]
    asked = [replace(_question(row, qrels), answer=said.get(str(row["_id"]), "")) for row in rows]
    pages = [_page(row) for _, row in _read_lines(folder / "corpus.jsonl")] if articles else []
    if articles and not pages:
        raise ConfigError(f"{folder / 'corpus.jsonl'} holds no article.", FORMAT)
    return Collection(
        name=folder.resolve().name,
        pages=tuple(pages),
        questions=tuple(question for question in asked if question.relevant),
        unanswerable=_without_articles(folder / "oos_queries.jsonl"),
        broad=_without_articles(folder / "broad_queries.jsonl"),
    )


def _without_articles(file: Path) -> tuple[Question, ...]:
    """Questions that no one article answers; none where there is no such file."""
    return tuple(_question(row, {}) for _, row in _read_lines(file, "text")) if file.exists() else ()


def _question(row: Mapping[str, Any], qrels: Mapping[str, Mapping[str, float]]) -> Question:
    return Question(str(row["_id"]), str(row["text"]), qrels.get(str(row["_id"]), {}))


def _page(row: Mapping[str, Any]) -> Page:
    blocks = [line.strip() for line in replace_surrogates(str(row.get("text", ""))).split("\n") if line.strip()]
    location = replace_surrogates(str(row["_id"]))
    return Page(
        location=location,
        title=replace_surrogates(str(row.get("title", ""))),
        description=replace_surrogates(str(row.get("summary") or "")),
        passages=tuple(Passage(location, "", (), text) for text in pack(blocks)),
    )


def _day(value: object, place: str) -> datetime:
    """A time in UTC; a date or a time without a zone is taken to be in UTC."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{place}: expected a date such as 2026-11-22, but found {str(value)[:60]!r}.", FORMAT
        ) from error


def _read_lines(file: Path, *needed: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number and object of each line of a file; each object has `_id` and the other required fields."""
    for number, line in enumerate(_text_of(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{file}:{number}: this is not JSON: {line[:60].strip()!r}.", FORMAT) from error
        if not isinstance(row, dict) or not {"_id", *needed} <= row.keys():
            names = " and ".join(f"`{name}`" for name in ("_id", *needed))
            raise ConfigError(
                f"{file}:{number}: expected an object with {names}, but found {line[:60].strip()!r}.", FORMAT
            )
        yield number, row


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = f"{file} is missing." if isinstance(error, FileNotFoundError) else f"{file} cannot be read: {error}."
        raise ConfigError(what, FORMAT) from error


def _read_qrels(file: Path) -> dict[str, dict[str, float]]:
    """Scores by question and article; rows with score 0 say that an article does not help."""
    qrels: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_text_of(file).split("\n")[1:], start=2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        try:
            question, article, score = cells[0], cells[1], float(cells[2])
        except (IndexError, ValueError) as error:
            raise ConfigError(
                f"{file}:{number}: expected question, article and score with tabs between, but found {line[:60]!r}.",
                FORMAT,
            ) from error
        if not 0 <= score <= _HIGHEST_SCORE:
            raise ConfigError(
                f"{file}:{number}: expected a score from 0 to {_HIGHEST_SCORE}, but found {cells[2]!r}.", FORMAT
            )
        if score > 0:
            qrels.setdefault(question, {})[article] = score
    return qrels


def _read_answers(file: Path) -> dict[str, str]:
    """The words that answer, by the id of the question; none where the file is not there."""
    return {str(row["_id"]): str(row["answer"]) for _, row in _read_lines(file, "answer")} if file.exists() else {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
