"""Writes topics as JSON for programs and CSV for spreadsheets; hides numbers below the setting `topic_people`. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail_feedback.records.decisions import Assignment, Decision, Figures
from handrail_feedback.records.stamps import stamp, stamp_or_none
from handrail_feedback.records.topics import Recorded
from handrail_feedback.text_tables import to_csv
from handrail_feedback.topics.facts import SUGGESTION_REASONS, Facts
from handrail_feedback.topics.listing import Listed, TopicList
from handrail_feedback.topics.status import TopicStatus
from handrail_feedback.topics.text import topic_notes

TOPICS_FORMAT = 1


def topics_as_json(found: TopicList, cared_for: Mapping[int, Assignment] | None = None) -> str:
    """The list as JSON of a stable form; fields are added, never changed, while `format` stays 1.

    {"format": 1, "since", "until", "made_at", "known_since": UTC, "least": people from which topics are listed,
     "hidden", "decided": topics left out, "decided_in_time": {"numerator", "denominator"}, "notes": [text],
     "topics": [see `topic_for_programs`]}. Numbers below `least`, but 0, are null. With `cared_for`, each topic
     says who takes care of it, "assignee", and by when, "due_on".
    """
    document = {
        "format": TOPICS_FORMAT,
        "since": stamp(found.period.since),
        "until": stamp(found.period.until),
        "made_at": stamp(found.made_at),
        "known_since": stamp_or_none(found.known_since),
        "least": found.least,
        "hidden": found.hidden,
        "decided": found.decided,
        "decided_in_time": {"numerator": found.kept.in_time, "denominator": found.kept.of},
        "notes": topic_notes(found),
        "topics": [_listed(one, found.least, cared_for) for one in found.topics],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


_ABOUT = ("topic", "name", "people", "people_before", "searches", "trend", "first_at", "last_at")
_STANDS = ("state", "due", "late", "suggestion", "article", "assignee", "due_on")


def topics_as_csv(found: TopicList, cared_for: Mapping[int, Assignment]) -> str:
    """The list as CSV: one topic a row, with the fields of `topics_as_json` that have one value, and its languages."""
    rows = []
    for one in found.topics:
        fields = _listed(one, found.least, cared_for)
        langs = " ".join(sorted(fields["langs"]))
        rows.append([*(fields[name] for name in _ABOUT), langs, *(fields[name] for name in _STANDS)])
    return to_csv((*_ABOUT, "langs", *_STANDS), rows)


def _listed(one: Listed, least: int, cared_for: Mapping[int, Assignment] | None) -> dict[str, Any]:
    fields = topic_for_programs(one, least)
    if cared_for is None:
        return fields
    care = cared_for.get(one.facts.topic)
    due_on = care.due_on.isoformat() if care and care.due_on else None
    return fields | {"assignee": care.assignee if care else "", "due_on": due_on}


def topic_for_programs(one: Listed, least: int) -> dict[str, Any]:
    """A topic as plain values: what `Facts` and `TopicStatus` hold, times as UTC ISO 8601."""
    shown = _Shown(least)
    return {**shown.facts(one.facts), **shown.status(one.status), "events": [_event(each) for each in one.events]}


@dataclass(frozen=True)
class _Shown:
    """Turns parts of a topic into plain values; numbers below `least`, except 0, are None."""

    least: int

    def number(self, number: int) -> int | None:
        return number if number == 0 or number >= self.least else None

    def numbers(self, numbers: Mapping[Any, int]) -> dict[str, int | None]:
        return {name: self.number(number) for name, number in numbers.items()}

    def facts(self, facts: Facts) -> dict[str, Any]:
        return {
            "topic": facts.topic,
            "name": facts.name,
            "people": self.number(facts.people),
            "people_before": self.number(facts.people_before),
            "before_kept": facts.before_kept,
            "searches": self.number(facts.searches),
            "trend": facts.trend,
            "first_at": stamp(facts.first_at),
            "last_at": stamp(facts.last_at),
            "kinds": self.numbers(facts.kinds),
            "langs": self.numbers(facts.langs),
            "next": self.numbers(facts.next),
            "searched_next": list(facts.searched_next),
            "reasons": self.numbers(facts.reasons),
            "examples": [{"query": one.query, "people": self.number(one.people)} for one in facts.examples],
            "nearest": [
                {"location": near.location, "title": near.title, "shown": self.number(near.shown), "score": near.score}
                for near in facts.nearest
            ],
            "suggestion": facts.suggestion,
            "because": SUGGESTION_REASONS[facts.suggestion],
            "article": facts.article,
            "lacks": list(facts.lacks),
        }

    def status(self, status: TopicStatus) -> dict[str, Any]:
        asked = status.asked
        return {
            "state": status.state,
            "due": stamp_or_none(status.due),
            "late": status.late,
            "reopened_at": stamp_or_none(status.reopened_at),
            "asked": asked and self.replayed(asked.at, asked.generation, asked.figures),
            "proofs": [
                {"change": proof.change, **self.replayed(proof.at, proof.generation, proof.figures)}
                for proof in status.proofs
            ],
            "decisions": [_decision(decision) for decision in status.history],
        }

    def replayed(self, at: datetime, generation: str, figures: Figures) -> dict[str, Any]:
        return {
            "at": stamp(at),
            "generation": generation,
            "people": self.number(figures.people),
            "answered": self.number(figures.answered),
            "found": self.number(figures.found),
            "location": figures.location if figures.found else None,
        }


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.verdict,
        "at": stamp(decision.at),
        "who": decision.who,
        "why": decision.why,
        "link": decision.link,
        "undone_at": stamp_or_none(decision.undone_at),
        "undone_by": decision.undone_by,
    }


def _event(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return {
        "at": stamp(recorded.at),
        "topic": event.topic,
        "change": event.change,
        "other": event.other,
        "searches": event.searches,
        "who": recorded.who,
        "undone_at": stamp_or_none(recorded.undone_at),
        "undone_by": recorded.undone_by,
    }
