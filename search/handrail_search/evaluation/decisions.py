"""How well answering, asking back and saying that there is no article are told apart. Pure.

A question is answerable, too broad for one answer, or without an article; search answers, asks back, or says that there
is no article. The three belong together in this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handrail_search.evaluation.evaluate import Evaluation, OutsideRow, QuestionRow

KINDS = ("answerable", "broad", "no article")
DECISIONS = ("answers", "asks back", "says none")


@dataclass(frozen=True)
class Decisions:
    """How many questions of each kind were decided how: rows as in KINDS, columns as in DECISIONS."""

    counts: tuple[tuple[int, ...], ...]

    def precision(self, number: int) -> float | None:
        """Of the questions so decided, the share of the kind that this decision is for; None when there are none."""
        return _share(self.counts[number][number], [row[number] for row in self.counts])

    def recall(self, number: int) -> float | None:
        """Of the questions of a kind, the share that was decided as it should be; None when there are none."""
        return _share(self.counts[number][number], self.counts[number])


def decisions(evaluation: Evaluation) -> Decisions:
    """The decisions on the questions of an evaluation."""
    return Decisions((_counts(evaluation.rows), _counts(evaluation.broad), _counts(evaluation.outside)))


def _counts(rows: Sequence[QuestionRow | OutsideRow]) -> tuple[int, ...]:
    back = sum(row.asked_back for row in rows)
    none = sum(row.verdict == "none" for row in rows)
    return len(rows) - back - none, back, none


def _share(right: int, counts: Sequence[int]) -> float | None:
    return right / sum(counts) if sum(counts) else None
