"""Evaluates search on judged questions with the same code that builds and serves a site.

Knows no files but the index, and nothing of how figures are shown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from handrail_kb import __version__
from handrail_kb.articles.front_matter import comparable
from handrail_kb.errors import ConfigError
from handrail_search.evaluation.cards import judged as judged_card
from handrail_search.evaluation.judged import FORMAT, Collection, LabelledQuestions, Question
from handrail_search.evaluation.metrics import (
    ANSWER_IN_CARD,
    ANSWER_IN_SECTION,
    CARD,
    DECISIVE_RIGHT,
    RIGHT_SECTION,
    Interval,
    Sample,
    Values,
    first_rank,
    intervals,
    ndcg,
    recall,
)
from handrail_search.index.build import Progress, build_index
from handrail_search.ranking.answer.card import AnswerCard
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.results import Hit
from handrail_search.ranking.searcher import Searcher

EVALUATION_FORMAT = "handrail-evaluation-1"
RANKING_DEPTH = 10
_IN_VIEW_DEPTH = 5


@dataclass(frozen=True)
class RankedAnswer:
    """The answer to one question: article ids best first, the verdict, its confidence, and milliseconds.

    `opened` is where each result leads, best first: the address of an article, or of a section in it. `in_view` are the
    articles of the `length` results that are shown without "Show more". `asked_back` says that the question was taken
    to be too broad for one answer.
    """

    articles: tuple[str, ...]
    verdict: str
    confidence: float
    ms: float
    opened: tuple[str, ...] = ()
    in_view: tuple[str, ...] = ()
    length: int = 0
    asked_back: bool = False
    card: AnswerCard | None = None


@dataclass(frozen=True)
class QuestionRow:
    """The result for an answerable question; `rank` is where the first article that helps stands, to RANKING_DEPTH.

    `section` is whether the first result of an article that helps opens a section that does; None where judgements name
    no sections, or no such article was found. `seen` is whether one of the first five articles in view helps, and
    `length` how many results are in view; None where it was not measured, as in files from before lists had an end.
    The last four are those of `cards.CardRow`.
    """

    id: str
    rank: int | None
    recall: float
    ndcg: float
    verdict: str
    confidence: float
    section: bool | None = None
    seen: bool | None = None
    length: int | None = None
    asked_back: bool = False
    card: bool | None = None
    answer_in_card: bool | None = None
    decisive: bool | None = None
    answer_in_section: bool | None = None


@dataclass(frozen=True)
class OutsideRow:
    """The result for a question that no article answers, or that is too broad for one."""

    id: str
    verdict: str
    confidence: float
    length: int | None = None
    asked_back: bool = False


@dataclass(frozen=True)
class TaughtBefore:
    """What was taught before asking, and what was left out: questions asked here too, and unknown articles."""

    folder: str
    questions: int
    asked_here: int
    unknown_articles: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """The results for a collection: a row for each question, in the collection's order, and their milliseconds."""

    collection: str
    digest: str
    articles_digest: str
    articles: int
    encoder: str
    rows: tuple[QuestionRow, ...]
    outside: tuple[OutsideRow, ...]
    ms: tuple[float, ...]
    taught: TaughtBefore | None = None
    unknown_articles: tuple[str, ...] = ()
    unknown_sections: tuple[str, ...] = ()
    broad: tuple[OutsideRow, ...] = ()

    @property
    def latency(self) -> dict[str, float]:
        """Milliseconds within which half and 95 % of all searches were answered."""
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


def evaluate(searcher: Searcher, collection: Collection, lesson: LabelledQuestions | None = None) -> Evaluation:
    """Ask every question, after teaching the lesson. Raises ConfigError when there is no question."""
    if not collection.questions:
        raise ConfigError("There is no judged question: no id of queries.jsonl stands in qrels.tsv.", FORMAT)
    taught = None
    if lesson:
        known, taught = teachable_part(lesson, collection, searcher, now=datetime.now(UTC))
        searcher.teach(known)
    manifest, pages = searcher.index.manifest, {page.location for page in searcher.index.pages}
    questions = [replace(one, relevant=_located(one.relevant, pages)) for one in collection.questions]
    sections = _sections(collection, pages)
    searcher.search("warm up")
    asked = [ask(searcher, question, pages) for question in questions]
    outside, broad = (
        [_without_answer(question, ask(searcher, question, pages)) for question in group]
        for group in (collection.unanswerable, collection.broad)
    )
    return Evaluation(
        collection=collection.name,
        digest=collection.digest,
        articles_digest=collection.articles_digest if collection.pages else manifest.files["passages.db"][:16],
        articles=len(pages),
        encoder=manifest.recipe.model,
        rows=tuple(
            row_of(question, found, accepted)
            for question, found, accepted in zip(questions, asked, sections, strict=True)
        ),
        outside=tuple(row for row, _ in outside),
        ms=(*(found.ms for found in asked), *(ms for _, ms in outside)),
        taught=taught,
        unknown_articles=tuple(sorted({article for one in questions for article in one.relevant} - pages)),
        unknown_sections=_unknown(sections, pages, searcher),
        broad=tuple(row for row, _ in broad),
    )


def _without_answer(question: Question, found: RankedAnswer) -> tuple[OutsideRow, float]:
    return OutsideRow(question.id, found.verdict, found.confidence, found.length, found.asked_back), found.ms


def ask(searcher: Searcher, question: Question, pages: Set[str]) -> RankedAnswer:
    """One question to search, timed."""
    began = time.perf_counter()
    results = searcher.search(question.text, limit=RANKING_DEPTH)
    ms = (time.perf_counter() - began) * 1000
    return RankedAnswer(
        articles=_articles(results.hits, pages),
        verdict=results.verdict,
        confidence=results.confidence,
        ms=ms,
        opened=tuple(hit.location for hit in results.hits),
        in_view=_articles(results.shown, pages),
        length=len(results.shown),
        asked_back=bool(results.may_mean),
        card=results.answer,
    )


def teachable_part(
    lesson: LabelledQuestions, collection: Collection, searcher: Searcher, *, now: datetime
) -> tuple[list[KnownAnswer], TaughtBefore]:
    """The part of a lesson that may be taught before the collection is asked: nothing that is asked itself.

    All questions count as coming from one file, as with an import. One without a date counts as asked `now`.
    """
    asked = (*collection.questions, *collection.unanswerable)
    ids, texts = {one.id for one in asked}, {comparable(one.text) for one in asked}
    fresh = [
        one for one in lesson.questions if one.question.id not in ids and comparable(one.question.text) not in texts
    ]
    pages = {page.location for page in searcher.index.pages}
    pairs = [(one, article) for one in fresh for article in _located(one.question.relevant, pages)]
    known = [
        KnownAnswer(one.question.text, article, "import", one.created or now, session=f"import:{lesson.name}")
        for one, article in pairs
        if article in pages
    ]
    return known, TaughtBefore(
        folder=lesson.name,
        questions=len({one.question.id for one, article in pairs if article in pages}),
        asked_here=len(lesson.questions) - len(fresh),
        unknown_articles=tuple(sorted({article for _, article in pairs} - pages)),
    )


def sample(rows: Sequence[QuestionRow], outside: Sequence[OutsideRow]) -> Sample:
    """Rows as arrays, by the names of the figures that are their means."""
    return Sample(
        answerable={
            "hit_at_1": np.array([float(row.rank == 1) for row in rows]),
            "hit_at_5": np.array([float(row.rank is not None and row.rank <= 5) for row in rows]),
            "recall_at_10": np.array([row.recall for row in rows]),
            "mrr_at_10": np.array([1.0 / row.rank if row.rank else 0.0 for row in rows]),
            "ndcg_at_10": np.array([row.ndcg for row in rows]),
            "none_on_answerable": np.array([float(row.verdict == "none") for row in rows]),
            "weak_on_answerable": np.array([float(row.verdict == "weak" and not row.asked_back) for row in rows]),
            "asked_back_on_answerable": np.array([float(row.asked_back) for row in rows]),
            **_measured_in_all("hit_at_5_in_view", [row.seen for row in rows]),
            **_measured_in_all("list_length", [row.length for row in rows]),
        },
        unanswerable={
            "none_on_unanswerable": np.array([float(row.verdict == "none") for row in outside]),
            "weak_on_unanswerable": np.array([float(row.verdict == "weak" and not row.asked_back) for row in outside]),
            "asked_back_on_unanswerable": np.array([float(row.asked_back) for row in outside]),
            **_measured_in_all("list_length_in_vain", [row.length for row in outside]),
        },
        of_some={
            RIGHT_SECTION: _measured_in_some([row.section for row in rows]),
            CARD: _measured_in_some([row.card for row in rows]),
            ANSWER_IN_CARD: _measured_in_some([row.answer_in_card for row in rows]),
            ANSWER_IN_SECTION: _measured_in_some([row.answer_in_section for row in rows]),
            DECISIVE_RIGHT: _measured_in_some([row.decisive for row in rows]),
        },
        confidence=np.array([row.confidence for row in rows], dtype=np.float64),
        confidence_un=np.array([row.confidence for row in outside], dtype=np.float64),
    )


def _measured_in_all(name: str, values: Sequence[float | None]) -> dict[str, Values]:
    """A figure that only newer evaluations have, where it was measured for each question."""
    measured = [float(value) for value in values if value is not None]
    return {name: np.array(measured)} if len(measured) == len(values) else {}


def _measured_in_some(values: Sequence[bool | None]) -> Values:
    return np.array([np.nan if value is None else float(value) for value in values])


def evaluation_as_json(evaluation: Evaluation, **more: object) -> str:
    """All figures and a row for each question, by id, without any words."""
    figures = {name: _rounded(interval) for name, interval in evaluation.figures().items()}
    return json.dumps(
        {
            "format": EVALUATION_FORMAT,
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
            "broad": [asdict(row) for row in evaluation.broad],
        },
        indent=1,
    )


def row_of(question: Question, found: RankedAnswer, accepted: Set[str] = frozenset()) -> QuestionRow:
    """The row for an answer, with its measures. `accepted` are the places that answer, where judgements name sections.

    `question.relevant` has the articles as the index names them.
    """
    ranked, relevant = found.articles, question.relevant
    return QuestionRow(
        id=question.id,
        rank=first_rank(ranked, relevant, RANKING_DEPTH),
        recall=round(recall(ranked, relevant, RANKING_DEPTH), 4),
        ndcg=round(ndcg(ranked, relevant, RANKING_DEPTH), 4),
        verdict=found.verdict,
        confidence=found.confidence,
        section=_opens_right(found.opened, relevant, accepted),
        seen=first_rank(found.in_view, relevant, _IN_VIEW_DEPTH) is not None,
        length=found.length,
        asked_back=found.asked_back,
        **asdict(judged_card(found.card, question.answer, accepted)),
    )


def _opens_right(opened: Sequence[str], relevant: Mapping[str, float], accepted: Set[str]) -> bool | None:
    """Whether the first result of an article that helps leads to an accepted place; None where that cannot be said."""
    if not accepted:
        return None
    own = (place for place in opened if place in relevant or place.rpartition("#")[0] in relevant)
    first = next(own, None)
    return None if first is None else first in accepted


def _articles(hits: Sequence[Hit], pages: Set[str]) -> tuple[str, ...]:
    """The ids of the articles found, each followed by its near-duplicates shown in the same result.

    An id of a collection may contain a `#`, as the address of a section does.
    """
    places = [place for hit in hits for place in (hit.location, *(other.location for other in hit.sections))]
    return tuple(dict.fromkeys(place if place in pages else place.partition("#")[0] for place in places))


def _located(relevant: Mapping[str, float], pages: Set[str]) -> dict[str, float]:
    """Articles by their address in the index, where known; `billing/vat.md` and `/billing/vat` are the same one.

    Of an article of which several sections help, the highest score counts.
    """
    found: dict[str, float] = {}
    for named, score in relevant.items():
        article, _ = _place(named, pages)
        found[article] = max(score, found.get(article, 0.0))
    return found


def _sections(collection: Collection, pages: Set[str]) -> list[frozenset[str]]:
    """The places that answer each question; all empty where no judgement names a section.

    Where one does, an article named without an anchor means its beginning.
    """
    places = [[_place(named, pages) for named in question.relevant] for question in collection.questions]
    if not any(anchor for own in places for _, anchor in own):
        return [frozenset() for _ in places]
    return [frozenset(f"{article}#{anchor}" if anchor else article for article, anchor in own) for own in places]


def _unknown(sections: Sequence[Set[str]], pages: Set[str], searcher: Searcher) -> tuple[str, ...]:
    """Sections that judgements name and the index has not, of articles that it has."""
    there = pages | {location for (location,) in searcher.index.db.execute("SELECT DISTINCT location FROM passages")}
    return tuple(sorted(place for place in set().union(*sections) - there if place.rpartition("#")[0] in pages))


def _place(named: str, pages: Set[str]) -> tuple[str, str]:
    """The article that a judgement names, and the anchor of a section; an article's own id may contain a `#`."""
    article = _address(named, pages)
    if article in pages or "#" not in named:
        return article, ""
    page, _, anchor = named.rpartition("#")
    return _address(page, pages), unquote(anchor)


def _address(article: str, pages: Set[str]) -> str:
    bare = article.removeprefix("/")
    stem = bare.removesuffix(".md")
    folder = "" if stem == "index" else stem.removesuffix("/index") + "/"
    return next((place for place in (article, bare, folder, f"{stem}.html") if place in pages), article)


def _rounded(interval: Interval) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(interval).items()}
