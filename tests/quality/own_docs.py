"""Handrail's own help, asked what its readers ask: `tests/golden/docs-questions`, and two folders beside it.

`measured.json` beside the questions is the last run of `make quality`. What holds today's figures against their floors,
and tells what moved since, is tests/search/evaluation/test_quality_of_our_docs.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from handrail_kb.config.settings import load_settings
from handrail_search.evaluation.decisions import Decisions, decisions
from handrail_search.evaluation.evaluate import Evaluation, evaluate
from handrail_search.evaluation.judged import Collection, Question, read_questions
from handrail_search.index.site_build import build_site_and_index
from handrail_search.ranking.searcher import Searcher

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "golden" / "docs-questions"
MEASURED = QUESTIONS / "measured.json"
VERDICTS = ROOT / "tests" / "golden" / "docs-verdicts"
SECTIONS = ROOT / "tests" / "golden" / "docs-sections"


def read() -> Collection:
    """The questions, and which articles answer them."""
    return read_questions(QUESTIONS)


def measure(home: Path) -> Evaluation:
    """Build docs/ and its index below `home`, where only changed passages are encoded again, and ask."""
    return evaluate(_searcher(home), read())


def decide(home: Path, half: str) -> Decisions:
    """How answering, asking back and saying that there is no article are told apart, on a half of `docs-verdicts`."""
    return decisions(evaluate(_searcher(home), _half_of(VERDICTS, half)))


def open_sections(home: Path, half: str) -> Evaluation:
    """Which sections results open, and what answer cards show, on a half of `docs-sections`."""
    return evaluate(_searcher(home), _half_of(SECTIONS, half))


def _half_of(folder: Path, half: str) -> Collection:
    of = {
        row["_id"]: row["half"]
        for file in folder.glob("*.jsonl")
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())
        if "half" in row
    }

    def part(questions: Iterable[Question]) -> tuple[Question, ...]:
        return tuple(question for question in questions if of[question.id] == half)

    whole = read_questions(folder)
    questions, unanswerable, broad = map(part, (whole.questions, whole.unanswerable, whole.broad))
    return replace(whole, questions=questions, unanswerable=unanswerable, broad=broad)


@cache
def _searcher(home: Path) -> Searcher:
    flags = {"state_dir": str(home), "encoder": "all-MiniLM-L6-v2"}
    settings = load_settings(ROOT / "mkdocs.yml", site_dir=home / "site", flags=flags, environ={})
    built = build_site_and_index(settings)
    return Searcher.open(built.index.folder)
