"""Writes a replay for a terminal, as JSON, and as a Markdown comment for a merge request. Pure.

Names only questions of enough people, and counts the others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from handrail_feedback.contracts import AMONG, PastAnswer
from handrail_feedback.records.stamps import stamp
from handrail_feedback.text_tables import as_markdown, as_table
from handrail_feedback.topics.replay import REPLAY_FORMAT, MovedAnswer, Replay
from handrail_kb.language.printable import printable
from handrail_kb.texts.amounts import counted

DEFINITION = (
    "A question is good where the article that a decision names, or that customers opened, stands among the first "
    f"{AMONG}; where none is known, where the verdict is 'answered'. Fixed: bad before, good now. Broken: good before, "
    "bad now."
)


def summary(found: Replay) -> str:
    """The result in one line."""
    return f"fixes {len(found.fixes)}, breaks {len(found.breaks)}, unchanged {found.unchanged}"


def _about(found: Replay) -> str:
    return (
        f"Past questions from {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}, each wording once, {found.base}. "
        f"Unchanged: {found.good} good, {found.bad} bad."
    )


def replay_as_text(found: Replay) -> str:
    """For a terminal."""
    lines = [summary(found), "", _about(found), DEFINITION]
    for name, moved in (("Breaks", found.breaks), ("Fixes", found.fixes)):
        if moved:
            lines += ["", name]
            lines += [
                f"  {_people(one)}: {printable(one.past.question)}\n      {_change(one)}"
                for one in _named(found, moved)
            ]
            lines += [f"  {line} See them on your own machine: --topic-people 1" for line in _unnamed(found, moved)]
    return "\n".join([*lines, ""])


def replay_as_markdown(found: Replay) -> str:
    """The replay as a comment for a merge request, in which what customers typed has no effect as markup."""
    lines = [f"**Past searches: {summary(found)}**", "", as_markdown(_about(found)), ""]
    for name, moved in (("Breaks", found.breaks), ("Fixes", found.fixes)):
        if moved:
            head = [name, "People", "Before", "Now"]
            rows = [
                [one.past.question, str(one.past.people), _outcome(one.before), _outcome(one.after)]
                for one in _named(found, moved)
            ]
            lines += [*(as_table(head, rows) if rows else ()), *_unnamed(found, moved), ""]
    return "\n".join([*lines, as_markdown(DEFINITION), ""])


def replay_as_json(found: Replay) -> str:
    """The replay as JSON of a stable form; fields are added, never changed, while `format` stays 1."""
    document = {
        "format": REPLAY_FORMAT,
        "base": found.base,
        "since": stamp(found.since),
        "until": stamp(found.until),
        "least": found.least,
        "definition": DEFINITION,
        "counts": {
            "fixes": len(found.fixes),
            "breaks": len(found.breaks),
            "unchanged": found.unchanged,
            "unchanged_good": found.good,
            "unchanged_bad": found.bad,
        },
        "fixes": [_for_programs(one) for one in _named(found, found.fixes)],
        "breaks": [_for_programs(one) for one in _named(found, found.breaks)],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _for_programs(one: MovedAnswer) -> dict[str, Any]:
    return {
        "question": one.past.question,
        "people": one.past.people,
        "wanted": one.past.wanted,
        "before": {"verdict": one.before.verdict, "pages": list(one.before.pages[:AMONG])},
        "after": {"verdict": one.after.verdict, "pages": list(one.after.pages[:AMONG])},
    }


def _named(found: Replay, moved: Sequence[MovedAnswer]) -> list[MovedAnswer]:
    return [one for one in moved if one.past.people >= found.least]


def _unnamed(found: Replay, moved: Sequence[MovedAnswer]) -> list[str]:
    hidden = len(moved) - len(_named(found, moved))
    return [f"{hidden} more of <{found.least} people."] if hidden else []


def _people(one: MovedAnswer) -> str:
    return counted(one.past.people, "person", "people")


def _change(one: MovedAnswer) -> str:
    wanted = f"; wanted: {printable(one.past.wanted or 'home')}" if one.past.wanted is not None else ""
    return f"{_outcome(one.before)} → {_outcome(one.after)}{wanted}"


def _outcome(outcome: PastAnswer) -> str:
    first = "nothing" if outcome.first is None else printable(outcome.first or "home")
    return f"{outcome.verdict}, {first}"
