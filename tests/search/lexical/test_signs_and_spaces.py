"""One name with other signs, with spaces or without: in tables, settings, shortcuts, prices, names of products."""

from __future__ import annotations

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.lexical import literals
from handrail_search.lexical.code_forms import with_any_signs
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

TEXTS = {
    "phones": ("Telephones", "The app runs on iPhone 8, Pixel 6a and Galaxy S21, with OAuth 2.0 for programs."),
    "shortcuts": ("Keys", "Ctrl+Shift+P opens the palette, and Alt+F4 closes the window."),
    "settings": ("The file of settings", "sync.bandwidth.max limits the speed. ui.theme is dark or light."),
    "variables": ("Where the state is kept", "Set ACME_HOME to keep it elsewhere, and ACME_LOG_LEVEL to hear more."),
    "ignored": ("Leave files out", "Write patterns into .acmeignore; node_modules and desktop.ini are left out."),
    "prices": ("What it costs", "The large plan is 12,50 a month, from 2027-03-31 on, and 20% less for a year."),
    "tax": ("For the tax office", "Our number is DE 123 456 789. Pay to DE89 3704 0044 0532 0130 00, please."),
    "library": ("For programmers", "Run npm install @acme/client, then GET /v2/files/{id} on the server."),
    "paths": ("The old server", "The folder /v2/ was moved to another machine in spring."),
    "ports": ("What passes the firewall", "Let 443 and 17500 through, for the cable goes into USB-C or the Wi-Fi box."),
    "wifi": ("Networks of guests", "Guests get a password of their own at the desk, for one day."),
}  # fmt: skip


@pytest.fixture(scope="module")
def searcher(tmp_path_factory, lend_encoder):
    pages = [Page(f"{name}/", title, (Passage(f"{name}/", "", (), text),)) for name, (title, text) in TEXTS.items()]
    state = lend_encoder(tmp_path_factory.mktemp("signs") / "state")
    return Searcher.open(build_index(pages, state, MODEL).folder)


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("iphone8", "phones"), ("GalaxyS21", "phones"), ("pixel6a", "phones"), ("oauth2", "phones"),
        ("CTRL-SHIFT-P", "shortcuts"), ("Ctrl_Shift_P", "shortcuts"), ("ALT-F4", "shortcuts"),
        ("sync_bandwidth_max", "settings"), ("SYNC.BANDWIDTH.MAX", "settings"),
        ("$ACME_HOME", "variables"), ("%ACME_HOME%", "variables"), ("${ACME_HOME}", "variables"),
        ("$ACME_HOME/log", "variables"),
        (".acmeignore", "ignored"), ("12.50", "prices"), ("2027/03/31", "prices"), (":443", "ports"),
        ("DE123456789", "tax"), ("de 123 456 789", "tax"), ("DE89370400440532013000", "tax"),
        ("@acme/client", "library"), ("/v2/files/17", "library"),
    ],
)  # fmt: skip
def test_a_name_is_found_whatever_signs_or_spaces_are_in_it(searcher, question, name):
    results = searcher.search(question)
    assert (results.hits[0].location, results.verdict) == (f"{name}/", "answered")
    assert results.hits[0].why["exact"] > 0


@pytest.mark.parametrize(
    "question",
    ["iphone9", "pixel7a", "oauth3", "CTRL-SHIFT-Q", "sync_bandwidth_min", "$ACME_CACHE", ".acmeignored", "12.51",
     "2027/03/30", ":444", "DE123456788", "DE89370400440532013001", "@acme/server", "sync.bandwidth", "ui.theme.max"],
)  # fmt: skip
def test_another_name_is_no_such_name(searcher, question):
    asked = searcher.search(question)
    assert asked.verdict != "answered" or question == "sync.bandwidth"


@pytest.mark.parametrize(
    ("question", "mark"),
    [("iphone8", "iPhone 8"), ("CTRL-SHIFT-P", "Ctrl+Shift+P"), ("sync_bandwidth_max", "sync.bandwidth.max")],
)
def test_it_is_marked_as_the_article_writes_it(searcher, question, mark):
    assert f"<mark>{mark}</mark>" in searcher.search(question).hits[0].snippet


@pytest.mark.parametrize(
    ("question", "name"),
    [("node modules", "ignored"), ("acme log level", "variables"), ("acme home", "variables"), ("usbc", "ports"),
     ("wifi box", "ports"), ("password_desk", "wifi")],
)  # fmt: skip
def test_the_words_of_a_name_are_found_joined_and_apart(searcher, question, name):
    for engine in (searcher, Searcher(searcher.index, None)):
        results = engine.search(question)
        assert results.hits[0].location == f"{name}/"
        assert results.hits[0].why["article_words"] > 0
        assert (results.corrected, results.verdict == "none") == (None, False)


def test_joined_by_a_dot_without_a_space_two_words_are_no_name():
    assert with_any_signs("mail.The") is None
    assert with_any_signs("E-1") is None
    assert with_any_signs("password") is None
    assert not any(literal.parts for literal in literals.literals("20% of 100%"))


def test_the_ending_of_files_is_a_word_like_others():
    assert not literals.is_code(".zip")
    assert literals.is_code(".acmeignore")
