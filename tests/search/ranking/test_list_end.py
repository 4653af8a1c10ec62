"""A list ends where relevance falls; nothing that was asked for by name, code or boost is cut away with the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.drop import FIRST_FEW, STANDS, STANDS_LATE, background, reach, standing

from ..conftest import MODEL

SUBJECTS = (
    "invoice", "refund", "password", "newsletter", "calendar", "printer", "garden hose", "bicycle tyre", "violin",
    "aquarium", "tent", "camera lens", "coffee grinder", "chess clock", "sleeping bag", "kettle", "trumpet", "ladder",
    "telescope", "wheelbarrow",
)  # fmt: skip


def article(location, title, text, **facts):
    return Page(location, title, (Passage(location, "", (), text),), **facts)


PAGES = (
    *(
        article(f"{number}/", f"Our {name}", f"How to look after the {name}. Each {name} comes with a leaflet.")
        for number, name in enumerate(SUBJECTS)
    ),
    article("pumps/", "Pumps", "When the pump shows fault ZX-9001, empty the filter."),
    article("filters/", "Filters", "The filter of a pump is washed once a month. Fault ZX-9001 tells you when."),
    *(
        article(
            f"tea-{kind}/", f"Tea: {kind}", f"Brewing {kind} tea: how long tea steeps, and how hot water for tea is."
        )
        for kind in ("green", "black", "white", "red", "herbal", "iced", "mint", "jasmine")
    ),
    article("apples-a/", "Picking apples", "Apples are picked in autumn, on a dry day, by hand."),
    article(
        "apples-b/", "Apple harvest", "When apples come off with a twist, pick them. Apples ripen apart.", boost=4.0
    ),
    article("de/hupe/", "Hupe", "Die Hupe am Lenker ist defekt und hupt nicht.", lang="de"),
    article("de/unfall/", "Reklamation Regenschirm", "Regenschirm reklamieren: Regenschirm einschicken.", lang="de"),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory, lend_encoder):
    """A shop's help about many unlike things, a few alike, and two articles in German."""
    return Searcher.open(build_index(PAGES, lend_encoder(tmp_path_factory.mktemp("shop") / "state"), MODEL).folder)


def shown(results):
    return [hit.location for hit in results.shown]


# --- where it ends


def test_one_article_stands_alone_where_it_is_the_answer(shop):
    results = shop.search("how do I look after my aquarium")
    assert (results.verdict, shown(results)) == ("answered", ["9/"])
    assert (results.end.reason, len(results.hits)) == ("drop", 10)


def test_all_stand_where_all_fit(shop):
    results = shop.search("how long does tea steep")
    assert {location for location in shown(results) if location.startswith("tea-")} == {
        page.location for page in PAGES if page.location.startswith("tea-")
    }


@pytest.mark.parametrize(
    "question", ["what is the capital of Mongolia", "who won the world cup", "my knee hurts in the morning"]
)
def test_three_results_at_most_where_nothing_answers(shop, question):
    results = shop.search(question)
    assert results.verdict == "none"
    assert 0 < len(results.shown) <= 3 < len(results.hits)


@pytest.mark.parametrize(
    "question", ["asdfghjkl", "qwertz", "ASDF jkl", "sdfgsdfg hjkhjk", "фывапролдж", "öäöäöä", "?", "…"]
)
def test_keys_hit_at_random_and_signs_find_nothing(shop, question):
    results = shop.search(question)
    assert (results.verdict, results.shown) == ("none", ())


@pytest.mark.parametrize(
    "question", ["cryptocurrency", "bicycles in Mongolia", "trumpt", "12345678", "パスワード", "ZX-1"]
)
def test_words_that_the_site_lacks_are_not_taken_for_keys_hit_at_random(shop, question):
    assert shop.search(question).end.reason != "unreadable"


def test_the_end_does_not_depend_on_how_many_results_are_asked_for(shop):
    whole = shown(shop.search("how long does tea steep"))
    assert shown(shop.search("how long does tea steep", limit=3)) == whole[:3]
    assert shop.search("how long does tea steep", limit=50).end.background == pytest.approx(
        shop.search("how long does tea steep").end.background
    )


def test_words_alone_end_a_list_too(shop):
    results = Searcher(shop.index, None).search("aquarium leaflet")
    assert results.shown[0].location == "9/"
    assert len(results.shown) < len(results.hits)


# --- what is never cut away with the rest


def test_every_article_with_the_code_that_was_typed_is_shown_and_no_other(shop):
    results = shop.search("ZX-9001")
    assert set(shown(results)) == {"pumps/", "filters/"}
    assert {hit.location for hit in shop.search("ZX-9001 fault").shown} == {"pumps/", "filters/"}


def test_a_code_in_a_sentence_does_not_push_out_what_the_sentence_asks(shop):
    results = shop.search("does the tea kettle show ZX-9001 while tea steeps")
    assert {"pumps/", "filters/"} <= set(shown(results))
    assert any(location.startswith("tea-") or location == "15/" for location in shown(results))


def test_an_article_asked_by_its_title_is_shown(shop):
    assert "tea-jasmine/" in shown(shop.search("Tea: jasmine"))


def test_a_boost_lifts_an_article_and_pushes_none_out(shop):
    assert set(shown(shop.search("when are apples picked"))[:2]) == {"apples-b/", "apples-a/"}


def test_a_learned_question_is_shown_although_its_article_speaks_of_something_else(shop):
    taught = Searcher(shop.index, shop.encoder)
    question = "my gizmo wobbles when I look at it"
    assert "18/" not in shown(taught.search(question))[:1]
    taught.teach([KnownAnswer(question, "18/", "agent", datetime.now(UTC))])
    results = taught.search(question)
    assert (results.verdict, results.shown[0].location) == ("answered", "18/")


def test_other_languages_come_last_and_the_one_that_fits_stays(shop):
    results = shop.search("garden hose Regenschirm einschicken", lang="en")
    assert "de/unfall/" in shown(results)
    others = [hit.other_language for hit in results.shown]
    assert others == sorted(others)


def test_a_question_in_another_language_of_the_site_finds_its_articles_first(shop):
    results = shop.search("Regenschirm reklamieren", lang="en")
    assert [(hit.location, hit.other_language) for hit in results.hits][:1] == [("de/unfall/", False)]
    assert all(hit.other_language == (hit.lang == "en") for hit in results.hits)
    assert results.hits == shop.search("Regenschirm reklamieren", lang="de").hits


def test_a_question_in_the_readers_language_finds_its_articles_first_whatever_else_has_its_words(shop):
    results = shop.search("umbrella or picking apples", lang="en")
    assert not results.hits[0].other_language


@pytest.mark.parametrize("lang", ["en", "de", ""])
def test_only_articles_in_the_chosen_language_are_results_whatever_the_page_speaks(shop, lang):
    german = shop.search("Regenschirm reklamieren", lang=lang, only_lang="de-AT")
    assert german.hits
    assert {(hit.lang, hit.other_language) for hit in german.hits} == {("de", False)}
    english = shop.search("Regenschirm reklamieren", lang=lang, only_lang="en")
    assert {hit.lang for hit in english.hits} <= {"en"}
    assert english.verdict != "answered"


@pytest.mark.parametrize("only_lang", ["", "fr", "x" * 5000, "\u0000", "de de"])
def test_a_language_that_the_site_does_not_have_changes_nothing(shop, only_lang):
    asked = shop.search("when are apples picked", lang="en", only_lang=only_lang)
    assert asked.hits == shop.search("when are apples picked", lang="en").hits


def test_other_languages_take_no_place_from_the_readers_own(shop):
    english = [
        hit.location for hit in shop.search("how long does tea steep", lang="en").shown if not hit.other_language
    ]
    assert {location for location in english if location.startswith("tea-")} == {
        page.location for page in PAGES if page.location.startswith("tea-")
    }


# --- the rule itself

SHARES = st.lists(st.floats(0, 1), max_size=12).map(lambda shares: sorted(shares, reverse=True))


@given(SHARES.map(lambda shares: [1.0, *shares]), st.booleans(), st.booleans())
def test_the_best_always_stands_and_no_gap_opens(reached, certain, alone):
    stands = standing(reached, certain=certain, alone=alone)
    assert stands[0]
    assert stands == sorted(stands, reverse=True)
    assert all(share >= (STANDS if place < FIRST_FEW else STANDS_LATE)
               for place, share in enumerate(reached) if stands[place])  # fmt: skip


def test_a_result_far_ahead_stands_alone_only_where_there_is_an_answer():
    reached = [1.0, 0.39, 0.25]
    assert standing(reached, certain=True) == [True, False, False]
    assert standing(reached, certain=False) == [True, True, True]


POINTS = st.lists(st.floats(0, 20), min_size=1, max_size=60).map(np.array)


@given(POINTS)
def test_the_background_is_never_above_the_best_nor_below_nothing(points):
    assert 0.0 <= background(points) <= points.max() + 1e-9


@given(POINTS, st.floats(0, 20))
def test_the_best_reaches_all_of_itself_and_no_other_more(points, worse):
    best, zero = float(points.max()), background(points)
    assert reach(best, best, zero) == 1.0
    assert 0.0 <= reach(min(worse, best), best, zero) <= 1.0


def test_the_background_is_what_ranks_eleven_to_forty_score_in_the_mean():
    points = np.arange(60, 0, -1, dtype=np.float64)
    assert background(np.random.default_rng(1).permutation(points)) == pytest.approx(points[10:40].mean())
    assert background(np.array([9.0, 5.0, 1.0, 1.0])) == pytest.approx(2 / 5), "what is missing scores nothing"
