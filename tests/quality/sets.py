"""Judged questions of other people's help sites, each asked by `handrail evaluate`'s own code.

An outcome is plain enough for JSON: what was asked, and each figure with its interval.
"""

from __future__ import annotations

import json
import re
import shutil
import zlib
from collections.abc import Mapping, Set
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from mkdocs.commands.build import build
from mkdocs.config import load_config
from places import DEFAULT_ENCODER, EVALDATA, KEPT, say, state

from handrail_kb.errors import EncoderUnavailable
from handrail_kb.site.built.passages import read_site
from handrail_search.embedding.weights import PACKAGED, find_model
from handrail_search.evaluation.compare import Former, compare
from handrail_search.evaluation.evaluate import Evaluation, evaluate, indexed
from handrail_search.evaluation.judged import Collection, LabelledQuestions, Question, read_collection, read_lesson
from handrail_search.evaluation.metrics import Sample, differences, intervals
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.popularity import ShownList
from handrail_search.scoring.popularity import popularity as opened

THUNDERBIRD = EVALDATA / "sumo-thunderbird-dev"
TYPOS = {
    "sumo-thunderbird-dev": "Thunderbird",
    "stackfaq": "StackExchange",
    "hint3-curekart": "CureKart",
    "hint3-powerplay11": "PowerPlay11",
}


def searcher(collection: Collection, model: str = DEFAULT_ENCODER) -> Searcher:
    """Search over a collection; its index is kept, for each encoder by itself."""
    home = KEPT if model == DEFAULT_ENCODER else state(model)
    return indexed(collection, home, model, progress=_progress)


def measured(folder: Path, model: str = DEFAULT_ENCODER, lesson: LabelledQuestions | None = None) -> Evaluation:
    """A folder asked once."""
    say(f"{folder.relative_to(folder.parents[1])}, {model}" + (f", after learning {lesson.name}" if lesson else ""))
    collection = read_collection(folder)
    return evaluate(searcher(collection, model), collection, lesson)


def outcome(name: str, evaluation: Evaluation) -> dict[str, Any]:
    """What an evaluation came to, under a name for the table."""
    return {
        "name": name,
        "questions": len(evaluation.rows),
        "outside": len(evaluation.outside),
        "articles": evaluation.articles,
        "figures": {figure: asdict(found) for figure, found in evaluation.figures().items()},
    }


# --- Thunderbird


def thunderbird() -> dict[str, Any]:
    """Articles only; then the later half of the questions, before and after learning from the earlier half."""
    whole = measured(THUNDERBIRD)
    earlier, later = halves(THUNDERBIRD, KEPT / "halves")
    after = measured(later, lesson=read_lesson(earlier))
    before_of = {row.id: row for row in whole.rows}
    before = replace(whole, digest=after.digest, rows=tuple(before_of[row.id] for row in after.rows))
    return {
        "outcomes": [
            outcome("Thunderbird", whole),
            outcome("Thunderbird, later half", before),
            outcome("Thunderbird, later half, after learning from the earlier half", after),
        ],
        "learning": {
            "taught": asdict(after.taught) if after.taught else {},
            "differences": {name: asdict(found) for name, found in _learning(before, after).items()},
        },
    }


def _learning(before: Evaluation, after: Evaluation) -> Any:
    former = Former("", before.digest, before.articles_digest, before.encoder, 0, before.rows, before.outside)
    return compare(former, after, [row.id for row in after.rows]).differences


def halves(folder: Path, target: Path) -> tuple[Path, Path]:
    """A folder cut in two by the day its questions were asked, both in the same format."""
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    lines.sort(key=lambda line: json.loads(line)["created"])
    middle = len(lines) // 2
    for name, half in (("earlier", lines[:middle]), ("later", lines[middle:])):
        part = target / name
        part.mkdir(parents=True, exist_ok=True)
        (part / "queries.jsonl").write_text("\n".join(half) + "\n", encoding="utf-8")
        for other in ("corpus.jsonl", "qrels.tsv", "oos_queries.jsonl"):
            shutil.copyfile(folder / other, part / other)
    return target / "earlier", target / "later"


# --- others


def stackexchange() -> dict[str, Any]:
    """Questions in ten wordings each."""
    return {"outcomes": [outcome("StackExchange FAQ", measured(EVALDATA / "stackfaq"))]}


def companies() -> dict[str, Any]:
    """Messages to two companies' bots, most of which nothing answers."""
    return {
        "outcomes": [
            outcome("CureKart", measured(EVALDATA / "hint3" / "curekart")),
            outcome("PowerPlay11", measured(EVALDATA / "hint3" / "powerplay11")),
        ]
    }


def german() -> dict[str, Any]:
    """A German help site with the built-in encoder, and with each other encoder that is installed."""
    folder = EVALDATA / "german-covid-faq"
    outcomes = [outcome("German FAQ, built-in encoder", measured(folder))]
    missing = []
    for model in PACKAGED:
        if model == DEFAULT_ENCODER:
            continue
        try:
            find_model(model)
        except EncoderUnavailable:
            missing.append(model)
        else:
            outcomes.append(outcome(f"German FAQ, {model}", measured(folder, model)))
    return {"outcomes": outcomes, "missing": missing}


# --- popularity

# Lists that customers look at; how often who looks at a place opens what stands there, if it is right or wrong; and the
# share of questions that nothing answers. Places are looked at with 1, 1/2, 1/3 …
_LISTS, _OPENS_RIGHT, _OPENS_WRONG, _IN_VAIN = 4000, 0.7, 0.06, 0.2


def popularity() -> dict[str, Any]:
    """The later half of Thunderbird's questions, before and after customers opened results of the earlier half's.

    The customers are made up, by a fixed rule: nobody has logs of lists and openings for these articles.
    """
    earlier, later = halves(THUNDERBIRD, KEPT / "halves")
    collection = read_collection(later)
    engine = searcher(collection)
    before = evaluate(engine, collection)
    engine.popularity = opened(_made_up(engine, read_collection(earlier)), len(engine.index.pages))
    after = evaluate(engine, collection)
    former = Former("", before.digest, before.articles_digest, before.encoder, 0, before.rows, before.outside)
    found = compare(former, after, [row.id for row in after.rows]).differences
    return {
        "worth": engine.popularity.worth,
        "lists": _LISTS,
        "opened": engine.popularity.opened,
        "before": {name: asdict(one) for name, one in before.figures().items()},
        "after": {name: asdict(one) for name, one in after.figures().items()},
        "differences": {name: asdict(one) for name, one in found.items()},
    }


def _made_up(engine: Searcher, collection: Collection) -> list[ShownList]:
    chance = np.random.default_rng(1)
    pages = {page.location: page.id for page in engine.index.pages}
    asked = [(question, engine.search(question.text, limit=5).hits) for question in collection.questions]
    vain = [(question, engine.search(question.text, limit=5).hits) for question in collection.unanswerable]
    lists = []
    for number in range(_LISTS):
        among = vain if vain and chance.random() < _IN_VAIN else asked
        question, hits = among[int(chance.integers(len(among)))]
        places = [hit.location.partition("#")[0] for hit in hits]
        opens = [_OPENS_RIGHT if place in question.relevant else _OPENS_WRONG for place in places]
        went = [chance.random() < opens_it / (rank + 1) for rank, opens_it in enumerate(opens)]
        lists.append(
            ShownList(
                pages=tuple(pages[place] for place in places),
                scores=tuple(hit.score for hit in hits),
                opened=frozenset(pages[place] for place, is_open in zip(places, went, strict=True) if is_open),
                days=300 * (1 - number / _LISTS),
                half=bool(zlib.crc32(question.text.encode()) & 1),
            )
        )
    return lists


# --- misspelt questions


def typos() -> dict[str, Any]:
    """Questions that customers misspelt, as they stand and corrected; each counted once."""
    rows, both = [], []
    for name, title in TYPOS.items():
        folder = EVALDATA / name.replace("hint3-", "hint3/")
        say(f"misspelt questions of {title}")
        collection = read_collection(folder)
        misspelt, right = _misspelt(EVALDATA / "typos" / f"{name}.typo_queries.jsonl", collection)
        engine = searcher(collection)
        pairs = [_hits(engine, replace(collection, questions=asked, unanswerable=())) for asked in (misspelt, right)]
        both.append(pairs)
        rows.append(_typo_row(title, *pairs))
    total = [np.concatenate([pairs[side] for pairs in both]) for side in (0, 1)]
    return {"typos": [*rows, _typo_row("All", *total)]}


def _misspelt(file: Path, collection: Collection) -> tuple[tuple[Question, ...], tuple[Question, ...]]:
    judged = {question.id: question for question in collection.questions}
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [row for row in rows if row["_id"] in judged]
    asked = tuple(replace(judged[row["_id"]], text=row["text"]) for row in rows)
    return asked, tuple(
        replace(question, text=corrected(question.text, row["typos"]))
        for question, row in zip(asked, rows, strict=True)
    )


def corrected(text: str, typos: dict[str, str]) -> str:
    """The text with each misspelt word replaced, capitals aside."""
    for wrong, right in typos.items():
        text = re.sub(rf"\b{re.escape(wrong)}\b", right, text, flags=re.IGNORECASE)
    return text


def _hits(engine: Searcher, collection: Collection) -> Any:
    rows = evaluate(engine, collection).rows
    return np.array([float(row.rank is not None and row.rank <= 5) for row in rows])


def _typo_row(name: str, misspelt: Any, right: Any) -> dict[str, Any]:
    samples = [Sample({"hit": hits}, {}, np.zeros(len(hits)), np.zeros(0)) for hits in (misspelt, right)]
    return {
        "name": name,
        "questions": len(misspelt),
        "misspelt": asdict(intervals(samples[0])["hit"]),
        "corrected": asdict(intervals(samples[1])["hit"]),
        "difference": asdict(differences(samples[1], samples[0])["hit"]),
    }


def _progress(done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        say(f"encoded {done} of {total} passages")


# --- sections

# Most articles that these link to are not among them.
_MKDOCS = "site_name: Thunderbird\ntheme: {name: material}\nvalidation: {links: {not_found: ignore}}\n"


def sections() -> dict[str, Any]:
    """Thunderbird's articles that a forum's answers cite by anchor, built by MkDocs, asked what was answered so."""
    say("cited sections of Thunderbird's articles")
    home, cited = KEPT / "thunderbird-sections", cited_places(THUNDERBIRD / "sections.tsv")
    names = {place.partition("#")[0] for places in cited.values() for place in places}
    site = _built(articles_named(EVALDATA / "md-sumo-kb" / "docs", names), home)
    rows = [json.loads(line) for line in (THUNDERBIRD / "queries_all.jsonl").read_text(encoding="utf-8").splitlines()]
    questions = tuple(
        Question(row["_id"], row["text"], dict.fromkeys(cited[row["_id"]], 1.0)) for row in rows if row["_id"] in cited
    )
    collection = Collection("sections", tuple(read_site(site)), questions, ())
    return {"sections": [outcome("Thunderbird, cited sections", evaluate(searcher(collection), collection))]}


def cited_places(file: Path) -> dict[str, list[str]]:
    """The places that answer each question, as `article/#anchor`."""
    cited: dict[str, list[str]] = {}
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        question, place, *_ = line.split("\t")
        cited.setdefault(question, []).append(place.replace("#", "/#", 1))
    return cited


def articles_named(folder: Path, names: Set[str]) -> dict[str, str]:
    """Markdown files whose `slug` is one of the names, which end with a slash, by that name."""
    texts = (file.read_text(encoding="utf-8") for file in folder.rglob("*.md"))
    found = ((re.search(r'^slug: *"?([^"\s]+)', text, re.M), text) for text in texts)
    return {slug[1]: text for slug, text in found if slug and f"{slug[1]}/" in names}


def _built(articles: Mapping[str, str], home: Path) -> Path:
    """A site of these articles, built by MkDocs with Material as it comes."""
    shutil.rmtree(home, ignore_errors=True)
    (home / "docs").mkdir(parents=True)
    for name, text in articles.items():
        (home / "docs" / f"{name}.md").write_text(text, encoding="utf-8")
    (home / "mkdocs.yml").write_text(_MKDOCS, encoding="utf-8")
    build(load_config(str(home / "mkdocs.yml")))
    return home / "site"
