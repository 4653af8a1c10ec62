"""Text that must match literally: codes, settings, file names, paths, and phrases in quotes.

A code is the same however its dashes are written, so it is stored by a key: E-1042, E1042 and e 1042 share one. An
exact spelling still ranks before other spellings, and a whole code before a part of one.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from handrail_kb.language.normal_form import plain, same_signs
from handrail_kb.language.segments import UNSPACED, has_unspaced, is_unspaced
from handrail_search.lexical.code_forms import (
    announced,
    beside_words,
    counts,
    is_announcing,
    is_error_of_system,
    joined_codes,
    key_of,
    numbers_of_errors,
    paths_above,
    rank_within,
    shape_of,
    with_dashes,
    written_as,
)
from handrail_search.lexical.stemming import words_in

LITERALS_SCHEMA = """
-- Every token of a text that is more than a plain word, by its key (`key_of`). passage_id is NULL for the title,
-- description, questions and keywords; said is 1 where a writer gave it as a question or keyword; piece is 1 where it
-- stands within a longer token or is several with spaces between.
CREATE TABLE codes (key TEXT NOT NULL, token TEXT NOT NULL, page_id INTEGER NOT NULL, passage_id INTEGER,
  said INTEGER NOT NULL, piece INTEGER NOT NULL);
CREATE INDEX codes_key ON codes(key);
CREATE INDEX codes_page ON codes(page_id);
"""
# A literal match is evidence only while it distinguishes articles.
RARE_ARTICLES = 8
# A name such as CureKart or userChrome is a word, too: within a sentence it distinguishes only so few, or so small a
# share of the articles. Figures: docs/architecture/ranking/0089-more-sets.md.
_RARE_NAME, _RARE_NAME_SHARE = 3, 0.05
# In scripts written without spaces, and before endings of Korean, Hebrew and Arabic, a code is delimited by its script.
_TOKEN = re.compile(
    f"[^\\s\"'“”„‘’‚‛«»‹›¿¡()\\[\\]{{}}<>,;!?|「」『』【】〈〉《》〔〕、。・…\u0590-\u05ff\u0600-\u06ff\uac00-\ud7a3{UNSPACED}]{{1,64}}"
)
# Dashes between clauses, not inside a code.
_PAUSE = re.compile("[—―…]|--+")
_LEADING, _TRAILING = "-#*`=&+~:$", ".:-*`=&~"
# E-1042, 0x80070057, profiles.ini, browser.tabs.max, about:config, /etc/hosts, .htaccess, @acme/client, C++, max_size,
# userChrome, PGMP-C but not pop-up, and/or, 115.
_CODE = re.compile(
    r"[^\W\d_].*\d|\d.*[^\W\d_]|\d{5}|\d[-_./:]\d|[^\W_][_.:@\\][^\W_]|^[/\\~].|^\.[^\W_]{5}|^@[^\W\d_][\w.-]*/\w"
    r"|\+\+|\w#$|[a-z][A-Z]|^[A-Z]+(?:-[A-Z]+)+$"
)
# Nobody types more of a code. A picture as text in an article is one token of a hundred thousand letters.
_LONGEST_LOOKED_AT = 500
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)", re.I)
# Characters that join codes to other things: error:E-1042, code=0x8013, E-1042/E-1043.
_GLUE = re.compile(r"[=:|/\\#&?+*@$%]+")
_QUOTED = re.compile(r"[\"“”„«»「」『』＂]([^\"“”„«»「」『』＂]{2,80})[\"“”„«»「」『』＂]")
_CANDIDATES = 400
# The weight of a page that contains a literal less exactly than another.
_LESSER = 0.15
_SHORTEST_NUMBER, _LONGEST_END = 3, 2


@dataclass(frozen=True)
class Literal:
    """Something that must match literally: a `phrase` may be several words, a code is one token.

    `parts` are codes that the token is composed of. `joined` is a code only if an article contains it: its `made_of`
    are tokens of the question with spaces between. With `is_name` it is letters only, and stands in a sentence.
    `error` is the number or name of an error, alone or glued to a word: where no article holds that, articles on others
    are no answer.
    """

    text: str
    phrase: bool
    parts: tuple[str, ...] = ()
    made_of: tuple[str, ...] = ()
    is_name: bool = False
    error: str = ""

    @property
    def joined(self) -> bool:
        """Whether it may be ordinary words instead."""
        return bool(self.made_of)

    def distinguishes(self, held: Mapping[int, LiteralMatch], pages: int) -> bool:
        """Whether so few of a site's pages contain a name that it tells them apart; codes in many are not found."""
        few = max(_RARE_NAME, int(pages * _RARE_NAME_SHARE))
        return not self.is_name or sum(one.grade == 1.0 for one in held.values()) <= few


@dataclass(frozen=True)
class LiteralMatch:
    """How well a page contains a literal, 0..1, and in which passages; `begun` when it contains only a longer one."""

    grade: float
    passages: tuple[int, ...]
    begun: bool = False


LiteralRow = tuple[str, str, int, int | None, int, int]


def tokens(text: str) -> list[str]:
    """The pieces of a text between spaces, quotes and brackets, without the punctuation that ends a sentence."""
    return [token for token, _, _ in _tokens(text) if len(token) >= 2]


def is_code(token: str) -> bool:
    """Whether a token is a code, a setting, a file name or a path rather than a word."""
    return bool(_CODE.search(token[:_LONGEST_LOOKED_AT]))


def literals(question: str) -> tuple[Literal, ...]:
    """The literals of a question.

    A single word in quotes is a literal only by itself: within a sentence, quotes are emphasis.
    """
    found = tokens(question)
    quoted = [phrase.strip() for phrase in _QUOTED.findall(question)]
    phrases = [
        Literal(phrase, True)
        for phrase in quoted
        if " " in phrase or len(found) == 1 or (len(phrase) > 2 and has_unspaced(phrase))
    ] + [Literal(token, True, error=token) for token in found if is_error_of_system(token)]
    # A number by itself must match literally; within a sentence it is a word like others, and so is the 10th.
    alone = len(found) == 1 and any(character.isdigit() for character in found[0])
    numbers = numbers_of_errors(same_signs(question))
    codes = [
        Literal(token, False, _parts(token), is_name=token.isalpha() and len(found) > 1, error=number)
        for token, number in ((token, _number_in(token, numbers)) for token in found)
        if alone or number or (is_code(token) and not _ORDINAL.fullmatch(token))
    ]
    joined = [
        Literal(token, False, made_of=made_of)
        for run in _runs(question)
        for token, made_of in joined_codes(run)
        if len(found) < 32
    ]
    return tuple(dict.fromkeys([*phrases, *joined[:8], *codes]))[:16]


def quoted_words(question: str) -> frozenset[str]:
    """The text in quotes, token by token: it is meant exactly as written."""
    return frozenset(token for phrase in _QUOTED.findall(question) for token in [phrase.strip(), *tokens(phrase)])


def literal_rows(
    page_id: int, said: Iterable[str], head: str, passages: Iterable[tuple[int, str]]
) -> Iterator[LiteralRow]:
    """The rows of table `codes` for a page: its questions and keywords, its head, its passages as (id, text)."""
    yield from _rows(page_id, None, " \n".join(said), said=True)
    yield from _rows(page_id, None, head)
    for passage_id, text in passages:
        yield from _rows(page_id, passage_id, text)


def write_literals(db: sqlite3.Connection, found: Iterable[LiteralRow]) -> None:
    """Fill the table."""
    db.executemany("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?)", found)


def find(db: sqlite3.Connection, literal: Literal, *, unfinished: bool = False) -> dict[int, LiteralMatch]:
    """Pages that contain a code, or, where none does, the codes that it is composed of, or it without a word beside."""
    found = find_code(db, literal.text, unfinished=unfinished and not literal.parts, whole=literal.joined)
    if literal.error == literal.text:
        found = {page: held for page, held in found.items() if not _is_counted(db, literal.text, held.passages)}
    if not found and (dashed := with_dashes(literal.text)):
        found = find_code(db, dashed, whole=True)
    if not found:
        found = next(filter(None, (find_code(db, path) for path in paths_above(literal.text))), {})
    if found or literal.joined:
        return found
    either: dict[int, LiteralMatch] = {}
    another = _goes_on(literal.text)
    for part in literal.parts:
        for page, held in find_code(db, part, unfinished=unfinished and part == literal.parts[-1]).items():
            if page not in either or held.grade > either[page].grade:
                either[page] = replace(held, begun=held.begun or another)
    return either or _find_beside_word(db, literal.text)


def _is_counted(db: sqlite3.Connection, number: str, passages: Sequence[int]) -> bool:
    """Whether these passages have a number only as that of something: 400 days."""
    texts = db.execute(f"SELECT text FROM passages WHERE id IN ({_marks(passages)})", passages).fetchall()  # noqa: S608 (only question marks)
    return bool(texts) and all(counts(number, text) for (text,) in texts)


def is_written(db: sqlite3.Connection, code: str) -> bool:
    """Whether an article contains a code, and not only as a part of a longer one."""
    return db.execute("SELECT 1 FROM codes WHERE key = ?", (key_of(code),)).fetchone() is not None


def names_error(db: sqlite3.Connection, number: str) -> bool:
    """Whether any article contains a number that does not only say how many."""
    rows = db.execute("SELECT passage_id FROM codes WHERE key = ? LIMIT 50", (number,)).fetchall()
    passages = [one for (one,) in rows if one is not None]
    return len(passages) < len(rows) or (bool(rows) and not _is_counted(db, number, passages))


def _find_beside_word(db: sqlite3.Connection, token: str) -> dict[int, LiteralMatch]:
    """Pages with the code that a word is glued to; `begun` where the word may be part of the code, as in AL-307-black.

    It is not where the word announces a code, or stands on a page with the code.
    """
    for code, word in beside_words(token):
        found = find_code(db, code, whole=True)
        if not found:
            continue
        if is_announcing(word):
            return found
        best = [page for page, held in found.items() if held.grade == 1.0]
        passages = db.execute(f"SELECT id FROM passages WHERE page_id IN ({_marks(best)})", best)  # noqa: S608 (only question marks)
        saying = find_phrase(db, word, [one for (one,) in passages], best, beginning=True)
        if saying or word.islower():
            return {page: replace(held, begun=page not in saying) for page, held in found.items()}
    return {}


def find_code(
    db: sqlite3.Connection, code: str, *, unfinished: bool = False, whole: bool = False
) -> dict[int, LiteralMatch]:
    """Pages that contain a code, the best of them with a grade of 1.

    Best are those where a writer gave it as a question or keyword, then those that contain it as written, then those
    with other capitals, other dashes, or something attached to it; where no page has it as a separate token, those that
    contain it within one (not with `whole`), and while it is being typed, those that contain something that begins with
    it. Empty when so many are best that it distinguishes nothing.
    """
    code = same_signs(code)
    key = key_of(code)
    same = db.execute("SELECT token, page_id, passage_id, said, piece FROM codes WHERE key = ?", (key,)).fetchall()
    if same:
        return _graded(
            (page_id, passage_id, _rank(code, token, said=said, piece=piece))
            for token, page_id, passage_id, said, piece in same
        )
    if whole:
        return {}
    if re.match(r"v\.?\d", key):
        bare = key.lstrip("v.")
        if found := find_code(db, bare, unfinished=unfinished):
            return found
    longer = db.execute("SELECT token, page_id, passage_id FROM codes WHERE instr(key, ?)", (key,)).fetchall()
    ranks = {token: rank_within(key, token) for token, _, _ in longer}
    within = [(page_id, passage_id, ranks[token]) for token, page_id, passage_id in longer]
    kept = [(page_id, passage_id, rank) for page_id, passage_id, rank in within if rank is not None]
    if not kept and unfinished:
        begun = [(page_id, passage_id, 0) for token, page_id, passage_id in longer if key_of(token).startswith(key)]
        return {page: LiteralMatch(one.grade, one.passages, begun=True) for page, one in _graded(begun).items()}
    return _graded(kept)


def find_phrase(
    db: sqlite3.Connection, phrase: str, passages: Sequence[int], pages: Sequence[int], *, beginning: bool = False
) -> dict[int, LiteralMatch]:
    """Pages that contain a phrase literally, ignoring case, among passages and heads of pages with its words.

    With `beginning` its last word may go on.
    """
    wanted = " ".join(plain(phrase).split())
    before = "" if is_unspaced(wanted[:1]) else r"(?<![^\W_])"
    after = "" if beginning or is_unspaced(wanted[-1:]) else r"(?![^\W_])"
    return find_pattern(db, re.compile(f"{before}{re.escape(wanted)}{after}"), passages, pages)


def find_pattern(
    db: sqlite3.Connection, pattern: re.Pattern[str], passages: Sequence[int], pages: Sequence[int]
) -> dict[int, LiteralMatch]:
    """Pages with a match of the pattern in their normal form, among these passages and heads of pages."""
    few, heads = list(passages)[:_CANDIDATES], list(pages)[:_CANDIDATES]
    texts = db.execute(
        f"SELECT page_id, id, heading || ' ' || text FROM passages WHERE id IN ({_marks(few)}) UNION ALL "  # noqa: S608 (only question marks)
        f"SELECT id, NULL, title || ' ' || description || ' ' || asked FROM pages WHERE id IN ({_marks(heads)})",
        [*few, *heads],
    )
    return _graded((page_id, passage_id, 0) for page_id, passage_id, text in texts if pattern.search(plain(text)))


def with_dash(db: sqlite3.Connection, word: str) -> tuple[str, ...]:
    """The parts of a word that articles write with a dash only: wifi is Wi-Fi."""
    tokens = db.execute("SELECT token FROM codes WHERE key = ?", (word,)) if word.isalpha() else ()
    return next((parts for (token,) in tokens if len(parts := tuple(words_in(token))) > 1), ())


def begins(db: sqlite3.Connection, *codes: str) -> bool:
    """Whether any article contains one of these codes, or something it is the beginning or a part of."""
    keys = [key_of(code) for code in codes]
    query = "SELECT 1 FROM codes WHERE instr(key, ?) LIMIT 1"
    return any(db.execute(query, (key,)).fetchone() is not None for key in keys)


def holds_another(db: sqlite3.Connection, page_id: int, code: str) -> bool:
    """Whether a page contains a code of the same shape with other numbers: 3.1 for 3.12, E-1042 for E-1043."""
    key = key_of(code)
    shape = shape_of(key)
    keys = db.execute("SELECT DISTINCT key FROM codes WHERE page_id = ?", (page_id,))
    return any(one != key and shape_of(one) == shape for (one,) in keys)


# --- tokens


def _tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Tokens with their start and end positions in a normalised text."""
    text = same_signs(_PAUSE.sub(" ", text))
    for raw in _TOKEN.finditer(text):
        token = raw.group()
        kept = token.rstrip(_TRAILING)
        if kept:
            first = len(kept) - len(kept.lstrip(_LEADING))
            if kept[first:]:
                yield kept[first:], raw.start() + first, raw.start() + len(kept)


def _parts(token: str) -> tuple[str, ...]:
    """Codes within a token that is composed of several."""
    if not _GLUE.search(token):
        return ()
    pieces = [piece.strip(_TRAILING) for piece in _GLUE.split(token)]
    # error:504: a number by itself is a word like others, and behind one it is what the word calls it.
    shortest = 2 if is_announcing(pieces[0]) else _SHORTEST_NUMBER
    numbers = [one for one in pieces if pieces[0].isalpha() and one.isdigit() and len(one) >= shortest]
    found = [one for one in pieces if len(one) >= 2 and one != token and (is_code(one) or one in numbers)]
    return tuple(dict.fromkeys(found))


def _number_in(token: str, numbers: Sequence[str]) -> str:
    """Which of the numbers of errors a token is, or holds: 503 of error:503 and of http503; empty if none."""
    held = {*written_as(token), *_parts(token)} if numbers else ()
    return next((number for number in numbers if number in held), "")


def _goes_on(token: str) -> bool:
    """Whether a code ends in a short part of its own behind a slash: TZ-440/D is another one than TZ-440/B."""
    head, slash, end = token.rpartition("/")
    return bool(slash) and is_code(head) and end.isalnum() and len(end) <= _LONGEST_END


def _runs(text: str) -> Iterator[list[str]]:
    """Tokens with one space between them."""
    run: list[str] = []
    ended = -1
    for token, start, end in _tokens(text):
        if run and start != ended + 1:
            yield run
            run = []
        run.append(token)
        ended = end
    yield run


def _rows(page_id: int, passage_id: int | None, text: str, *, said: bool = False) -> Iterator[LiteralRow]:
    pieces: list[str] = []
    for token in dict.fromkeys(tokens(text)):
        if not token.isalpha() or is_code(token):
            yield key_of(token), token, page_id, passage_id, int(said), 0
            pieces += [*_parts(token), *filter(None, (with_dashes(token), announced(token)))]
    pieces += [token for run in _runs(text) for token, _ in joined_codes(run, strict=True)]
    for token in dict.fromkeys(pieces):
        yield key_of(token), token, page_id, passage_id, int(said), 1


# --- grades


def _rank(code: str, token: str, *, said: int, piece: int) -> int:
    """How well a token with the key of a code matches it, 0 best."""
    if token == code:
        return 0 if said else 2 if piece else 1
    if token.lower() == code.lower():
        return 0 if said else 2
    return 3


def _graded(found: Iterable[tuple[int, int | None, int]]) -> dict[int, LiteralMatch]:
    """Each page with the best of its ranks as a grade, from (page, passage, rank), where rank 0 is best."""
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
    return {page: LiteralMatch(1.0 if rank == best else _LESSER, tuple(passages[page])) for page, rank in ranks.items()}


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
