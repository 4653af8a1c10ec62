"""Slips, half words, long words and codes, asked of a small site through the whole of search."""

from __future__ import annotations

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.lexical.spelling import RealWords, Speller, as_written, suggestions
from handrail_search.ranking.searcher import Searcher
from handrail_search.ranking.understanding import blindness

from ..conftest import MODEL


def first(searcher, question, **more):
    hits = searcher.search(question, **more).hits
    return hits[0].location.partition("#")[0] if hits else None


@pytest.mark.parametrize("slip", ["pasword", "passwrod", "passowrd"])
def test_a_misspelt_word_finds_what_the_right_one_finds_and_says_so(searcher, slip):
    results = searcher.search(slip)
    assert results.corrected == "password"
    assert results.query == slip
    assert first(searcher, slip) == first(searcher, "password")
    assert results.verdict == searcher.search("password").verdict


def test_a_slip_inside_a_sentence_is_put_right_and_the_rest_is_kept(searcher):
    results = searcher.search("How do I change my Pasword?")
    assert results.corrected == "How do I change my Password?"


def test_a_name_of_a_topic_is_corrected_only_where_a_word_is_surely_misspelt(searcher):
    assert searcher.reader.spelled("change my passwrod please") == "change my password please"
    for meant in ("change my password", "refund of a walrus", "E-1042 on my Mac"):
        assert searcher.reader.spelled(meant) == meant


@pytest.mark.parametrize("meant", ['"pasword"', "E-1043", "pasword.ini", "horse", "PASWD_2"])
def test_quotes_codes_and_real_words_are_never_corrected(searcher, meant):
    assert searcher.search(meant).corrected is None


def test_words_the_site_uses_are_never_corrected(searcher):
    for page in searcher.index.pages:
        assert searcher.search(page.title).corrected is None, page.title


def test_what_was_put_right_can_be_asked_as_it_was_written_without_javascript(client, searcher):
    page = client.get("/find/?q=change+my+pasword").text
    assert "Showing results for “change my password”." in page
    assert 'href="/find/?q=change%20my%20%22pasword%22"' in page
    assert searcher.search('change my "pasword"').corrected is None


@pytest.mark.parametrize(
    ("typed", "corrected", "asked"),
    [
        ("forgot pasword", "forgot password", 'forgot "pasword"'),
        ("pasword", "password", '"pasword"'),
        ("my e-mial  acount", "my e-mail account", 'my "e-mial" "acount"'),
    ],
)
def test_what_was_put_right_goes_into_quotes_and_nothing_else(typed, corrected, asked):
    assert as_written(typed, corrected) == asked


def test_words_are_real_with_another_ending_too():
    real = RealWords({"calendar", "invite", "Größe", "run"}, ["en", "de"])
    assert all(map(real, ("calendar", "calendars", "inviting", "invited", "größe", "größen", "run")))
    assert not any(map(real, ("calender", "runs")))  # under four letters an ending says too little


def test_an_encoder_is_blind_where_it_holds_few_of_the_usual_words():
    usual = [f"word{number}" for number in range(100)]
    known = set(usual)
    assert blindness(usual, known.__contains__) == 0.0
    assert blindness(usual, set(usual[:60]).__contains__) == 1.0
    assert 0.0 < blindness(usual, set(usual[:78]).__contains__) < 1.0
    assert blindness([], known.__contains__) == 1.0


def test_half_a_word_finds_what_the_whole_word_finds(searcher):
    for half, whole in (("reset pass", "reset password"), ("notif", "notifications"), ("delete acc", "delete account")):
        assert first(searcher, half) == first(searcher, whole), half
        assert searcher.search(half).verdict != "none", half


@pytest.fixture(scope="module")
def german(tmp_path_factory, lend_encoder):
    texts = {
        "maske": ("Masken", "In Bussen besteht die Pflicht, eine Maske zu tragen. Kinder sind davon befreit."),
        "test": ("Tests", "Ein Test auf Corona ist in jeder Apotheke möglich. Das Ergebnis kommt am nächsten Tag."),
        "strasse": ("Straßen", "Die Straße vor dem Rathaus ist gesperrt. Fußgänger kommen durch."),
        "schule": ("Schulen", "Die Schulen öffnen nach den Ferien. Der Unterricht beginnt um acht Uhr."),
        "reise": ("Reisen", "Wer aus dem Urlaub zurückkehrt, meldet sich beim Amt. Die Anmeldung geht auch online."),
    }
    pages = [Page(f"{n}/", title, (Passage(f"{n}/", "", (), text),), lang="de") for n, (title, text) in texts.items()]
    state = lend_encoder(tmp_path_factory.mktemp("german") / "state")
    return Searcher.open(build_index(pages, state, MODEL).folder)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("Maskenpflicht", "maske/"),
        ("Coronatest", "test/"),
        ("Strasse gesperrt", "strasse/"),
        ("wann öffnet die Schule", "schule/"),
        ("oeffnen Schulen", "schule/"),
    ],
)
def test_long_words_umlauts_and_endings_are_found_in_german(german, asked, found):
    assert first(german, asked, lang="de") == found


@pytest.fixture(scope="module")
def coded(tmp_path_factory, lend_encoder):
    texts = {
        "a": "If the update stops, note the number 0x80070057 and call us.",
        "b": "The update stops for many reasons: a full disk, a slow line, an old system. Updates stop and go on.",
        "c": "Delete the file profiles.ini in ~/.acme/start to begin anew.",
        "d": "Profiles keep your settings. Each profile stands in a file of its own.",
        "e": "Set mail.tabs.max to 5. See /Help for all settings.",
        "f": "Tabs keep mails open. The most tabs that mail can have open is ten.",
    }
    pages = [Page(f"{n}/", n.upper(), (Passage(f"{n}/", "", (), text),)) for n, text in texts.items()]
    state = lend_encoder(tmp_path_factory.mktemp("coded") / "state")
    return Searcher.open(build_index(pages, state, MODEL).folder)


@pytest.mark.parametrize(
    ("code", "page"),
    [("0x80070057", "a/"), ("profiles.ini", "c/"), ("~/.acme/start", "c/"), ("mail.tabs.max", "e/"), ("/Help", "e/")],
)
def test_nothing_that_means_the_same_outranks_the_page_that_has_the_code(coded, code, page):
    assert first(coded, code) == page
    assert first(coded, f"what does {code} mean") == page
    assert coded.search(code).verdict == "answered"


@pytest.mark.parametrize("word", ["wohin", "womit", "daran", "hierüber", "hallo", "kaputt"])
def test_an_everyday_word_is_right_on_a_site_that_never_uses_it(word):
    near = [(word[:-1], word[:-1].title(), 20), (f"{word}n", f"{word}n", 20)]
    speller = Speller(near, lambda _: False)
    assert speller.suggest(word), "by its letters alone it would be corrected"
    assert suggestions(speller, ["corona", word], [word], [], {"de"}) == {}
    assert suggestions(speller, ["corona", word], [word], [], {"fi"}), "in another language it may be a slip"
