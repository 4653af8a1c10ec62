"""What leads and agents read has one word for one thing: at the desk, in mails, in the terminal and in the help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
# Words of before, each with the one that stands in its place.
OF_BEFORE = {
    "in one look": "Overview",
    "waits for a decision": "Needs triage",
    "open again": "Reopened",
    "came back": "Reopened, or Bounced",
    "use their words": "Improve article",
    "one for people": "Handle by support",
    "stays with people": "Handle by support",
    "proven answered": "Verified resolved",
    "fixed and held": "Resolution held",
    "half within": "Median first response time",
    "nine in ten within": "90th percentile first response time",
    "undelivered": "Queued",
    "told when there was": "Follow-up notifications sent",
    "no sure answer": "Low confidence",
    "its readers": "Article analytics",
    "go along": "Share context",
    "nothing to answer": "Close without reply",
    "fewer than 3": "<3",
}
HELP = sorted(file for room in ("agents", "leads", "writers") for file in (ROOT / "docs" / room).glob("*.md"))
TEXTS = [ROOT / "kb" / "handrail_kb" / "texts" / "staff" / "en.yml", ROOT / "kb" / "handrail_kb" / "texts" / "en.yml"]
# The search words at the top of an article are those of readers, whatever we call a thing.
TOP = re.compile(r"\A---\n.*?\n---\n", re.S)


def found(words: str) -> dict[str, str]:
    """The words of before in a text, but for names in code, and what to write instead."""
    plain = " ".join(re.sub(r"`[^`\n]*`", "", words).casefold().split())
    return {one: now for one, now in OF_BEFORE.items() if re.search(rf"\b{one}\b", plain)}


def test_words_of_before_are_found_where_a_line_ends_between_them_and_names_in_code_are_left():
    assert found("It Waits for\n  a decision, as `go along` says") == {"waits for a decision": "Needs triage"}


@pytest.mark.parametrize("file", HELP, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_the_help_uses_the_words_of_the_desk(file):
    assert found(TOP.sub("", file.read_text(encoding="utf-8"))) == {}


@pytest.mark.parametrize("file", TEXTS, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_texts_use_the_words_of_the_desk(file):
    texts = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert {key: found(str(words)) for key, words in texts.items() if found(str(words))} == {}
