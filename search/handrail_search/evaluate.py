"""How good search is on judged questions: every question is asked, by the same code that builds and serves a site.

Knows no files but the index, and nothing of how figures are shown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from handrail_kb import __version__
from handrail_kb.errors import ConfigError
from handrail_search.build import Progress, build_index
from handrail_search.judged import Collection, Lesson, Question
from handrail_search.learned import Known
from handrail_search.measures import Interval, Sample, first_rank, intervals, ndcg, recall
from handrail_search.query import Results, Searcher

FORMAT = "handrail-evaluation-1"
DEPTH = 10


@dataclass(frozen=True)
class Answer:
    """What search gave for one question: article ids best first, the verdict, its confidence, and milliseconds."""

    articles: tuple[str, ...]
    verdict: str
    confidence: float
    ms: float


@dataclass(frozen=True)
class Row:
    """What search gave for an answerable question; `rank` is the place of the first article that helps, to DEPTH."""

    id: str
    rank: int | None
    recall: float
    ndcg: float
    verdict: str
    confidence: float


@dataclass(frozen=True)
class OutsideRow:
    """What search said to a question that no article answers."""

    id: str
    verdict: str
    confidence: float


@dataclass(frozen=True)
class Taught:
    """What was taught before asking, and what was not: questions asked here too, and articles that are not there."""

    folder: str
    questions: int
    asked_here: int
    unknown_articles: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """A collection asked once: a row for each question, in the collection's order, and the milliseconds of each."""

    collection: str
    digest: str
    articles_digest: str
    articles: int
    encoder: str
    rows: tuple[Row, ...]
    outside: tuple[OutsideRow, ...]
    ms: tuple[float, ...]
    taught: Taught | None = None
    unknown_articles: tuple[str, ...] = ()

    @property
    def latency(self) -> dict[str, float]:
        """Milliseconds that half and 95 % of all searches stay under."""
        return {f"p{share}": round(float(np.percentile(self.ms, share)), 2) for share in (50, 95)}

    def figures(self) -> dict[str, Interval]:
        """All figures by name, with their intervals; those of the verdict only with unanswerable questions."""
        return intervals(sample(self.rows, self.outside))


def indexed(collection: Collection, state_dir: Path, model: str, *, progress: Progress | None = None) -> Searcher:
    """Search over the collection's articles; their index is kept below `state_dir`, so that the next run is quick."""
    home = state_dir / "evaluate" / collection.articles_digest
    return Searcher.open(
        build_index(collection.pages, home, model, progress=progress, encoders=state_dir / "encoder").folder
    )


def evaluate(searcher: Searcher, collection: Collection, lesson: Lesson | None = None) -> Evaluation:
    """Ask every question, after teaching the lesson. Raises ConfigError when there is no question."""
    if not collection.questions:
        raise ConfigError("There is no judged question: no id of queries.jsonl stands in qrels.tsv.")
    taught = None
    if lesson:
        known, taught = prepare(lesson, collection, searcher, now=datetime.now(UTC))
        searcher.teach(known)
    manifest, pages = searcher.index.manifest, {page.location for page in searcher.index.pages}
    questions = [replace(one, relevant=_located(one.relevant, pages)) for one in collection.questions]
    searcher.search("warm up")
    asked = [ask(searcher, question, pages) for question in questions]
    outside = [ask(searcher, question, pages) for question in collection.unanswerable]
    return Evaluation(
        collection=collection.name,
        digest=collection.digest,
        articles_digest=collection.articles_digest if collection.pages else manifest.files["passages.db"][:16],
        articles=len(pages),
        encoder=manifest.recipe.model,
        rows=tuple(row_of(question, found) for question, found in zip(questions, asked, strict=True)),
        outside=tuple(
            OutsideRow(question.id, found.verdict, found.confidence)
            for question, found in zip(collection.unanswerable, outside, strict=True)
        ),
        ms=tuple(found.ms for found in (*asked, *outside)),
        taught=taught,
        unknown_articles=tuple(sorted({article for one in questions for article in one.relevant} - pages)),
    )


def ask(searcher: Searcher, question: Question, pages: Set[str]) -> Answer:
    """One question to search, timed."""
    began = time.perf_counter()
    results = searcher.search(question.text, limit=DEPTH)
    ms = (time.perf_counter() - began) * 1000
    return Answer(_articles(results, pages), results.verdict, results.confidence, ms)


def prepare(lesson: Lesson, collection: Collection, searcher: Searcher, *, now: datetime) -> tuple[list[Known], Taught]:
    """What of a lesson may be taught before the collection is asked: nothing that is asked itself.

    All come from one file, as with an import. A question without a date counts as asked `now`.
    """
    asked = (*collection.questions, *collection.unanswerable)
    ids, texts = {one.id for one in asked}, {_plain(one.text) for one in asked}
    fresh = [one for one in lesson.questions if one.question.id not in ids and _plain(one.question.text) not in texts]
    pages = {page.location for page in searcher.index.pages}
    pairs = [(one, article) for one in fresh for article in _located(one.question.relevant, pages)]
    known = [
        Known(one.question.text, article, "import", one.created or now, session=f"import:{lesson.name}")
        for one, article in pairs
        if article in pages
    ]
    return known, Taught(
        folder=lesson.name,
        questions=len({one.question.id for one, article in pairs if article in pages}),
        asked_here=len(lesson.questions) - len(fresh),
        unknown_articles=tuple(sorted({article for _, article in pairs} - pages)),
    )


def sample(rows: Sequence[Row], outside: Sequence[OutsideRow]) -> Sample:
    """Rows as arrays, by the names of the figures that are their means."""
    return Sample(
        answerable={
            "hit_at_1": np.array([float(row.rank == 1) for row in rows]),
            "hit_at_5": np.array([float(row.rank is not None and row.rank <= 5) for row in rows]),
            "recall_at_10": np.array([row.recall for row in rows]),
            "mrr_at_10": np.array([1.0 / row.rank if row.rank else 0.0 for row in rows]),
            "ndcg_at_10": np.array([row.ndcg for row in rows]),
            "none_on_answerable": np.array([float(row.verdict == "none") for row in rows]),
            "weak_on_answerable": np.array([float(row.verdict == "weak") for row in rows]),
        },
        unanswerable={
            "none_on_unanswerable": np.array([float(row.verdict == "none") for row in outside]),
            "weak_on_unanswerable": np.array([float(row.verdict == "weak") for row in outside]),
        },
        confidence=np.array([row.confidence for row in rows], dtype=np.float64),
        confidence_un=np.array([row.confidence for row in outside], dtype=np.float64),
    )


def to_json(evaluation: Evaluation, **more: object) -> str:
    """All figures and a row for each question, by id: no words of anybody."""
    figures = {name: _rounded(interval) for name, interval in evaluation.figures().items()}
    return json.dumps(
        {
            "format": FORMAT,
            "handrail": __version__,
            "collection": evaluation.collection,
            "digest": evaluation.digest,
            "articles": evaluation.articles,
            "articles_digest": evaluation.articles_digest,
            "encoder": evaluation.encoder,
            "learned": asdict(evaluation.taught) if evaluation.taught else None,
            "unknown_articles": evaluation.unknown_articles,
            "figures": figures,
            "latency_ms": evaluation.latency,
            **more,
            "questions": [asdict(row) for row in evaluation.rows],
            "unanswerable": [asdict(row) for row in evaluation.outside],
        },
        indent=1,
    )


def row_of(question: Question, found: Answer) -> Row:
    """What an answer is worth."""
    ranked, relevant = found.articles, question.relevant
    return Row(
        id=question.id,
        rank=first_rank(ranked, relevant, DEPTH),
        recall=round(recall(ranked, relevant, DEPTH), 4),
        ndcg=round(ndcg(ranked, relevant, DEPTH), 4),
        verdict=found.verdict,
        confidence=found.confidence,
    )


def _articles(results: Results, pages: Set[str]) -> tuple[str, ...]:
    """The ids of the articles found, each followed by those that say nearly the same and stand in the same result.

    An id of a collection may hold a `#`, as the address of a section does.
    """
    places = [place for hit in results.hits for place in (hit.location, *(other.location for other in hit.sections))]
    return tuple(dict.fromkeys(place if place in pages else place.partition("#")[0] for place in places))


def _located(relevant: Mapping[str, float], pages: set[str]) -> dict[str, float]:
    """Articles by their address in the index, where one is known; `billing/vat.md` and `/billing/vat` are one too."""
    return {_address(article, pages): score for article, score in relevant.items()}


def _address(article: str, pages: set[str]) -> str:
    bare = article.removeprefix("/")
    stem = bare.removesuffix(".md")
    folder = "" if stem == "index" else stem.removesuffix("/index") + "/"
    return next((place for place in (article, bare, folder, f"{stem}.html") if place in pages), article)


def _plain(text: str) -> str:
    """A question as it is compared with others: case, spaces and the question mark do not matter."""
    return " ".join(text.casefold().split()).rstrip("?.! ")


def _rounded(interval: Interval) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(interval).items()}
