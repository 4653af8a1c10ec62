"""The log: one catalogue of events, and nothing of a customer in any line."""

from __future__ import annotations

import ast
import json
import logging
import os
import re
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from handrail_feedback.records.stamps import stamp
from handrail_kb.errors import DeliveryFailed, StoreUnavailable
from handrail_kb.texts.log import logger
from handrail_kb.texts.log.events import EVENTS, FIELDS
from handrail_kb.texts.log.lines import JsonLines, TextLines
from handrail_kb.texts.log.logger import REQUEST, Log, Request, part_of, thread_of_request

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    file
    for package in ("kb/handrail_kb", "feedback/handrail_feedback", "search/handrail_search")
    for file in (ROOT / package).rglob("*.py")
    if "texts/log" not in file.as_posix()
)
# What has to do with logging, and logs nothing: the terminal's handlers, those of other libraries, and gunicorn's.
MAY_KNOW_LOGGING = ("cli/terminal.py", "engines/postgres.py", "embedding/export.py", "service/gunicorn_server.py")
LOGGING_METHODS = {"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal", "log"}


@cache
def nodes(*kinds):
    """What the modules are made of, of some kinds, each with its file and place."""
    return [
        (file, f"{file.relative_to(ROOT)}:{node.lineno}", node)
        for file in MODULES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, kinds)
    ]


@cache
def calls():
    """Every call that logs an event, with its place."""
    named = [(place, node) for _, place, node in nodes(ast.Call) if isinstance(node.func, ast.Name | ast.Attribute)]
    return [(place, node) for place, node in named if ast.unparse(node.func) in ("log", "self.log")]


def events_of(node):
    if isinstance(node, ast.IfExp):
        return [*events_of(node.body), *events_of(node.orelse)]
    if isinstance(node, ast.Constant):
        return [node.value]
    assert ast.unparse(node) == "self.trouble", ast.unparse(node)
    return troubles()


def troubles():
    """The events that a watch is given by name."""
    return [node.value.value for _, _, node in nodes(ast.Assign) if ast.unparse(node.targets[0]) == "trouble"]


def test_every_line_is_an_event_of_the_catalogue_with_exactly_its_fields():
    assert len(calls()) > 50
    for place, node in calls():
        assert len(node.args) == 1, place
        given = {keyword.arg for keyword in node.keywords}
        for event in events_of(node.args[0]):
            assert event in EVENTS, f"{place}: {event} is not in the catalogue"
            assert given == EVENTS[event].fields, f"{place}: {event}"


def test_nothing_is_logged_past_the_catalogue():
    for _, place, node in nodes(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING_METHODS:
            assert not re.search(r"log(ger|ging)?$", ast.unparse(node.func.value)), place
    for file, place, node in nodes(ast.Import, ast.ImportFrom):
        names = {node.module} if isinstance(node, ast.ImportFrom) else {name.name for name in node.names}
        assert "logging" not in names or file.as_posix().endswith(MAY_KNOW_LOGGING), place


def test_an_error_is_logged_as_an_error_and_never_as_words_of_its_own():
    for place, node in calls():
        for keyword in node.keywords:
            if keyword.arg == "reason":
                assert ast.unparse(keyword.value) in ("error", "failure"), place
            if keyword.arg != "told":
                made = [one for one in ast.walk(keyword.value) if isinstance(one, ast.JoinedStr | ast.BinOp | ast.Mod)]
                assert all(isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Sub) for one in made), place


def test_sentences_of_ours_are_logged_only_where_no_customer_wrote():
    for place, node in calls():
        if any(keyword.arg == "told" for keyword in node.keywords):
            for event in events_of(node.args[0]):
                # What is wrong with delivery, and the names of steps, are words of ours alone.
                assert event in ("alarm.raised", "store.upgraded") or EVENTS[event].for_writers, place


def test_every_event_happens_somewhere_and_every_field_is_in_one():
    assert {event for _, node in calls() for event in events_of(node.args[0])} == set(EVENTS)
    assert {field for event in EVENTS.values() for field in event.fields} == set(FIELDS)


def test_events_are_named_by_what_happened_to_what():
    for name, event in EVENTS.items():
        assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", name), name
        assert event.level in (logging.INFO, logging.WARNING, logging.ERROR)
        assert not set(event.fields) & {"time", "level", "event", "message", "request_id", "logger"}


# --- how a line is written


@pytest.fixture
def lines(request):
    """What is logged meanwhile, in a format."""
    written = []

    class Keep(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    handler = Keep()
    root = logging.getLogger("handrail_test")
    root.setLevel(logging.INFO)
    kept = root.handlers

    def start(form):
        handler.setFormatter(form)
        # Not pytest's own: what it keeps of a test has to be UTF-8, and a name of a file need not be.
        root.handlers, root.propagate = [handler], False
        return written

    yield start
    root.handlers, root.propagate = kept, True


log = Log("handrail_test")


def test_a_line_as_text_has_time_level_event_and_request(lines):
    written = lines(TextLines())
    with part_of(Request("abc-1", "feedback.vote")):
        log("learned.loaded", questions=112)
    log("messages.moved", messages=1, to="webhook", channel="mail")
    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(
        when + " INFO learned.loaded: loaded 112 learned questions request_id=abc-1 endpoint=feedback.vote", written[0]
    )
    assert re.fullmatch(when + " WARNING messages.moved: 1 message goes on by webhook: mail fails", written[1])


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "UTC"])
@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_times_are_in_utc_in_whatever_zone_the_machine_is(lines, monkeypatch, form, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        written = lines(form)
        log("learned.loaded", questions=112)
        said = re.search(r"\d{4}-\d\d-\d\dT[\d:.]+(\S*?)(?=[\s\"])", written[0])
        assert said[1] == "Z"
        assert abs(datetime.fromisoformat(said[0]).timestamp() - time.time()) < 60
        at = datetime.now(UTC)
        assert stamp(at.astimezone()) == stamp(at) and stamp(at).endswith("Z")  # as events of accounts have it
    finally:
        monkeypatch.undo()
        time.tzset()


def test_lines_go_to_standard_error_and_nowhere_else():
    files = [*MODULES, *(ROOT / "kb/handrail_kb/texts/log").glob("*.py")]
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    made = [
        ast.unparse(node)
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Handler", "basicConfig", "dictConfig"))
    ]
    assert set(made) == {"logging.StreamHandler(sys.stderr)"}
    imported = {
        name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (getattr(node, "module", None) or "", *(one.name for one in node.names))
    }
    assert not imported & {"syslog", "logging.handlers", "logging.config", "handlers", "loguru", "sentry_sdk"}


def test_a_line_as_json_has_its_fields_as_values(lines):
    written = lines(JsonLines())
    with part_of(Request("abc-1", "search.api")):
        log("request.answered", method="GET", endpoint="search.api", status=200, duration=0.0123)
    line = json.loads(written[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "info",
        "event": "request.answered",
        "request_id": "abc-1",
        "endpoint": "search.api",
        "method": "GET",
        "status": 200,
        "duration": 0.0123,
        "message": "GET search.api: 200 after 0.0123 s",
    }


@pytest.mark.parametrize("form", [TextLines(), JsonLines()])
def test_one_event_is_one_line(lines, form):
    written = lines(form)
    log("vote.not_kept", reason=StoreUnavailable("The disk\nis full.", "Make room:\r\ndf -h\u2028."))
    assert len(written[0].splitlines()) == 1
    assert "The disk is full. Make room: df -h" in written[0]


def test_a_line_as_json_is_json_also_where_the_terminal_knows_few_letters(lines):
    written = lines(JsonLines())
    odd = Path(os.fsdecode(b"/srv/caf\xe9/\xc3\xbc"))
    log("vectors.unused", file=odd, reason=StoreUnavailable("Ünïted …"))
    assert written[0].isascii()
    assert json.loads(written[0])["file"] == str(odd)


def test_an_error_says_what_handrail_says_of_it_and_of_others_only_kind_and_place(lines):
    written = lines(TextLines())
    log("vote.not_kept", reason=StoreUnavailable("The disk is full.", "Make room: df -h"))
    try:
        int("zanzibar")
    except ValueError as error:
        log("vote.not_kept", reason=error)
    assert written[0].endswith("a vote was not kept: The disk is full. Make room: df -h")
    assert re.search(r"a vote was not kept: ValueError at test_log\.py:\d+$", written[1])


@pytest.mark.parametrize(
    "address", ["anna@acme.test", "a.b+c@mail.acme.co.uk", "ANNA@xn--mller-kva.test", "ä" * 90 + "@acme.test"]
)
def test_no_mail_address_is_in_a_line_not_even_the_operators_own(lines, address):
    written = lines(JsonLines())
    log("alarm.not_sent", reason=DeliveryFailed(f"The mail server refused the login of {address} (535)."))
    assert address not in written[0] and "(mail address)" in written[0]


def test_the_user_of_a_database_is_no_mail_address(lines):
    written = lines(TextLines())
    log("vote.not_kept", reason=StoreUnavailable("The store postgresql://handrail@db.acme.test/help is away."))
    assert written[0].endswith("The store postgresql://handrail@db.acme.test/help is away.")


def test_who_builds_a_site_is_shown_what_they_wrote(lines):
    written = lines(logging.Formatter("%(message)s"))
    log("build.warning", told="mkdocs.yml:3: 'anna@' is no address, anna@acme.test is.\nMend it.")
    assert written == ["mkdocs.yml:3: 'anna@' is no address, anna@acme.test is.\nMend it."]


def test_a_hostile_text_is_masked_in_time_that_grows_with_its_length():
    for text in (
        "a" * 200_000,
        "a@" * 100_000,
        "a." * 100_000 + "@",
        "a@b." * 100_000,
        "@" * 200_000,
        "a@" + "b." * 100_000,
    ):
        began = time.thread_time()
        logger._MAIL_ADDRESS.sub("", text)  # noqa: SLF001 the log cuts what is longer than 2,000
        assert time.thread_time() - began < 0.5


def test_of_another_librarys_line_only_its_own_words_and_numbers_are_kept(lines):
    written = lines(JsonLines())
    other = logging.getLogger("handrail_test.other")
    try:
        raise ValueError("how do I close my account")
    except ValueError:
        other.exception("Error handling request %s after %d s", "/find?q=close+my+account", 3)
    other.error("odd %s")
    other.error("%s", {"q": "account"})
    assert not any("account" in line for line in written)
    first = json.loads(written[0])
    assert (first["event"], first["logger"]) == ("other", "handrail_test.other")
    assert re.fullmatch(r"Error handling request … after 3 s \(ValueError at test_log\.py:\d+\)", first["message"])


def test_a_thread_that_a_request_starts_belongs_to_it(lines):
    written = lines(JsonLines())

    def look(questions):
        log("learned.loaded", questions=questions)

    with part_of(Request("abc-2")):
        thread = thread_of_request(look, "test", (3,))
    thread.start()
    thread.join()
    log("learned.loaded", questions=4)
    assert [json.loads(line).get("request_id") for line in written] == ["abc-2", None]
    assert REQUEST.get() is None
    assert thread.daemon


def test_below_the_level_nothing_is_made(monkeypatch):
    quiet = Log("handrail_test.quiet")
    logging.getLogger("handrail_test.quiet").setLevel(logging.ERROR)
    monkeypatch.setattr(logger, "_plain", lambda *_: pytest.fail("a line was made"))
    quiet("learned.loaded", questions=1)
