"""A question that fits many articles is asked back with what it may mean; one that fits one, or none, is not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

ROOMS = {
    "cancel": ("Cancel a booking", "A booking is cancelled free of charge until the evening before."),
    "change": ("Move a booking to another day", "Change the dates of a booking while there are free rooms."),
    "pay": ("Pay for a booking", "We take the price of a booking from your card when you arrive."),
    "group": ("Bookings for groups", "For ten people or more, send us your booking by mail."),
    "confirm": ("The confirmation of your booking", "The confirmation of a booking comes by mail within an hour."),
    "pet": ("Bring your dog", "Dogs are welcome. Say so in your booking, and bring a blanket."),
    "late": ("Arrive late at night", "After midnight, the code of your booking opens the door."),
    "sauna": ("The sauna", "The sauna is open from four in the afternoon until ten. Towels are there."),
    "bike": ("Rent a bicycle", "Bicycles stand in the yard. A helmet costs nothing."),
    "breakfast": ("Breakfast", "Breakfast is served from seven to ten, with bread from the village."),
    "parking": ("Where to park", "Park your car behind the house, or in the street."),
    "wifi": ("Internet in the rooms", "The network is called Gasthaus. Its key hangs beside the door."),
    "lost": ("Things that were left behind", "We keep what was left behind for half a year, in a cupboard."),
    "child": ("Cots and high chairs", "Cots for babies are free. Tell us how many you need."),
    "garden": ("The garden", "Sit under the apple trees, or play table tennis."),
    "fire": ("Fault HX-200 of the heating", "When the heating shows HX-200, press its button for ten seconds."),
}


HOTEL = tuple(
    Page(f"{location}/", title, (Passage(f"{location}/", "", (), text),)) for location, (title, text) in ROOMS.items()
)


@pytest.fixture(scope="module")
def hotel(tmp_path_factory, lend_encoder):
    return Searcher.open(build_index(HOTEL, lend_encoder(tmp_path_factory.mktemp("hotel") / "state"), MODEL).folder)


def titles(results):
    return [one.title for one in results.may_mean]


@pytest.mark.parametrize(
    "question", ["booking", "bookings", "my booking", "a problem", "it does not work", "error", "something went wrong"]
)
def test_a_question_that_fits_many_articles_is_asked_back(hotel, question):
    results = hotel.search(question)
    assert 2 <= len(results.may_mean) <= 4
    assert len(set(titles(results))) == len(results.may_mean)
    assert set(titles(results)) <= {title for title, _ in ROOMS.values()}
    assert results.verdict == "weak"  # neither an answer, nor "we have no article"


def test_what_is_asked_back_is_about_the_words(hotel):
    assert all("ooking" in f"{title} {dict(ROOMS.values())[title]}" for title in titles(hotel.search("booking")))


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_what_is_asked_back_does_not_depend_on_how_many_results_are_wanted(hotel, limit):
    assert hotel.search("booking", limit=limit).may_mean == hotel.search("booking").may_mean


@pytest.mark.parametrize(
    "question",
    [
        "sauna",
        "breakfast",
        "dog",
        "cancel my booking",
        "how do I pay for a booking",
        "Pay for a booking",
        "HX-200",
        "error HX-200",
        "helicopter",
        "quantum chromodynamics",
        "asdfghjkl",
        "?",
        "how to",
    ],
)
def test_a_question_that_fits_one_article_or_none_is_not_asked_back(hotel, question):
    assert hotel.search(question).may_mean == ()


def test_half_a_word_is_not_asked_back(hotel):
    assert hotel.search("booki").may_mean == ()


def test_without_the_encoder_nothing_is_asked_back(hotel):
    results = Searcher(hotel.index, None).search("booking")
    assert (results.mode, results.may_mean) == ("words", ())


def test_a_matter_for_people_is_not_asked_back(hotel, monkeypatch):
    assert hotel.search("booking").may_mean
    grief = SimpleNamespace(topic_of=lambda vector: "grief", notices=lambda vector: True)
    monkeypatch.setattr(hotel.index, "sensitive_topics", grief)
    assert hotel.search("booking").may_mean == ()


def test_what_is_asked_back_is_in_the_readers_language(tmp_path, lend_encoder):
    in_two = (*HOTEL, *(replace(one, location=f"en-GB/{one.location}", lang="de") for one in HOTEL))
    both = Searcher.open(build_index(in_two, lend_encoder(tmp_path / "state"), MODEL).folder)
    assert {one.lang for one in both.search("booking", lang="en").may_mean} == {"en"}


def test_two_articles_that_say_the_same_are_not_both_asked_back(tmp_path, lend_encoder):
    copies = (replace(one, location=f"old/{one.location}") for one in HOTEL)
    twice = Searcher.open(build_index((*HOTEL, *copies), lend_encoder(tmp_path / "state"), MODEL).folder)
    found = titles(twice.search("booking"))
    assert len(set(found)) == len(found) >= 2


def test_two_common_words_that_one_article_is_named_after_are_not_asked_back(tmp_path, lend_encoder):
    text = "Show your card at the desk, or the number of the booking. A booking can be paid by card or in cash."
    places = ("spring", "summer", "autumn", "winter", "weekend", "holiday", "island", "harbour")
    pages = [Page(f"{name}/", f"The {name} offer", (Passage(f"{name}/", "", (), text),)) for name in places]
    plain = Searcher.open(build_index(pages, lend_encoder(tmp_path / "plain"), MODEL).folder)
    assert plain.search("booking card").may_mean
    pages[0] = replace(pages[0], title="A booking without a card")
    named = Searcher.open(build_index(pages, lend_encoder(tmp_path / "named"), MODEL).folder)
    assert named.search("booking card").may_mean == ()
    assert named.search("booking").may_mean  # one common word is
