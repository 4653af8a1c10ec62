"""The log of a real service, in both formats: every line is well formed, and none holds what a customer gave."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from waiting import until

from ..test_serving import built, built_once, free_port, get, started  # noqa: F401 (fixtures)

QUERY = "zanzibar quicksilver refund"
WORDS = "My giraffe umbrella was never delivered"
ADDRESS = "anna.becker@acme-customers.test"
SUBJECT = "Kangaroo invoice"
COMMENT = "the walrus picture is missing"
MACHINE = "203.0.113.77"
SECRETS = [*QUERY.split()[:2], "giraffe", "umbrella", ADDRESS, "anna.becker", "Kangaroo", "walrus", MACHINE]
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def ask(address, path, *, data=None, **headers):
    """Status, headers and text of an answer to a GET, or to a POST of JSON."""
    request = urllib.request.Request(address + path, headers={"X-Forwarded-For": MACHINE, **headers})
    if data is not None:
        request.data = json.dumps(data).encode()
        request.add_header("Content-Type", "application/json")
        request.add_header("Accept", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def visit(address):
    """A customer who searches, votes, and writes; the reference code that they get."""
    words = QUERY.replace(" ", "+")
    status, headers, answer = ask(address, f"api/search?q={words}&tab=tab-abcdefgh", **{"X-Request-ID": "visit-1"})
    assert (status, headers["X-Request-ID"]) == (200, "visit-1")
    search_id = json.loads(answer)["search_id"]
    assert ask(address, f"find/?q={words}", Referer=f"{address}?q={words}")[0] == 200
    ask(address, f"{QUERY.split()[0]}/", **{"X-Request-ID": ADDRESS, "User-Agent": QUERY})
    ask(address, "api/feedback", data={"url": f"{address}pears/", "helpful": False, "comment": COMMENT,
                                       "search_id": search_id, "tab": "tab-abcdefgh"})  # fmt: skip
    form = {"message": WORDS, "subject": SUBJECT, "reply_to": ADDRESS}
    return ask(address, "api/contact", data=form)


def malform(address):
    """Requests that gunicorn refuses by itself."""
    port = int(address.split(":")[2].split("/")[0])
    for raw in (f"GET /{QUERY} HTTP/1.1\r\n\r\n", f"{QUERY}\r\n\r\n", f"GET / HTTP/1.1\r\n{ADDRESS}\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            connection.sendall(raw.encode())
            connection.recv(200)
    broken = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    broken.request("POST", "/help/api/contact", headers={"Transfer-Encoding": "chunked"}, body=None)
    broken.sock.sendall(b"zanzibar\r\n")
    broken.close()


def break_the_store(folder):
    for file in folder.glob("store.db*"):
        file.unlink()
    (folder / "store.db").mkdir()


@pytest.fixture
def spoken(built, monkeypatch):  # noqa: F811
    """Runs a service through all that a customer does, with the store and the way to people failing; its log."""
    monkeypatch.setenv("HANDRAIL_WEBHOOK_SECRET", "s" * 40)

    def run(form):
        flags = [
            *("--log-format", form, "--deliver", "webhook"),
            *(
                "--webhook-url",
                f"http://127.0.0.1:{free_port()}/hook",
                "--alarm-minutes",
                "1",
                "--trusted-proxies",
                "1",
            ),
        ]
        with started(built, "run", *flags) as (process, address, log):
            status, _, answer = visit(address)
            assert status == 201, answer
            code = json.loads(answer)["code"]
            ask(address, "contact/code/", data={"code": code})
            until(lambda: "message.not_delivered" in log.read_text(), "a failed delivery")
            metrics = until(lambda: both_processes(get(f"{address}metrics")[1]), "both processes")
            break_the_store(built / ".handrail")
            status, headers, _ = visit(address)
            assert status == 503
            assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])
            malform(address)
            until(lambda: "searches.not_kept" in log.read_text(), "searches that are given up")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        return log.read_text().splitlines(), [*SECRETS, code, code.replace("-", "")], metrics

    return run


def both_processes(page):
    """The values of a scrape once both processes are there."""
    found = {sample.name: sample.value for family in text_string_to_metric_families(page) for sample in family.samples}
    return found if found.get("handrail_processes") == 2 else None


def refuse_secrets(lines, secrets):
    for line in lines:
        for secret in secrets:
            assert secret.lower() not in line.lower(), line


@pytest.mark.long
def test_the_log_as_json_is_one_object_a_line_and_holds_nothing_of_a_customer(spoken):
    lines, secrets, metrics = spoken("json")
    refuse_secrets(lines, secrets)
    read = [json.loads(line) for line in lines]
    for line in read:
        assert re.fullmatch(TIME, line["time"]) and line["level"] and line["message"], line
    events = {line["event"] for line in read}
    assert {
        "service.started", "index.serving", "request.answered", "message.not_delivered", "vote.not_kept",
        "message.not_kept", "searches.not_kept",
    } <= events  # fmt: skip
    asked = [line for line in read if line["event"] == "request.answered"]
    assert all({"request_id", "endpoint", "method", "status", "duration"} <= set(line) for line in asked)
    assert {"search.api", "search.find", "feedback.contact", "feedback.vote", "site"} <= {
        line["endpoint"] for line in asked
    }
    # A line of a request is known by the id that the request's answer had.
    lost = next(line for line in read if line["event"] == "message.not_kept")
    assert {line["status"] for line in asked if line["request_id"] == lost["request_id"]} == {503}
    assert lost["endpoint"] == "feedback.contact"
    assert metrics["process_resident_memory_bytes"] > 50e6
    assert 0 < metrics["process_open_fds"] < metrics["process_max_fds"]


@pytest.mark.long
def test_the_log_as_text_has_time_level_and_event_and_holds_nothing_of_a_customer(spoken):
    lines, secrets, _ = spoken("text")
    refuse_secrets(lines, secrets)
    first, *others = lines
    assert first.startswith("The help site answers at ")
    for line in others:
        assert re.match(TIME + r" (INFO|WARNING|ERROR|CRITICAL) [a-z_.]+: ", line), line
    assert not any("request.answered" in line for line in others)
    assert any(re.search(r"message\.not_kept: .* request_id=[0-9a-f]{32} endpoint=feedback\.contact$", line)
               for line in others)  # fmt: skip


@pytest.mark.long
def test_what_an_ended_process_used_stays_in_the_sum_of_processor_time(built):  # noqa: F811
    with started(built, "run") as (process, address, _log):

        def scrape():
            return both_processes(get(f"{address}metrics")[1])

        before = until(scrape)
        one = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(one, signal.SIGTERM)
        until(lambda: not Path(f"/proc/{one}").exists())
        after = until(scrape)
        assert after["process_cpu_seconds_total"] >= before["process_cpu_seconds_total"]
        assert after["process_start_time_seconds"] == before["process_start_time_seconds"]
