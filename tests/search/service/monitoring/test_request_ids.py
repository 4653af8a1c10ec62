"""A request is known by its id: in its answer, and in every line of the log that belongs to it."""

from __future__ import annotations

import json
import logging
import re
import threading

import pytest
from flask import Flask, abort
from gunicorn.config import Config

from handrail_kb.texts.log.lines import JsonLines
from handrail_kb.texts.log.logger import REQUEST
from handrail_search.service.app import parts_of
from handrail_search.service.gunicorn_server import GunicornLog, _thread_ended
from handrail_search.service.monitoring.requests import watch_requests


class Keep(logging.Handler):
    """Keeps the lines of the log as JSON, read back."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLines())
        self.lines = []

    def emit(self, record):
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def handler():
    return Keep()


@pytest.fixture
def lines(handler):
    """The lines of our log as JSON, read back."""
    loggers = [logging.getLogger(name) for name in ("handrail_search", "handrail_feedback")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    yield handler.lines
    for one, level in zip(loggers, before, strict=True):
        one.removeHandler(handler)
        one.setLevel(level)


@pytest.mark.parametrize(
    "given",
    [
        "4f1c9a0b7d2e4c55",
        "7b8e1f0c-3f5a-4a53-9d62-0d6f6c4c9a11",
        "Root=1-67891233-abcdef012345678912345678",
        "a",
        "x" * 128,
    ],
)
def test_an_id_that_a_proxy_gave_is_kept_and_given_back(client, given):
    assert client.get("/healthz", headers={"X-Request-ID": given}).headers.getlist("X-Request-ID") == [given]


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "a b", "anna@acme.test", "<script>", "a;b", "é", "a/b", '"', "a,b", "%0d%0aX: y"]
)
def test_any_other_id_is_replaced(client, given):
    [made] = client.get("/healthz", headers={"X-Request-ID": given}).headers.getlist("X-Request-ID")
    assert len(made) == 32 and made.isalnum() and made != given


def test_every_answer_has_an_id_of_its_own(client):
    asked = [("GET", path) for path in ("/", "/api/search?q=mail", "/nowhere/", "/account", "/metrics", "/readyz")]
    answers = [client.open(path, method=method) for method, path in [*asked, ("POST", "/api/search"), ("PUT", "/")]]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(ids)) == len(answers)


@pytest.fixture
def logged_client(make_app, own_acme, lines):
    return make_app(own_acme, log_format="json").test_client()


def access(lines):
    return [line for line in lines if line["event"] == "request.answered"]


def test_as_json_each_request_has_a_line_without_its_address(logged_client, lines):
    answer = logged_client.get("/api/search?q=zanzibar", headers={"X-Request-ID": "abc"})
    assert answer.status_code == 200
    [line] = access(lines)
    assert {name: line[name] for name in ("request_id", "method", "endpoint", "status", "level")} == {
        "request_id": "abc",
        "method": "GET",
        "endpoint": "search.api",
        "status": 200,
        "level": "info",
    }
    assert 0 < line["duration"] < 30
    assert "zanzibar" not in json.dumps(lines)


@pytest.mark.parametrize(
    ("method", "path", "endpoint", "status"),
    [
        ("GET", "/", "site_home", 200),
        ("GET", "/zanzibar/", "site", 404),
        ("ZANZIBAR", "/", "none", 405),
        ("GET", "/healthz", "healthz", 200),
    ],
)
def test_a_line_names_what_was_asked_for_and_never_a_path(logged_client, lines, method, path, endpoint, status):
    logged_client.open(path, method=method)
    [line] = access(lines)
    assert (line["endpoint"], line["status"]) == (endpoint, status)
    assert "zanzibar" not in json.dumps(line).lower()


def test_as_text_there_is_no_line_for_a_request(make_app, own_acme, lines):
    make_app(own_acme).test_client().get("/")
    assert access(lines) == []


def test_lines_of_a_request_carry_its_id_also_where_it_fails(make_app, own_acme, lines):
    app = make_app(own_acme, log_format="json")
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    app.add_url_rule("/refused", "refused", lambda: abort(418))
    app.test_client().get("/broken", headers={"X-Request-ID": "one"})
    app.test_client().get("/refused", headers={"X-Request-ID": "two"})
    told = [(line["request_id"], line["event"], line.get("status")) for line in lines if "request_id" in line]
    assert told == [
        ("one", "request.failed", None),
        ("one", "request.answered", 500),
        ("two", "request.answered", 418),
    ]


def test_a_search_that_cannot_be_written_is_told_with_the_request_that_brought_it(
    make_app, own_acme, lines, monkeypatch
):
    def broken(*_):
        raise ValueError("zanzibar")

    monkeypatch.setattr("handrail_feedback.search_log.write_search", broken)
    app = make_app(own_acme)
    app.test_client().get("/api/search?q=zanzibar", headers={"X-Request-ID": "abc"})
    assert parts_of(app).searches.flush(20)
    [line] = [line for line in lines if line["event"] == "search.not_kept"]
    assert line["request_id"] == "abc" and "zanzibar" not in json.dumps(line)


def test_gunicorns_own_line_of_a_request_that_fails_has_its_id_and_not_its_address(handler):
    def broken(_environ, _start_response):
        raise ValueError("zanzibar")

    root = logging.getLogger()
    root.addHandler(handler)
    app = Flask(__name__)
    app.wsgi_app = broken
    watch_requests(app, lambda answered: None, log_each=False)
    gunicorn = GunicornLog(Config())
    try:
        app.wsgi_app({"REQUEST_METHOD": "GET", "HTTP_X_REQUEST_ID": "abc"}, lambda *_: None)
    except ValueError:
        gunicorn.exception("Error handling request %s", "/find?q=zanzibar")  # as its worker does
    finally:
        REQUEST.set(None)
        root.removeHandler(handler)
    [line] = handler.lines
    assert (line["request_id"], line["event"], line["level"]) == ("abc", "other", "error")
    assert line["message"].startswith("Error handling request … (ValueError at test_request_ids.py:")
    assert "zanzibar" not in json.dumps(line)


def test_what_ends_a_thread_is_one_line_without_the_words_of_the_error(lines, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", _thread_ended)

    def broken():
        raise ValueError("zanzibar")

    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    [line] = lines
    assert line["event"] == "service.thread_ended"
    assert re.search(r"ValueError at test_request_ids\.py:\d+$", line["message"])
