"""What the service answers to a question."""

from __future__ import annotations

import re

import pytest

from ..asking import ask

ANSWER = {
    "query", "verdict", "mode", "degraded", "fallback_reason", "corrected", "people_first", "search_id", "contact",
    "tell", "answer", "may_mean", "results", "more",
}  # fmt: skip
RESULT = {
    "url", "title", "heading", "breadcrumb", "snippet", "score", "lang", "other_language", "fits", "why", "sections",
}  # fmt: skip


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


def test_a_broad_question_is_asked_back_with_a_person_beside_it(client):
    answer = ask(client, "it does not work")
    assert 2 <= len(answer["may_mean"]) <= 4
    assert (answer["verdict"], answer["people_first"]) == ("weak", True)  # programs that know three verdicts go on
    for one in answer["may_mean"]:
        assert client.get(one["url"].partition("#")[0]).status_code == 200
    assert ask(client, "forgot password")["may_mean"] == []


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("", "This is how you reach a person."),
        ("de", "So erreichen Sie einen Menschen."),
        ("fr", "Voici comment joindre une personne."),
        ("es", "Así puede hablar con una persona."),
    ],
)
def test_whoever_asks_for_a_person_is_answered_with_one(client, lang, said):
    answer = ask(client, "I want to talk to a human", lang=lang)
    assert (answer["contact"]["matter"], answer["contact"]["said"]) == ("person", said)
    assert (answer["people_first"], answer["tell"], answer["answer"]) == (True, None, None)
    assert ask(client, "human resources")["contact"]["matter"] is None


def test_nobody_is_offered_a_mail_about_an_article_that_nobody_can_write(client):
    assert ask(client, "it does not work")["tell"] is None


def test_unknown_addresses_of_the_service_answer_json(client):
    response = client.get("/api/nothing")
    assert (response.status_code, response.mimetype) == (404, "application/json")
    assert set(response.json["error"]) == {"what", "mend"}
    wrong = client.post("/api/search")
    assert (wrong.status_code, wrong.mimetype) == (405, "application/json")
