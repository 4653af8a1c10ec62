"""Evaluations that never ran, for tests of what is reckoned and told of them."""

from __future__ import annotations

from handrail_search.evaluation.evaluate import Evaluation

from ..conftest import MODEL


def made(rows, outside=(), **more):
    """An evaluation that never ran."""
    facts = {"collection": "made", "digest": "d", "articles_digest": "a", "articles": 3, "encoder": MODEL}
    return Evaluation(**{**facts, "rows": tuple(rows), "outside": tuple(outside), "ms": (1.0, 3.0), **more})
