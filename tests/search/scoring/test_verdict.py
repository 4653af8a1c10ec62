"""How surely there is an answer, and the floor that an index finds for itself."""

from __future__ import annotations

import numpy as np
import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.index.calibration import DEFAULT_FLOOR
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.verdict import Familiarity, bands, confidence, familiarity

from ..conftest import MODEL

MATTERS = {
    "roses": "Cut roses in spring above an outer bud. Feed them with compost twice a year.",
    "taxes": "Send the tax form before June. Late forms cost a fee of fifty euros a month.",
    "bread": "Knead the dough for ten minutes, let it rise for an hour and bake it hot.",
    "tents": "Stretch the tent before you drive in the pegs, and air it until it is dry.",
    "clocks": "Wind the clock on Sundays. When it runs late, turn the small screw to the left.",
    "bees": "Look into the hive once a week in May and give the bees a second box.",
    "skates": "Dry the blades after skating and have them ground once in a winter.",
    "loans": "Pay the loan back early without a fee, up to five percent of it in a year.",
    "pianos": "Have the piano tuned in autumn, when the air in the room is dry again.",
    "ferries": "The ferry leaves every hour. Bicycles are free, cars need a place booked.",
}


def test_confidence_is_one_where_everything_speaks_for_it_and_nothing_where_nothing_does():
    sure = np.ones(5)
    assert confidence(sure, dict.fromkeys(range(5), 1.0)) == pytest.approx(1.0)
    assert confidence(sure, dict.fromkeys(range(5), 1.0), Familiarity(1.0, 1.0)) == pytest.approx(1.0)
    assert confidence(np.zeros(5), {}) == 0.0


def test_words_count_only_where_the_nearest_articles_hold_them():
    best = np.array([0.9, 0.8, 0.7, 0.1])
    assert confidence(best, {3: 1.0}) == confidence(best, {})
    assert confidence(best, {2: 1.0}) > confidence(best, {})


def test_a_question_is_familiar_by_the_nearest_known_ones_and_by_all_but_those_left_out():
    assert familiarity(np.array([0.9, 0.6, 0.3, 0.2])) == Familiarity(pytest.approx(0.6), pytest.approx(0.5))
    assert familiarity(np.array([0.9, 0.6, 0.3, 0.0])) == Familiarity(pytest.approx(0.6), pytest.approx(0.6))
    assert familiarity(np.array([0.9, 0.6])) == Familiarity(0.0, 0.0)


def test_bands_leave_most_questions_like_these_alone():
    reached = np.linspace(0.0, 1.0, 101)
    found = bands(reached)
    assert (reached < found.none).mean() == pytest.approx(0.08, abs=0.02)
    assert found.none < found.confident


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, lend_encoder):
    state = lend_encoder(tmp_path_factory.mktemp("verdict") / "state")
    pages = [
        Page(
            f"{name}/", f"About {name}", (Passage(f"{name}/", "", (), text),),
            questions=(f"what do I need to know about {name}?", f"is there anything to do for {name} this year"),
        )
        for name, text in MATTERS.items()
    ]  # fmt: skip
    return Searcher.open(build_index(pages, state, MODEL).folder)


def test_a_site_of_unlike_articles_does_not_take_every_question_for_answerable(searcher):
    assert searcher.index.manifest.floor.probes > 0
    for outside in ("my phone has no signal in the cellar", "who won the cup final", "how do I sue my neighbour"):
        assert searcher.search(outside).verdict == "none", outside


def test_questions_that_its_articles_answer_are_not_refused(searcher):
    for inside in ("when should I cut my roses", "tax form late", "is a bicycle free on the ferry", "tuning the piano"):
        assert searcher.search(inside).verdict != "none", inside


def test_a_site_of_three_articles_has_a_floor_for_want_of_a_better_one(state):
    pages = [Page(f"{n}/", n, (Passage(f"{n}/", "", (), text),)) for n, text in list(MATTERS.items())[:3]]
    assert Searcher.open(build_index(pages, state, MODEL).folder).index.manifest.floor == DEFAULT_FLOOR


NOTES = (
    "The importer no longer stops at an empty line.",
    "The list of customers loads faster, and a crash when printing labels was fixed.",
    "New translations, and the export keeps the order of columns.",
    "Dark mode, a calendar, and shorter loading times.",
)
AROUND = (
    "This version of the app for desktop and phone brings improvements and bug fixes. {} Update it from the app's menu "
    "and restart it afterwards. Thanks to all who reported mistakes in the version before."
)


def test_release_notes_that_resemble_each_other_do_not_keep_the_other_articles_from_answering(state):
    pages = [
        Page(f"{name}/", f"About {name}", (Passage(f"{name}/", "", (), text),)) for name, text in MATTERS.items()
    ] + [
        Page(f"v{n}/", f"What is new in version 2.{n}", (Passage(f"v{n}/", "", (), AROUND.format(NOTES[n % 4])),))
        for n in range(140)
    ]
    site = Searcher.open(build_index(pages, state, MODEL).folder)
    for inside in ("when should I cut my roses", "is my tax form late", "are bicycles free on the ferry"):
        assert site.search(inside).verdict != "none", inside
    for outside in ("my phone has no signal in the cellar", "who won the cup final"):
        assert site.search(outside).verdict == "none", outside
