"""Proves topics answered: asks their searches again, and records which customers to notify.

A search is answered now if the results would be an answer (`replay.Past.is_good`) and are better than what the customer
got, which was no answer, or an uncertain one: results that looked like an answer and failed the customer prove nothing
by looking the same. People are counted, and all searches of a person in a topic have to be answered. A topic is proven
when `PROVEN_SHARE` of its people get an answer, decided or not; it loses its proof when a later index no longer answers
that share of the people who proved it. Knows search only as something that can be asked, and keeps no words.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from handrail_feedback.contracts import AMONG, AnswersPastSearches, Past, PastAnswer
from handrail_feedback.records.decisions import Decision, Figures, ProofChange, ReplayResult
from handrail_feedback.records.mailings import AnsweringArticle, Waiting
from handrail_feedback.records.searches import shape
from handrail_feedback.records.topics import History, Member, MemberKey, MessageMember, SearchMember
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import answer_searches, waiting_searches
from handrail_feedback.storage.searches.decisions import asked_topics, note
from handrail_feedback.storage.searches.decisions import history as decision_history
from handrail_feedback.storage.searches.topics import read_history, sizes
from handrail_feedback.topics.listing import Book, read_book
from handrail_feedback.topics.replay import by_wording, decided_articles
from handrail_feedback.topics.status import PEOPLE_TO_DECIDE

# One person's words are not a topic. Of a topic with more wordings, the rarest are not asked.
_LEAST_PEOPLE, _MOST_WORDINGS = 2, 200
_ALL = 1_000_000


@dataclass(frozen=True)
class Proven:
    """The numbers of topics that were asked, became proven, or lost their proof, and of people to notify (`told`)."""

    asked: int = 0
    proven: int = 0
    lost: int = 0
    told: int = 0


@dataclass(frozen=True)
class _Judged:
    """A search or message, and the article that answers it now, if any; `told` is that article if it may be mailed."""

    member: Member
    location: str | None
    told: AnsweringArticle | None


@dataclass(frozen=True)
class _Due:
    """A topic to ask, the state it is asked in, and the last result."""

    topic: int
    of: str
    before: ReplayResult | None


def prove_topics(
    store: Store,
    search: AnswersPastSearches,
    find: Callable[[str], str],
    at: datetime,
    *,
    history: History | None = None,
    again_after: timedelta = timedelta(hours=1),
    most: int = _ALL,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Proven:
    """Ask the topics of at least two people that have not been asked in this state of search, most people first.

    `find` returns the location that a decision's link means (see `decided_articles`). If only learned questions or
    searches are new, a topic is asked again no sooner than `again_after` the last time. After `most` questions, no
    other topic is begun. `progress` gets how many of all topics are done. Raises StoreUnavailable.
    """
    state = search.state()
    due = _due(store, state, at, again_after) if state else []
    if not due:
        return Proven()
    history = history or read_history(store)
    book, waiting = read_book(store, history), waiting_searches(store)
    pasts = _Pasts(history, decided_articles(store, find))
    done: Counter[str] = Counter()
    asked_questions = 0
    for number, one in enumerate(due, start=1):
        judged = _judge(book.by_topic.get(one.topic, []), pasts, search)
        if judged is None or search.state() != state:
            break
        change = _change(book, one.topic, judged)
        asked = ReplayResult(one.of, at, state.partition(" ")[0], figures(judged))
        if note(store, one.topic, asked, change, one.before):
            done.update(["asked", *([change] if change else [])])
            done["told"] += _notify(store, judged, waiting, at)
        progress(number, len(due))
        asked_questions += len({(one.member.lang, one.member.shape) for one in judged})
        if asked_questions >= most:
            break
    return Proven(**done)


def _due(store: Store, state: str, at: datetime, again_after: timedelta) -> list[_Due]:
    """Topics for which something changed since they were asked; those that this index was never asked come first."""
    asked, decisions = asked_topics(store), decision_history(store)
    found: list[tuple[bool, int, _Due]] = []
    for topic, size in sizes(store).items():
        before, of = asked.get(topic), f"{state} of {size.members} to {size.last}"
        if size.people >= _LEAST_PEOPLE and _is_due(before, of, decisions.get(topic, []), at, again_after):
            found.append((_is_of_this_index(before, of), -size.people, _Due(topic, of, before)))
    return [one for *_, one in sorted(found, key=lambda one: (*one[:2], one[2].topic))]


def _is_of_this_index(before: ReplayResult | None, of: str) -> bool:
    return before is not None and of.startswith(f"{before.generation} ")


def _is_due(
    before: ReplayResult | None, of: str, decisions: Iterable[Decision], at: datetime, again_after: timedelta
) -> bool:
    if before is None or not _is_of_this_index(before, of):
        return True
    if any(moment and moment > before.at for one in decisions for moment in (one.at, one.undone_at)):
        return True
    return of != before.of and at - before.at >= again_after


# --- Asking --------------------------------------------------------------------------------------------------------


class _Pasts:
    """All wordings as `handrail replay` asks them, each with the article that is known to answer it."""

    def __init__(self, history: History, decided: Mapping[MemberKey, str]) -> None:
        self._decided = decided
        self._known = {past.key: past for past in by_wording(history.questions, decided)}

    def of(self, one: Member) -> Past:
        """The wording of a member: as searched or, for a message with words that nobody searched, its own."""
        past = self._known.get((one.lang, one.shape))
        return past or Past(one.query, one.lang, 1, 1, 1, self._decided.get(one.key), _then(one))


def _judge(held: Sequence[Member], pasts: _Pasts, search: AnswersPastSearches) -> list[_Judged] | None:
    """The results of asking a topic's searches now; None if search cannot tell."""
    by_wording: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for one in held:
        by_wording[one.lang, one.shape].append(one)
    judged = []
    for same in islice(sorted(by_wording.values(), key=len, reverse=True), _MOST_WORDINGS):
        past = pasts.of(same[0])
        answer = search.answer(past)
        if answer is None:
            return None
        location = _answering(past, answer.outcome)
        told = next((one for one in answer.may_tell if one.location.partition("#")[0] == location), None)
        for one in same:
            helped = is_answered(past, _then(one), answer.outcome)
            judged.append(_Judged(one, location if helped else None, told if helped else None))
    return judged


def is_answered(past: Past, then: PastAnswer, now: PastAnswer) -> bool:
    """Whether a search that failed is answered now."""
    was_sure = past.is_good(then) and then.verdict == "answered"
    return past.is_good(now) and not was_sure and (now.verdict == "answered" or not past.is_good(then))


def _then(one: Member) -> PastAnswer:
    """How a member was answered then. Whoever wrote a message counts as having seen no results."""
    if isinstance(one, MessageMember):
        return PastAnswer("none", ())
    pages = dict.fromkeys(location.partition("#")[0] for location, _ in one.intent.results)
    return PastAnswer(one.intent.verdict, tuple(pages))


def _answering(past: Past, outcome: PastAnswer) -> str:
    """The article that counts as the answer: the known one if it is among the first results, else the first result."""
    return past.wanted if past.wanted in outcome.pages[:AMONG] else outcome.first or ""


def figures(judged: Iterable[_Judged]) -> Figures:
    """How many people would get an answer now, and how many of them from the most frequent article."""
    by_person: dict[str, list[_Judged]] = defaultdict(list)
    for one in judged:
        by_person[one.member.person].append(one)
    places = [{one.location for one in theirs} for theirs in by_person.values()]
    helped = [locations for locations in places if None not in locations]
    counts = Counter(location for locations in helped for location in locations if location is not None)
    if not helped:
        return Figures(len(by_person), 0)
    location = min(counts, key=lambda one: (-counts[one], one))
    return Figures(len(by_person), len(helped), location, counts[location])


def _change(book: Book, topic: int, judged: Sequence[_Judged]) -> ProofChange | None:
    """What these results change: the topic becomes proven, loses its proof, or neither (None)."""
    before = book.proofs.get(topic, [])
    if not before or before[-1].change == "lost":
        return "proven" if figures(judged).enough else None
    proven_at = before[-1].at
    by = figures(one for one in judged if one.member.first_at < proven_at)
    since = figures(one for one in judged if one.member.first_at >= proven_at)
    if by.people and not by.enough:
        return "lost"
    return "proven" if since.people >= PEOPLE_TO_DECIDE and since.enough else None


def _notify(store: Store, judged: Iterable[_Judged], waiting: Mapping[int, Sequence[Waiting]], at: datetime) -> int:
    """Mark for a mail those who wait for one of these searches with its words unchanged; return how many they are."""
    told = 0
    for one in judged:
        if one.told is None or not isinstance(one.member, SearchMember):
            continue
        intent = one.member.intent
        wait = [who.search_id for who in waiting.get(intent.id, ()) if shape(who.question) == intent.shape]
        if wait:
            told += answer_searches(store, wait, one.told, at)
    return told
