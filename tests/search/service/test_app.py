"""The service as browsers meet it."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import zlib
from itertools import pairwise

import pytest

from handrail_feedback.storage.searches.learned import known_questions
from handrail_search.ranking.answer.card import CardBlock, CardPiece
from handrail_search.ranking.searcher import Searcher

from ..acme import PERSON, write_site

ANSWER = {
    "query", "verdict", "mode", "degraded", "fallback_reason", "corrected", "people_first", "search_id", "contact",
    "tell", "answer", "may_mean", "results", "more",
}  # fmt: skip
RESULT = {
    "url", "title", "heading", "breadcrumb", "snippet", "score", "lang", "other_language", "fits", "why", "sections",
}  # fmt: skip


def ask(client, question, **more):
    response = client.get("/api/search", query_string={"q": question, **more})
    assert response.status_code == 200, response.text
    return response.json


# --- the answer


def test_an_answer_has_exactly_what_was_agreed(client):
    answer = ask(client, "the password mail does not arrive", limit=3)
    assert set(answer) == ANSWER
    assert (answer["verdict"], answer["mode"], answer["degraded"], answer["fallback_reason"]) == (
        "answered", "hybrid", False, None,
    )  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", answer["search_id"])
    assert 1 <= len(answer["results"]) <= 3
    for result in answer["results"]:
        assert set(result) == RESULT
        assert all(set(section) == {"url", "heading", "snippet", "score"} for section in result["sections"])
    first = answer["results"][0]
    assert (first["url"], first["title"], first["heading"]) == (
        "/account/password/#no-mail", "Reset your password", "The mail does not arrive",
    )  # fmt: skip
    assert first["breadcrumb"] == ["Account"]


def test_the_answer_itself_is_the_section_that_the_first_result_opens(client):
    answer = ask(client, "the password mail does not arrive")
    card, first = answer["answer"], answer["results"][0]
    assert {name: card[name] for name in ("url", "title", "heading", "breadcrumb", "lang")} == {
        name: first[name] for name in ("url", "title", "heading", "breadcrumb", "lang")
    }
    (block,) = card["blocks"]
    assert block["kind"] == "text"
    assert [piece["text"] for piece in block["pieces"]] == [
        "Look into the folder for spam.",
        "The link is good for one hour; after that ask for another one.",
    ]


def test_people_answer_without_a_card(client):
    assert ask(client, "delete my account")["answer"] is None
    assert ask(client, "how deep is the ocean")["answer"] is None


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


def test_a_person_is_under_every_answer(client):
    for question in ("mail phone password", "E-1042", "how deep is the ocean", "", "xkcdqwe"):
        answer = ask(client, question)
        assert answer["contact"]["label"] == "Talk to a human"
        assert answer["contact"]["url"].startswith("/contact/")
    assert ask(client, "a&b=c#d")["contact"]["url"] == "/contact/?q=a%26b%3Dc%23d"


def test_a_topic_for_people_puts_the_person_first(client):
    assert ask(client, "delete my account")["people_first"]
    assert ask(client, "how deep is the ocean")["people_first"]
    assert not ask(client, "forgot password")["people_first"]


def test_every_result_leads_to_a_page_that_is_there(client):
    for result in ask(client, "mail password account", limit=50)["results"]:
        assert client.get(result["url"].partition("#")[0]).status_code == 200


def test_a_question_that_is_too_long_is_cut_and_answered(client):
    assert len(ask(client, "password " * 1000)["query"]) <= 500


def test_an_answer_is_never_kept_by_a_cache(client):
    for path in ("/api/search?q=a", "/find/?q=a", "/contact/"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


# --- the page without JavaScript


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


# --- the end of the list


def test_the_list_ends_and_says_how_many_fit_less(client):
    listed = ask(client, "the password mail does not arrive")
    whole = ask(client, "the password mail does not arrive", more=1)
    assert 0 < listed["more"] == whole["more"]
    assert len(whole["results"]) == len(listed["results"]) + listed["more"]
    assert [result for result in whole["results"] if result["fits"]] == listed["results"]


def test_keys_hit_at_random_find_nothing_until_more_is_asked_for(client):
    answer = ask(client, "asdfghjkl")
    assert (answer["verdict"], answer["results"]) == ("none", [])
    assert answer["people_first"]
    assert len(ask(client, "asdfghjkl", more=1)["results"]) == answer["more"] > 0


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


# --- the results as headings, and "None of these"


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


# --- without an index


@pytest.fixture
def without_index(make_app, own_acme, tmp_path):
    return make_app(own_acme, state=tmp_path / "empty").test_client()


def test_without_an_index_search_says_the_command(without_index):
    response = without_index.get("/api/search?q=password")
    assert response.status_code == 503
    assert response.json["error"]["mend"] == "Build it: handrail build"


def test_without_an_index_pages_and_people_are_still_there(without_index):
    assert without_index.get("/account/password/").status_code == 200
    page = without_index.get("/find/?q=password")
    assert page.status_code == 503
    assert PERSON.search(page.text)
    assert without_index.post("/api/contact", json={"message": "Help!"}).status_code == 201


def test_a_broken_index_is_no_reason_to_be_silent(make_app, own_acme):
    (own_acme / "state" / "index" / "CURRENT").write_text("gone")
    client = make_app(own_acme).test_client()
    assert client.get("/account/password/").status_code == 200
    assert "gone" in client.get("/api/search?q=a").json["error"]["what"]


# --- health


def test_health_is_told(client, searcher):
    assert client.get("/healthz").text == "alive\n"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {
        "ready": True,
        "degraded": None,
        "generation": searcher.index.name,
        "articles": len(searcher.index.pages),
        "problems": [],
        "outbox": {"waiting": 0, "oldest_seconds": 0},
        "limits": "of this process",
    }


def test_what_keeps_the_service_from_being_ready_is_named(make_app, own_acme, without_index):
    missing = without_index.get("/readyz")
    assert missing.status_code == 503
    assert missing.json["problems"][0]["mend"] == "Build it: handrail build"
    (own_acme / "state" / "store.db").mkdir()
    unwritable = make_app(own_acme).test_client().get("/readyz")
    assert unwritable.status_code == 503
    assert "store.db" in unwritable.json["problems"][0]["what"]
    shutil.rmtree(own_acme / "site")
    assert "no site" in str(make_app(own_acme).test_client().get("/readyz").json["problems"])


def test_metrics_count_without_words(own_client):
    for question in ("unmistakablewords", "forgot password"):
        ask(own_client, question, tab="tab-secret-token")
    text = own_client.get("/metrics").text
    assert re.search(r'handrail_searches_total{mode="hybrid",verdict="answered"} [1-9]', text)
    assert "handrail_search_duration_seconds_count 2.0" in text
    assert "handrail_search_degraded 0.0" in text
    assert "unmistakable" not in text
    assert "tab-secret" not in text
    assert "127.0.0.1" not in text


# --- the site's files


def test_pages_and_files_are_served_as_what_they_are(client):
    page = client.get("/account/password/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    script = client.get("/assets/app.0123abcd.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    assert page.headers["Cache-Control"] == "no-cache"
    again = client.get("/account/password/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head("/account/password/").data == b""


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("javascripts/bundle.a5f9d56c.min.js", True),
        ("stylesheets/main.01234567.min.css", True),  # by chance without a letter
        ("javascripts/bundle.a5f9d56c.min.js.map", True),
        ("index-4f3a2b1c.js", True),
        ("js/1be78505.8ae6c2f1.js", True),
        (f"main.{'0cc175b9' * 8}.css", True),
        ("img/logo.0cc175b9c0f1b6a831c399e269772661.png", True),
        ("javascripts/lunr/min/lunr.stemmer.support.min.js", False),
        ("javascripts/lunr/min/lunr.de.min.js", False),
        ("jquery-3.7.1.slim.min.js", False),
        ("app.min.js", False),
        ("report.20260101.pdf", False),
        ("price-list-2026.11.28.pdf", False),
        ("our.facade.photo.png", False),
        ("deadbeef1.js", False),
        ("app.deadbeef.js", False),
        ("notes.1a2b3c4d.html", False),
        ("handrail/handrail.js", False),
    ],
)
def test_only_a_file_whose_name_has_a_digest_is_kept_without_asking_again(make_app, own_acme, name, kept):
    file = own_acme / "site" / "assets" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("first")
    client = make_app(own_acme).test_client()
    answer = client.get(f"/assets/{name}")
    assert answer.text == "first"
    assert answer.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if kept else "no-cache")
    file.write_text("changed")
    again = client.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (200, "changed")


def test_a_folder_without_its_slash_is_redirected(client):
    response = client.get("/account/password")
    assert (response.status_code, response.headers["Location"]) == (301, "/account/password/")


@pytest.mark.parametrize("path", ["/gone/", "/gone", "/account/", "/assets/", "/index.htm", "/a/b/c/d"])
def test_a_page_that_is_not_there_shows_the_sites_own(client, path):
    response = client.get(path, follow_redirects=True)
    assert response.status_code == 404
    assert "Acme has lost this page." in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/account/..%2f..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/secret.txt%00.html",
        "/%00",
        "/\x00",
        "/%ff%fe",
        "/%ed%a0%80",
        "/" + "a" * 5000,
        "/" + "a/" * 2000,
        "/link.txt/../../secret.txt",
    ],
)
def test_nothing_outside_the_site_is_served(client, path):
    response = client.get(path)
    assert response.status_code in (301, 308, 404)
    if response.status_code == 404:
        assert "Acme has lost this page." in response.text
    else:
        assert client.get(path, follow_redirects=True).status_code == 404
    assert "the secret" not in response.text


@pytest.mark.parametrize("path", ["/handrail/site.json", "/handrail/./site.json", "/handrail//site.json"])
def test_what_the_build_notes_for_the_service_is_shown_to_nobody(client, acme, path):
    assert (acme / "site" / "handrail" / "site.json").is_file()
    assert client.get(path, follow_redirects=True).status_code == 404


def test_unknown_addresses_of_the_service_answer_json(client):
    response = client.get("/api/nothing")
    assert (response.status_code, response.mimetype) == (404, "application/json")
    assert set(response.json["error"]) == {"what", "mend"}
    wrong = client.post("/api/search")
    assert (wrong.status_code, wrong.mimetype) == (405, "application/json")


def test_answers_and_pages_travel_compressed(client):
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}
    for path in ("/api/search?q=mail+password", "/assets/app.0123abcd.js"):
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate"})
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.data) < len(plain.data)
        assert len(unpack[packed.headers["Content-Encoding"]](packed.data)) == len(plain.data)


def test_a_new_build_is_seen_without_a_restart(own_client, own_acme):
    assert ask(own_client, "password")["contact"]["label"] == "Talk to a human"
    site = json.loads((own_acme / "site" / "handrail" / "site.json").read_text())
    site["contact"]["label"] = "Call us"
    shutil.rmtree(own_acme / "site")
    write_site(own_acme / "site")
    (own_acme / "site" / "handrail" / "site.json").write_text(json.dumps(site))
    assert ask(own_client, "password")["contact"]["label"] == "Call us"


# --- what is kept


def test_a_search_its_click_and_its_vote_are_kept_together(own_client, kept):
    answer = ask(own_client, "forgot password", tab="tab-abcdefgh")
    search_id = answer["search_id"]
    click = {"search_id": search_id, "tab": "tab-abcdefgh", "type": "click", "url": answer["results"][0]["url"],
             "position": 1}  # fmt: skip
    assert own_client.post("/api/events", json=click).status_code == 204
    vote = {"url": answer["results"][0]["url"], "helpful": True, "search_id": search_id, "tab": "tab-abcdefgh"}
    assert own_client.post("/api/feedback", json=vote).status_code == 204
    [intent] = kept("intents")
    assert (intent["query"], intent["verdict"], intent["mode"]) == ("forgot password", "answered", "hybrid")
    assert (intent["clicked_location"], intent["clicked_position"]) == (
        answer["results"][0]["url"].removeprefix("/"), 1,
    )  # fmt: skip
    assert json.loads(intent["results"])[0][0] == intent["clicked_location"]
    [search] = kept("searches")
    assert search["search_id"] == search_id
    [row] = kept("votes")
    assert (row["search_id"], row["helpful"]) == (search_id, 1)


def test_only_pages_that_are_served_are_voted_on_where_a_folder_was_asked_for_by_name(make_app, own_acme):
    """Generations of another site may be beside: a folder that was named is served alone."""
    name = (own_acme / "state" / "index" / "CURRENT").read_text().strip()
    for generation in (name, "20200101T000000-000000"):
        page = own_acme / "state" / "index" / generation / "site" / "elsewhere" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<html></html>")
        (page.parents[2] / "site.list").write_text("13 elsewhere/index.html\n")
    client = make_app(own_acme).test_client()
    assert client.get("/elsewhere/").status_code == 404
    assert client.post("/api/feedback", json={"url": "/elsewhere/", "helpful": True}).status_code == 400
    assert client.post("/api/feedback", json={"url": "/account/password/", "helpful": True}).status_code == 204


def test_what_waits_behind_more_is_kept_as_not_shown_and_still_teaches(own_client, kept):
    answer = ask(own_client, "I forgot my password", tab="tab-abcdefgh", more=1)
    shown = [result["fits"] for result in answer["results"]]
    assert True in shown
    hidden = next(result for result in answer["results"] if not result["fits"])
    [intent] = kept("intents")
    assert [fits for _, _, fits in json.loads(intent["results"])] == shown
    vote = {"url": hidden["url"], "helpful": True, "search_id": answer["search_id"], "tab": "tab-abcdefgh"}
    assert own_client.post("/api/feedback", json=vote).status_code == 204
    taught = known_questions(own_client.application.extensions["handrail"].store)
    assert [(one.question, one.location) for one in taught] == [
        ("I forgot my password", hidden["url"].removeprefix("/").partition("#")[0])
    ]


def test_votes_of_robots_and_of_colleagues_are_told_apart(own_client, kept):
    vote = {"url": "/billing/refund/", "helpful": True}
    own_client.post("/api/feedback", json=vote)
    own_client.post("/api/feedback", json=vote, headers={"User-Agent": "Googlebot/2.1"})
    own_client.set_cookie("handrail_staff", "1")
    own_client.post("/api/feedback", json=vote)
    assert [(row["bot"], row["staff"]) for row in kept("votes")] == [(0, 0), (1, 0), (0, 1)]


def test_where_a_search_came_from_is_kept_and_robots_are_told_apart(own_client, kept):
    ask(own_client, "from the dialog", tab="tab-abcdefgh")
    ask(own_client, "from a program")
    own_client.get("/find/?q=from+the+page")
    own_client.get("/find/?q=from+a+robot", headers={"User-Agent": "Googlebot/2.1"})
    rows = {row["query"]: (row["source"], row["bot"]) for row in kept("intents")}
    assert rows == {
        "from the dialog": ("dialog", 0),
        "from a program": ("api", 0),
        "from the page": ("find", 0),
        "from a robot": ("find", 1),
    }


def test_nothing_is_kept_where_the_site_wants_no_log(make_app, own_acme):
    app = make_app(own_acme, log_searches=False)
    ask(app.test_client(), "forgot password")
    app.extensions["handrail"].searches.flush()
    assert app.extensions["handrail"].store.read("SELECT * FROM intents") == []


def test_search_goes_on_when_nothing_can_be_kept(make_app, own_acme, monkeypatch):
    monkeypatch.setattr("handrail_feedback.search_log.PATIENCE", (0.01,))
    (own_acme / "state" / "store.db").mkdir()
    client = make_app(own_acme).test_client()
    assert ask(client, "forgot password")["results"]
    refused = client.post("/api/contact", json={"message": "Help!"})
    assert refused.status_code == 503
    assert "code" not in refused.json


# --- asking back


def test_a_broad_question_is_asked_back_with_a_person_beside_it(client):
    answer = ask(client, "it does not work")
    assert 2 <= len(answer["may_mean"]) <= 4
    assert (answer["verdict"], answer["people_first"]) == ("weak", True)  # programs that know three verdicts go on
    for one in answer["may_mean"]:
        assert client.get(one["url"].partition("#")[0]).status_code == 200
    assert ask(client, "forgot password")["may_mean"] == []


def test_the_find_page_asks_back_without_javascript(client):
    page = client.get("/find/", query_string={"q": "it does not work"}).text
    asked = re.search(r'<ul class="handrail-may-mean".*?</ul>', page, re.DOTALL)[0]
    expected = [one["title"] for one in ask(client, "it does not work")["may_mean"]]
    assert re.findall(r"<a [^>]*>([^<]*)</a>", asked) == expected
    assert "What do you mean?" in page
    assert len(PERSON.findall(page)) == 1
    assert page.index("handrail-may-mean") < PERSON.search(page).start() < page.index("handrail-results")


def test_nobody_is_offered_a_mail_about_an_article_that_nobody_can_write(client):
    assert ask(client, "it does not work")["tell"] is None
