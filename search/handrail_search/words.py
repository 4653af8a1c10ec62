"""The words leg: SQLite's FTS5 over articles, their titles, and passages, and literal search for codes and names.

Scores are BM25 turned positive. Knows nothing of vectors and of how scores are mixed.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence

from handrail_kb.passages import Page

# More words than this say nothing more, and cost time.
MAX_WORDS = 32
# A literal match is evidence only while it tells articles apart.
RARE_ARTICLES = 8
_LITERAL_CANDIDATES = 400
_TOKENIZE = "porter unicode61 remove_diacritics 2"
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
# A quarter of an English text and hardly any of another language's are these.
_ENGLISH = frozenset(
    ("the", "of", "to", "and", "in", "is", "you", "for", "that", "it", "on", "with", "are", "your", "this", "be",
     "can", "as", "or", "if")
)  # fmt: skip
# Their share of all words where a text is surely not English, and where it surely is.
_FOREIGN, _NATIVE = 0.08, 0.15
_TOKEN = re.compile(r"[^\s\"'“”„«»()\[\]{}<>,;!?]{2,64}")
# E-1042, 0x80070057, profiles.ini, browser.tabs.max, about:config, /etc/hosts, C++, max_size, userChrome, PGMP-C
# but not pop-up, and/or, 115.
_CODE = re.compile(
    r"[^\W\d_].*\d|\d.*[^\W\d_]|\d{5}|\d[-_./:]\d|[^\W_][_.:@\\][^\W_]|^[/\\~].|\+\+|\w#$|[a-z][A-Z]|^[A-Z]+(?:-[A-Z]+)+$"
)
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{2,80})[\"“”„«»]")

TABLES = ("article_words", "title_words", "passage_words")


def create(db: sqlite3.Connection) -> None:
    """Make the empty tables of the words leg; their rowid is the id of a page or of a passage."""
    for table in TABLES:
        # Contentless: the text itself stands in other tables already.
        db.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(head, body, content='', tokenize='{_TOKENIZE}')")


def add_page(db: sqlite3.Connection, page_id: int, page: Page, passages: Iterable[tuple[int, str, str]]) -> None:
    """Index a page's words. `passages` are (id, heading path, text)."""
    passages = list(passages)
    asked = " \n".join((*page.questions, *page.keywords))
    head = f"{page.title} \n{page.description}"
    body = " \n".join(f"{heading} \n{text}" for _, heading, text in passages)
    db.execute("INSERT INTO article_words(rowid, head, body) VALUES (?, ?, ?)", (page_id, f"{head} \n{asked}", body))
    db.execute("INSERT INTO title_words(rowid, head, body) VALUES (?, ?, ?)",
               (page_id, page.title, f"{page.description} \n{asked}"))  # fmt: skip
    db.executemany(
        "INSERT INTO passage_words(rowid, head, body) VALUES (?, ?, ?)",
        [(passage_id, f"{page.title} \n{heading}", text) for passage_id, heading, text in passages],
    )


def endings_known(texts: Iterable[str]) -> float:
    """How far search knows that words of these texts with other endings are the same words, 0..1.

    FTS5's stemmer is an English one (Porter 1980). In other languages a word is found in the form it stands in only.
    """
    found = [word for text in texts for word in _WORD.findall(text.lower())]
    share = sum(word in _ENGLISH for word in found) / max(len(found), 1)
    return min(max((share - _FOREIGN) / (_NATIVE - _FOREIGN), 0.0), 1.0)


def match_expression(question: str, *, prefix_last: bool = False) -> str:
    """The FTS5 query for any of the question's words; empty when it holds none.

    With `prefix_last` the last word may go on: someone is still typing it.
    """
    words = list(dict.fromkeys(_WORD.findall(question.lower())))[:MAX_WORDS]
    if not words:
        return ""
    terms = [f'"{word}"' for word in words]
    if prefix_last:
        terms[-1] += "*"
    return " OR ".join(terms)


def search(db: sqlite3.Connection, table: str, expression: str) -> dict[int, float]:
    """BM25 of every row that holds one of the words, by rowid; heads weigh double."""
    if not expression:
        return {}
    head = 1.0 if table == "passage_words" else 2.0
    rows = db.execute(f"SELECT rowid, -bm25({table}, ?, 1.0) FROM {table} WHERE {table} MATCH ?", (head, expression))  # noqa: S608 (a name of ours)
    return dict(rows.fetchall())


def is_known(db: sqlite3.Connection, word: str) -> bool:
    """Whether any article holds this word."""
    query = "SELECT 1 FROM article_words WHERE article_words MATCH ? LIMIT 1"
    return db.execute(query, (f'"{word}"',)).fetchone() is not None


def coverage(db: sqlite3.Connection, question: str, pages: int) -> dict[int, float]:
    """How much of the question each page holds, 0..1, rare words weighing more. Pages without any are left out."""
    held: dict[int, float] = {}
    total = 0.0
    for word in dict.fromkeys(_WORD.findall(question.lower())[:MAX_WORDS]):
        found = db.execute("SELECT rowid FROM article_words WHERE article_words MATCH ?", (f'"{word}"',)).fetchall()
        rarity = math.log(1 + pages / (len(found) + 0.5))
        total += rarity
        for (page_id,) in found:
            held[page_id] = held.get(page_id, 0.0) + rarity
    return {page_id: rarity / total for page_id, rarity in held.items()} if total else {}


def best_coverage(db: sqlite3.Connection, question: str, pages: int, *, without: Collection[int] = ()) -> float:
    """The highest coverage of any page but those left out; 0 when no page holds any of the words."""
    return max((share for page, share in coverage(db, question, pages).items() if page not in without), default=0.0)


def last_word(question: str) -> str:
    """The word that may still be being typed: none after a space or a full stop."""
    if not question or not question[-1].isalnum():
        return ""
    words = _WORD.findall(question.lower())
    return words[-1] if words and len(words[-1]) >= 3 else ""


def literals(question: str) -> tuple[str, ...]:
    """What has to be found to the letter: codes, settings, file names, and phrases in quotes.

    A single word in quotes is one only by itself: within a sentence, quotes are emphasis.
    """
    tokens = [token.rstrip(".:-").lstrip("-") for token in _TOKEN.findall(question)]
    quoted = [phrase.strip() for phrase in _QUOTED.findall(question)]
    phrases = [phrase for phrase in quoted if " " in phrase or len(tokens) == 1]
    # A number by itself is looked for as it stands; within a sentence it is a word like others.
    alone = len(tokens) == 1 and any(character.isdigit() for character in tokens[0])
    codes = [token for token in tokens if len(token) >= 2 and (alone or _CODE.search(token))]
    return tuple(dict.fromkeys([*phrases, *codes]))[:8]


def find_literal(db: sqlite3.Connection, literal: str) -> Mapping[int, Sequence[int]]:
    """Pages that hold `literal` to the letter (case aside), each with the passages it stands in.

    Empty when it stands in so many articles that it tells nothing.
    """
    phrase = _phrase(literal)
    if not phrase:
        return {}
    pattern = re.compile(rf"(?<![^\W_]){re.escape(literal)}(?![^\W_])", re.IGNORECASE)
    found: dict[int, list[int]] = {}
    passages = db.execute(
        "SELECT passages.id, page_id, heading || ' ' || text FROM passages JOIN passage_words "
        "ON passage_words.rowid = passages.id WHERE passage_words MATCH ? LIMIT ?",
        (phrase, _LITERAL_CANDIDATES),
    )
    for passage_id, page_id, text in passages:
        if pattern.search(text):
            found.setdefault(page_id, []).append(passage_id)
    pages = db.execute(
        "SELECT pages.id, title || ' ' || description || ' ' || asked FROM pages JOIN title_words "
        "ON title_words.rowid = pages.id WHERE title_words MATCH ? LIMIT ?",
        (phrase, _LITERAL_CANDIDATES),
    )
    for page_id, text in pages:
        if pattern.search(text):
            found.setdefault(page_id, [])
    return found if len(found) <= RARE_ARTICLES else {}


def is_unknown(db: sqlite3.Connection, literal: str) -> bool:
    """Whether no article holds the words of a code or phrase in this order, nor anything that begins with them."""
    phrase = _phrase(literal)
    query = "SELECT 1 FROM passage_words WHERE passage_words MATCH ? LIMIT 1"
    titles = query.replace("passage_words", "title_words")
    return bool(phrase) and not any(db.execute(sql, (f"{phrase}*",)).fetchone() for sql in (query, titles))


def _phrase(literal: str) -> str:
    """The FTS5 phrase of a literal; empty when it holds no word."""
    found = _WORD.findall(literal.lower())
    return '"' + " ".join(found) + '"' if found else ""


def word_set(question: str) -> frozenset[str]:
    """The words of a question, lower case, for marking them in a snippet."""
    return frozenset(_WORD.findall(question.lower()))
