"""No regular expression of Handrail can be made slow: each is tried with long texts that are made of its own parts."""

from __future__ import annotations

import ast
import re
import signal
import time
from contextlib import suppress
from re import _constants as signs
from re import _parser as parser

import pytest

from project.rooms import ROOT, files

# What is matched at one place may be long. What is looked for everywhere is bounded in length (bounds.py), so that a
# run of one letter may be looked at once from each of its letters, and not more often.
AT_ONE_PLACE, EVERYWHERE, SECONDS = 20_000, 2_000, 0.5
# A machine that pauses makes one try look slow, an expression makes all of them slow.
TRIES = 3
CALLS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")
CATEGORIES = {
    signs.CATEGORY_DIGIT: "1",
    signs.CATEGORY_NOT_DIGIT: "a",
    signs.CATEGORY_SPACE: " ",
    signs.CATEGORY_NOT_SPACE: "a",
    signs.CATEGORY_WORD: "a",
    signs.CATEGORY_NOT_WORD: "-",
}
REPEATS = (signs.MAX_REPEAT, signs.MIN_REPEAT, signs.POSSESSIVE_REPEAT)


def literal(node):
    """The text of an expression in the code, as far as it stands there; names in f-strings are one letter."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def expressions():
    """Each expression in the code, with the place where it stands."""
    found = {}
    for file in files(".py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            of_re = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS
            if of_re and getattr(node.func.value, "id", "") == "re" and node.args:
                text = literal(node.args[0])
                if text:
                    found.setdefault(text, f"{file.relative_to(ROOT)}:{node.lineno}")
    return found


def sample(tree):
    """A short text that a part of an expression takes."""
    text = ""
    for sign, value in tree:
        if sign is signs.LITERAL:
            text += chr(value)
        elif sign is signs.IN:
            text += one_of(value)
        elif sign in REPEATS:
            text += sample(value[2]) * max(min(value[0], 3), 1)
        elif sign is signs.SUBPATTERN:
            text += sample(value[3])
        elif sign is signs.ATOMIC_GROUP:
            text += sample(value)
        elif sign is signs.BRANCH:
            text += sample(value[1][0])
        elif sign in (signs.ANY, signs.NOT_LITERAL):
            text += "a" if value != ord("a") else "b"
    return text


def one_of(items):
    """A letter of a set."""
    letters = [
        chr(value if sign is signs.LITERAL else value[0]) if sign in (signs.LITERAL, signs.RANGE) else CATEGORIES[value]
        for sign, value in items
        if sign is not signs.NEGATE
    ]
    if items[0][0] is signs.NEGATE:
        return next(letter for letter in "a1 -x.!\u00e4\u65e5" if letter not in letters)
    return letters[0]


def attacks(tree):
    """Beginnings, and what is repeated after them: every repeated part, alone and with what follows it."""
    tree = list(tree)
    for at, (sign, value) in enumerate(tree):
        if sign in REPEATS:
            before = sample(tree[:at])
            yield before, sample(value[2])
            yield before, sample(tree[at : at + 2])
            yield "", sample(value[2])
            yield from attacks(value[2])
        elif sign is signs.SUBPATTERN:
            yield from attacks(value[3])
        elif sign is signs.ATOMIC_GROUP:
            yield from attacks(value)
        elif sign is signs.BRANCH:
            for branch in value[1]:
                yield from attacks(branch)
        elif sign in (signs.ASSERT, signs.ASSERT_NOT):
            yield from attacks(value[1])


class TooSlow(Exception):
    """It has taken far too long already."""


def seconds(run):
    """The processor time of a run, which ends once it has taken twice what it may."""

    def end(*_):
        raise TooSlow

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, 2 * SECONDS)
    began = time.process_time()
    try:
        with suppress(TooSlow):
            run()
        return time.process_time() - began
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def slow(run):
    """Whether a run takes longer than it may, however often it is tried."""
    return all(seconds(run) > SECONDS for _ in range(TRIES))


def slowest(text):
    """What makes an expression slow: (beginning, what is repeated, end); None where nothing does."""
    expression = re.compile(text)
    for before, repeated in {(start, part) for start, part in attacks(parser.parse(text)) if part}:
        for end in ("\x00", ""):
            long, short = ((before + repeated * (n // len(repeated)) + end) for n in (AT_ONE_PLACE, EVERYWHERE))
            if slow(lambda long=long: expression.match(long)):
                return before, repeated, end
            if slow(lambda short=short: sum(1 for _ in expression.finditer(short))):
                return before, repeated, end
    return None


def test_no_expression_in_the_code_can_be_made_slow():
    found = expressions()
    assert len(found) > 200
    assert {place: text for text, place in found.items() if slowest(text)} == {}


@pytest.mark.parametrize("text", [r"(a+)+$", r"\s*\d*\s*[;,]?\s*url", r"(?:a|a)*b", r"(\w+\s?)*!"])
def test_an_expression_that_can_be_made_slow_is_noticed(text):
    assert slowest(text)


def test_a_pause_of_the_machine_makes_no_expression_slow(monkeypatch):
    times = iter([60.0, 60.0, 0.1])
    monkeypatch.setattr(f"{__name__}.seconds", lambda _run: next(times))
    assert not slow(lambda: None)
