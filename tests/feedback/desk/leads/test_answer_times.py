"""How many messages were answered within the time that is set: counted, shown, and as files for auditors."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urljoin

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import AnsweredMessage, Message
from handrail_feedback.records.stamps import now, stamp
from handrail_feedback.reports.people.answered_in_time import by_month, first_month, lines_of
from handrail_feedback.storage.messages.answers import answer_by_mail, settle
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.contact.answer_limit import AnswerLimit

from ..desks import DAY, service, signed_in, texts

GERMAN = "Guten Tag, wir haben das für Sie geändert. Bitte melden Sie sich mit der neuen Adresse an."
ENGLISH = "Hello, we have changed it for you. Please sign in with the new address."


@pytest.fixture
def write(store):
    def write(ago, *, to="a@acme.test", lang="en", follows="", callback="", words="It says no."):
        at = now() - ago * DAY
        return keep_message(store, Message(words, "Help", to, lang, at, callback=callback, follows=follows))

    return write


@pytest.fixture
def answer(store):
    """Answers a message so many days ago."""

    def answer(code, ago, words="", way="elsewhere"):
        at = now() - ago * DAY
        if words:
            assert answer_by_mail(store, code, words, "a@acme.test", "ana", at, f"token of {code}")
        else:
            assert settle(store, code, way, "ana", at, f"token of {code}")

    return answer


def rows_of(desk, path):
    answer = desk.client.get(urljoin("/help/desk/", path))
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_each_message_is_counted_once_its_time_is_over(write, answer, lead):
    in_time, late = write(60), write(60)
    answer(in_time, 55)
    answer(late, 5)
    silent, soon = write(60), write(2)
    answer(soon, 1)  # its time is not over, so that it makes no month look better
    answer(write(60), 59, way="nothing")  # spam
    write(59, follows=in_time)  # adds to another
    found = {one["code"]: one["outcome"] for one in rows_of(lead, "answers.csv")}
    assert found == {in_time: "in time", late: "late", silent: "not answered", soon: "not due yet"}
    totals = [one for one in rows_of(lead, "answer-times.csv") if one["channel"] == "all"]
    counted = {
        name: sum(int(one[name]) for one in totals)
        for name in ("due", "in_time", "late", "not_answered", "not_due_yet")
    }
    assert counted == {"due": 3, "in_time": 1, "late": 1, "not_answered": 1, "not_due_yet": 1}
    assert {one["answer_within"] for one in totals} == {"15 working days"}


def test_numbers_are_told_by_how_the_customer_is_to_be_answered(write, answer, lead):
    answer(write(60), 59)
    answer(write(60, callback="Monday"), 59)
    write(60, to="")
    rows = rows_of(lead, "answer-times.csv")
    assert [(one["channel"], one["share"]) for one in rows] == [
        ("all", "0.6667"),
        ("mail", "1.0"),
        ("call", "1.0"),
        ("code", "0.0"),
    ]
    lead.get("report/")
    section = texts(re.search(r'<section aria-labelledby="answered">.*?</section>', lead.page, re.S)[0])
    assert "Answered within 15 working days" in section
    assert "67% (2 of 3) 1 not answered" in section


def test_the_report_leads_to_both_files_of_the_months_that_it_shows(write, lead):
    write(60)
    lead.get("report/?span=last-month")
    links = [unescape(one) for one in re.findall(r'href="([^"]+answer[^"]+)" download', lead.page)]
    assert [re.sub(r".*/desk/", "", one) for one in links] == [
        f"{name}.{kind}?span=last-month" for name in ("answer-times", "answers") for kind in ("csv", "json")
    ]
    for link in links[1::2]:
        found = json.loads(lead.client.get(link).get_data(as_text=True))
        assert found["of"] >= 1 and len(found.get("months") or found["answers"]) == found["of"]
    lead.get("report/", headers={"Accept-Language": "de"})
    assert "Beantwortet innerhalb von 15 Arbeitstagen" in lead.page


def test_the_language_of_an_answer_stands_beside_that_of_the_message(write, answer, lead):
    answer(wrong := write(60, lang="de"), 59, words=ENGLISH)
    answer(right := write(60, lang="en", words=GERMAN), 59, words=GERMAN)
    answer(called := write(60, lang="de"), 59)
    found = {one["code"]: (one["lang"], one["answer_lang"]) for one in rows_of(lead, "answers.csv")}
    assert found == {wrong: ("de", "en"), right: ("de", "de"), called: ("de", "")}
    lead.get(f"m/{wrong}/")
    assert "in another language (en) than the message (de)" in texts(lead.page)
    lead.get(f"m/{right}/")
    assert "in another language" not in lead.page


def test_a_file_for_an_auditor_holds_no_words_and_no_addresses(write, answer, lead):
    answer(write(60, words="My secret is 42."), 59, words=ENGLISH)
    for path in ("answers.csv", "answers.json", "answer-times.csv"):
        text = lead.client.get(f"/help/desk/{path}").get_data(as_text=True)
        assert "secret" not in text and "acme.test" not in text and "Hello" not in text


def test_where_no_time_is_set_nothing_is_counted(tmp_path):
    from ..desks import hire

    with service(tmp_path, answer_within="") as app:
        hire(app.extensions["handrail"].store, "ana", "lead")
        desk = signed_in(app, "ana")
        assert desk.get("report/").status_code == 200 and "Answered within" not in desk.page
        assert desk.get("answers.csv").status_code == 404


def test_a_message_belongs_to_the_month_of_the_sites_own_time():
    from zoneinfo import ZoneInfo

    madrid = ZoneInfo("Europe/Madrid")
    late_in_april = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)  # half past midnight in Madrid
    message = AnsweredMessage("A", late_in_april, "es", "mail", None)
    [month] = by_month([message], AnswerLimit(1, "day"), late_in_april + timedelta(days=9), madrid)
    assert f"{month.month:%Y-%m}" == "2026-05" and month.all.not_answered == 1
    assert [(name, count.due) for _, name, count in lines_of([month])] == [("all", 1), ("mail", 1)]
    assert stamp(first_month(datetime(2026, 5, 1, tzinfo=UTC), UTC)).startswith("2025-04-01")
    assert stamp(first_month(datetime(2026, 5, 9, tzinfo=UTC), UTC)).startswith("2025-05-01")
    assert stamp(first_month(datetime(2026, 1, 9, tzinfo=UTC), UTC)).startswith("2025-01-01")
