"""The table of ASVS 5.0 level 2 is complete, and what it says is met is shown by something that is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "operators" / "asvs.md"
STATES = ("met", "not applicable", "not met")
# The requirements of levels 1 and 2, by section; those of level 3 leave gaps.
REQUIREMENTS = """
1.1: 1-2   1.2: 1-9   1.3: 1-11  1.4: 1-3   1.5: 1-2
2.1: 1-3   2.2: 1-3   2.3: 1-4   2.4: 1
3.2: 1-2   3.3: 1-4   3.4: 1-6   3.5: 1-5   3.7: 1-2
4.1: 1-3   4.2: 1     4.3: 1-2   4.4: 1-4
5.1: 1     5.2: 1-3   5.3: 1-2   5.4: 1-3
6.1: 1-3   6.2: 1-12  6.3: 1-4   6.4: 1-4   6.5: 1-5   6.6: 1-3   6.8: 1-4
7.1: 1-3   7.2: 1-4   7.3: 1-2   7.4: 1-5   7.5: 1-2   7.6: 1-2
8.1: 1-2   8.2: 1-3   8.3: 1     8.4: 1
9.1: 1-3   9.2: 1-4
10.1: 1-2  10.2: 1-2  10.3: 1-4  10.4: 1-11 10.5: 1-5  10.6: 1-2  10.7: 1-3
11.1: 1-2  11.2: 1-3  11.3: 1-3  11.4: 1-4  11.5: 1    11.6: 1
12.1: 1-3  12.2: 1-2  12.3: 1-4
13.1: 1    13.2: 1-5  13.3: 1-2  13.4: 1-5
14.1: 1-2  14.2: 1-4  14.3: 1-3
15.1: 1-3  15.2: 1-3  15.3: 1-7
16.1: 1    16.2: 1-5  16.3: 1-4  16.4: 1-3  16.5: 1-3
17.1: 1    17.2: 1-4  17.3: 1-2
"""


def required() -> list[str]:
    """The numbers of all requirements, in their order."""
    found = []
    for section, first, last in re.findall(r"([\d.]+): +(\d+)(?:-(\d+))?", REQUIREMENTS):
        found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[list[str]]:
    """The cells of each row: number, what it asks, state, how or why not, what shows it."""
    lines = re.findall(r"^\| \d+\.\d+\.\d+ \|.*\|$", PAGE.read_text(encoding="utf-8"), re.M)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@cache
def names_of_tests(file: Path) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_requirement_has_one_row_in_its_order_under_its_chapter():
    assert [row[0] for row in rows()] == required()
    chapters = re.split(r"^## V(\d+) ", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    for chapter, text in zip(chapters[::2], chapters[1::2], strict=True):
        assert set(re.findall(r"^\| (\d+)\.\d+\.\d+ \|", text, re.M)) == {chapter}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_is_met_is_shown_and_what_is_not_has_a_reason(row):
    number, asks, state, told, shown = row
    assert asks, number
    assert state in STATES, number
    if state != "met":
        assert told, f"{number}: why?"
        assert not shown, f"{number} is {state}, and something shows it"
        return
    place, _, test = shown.strip("`").partition("::")
    if test:
        assert test.startswith("test_"), number
        assert test in names_of_tests(ROOT / "tests" / place), f"{number}: there is no {test} in tests/{place}"
    else:
        assert (ROOT / place).exists(), f"{number}: there is no {place!r}"


def test_the_page_counts_its_rows_rightly():
    counts = Counter(row[2] for row in rows())
    page = PAGE.read_text(encoding="utf-8")
    told = re.search(
        r"Of the (\d+) requirements .*?, (\d+) are met, (\d+) are not applicable, and (\d+) are not met", page
    )
    assert told, "the sentence at the top is gone"
    assert [int(number) for number in told.groups()] == [len(rows()), *(counts[state] for state in STATES)]
