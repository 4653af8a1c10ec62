"""Whoever asks for a person gets one for an answer: it is never said that there is no article for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail_kb.contact.sensitive_topics import BUILT_IN, PERSON
from handrail_kb.site.built.passages import Page, Passage
from handrail_search.commands.search import as_text
from handrail_search.index.build import build_index
from handrail_search.ranking.asking_for_person import asks_for_person
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

GOLDEN = Path(__file__).parents[2] / "golden" / "sensitive_topics" / "person.tsv"
PLAIN = (
    "I want to talk to a human",
    "phone number",
    "live chat with an agent",
    "call me back",
    "customer service email",
    "Mitarbeiter sprechen",
    "Rückruf",
    "parler à un conseiller",
    "numéro de téléphone",
    "hablar con una persona",
    "¿Cómo puedo contactar con soporte?",
)
ALIKE = (
    "how do I call another user",
    "chat does not load",
    "phone number field",
    "human resources",
    "agent installation",
    "contact list import",
    "Telefonnummer ändern",
    "Mitarbeiter anlegen",
    "bloquer un contact",
    "llamar a otro usuario",
)


def golden(kind: str) -> list[str]:
    """Sentences written before the words were chosen, and some after: half of the others sound alike on purpose."""
    rows = [line.split("\t") for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    return [sentence for what, _, sentence in rows if what == kind]


@pytest.mark.parametrize("question", PLAIN)
def test_the_plainest_wordings_ask_for_a_person(question):
    assert asks_for_person(question)
    assert asks_for_person(f"  {question.upper()}?! ")


@pytest.mark.parametrize("question", ALIKE)
def test_what_only_sounds_alike_is_an_ordinary_search(question):
    assert not asks_for_person(question)


def test_most_sentences_that_ask_for_a_person_are_recognised_and_hardly_any_other():
    asks, others = golden("person"), golden("none")
    assert len(asks) > 180 and len(others) > 180
    assert sum(map(asks_for_person, asks)) >= 0.95 * len(asks)
    assert sum(map(asks_for_person, others)) <= 0.03 * len(others)


def test_what_a_person_is_wanted_for_may_be_said():
    assert asks_for_person("can I speak to somebody about my invoice of May")
    assert asks_for_person("Hotline wegen meiner Bestellung")
    assert not asks_for_person("about")
    assert not asks_for_person("the article about human resources")


# --- in search


def page(location: str, title: str, text: str, *questions: str) -> Page:
    return Page(location, title, (Passage(location, "", (), text * 5),), questions=questions)


TAXES = (
    page("tax/", "File a tax return", "Fill in the form with last year's income. "),
    page("car/", "Register a car", "Bring the papers of the car to the office. "),
    page("wed/", "Get married", "Both of you come with your passports. "),
)
REACH = page("reach/", "How to reach us", "You reach us by phone from nine to five. ", "what is your phone number")


def searcher(folder, *pages: Page, encoder: bool = True) -> Searcher:
    built = build_index(list(pages), folder, MODEL, sensitive=dict.fromkeys(BUILT_IN, ())).folder
    opened = Searcher.open(built)
    return opened if encoder else Searcher(opened.index, None)


@pytest.fixture(scope="module")
def town(tmp_path_factory, lend_encoder):
    return searcher(lend_encoder(tmp_path_factory.mktemp("town") / "state"), *TAXES)


@pytest.mark.parametrize("question", PLAIN)
def test_where_no_article_says_how_none_is_shown_in_place_of_a_person(town, question):
    results = town.search(question)
    assert (results.wants_person, results.sensitive_topic) == (True, PERSON)
    assert (results.verdict, results.shown, results.may_mean) == ("none", (), ())


def test_the_nearest_articles_are_there_for_whoever_asks_for_more(town):
    results = town.search("talk to a human")
    assert (results.shown, results.end.reason) == ((), "topic")
    assert results.hits


@pytest.mark.parametrize(
    "question",
    ["talk to a humna", "speek to a persn", "i want to caht with someone", "can i tlak to a reprsentative",
     "cusotmer servise", "i want to speak with an opreator", "contcat numbr",
     "mit einem Mitarbiter sprechen", "parler à un consieller",
     "hablar con una persna", "speek to somone abuot my invoice"],
)  # fmt: skip
def test_whoever_asks_with_slips_for_a_person_is_understood(town, question):
    assert town.search(question).wants_person


@pytest.mark.parametrize("question", ["cell number", "chart with someone", "talk to a humane", "rent a house", "humus"])
def test_a_real_word_is_no_slip_of_another(town, question):
    assert not town.search(question).wants_person


def test_a_word_of_the_site_is_no_slip(tmp_path, lend_encoder):
    humna = page("humna/", "Humna", "Humna is the name of our program for the reading room. ")
    results = searcher(lend_encoder(tmp_path / "state"), *TAXES, humna).search("talk to humna")
    assert not results.wants_person


def test_an_article_that_fits_is_listed_with_its_own_verdict(tmp_path, lend_encoder):
    results = searcher(lend_encoder(tmp_path / "state"), *TAXES, REACH).search("what is your phone number")
    assert results.wants_person
    assert (results.verdict, results.shown[0].location) == ("answered", "reach/")


@pytest.mark.parametrize("question", PLAIN)
def test_words_alone_are_enough_while_the_encoder_is_away(town, question):
    results = Searcher(town.index, None, missing="encoder_unavailable").search(question)
    assert (results.degraded, results.wants_person, results.sensitive_topic) == (True, True, PERSON)


def test_it_is_recognised_where_the_encoder_does_not_know_the_language(tmp_path, lend_encoder):
    text = "Wer aus dem Urlaub zurückkehrt, meldet sich beim Bürgeramt und beantragt die Verlängerung. "
    pages = [Page(f"{n}/", f"Seite {n}", (Passage(f"{n}/", "", (), text * 5),), lang="de") for n in range(3)]
    german = searcher(lend_encoder(tmp_path / "state"), *pages)
    assert german.index.sensitive_topics.names == ()
    assert german.search("ich möchte mit einem Mitarbeiter sprechen").sensitive_topic == PERSON


def test_a_slip_of_the_fingers_that_search_mends_is_no_hindrance(tmp_path, lend_encoder):
    results = searcher(lend_encoder(tmp_path / "state"), *TAXES, REACH).search("your phnoe number")
    assert results.corrected == "your phone number"
    assert results.wants_person


def test_a_death_is_spoken_of_first_and_still_a_person_is_asked_for(town):
    results = town.search("can I talk to somebody about my father, he has died")
    assert (results.sensitive_topic, results.wants_person) == ("grief", True)


def test_the_terminal_says_that_it_is_no_failed_search(town):
    told = as_text(town.search("talk to a human"), town, open_now="Phone +49 30 901820")
    assert "It asks for a person" in told
    assert "Open now: Phone +49 30 901820" in told
    assert "nearest articles" not in told
    ordinary = as_text(town.search("register a car"), town, open_now="Phone +49 30 901820")
    assert "person" not in ordinary and "Phone" not in ordinary
