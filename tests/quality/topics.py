"""Measures topics: questions grouped by meaning, beside groupings that are told how many there are.

Beside them, the messages that the desk shows as similar.

    python tests/quality/topics.py            print the tables
    python tests/quality/topics.py --write    and renew docs/leads/topics-quality.md and docs/agents/similar-messages.md
                                              (make topics-quality)

A label is what people said a question is about: the company's intent, or the article that answered it. Nothing here
passes or fails. Vectors are kept in .handrail/quality: the first run encodes 28,000 questions in about two minutes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from parts import similar
from places import EVALDATA, KEPT, ROOT, absent, put_into, say
from sets import THUNDERBIRD, halves, searcher
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from handrail_feedback.records.searches import shape
from handrail_feedback.records.topics import Vectors
from handrail_feedback.topics.grouping import centre_of, centred, group
from handrail_kb import __version__
from handrail_search.embedding.vector_cache import KnownVectors
from handrail_search.evaluation.judged import read_collection
from handrail_search.ranking.searcher import Searcher

PAGE = ROOT / "docs" / "leads" / "topics-quality.md"
LOG = EVALDATA / "querylog-thunderbird" / "querylog.jsonl"
SIMILAR_PAGE = ROOT / "docs" / "agents" / "similar-messages.md"
_SEEDS = 5
_SMALLEST = (2, 3, 5, 10)
Groups = Sequence[int]


@dataclass(frozen=True)
class Labelled:
    """Questions with what each is about; vectors centred as the product does. `tuned_on`: numbers were chosen here."""

    name: str
    questions: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: Vectors
    tuned_on: bool


def labelled_sets() -> Iterator[Labelled]:
    """Every set, those that numbers were chosen on first."""
    earlier, later = halves(THUNDERBIRD, KEPT / "halves")
    hint3 = EVALDATA / "hint3"
    yield _labelled("CureKart, intents", hint3 / "curekart", tuned_on=True)
    yield _labelled("Thunderbird, earlier half, articles", earlier, tuned_on=True)
    yield _labelled("PowerPlay11, intents", hint3 / "powerplay11")
    yield _labelled("Thunderbird, later half, articles", later)
    yield _labelled("StackExchange FAQ, ten wordings each", EVALDATA / "stackfaq")


def _labelled(name: str, folder: Path, *, tuned_on: bool = False) -> Labelled:
    say(name)
    collection = read_collection(folder)
    engine = searcher(collection)
    questions = tuple(one.text for one in collection.questions)
    labels = tuple(max(one.relevant, key=lambda article: one.relevant[article]) for one in collection.questions)
    vectors = encoded(engine, questions)
    centre = centre_of(vectors, engine.index.vectors.all_vectors().mean(axis=0))
    return Labelled(name, questions, labels, centred(vectors, centre), tuned_on)


def encoded(engine: Searcher, questions: Sequence[str]) -> Vectors:
    """The questions' vectors, those of earlier runs from a file."""
    recipe = engine.index.manifest.recipe
    file = KnownVectors(KEPT / f"topic-vectors-{len(set(questions))}.db", recipe.fingerprint, recipe.dimensions)
    kept = dict(file.read(questions))
    fresh = [question for question in dict.fromkeys(questions) if question not in kept]
    encoder = engine.index.encoder()
    kept |= {question: encoder.encode_query(question) for question in fresh}
    if fresh:
        file.write(kept)
    return np.stack([kept[question] for question in questions])


def outcomes(one: Labelled) -> dict[str, Any]:
    """Our groups and those of others on the same vectors; the others' best where they have something to choose."""
    topics = len(set(one.labels))
    kmeans = [KMeans(topics, n_init=3, random_state=seed).fit_predict(one.vectors) for seed in range(_SEEDS)]
    density = [_hdbscan(one.vectors, smallest) for smallest in _SMALLEST]
    return {
        "name": one.name,
        "questions": len(one.questions),
        "topics": topics,
        "tuned_on": one.tuned_on,
        "handrail": figures(one.labels, [group(one.vectors)]),
        "k-means": figures(one.labels, kmeans),
        "alone": figures(one.labels, [range(len(one.labels))]),
        "hdbscan": max((figures(one.labels, [found]) for found in density), key=lambda found: found["ari"]),
    }


def _hdbscan(vectors: Vectors, smallest: int) -> Groups:
    """Its groups, each question that it calls noise by itself: in one heap they would score far worse."""
    found = HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(vectors.astype(np.float64))
    alone = np.flatnonzero(found < 0)
    found[alone] = found.max() + 1 + np.arange(len(alone))
    return [int(number) for number in found]


def figures(labels: Sequence[str], runs: Sequence[Groups]) -> dict[str, float]:
    """The mean over several runs of each measure, and of how many groups there were."""
    measures = {"v": v_measure_score, "ari": adjusted_rand_score, "ami": adjusted_mutual_info_score}
    means = {name: float(np.mean([measure(labels, run) for run in runs])) for name, measure in measures.items()}
    return means | {"groups": float(np.mean([len(set(run)) for run in runs]))}


def whole_log() -> dict[str, Any]:
    """All questions of two years grouped at once: how long it takes, and how well the labelled among them fare."""
    say("27,568 questions at once")
    rows = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
    wordings = {shape(row["q"]): row["q"][:500] for row in rows}
    collection = read_collection(THUNDERBIRD)
    vectors = encoded(searcher(collection), list(wordings.values()))
    began, worked = time.perf_counter(), time.process_time()
    groups = group(centred(vectors, centre_of(vectors)))
    seconds, of_processor = time.perf_counter() - began, time.process_time() - worked
    of = dict(zip(wordings, groups.tolist(), strict=True))
    known = [one for one in collection.questions if shape(one.text) in of]
    labels = [max(one.relevant, key=lambda article: one.relevant[article]) for one in known]
    sizes = np.bincount(groups)
    return {
        "questions": len(rows),
        "wordings": len(wordings),
        "seconds": seconds,
        "processor_seconds": of_processor,
        "topics_of_three": int((sizes >= 3).sum()),
        "labelled": len(known),
        "figures": figures(labels, [[of[shape(one.text)] for one in known]]),
    }


def to_markdown(sets: Sequence[dict[str, Any]], log: dict[str, Any]) -> str:
    """The page's tables."""
    rows = [row for one in sets for row in _rows(one)]
    head = "| Questions of | Grouped by | Groups | V-measure | Adjusted Rand | Adjusted mutual information |"
    among = log["figures"]
    return "\n".join(
        [
            _measured(),
            "",
            head,
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "\\* Handrail's numbers were chosen on these. The others saw them for the first time.",
            "",
            f"All {log['questions']:,} questions of two years at once, {log['wordings']:,} different wordings: "
            f"{log['seconds']:.0f} s ({log['processor_seconds']:.0f} s of processor time) once they are encoded; "
            f"{log['topics_of_three']:,} topics of three wordings or more. The {log['labelled']:,} labelled ones among "
            f"them: V-measure {among['v']:.2f}, adjusted Rand {among['ari']:.2f}.",
        ]
    )


def _measured() -> str:
    return f"Measured on {time.strftime('%Y-%m-%d')} with Handrail {__version__} by `make topics-quality`."


def _rows(one: dict[str, Any]) -> Iterator[str]:
    star = " \\*" if one["tuned_on"] else ""
    names = {
        "handrail": "**Handrail**, not told how many",
        "k-means": f"k-means, told that there are {one['topics']}",
        "hdbscan": "HDBSCAN, its best of four sizes",
        "alone": "nobody: each by itself",
    }
    for key, name in names.items():
        found = one[key]
        first = f"{one['name']} ({one['questions']:,}){star}" if key == "handrail" else ""
        figures_ = " | ".join(f"{abs(round(found[measure], 3)):.3f}" for measure in ("v", "ari", "ami"))
        yield f"| {first} | {name} | {found['groups']:.0f} | {figures_} |"


@click.command()
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)}.")
def main(write: bool) -> None:
    """Measure, print Markdown tables, and keep them where asked."""
    if not EVALDATA.is_dir():
        say(absent("labelled questions"))
        return
    tuned, tested = ([similar.outcome(site) for site in similar.sites(half)] for half in similar.HALVES)
    beside = f"{_measured()}\n\n{similar.table_of(tuned, tested)}"
    markdown = to_markdown([outcomes(one) for one in labelled_sets()], whole_log())
    sys.stdout.write(f"{markdown}\n\n{beside}\n")
    if write:
        put_into(PAGE, "quality", markdown)
        put_into(SIMILAR_PAGE, "quality", beside)


if __name__ == "__main__":
    main()
