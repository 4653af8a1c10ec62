"""A lead works through the queue: one topic after another, several at once, with colleagues beside."""

from __future__ import annotations

import re
from datetime import date

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.searches.decisions import decide, history, undo
from handrail_feedback.storage.searches.topics import topics
from handrail_feedback.storage.searches.triage import assignments, comments

from ..desks import Desk, form_token, hire, listed, number, signed_in, texts, views


@pytest.fixture
def queue(fail):
    """Three topics, the one of most people first."""
    fail(*(f"{letter} walrus" for letter in "abcde"))
    fail(*(f"{letter} invoice" for letter in "abcd"), lang="de")
    fail(*(f"{letter} refund" for letter in "abc"))


def chosen(desk: Desk, *numbers: int) -> list[str]:
    """The values of the checkboxes of these topics, as the page has them."""
    values = re.findall(r'name="topic" value="([^"]+)"', desk.page)
    return [value for value in values if int(value.partition(":")[0]) in numbers]


def seen(desk: Desk) -> str:
    return re.findall(r'name="seen" value="(\d+)"', desk.page)[0]


def heading(desk: Desk) -> str:
    return re.findall(r"<h1><bdi>(.*?)</bdi>", desk.page)[0]


def test_after_a_decision_the_next_topic_of_the_queue_opens_and_says_what_was_done(lead, store, queue):
    walrus, invoice, refund = (number(store, word) for word in ("walrus", "invoice", "refund"))
    lead.get(f"topics/{walrus}/")
    assert "1 of 3" in texts(lead.page)
    assert f'rel="next" href="/help/desk/topics/{invoice}/"' in lead.page and 'rel="prev"' not in lead.page
    lead.post(f"topics/{walrus}/decide", verdict="spam", token=form_token(lead), seen=seen(lead))
    assert heading(lead).endswith("invoice")
    assert "walrus : Spam Undo" in texts(lead.page)
    assert f'rel="next" href="/help/desk/topics/{refund}/"' in lead.page
    [made] = history(store)[walrus]
    lead.post("topics/undo", decision=str(made.id))
    assert [name.split()[-1] for name in listed(lead)] == ["walrus", "invoice", "refund"]


def test_the_last_topic_of_a_queue_leads_back_to_the_list(lead, store, queue):
    refund = number(store, "refund")
    lead.get(f"topics/{refund}/?q=refund")
    assert "1 of 1" in texts(lead.page)
    lead.post(f"topics/{refund}/decide?q=refund", verdict="writing", token=form_token(lead), seen="0")
    assert "No topic is like that." in texts(lead.page) and "refund : Write article Undo" in texts(lead.page)


def test_a_queue_keeps_its_filter_and_order_from_topic_to_topic(lead, store, queue):
    asked = "sort=name&amp;stands=all"
    lead.get("topics/?stands=all&sort=name")
    first = re.findall(r'href="(/help/desk/topics/\d+/[^"]*)"', lead.page)[0].replace("&amp;", "&")
    lead.get(first)
    assert heading(lead).endswith("invoice")
    assert re.search(rf'rel="next" href="/help/desk/topics/{number(store, "refund")}/\?[^"]*sort=name', lead.page), (
        asked
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [("lang=de", ["invoice"]), ("assignee=ana", ["refund"]), ("assignee=-", ["walrus", "invoice"]),
     ("section=guide", ["walrus", "invoice", "refund"]), ("section=nowhere", []), ("lang=xx", [])],
)  # fmt: skip
def test_the_queue_is_filtered(lead, store, queue, asked, found):
    refund = number(store, "refund")
    lead.get(f"topics/{refund}/")
    lead.post(f"topics/{refund}/assign", assignee="ana", due="2031-02-03")
    assert [name.split()[-1] for name in listed(lead, f"topics/?{asked}")] == found
    assert views(lead)["Assigned to me"] == "1"


def test_whoever_undoes_what_was_just_decided_stands_on_that_topic_again(lead, store, queue):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/?sort=name")
    lead.post(f"topics/{walrus}/decide?sort=name", verdict="spam", token=form_token(lead), seen=seen(lead))
    assert not heading(lead).endswith("walrus")
    form = re.search(r'<form method="post" action="([^"]+undo[^"]*)">(.*?)</form>', lead.page, re.S)
    fields = dict(re.findall(r'name="(decision|to)" value="(\d+)"', form[2]))
    lead.post(form[1].replace("&amp;", "&"), **fields)
    assert heading(lead).endswith("walrus") and history(store)[walrus][0].undone_at
    assert "sort=name" in lead.page and "desk-done" not in lead.page
    assert lead.post("topics/undo", decision="9" * 5000, to="1; x").status_code == 200


def test_several_topics_are_decided_at_once_and_undone_at_once(lead, store, queue):
    walrus, refund = number(store, "walrus"), number(store, "refund")
    listed(lead)
    lead.post("topics/decide", topic=chosen(lead, walrus, refund), verdict="out of scope")
    assert "2 topics: Out of scope Undo" in texts(lead.page)
    assert {topic: [one.verdict for one in made] for topic, made in history(store).items()} == {
        walrus: ["out of scope"],
        refund: ["out of scope"],
    }
    lead.post("topics/undo", decision=re.findall(r'name="decision" value="(\d+)"', lead.page))
    assert views(lead)["Needs triage"] == "3"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"verdict": "spam"}, "Please choose at least one topic."),
        ({"topic": "1:0"}, "Please choose what is to be done."),
        ({"topic": "1:x", "verdict": "spam"}, "at least one"),
        ({"topic": "9" * 30 + ":0", "verdict": "spam"}, "at least one"),
        ({"topic": "9" * 14 + ":0", "verdict": "spam"}, "There is no topic"),
    ],
)
def test_nothing_is_decided_where_nothing_was_chosen(lead, store, queue, sent, said):
    listed(lead)
    assert lead.post("topics/decide", **sent).status_code == 422
    assert said in texts(lead.page) and history(store) == {}


def test_the_second_of_two_leads_is_told_before_anything_is_overwritten(lead, app, store, queue):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/")
    token, before = form_token(lead), seen(lead)
    decide(store, walrus, "writing", "ben", now())
    answer = lead.post(f"topics/{walrus}/decide", verdict="spam", token=token, seen=before, why="robots")
    assert answer.status_code == 409
    assert "Not kept: ben decided meanwhile: Write article." in texts(lead.page) and 'value="robots"' in lead.page
    assert re.search(r'<input[^>]* id="why"[^>]* autofocus', lead.page)  # on a phone it stands far below
    assert [one.verdict for one in history(store)[walrus]] == ["writing"]
    lead.post(f"topics/{walrus}/decide", verdict="spam", token=form_token(lead), seen=seen(lead))
    assert [one.verdict for one in history(store)[walrus]] == ["writing", "spam"]


def test_a_decision_that_was_undone_meanwhile_is_told_too(lead, store, queue):
    walrus = number(store, "walrus")
    decide(store, walrus, "writing", "ben", now())
    lead.get(f"topics/{walrus}/")
    undo(store, walrus, "ben", now())
    assert (
        lead.post(f"topics/{walrus}/decide", verdict="spam", token=form_token(lead), seen=seen(lead)).status_code == 409
    )
    assert "Not kept: the decision was undone meanwhile." in texts(lead.page)


def test_of_several_only_those_are_decided_that_nobody_else_has_decided(lead, store, queue):
    walrus, refund = number(store, "walrus"), number(store, "refund")
    listed(lead)
    sent = chosen(lead, walrus, refund)
    decide(store, refund, "writing", "ben", now())
    assert lead.post("topics/decide", topic=sent, verdict="spam").status_code == 409
    assert "somebody else decided on 1 of them" in texts(lead.page)
    assert [one.verdict for one in history(store)[refund]] == ["writing"]
    assert [one.verdict for one in history(store)[walrus]] == ["spam"]


def test_who_else_has_a_topic_open_is_told(app, lead, store, queue):
    walrus = number(store, "walrus")
    hire(store, "ben", "lead")
    signed_in(app, "ben").get(f"topics/{walrus}/")
    lead.get(f"topics/{walrus}/")
    assert "ben has this topic open, too." in texts(lead.page)
    lead.get(f"topics/{number(store, 'refund')}/")
    assert "has this topic open" not in texts(lead.page)


def test_a_topic_is_assigned_with_a_day_and_to_nobody_again(lead, store, queue):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/")
    lead.post(f"topics/{walrus}/assign", assignee="ana", due="2031-02-03")
    assert assignments(store)[walrus].due_on == date(2031, 2, 3)
    assert "Due: 2031-02-03" in texts(lead.page) and "Assignee: ana" in texts(lead.page)
    assert lead.post(f"topics/{walrus}/assign", assignee="", due="31.2.").status_code == 422
    assert "is no date" in texts(lead.page)
    assert lead.post(f"topics/{walrus}/assign", assignee="nobody I know", due="").status_code == 404
    lead.get(f"topics/{walrus}/")
    lead.post(f"topics/{walrus}/assign", assignee="", due="")
    assert assignments(store)[walrus].assignee == ""


def test_staff_comment_on_a_topic_and_a_double_click_is_one_comment(app, lead, store, queue):
    walrus = number(store, "walrus")
    hire(store, "cora", "agent")
    agent = signed_in(app, "cora")
    agent.get(f"topics/{walrus}/")
    token = form_token(agent)
    for _ in range(2):
        agent.post(f"topics/{walrus}/comment", words="<b>They</b> mean the seal.", token=token)
    assert [one.words for one in comments(store, walrus)] == ["<b>They</b> mean the seal."]
    assert "&lt;b&gt;They&lt;/b&gt; mean the seal." in agent.page
    agent.post(f"topics/{walrus}/comment", words="  ", token="another")
    assert agent.post(f"topics/{walrus}/comment", words="x" * 2001, token="third").status_code == 422
    assert len(comments(store, walrus)) == 1
    assert agent.post(f"topics/{walrus}/assign", assignee="cora", due="").status_code == 403


def test_every_wording_of_a_topic_is_listed_page_by_page(lead, store, fail):
    fail(*(f"number {word} walrus" for word in _WORDS))
    [topic] = topics(store)
    lead.get(f"topics/{topic}/")
    first = re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', lead.page)
    lead.get(f"topics/{topic}/?page=2")
    second = re.findall(r'<th scope="row"><bdi>(.*?)</bdi>', lead.page)
    assert (len(first), len(second)) == (15, 2)
    assert {*first, *second} == {f"number {word} walrus" for word in _WORDS}


_WORDS = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "dozen",
    "few",
    "many",
    "some",
    "all",
)
