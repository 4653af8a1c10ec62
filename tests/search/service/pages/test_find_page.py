"""The page that answers without JavaScript."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from handrail_search.ranking.answer.card import CardBlock, CardPiece
from handrail_search.ranking.searcher import Searcher

from ...acme import PERSON
from ..asking import ask


@pytest.mark.parametrize("name", ["q", "query"])
@pytest.mark.parametrize("path", ["/find/", "/find"])
def test_the_find_page_answers_without_javascript(client, path, name):
    page = client.get(path, query_string={name: "forgot password"}, follow_redirects=True)
    assert page.status_code == 200
    assert 'href="/account/password/' in page.text
    assert 'value="forgot password"' in page.text
    assert PERSON.search(page.text)
    assert "<handrail-main>" in page.text
    assert "Everything else in the menu" in page.text
    assert "works without the service" not in page.text


@pytest.mark.parametrize("question", ["mail phone password account", "E-1042", "how deep is the ocean", "xkcdqwe", ""])
def test_a_person_is_on_every_find_page(client, question):
    assert len(PERSON.findall(client.get("/find/", query_string={"q": question}).text)) == 1


def test_words_of_the_question_are_escaped(client):
    page = client.get("/find/", query_string={"q": "<script>alert(1)</script>\"'><img src=x>"}).text
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page


def test_the_find_page_says_when_words_alone_answered(client, monkeypatch):
    live = client.application.extensions["handrail"].live
    words_alone = Searcher(live.searcher().index, None)
    monkeypatch.setattr(live, "searcher", lambda: words_alone)
    assert "exact words only" in client.get("/find/?q=password").text


def test_the_find_page_shows_the_answer_with_what_decides_marked_and_escaped(client, monkeypatch):
    page = client.get("/find/?q=the+password+mail+does+not+arrive").text
    assert page.count("Look into the folder for spam.") == 1
    assert '<div class="handrail-card">' in page
    pieces = (CardPiece("<b>&</b>", decisive=True, cut=True), CardPiece("</li>"))
    row = (CardPiece("45 NOK", decisive=True, heading='"><i>'), CardPiece("x"))
    blocks = (
        CardBlock("label", (CardPiece("<u>"),)),
        CardBlock("steps", pieces, first=4, left=7),
        CardBlock("row", row),
        CardBlock("code", (CardPiece("a <\n  b"),)),
    )
    monkeypatch.setattr("handrail_search.ranking.searcher.card_blocks", lambda *_: blocks)
    page = client.get("/find/?q=the+password+mail+does+not+arrive").text
    assert '<p class="handrail-label">&lt;u&gt;</p>' in page
    assert '<ol start="4">\n<li><mark>&lt;b&gt;&amp;&lt;/b&gt;</mark> …</li>\n<li>&lt;/li&gt;</li>\n</ol>' in page
    assert '<p><a href="/account/password/#no-mail">7 more steps</a></p>' in page
    assert '<th scope="col">&#34;&gt;&lt;i&gt;</th><td></td>' in page
    assert "<td><mark>45 NOK</mark></td><td>x</td>" in page
    assert '<pre dir="ltr"><code>a &lt;\n  b</code></pre>' in page


def test_the_find_page_shows_more_by_a_link(client):
    page = client.get("/find/", query_string={"q": "the password mail does not arrive"}).text
    more = re.search(r'<p class="handrail-more"><a href="([^"]+)">Show (\d+) more articles?</a>', page)
    assert 'id="handrail-more"' not in page
    address, beyond = more[1].replace("&amp;", "&"), int(more[2])
    assert address.endswith("#handrail-more")
    whole = client.get("/find/" + address.partition("#")[0]).text
    assert whole.count("data-handrail-position") == page.count("data-handrail-position") + beyond
    assert whole.count('id="handrail-more"') == 1
    assert f"· {beyond} more" in whole
    assert 'class="handrail-more"' not in whole
    assert len(PERSON.findall(whole)) == 1


def test_more_of_a_list_is_not_another_search(own_client, kept):
    question = "/find/?q=the+password+mail+does+not+arrive"
    search = re.search(r'data-handrail-search="([^"]+)"', own_client.get(question).text)[1]
    assert f'data-handrail-search="{search}"' in own_client.get(f"{question}&more={search}").text
    assert len(kept("intents")) == 1
    own_client.get(question)
    assert len(kept("intents")) == 2


@pytest.mark.parametrize("question", ["the password mail does not arrive", "how deep is the ocean", "E-1042"])
def test_every_result_of_the_find_page_is_a_heading_below_one_for_the_list(client, question):
    page = client.get("/find/", query_string={"q": question}).text
    main = page[page.index("<handrail-main>") : page.index("</handrail-main>")]
    levels = [1, *map(int, re.findall(r"<h([2-6])\b", main))]  # this site's own page has the first
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(3) == main.count("data-handrail-position") > 0


def test_none_of_these_on_the_find_page_is_kept_and_puts_the_person_first(own_client, kept):
    question = "the password mail does not arrive"
    page = own_client.get("/find/", query_string={"q": question}).text
    assert page.index("data-handrail-position") < page.index("None of these") < PERSON.search(page).start()
    search = re.search(r'name="said_no" value="([^"]+)"', page)[1]
    said = own_client.post("/find/", data={"q": question, "said_no": search})
    assert said.status_code == 200
    assert "Thank you. We will look into it." in said.text
    assert PERSON.search(said.text).start() < said.text.index("data-handrail-position")
    assert len(PERSON.findall(said.text)) == 1
    assert "None of these" not in said.text
    [intent] = kept("intents")
    assert intent["said_no_at"]


@pytest.mark.parametrize("said_no", ["", "x", "../../etc", "A" * 3000, "ä" * 22])
def test_none_of_these_without_a_search_is_a_search(own_client, kept, said_no):
    page = own_client.post("/find/", data={"q": "password", "said_no": said_no})
    assert page.status_code == 200
    assert "None of these" in page.text
    assert [intent["said_no_at"] for intent in kept("intents")] == [None]


def test_none_of_these_of_a_robot_is_not_kept(own_client, kept):
    page = own_client.get("/find/?q=password").text
    search = re.search(r'name="said_no" value="([^"]+)"', page)[1]
    robot = {"User-Agent": "Googlebot/2.1"}
    assert own_client.post("/find/", data={"q": "password", "said_no": search}, headers=robot).status_code == 200
    assert [intent["said_no_at"] for intent in kept("intents")] == [None]


@pytest.mark.parametrize("typed", ["96H-9MK-WHX", "96h9mkwhx", "96H 9MK WHX"])
def test_a_reference_code_on_the_find_page_leads_to_its_message_and_is_not_searched(own_client, kept, typed):
    page = own_client.get("/find/", query_string={"q": typed}).text
    assert 'action="/contact/code/" method="post"' in page
    assert '<input type="hidden" name="code" value="96H-9MK-WHX">' in page
    assert "data-handrail-position" not in page
    assert len(PERSON.findall(page)) == 1
    assert kept("intents") == []


def test_the_find_page_asks_back_without_javascript(client):
    page = client.get("/find/", query_string={"q": "it does not work"}).text
    asked = re.search(r'<ul class="handrail-may-mean".*?</ul>', page, re.DOTALL)[0]
    expected = [one["title"] for one in ask(client, "it does not work")["may_mean"]]
    assert re.findall(r"<a [^>]*>([^<]*)</a>", asked) == expected
    assert "What do you mean?" in page
    assert len(PERSON.findall(page)) == 1
    assert page.index("handrail-may-mean") < PERSON.search(page).start() < page.index("handrail-results")
