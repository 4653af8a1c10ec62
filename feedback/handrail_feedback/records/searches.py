"""Searches, events and votes, and the rules by which a search counts as failed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, repeat
from typing import Literal

from rapidfuzz.distance import Levenshtein

from handrail_feedback.records.redaction.redact import redact
from handrail_feedback.records.stamps import storable
from handrail_kb.language.normal_form import plain
from handrail_kb.site.vote_form import reasons_of

SearchVerdict = Literal["answered", "weak", "none"]
Mode = Literal["hybrid", "words"]
SearchSource = Literal["dialog", "find", "api"]
EventType = Literal["seen", "click", "said_no", "left", "contact"]
Failure = Literal["none", "weak", "said_no", "rephrased", "no_click"]

MERGE_WITHIN = timedelta(seconds=30)
REPHRASED_WITHIN = timedelta(seconds=60)
SEEN_LONG_MS = 5000
LONGEST_QUERY = 500
RESULTS_KEPT = 10
SHORTEST_MEANT = 3
_SHARE_OF_EDITS = 0.2
# Kept as `asked_back` where a search asks for a person: an older version that runs beside this one takes it for one
# that was asked back, which is no failure either.
WANTS_PERSON = 2


@dataclass(frozen=True)
class Search:
    """One answered query, as the search package reports it. `results` are locations, best first; `ms` is the time.

    `fits` says of each result whether it was shown at once, and not only to whoever asked for more; empty means all.
    `asked_back` is set where the words fit many articles, and the answer asked what was meant, and `wants_person` where
    they ask for a person. `crowd` is the name that this tab shares with others where many new ones of a network count
    as one person. `public` are the numbers and codes of the query that stand in articles: they are nobody's.
    """

    search_id: str
    tab: str | None
    query: str
    lang: str
    verdict: SearchVerdict
    mode: Mode
    degraded: bool
    fallback_reason: str | None
    results: tuple[str, ...]
    scores: tuple[float, ...]
    at: datetime
    ms: float = 0.0
    bot: bool = False
    staff: bool = False
    source: SearchSource = "dialog"
    fits: tuple[bool, ...] = ()
    asked_back: bool = False
    wants_person: bool = False
    crowd: str | None = None
    public: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchEvent:
    """What a customer did with a list of results; `location` and `position` (from 1) belong to a click."""

    search_id: str
    type: EventType
    at: datetime
    location: str | None = None
    position: int | None = None
    ms: int | None = None


def person_of(crowd: str | None, tab: str | None, intent: int) -> str:
    """As whom somebody counts: a crowd that counts as one, else the browser tab, else the search."""
    return crowd or tab or f"intent {intent}"


@dataclass(frozen=True)
class Intent:
    """A question that a customer meant, the results shown at once for it, and what they did with them."""

    id: int
    tab: str | None
    query: str
    shape: str
    lang: str
    verdict: SearchVerdict
    mode: Mode
    degraded: bool
    fallback_reason: str | None
    results: tuple[tuple[str, float], ...]
    first_at: datetime
    last_at: datetime
    keystrokes: int
    source: SearchSource
    bot: bool
    staff: bool
    seen_ms: int
    clicked_location: str | None
    clicked_position: int | None
    clicked_at: datetime | None
    said_no_at: datetime | None
    contacted_at: datetime | None
    left_at: datetime | None
    asked_back: bool
    wants_person: bool
    crowd: str | None = None

    @property
    def person(self) -> str:
        """Who searched, as far as is known."""
        return person_of(self.crowd, self.tab, self.id)


@dataclass(frozen=True)
class Following:
    """The intent that followed in the same tab."""

    id: int
    query: str
    shape: str
    first_at: datetime
    wants_person: bool = False


def failure(intent: Intent, following: Following | None) -> Failure | None:
    """Why the search failed, by the first reason that applies; None if nothing shows that it did.

    None does not mean success: a customer who leaves without a sign may or may not have been helped. Contacting a
    person is not a failure, and is counted separately; nor is asking for one, which also makes the search before it no
    failure. Nor is a search of words so broad that the answer asked back: no article would answer it, and what the
    customer types next is a search of its own.
    """
    if intent.asked_back or intent.wants_person:
        return None
    if intent.verdict in ("none", "weak"):
        return "none" if intent.verdict == "none" else "weak"
    if intent.said_no_at:
        return "said_no"
    if intent.clicked_at:
        return None
    if following and not following.wants_person and soon_after(intent, following) and following.shape != intent.shape:
        return "rephrased"
    if intent.left_at and intent.seen_ms >= SEEN_LONG_MS:
        return "no_click"
    return None


def soon_after(intent: Intent, following: Following) -> bool:
    """Whether the next search of a tab followed soon enough to be a rephrasing."""
    return following.first_at - intent.last_at <= REPHRASED_WITHIN


def shape(query: str) -> str:
    """The form in which queries are compared: ignores case, how accents are encoded, spaces, and long numbers."""
    text = plain(query)
    text = _NUMBER_OR_PLACEHOLDER.sub("#", text)
    return " ".join(text.split()).strip(" ?!.,;:")


# A long number by itself. Within a code, such as CVE-2021-44228, a number matters.
_NUMBER_OR_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]|(?<![\w-])(?:\d[\d -]{3,}\d|\d{5,})(?![\w-])")


def same_question(one: str, other: str) -> bool:
    """Whether two shapes are steps in typing one question: one is a prefix, or few edits apart for their length."""
    short, long = sorted((one, other), key=len)
    if long.startswith(short):
        return True
    if len(short) < SHORTEST_MEANT:
        return False
    return _few_edits(short, long) or _few_edits(short, long[: len(short)])


def _few_edits(one: str, other: str) -> bool:
    most = max(1, int(_SHARE_OF_EDITS * max(len(one), len(other))))
    return Levenshtein.distance(one, other, score_cutoff=most) <= most


@dataclass(frozen=True)
class Prepared:
    """A search with redacted words, ready to be stored."""

    search: Search
    query: str
    shape: str

    @property
    def answer(self) -> str:
        """What was found, as JSON, to be kept until it is clear which keystroke was meant."""
        search = self.search
        found = zip(search.results, search.scores, search.fits or repeat(True), strict=False)
        results = [[location, round(float(score), 4), fits] for location, score, fits in islice(found, RESULTS_KEPT)]
        return json.dumps(
            {
                "query": self.query,
                "shape": self.shape,
                "lang": search.lang,
                "verdict": search.verdict,
                "mode": search.mode,
                "degraded": int(search.degraded),
                "fallback_reason": search.fallback_reason,
                "asked_back": WANTS_PERSON if search.wants_person else int(search.asked_back),
                "results": json.dumps(results),
            }
        )


def redact_search(search: Search) -> Prepared:
    """Redact the words of a search. It is slow, so call it before locking the store."""
    query = redact(storable(search.query, LONGEST_QUERY), search.public)
    return Prepared(search, query, shape(query))


@dataclass(frozen=True)
class OpenedArticle:
    """An article that was opened from a search. `contacted_at` says when that search led to a person, if it did."""

    location: str
    at: datetime
    intent: int
    tab: str | None
    query: str
    shape: str
    contacted_at: datetime | None
    crowd: str | None = None

    @property
    def person(self) -> str:
        """Who opened it, as far as is known."""
        return person_of(self.crowd, self.tab, self.intent)


@dataclass(frozen=True)
class OpeningSearch:
    """One search of a tab that opened an article: its words, and when it led to a person, if it did."""

    tab: str
    at: datetime
    query: str
    shape: str
    contacted_at: datetime | None


@dataclass(frozen=True)
class SeenList:
    """A list of results that a customer looked at: the results with their scores, best first, and what was opened.

    `opened` are the locations of pages, without anchors.
    """

    at: datetime
    shape: str
    results: tuple[tuple[str, float], ...]
    opened: frozenset[str]


LeftOut = Literal["", "bots", "staff", "degraded"]


@dataclass(frozen=True, slots=True)
class Counted:
    """The search `id`, for counting. `left_out` says why it is in no figure, and is empty if it counts."""

    id: int
    at: datetime
    verdict: SearchVerdict
    kind: Failure | None
    clicked: bool
    contacted: bool
    asked_back: bool
    wants_person: bool
    left_out: LeftOut


def as_tallied(intent: Intent, following: Following | None) -> Counted:
    """An intent, reduced to what figures count."""
    return Counted(
        id=intent.id,
        at=intent.first_at,
        verdict=intent.verdict,
        kind=failure(intent, following),
        clicked=intent.clicked_at is not None,
        contacted=intent.contacted_at is not None,
        asked_back=intent.asked_back,
        wants_person=intent.wants_person,
        left_out=_left_out(intent),
    )


def _left_out(intent: Intent) -> LeftOut:
    if intent.bot:
        return "bots"
    if intent.staff:
        return "staff"
    return "degraded" if intent.degraded else ""


def is_question(intent: Intent, kind: Failure | None) -> bool:
    """Whether a search that counts shows how good the answer was: it failed (`kind`), or led to an article."""
    return not _left_out(intent) and (kind is not None or intent.clicked_at is not None)


def tally(searches: Iterable[Counted]) -> Counter[str]:
    """The numbers of `searches`, of those that `failed`, by kind and by verdict, and of what came next.

    Searches that are left out are counted only by their reason.
    """
    found: Counter[str] = Counter()
    for one in searches:
        found.update(names_of(one))
    return found


def names_of(one: Counted) -> Sequence[str]:
    """The names of the numbers of `tally` that a search is counted in."""
    if one.left_out:
        return [one.left_out]
    apart = "asked for a person" if one.wants_person else "asked back" if one.asked_back else ""
    names = ["searches", apart or f"verdict {one.verdict}"]
    if one.kind:
        names += ["failed", f"failed: {one.kind}"]
    if one.clicked:
        names.append("clicked")
    if one.contacted:
        names.append("contacted")
    return names


LONGEST_COMMENT = 1000


@dataclass(frozen=True)
class Vote:
    """One customer's opinion of one article. `location` may name a section, but the vote counts for its page.

    `reasons` are codes that fit the vote (`handrail_kb.site.vote_form`). Votes of robots and staff do not count,
    and those of a `crowd` count as one.
    Raises ValueError for other codes.
    """

    location: str
    helpful: bool
    at: datetime
    comment: str = ""
    search_id: str | None = None
    tab: str | None = None
    reasons: tuple[str, ...] = ()
    bot: bool = False
    staff: bool = False
    crowd: str | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.reasons) - set(reasons_of(self.helpful)):
            raise ValueError(f"no reason of a {'yes' if self.helpful else 'no'}: {', '.join(sorted(unknown))}")
