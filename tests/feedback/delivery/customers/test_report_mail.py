"""The weekly report by mail: once a week, late rather than never, and without a word that one customer typed."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from click.testing import CliRunner

from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.delivery.smtp import Mail
from handrail_feedback.delivery.weekly_mail import Reporter
from handrail_feedback.records.mailings import Schedule
from handrail_feedback.records.searches import Search
from handrail_feedback.records.topics import Grouping, MemberPlace, Topic
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import claim_report
from handrail_feedback.storage.searches.topics import failed_searches, write_grouping
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError

# The clock of these tests begins on a Monday at noon; the first report is due on the Monday after it.
NEXT_WEEK = {"days": 6, "hours": 20}


@pytest.fixture
def settings(server, tmp_path):
    def make(**more):
        flags = {
            "smtp_host": "127.0.0.1",
            "smtp_port": server.port,
            "smtp_security": "none",
            "delivery_seconds": 5,
            "mail_from": "help@acme.test",
            "report_to": "lea@acme.test, Max <max@acme.test>",
            "desk_url": "https://help.acme.test/desk/",
            **more,
        }
        return load_settings(site_dir=tmp_path, flags=flags, environ={})

    return make


@pytest.fixture
def sender(store, clock, settings, tmp_path):
    """A sender that reports, and looks when it is told to."""

    def make(of=store, **more):
        delivery = read_delivery(settings(**more), {})
        return Sender(of, delivery, clock=clock, reporter=Reporter(delivery.report, lambda: tmp_path, 3))

    return make


@pytest.fixture
def searched(store, clock):
    """Three people who looked for one thing in vain, each with a word of their own."""
    log = SearchLog(store, retention_days=36_500)
    for number, own in enumerate(("zanzibar", "<b>quito</b>", "oslo")):
        log.record(
            Search(f"search-{number}", f"tab-{number}", f"ship parcel {own}", "en", "none", "hybrid", False, None,
                   (), (), clock() + timedelta(days=4))
        )  # fmt: skip
    assert log.close()
    vector = np.ones(2, dtype=np.float32)
    places = [MemberPlace(one.key, 1, 0.9) for one in failed_searches(store)]
    grouping = Grouping(clock(), "test", vector, 0.3, len(places))
    assert write_grouping(store, [Topic(1, clock(), "en", vector, 3)], places, [], grouping, None)


def test_it_is_mailed_once_a_week_as_text_and_html_to_all_who_are_named(sender, post, clock):
    ours = sender()
    assert not ours.report()  # set up on a Monday at noon: the first one comes a week later
    clock.add(**NEXT_WEEK)
    assert ours.report()
    assert not any(ours.report() for _ in range(5))
    [mail] = post.mails
    assert post.envelopes[0].rcpt_tos == ["lea@acme.test", "max@acme.test"]
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for part in mail.iter_parts():
        assert "https://help.acme.test/desk/report/" in part.get_content()
    assert "2026-03-02 to 2026-03-08" in mail["Subject"]
    assert (mail["Auto-Submitted"], mail["Message-ID"]) == ("auto-generated", "<handrail-report-2026-03-09@acme.test>")
    clock.add(days=7)
    assert ours.report()
    assert len(post.mails) == 2


def test_a_week_of_the_mail_is_seven_whole_days_of_where_the_site_is(store, settings, tmp_path, monkeypatch):
    letter = Reporter(read_delivery(settings(), {}).report, lambda: tmp_path, 3, ZoneInfo("Europe/Berlin"))
    post = []
    monkeypatch.setattr(Mail, "send", lambda _self, mail: post.append(mail))
    due = datetime(2026, 10, 26, 7, tzinfo=UTC)  # the Monday after clocks were put back
    letter.step(store, due - timedelta(days=7))
    letter.step(store, due)
    [mail] = post
    assert "(2026-10-19 to 2026-10-25)" in mail["Subject"]
    [text, page] = (part.get_content() for part in mail.iter_parts())
    assert "https://help.acme.test/desk/report/?since=2026-10-19&until=2026-10-25\n" in text
    assert 'href="https://help.acme.test/desk/report/?since=2026-10-19&amp;until=2026-10-25"' in page


def test_after_a_long_stop_one_late_report_comes_and_no_more(sender, post, clock):
    sender().report()
    clock.add(days=30)
    assert sender().report()
    assert not sender().report()
    assert [mail["Message-ID"] for mail in post.mails] == ["<handrail-report-2026-03-30@acme.test>"]


def test_what_the_mail_server_refuses_is_tried_again_and_arrives_once(sender, post, server, clock, caplog):
    ours = sender()
    ours.report()
    server.stop()
    clock.add(**NEXT_WEEK)
    with caplog.at_level(logging.ERROR):
        assert ours.report()
    assert "was not mailed (attempt 1)" in caplog.text
    assert not ours.report()  # not in the next second
    server.start()
    clock.add(minutes=6)
    assert ours.report()
    clock.add(days=2)
    assert not ours.report()
    assert len(post.mails) == 1


def test_of_two_processes_one_sends(sender, post, clock, store):
    sender().report()
    clock.add(**NEXT_WEEK)
    other = Store(store.at)
    start, sent = threading.Barrier(2), []

    def look(ours):
        start.wait()
        sent.append(ours.report())

    threads = [threading.Thread(target=look, args=(ours,)) for ours in (sender(), sender(of=other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(sent) == [False, True]
    assert len(post.mails) == 1


def test_whoever_is_killed_while_sending_is_followed_by_another(store, clock):
    schedule = Schedule()
    claim_report(store, schedule.last(clock()), clock())
    clock.add(**NEXT_WEEK)
    due = schedule.last(clock())
    assert claim_report(store, due, clock()) == 1  # and is killed
    assert claim_report(store, due, clock()) == 0
    clock.add(minutes=5)
    assert claim_report(store, due, clock()) == 2


def test_another_day_does_not_make_two_reports_in_one_week(sender, post, clock):
    sender().report()
    clock.add(**NEXT_WEEK)
    assert sender().report()
    clock.add(days=2)
    assert not sender(report_day="tuesday").report()
    clock.add(days=7)
    assert sender(report_day="tuesday").report()
    assert len(post.mails) == 2


@pytest.mark.parametrize(
    ("day", "hour", "due"),
    [(0, 7, "2026-03-02 07"), (0, 12, "2026-03-02 12"), (0, 13, "2026-02-23 13"), (6, 23, "2026-03-01 23")],
)
def test_the_latest_moment_is_found_for_each_day_and_hour(clock, day, hour, due):
    assert Schedule(day, hour).last(clock()) == datetime.strptime(due, "%Y-%m-%d %H").replace(tzinfo=UTC)


def test_it_holds_no_word_that_fewer_than_three_people_typed(sender, post, clock, searched):
    ours = sender()
    ours.report()
    clock.add(**NEXT_WEEK)
    ours.report()
    for part in post.mails[0].iter_parts():
        words = part.get_content()
        assert "Topic 1 (3 people)" in words
        assert not any(own in words for own in ("zanzibar", "quito", "oslo", "…"))
        assert "https://help.acme.test/desk/topics/1/" in words


def test_messages_to_people_go_on_when_the_report_cannot_be_made(sender, write, post, clock, monkeypatch):
    monkeypatch.setattr(Reporter, "letter", lambda *_: 1 / 0)
    ours = sender(deliver="mail", mail_to="team@acme.test")
    ours.report()
    clock.add(**NEXT_WEEK)
    write()
    with pytest.raises(ZeroDivisionError):
        ours.report()
    assert not ours.report()  # put off, so that the thread is not kept from its work
    assert ours.send_next()
    assert len(post.mails) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"report_hour": 24}, "report.hour"), ({"smtp_host": ""}, "smtp_host"), ({"report_to": "nobody"}, "report_to")],
)
def test_settings_that_could_not_work_are_refused_at_the_start(settings, wrong, said):
    with pytest.raises(ConfigError, match=said):
        read_delivery(settings(**wrong), {})


def test_the_command_mails_it_now(server, post, tmp_path, store, monkeypatch):
    store.check()
    monkeypatch.setenv("HANDRAIL_STORE", str(store.at))
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins:\n  - handrail:\n"
        f"      {{state_dir: state, smtp_host: 127.0.0.1, smtp_port: {server.port}, smtp_security: none,\n"
        "       mail_from: help@acme.test, report_to: lea@acme.test}\n"
    )
    done = CliRunner().invoke(main, ["report", "--config", str(tmp_path / "mkdocs.yml"), "--mail"])
    assert done.exit_code == 0, done.output
    assert done.output == "Mailed the report to lea@acme.test.\n"
    assert len(post.mails) == 1
    assert store.read("SELECT * FROM report_mails") == []  # the weekly one comes all the same
