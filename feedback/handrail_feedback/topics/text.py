"""Writes topics for people: for a terminal and as Markdown. Pure.

Hides numbers of people and searches below the setting `topic_people`; what customers typed has no effect as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from handrail_feedback.records.decisions import PROVEN_SHARE, Decision, DecisionKind, Figures, Proof
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import stamp
from handrail_feedback.records.topics import FailedBy
from handrail_feedback.text_tables import as_table
from handrail_feedback.topics.facts import SUGGESTION_REASONS, SUGGESTIONS, Facts, NearArticle, Next
from handrail_feedback.topics.listing import Listed, TopicList
from handrail_feedback.topics.status import TopicStatus
from handrail_kb.language.printable import printable
from handrail_kb.site.vote_form import reason_text
from handrail_kb.texts import FALLBACK_LANGUAGE
from handrail_kb.texts.amounts import counted, in_days, percent
from handrail_kb.texts.staff import ENGLISH, Say, in_language

# The least number of topics for which a share is shown.
ENOUGH_PEOPLE = 20
_DAY = "%Y-%m-%d"
_NEXT: dict[Next, str] = {
    "contacted": "wrote to a person",
    "clicked": "opened a result",
    "rephrased": "searched with other words",
    "left": "left",
    "nothing known": "are not known",
}
_WORDS_SHOWN = 6


def topic_notes(found: TopicList) -> list[str]:
    """Notes on what the numbers of a list mean and what they leave out."""
    lines = [
        f"Decided within five working days: {share_in_time(found)}. Counted are topics that came to three people in "
        "this period and are decided or late; working days are Monday to Friday.",
        *notes_on_people(found),
    ]
    if found.decided:
        lines.append(f"Not shown: {counted(found.decided, 'decided or resolved topic')}. See all: --all")
    return lines


def notes_on_people(found: TopicList, words: Say = ENGLISH) -> list[str]:
    """Notes on how people are counted, when a topic is proven, and how many topics have too few people."""
    lines = [words("topics.note_left_out"), words("topics.note_proven", share=percent(PROVEN_SHARE))]
    if found.hidden:
        key = "topics.note_hidden_one" if found.hidden == 1 else "topics.note_hidden"
        lines.append(words(key, number=found.hidden, least=found.least))
    return lines


def cannot_be_told(
    known_since: datetime | None, what: Literal["new", "growing"], words: Say = ENGLISH, zone: tzinfo = UTC
) -> str:
    """Why nothing is called new or growing if searches were not kept for all of the time before."""
    said = words(f"report.what.{what}")
    if known_since is None:
        return words("report.no_search_yet", what=said)
    return words("report.known_since", day=known_since.astimezone(zone).date(), what=said)


def longest_wait(longest: timedelta | None, late: int, words: Say = ENGLISH) -> str:
    """The longest wait for a decision, and how many topics are late."""
    if longest is None:
        return words("report.nothing_due")
    key = "report.longest" if longest.days > 0 else "report.longest_today"
    return words(key, waits=in_days(longest, words), late=late or words("report.none"))


def share_in_time(found: TopicList, words: Say = ENGLISH) -> str:
    """How the promise was kept, as a share if there are enough topics."""
    kept = found.kept
    share = percent(kept.in_time / kept.of) if kept.of >= ENOUGH_PEOPLE else words("topics.no_share")
    return words("topics.in_time", number=kept.in_time, of=kept.of, share=share)


def _window(found: TopicList) -> str:
    days = f"{found.period.first_day} to {found.period.last_day}"
    return f"{days} {found.period.zone}, compared with {comparison_period(found.period)}"


def comparison_period(period: Period, words: Say = ENGLISH) -> str:
    """The period that a period is compared with, in words."""
    days = (period.last_day - period.first_day).days + 1
    key = "report.days_last_year" if period.year_before else "report.days_before"
    return words(f"{key}_one" if days == 1 else key, number=days)


# --- Terminal ------------------------------------------------------------------------------------------------------


def topics_as_text(found: TopicList) -> str:
    """The list for a terminal."""
    lines = [f"Topics of failed searches, {_window(found)}", "", *(f"  {note}" for note in topic_notes(found)), ""]
    for one in found.topics:
        lines += [*_lines(one, found.least), ""]
    if not found.topics:
        lines += ["Nothing needs triage.", ""]
    else:
        first = found.topics[0].facts.topic
        lines += [
            f"Look at one: handrail topics show {first}",
            f'Decide: handrail topics decide {first} writing --why "…"   Write: handrail draft {first}',
            "",
        ]
    return "\n".join(lines)


def _lines(one: Listed, least: int) -> list[str]:
    facts = one.facts
    return [
        f"{facts.topic:>5}  {printable(facts.name)}",
        f"       {_people(facts, least)}; {_status(one.status)}",
        *(f"       {line}" for line in _now(one.status, least)),
        *([f"       {_suggested(facts)}"] if one.status.state != "proven" else []),
        f"       then: {what_came_next(facts, least)}",
    ]


def topic_as_text(one: Listed, least: int) -> str:
    """One topic in full, for a terminal."""
    facts, status = one.facts, one.status
    lines = [f"Topic {facts.topic}: {printable(facts.name)}", "", f"  {_people(facts, least)}"]
    lines += [f"  first {facts.first_at:{_DAY}}, last {facts.last_at:{_DAY}}; {_status(status)}"]
    lines += [f"  {line}" for line in _now(status, least)]
    lines += ["", "  What they typed"]
    lines += [f"    {shown_count(example.people, least):>14}  {printable(example.query)}" for example in facts.examples]
    lines += ["", f"  Why it failed: {why_it_failed(facts.kinds, least)}", f"  Then: {what_came_next(facts, least)}"]
    if said := why_not_helped(facts, least):
        lines += [f"  Why the article did not help: {said}"]
    if facts.searched_next:
        lines.append("    searched next: " + ", ".join(f"“{printable(query)}”" for query in facts.searched_next))
    lines += ["", "  Nearest articles"]
    lines += [f"    {near.score:.2f}  {_near(near)}" for near in facts.nearest] or ["    none"]
    lines += ["", f"  {_suggested(facts)}", f"    because {SUGGESTION_REASONS[facts.suggestion]}"]
    if status.history or status.proofs or one.events:
        lines += ["", "  History", *(f"    {line}" for line in _history(one, least))]
    return "\n".join([*lines, ""])


def _near(near: NearArticle) -> str:
    return printable(f"{near.title} ({near.location or 'home'}), shown for {near.shown}")


def _people(facts: Facts, least: int) -> str:
    now = f"{shown_count(facts.people, least)} {'person' if facts.people == 1 and least <= 1 else 'people'}"
    if not facts.before_kept:
        return f"{now}, before: not kept"
    return f"{now}, in the period before {shown_count(facts.people_before, least)}: {_trend(facts)}"


def people_before(facts: Facts, least: int, words: Say = ENGLISH) -> str:
    """The number of people in the period before, in words."""
    if not facts.before_kept:
        return words("report.before_not_kept")
    return words("report.before_number", number=shown_count(facts.people_before, least))


def shown_count(number: int, least: int) -> str:
    """A number of people or searches, hidden if it is small."""
    return str(number) if number == 0 or number >= least else f"<{least}"


def _status(status: TopicStatus) -> str:
    if status.state == "reopened":
        text = f"reopened: {why_again(status)}"
    else:
        decided = _decision(status.decision) if status.decision else None
        proven = f"verified resolved {status.proof.at:{_DAY}}" if status.proof and status.state == "proven" else None
        text = "; ".join(part for part in (proven, decided) if part) or "not decided"
    if status.due is None:
        return text
    return f"{text}, {'LATE: was to be' if status.late else 'to be'} decided by {status.due:{_DAY}}"


def _decision(one: Decision) -> str:
    return f"{decision_in_words(one.verdict)}, decided {one.at:{_DAY}} by {printable(one.who)}"


def decision_in_words(verdict: DecisionKind, words: Say = ENGLISH) -> str:
    """What a decision is called wherever people read it."""
    return words(f"report.decision.{verdict.replace(' ', '_')}")


def _trend(facts: Facts) -> str:
    return ENGLISH(f"report.trend.{facts.trend.replace(' ', '_')}")


def why_again(status: TopicStatus, words: Say = ENGLISH, zone: tzinfo = UTC) -> str:
    """Why a topic is open again: what was last decided or proven, and what happened then."""

    def day(at: datetime | None) -> str:
        return f"{at.astimezone(zone):{_DAY}}" if at else ""

    decision, proof, since = status.decision, status.proof, day(status.reopened_at)
    if decision and not (proof and proof.at > decision.at):
        said = decision_in_words(decision.verdict, words)
        return words("topics.again_decided", decision=said, day=day(decision.at), since=since)
    proven = [day(one.at) for one in status.proofs if one.change == "proven"]
    key = "topics.again_lost" if proof and proof.change == "lost" else "topics.again_proven"
    return words(key, day=proven[-1], since=since)


def answered_now(status: TopicStatus, least: int, words: Say = ENGLISH) -> str:
    """How many people would get an answer now; empty before the topic was asked, or if they are few."""
    return _figures(status.asked.figures, least, words) if status.asked and status.asked.figures.people >= least else ""


def where_answered(status: TopicStatus, least: int) -> str | None:
    """The article that at least half of these people find; None if there is none, or few people find it."""
    return status.asked.figures.location if status.asked and _is_one_article(status.asked.figures, least) else None


def _is_one_article(figures: Figures, least: int) -> bool:
    return figures.found >= max(least, 1) and 2 * figures.found >= figures.answered


def _figures(figures: Figures, least: int, words: Say) -> str:
    is_all = figures.found == figures.answered or not _is_one_article(figures, least)
    key = "topics.answered_now" if is_all else "topics.answered_now_same"
    return words(key, number=shown_count(figures.answered, least), of=figures.people, same=figures.found)


def _now(status: TopicStatus, least: int) -> Iterator[str]:
    told, location = answered_now(status, least), where_answered(status, least)
    if told:
        yield told if location is None else f"{told}: {printable(location or 'home')}"


def _suggested(facts: Facts) -> str:
    text = SUGGESTIONS[facts.suggestion]
    if facts.article is not None and facts.suggestion != "write":
        text += f": {printable(facts.article or 'home')}"
    if facts.lacks:
        text += "; it lacks " + ", ".join(printable(word) for word in facts.lacks[:_WORDS_SHOWN])
    return f"suggested action: {text}"


def what_came_next(facts: Facts, least: int) -> str:
    """What each search of the period led to."""
    return _counted(((_NEXT[name], facts.next.get(name, 0)) for name in _NEXT), least)


def why_not_helped(facts: Facts, least: int, lang: str = FALLBACK_LANGUAGE) -> str:
    """The reasons given by people whom an article did not help, in a language; empty if nobody gave one."""
    given, words = sorted(facts.reasons.items(), key=lambda found: (-found[1], found[0])), in_language(lang)
    return "; ".join(
        words("article.reason", number=shown_count(count, least), reason=reason_text(lang, reason))
        for reason, count in given
    )


def why_it_failed(kinds: Mapping[FailedBy, int], least: int, words: Say = ENGLISH) -> str:
    """How many searches failed and why, and how many messages need an article."""
    return _counted(((words(f"failed.{kind}"), count) for kind, count in kinds.items()), least, words)


def _counted(counts: Iterable[tuple[str, int]], least: int, words: Say = ENGLISH) -> str:
    said = (words("failed.counted", number=shown_count(count, least), what=name) for name, count in counts if count)
    return ", ".join(said) or words("failed.nothing")


def _history(one: Listed, least: int) -> Iterator[str]:
    """The decisions on a topic and the events in its history, oldest first."""
    for _, line in sorted((*_decided(one), *_became(one), *_proved(one.status, least))):
        yield line


def _proved(status: TopicStatus, least: int) -> Iterator[tuple[str, str]]:
    for proof in status.proofs:
        yield stamp(proof.at), f"{proof.at:{_DAY}}  {what_was_proved(proof, least)}"


def what_was_proved(proof: Proof, least: int, words: Say = ENGLISH) -> str:
    """A proof or its loss, with the figures and the index that showed it."""
    said, figures = words("report.proved" if proof.change == "proven" else "report.lost"), proof.figures
    if figures.people >= least:
        said += f", {words('report.of_people', number=shown_count(figures.answered, least), of=figures.people)}"
    return f"{said} ({words('report.index', name=proof.generation)})"


def _decided(one: Listed) -> Iterator[tuple[str, str]]:
    for decision in one.status.history:
        why = f": {printable(decision.why)}" if decision.why else ""
        link = f" ({printable(decision.link)})" if decision.link else ""
        line = f"{decision.at:{_DAY}}  {decision_in_words(decision.verdict)}, by {printable(decision.who)}{why}{link}"
        if decision.undone_at:
            line += f"; undone {decision.undone_at:{_DAY}} by {printable(decision.undone_by)}"
        yield stamp(decision.at), line


def _became(one: Listed) -> Iterator[tuple[str, str]]:
    for recorded in one.events:
        event = recorded.event
        what = {
            "merged": f"{event.topic} was merged into {event.other}",
            "split": f"{event.topic} was split from {event.other}",
            "moved": f"{counted(event.searches, 'search', 'searches')} moved from {event.topic} to {event.other}",
        }[event.change]
        by = f" by {printable(recorded.who)}" if recorded.who else ""
        undone = (
            f", undone {recorded.undone_at:{_DAY}} by {printable(recorded.undone_by)}" if recorded.undone_at else ""
        )
        yield stamp(recorded.at), f"{recorded.at:{_DAY}}  {what}{by}{undone}"
    at, proof = one.status.reopened_at, one.status.proof
    if at and not (proof and proof.at == at):
        yield stamp(at), f"{at:{_DAY}}  reopened: three people failed after {since_when(one.status)}"


def since_when(status: TopicStatus, words: Say = ENGLISH) -> str:
    """What the three people failed after: a decision, or a later proof."""
    decision, proof = status.decision, status.proof
    is_proven = proof and not (decision and decision.at > proof.at)
    return words("topics.since_proven" if is_proven else "topics.since_decided")


# --- Markdown ---------------------------------------------------------------------------------------------------


def topics_as_markdown(found: TopicList) -> str:
    """The list as Markdown, in which what customers typed has no effect as markup."""
    lines = [f"# Topics of failed searches, {_window(found)}", "", *(f"- {note}" for note in topic_notes(found)), ""]
    head = ["Topic", "Looked for", "People", "Before", "Trend", "Status", "Suggested action", "What came next"]
    rows = [
        [
            str(one.facts.topic),
            one.facts.name,
            shown_count(one.facts.people, found.least),
            shown_count(one.facts.people_before, found.least) if one.facts.before_kept else "not kept",
            _trend(one.facts),
            "; ".join((_status(one.status), *_now(one.status, found.least))),
            _suggested(one.facts).removeprefix("suggested action: "),
            what_came_next(one.facts, found.least),
        ]
        for one in found.topics
    ]
    return "\n".join([*lines, *as_table(head, rows), ""])
