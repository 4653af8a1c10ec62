"""The part of a text that shows why it was found: escaped, with the question's words marked. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import lru_cache
from html import escape
from itertools import accumulate, zip_longest

from handrail_kb.language.normal_form import MARKS, placed, plain
from handrail_kb.language.segments import UNSPACED, has_unspaced, is_unspaced

SNIPPET_CHARS = 220
# Characters shown before the first hit where no sentence begins near it.
_BEFORE, _SENTENCE = 20, 80
_SENTENCE_ENDS = (". ", "! ", "? ", "。", "！", "？", "។", "။", "। ")
_PART_OF_WORD = re.compile(rf"[\w{MARKS}]")
_UNLIKE_ASCII = re.compile(f"[{MARKS}{UNSPACED}]")
# Endings and particles of Japanese, which occur in every sentence.
_HIRAGANA = re.compile("[\u3041-\u309f]{1,2}")
# A word this short, in a script without spaces, is marked only next to another one: 書 is part of many words.
_HAN_ALONE, _OTHERS_ALONE = 2, 3
_HAN_OR_KANA = re.compile("[\u3005-\u30ff\u3400-\u9fff]")

Span = tuple[int, int]


class Marking:
    """Finds a question's words in texts as they are written. Thread-safe."""

    def __init__(self, spaced: Sequence[str], unspaced: Sequence[str], codes: Sequence[str] = ()) -> None:
        """`spaced` words are found with other endings too, `unspaced` ones anywhere.

        `codes` are found with a dash, a space, another sign or nothing where letters and digits meet.
        """
        endings = dict(map(_stem, spaced))
        either = "|".join(rf"{re.escape(stem)}\w{{0,{letters}}}" for stem, letters in endings.items())
        self._words = re.compile(rf"\b(?:{either})\b") if spaced else None
        self._endings = endings
        self._codes = re.compile("|".join(map(_code, codes))) if codes else None
        self._unspaced = re.compile("|".join(map(re.escape, unspaced))) if unspaced else None

    def spans(self, text: str) -> list[Span]:
        """The start and end of each word found, in order."""
        typed = placed(text)
        codes = [match.span() for match in self._codes.finditer(typed.form)] if self._codes else []
        if typed.form.isascii() or not any(map(_is_unlike_ascii, set(typed.form))):
            found = [match.span() for match in self._words.finditer(typed.form)] if self._words else []
        else:
            found = sorted((*self._among_marks(typed.form), *self._without_spaces(typed.form)))
        found = sorted([*codes, *found], key=lambda span: (span[0], -span[1])) if codes else found
        return _apart(found if isinstance(typed.starts, range) else [typed.span(*span) for span in found])

    def _among_marks(self, form: str) -> Iterator[Span]:
        """Words next to marks and letters of other scripts, whose ends a pattern does not recognise."""
        if not self._endings:
            return
        for match in re.finditer("|".join(map(re.escape, self._endings)), form):
            start, end = match.span()
            last = min(end + self._endings[match.group()], len(form))
            while end < last and _is_of_word(form[end]):
                end += 1
            if not _is_of_word(form[start - 1 : start]) and not _is_of_word(form[end : end + 1]):
                yield start, end

    def _without_spaces(self, form: str) -> list[Span]:
        found = [match.span() for match in self._unspaced.finditer(form)] if self._unspaced else []
        joined: list[Span] = []
        for start, end in found:
            joined[-1:] = [(joined[-1][0], end)] if joined and joined[-1][1] == start else [*joined[-1:], (start, end)]
        return [
            (start, end)
            for start, end in joined
            if end - start >= (_HAN_ALONE if _HAN_OR_KANA.match(form[start]) else _OTHERS_ALONE)
        ]


def snippet(text: str, marked: Marking | None) -> str:
    """The part of a text with most of the question's words: escaped, with <mark> around them."""
    lines = [line for one in text.splitlines() if (line := " ".join(one.split()))]
    text = " ".join(lines)
    hits = marked.spans(text) if marked else []
    start = _window(text, [first for first, _ in hits], list(accumulate((len(line) + 1 for line in lines), initial=0)))
    end = _end(text, start)
    pieces, at = [], start
    for first, after in hits:
        if start <= first and after <= end:
            pieces += [escape(text[at:first]), "<mark>", escape(text[first:after]), "</mark>"]
            at = after
    pieces.append(escape(text[at:end]))
    return ("… " if start else "") + "".join(pieces) + (" …" if end < len(text) else "")


def marking(question_words: Iterable[str], common: Set[str], codes: Sequence[str] = ()) -> Marking | None:
    """The words and codes of the question to mark, without words that occur everywhere."""
    spaced, unspaced = [], []
    for word in sorted(question_words, key=len, reverse=True):
        if word in common:
            continue
        if has_unspaced(word):
            if not _HIRAGANA.fullmatch(word):
                unspaced.append(word)
        elif len(word) >= 3 or word.isdigit():
            spaced.append(word)
    return Marking(spaced, unspaced, codes) if spaced or unspaced or codes else None


def _stem(word: str) -> tuple[str, int]:
    """The beginning of a word without its ending, and how many letters may follow."""
    stem = word[: max(5, len(word) - 2)]
    return (stem, len(word) - len(stem) + 3) if len(word) > 4 else (word, 0)


@lru_cache(4096)
def _is_unlike_ascii(character: str) -> bool:
    """Whether a text with this character has words whose ends a pattern does not recognise."""
    return character > "\u02ff" and _UNLIKE_ASCII.match(character) is not None


def _is_of_word(character: str) -> bool:
    """Whether a character, if any, continues a word of a script with spaces."""
    return bool(character) and _PART_OF_WORD.match(character) is not None and not is_unspaced(character)


def _code(code: str) -> str:
    """A pattern for a code however its parts are joined, in a normalised text."""
    parts = _PARTS_OF_CODE.findall(plain(code))
    pattern = _OPEN_BEFORE[parts[0].isdigit()] if parts[0].isalnum() else ""
    for part, following in zip_longest(parts, parts[1:], fillvalue=""):
        if part in _DASHES:
            continue
        pattern += re.escape(part)
        if part.isalnum() and (following in _DASHES or following.isalnum()) and following:
            pattern += "[-_ /.+]?"
    return pattern + (_OPEN_AFTER[parts[-1].isdigit()] if parts[-1].isalnum() else "")


_PARTS_OF_CODE = re.compile(r"\d+|[^\W\d_]+|.")
_DASHES = ("-", "_", " ")
# A number may continue with digits, letters with letters.
_OPEN_BEFORE = {True: r"(?<!\d)", False: "(?<![a-z])"}
_OPEN_AFTER = {True: r"(?!\d)", False: "(?![a-z])"}


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Spans that do not overlap, the first one at each position."""
    kept: list[Span] = []
    for start, end in spans:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _window(text: str, hits: Sequence[int], lines: Sequence[int]) -> int:
    """Where to begin so that most hits are shown: at the beginning of a line, a sentence or a word.

    `lines` are the positions where lines begin. A line that is shown whole, such as a row of a table, is never cut.
    """
    if not hits or len(text) <= SNIPPET_CHARS:
        return 0
    best = max(hits, key=lambda at: (bisect_left(hits, at + SNIPPET_CHARS - 40) - bisect_left(hits, at), -at))
    if best < SNIPPET_CHARS // 2:
        return 0
    line = bisect_right(lines, best) - 1
    if lines[line + 1] - lines[line] <= SNIPPET_CHARS:
        return lines[line]
    ends = ((text.rfind(mark, best - _SENTENCE, best), len(mark)) for mark in _SENTENCE_ENDS)
    sentence, length = max(ends)
    if sentence >= 0:
        return sentence + length
    space = text.rfind(" ", best - SNIPPET_CHARS // 2, best - _BEFORE)
    return space + 1 if space >= 0 else _at_letter(text, best - _BEFORE)


def _end(text: str, start: int) -> int:
    """Where the part that begins here ends: at the end of a word where there are spaces."""
    end = min(len(text), start + SNIPPET_CHARS)
    if end == len(text):
        return end
    space = text.rfind(" ", start + SNIPPET_CHARS // 2, end)
    return space if space >= 0 else _at_letter(text, end)


def _at_letter(text: str, at: int) -> int:
    """The position itself, or an earlier one where a letter with its marks begins."""
    while at > 0 and _NO_BEGINNING.match(text, at):
        at -= 1
    return at


# Marks, and vowels of Thai and Lao that belong to the letter before them.
_NO_BEGINNING = re.compile(f"[{MARKS}\u0e30\u0e32\u0e33\u0eb0\u0eb2\u0eb3]")
