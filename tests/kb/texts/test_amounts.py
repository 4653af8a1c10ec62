"""Numbers as people read them."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

import handrail_feedback
import handrail_kb
import handrail_search
from handrail_kb.texts.amounts import percent


@pytest.mark.parametrize("of", [*range(1, 130), 200, 250, 1000])
def test_a_share_is_rounded_as_people_round_and_never_up_to_all(of: int) -> None:
    for count in range(of + 1):
        exact = int(Fraction(100 * count, of) + Fraction(1, 2))
        read = "<1%" if exact == 0 < count else f"{exact if count == of else min(exact, 99)}%"
        assert percent(count / of) == read, (count, of)


@pytest.mark.parametrize(
    ("count", "of", "read"),
    [(58, 100, "58%"), (29, 100, "29%"), (57, 100, "57%"), (57, 200, "29%"), (1, 8, "13%"), (199, 200, "99%"),
     (0, 7, "0%"), (7, 7, "100%"), (2, 3, "67%"),
     (1, 1000, "<1%"), (4, 1000, "<1%"), (5, 1000, "1%"), (995, 1000, "99%")],
)  # fmt: skip
def test_58_of_100_are_58_percent(count: int, of: int, read: str) -> None:
    assert percent(count / of) == read


def test_every_share_that_people_read_is_rounded_in_one_place() -> None:
    """Python's own format rounds 12.5 to 12, and cutting off makes 57 of 58."""
    own = re.compile(r":\.\d%\}|\* 100\)\}?%|int\([^)]*\* 100\)|%\.0f'\|format")
    for package in (handrail_feedback, handrail_kb, handrail_search):
        folder = Path(str(package.__file__)).parent
        for file in (*folder.rglob("*.py"), *folder.rglob("*.html")):
            assert not own.search(file.read_text(encoding="utf-8")), file
