"""Handrail's own help, asked what its readers ask: `tests/golden/docs-questions`.

`measured.json` beside the questions is the last run of `make quality`. What holds today's figures against their floors,
and tells what moved since, is tests/search/evaluation/test_quality_of_our_docs.py.
"""

from __future__ import annotations

from pathlib import Path

from handrail_kb.config.settings import load_settings
from handrail_search.evaluation.evaluate import Evaluation, evaluate
from handrail_search.evaluation.judged import Collection, read_questions
from handrail_search.index.site_build import build_site_and_index
from handrail_search.ranking.searcher import Searcher

ROOT = Path(__file__).parents[2]
QUESTIONS = ROOT / "tests" / "golden" / "docs-questions"
MEASURED = QUESTIONS / "measured.json"


def read() -> Collection:
    """The questions, and which articles answer them."""
    return read_questions(QUESTIONS)


def measure(home: Path) -> Evaluation:
    """Build docs/ and its index below `home`, where only changed passages are encoded again, and ask."""
    flags = {"state_dir": str(home), "encoder": "all-MiniLM-L6-v2"}
    settings = load_settings(ROOT / "mkdocs.yml", site_dir=home / "site", flags=flags, environ={})
    built = build_site_and_index(settings)
    return evaluate(Searcher.open(built.index.folder), read())
