"""Compares two evaluations of the same questions: what moved, and whether that is more than chance.

The former one is a file that `handrail evaluate --json` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from handrail_kb.errors import ConfigError
from handrail_search.evaluation.evaluate import (
    EVALUATION_FORMAT,
    RANKING_DEPTH,
    Evaluation,
    OutsideRow,
    QuestionRow,
    sample,
)
from handrail_search.evaluation.metrics import Difference, differences

AnyRow = TypeVar("AnyRow", QuestionRow, OutsideRow)

_MAKE_ONE = "Make one: handrail evaluate DIR --json > former.json"
_MAX_BYTES = 500_000_000
_YES_OR_NO = ("section", "seen", "asked_back", "card", "answer_in_card", "decisive", "answer_in_section")
_VERDICTS = ("answered", "weak", "none")


@dataclass(frozen=True)
class Former:
    """An earlier evaluation, as read from its file."""

    file: str
    digest: str
    articles_digest: str
    encoder: str
    learned: int
    rows: tuple[QuestionRow, ...]
    outside: tuple[OutsideRow, ...]


@dataclass(frozen=True)
class MovedRank:
    """A question whose first helping article has another rank now; None is not among the first RANKING_DEPTH."""

    id: str
    text: str
    former: int | None
    now: int | None

    @property
    def gain(self) -> float:
        """The change of 1 / rank: moves near the top count most."""
        return _reciprocal(self.now) - _reciprocal(self.former)


@dataclass(frozen=True)
class Comparison:
    """What changed since `former`: differences by figure, and the questions that moved, biggest move first."""

    former: Former
    same_articles: bool
    differences: Mapping[str, Difference]
    worse: tuple[MovedRank, ...]
    better: tuple[MovedRank, ...]


def read_former(file: Path) -> Former:
    """Read what `handrail evaluate --json` wrote. Raises ConfigError when the file is something else."""
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it holds more than {_MAX_BYTES // 1_000_000} MB")
        found = json.loads(file.read_text(encoding="utf-8-sig"))
        if not isinstance(found, dict) or found.get("format") != EVALUATION_FORMAT:
            raise ValueError(f'`"format": "{EVALUATION_FORMAT}"` is not there')
        return _former(found, str(file))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"{file} is not what `handrail evaluate --json` writes: {_reason(error)}."
        raise ConfigError(what, _MAKE_ONE) from error


def compare(former: Former, now: Evaluation, texts: Sequence[str]) -> Comparison:
    """Compare with a former evaluation of the same questions; `texts` are the questions, in the order of the rows.

    Raises ConfigError when the former one had other questions or other judgements.
    """
    ids = [[row.id for row in rows] for rows in (former.rows, former.outside, now.rows, now.outside)]
    if former.digest != now.digest or ids[:2] != ids[2:]:
        raise ConfigError(
            f"{former.file} was measured on other questions or judgements (digest {former.digest}) than those of "
            f"{now.collection} (digest {now.digest}): their figures cannot be compared.",
            "Measure the folder of today with the former version: handrail evaluate DIR --json > former.json",
        )
    moved = [
        MovedRank(new.id, text, old.rank, new.rank)
        for old, new, text in zip(former.rows, now.rows, texts, strict=True)
        if old.rank != new.rank
    ]
    moved.sort(key=lambda one: -abs(one.gain))
    return Comparison(
        former=former,
        same_articles=former.articles_digest == now.articles_digest,
        differences=differences(sample(former.rows, former.outside), sample(now.rows, now.outside)),
        worse=tuple(one for one in moved if one.gain < 0),
        better=tuple(one for one in moved if one.gain > 0),
    )


def for_json(comparison: Comparison) -> dict[str, object]:
    """A comparison for `evaluation_as_json`: ids and ranks, no words."""
    return {
        "former": comparison.former.file,
        "same_articles": comparison.same_articles,
        "differences": {
            name: {key: round(value, 4) for key, value in asdict(found).items()}
            for name, found in comparison.differences.items()
        },
        "worse": [_without_words(moved) for moved in comparison.worse],
        "better": [_without_words(moved) for moved in comparison.better],
    }


def _without_words(moved: MovedRank) -> dict[str, object]:
    return {"id": moved.id, "former": moved.former, "now": moved.now}


def _former(found: Mapping[str, Any], file: str) -> Former:
    learned = found["learned"]
    return Former(
        file=file,
        digest=str(found["digest"]),
        articles_digest=str(found["articles_digest"]),
        encoder=str(found["encoder"]),
        learned=int(learned["questions"]) if learned else 0,
        rows=tuple(_checked(QuestionRow(**row)) for row in found["questions"]),
        outside=tuple(_checked(OutsideRow(**row)) for row in found["unanswerable"]),
    )


def _checked(row: AnyRow) -> AnyRow:
    shares = [row.confidence, row.recall, row.ndcg] if isinstance(row, QuestionRow) else [row.confidence]
    rank = row.rank if isinstance(row, QuestionRow) else None
    right = (
        isinstance(row.id, str)
        and row.verdict in _VERDICTS
        and all(isinstance(share, int | float) and abs(share) <= RANKING_DEPTH for share in shares)
        and (rank is None or (isinstance(rank, int) and 1 <= rank <= RANKING_DEPTH))
        and all(getattr(row, name, None) in (None, True, False) for name in _YES_OR_NO)
        and (row.length is None or (isinstance(row.length, int) and 0 <= row.length <= RANKING_DEPTH))
    )
    if not right:
        raise ValueError(f"the row of {str(row.id)[:60]!r} holds what cannot be")
    return row


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"`{error.args[0]}` is missing"
    return str(error)[:200] or type(error).__name__


def _reciprocal(rank: int | None) -> float:
    return 1.0 / rank if rank else 0.0
