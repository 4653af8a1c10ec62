"""A lead renames, merges and splits topics at the desk, moves searches, and undoes it; colleagues see who did."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.searches.lineage import recorded
from handrail_feedback.storage.searches.topic_edits import merge, names

from ..desks import Desk, form_token, hire, listed, number, signed_in, texts


@pytest.fixture
def queue(fail):
    fail(*(f"{letter} walrus" for letter in "abcdefg"))
    fail(*(f"{letter} invoice" for letter in "abcd"))


def wording(desk: Desk, words: str) -> str:
    """The value of the checkbox of a search."""
    return re.findall(rf'name="wording" value="([^"]+)" aria-label="Select {words}"', desk.page)[0]


def events(desk: Desk) -> list[str]:
    return re.findall(r'name="event" value="(\d+)"', desk.page)


def heading(desk: Desk) -> str:
    return re.findall(r"<h1><bdi>(.*?)</bdi>", desk.page)[0]


def test_a_topic_is_renamed_and_listed_and_found_under_its_name(lead, store, queue):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/")
    lead.post(f"topics/{walrus}/rename", name="Feeding", token=form_token(lead), seen="0")
    assert heading(lead) == "Feeding" and "Named Feeding ana" in texts(lead.page)
    assert listed(lead, "topics/?q=feeding") == ["Feeding"]


def test_a_topic_is_merged_at_the_desk_and_the_merge_undone(lead, store, queue):
    walrus, invoice = number(store, "walrus"), number(store, "invoice")
    lead.get(f"topics/{walrus}/")
    lead.post(f"topics/{walrus}/merge", other=str(invoice), token=form_token(lead))
    assert "11 people" in texts(lead.page) and f"{walrus} was merged into {invoice}" in texts(lead.page)
    assert len(listed(lead)) == 1
    lead.get(f"topics/{walrus}/")
    assert lead.client.get(f"/help/desk/topics/{walrus}/").status_code == 302
    lead.get(f"topics/{invoice}/")
    lead.post(f"topics/{invoice}/unedit", event=events(lead)[0])
    assert len(listed(lead)) == 2
    lead.get(f"topics/{walrus}/")
    assert re.search("merged into .* undone by ana", texts(lead.page)) and events(lead) == []


def test_searches_are_split_off_and_moved_and_that_is_undone(lead, store, queue):
    walrus, invoice = number(store, "walrus"), number(store, "invoice")
    lead.get(f"topics/{walrus}/")
    chosen = [wording(lead, f"{letter} walrus") for letter in "abd"]
    lead.post(f"topics/{walrus}/split", wording=chosen, token=form_token(lead))
    assert "was split from" in texts(lead.page)
    assert len(listed(lead)) == 3
    lead.get(f"topics/{walrus}/")
    lead.post(f"topics/{walrus}/move", wording=wording(lead, "c walrus"), other=str(invoice), token=form_token(lead))
    assert f"Searches moved from {walrus} to {invoice}: 1" in texts(lead.page)
    lead.get(f"topics/{invoice}/")
    assert wording(lead, "c walrus")
    lead.get(f"topics/{walrus}/")
    for _ in range(2):
        lead.post(f"topics/{walrus}/unedit", event=events(lead)[0])
    assert len(listed(lead)) == 2
    lead.get(f"topics/{walrus}/")
    assert "7 people" in texts(lead.page) and "undone by ana" in texts(lead.page)


def test_a_second_press_of_a_button_is_the_same_deed_and_another_choice_is_another(lead, store, queue):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/")
    token, first, second = form_token(lead), wording(lead, "a walrus"), wording(lead, "b walrus")
    for chosen in (first, first, second):
        assert lead.post(f"topics/{walrus}/split", wording=chosen, token=token).status_code == 200
    assert len(recorded(store)) == 2


def test_a_lead_who_comes_second_is_told_and_nothing_is_changed(lead, store, queue):
    walrus, invoice = number(store, "walrus"), number(store, "invoice")
    lead.get(f"topics/{walrus}/")
    chosen, token = wording(lead, "a walrus"), form_token(lead)
    merge(store, walrus, invoice, "ben", now(), token="of ben")
    assert lead.post(f"topics/{walrus}/split", wording=chosen, token=token).status_code == 409
    assert f"Meanwhile ben merged topic {walrus} into topic {invoice}. Nothing was changed." in texts(lead.page)
    assert len(recorded(store)) == 1


@pytest.mark.parametrize(
    ("action", "sent", "said"),
    [("merge", {"other": ""}, "No other topic was chosen."), ("move", {"other": ""}, "No other topic was chosen."),
     ("split", {}, "Nothing was chosen"), ("split", {"wording": "search:x"}, "Nothing was chosen"),
     ("merge", {"other": "99999"}, "There is no topic 99999")],
)  # fmt: skip
def test_what_cannot_be_done_is_said_and_changes_nothing(lead, store, queue, action, sent, said):
    walrus = number(store, "walrus")
    lead.get(f"topics/{walrus}/")
    assert lead.post(f"topics/{walrus}/{action}", token=form_token(lead), **sent).status_code == 422
    assert said in texts(lead.page) and recorded(store) == []


@pytest.mark.parametrize("action", ["rename", "merge", "split", "move", "unedit"])
def test_an_agent_sees_what_leads_did_and_changes_no_topic(app, store, queue, action):
    walrus, invoice = number(store, "walrus"), number(store, "invoice")
    hire(store)
    desk = signed_in(app, "anna")
    desk.get(f"topics/{walrus}/")
    assert 'name="wording"' not in desk.page and "Rename or merge" not in desk.page
    sent = {"other": str(invoice), "name": "x", "seen": "0", "event": "1", "token": "t" * 20}
    assert desk.post(f"topics/{walrus}/{action}", **sent).status_code == 403
    assert recorded(store) == [] and names(store) == {}
