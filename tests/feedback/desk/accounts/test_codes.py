"""Codes and seeds of the second factor come from the system's source of randomness, and have the bits they need."""

import random
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from handrail_feedback.accounts import second_factor

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# What ASVS asks of a code that is looked up, and of the seed of an app at least.
BITS_OF_A_CODE, BITS_OF_A_SEED = 20, 128


@pytest.fixture
def drawn(monkeypatch):
    """How many bytes the system's source was asked for."""
    asked = []
    urandom = random._urandom  # noqa: SLF001 (what `secrets` draws from)
    monkeypatch.setattr(random, "_urandom", lambda number: asked.append(number) or urandom(number))
    return asked


def test_recovery_codes_and_seeds_are_drawn_from_the_system(drawn):
    codes = second_factor.new_recovery_codes()
    assert drawn == [10] * len(codes)
    drawn.clear()
    second_factor.new_salt()
    assert sum(drawn) * 8 >= BITS_OF_A_SEED


def test_the_random_numbers_of_python_foretell_no_code():
    made = []
    for _ in range(2):
        random.seed(1)
        made.append((second_factor.new_recovery_codes(), second_factor.new_salt()))
    assert made[0][1] != made[1][1] and not set(made[0][0]) & set(made[1][0])


def test_a_recovery_code_shows_all_the_bits_that_were_drawn():
    codes = {code.replace("-", "") for _ in range(40) for code in second_factor.new_recovery_codes()}
    assert len(codes) == 40 * second_factor.RECOVERY_CODES
    signs = {sign for code in codes for sign in code}
    assert len(signs) == 32 and {len(code) for code in codes} == {16}  # five bits each
    assert BITS_OF_A_CODE <= 16 * 5
    # Each place of a code takes many signs, so that no part of it is the same in all.
    assert min(len({code[at] for code in codes}) for at in range(16)) > 20


def test_the_seed_of_an_app_has_the_bits_of_its_key():
    secret = second_factor.app_secret("k" * 64, "anna", second_factor.new_salt())
    assert len(secret) * 5 >= BITS_OF_A_SEED
    another = second_factor.app_secret("k" * 64, "anna", second_factor.new_salt())
    assert secret != another


@pytest.mark.parametrize("late", range(-90, 121, 10))
def test_a_code_of_the_app_counts_for_its_half_minute_and_one_before_and_after(late):
    secret = second_factor.app_secret("k" * 64, "anna", "salt")
    code = pyotp.TOTP(secret).at(AT)
    taken = second_factor.step_of(secret, code, AT + timedelta(seconds=late)) is not None
    assert taken == (-30 <= late < 60)
