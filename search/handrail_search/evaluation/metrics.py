"""How good rankings and verdicts are, how certain that is, and whether a difference is significant. Pure.

Intervals are found by resampling the questions (bootstrap, percentiles; Efron and Tibshirani 1993) with a fixed seed,
so that the same answers give the same figures. To compare two searches, the same questions are drawn for both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

RESAMPLES, FLIPS = 2_000, 10_000
_SEED = 20261122
# Numbers held in memory while drawing: some megabytes, whatever the number of questions.
HELD = 2_000_000
# The shares of false alarms at which the catch is counted.
FALSE_ALARMS = (0.05, 0.10)
# The share of questions whose first result of a right article opens a right section.
RIGHT_SECTION = "right_section"
# Of questions whose answer was labelled, the share that gets a card; of these cards, the shares that show and mark it,
# and that show it where the section is right.
CARD, ANSWER_IN_CARD, DECISIVE_RIGHT = "card", "answer_in_card", "decisive_right"
ANSWER_IN_SECTION = "answer_in_section"


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """How much higher a figure is than before, with its 95 % interval and the probability p of mere chance."""

    value: float
    low: float
    high: float
    p: float


def first_rank(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> int | None:
    """The place of the first article that helps, from 1; None when none of the first `depth` does."""
    return next((rank for rank, article in enumerate(ranked[:depth], start=1) if article in relevant), None)


def recall(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """Share of the helping articles that are among the first `depth`."""
    return len(set(ranked[:depth]) & relevant.keys()) / len(relevant)


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """Normalised discounted cumulative gain with gains 2^score - 1 (Burges et al. 2005)."""
    given = [relevant.get(article, 0.0) for article in ranked[:depth]]
    return _discounted(given) / _discounted(sorted(relevant.values(), reverse=True)[:depth])


def _discounted(scores: Sequence[float]) -> float:
    # expm1: 2^score - 1, exact for the smallest scores too.
    return sum(math.expm1(score * math.log(2)) / math.log2(rank + 1) for rank, score in enumerate(scores, start=1))


class Separation:
    """How well confidence tells answerable questions from unanswerable ones.

    Weights say how often each question was drawn: arrays of shape (draws, questions), in the order of the scores.
    """

    def __init__(self, answerable: Values, unanswerable: Values) -> None:
        """`answerable` and `unanswerable` are confidences, one a question; neither may be empty."""
        self._order, self._order_un = np.argsort(answerable, kind="stable"), np.argsort(unanswerable, kind="stable")
        scores, unanswerable = answerable[self._order], unanswerable[self._order_un]
        # For each answerable question: how many unanswerable ones have less confidence, and how many as much or less.
        self._below = np.searchsorted(unanswerable, scores, "left")
        self._up_to = np.searchsorted(unanswerable, scores, "right")

    def auroc(self, weights: Values, weights_un: Values) -> Values:
        """Chance that an answerable question has more confidence than an unanswerable one; ties count half."""
        under = _running(weights_un[:, self._order_un])
        beaten = (under[:, self._below] + under[:, self._up_to]) / 2
        won = (weights[:, self._order] * beaten).sum(axis=1)
        return np.asarray(won / (weights.sum(axis=1) * weights_un.sum(axis=1)))

    def caught(self, alarms: float, weights: Values, weights_un: Values) -> Values:
        """Share of unanswerable questions below the highest floor that at most `alarms` of the others are below."""
        allowed = alarms * weights.sum(axis=1, keepdims=True) + 1e-9
        seen = _running(weights[:, self._order])[:, 1:]
        # The floor is at the first question that must not be below it.
        floor = np.argmax(seen > allowed, axis=1)
        under = _running(weights_un[:, self._order_un])
        return np.asarray(under[np.arange(len(under)), self._below[floor]] / under[:, -1])


@dataclass(frozen=True)
class Sample:
    """The measures of each question, by the name of the figure that is their mean, and the confidences.

    `of_some` are measures that not every question has: NaN where it has none.
    """

    answerable: Mapping[str, Values]
    unanswerable: Mapping[str, Values]
    confidence: Values
    confidence_un: Values
    of_some: Mapping[str, Values] = field(default_factory=dict)
    _separation: Separation | None = field(init=False)

    def __post_init__(self) -> None:
        both = len(self.confidence) and len(self.confidence_un)
        object.__setattr__(self, "_separation", Separation(self.confidence, self.confidence_un) if both else None)

    def figures(self, weights: Values, weights_un: Values) -> dict[str, Values]:
        """Every figure for each draw of questions: those of the verdict only where there are unanswerable ones.

        Those of some questions only where there are any.
        """
        found = _means(self.answerable, weights) | _means(self.unanswerable, weights_un)
        found |= {name: _shares(values, weights) for name, values in self.of_some.items() if told(values).any()}
        if self._separation is not None:
            found["verdict_auroc"] = self._separation.auroc(weights, weights_un)
            for alarms in FALSE_ALARMS:
                found[caught_at(alarms)] = self._separation.caught(alarms, weights, weights_un)
        return found

    def once(self) -> dict[str, float]:
        """Every figure, each question counted once."""
        ones, ones_un = np.ones((1, len(self.confidence))), np.ones((1, len(self.confidence_un)))
        return {name: float(values[0]) for name, values in self.figures(ones, ones_un).items()}


def told(values: Values) -> npt.NDArray[np.bool_]:
    """The questions that have this measure."""
    return ~np.isnan(values)


def _shares(values: Values, weights: Values) -> Values:
    """The mean in each draw over questions that have the measure; in a draw without any, the mean of all."""
    there, right = told(values), np.nan_to_num(values)
    drawn = weights @ there.astype(np.float64)
    every = np.full(len(weights), right.sum() / there.sum())
    shares: Values = np.divide(weights @ right, drawn, out=every, where=drawn > 0)
    return shares


def caught_at(alarms: float) -> str:
    """The name of the figure: `caught_at_5_percent`."""
    return f"caught_at_{100 * alarms:.0f}_percent"


def intervals(sample: Sample) -> dict[str, Interval]:
    """Each figure with its 95 % interval over draws of the questions."""
    drawn = _joined(sample.figures(*weights) for weights in _draws(len(sample.confidence), len(sample.confidence_un)))
    return {name: Interval(value, *_ends(drawn[name])) for name, value in sample.once().items()}


def differences(former: Sample, now: Sample) -> dict[str, Difference]:
    """What changed from `former` to `now`, which hold the same questions in the same order, in what both measured.

    Means are tested by flipping the sign of each question's change (randomisation test, recommended for such figures by
    Smucker, Allan and Carterette 2007). For the others, which are not means, p is how often draws cross zero.
    """
    draws = _draws(len(now.confidence), len(now.confidence_un))
    drawn = _joined(_changes(former.figures(*weights), now.figures(*weights)) for weights in draws)
    before = former.once()
    changes = _changes(former.answerable, now.answerable) | _changes(former.unanswerable, now.unanswerable)
    for name in former.of_some.keys() & now.of_some.keys() & drawn.keys():
        change = now.of_some[name] - former.of_some[name]
        changes[name] = change[told(change)]
    return {
        name: Difference(
            value - before[name],
            *_ends(drawn[name]),
            randomisation(changes[name]) if name in changes else _crossing(drawn[name]),
        )
        for name, value in now.once().items()
        if name in before
    }


def randomisation(changes: Values) -> float:
    """Two-sided p of a mean change this far from 0, if each question could as well have changed the other way."""
    changes = changes[changes != 0]
    if not len(changes):
        return 1.0
    reached, chance = abs(changes.sum()) - 1e-9, np.random.default_rng(_SEED)
    as_far, done = 0, 0
    while done < FLIPS:
        flips = min(max(1, HELD // len(changes)), FLIPS - done)
        signs = chance.integers(0, 2, size=(flips, len(changes)), dtype=np.int8) * 2.0 - 1.0
        as_far += int((np.abs(signs @ changes) >= reached).sum())
        done += flips
    return (as_far + 1) / (FLIPS + 1)


def _crossing(drawn: Values) -> float:
    side = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return float(min(1.0, 2 * (side + 1) / (len(drawn) + 1)))


def _changes(former: Mapping[str, Values], now: Mapping[str, Values]) -> dict[str, Values]:
    return {name: values - former[name] for name, values in now.items() if name in former}


def _means(values: Mapping[str, Values], weights: Values) -> dict[str, Values]:
    if not values or not weights.shape[1]:
        return {}
    means = weights @ np.stack(list(values.values()), axis=1) / weights.sum(axis=1, keepdims=True)
    return dict(zip(values, means.T, strict=True))


def _draws(questions: int, questions_un: int) -> Iterator[tuple[Values, Values]]:
    """Weights of RESAMPLES draws, in blocks: each draw takes as many questions as there are, with replacement."""
    chance, done = np.random.default_rng(_SEED), 0
    while done < RESAMPLES:
        draws = min(max(1, HELD // (questions + questions_un)), RESAMPLES - done)
        yield _drawn(chance, draws, questions), _drawn(chance, draws, questions_un)
        done += draws


def _drawn(chance: np.random.Generator, draws: int, questions: int) -> Values:
    if not questions:
        return np.zeros((draws, 0))
    taken = chance.integers(questions, size=(draws, questions)) + questions * np.arange(draws)[:, None]
    return np.bincount(taken.ravel(), minlength=draws * questions).reshape(draws, questions).astype(np.float64)


def _joined(parts: Iterator[dict[str, Values]]) -> dict[str, Values]:
    whole = list(parts)
    return {name: np.concatenate([part[name] for part in whole]) for name in whole[0]}


def _ends(drawn: Values) -> tuple[float, float]:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return float(low), float(high)


def _running(weights: Values) -> Values:
    """Running sums of each row, from 0: shape (draws, questions + 1)."""
    return np.concatenate([np.zeros((len(weights), 1)), np.cumsum(weights, axis=1)], axis=1)
