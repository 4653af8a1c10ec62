"""The forms that people give one code: other dashes, another sign inside, or a word glued to it: errorE1042. Pure."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import pairwise

from handrail_kb.language.normal_form import plain

# Behind such a word, glued to it or not, stands a code or the number of an error.
ANNOUNCING = (
    r"errors?|errno|code|http|status|fehler(?:code)?|erreur|errore|erro|fout(?:code)?|chyba|błąd|fel(?:kod)?|ошибка"
)
_ANNOUNCING = re.compile(rf"(?i:{ANNOUNCING})")
# Beside such a word a number names one thing, and its neighbours others: error 503 is not error 502. In front of it
# stand three digits, as in "a 503 error": "20 errors" are counted. Longer ones behind "code" alone are the customer's
# own, which no article holds: my code 4821 does not work.
_BEFORE_NUMBER = rf"(?:(?<![^\W\d_])(?:{ANNOUNCING})|错误码?|錯誤碼?|エラー(?:コード)?|오류)"
_NUMBERED = re.compile(
    rf"(?i)(?!code\W{{0,3}}\d{{4}}){_BEFORE_NUMBER}\W{{0,3}}"
    r"(?:(?:code|number|nummer|no|status)\W{1,3})?(\d{2,5})(?![^\W]|[.,:/-]\d)"
    rf"|(?<!\w)(?<!\d[.,:/-])(\d{{3}})\W{{0,2}}(?!code|status){_BEFORE_NUMBER}(?<!errors)(?![^\W\d_])"
)


def _called(status: HTTPStatus) -> str:
    """A pattern for what a status is called (RFC 9110): 500 internal server error, 504 gateway time-out, 403 forbidden.

    Its first word and the beginning of the next are enough, or what it is: 500 internal error.
    """
    first, *more = status.phrase.split()
    begins = rf"(?<![\w.,:/-])({re.escape(str(status.value))})\W{{1,3}}{re.escape(first)}(?![^\W\d_])"
    return rf"{begins}\W+(?:{re.escape(more[0][:4])}[\w-]*|{ANNOUNCING})" if more else begins


# Only from 400 on: "200 ok" is no error.
_STATUS = re.compile("|".join(_called(one) for one in HTTPStatus if one >= HTTPStatus.BAD_REQUEST), re.IGNORECASE)
# What systems call their errors: ECONNRESET. The second is that of Node.js.
_OF_SYSTEM = frozenset({*errno.errorcode.values(), "ENOTFOUND"})
_SHORTEST_WORD = 3
# As long as the longest word that announces: a picture as text is one token of a hundred thousand letters.
_LONGEST_ANNOUNCING = 10
# TZ-440/B, QX/771, KL.300.C: capitals and digits with signs that people leave out or write as a dash.
_SIGNS_INSIDE = re.compile(r"(?=[A-Z/.-]{0,12}\d)[A-Z][A-Z\d]{0,7}(?:[-/.][A-Z\d]{1,8}){1,4}")
# From so many digits on, dashes between them only help the eye.
_LONG_NUMBER = 6
# Parts this short occur in every other code.
_SHORTEST_PART = 4
# Letters before the number of a code, separated by a space: E 1042, CVE 2021 44228.
_LETTERS_OF_CODE = 5
_JOINED_TOKENS = 3
# Numbers written in groups: DE 123 456 789, DE89 3704 0044 0532 0130 00.
_GROUPED = re.compile(r"(?<!\S)(?:[A-Z]{2} ?)?\d{2,}(?: \d{2,}){2,7}(?!\S)")
_LONGEST_JOINED = 40
_LETTERS = re.compile(r"[^\W\d_]+")
_PART = re.compile(r"\d+|[^\W\d_]+")
_JOINED_WORDS = re.compile(r"[^\W\d_]+(?:[-_+]+[^\W\d_]+)+")
_CAPITAL_INSIDE = re.compile(r"(?<=[a-zà-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])")
_PATH = re.compile(r"~?/|\w+://")
_WORD_BEHIND = re.compile(r"[-_]?([^\W\d_]+)")


def is_announcing(word: str) -> bool:
    """Whether a word says nothing but that a code follows."""
    return _ANNOUNCING.fullmatch(word) is not None


def numbers_of_errors(question: str) -> list[str]:
    """The numbers in a question that name an error or a status."""
    numbered = [behind or before for behind, before in _NUMBERED.findall(question)]
    return [*numbered, *(next(filter(None, found.groups())) for found in _STATUS.finditer(question))]


def is_error_of_system(word: str) -> bool:
    """Whether a word is the name of an error that systems give, such as ECONNRESET."""
    return word in _OF_SYSTEM


def counts(number: str, text: str) -> bool:
    """Whether a number in a text only says how many, as in "400 days": a word in small letters follows."""
    if number in numbers_of_errors(text):
        return False
    return re.search(rf"(?<![\w.,]){re.escape(number)}(?![\w.,]*\w| [^\W\dA-Z_])", text) is None


def with_dashes(token: str) -> str | None:
    """A code with dashes in place of other signs inside, as TZ-440-B for TZ-440/B; None where it has none."""
    dashed = re.sub("[/.]", "-", token)
    return dashed if dashed != token and _SIGNS_INSIDE.fullmatch(token) else None


def with_any_signs(token: str) -> tuple[str, re.Pattern[str]] | None:
    """The words of a code, and a pattern for it with a space or other signs between its parts; None where it is short.

    iphone8 is iPhone 8, CTRL-SHIFT-P is Ctrl+Shift+P, and 12.50 is 12,50. Of words joined by dots each is a name.
    """
    form = plain(token)
    parts = list(_PART.finditer(form))
    words = [part[0] for part in parts if len(part[0]) > 1 and part[0].isalpha()]
    digits = [part[0] for part in parts if part[0].isdigit()]
    if len(parts) < 2 or not (words or len(digits) == len(parts)) or not (digits or _JOINED_WORDS.fullmatch(form)):
        return None
    others = "[.,/-]" if words else "[./-]" if len(parts) > 2 else "[.,]"
    pattern = rf"(?<![^\W_]){re.escape(parts[0][0])}"
    for before, part in pairwise(parts):
        sign = form[before.end() : part.start()]
        if before[0].isdigit() and part[0].isdigit():
            pattern += others if sign in ".,/-" else re.escape(sign)
        else:
            pattern += r"[\W_]{1,3}" if before[0].isalpha() and part[0].isalpha() else r"[\W_]{0,3}"
        pattern += re.escape(part[0])
    return " ".join(words or digits), re.compile(rf"{pattern}(?![^\W_])")


def joined_codes(run: Sequence[str], *, strict: bool = False) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Tokens with one space between that may be one code, joined, and the tokens; `strict` for articles' texts."""
    for end in range(2, len(run) + 1):
        for first in range(max(end - _JOINED_TOKENS, 0), end - 1):
            made_of = tuple(run[first:end])
            if _may_be_one(made_of, strict=strict):
                yield "-".join(made_of), made_of
    yield from ((group.replace(" ", "-"), tuple(group.split())) for group in _GROUPED.findall(" ".join(run)))


def _may_be_one(made_of: Sequence[str], *, strict: bool) -> bool:
    """Whether letters and numbers separated by spaces look like one code."""
    head, *rest = made_of
    if sum(map(len, made_of)) > _LONGEST_JOINED or not all(any(map(str.isdigit, one)) for one in rest[:1]):
        return head.isalnum() and not head.isalpha() and len(rest) == 1 and rest[0].isalpha() and rest[0].isupper()
    if not head.isalpha() or len(head) > _LETTERS_OF_CODE or not all(any(map(str.isdigit, one)) for one in rest[:-1]):
        return False
    digits = sum(character.isdigit() for one in rest for character in one)
    if not strict:
        return digits >= 2 or len(head) == 1
    return digits >= 2 and (head.isupper() or (len(head) == 1 and digits >= 3))


def beside_words(token: str) -> Iterator[tuple[str, str]]:
    """Every code that a token may be with a word glued to it, and that word, the likeliest first."""
    for at in _ends_of_words(token):
        word, code = token[:at].rstrip("-_"), token[at:].lstrip("-_")
        if _LETTERS.fullmatch(word) and _is_code_or_number(code, word):
            yield code, _CAPITAL_INSIDE.split(word)[-1]
    if behind := _WORD_BEHIND.fullmatch(token, _last_digit(token) + 1):
        code, word = token[: behind.start()], behind[1]
        if len(word) >= _SHORTEST_WORD and _is_code_or_number(code, word):
            yield code, word


def announced(token: str) -> str | None:
    """The code that a word such as error is plainly glued to in an article; None where it is a word of its own."""
    for code, word in beside_words(token):
        apart = token[len(word) :][:1] in "-_" or code[0].isdigit() or (word[-1].islower() and code[0].isupper())
        if is_announcing(word) and token.startswith(word) and apart:
            return code
    return None


def written_as(code: str) -> list[str]:
    """A code of a question, and what articles may write for it: without a word beside it, and with other signs."""
    return [code, *(one for one, _ in beside_words(code)), *filter(None, (with_dashes(code),))]


def paths_above(path: str) -> Iterator[str]:
    """What stands above the last part of a path or an address, nearest first; the name of a file is found by itself."""
    while _PATH.match(path) and "." not in (parts := path.rpartition("/"))[2] and "/" in parts[0].strip("/"):
        path = parts[0]
        yield path


def _ends_of_words(token: str) -> list[int]:
    """Where the word before a code may end: at a sign, at a capital, or behind a word that announces."""
    sign = re.match(rf"[^\W\d_]{{{_SHORTEST_WORD},}}[-_]", token)
    letters = _LETTERS.match(token)
    end = letters.end() if letters else 0
    capitals = [match.start() for match in _CAPITAL_INSIDE.finditer(token, 0, end)]
    by_capital = capitals[-1:] if capitals and capitals[-1] >= _SHORTEST_WORD else []
    by_word = [at for at in range(_SHORTEST_WORD, min(end, _LONGEST_ANNOUNCING) + 1) if is_announcing(token[:at])]
    return list(dict.fromkeys([*by_capital, *by_word, *([sign.end()] if sign else [])]))


def _last_digit(token: str) -> int:
    return max((at for at, character in enumerate(token) if character.isdigit()), default=-1)


def _is_code_or_number(text: str, word: str) -> bool:
    """Whether this may be a code by itself; a number is one only beside a word that announces it."""
    if not any(map(str.isdigit, text)):
        return False
    if text.isdigit():
        return is_announcing(word) and 2 <= len(text) <= 5
    return any(map(str.isalpha, text)) and len(text) > 2


# --- keys


def key_of(token: str) -> str:
    """The key of a code: lower case, without dashes, except between digits of short numbers (2-1, 3-10)."""
    return _key(plain(token))[0]


def _key(token: str) -> tuple[str, list[int]]:
    """The key of a token in lower case, and the position of each of its characters in the token."""
    many = sum(character.isdigit() for character in token) >= _LONG_NUMBER
    kept, places = [], []
    for at, character in enumerate(token):
        if character in "-_ " and 0 < at < len(token) - 1:
            between_digits = token[at - 1].isdigit() and token[at + 1].isdigit()
            if not between_digits or many:
                continue
        kept.append(character)
        places.append(at)
    return "".join(kept), places


def rank_within(key: str, token: str) -> int | None:
    """How well a token contains a code as a part: 0 between signs, 1 where letters and digits meet; else None."""
    written = plain(token)
    whole, places = _key(written)
    ranks = []
    at = whole.find(key)
    while at >= 0:
        before = written[places[at] - 1] if places[at] else ""
        end = places[at + len(key) - 1] + 1
        after = written[end : end + 1]
        open_before, open_after = not before.isalnum(), not after.isalnum()
        if _cuts_version(key, written[: places[at]]):
            pass
        elif open_before and open_after:
            ranks.append(0)
        elif _meets(before, key[0]) and _meets(after, key[-1]) and _may_be_part(key):
            ranks.append(1)
        at = whole.find(key, at + 1)
    return min(ranks, default=None)


def _may_be_part(key: str) -> bool:
    """Whether a part of a longer run of letters and digits is worth finding: not 3d in 0x3d3d, nor a1."""
    return (len(key) >= _SHORTEST_PART or "." in key) and not key.startswith("0x")


def _meets(outside: str, inside: str) -> bool:
    """Whether a code may end here: at a sign, or where letters become digits."""
    return not outside.isalnum() or outside.isdigit() != inside.isdigit()


def _cuts_version(key: str, before: str) -> bool:
    """Whether the beginning of a version is cut off: 3.11 is not part of 1.3.11."""
    return "." in key and key[0].isdigit() and re.search(r"\d\.$", before) is not None


def shape_of(key: str) -> str:
    """A key with its numbers made alike: 3.1 and 3.12 have one shape, E-1042 and E-1043 another."""
    return re.sub(r"\d+", "0", key)
