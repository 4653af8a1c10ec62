"""What is kept of a visit, and what goes on without an index or a store."""

from __future__ import annotations

import json
import shutil

import pytest

from handrail_feedback.storage.searches.learned import known_questions
from handrail_search.ranking.evidence import Evidence

from ..acme import PERSON
from .asking import ask


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


def test_what_stands_in_an_article_is_kept_as_it_was_typed(own_client, kept, monkeypatch):
    monkeypatch.setattr(Evidence, "public_numbers", lambda _self: ("12.4.56.78",))
    ask(own_client, "12.4.56.78 does not start, nor does 93.184.216.34")
    [intent] = kept("intents")
    assert intent["query"] == "12.4.56.78 does not start, nor does [ip]"


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
    index = own_acme / "state" / "index"
    shutil.rmtree(index / (index / "CURRENT").read_text().strip())
    (index / "CURRENT").write_text("gone")
    client = make_app(own_acme).test_client()
    assert client.get("/account/password/").status_code == 200
    assert "gone" in client.get("/api/search?q=a").json["error"]["what"]
