"""Topics for programs. Pure. Numbers of people and searches below the site's least are not shown."""

from __future__ import annotations

import json
from typing import Any

from handrail_feedback.db import stamp
from handrail_feedback.topic_facts import REASONS
from handrail_feedback.topic_list import Listed, TopicList
from handrail_feedback.topic_proofs import Figures
from handrail_feedback.topic_render import notes

FORMAT = 1


def list_as_json(found: TopicList) -> str:
    """The list as JSON of a stable form; fields are added, never changed, while `format` stays 1.

    {"format": 1, "since", "until", "made_at", "known_since": UTC, "least": people from which topics are listed,
     "hidden", "decided": topics left out, "decided_in_time": {"numerator", "denominator"}, "notes": [text],
     "topics": [see `topic_for_programs`]}. Numbers below `least`, but 0, are null.
    """
    document = {
        "format": FORMAT,
        "since": stamp(found.period.since),
        "until": stamp(found.period.until),
        "made_at": stamp(found.made_at),
        "known_since": stamp(found.known_since) if found.known_since else None,
        "least": found.least,
        "hidden": found.hidden,
        "decided": found.decided,
        "decided_in_time": {"numerator": found.kept.in_time, "denominator": found.kept.of},
        "notes": notes(found),
        "topics": [topic_for_programs(one, found.least) for one in found.topics],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def topic_for_programs(one: Listed, least: int) -> dict[str, Any]:
    """A topic as plain values: what `Facts` and `Standing` hold, times as UTC ISO 8601."""
    facts, stands = one.facts, one.standing

    def shown(number: int) -> int | None:
        return number if number == 0 or number >= least else None

    def figures(of: Figures) -> dict[str, Any]:
        counts = {name: shown(getattr(of, name)) for name in ("people", "answered", "found")}
        return {**counts, "location": of.location if of.found else None}

    return {
        "topic": facts.topic,
        "name": facts.name,
        "people": shown(facts.people),
        "people_before": shown(facts.people_before),
        "before_kept": facts.before_kept,
        "searches": shown(facts.searches),
        "trend": facts.trend,
        "first_at": stamp(facts.first_at),
        "last_at": stamp(facts.last_at),
        "kinds": {kind: shown(count) for kind, count in facts.kinds.items()},
        "langs": {lang: shown(count) for lang, count in facts.langs.items()},
        "next": {name: shown(count) for name, count in facts.next.items()},
        "searched_next": list(facts.searched_next),
        "reasons": {reason: shown(count) for reason, count in facts.reasons.items()},
        "examples": [{"query": example.query, "people": shown(example.people)} for example in facts.examples],
        "nearest": [
            {"location": near.location, "title": near.title, "shown": shown(near.shown), "score": near.score}
            for near in facts.nearest
        ],
        "suggestion": facts.suggestion,
        "because": REASONS[facts.suggestion],
        "article": facts.article,
        "lacks": list(facts.lacks),
        "state": stands.state,
        "due": stamp(stands.due) if stands.due else None,
        "late": stands.late,
        "reopened_at": stamp(stands.reopened_at) if stands.reopened_at else None,
        "asked": stands.asked and {
            "at": stamp(stands.asked.at), "generation": stands.asked.generation, **figures(stands.asked.figures),
        },
        "proofs": [
            {"change": proof.change, "at": stamp(proof.at), "generation": proof.generation, **figures(proof.figures)}
            for proof in stands.proofs
        ],
        "decisions": [
            {
                "decision": decision.verdict,
                "at": stamp(decision.at),
                "who": decision.who,
                "why": decision.why,
                "link": decision.link,
                "undone_at": stamp(decision.undone_at) if decision.undone_at else None,
                "undone_by": decision.undone_by,
            }
            for decision in stands.history
        ],
        "events": [
            {"at": stamp(recorded.at), "topic": recorded.event.topic, "change": recorded.event.change,
             "other": recorded.event.other, "searches": recorded.event.searches}
            for recorded in one.events
        ],
    }  # fmt: skip
