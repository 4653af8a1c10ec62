"""Every address of the desk, also one that is added tomorrow: who gets in, with which form, and what is shown there."""

from __future__ import annotations

import csv
import io
import re

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, Message, read_file
from handrail_feedback.records.searches import Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from handrail_feedback.storage.searches.votes import keep_vote
from search.service.attacks.hostile import EVIL, Obeyed

from ..desks import PASSWORD, Desk, failing, hire, lasting_service, signed_in

# One store for all that is only looked at; nothing here depends on the database.
pytestmark = pytest.mark.sqlite

# Open to everybody: the door, and the style of its page.
THE_DOOR = {"login", "static"}
# What leads alone may see or do. Everything else is for agents, too.
FOR_LEADS = {
    "account_events", "account_events_file", "assign", "decide", "decide_several", "topic_merge", "topic_move",
    "topic_rename", "topic_split", "topic_unedit", "undecide", "undecide_several",
}  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n<script>pwned()</script>"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """A desk with something evil in everything that customers and colleagues write."""
    with lasting_service(tmp_path_factory.mktemp("desk")) as app:
        store = app.extensions["handrail"].store
        hire(store, "anna")
        hire(store, "lena", "lead")
        fail = failing(app)
        for query in (f"{EVIL} refund", f"{EVIL} invoice"):
            fail(*[query] * 3)
        along = (Along("search", EVIL, ""), Along("article", EVIL, "guide/reset/"))
        files = tuple(filter(None, [read_file(f"{EVIL}.png", PNG), read_file("\u202egnp.exe\r\nX: y", PNG)]))
        for subject in ("", EVIL, "@SUM(1+1)", "=cmd|'/c calc'!A0"):
            message = Message(EVIL, subject, f"{EVIL} anna@acme.test", "en", now(), along=along, attachments=files)
            keep_message(store, message)
        keep_vote(store, Vote("guide/reset/", False, now(), EVIL, tab="of-a-reader", reasons=()))
        yield app


@pytest.fixture(scope="module")
def addresses(app):
    """The method, the path and the endpoint of everything below the desk."""
    store = app.extensions["handrail"].store
    [*_, message] = list_messages(store)
    topics = store.read("SELECT min(topic_id) AS topic FROM topic_members")
    values = {
        "code": message.code,
        "topic": topics[0]["topic"],
        "kind": "csv",
        "location": "guide/reset/",
        "number": store.read("SELECT min(id) AS id FROM attachments")[0]["id"],
        "filename": "desk.css",
    }
    found = []
    with app.test_request_context("/help/desk/"):
        for rule in app.url_map.iter_rules():
            if rule.endpoint.startswith("desk."):
                path = app.url_map.bind("localhost").build(
                    rule.endpoint, {name: values[name] for name in rule.arguments}, method=next(iter(rule.methods))
                )
                name = rule.endpoint.removeprefix("desk.")
                found += [(method, path, name) for method in sorted(rule.methods - {"HEAD", "OPTIONS"})]
    assert len(found) >= 50
    return found


def ask(desk: Desk, method: str, path: str, **fields):
    return desk.client.open(path, method=method, data=fields if method == "POST" else None)


def test_nothing_opens_and_nothing_is_done_without_signing_in(app, addresses, record_property):
    stranger = Desk(app.test_client())
    stranger.get("login")
    token = stranger.token()
    for method, path, name in addresses:
        if name not in THE_DOOR:
            for fields in ({}, {"csrf_token": token}):
                answer = ask(stranger, method, path, **fields)
                assert answer.status_code == 401, (method, path)
                assert "anna@acme.test" not in answer.text and "lena" not in answer.text
    record_property("tried", 2 * len(addresses))


def test_no_form_works_without_the_token_of_this_very_session(app, addresses, record_property):
    other = signed_in(app, "anna")
    other.get("account/")
    lead = signed_in(app, "lena")
    for method, path, name in addresses:
        if method == "POST":
            for token in ("", "x", other.token(), f"{other.token()}x"):
                answer = ask(lead, method, path, csrf_token=token)
                # A search for an article on the page of a message is a form, too.
                assert answer.status_code == 400, (name, token)
    record_property("tried", 4 * sum(method == "POST" for method, *_ in addresses))


def test_agents_do_and_see_nothing_that_is_for_leads_and_all_of_the_rest(app, addresses, record_property):
    agent = signed_in(app, "anna")
    asked = {name: agent for _, _, name in addresses}
    assert set(asked) >= FOR_LEADS
    refused = set()
    for method, path, name in addresses:
        if name in ("logout", "end_sessions", "end_session"):
            continue
        agent.get("account/")
        answer = ask(agent, method, path, csrf_token=agent.token())
        if answer.status_code == 403:
            refused.add(name)
    assert refused == FOR_LEADS
    record_property("tried", len(addresses))


@pytest.mark.parametrize("who", ["anna", "lena"])
def test_no_page_obeys_what_customers_wrote(app, addresses, who, record_property):
    desk, looked = signed_in(app, who), 0
    for method, path, _ in addresses:
        if method == "GET":
            for address in (
                path,
                f"{path}?q={EVIL.replace('%', '%25').replace('#', '%23')}&days={EVIL[:3]}&code=x{EVIL[:40]}",
            ):
                answer = desk.client.get(address)
                assert answer.status_code < 500, path
                if answer.mimetype == "text/html":
                    looked += 1
                    assert Obeyed(answer.text).found == [], path
                    assert answer.headers["X-Frame-Options"] == "DENY"
                else:
                    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert looked > 15
    record_property("tried", looked)


@pytest.mark.parametrize("number", ["0", "9" * 15, "9" * 20, "9" * 5000, "\u0663"])
def test_a_number_that_no_store_has_leads_nowhere(app, addresses, number, record_property):
    lead, tried = signed_in(app, "lena"), 0
    for method, path, name in addresses:
        other = re.sub(r"(?<=/)\d+(?=[/.]|$)", number, path)
        if other != path:
            lead.get("account/")
            answer = ask(lead, method, other, csrf_token=lead.token(), present=PASSWORD)
            assert answer.status_code == 404, name
            tried += 1
    assert tried > 10
    record_property("tried", tried)


def test_a_file_of_a_customer_is_handed_out_so_that_nothing_in_it_runs(app, addresses):
    [path] = {path for _, path, name in addresses if name == "file"}
    answer = signed_in(app, "anna").client.get(path)
    assert answer.get_data() == PNG
    assert answer.mimetype == "image/png"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment") and "\n" not in disposition and "<" not in disposition
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert "no-store" in answer.headers["Cache-Control"]


def test_no_cell_of_any_file_is_calculated(app, addresses, record_property):
    lead, cells = signed_in(app, "lena"), []
    for method, path, _ in addresses:
        if method == "GET" and path.endswith(".csv"):
            text = lead.client.get(path).get_data(as_text=True).removeprefix("\ufeff")
            cells += [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert not [cell for cell in cells if re.match(r"[\s\"]*[=+@|%]|-\D", cell)]
    assert len([cell for cell in cells if re.match(r"'(?:=cmd|@SUM)", cell)]) == 2
    record_property("tried", len(cells))


def test_fields_that_no_form_has_change_nothing(app):
    agent = signed_in(app, "anna")
    more = {"role": "lead", "name": "lena", "who": "lena", "member": "lena", "second_factor": "1", "by_provider": "1",
            "id": "1", "state": "answered", "next": "//evil.example"}  # fmt: skip
    store = app.extensions["handrail"].store
    before = staff.everybody(store)
    agent.get("account/")
    present = "correct horse battery"
    agent.post("account/password", present=present, new="a new horse battery", again="a new horse battery", **more)
    agent.post("account/password", present="a new horse battery", new=present, again=present, **more)
    [code] = [one.code for one in list_messages(store)][:1]
    agent.get(f"m/{code}/")
    agent.post(f"m/{code}/assign", assignee="anna", **more)
    assert [(one.name, one.role, one.second_factor, one.by_provider) for one in staff.everybody(store)] == [
        (one.name, one.role, one.second_factor, one.by_provider) for one in before
    ]
    assert agent.get("accounts/").status_code == 403
