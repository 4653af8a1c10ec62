"""A picture as text, or a key of thousands of letters in an article: read in no time, and the words beside it found."""

from __future__ import annotations

import time

import pytest

from handrail_search.lexical import literals


@pytest.mark.parametrize("letter", ["a", "1", "aB", "a-", "A1/", "\u00e4", "1.", "=", "/", "日"])
def test_a_token_of_a_hundred_thousand_letters_is_looked_at_in_no_time(letter):
    token = (letter * 100_000)[:100_000]
    began = time.process_time()
    literals.is_code(token)
    list(literals.tokens(f"before {token} E-1042"))
    assert time.process_time() - began < 1
    assert literals.is_code("E-1042")


def test_a_code_at_the_beginning_of_a_long_token_is_one():
    assert literals.is_code("E-1042" + "x" * 5000)
    assert not literals.is_code("x" * 5000)
