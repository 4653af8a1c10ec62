"""How good search is on judged questions: corpus.jsonl, queries.jsonl, qrels.tsv and, if any, oos_queries.jsonl.

`corpus.jsonl` holds articles (`_id`, `title`, `text`, optional `summary`), `queries.jsonl` questions (`_id`, `text`),
`qrels.tsv` which article answers which question (`query-id`, `corpus-id`, `score`), `oos_queries.jsonl` questions that
no article answers. Questions without a judgement are left out. Uses the same code that builds and serves a site.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handrail_kb.errors import ConfigError
from handrail_kb.passages import Page, Passage, pack, whole
from handrail_search.build import Progress, build_index
from handrail_search.query import Results, Searcher

DEPTH = 10
_HIGHEST_SCORE = 10


@dataclass(frozen=True)
class Question:
    """A judged question; `relevant` maps article ids to gains (1 helps, 2 answers), empty where nothing answers it."""

    id: str
    text: str
    relevant: Mapping[str, float]


@dataclass(frozen=True)
class Collection:
    """Articles and the questions that were judged against them."""

    name: str
    pages: tuple[Page, ...]
    questions: tuple[Question, ...]
    unanswerable: tuple[Question, ...]


@dataclass(frozen=True)
class Ranking:
    """What search gave for one question: article ids best first, the verdict, its confidence, and milliseconds."""

    articles: tuple[str, ...]
    verdict: str
    confidence: float
    ms: float


@dataclass(frozen=True)
class Figures:
    """Means over the answerable questions, and how well the verdict tells them from the unanswerable ones.

    `verdict_auroc` is the chance that an answerable question has more confidence than an unanswerable one (0.5 is
    guessing). `none_on_answerable` are false alarms, `none_on_unanswerable` are the ones rightly caught; None where
    there are no unanswerable questions.
    """

    questions: int
    unanswerable: int
    articles: int
    hit_at_1: float
    hit_at_5: float
    ndcg_at_10: float
    mrr_at_10: float
    recall_at_10: float
    verdict_auroc: float | None
    none_on_answerable: float
    weak_on_answerable: float
    none_on_unanswerable: float | None
    weak_on_unanswerable: float | None
    ms_p50: float
    ms_p95: float

    def to_json(self) -> str:
        """All figures as JSON."""
        return json.dumps(asdict(self), indent=1)


def read_collection(folder: Path) -> Collection:
    """Read a folder of judged questions. Raises ConfigError naming the file and line that is wrong."""
    qrels = _read_qrels(folder / "qrels.tsv")
    questions = [
        Question(str(row["_id"]), str(row["text"]), qrels[str(row["_id"])])
        for row in _read_lines(folder / "queries.jsonl", "text")
        if str(row["_id"]) in qrels
    ]
    outside = folder / "oos_queries.jsonl"
    unanswerable = (
        [Question(str(row["_id"]), str(row["text"]), {}) for row in _read_lines(outside, "text")]
        if outside.exists()
        else []
    )
    return Collection(
        name=folder.resolve().name,
        pages=tuple(_page(row) for row in _read_lines(folder / "corpus.jsonl")),
        questions=tuple(questions),
        unanswerable=tuple(unanswerable),
    )


def evaluate(collection: Collection, state_dir: Path, model: str, *, progress: Progress | None = None) -> Figures:
    """Index the collection below `state_dir` (kept, so that the next run is quick) and ask every question."""
    home = state_dir / "evaluate" / f"{collection.name}-{_digest(collection)}"
    built = build_index(collection.pages, home, model, progress=progress, encoders=state_dir / "encoder")
    searcher = Searcher.open(built.folder)
    searcher.search("warm up")
    answered = [ask(searcher, question.text) for question in collection.questions]
    unanswered = [ask(searcher, question.text) for question in collection.unanswerable]
    return measure(collection.questions, answered, unanswered, len(collection.pages))


def ask(searcher: Searcher, text: str) -> Ranking:
    """One question to search, timed."""
    began = time.perf_counter()
    results = searcher.search(text, limit=DEPTH)
    return Ranking(_articles(results), results.verdict, results.confidence, (time.perf_counter() - began) * 1000)


def measure(
    questions: Sequence[Question], answered: Sequence[Ranking], unanswered: Sequence[Ranking], articles: int
) -> Figures:
    """Figures from rankings; `answered` stand in the order of `questions`."""
    if not questions:
        raise ConfigError("There is no judged question: no id of queries.jsonl stands in qrels.tsv.")
    pairs = list(
        zip((ranking.articles for ranking in answered), (question.relevant for question in questions), strict=True)
    )
    ms = [ranking.ms for ranking in (*answered, *unanswered)]
    return Figures(
        questions=len(questions),
        unanswerable=len(unanswered),
        articles=articles,
        hit_at_1=_mean([hit(ranked, relevant, 1) for ranked, relevant in pairs]),
        hit_at_5=_mean([hit(ranked, relevant, 5) for ranked, relevant in pairs]),
        ndcg_at_10=_mean([ndcg(ranked, relevant, DEPTH) for ranked, relevant in pairs]),
        mrr_at_10=_mean([reciprocal_rank(ranked, relevant, DEPTH) for ranked, relevant in pairs]),
        recall_at_10=_mean([recall(ranked, relevant, DEPTH) for ranked, relevant in pairs]),
        verdict_auroc=auroc([r.confidence for r in answered], [r.confidence for r in unanswered]),
        none_on_answerable=_share(answered, "none"),
        weak_on_answerable=_share(answered, "weak"),
        none_on_unanswerable=_share(unanswered, "none") if unanswered else None,
        weak_on_unanswerable=_share(unanswered, "weak") if unanswered else None,
        ms_p50=round(float(np.percentile(ms, 50)), 2),
        ms_p95=round(float(np.percentile(ms, 95)), 2),
    )


def hit(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """1 when any of the first `depth` articles helps."""
    return float(any(article in relevant for article in ranked[:depth]))


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """1 / rank of the first article that helps, 0 when none of the first `depth` does."""
    return next((1.0 / rank for rank, article in enumerate(ranked[:depth], start=1) if article in relevant), 0.0)


def recall(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """Share of the helping articles that stand among the first `depth`."""
    return sum(article in relevant for article in ranked[:depth]) / len(relevant)


def ndcg(ranked: Sequence[str], relevant: Mapping[str, float], depth: int) -> float:
    """Normalised discounted cumulative gain with gains 2^score - 1 (Burges et al. 2005)."""
    gains = [2 ** relevant.get(article, 0.0) - 1 for article in ranked[:depth]]
    ideal = [2**score - 1 for score in sorted(relevant.values(), reverse=True)[:depth]]
    return _discounted(gains) / _discounted(ideal)


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float | None:
    """Chance that a random answerable question has more confidence than a random unanswerable one; ties count half."""
    if not answerable or not unanswerable:
        return None
    high, low = np.array(answerable)[:, None], np.array(unanswerable)[None, :]
    return float(((high > low) + 0.5 * (high == low)).mean())


def to_table(figures: Figures) -> str:
    """The figures for a terminal, a line each, with what each means."""
    none = "no unanswerable questions in this folder"
    rows: list[tuple[str, float | None, str]] = [
        ("hit@1", figures.hit_at_1, "first result helps"),
        ("hit@5", figures.hit_at_5, "one of the first five helps"),
        ("nDCG@10", figures.ndcg_at_10, "how far up the helping articles stand"),
        ("MRR@10", figures.mrr_at_10, "mean of 1 / rank of the first that helps"),
        ("recall@10", figures.recall_at_10, "share of all helping articles found"),
        ("verdict AUROC", figures.verdict_auroc, "telling answerable from unanswerable; 0.5 is guessing"),
        ("false alarms", figures.none_on_answerable, "answerable questions told 'no article'"),
        ("caught", figures.none_on_unanswerable, "unanswerable questions told 'no article'"),
    ]
    head = (
        f"{figures.questions} answerable and {figures.unanswerable} unanswerable questions, {figures.articles} articles"
    )
    body = [f"  {name:<14} {value:.3f}  {meaning}" if value is not None else f"  {name:<14} -      {none}"
            for name, value, meaning in rows]  # fmt: skip
    return "\n".join([head, *body, f"  {'latency':<14} p50 {figures.ms_p50:.1f} ms, p95 {figures.ms_p95:.1f} ms"])


def _articles(results: Results) -> tuple[str, ...]:
    return tuple(hit.location.partition("#")[0] for hit in results.hits)


def _page(row: Mapping[str, Any]) -> Page:
    blocks = [line.strip() for line in whole(str(row.get("text", ""))).split("\n") if line.strip()]
    location = whole(str(row["_id"]))
    return Page(
        location=location,
        title=whole(str(row.get("title", ""))),
        description=whole(str(row.get("summary") or "")),
        passages=tuple(Passage(location, "", (), text) for text in pack(blocks)),
    )


def _read_lines(file: Path, *needed: str) -> list[dict[str, Any]]:
    """The objects of a file with one in each line, all of which have `_id` and what else is needed."""
    rows = []
    for number, line in enumerate(_text_of(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{file}:{number}: this is not JSON: {line[:60].strip()!r}.") from error
        if not isinstance(row, dict) or not {"_id", *needed} <= row.keys():
            names = " and ".join(f"`{name}`" for name in ("_id", *needed))
            raise ConfigError(f"{file}:{number}: expected an object with {names}, but found {line[:60].strip()!r}.")
        rows.append(row)
    return rows


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = f"{file} is missing." if isinstance(error, FileNotFoundError) else f"{file} cannot be read: {error}."
        raise ConfigError(what, "See what a folder of judged questions holds: handrail evaluate --help") from error


def _read_qrels(file: Path) -> dict[str, dict[str, float]]:
    """Gains by question and article; rows with score 0 say that an article does not help."""
    qrels: dict[str, dict[str, float]] = {}
    for number, line in enumerate(_text_of(file).split("\n")[1:], start=2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        try:
            question, article, score = cells[0], cells[1], float(cells[2])
        except (IndexError, ValueError) as error:
            raise ConfigError(
                f"{file}:{number}: expected question, article and score with tabs between, but found {line[:60]!r}."
            ) from error
        if not 0 <= score <= _HIGHEST_SCORE:
            raise ConfigError(f"{file}:{number}: expected a score from 0 to {_HIGHEST_SCORE}, but found {cells[2]!r}.")
        if score > 0:
            qrels.setdefault(question, {})[article] = score
    return qrels


def _digest(collection: Collection) -> str:
    return hashlib.sha256(repr(collection.pages).encode("utf-8", "replace")).hexdigest()[:8]


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def _share(rankings: Sequence[Ranking], verdict: str) -> float:
    return round(sum(ranking.verdict == verdict for ranking in rankings) / len(rankings), 4)
