"""What a build says of the index that it made."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail_search.commands.build import summary
from handrail_search.index.build import Built


@pytest.mark.parametrize(
    ("encoded", "reused", "said"),
    [
        (5, 0, "5 passages and questions encoded"),
        (1, 0, "1 passage encoded"),
        (3, 7, "3 of 10 passages and questions encoded"),
        (0, 10, "10 passages and questions unchanged"),
        (0, 0, "0 passages and questions encoded"),
    ],
)
def test_a_build_says_how_much_it_encoded_and_nothing_of_what_there_was_none(encoded, reused, said):
    built = Built(Path("index"), 2, encoded + reused, encoded, reused, 1.0)
    assert summary(built, 0.31) == f"Index: index (2 articles, {said}, 0.3 s)"
