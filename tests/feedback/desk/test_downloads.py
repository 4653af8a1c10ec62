"""Lists of the desk as files: what is in them, what is not, and that who took one is noted."""

import csv
import io
import json
import re
from html import unescape
from urllib.parse import urljoin

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.desk import counted, downloads
from handrail_feedback.desk.messages import inbox
from handrail_feedback.records.messages import Message
from handrail_feedback.records.searches import Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches.votes import keep_vote

from .desks import Desk

LISTS = ("topics", "messages", "articles", "accounts")


def write(store, *subjects, lang="en"):
    for subject in subjects:
        keep_message(store, Message("It says no.", subject, f"{subject[:1]}@acme.test", lang, now()))


def file_of(desk, path):
    """A file of the desk: its name and its text."""
    answer = desk.client.get(urljoin("/help/desk/", path))
    assert answer.status_code == 200
    name = re.fullmatch(r'attachment; filename="([\w.-]+)"', answer.headers["Content-Disposition"])[1]
    return name, answer.get_data(as_text=True)


def rows_of(desk, path):
    _, text = file_of(desk, path)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
def full(fail, store, lead):
    """A store with something in every list."""
    for query in ("reset my =router", "export the invoices"):
        fail(*[query] * 3)
    write(store, "=HYPERLINK(1)", "The printer")
    keep_vote(store, Vote("guide/reset/", False, now(), "", tab="of-a-reader", reasons=()))
    return lead


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_buttons_for_a_file_that_spreadsheets_and_programs_read(full, name):
    page = {"messages": "", "articles": "articles/?shows=all"}.get(name, f"{name}/")
    full.get(page)
    links = [unescape(one) for one in re.findall(r'<a class="desk-button" href="([^"]+)" download>', full.page)]
    assert [re.search(r"/desk/(\w+\.\w+)", one)[1] for one in links] == [f"{name}.csv", f"{name}.json"]
    called, text = file_of(full, links[0])
    assert called == f"{name}-{now():%Y-%m-%d}.csv"
    head, first, *_ = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert text.startswith('\ufeff"') and len(first) == len(head) > 3
    found = json.loads(file_of(full, links[1])[1])
    assert found["format"] == 1
    assert len(found["events" if name == "accounts" else name]) >= 1


def test_a_file_has_what_the_list_shows_on_all_its_pages_and_nothing_else(full, store):
    write(store, *(f"Number {number}" for number in range(inbox.MESSAGES_SHOWN)), lang="de")
    assert len(rows_of(full, "messages.csv")) == inbox.MESSAGES_SHOWN + 2
    german = rows_of(full, "messages.csv?lang=de")
    assert len(german) == inbox.MESSAGES_SHOWN and {one["lang"] for one in german} == {"de"}
    assert [one["subject"] for one in rows_of(full, "messages.csv?q=printer")] == ["The printer"]
    assert [one["name"] for one in rows_of(full, "topics.csv?q=invoices")] == ["export the invoices"]
    [topic] = json.loads(file_of(full, "topics.json?q=invoices")[1])["topics"]
    assert topic["name"] == "export the invoices" and topic["assignee"] == ""


def test_who_takes_care_of_a_topic_and_by_when_is_in_its_file(full):
    [number] = {one["topic"] for one in rows_of(full, "topics.csv?q=invoices")}
    full.get(f"topics/{number}/")
    full.post(f"topics/{number}/assign", assignee="ana", due="2030-05-01")
    [row] = rows_of(full, "topics.csv?assignee=ana")
    assert (row["topic"], row["assignee"], row["due_on"]) == (number, "ana", "2030-05-01")


@pytest.mark.parametrize("typed", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "|calc"])
def test_no_cell_of_a_file_is_calculated(store, desk, typed):
    write(store, typed)
    [row] = rows_of(desk, "messages.csv")
    assert row["subject"].lstrip()[0] == "'"
    found = json.loads(file_of(desk, "messages.json")[1])
    assert found["messages"][0]["subject"].strip() == typed.strip()


def test_a_file_has_a_bounded_number_of_rows_and_its_name_says_what_is_left_out(full, monkeypatch):
    for module in (downloads, inbox):
        monkeypatch.setattr(module, "MOST_ROWS", 1)
    name, text = file_of(full, "messages.csv")
    assert name == f"messages-{now():%Y-%m-%d}-first-1-of-2.csv"
    assert len(text.splitlines()) == 2
    assert json.loads(file_of(full, "messages.json")[1])["of"] == 2


def test_numbers_of_few_people_do_not_leave_the_desk_in_a_file(app, store, fail, lead):
    fail(*["export the invoices"] * 3, lang="en")
    fail("export the invoices", lang="de")
    [topic] = json.loads(file_of(lead, "topics.json")[1])["topics"]
    assert (topic["people"], topic["langs"]) == (4, {"de": None, "en": 3})


def test_the_whole_report_is_a_file_of_the_period_that_is_shown(full):
    full.get("report/?span=28")
    [link] = re.findall(r'href="([^"]+)" download>Download this report', full.page)
    name, text = file_of(full, unescape(link))
    assert re.fullmatch(r"report-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.html", name)
    assert text.lstrip().startswith("<!doctype html>") and "<style>" in text and "export the invoices" in text


def test_what_a_number_of_the_report_counts_is_a_file_with_all_rows_of_its_list(full, fail, monkeypatch):
    monkeypatch.setattr(counted, "_READ_AT_ONCE", 7)
    fail(*(f"find room {number}" for number in range(counted.ROWS_SHOWN)))
    for asked in (
        "searches",
        "failed searches&of=all",
        "messages that reached a person&of=all",
        "said it helped&of=all",
    ):
        full.get(f"report/counted/?number={asked}&span=90")
        of = int(re.search(r'data-of="(\d+)"', full.page)[1])
        links = [unescape(one) for one in re.findall(r'<a class="desk-button" href="([^"]+)" download>', full.page)]
        name, text = file_of(full, links[0])
        assert name == f"counted-{asked.partition('&')[0].replace(' ', '_')}-{now():%Y-%m-%d}.csv"
        assert len(list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))) == of > 0
        found = json.loads(file_of(full, links[1])[1])
        assert found["of"] == len(found["rows"]) == of
    assert full.get("report/counted.csv?number=<b>").status_code == 404


def test_what_was_searched_in_a_topic_is_a_file_of_all_its_wordings(full, fail):
    fail(*["export the invoices"] * 2, *(f"room {number} invoices" for number in range(20)))
    [number] = {one["topic"] for one in rows_of(full, "topics.csv?q=invoices")}
    full.get(f"topics/{number}/")
    links = [
        unescape(one) for one in re.findall(r'<a class="desk-button" href="([^"]+(?:csv|json))" download>', full.page)
    ]
    name, text = file_of(full, links[0])
    assert name == f"topic-{number}-{now():%Y-%m-%d}.csv"
    first, *others = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    of = int(re.search(r'id="typed">.*?desk-count">(\d+)', full.page)[1])
    assert (first["query"], int(first["people"]) >= 3, len(others)) == ("export the invoices", True, of - 1)
    alone = [one for one in others if one["query"].startswith("room")]
    assert {one["people"] for one in alone} == {one["searches"] for one in alone} == {""}, "small numbers stay"
    assert len(json.loads(file_of(full, links[1])[1])["searches"]) == of > 20
    assert full.client.get("/help/desk/topics/9999.csv").status_code == 404


def test_who_took_which_file_is_noted(full, store):
    file_of(full, "messages.csv")
    [last] = events.latest(store, limit=1)
    assert (last.what, last.name, last.by.name) == ("file_downloaded", "ana", "ana")
    assert last.detail == f"messages-{now():%Y-%m-%d}.csv"
    full.get("accounts/")
    assert f"File downloaded: {last.detail}" in full.page


def test_files_are_for_whoever_may_see_their_list(app, desk):
    assert desk.get("accounts.csv").status_code == 403
    assert desk.get("messages.csv").status_code == 200
    assert desk.get("messages.exe").status_code == 404
    for name in LISTS:
        assert Desk(app.test_client()).get(f"{name}.csv").status_code == 401


def test_the_buttons_speak_german(full):
    full.get("", headers={"Accept-Language": "de"})
    assert "Diese Liste herunterladen" in full.page
