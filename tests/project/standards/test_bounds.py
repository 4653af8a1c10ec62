"""All that comes in has a bound, which stands in one table: the largest is answered soon, and more is refused."""

from __future__ import annotations

import ast
import io
import json
import time
import tracemalloc
from contextlib import contextmanager

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from feedback.desk.desks import PASSWORD, hire, indexed_site, service, signed_in
from handrail_feedback.accounts.passwords import LONGEST as LONGEST_PASSWORD
from handrail_feedback.desk.blueprint import FORM_BYTES
from handrail_feedback.pages.blueprint import EVENT_BYTES
from handrail_feedback.pages.contact_form import LONGEST_FORM
from handrail_feedback.pages.vote import VOTE_BYTES
from handrail_feedback.records.messages import LONGEST_LINE, LONGEST_MESSAGE
from handrail_search.ranking.searcher import MAX_LIMIT, MAX_QUESTION
from handrail_search.service.app import BODY_BYTES
from project.rooms import files
from project.standards.bounds import BOUNDS, FILE_MB, MEGABYTES, SECONDS

PNG = b"\x89PNG\r\n\x1a\n"
FILE_BYTES = FILE_MB * 1024 * 1024


@pytest.fixture(scope="module")
def app(tmp_path_factory, lend_encoder):
    root = tmp_path_factory.mktemp("bounds")
    indexed_site(root, lend_encoder)
    often = dict.fromkeys(("search_rate", "contact_rate", "code_rate"), "1000000 per minute")
    with service(root, **often) as app:
        store = app.extensions["handrail"].store
        hire(store)
        hire(store, "ana", "lead")
        yield app


@pytest.fixture(scope="module")
def client(app):
    client = app.test_client()
    client.get("/help/api/search?q=warm")
    return client


def names(node):
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} if node else set()


def test_json_nested_too_deep_is_refused_wherever_what_is_no_json_is():
    """Python's reader has another error for it, and whoever catches the one alone shows people a traceback."""
    caught = {
        f"{file.name}:{block.lineno}": set().union(*(names(handler.type) for handler in block.handlers))
        for file in files(".py")
        for block in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(block, ast.Try) and any("json.loads(" in ast.unparse(line) for line in block.body)
    }
    assert len(caught) > 10
    assert [
        where for where, errors in caught.items() if "ValueError" in errors and "RecursionError" not in errors
    ] == []


@contextmanager
def measured(memory=MEGABYTES):
    """Fails where what is done takes longer than the table says, or holds more."""
    tracemalloc.start()
    began = time.thread_time()  # not what other programs take of the processor
    try:
        yield
        took, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < SECONDS
    assert peak < memory * 1024 * 1024


def as_json(client, path, body):
    return client.post(f"/help/{path}", data=body, content_type="application/json")


def filled(size, **fields):
    """JSON of so many bytes: what is too much stands in a field that nobody reads."""
    body = json.dumps(fields)[:-1] + ', "x": ""}'
    return body[:-2] + "x" * (size - len(body)) + body[-2:]


def message(client, **fields):
    """A message as the page sends it."""
    return client.post("/help/api/contact", data={"opened": "", **fields}, headers={"Accept": "application/json"})


def test_every_address_of_the_service_is_in_the_table(app):
    taken = {endpoint for bound in BOUNDS for endpoint in bound.endpoints}
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    left_out = {one for one in there if one not in taken and f"{one.partition('.')[0]}." not in taken}
    assert not left_out, "what comes in there, and how large may it be?"
    assert not {one for one in taken if one not in there and not one.endswith(".")}, "no longer there"


@pytest.mark.parametrize(
    "letter", ["x", "\u00e4", "\u0939\u0940", "\u65e5", "\U0001f600", "\u202e", "a ", "-1", '"', "\u0301"]
)
@pytest.mark.parametrize("path", ["api/search", "find/"])
def test_the_longest_search_is_answered_soon_and_a_longer_one_is_cut_off(client, letter, path):
    words = (letter * MAX_QUESTION)[:MAX_QUESTION]
    with measured():
        answer = client.get(f"/help/{path}", query_string={"q": words, "limit": MAX_LIMIT})
    assert answer.status_code == 200
    if path == "api/search":
        longer = client.get(f"/help/{path}", query_string={"q": words + " and more"}).json
        assert longer["query"] == answer.json["query"]


def test_another_number_of_results_is_refused(client):
    for limit in (MAX_LIMIT + 1, 0, -1, "9" * 5000, "1e3", "\u0661"):
        assert client.get("/help/api/search", query_string={"q": "a", "limit": limit}).status_code == 400, limit


@pytest.mark.parametrize(
    ("path", "most", "fields"),
    [
        ("api/events", EVENT_BYTES, {"search_id": "A" * 22, "type": "seen"}),
        ("api/feedback", VOTE_BYTES, {"url": "/help/billing/refund/", "helpful": True}),
        ("api/contact", LONGEST_FORM, {"message": "Hello"}),
    ],
)
def test_a_body_may_be_as_large_as_the_table_says_and_no_larger(client, path, most, fields):
    with measured():
        assert as_json(client, path, filled(most, **fields)).status_code < 300
    with measured():
        assert as_json(client, path, filled(most + 1, **fields)).status_code == 413


@pytest.mark.parametrize("opens", ["[", '{"a":', "[[],", '[{"a":'])
def test_no_depth_and_no_number_is_too_much_for_the_reader(client, opens):
    for path, most in (("api/events", EVENT_BYTES), ("api/feedback", VOTE_BYTES), ("api/contact", LONGEST_FORM)):
        with measured():
            assert as_json(client, path, opens * (most // len(opens))).status_code == 400
        with measured():
            digits = '{"position": ' + "9" * (most - 20) + "}"
            assert as_json(client, path, digits).status_code in (400, 422)


@pytest.mark.parametrize("path", ["find/", "tell/", "contact/code/", "api/search", "desk/login", "nothing/"])
def test_no_other_body_is_read_beyond_what_the_table_says(client, path):
    with measured():
        answer = client.post(f"/help/{path}", data={"q": "x" * BODY_BYTES})
    assert 400 <= answer.status_code < 500
    with measured():
        assert client.post(f"/help/{path}", data="a=&" * (BODY_BYTES // 3)).status_code < 500


def test_the_longest_message_is_kept_and_a_longer_one_is_shown_again(client):
    with measured():
        fits = {"message": "\u00e4" * LONGEST_MESSAGE, "subject": "s" * LONGEST_LINE}
        assert message(client, **fits).status_code == 201
    for name, longest in (("message", LONGEST_MESSAGE), ("subject", LONGEST_LINE), ("reply_to", LONGEST_LINE)):
        with measured():
            refused = message(client, **{"message": "Hello", name: "x" * (longest + 1)})
        assert refused.status_code == 422, name
        assert name in refused.json["fields"], refused.json


class NeverRead(io.RawIOBase):
    """The body of a request, which fails where anybody reads it."""

    def readable(self):
        return True

    def readinto(self, _buffer):
        raise AssertionError("it was read")


def test_as_many_megabytes_of_files_are_taken_as_the_table_says(client):
    def sent(size):
        head = '--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
        body = head % ("message", "") + "Look\r\n" + head % ("files", '; filename="a.png"')
        whole = b"".join((body.encode(), PNG, bytes(size - len(PNG)), b"\r\n--x--\r\n"))
        kind = "multipart/form-data; boundary=x"
        return client.post("/help/api/contact", data=whole, content_type=kind, headers={"Accept": "application/json"})

    with measured(memory=MEGABYTES + 2 * FILE_MB):
        assert sent(FILE_BYTES - 1000).status_code == 201
    with measured(memory=MEGABYTES + 2 * FILE_MB):
        assert sent(FILE_BYTES + 1000).status_code == 422
    refused = client.post(
        "/help/api/contact",
        environ_overrides={"wsgi.input": NeverRead(), "CONTENT_LENGTH": str(2 * FILE_BYTES + LONGEST_FORM + 1)},
        content_type="multipart/form-data; boundary=x",
        headers={"Accept": "application/json"},
    )
    assert refused.status_code == 422


def test_a_form_of_the_desk_is_no_larger_than_the_table_says(app):
    desk = signed_in(app, "anna")
    assert desk.get("account/").status_code == 200
    long = "x7-" * LONGEST_PASSWORD
    with measured():
        desk.post("account/password", present=PASSWORD, new=long, again=long)
    assert f"{LONGEST_PASSWORD} characters" in desk.page
    with measured():
        assert desk.post("account/password", present=PASSWORD, new="x" * FORM_BYTES).status_code == 413
