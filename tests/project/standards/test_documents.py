"""What operators are told about logs, fields, passwords and times is what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from handrail_feedback.accounts.password_rules import OF_THE_DESK, SHORTEST_PASSWORD, fault
from handrail_feedback.accounts.passwords import LONGEST
from handrail_feedback.records.messages import Message
from handrail_feedback.records.staff import EVENTS_KEPT, FIRST_PASSWORD, StaffMember
from handrail_feedback.storage.accounts.events import MOST_EVENTS

DOCS = Path(__file__).parents[3] / "docs" / "operators"


def section(page, anchor):
    """The text of a section, up to the next heading of any level."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.search(rf"^##+ [^\n]*\{{ #{anchor} \}}\n(.*?)(?=^##|\Z)", text, re.S | re.M)[1]


def rows(text):
    """The cells of each row of a table, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def test_the_inventory_of_logs_says_for_each_where_it_is_kept_who_reads_it_and_how_long():
    text = section("logs.md", "where")
    table = rows(text)
    assert len(table) >= 7 and all(len(row) == 6 and all(row) for row in table)
    assert f"{EVENTS_KEPT.days} days, and the last {MOST_EVENTS:,} refusals" in text
    # A service writes lines to standard error, and rows of the store: tests/kb/texts/test_log.py looks at the code.
    assert any("standard error" in row[3] for row in table) and any("staff_events" in row[3] for row in table)


@pytest.mark.parametrize("record", [Message, StaffMember])
def test_each_field_of_messages_and_accounts_has_who_sees_and_who_changes_it(record):
    table = rows(section("users.md", "fields"))
    assert all(len(row) == 3 and all(row) for row in table)
    told = {name for row in table for name in re.findall(r"`(\w+)`", row[0])}
    assert {field.name for field in fields(record)} <= told


def test_the_words_that_do_not_count_in_a_password_are_listed():
    text = section("users.md", "passwords")
    assert [word for word in OF_THE_DESK if f"`{word}`" not in text] == []
    assert f"at least {SHORTEST_PASSWORD} characters" in text and f"may have {LONGEST}" in text
    for word in OF_THE_DESK:
        assert fault(f"{word}{word}{word}-1", "anna").key == "password.names"


def test_how_long_a_first_password_is_good_is_as_written():
    assert FIRST_PASSWORD.days == 3 and "three days" in (DOCS / "users.md").read_text(encoding="utf-8")


def test_how_soon_vulnerabilities_are_mended_has_a_time_and_what_keeps_it():
    table = rows(section("supply.md", "holes"))
    assert len(table) == 4 and all(len(row) == 3 and all(row) for row in table)
    assert all(re.search(r"\d+ days|never", row[1]) for row in table)
    assert all("make release" in row[2] or "CI" in row[2] or row[2] == "as above" for row in table)
