from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import handrail_feedback
import handrail_kb
import handrail_search
from handrail_feedback import text_tables
from handrail_feedback.commands.messages import forget
from handrail_feedback.commands.report import report
from handrail_feedback.records.messages import Message
from handrail_feedback.records.period import Period
from handrail_feedback.records.reference_codes import new_code
from handrail_feedback.records.searches import SearchEvent, Vote, as_tallied, tally
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.failed_searches import FailedSearchReport, Measure, build_report
from handrail_feedback.reports.failed_searches_text import report_as_json, report_as_markdown, report_as_text, to_csv
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import find_message, keep_message
from handrail_feedback.storage.searches.intents import intents, intents_of
from handrail_feedback.storage.searches.topics import failed_searches
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_kb.config.settings import Settings

from ..conftest import NOON, search

HOUR = timedelta(hours=1)


def build(store: Store, log: SearchLog, **more: object) -> FailedSearchReport:
    assert log.flush()
    return build_report(store, Period(NOON - HOUR, NOON + HOUR), made_at=NOON, **more)  # type: ignore[arg-type]


def fail(log: SearchLog, query: str, tab: str | None, **more: Any) -> str:
    """A search that found nothing."""
    one = search(query, tab=tab, **{"verdict": "none", **more})
    log.record(one)
    return one.search_id


def total(found: FailedSearchReport, name: str) -> Measure:
    return next(measure for measure in found.totals if measure.name == name)


def test_a_question_that_was_asked_back_is_counted_and_nobody_is_told_to_write_an_article(
    log: SearchLog, store: Store
) -> None:
    fail(log, "error", "tab-aaaa", verdict="weak", asked_back=True)
    fail(log, "close my account", "tab-bbbb")
    found = build(store, log)
    assert [line.query for line in found.failed] == ["close my account"]
    assert (total(found, "asked back").numerator, total(found, "failed searches").numerator) == (1, 1)
    assert [one.query for one in failed_searches(store)] == ["close my account"]
    counts = tally(as_tallied(*one) for one in intents(store, NOON - HOUR, NOON + HOUR))
    assert (counts["asked back"], counts["verdict weak"], counts["verdict none"]) == (1, 0, 1)


def test_whoever_asked_for_a_person_is_counted_apart_and_no_article_is_missing(log: SearchLog, store: Store) -> None:
    fail(log, "talk to a human", "tab-aaaa", wants_person=True)
    fail(log, "close my account", "tab-bbbb")
    found = build(store, log)
    assert [line.query for line in found.failed] == ["close my account"]
    assert (total(found, "asked for a person").numerator, total(found, "failed searches").numerator) == (1, 1)
    assert "not a failure" in total(found, "asked for a person").definition
    assert [one.query for one in failed_searches(store)] == ["close my account"]
    counts = tally(as_tallied(*one) for one in intents(store, NOON - HOUR, NOON + HOUR))
    assert (counts["asked for a person"], counts["asked back"], counts["verdict none"]) == (1, 0, 1)


def test_what_most_people_missed_comes_first(log: SearchLog, store: Store) -> None:
    for _ in range(5):
        fail(log, "rare but stubborn", "tab-aaaa", seconds=40 * _)
    fail(log, "Close my account?", "tab-bbbb")
    fail(log, "close  my account", "tab-cccc", seconds=60)
    fail(log, "close my account", None)
    found = build(store, log)
    assert [(line.query, line.people, line.searches) for line in found.failed] == [
        ("Close my account?", 3, 3),
        ("rare but stubborn", 1, 5),
    ]
    assert found.failed[0].first_at == NOON
    assert found.failed[0].last_at == NOON + timedelta(seconds=60)


def test_a_line_says_how_it_failed_what_was_nearest_and_what_came_next(log: SearchLog, store: Store) -> None:
    first = fail(log, "vat id", "tab-aaaa")
    fail(log, "vat id", "tab-bbbb", verdict="weak")
    log.record(search("tax number", 20))
    log.event(SearchEvent(first, "contact", NOON + timedelta(seconds=10)))
    [line] = build(store, log).failed
    assert line.kinds == {"none": 1, "weak": 1}
    assert line.nearest == "guide/reset/#forgot"
    assert (line.contacted, line.clicked, line.searched_next) == (1, 0, ("tax number",))


def test_what_waits_behind_more_is_not_the_nearest_article(log: SearchLog, store: Store) -> None:
    fail(log, "vat id", "tab-aaaa", fits=(False, True))
    fail(log, "closing time", "tab-bbbb", fits=(False, False))
    nearest = {line.query: line.nearest for line in build(store, log).failed}
    assert nearest == {"vat id": "billing/vat/", "closing time": None}


def test_a_search_that_was_nothing_but_an_address_has_no_line(log: SearchLog, store: Store) -> None:
    for number in range(3):
        fail(log, f"bob{number}@example.com", f"tab-{number}")
        fail(log, "printer is on fire", f"tab-{number}", seconds=10)
        fail(log, "bob@example.com", f"tab-{number}", seconds=20)
    found = build(store, log)
    assert [line.query for line in found.failed] == ["printer is on fire"]
    assert found.failed[0].searched_next == ()


def test_bots_staff_and_degraded_answers_are_left_out_and_counted(log: SearchLog, store: Store) -> None:
    fail(log, "by a bot", "tab-aaaa", bot=True)
    fail(log, "by staff", "tab-bbbb", staff=True)
    fail(log, "while degraded", "tab-cccc", degraded=True)
    fail(log, "by a customer", "tab-dddd")
    found = build(store, log)
    assert [line.query for line in found.failed] == ["by a customer"]
    assert found.left_out == {"bots": 1, "staff": 1, "degraded": 1}
    assert total(found, "failed searches").denominator == 1
    with_degraded = build(store, log, include_degraded=True)
    assert {line.query for line in with_degraded.failed} == {"by a customer", "while degraded"}


def test_a_handful_of_searches_gives_no_rate(log: SearchLog, store: Store) -> None:
    for number in range(19):
        fail(log, f"question {number}", f"tab-{number:04d}")
    assert total(build(store, log), "failed searches").rate is None
    assert "19 of 19 (not enough data)" in report_as_text(build(store, log))
    log.record(search("answered", tab="tab-zzzz"))
    measure = total(build(store, log), "failed searches")
    assert (measure.numerator, measure.denominator, measure.rate) == (19, 20, 0.95)


def test_contacting_a_person_is_never_counted_as_failure(log: SearchLog, store: Store) -> None:
    one = search("refund")
    log.record(one)
    log.event(SearchEvent(one.search_id, "contact", NOON))
    found = build(store, log)
    assert found.failed == ()
    assert total(found, "contacted").numerator == 1
    assert total(found, "failed searches").numerator == 0


def test_every_number_stands_beside_its_definition(log: SearchLog, store: Store) -> None:
    fail(log, "refund", "tab-aaaa")
    keep_vote(store, Vote("a/", True, NOON))
    found = build(store, log)
    assert total(found, "said it helped").denominator == 1
    for written in (report_as_text(found), unescape(report_as_markdown(found))):
        for measure in found.totals:
            assert f"{measure.numerator} of {measure.denominator}" in written
            assert measure.definition in written
        assert "2026-03-02 11:00 to 2026-03-02 13:00 UTC" in written
        assert "browser tabs" in written


def test_json_keeps_its_form(log: SearchLog, store: Store) -> None:
    fail(log, "refund", "tab-aaaa")
    document = json.loads(report_as_json(build(store, log)))
    assert set(document) == {
        "format", "since", "until", "made_at", "human_reach", "totals", "left_out", "not_listed", "notes", "failed"
    }  # fmt: skip
    assert document["format"] == 1
    assert set(document["totals"][0]) == {"name", "definition", "numerator", "denominator", "rate"}
    assert document["failed"] == [
        {
            "query": "refund", "people": 1, "searches": 1, "kinds": {"none": 1}, "langs": {"en": 1},
            "first_at": "2026-03-02T12:00:00.000Z", "last_at": "2026-03-02T12:00:00.000Z",
            "nearest": "guide/reset/#forgot", "clicked": 0, "contacted": 0, "searched_next": [],
        }
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["=HYPERLINK(1)", "+1+1", "-1+1", "@SUM(A1)", "  =1", "\t=1", "|calc", "\uff1d1"])
def test_no_spreadsheet_calculates_what_a_customer_typed(log: SearchLog, store: Store, query: str) -> None:
    fail(log, query, "tab-aaaa")
    [_, row] = csv.reader(io.StringIO(to_csv(build(store, log))))
    assert row[0].startswith("'")


CALCULATED = re.compile(r"[\s\"]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")


@pytest.mark.parametrize("sign", list("=+-@|%\uff1d"))
@pytest.mark.parametrize("between", [";", "; ", ';"', ";\t", ";\xa0", ",", "\t", "|", "\n", '";"', "x;;", "\uff1b"])
def test_no_spreadsheet_calculates_what_stands_within_a_cell_whatever_parts_cells_there(
    log: SearchLog, store: Store, between: str, sign: str
) -> None:
    typed = f"invoice{between}{sign}cmd|'/c calc'!A0;late"
    written = text_tables.to_csv(("query", "other"), [(typed, typed), (f"{sign}1", -5)])
    assert written.startswith("\ufeff") and '"-5"' in written
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(written.removeprefix("\ufeff")), delimiter=delimiter):
            assert [cell for cell in row if CALCULATED.match(cell) and cell != "-5"] == [], delimiter
    fail(log, f"invoice;={sign}cmd", "tab-aaaa")
    assert ";'=" in to_csv(build(store, log))


def test_a_table_opens_in_a_spreadsheet_with_every_letter_and_every_cell_apart(log: SearchLog, store: Store) -> None:
    fail(log, 'größe "xl", rot; 東京', "tab-aaaa")
    written = to_csv(build(store, log))
    assert written.encode().startswith(b'\xef\xbb\xbf"query",')
    assert all(line.startswith('"') and line.endswith('"') for line in written.removeprefix("\ufeff").splitlines())
    [_, row] = csv.reader(io.StringIO(written.removeprefix("\ufeff")))
    assert row[0] == 'größe "xl", rot; 東京'


def test_tables_are_written_in_one_place() -> None:
    for package in (handrail_feedback, handrail_kb, handrail_search):
        for file in Path(str(package.__file__)).parent.rglob("*.py"):
            assert "csv.writer" not in file.read_text(encoding="utf-8") or file.name == "text_tables.py", file


def test_what_a_customer_typed_cannot_steer_terminal_or_page(log: SearchLog, store: Store) -> None:
    fail(log, "\x1b[2J\u202e | <img src=x> [a](javascript:b) `c`\r\n# d", "tab-aaaa")
    found = build(store, log)
    for written in (report_as_text(found), report_as_markdown(found), to_csv(found)):
        assert not {"\x1b", "\u202e"} & set(written)
    assert "<img" not in report_as_markdown(found)
    assert "[a](" not in report_as_markdown(found)
    rows = [line for line in report_as_markdown(found).splitlines() if "javascript" in line]
    assert len(rows) == 1
    assert rows[0].count("|") == 8


def test_lines_beyond_the_limit_are_announced(log: SearchLog, store: Store) -> None:
    for number in range(5):
        fail(log, f"{number} questions", f"tab-{number:04d}")
    found = build(store, log, limit=2)
    assert (len(found.failed), found.not_listed) == (2, 3)
    assert "3 more lines are not shown" in report_as_text(found)


def test_an_empty_store_makes_an_honest_report(log: SearchLog, store: Store) -> None:
    found = build(store, log)
    assert "No failed searches." in report_as_text(found)
    assert all(measure.rate is None for measure in found.totals)


# --- the command line


@pytest.fixture
def site(settings: Settings) -> Path:
    assert settings.config_file
    return settings.config_file


def run(command: object, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    return done.exit_code, done.output


def test_the_report_is_written_in_four_forms(site: Path, settings: Settings) -> None:
    log = SearchLog(Store(settings.store_place), retention_days=365)
    log.record(search("refund", verdict="none", at=now()))
    assert log.close()
    signs = {
        "": "1 person: refund",
        "--json": '"query": "refund"',
        "--csv": '"refund","1"',
        "--markdown": "| 1 | refund |",
    }
    for form, sign in signs.items():
        code, output = run(report, "--config", str(site), *([form] if form else []))
        assert (code, sign in output) == (0, True), output


@pytest.mark.parametrize("command", [report, forget])
def test_a_site_without_a_store_is_told_so_in_one_line(site: Path, settings: Settings, command: object) -> None:
    arguments = [new_code()] if command is forget else []
    code, output = run(command, "--config", str(site), *arguments)
    assert code == 1
    assert "There is no store at" in output
    assert not settings.store_place.exists()


def test_days_that_make_no_sense_are_named(site: Path) -> None:
    code, output = run(report, "--config", str(site), "--since", "2026-03-02", "--until", "2026-03-01")
    assert code == 1
    assert "after the last day" in output


@pytest.mark.parametrize("until", ["1999-12-31", "0001-01-05"])
def test_days_before_any_search_was_kept_are_named(site: Path, until: str) -> None:
    code, output = run(report, "--config", str(site), "--until", until)
    assert code == 1
    assert "No search was kept before 2000-01-01" in output


def test_a_message_is_forgotten_by_its_code(site: Path, settings: Settings) -> None:
    store = Store(settings.store_place)
    code = keep_message(store, Message("secret", "", "", "en", now()))
    assert run(forget, "--config", str(site), code.lower().replace("-", " "))[0] == 0
    assert find_message(store, code) is None
    assert "no message" in run(forget, "--config", str(site), code)[1]
    assert "not a reference code" in run(forget, "--config", str(site), "hello")[1]


def test_searches_are_read_by_their_numbers_and_erased_ones_are_missing(store, log):
    for number in range(3):
        log.record(search(f"question {number}", 100 * number, f"tab-number-{number}"))
    assert log.flush()
    kept = [one for one, _ in intents(store, NOON - HOUR, NOON + HOUR)]
    found = intents_of(store, [kept[2].id, kept[0].id, 10**6])
    assert found == {kept[0].id: kept[0], kept[2].id: kept[2]}
    assert intents_of(store, []) == {}
