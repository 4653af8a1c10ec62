"""What the list of a question holds: which language comes first, which articles are shown at once, and why no more.

The others are not lost: whoever wants more of them asks for more.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from handrail_kb.contact.sensitive_topics import PERSON, UNSURE
from handrail_search.ranking.evidence import Evidence
from handrail_search.ranking.results import NO_LIST, EndReason, ListEnd, Verdict
from handrail_search.scoring.drop import background, ordinary, reach, standing
from handrail_search.scoring.fusion import Scores

# What is shown at most where nothing is an answer.
_FEW = 3
# Sensitive topics under which no article is offered unasked, but one that is for people only.
_PEOPLE_ONLY = frozenset({"grief", "fraud", "safety", UNSURE})
# Results in other languages that keep their rank even where the reader's language fills the list.
_STRONG_OTHERS = 3
# A question is in another language where nothing in the reader's reaches this share of the best article.
_OWN_LANGUAGE = 0.7


def best_in_another_language(finding: Evidence, scores: Scores, others: Set[int]) -> int | None:
    """The best of all pages, if it is one of `others` and no other page comes near it.

    People ask in their own language on the page of another one: from the home page, or from a link that they were sent.
    """
    points = ordinary(scores, finding.evidence["exact"])
    relevant = np.where(finding.relevant, points, -np.inf)
    best = int(relevant.argmax())
    if best not in others:
        return None
    relevant[list(others)] = -np.inf
    reached = reach(float(relevant.max()), float(points[best]), background(points))
    return best if reached < _OWN_LANGUAGE else None


def with_strong_others(order: Sequence[int], scores: Scores, others: Set[int], limit: int) -> list[int]:
    """The first `limit` pages; a few in other languages that fit better than any in the reader's keep their rank."""
    own = [page for page in order if page not in others]
    foreign = [page for page in order if page in others]
    best = scores[own[0]] if own else 0.0
    strong = [page for page in foreign if scores[page] > best][:_STRONG_OTHERS]
    kept = max(limit - len(strong), 1)
    return [*own[:kept], *foreign][:limit]


def end_of_list(
    finding: Evidence,
    order: Sequence[int],
    scores: Scores,
    lifted: Scores,
    others: Set[int],
    judged: tuple[Verdict, str | None],
    *,
    unreadable: bool,
) -> ListEnd:
    """Where the list of these ranked pages ends. `judged` is the verdict and the sensitive topic, if any.

    `others` are pages in other languages than the reader's: they come last, are measured against the best of all, and
    take no place from the reader's own. A page asked by name and one that holds a code of the question stand wherever
    they are ranked, within the most that verdict and topic allow. A boost does not push others out.
    """
    if not order:
        return NO_LIST
    verdict, topic = judged
    exact = finding.evidence["exact"]
    points = ordinary(scores, exact)
    zero = background(points)
    reached = _reached(points, points - np.maximum(lifted, 0.0), order, others, zero)
    named = [finding.is_asked_by_name(page) for page in order]
    holding = [bool(exact[page]) for page in order]
    reason: EndReason = "drop"
    if finding.holds_what_is_asked(order[0]):
        reason, fits = "code", holding
    else:
        certain, alone = verdict == "answered" and not _learned_of(finding, order), named[0]
        fits = _standing(reached, order, others, certain=certain, alone=alone)
        fits = [fit or code for fit, code in zip(fits, holding, strict=True)]
    fits = [fit or asked for fit, asked in zip(fits, named, strict=True)]
    if topic in _PEOPLE_ONLY:
        ours = [finding.index.pages[page].people_only for page in order]
        reason, fits = "topic", [fit and people for fit, people in zip(fits, ours, strict=True)]
    most, cause = _most(finding, verdict, topic, unreadable=unreadable)
    if most < sum(fits):
        reason, fits = cause, _capped(fits, order, others, scores, most)
    return ListEnd("all" if all(fits) else reason, tuple(fits), tuple(reached), zero)


def _learned_of(finding: Evidence, order: Sequence[int]) -> bool:
    """Whether learned questions speak for any of these pages: they put one far ahead of others that answer as well."""
    found = (finding.evidence.get(name) for name in ("learned_near", "learned_fit", "learned_prior"))
    return any(array is not None and array[list(order)].any() for array in found)


def _reached(points: Scores, unlifted: Scores, order: Sequence[int], others: Set[int], zero: float) -> list[float]:
    """What each page reaches: of the best in the reader's language, or of the best of all."""
    best = max(float(unlifted[page]) for page in order)
    own = max((float(unlifted[page]) for page in order if page not in others), default=best)
    return [round(reach(float(points[page]), best if page in others else own, zero), 4) for page in order]


def _standing(
    reached: Sequence[float], order: Sequence[int], others: Set[int], *, certain: bool, alone: bool
) -> list[bool]:
    """Which pages stand; places of those in other languages are counted apart."""
    fits = [False] * len(order)
    for apart in (False, True):
        places = [place for place, page in enumerate(order) if (page in others) is apart]
        shares = [reached[place] for place in places]
        for place, fit in zip(places, standing(shares, certain=certain, alone=alone), strict=True):
            fits[place] = fit
    return fits


def _most(finding: Evidence, verdict: Verdict, topic: str | None, *, unreadable: bool) -> tuple[int, EndReason]:
    """The most results that are shown, and why."""
    if unreadable and verdict != "answered":
        return 0, "unreadable"
    if topic == PERSON and verdict == "none":
        return 0, "topic"
    if topic not in (None, PERSON):
        return _FEW, "topic"
    if verdict == "none" or (finding.says_little and verdict != "answered"):
        return _FEW, "few"
    return len(finding.index.pages), "all"


def _capped(fits: Sequence[bool], order: Sequence[int], others: Set[int], scores: Scores, most: int) -> list[bool]:
    """The first `most` that stand; the last place is that of a page in another language which fits better than all."""
    places = [place for place, fit in enumerate(fits) if fit]
    kept = places[:most]
    best = max(places, key=lambda place: scores[order[place]])
    if kept and order[best] in others and best not in kept:
        kept[-1] = best
    return [place in kept for place in range(len(fits))]
