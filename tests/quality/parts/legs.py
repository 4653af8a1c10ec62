"""Search beside each of its two legs alone: the plain best passage, and the words.

Asked are the sets of the other parts, customers who write in other languages than the articles, and sets where one
passage of a long article counts (`passage_sets.py`). Those that are not in the folder of judged sets are named and left
out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from places import DEFAULT_ENCODER, EVALDATA, absent, say
from sets import searcher

from handrail_kb.errors import EncoderUnavailable
from handrail_search.evaluation.evaluate import RANKING_DEPTH, QuestionRow, RankedAnswer, ask, row_of, sample
from handrail_search.evaluation.judged import Collection, Question, read_collection
from handrail_search.evaluation.metrics import Sample, differences, intervals
from handrail_search.ranking.searcher import Searcher

MULTILINGUAL = "multilingual-e5-small"
FIGURES = ("hit_at_5", "ndcg_at_10")
LEGS = ("best passage", "words")
_LANGUAGES = "sumo-thunderbird-languages"

Ranking = Callable[[Question], Sequence[str]]


@dataclass(frozen=True)
class JudgedSet:
    """A folder of judged questions and the encoder to ask it with; of one `locale` where one is named."""

    name: str
    folder: str
    model: str = DEFAULT_ENCODER
    locale: str = ""


SETS = (
    JudgedSet("Thunderbird", "sumo-thunderbird-dev"),
    JudgedSet("StackExchange FAQ", "stackfaq"),
    JudgedSet("CureKart", "hint3/curekart"),
    JudgedSet("PowerPlay11", "hint3/powerplay11"),
    JudgedSet("German FAQ", "german-covid-faq", MULTILINGUAL),
    JudgedSet("Thunderbird, asked in Italian", _LANGUAGES, MULTILINGUAL, "it"),
    JudgedSet("Thunderbird, asked in Dutch", _LANGUAGES, MULTILINGUAL, "nl"),
    JudgedSet("Thunderbird, asked in Spanish", _LANGUAGES, MULTILINGUAL, "es"),
    JudgedSet("Thunderbird, asked in Czech", _LANGUAGES, MULTILINGUAL, "cs"),
    JudgedSet("XQuAD, English articles", "passages/en-articles"),
    JudgedSet("XQuAD, English passages", "passages/en-passages"),
    JudgedSet("XQuAD, German articles", "passages/de-articles", MULTILINGUAL),
    JudgedSet("XQuAD, German passages", "passages/de-passages", MULTILINGUAL),
    JudgedSet("XQuAD, Chinese passages", "passages/zh-passages", MULTILINGUAL),
    JudgedSet("JaQuAD, Japanese articles", "passages/japanese-articles", MULTILINGUAL),
    JudgedSet("JaQuAD, Japanese passages", "passages/japanese-passages", MULTILINGUAL),
)


def legs() -> dict[str, Any]:
    """How often search, and each of its legs alone, finds the article; and search less the better of the two."""
    rows = []
    for one in SETS:
        if not (EVALDATA / one.folder).is_dir():
            say(f"{one.name}: {absent(one.folder)}")
            continue
        say(f"{one.name}, each leg alone")
        try:
            rows.append(_row(one))
        except EncoderUnavailable as error:
            say(f"{one.name}: skipped. {error.what}")
    return {"legs": rows}


def _row(one: JudgedSet) -> dict[str, Any]:
    folder = EVALDATA / one.folder
    whole = read_collection(folder)
    engine, collection = searcher(whole, one.model), of_locale(whole, folder, one.locale)
    asked = {name: _asked(rank, collection) for name, rank in rankings(engine).items()}
    return {
        "name": one.name,
        "encoder": one.model,
        "articles": len(engine.index.pages),
        "questions": len(collection.questions),
        "figures": {
            name: {figure: asdict(interval) for figure, interval in intervals(found).items() if figure in FIGURES}
            for name, found in asked.items()
        },
        "less_better": {figure: _less_better(asked, figure) for figure in FIGURES},
    }


def of_locale(collection: Collection, folder: Path, locale: str) -> Collection:
    """The collection with the questions of one `locale` only; all where none is named."""
    if not locale:
        return collection
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    own = {row["_id"] for row in map(json.loads, filter(None, lines)) if row.get("locale") == locale}
    return replace(collection, questions=tuple(question for question in collection.questions if question.id in own))


def rankings(engine: Searcher) -> dict[str, Ranking]:
    """Search, and each leg alone, as functions from a question to the articles found, best first.

    The first leg takes the nearest passage, or question that an article lists, of each article, and nothing else; the
    second is search while its encoder is away.
    """
    pages = {page.location for page in engine.index.pages}
    words = Searcher(engine.index, None)
    return {
        "search": lambda question: ask(engine, question, pages).articles,
        "best passage": lambda question: nearest(engine, question.text),
        "words": lambda question: ask(words, question, pages).articles,
    }


def nearest(engine: Searcher, text: str) -> list[str]:
    """The articles whose best passage is nearest to the text."""
    vector = engine.vector_of(text)
    if vector is None:
        raise EncoderUnavailable("The question cannot be encoded.", "Look at what is logged above.")
    rows, _ = engine.index.vectors.nearest(vector)
    owners = dict.fromkeys(engine.index.owner[rows].tolist())
    return [engine.index.pages[page].location for page in owners][:RANKING_DEPTH]


def _asked(rank: Ranking, collection: Collection) -> Sample:
    rows: list[QuestionRow] = [
        row_of(question, RankedAnswer(tuple(rank(question)), "weak", 0.0, 0.0)) for question in collection.questions
    ]
    return sample(rows, ())


def _less_better(asked: dict[str, Sample], figure: str) -> dict[str, Any]:
    """How much higher a figure of search is than that of the better leg, question by question."""
    better = max(LEGS, key=lambda leg: asked[leg].once()[figure])
    return {"leg": better, **asdict(differences(asked[better], asked["search"])[figure])}
