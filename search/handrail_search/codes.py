"""What has to be found to the letter: codes, settings, file names, paths, and phrases in quotes."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SCHEMA = """
-- Every token of a text that is more than a plain word. passage_id is NULL for the title, description, questions and
-- keywords; said is 1 where a writer gave it as a question or keyword.
CREATE TABLE codes (key TEXT NOT NULL, token TEXT NOT NULL, page_id INTEGER NOT NULL, passage_id INTEGER,
  said INTEGER NOT NULL);
CREATE INDEX codes_key ON codes(key);
"""
# A literal match is evidence only while it tells articles apart.
RARE_ARTICLES = 8
_TOKEN = re.compile(r"[^\s\"'“”„«»()\[\]{}<>,;!?]{2,64}")
# E-1042, 0x80070057, profiles.ini, browser.tabs.max, about:config, /etc/hosts, C++, max_size, userChrome, PGMP-C
# but not pop-up, and/or, 115.
_CODE = re.compile(
    r"[^\W\d_].*\d|\d.*[^\W\d_]|\d{5}|\d[-_./:]\d|[^\W_][_.:@\\][^\W_]|^[/\\~].|\+\+|\w#$|[a-z][A-Z]|^[A-Z]+(?:-[A-Z]+)+$"
)
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{2,80})[\"“”„«»]")
_CANDIDATES = 400
# What a page counts that holds a literal less well than another does.
_LESSER = 0.15


@dataclass(frozen=True)
class Literal:
    """Something asked for to the letter: a `phrase` may be several words, a code is one token."""

    text: str
    phrase: bool


@dataclass(frozen=True)
class Held:
    """How well a page holds a literal, 0..1, and in which of its passages."""

    grade: float
    passages: tuple[int, ...]


Row = tuple[str, str, int, int | None, int]


def tokens(text: str) -> list[str]:
    """The pieces of a text between spaces, quotes and brackets, without the punctuation that ends a sentence."""
    return [token for raw in _TOKEN.findall(text) if len(token := raw.rstrip(".:-").lstrip("-")) >= 2]


def is_code(token: str) -> bool:
    """Whether a token is a code, a setting, a file name or a path rather than a word."""
    return bool(_CODE.search(token))


def literals(question: str) -> tuple[Literal, ...]:
    """What a question asks for to the letter.

    A single word in quotes is a literal only by itself: within a sentence, quotes are emphasis.
    """
    found = tokens(question)
    quoted = [phrase.strip() for phrase in _QUOTED.findall(question)]
    phrases = [Literal(phrase, True) for phrase in quoted if " " in phrase or len(found) == 1]
    # A number by itself is looked for as it stands; within a sentence it is a word like others.
    alone = len(found) == 1 and any(character.isdigit() for character in found[0])
    codes = [Literal(token, False) for token in found if alone or is_code(token)]
    return tuple(dict.fromkeys([*phrases, *codes]))[:8]


def quoted_words(question: str) -> frozenset[str]:
    """What stands in quotes, token by token: it is meant as it is written."""
    return frozenset(token for phrase in _QUOTED.findall(question) for token in [phrase.strip(), *tokens(phrase)])


def rows(page_id: int, said: Iterable[str], head: str, passages: Iterable[tuple[int, str]]) -> Iterator[Row]:
    """The rows of table `codes` for a page: its questions and keywords, its head, its passages as (id, text)."""
    yield from _rows(page_id, None, " \n".join(said), said=True)
    yield from _rows(page_id, None, head)
    for passage_id, text in passages:
        yield from _rows(page_id, passage_id, text)


def write(db: sqlite3.Connection, found: Iterable[Row]) -> None:
    """Fill the table."""
    db.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?)", found)


def find_code(db: sqlite3.Connection, code: str, *, unfinished: bool = False) -> dict[int, Held]:
    """Pages that hold a code to the letter, the best of them with a grade of 1.

    Best are those where a writer gave it as a question or keyword, then those that hold it as it is written, then those
    with other capitals; where nobody holds it as a token of its own, those that hold it within one, and while it is
    being typed, those that hold something that begins with it. Empty when the best are so many that it tells nothing.
    """
    key = code.lower()
    same = db.execute("SELECT token, page_id, passage_id, said FROM codes WHERE key = ?", (key,)).fetchall()
    if same:
        return _graded((page_id, passage_id, 0 if said else 1 if token == code else 2)
                       for token, page_id, passage_id, said in same)  # fmt: skip
    within = re.compile(rf"(?<![^\W_]){re.escape(key)}(?![^\W_])")
    longer = db.execute("SELECT key, page_id, passage_id FROM codes WHERE instr(key, ?)", (key,)).fetchall()
    found = [(page_id, passage_id, 0) for token, page_id, passage_id in longer if within.search(token)]
    if not found and unfinished:
        found = [(page_id, passage_id, 0) for token, page_id, passage_id in longer if token.startswith(key)]
    return _graded(found)


def find_phrase(db: sqlite3.Connection, phrase: str, passages: Sequence[int], pages: Sequence[int]) -> dict[int, Held]:
    """Pages that hold a phrase to the letter, capitals aside, among passages and heads of pages that hold its words."""
    pattern = re.compile(rf"(?<![^\W_]){re.escape(phrase)}(?![^\W_])", re.IGNORECASE)
    few, heads = list(passages)[:_CANDIDATES], list(pages)[:_CANDIDATES]
    texts = db.execute(
        f"SELECT page_id, id, heading || ' ' || text FROM passages WHERE id IN ({_marks(few)}) UNION ALL "  # noqa: S608 (only question marks)
        f"SELECT id, NULL, title || ' ' || description || ' ' || asked FROM pages WHERE id IN ({_marks(heads)})",
        [*few, *heads],
    )
    return _graded((page_id, passage_id, 0) for page_id, passage_id, text in texts if pattern.search(text))


def begins(db: sqlite3.Connection, code: str) -> bool:
    """Whether any article holds a code, or something it is the beginning or a piece of."""
    return db.execute("SELECT 1 FROM codes WHERE instr(key, ?) LIMIT 1", (code.lower(),)).fetchone() is not None


def _rows(page_id: int, passage_id: int | None, text: str, *, said: bool = False) -> Iterator[Row]:
    for token in dict.fromkeys(tokens(text)):
        if not token.isalpha() or is_code(token):
            yield token.lower(), token, page_id, passage_id, int(said)


def _graded(found: Iterable[tuple[int, int | None, int]]) -> dict[int, Held]:
    """Each page with the best of its ranks as a grade, from (page, passage, rank), 0 the best rank."""
    ranks: dict[int, int] = {}
    passages: dict[int, dict[int, None]] = {}
    for page_id, passage_id, rank in found:
        ranks[page_id] = min(rank, ranks.get(page_id, rank))
        kept = passages.setdefault(page_id, {})
        if passage_id is not None:
            kept[passage_id] = None
    best = min(ranks.values(), default=0)
    if sum(rank == best for rank in ranks.values()) > RARE_ARTICLES:
        return {}
    return {page: Held(1.0 if rank == best else _LESSER, tuple(passages[page])) for page, rank in ranks.items()}


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
