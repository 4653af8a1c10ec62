"""`handrail outbox`: what waits and why, in plain words; trying it now; and an exit code for alarms."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from handrail_feedback.commands.outbox import outbox as command
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.stamps import now, stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.answers import answer_by_mail
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.errors import DeliveryFailed

from ..delivery.servers import MailServer, Post

AWAY = DeliveryFailed("The mail server is away.", "Start it.", said="go zanzibar", of_channel=True)


@pytest.fixture
def site(tmp_path, store_place, monkeypatch):
    """A site with settings: `site(deliver="folder")`; gives its store."""

    def site(**values):
        lines = "".join(f"      {name}: '{value}'\n" for name, value in values.items())
        settings = f"plugins:\n  - handrail:\n{lines}" if values else ""
        (tmp_path / "mkdocs.yml").write_text(f"site_name: Acme\n{settings}")
        return store

    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    store.check()
    yield site
    store.close()


@pytest.fixture
def run(tmp_path):
    def run(*arguments, code=0):
        result = CliRunner().invoke(command, ["--config", str(tmp_path / "mkdocs.yml"), *arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output

    return run


def write(store, text="zanzibar", deliver="folder", **ago):
    return keep_message(
        store, Message(text, text, f"{text}@acme.test", "en", now() - timedelta(**ago)), parse_routes(deliver)
    )


def fail(store, deliver="folder", error=AWAY):
    job = outbox.claim(store, parse_routes(deliver), now(), Patience())
    outbox.failed(store, job, error, now(), Patience())
    return job.code


def test_nothing_waits(site, run):
    site(deliver="folder")
    assert run() == "No message waits.\n"


def test_what_waits_is_listed_with_the_reason_and_what_mends_it(site, run):
    store = site(deliver="folder")
    code = write(store)
    fail(store)
    said = run()
    assert f"{code}  waiting    folder  written" in said
    assert "tried once  next try in" in said
    assert "The mail server is away. It said: go zanzibar\n    Start it." in said
    assert "1 message waits for a person." in said
    assert "zanzibar@acme.test" not in said


def test_a_message_that_waits_too_long_is_an_exit_code(site, run):
    store = site(deliver="folder", alarm_minutes=30)
    write(store, minutes=29)
    run()
    write(store, "another", minutes=31)
    assert "ALARM: 2 messages wait for a person; the oldest since" in run(code=1)
    assert json.loads(run("--json", code=1))["problems"]


def test_due_messages_that_nobody_works_on_are_named(site, run):
    store = site(deliver="folder")
    write(store, minutes=5)
    assert "nobody works on them. Is the service running? handrail run" in run()


def test_json_is_for_programs_and_holds_no_words(site, run):
    store = site(deliver="mail > folder")
    code = write(store, deliver="mail > folder")
    fail(store, "mail > folder")
    told = json.loads(run("--json"))
    assert (told["waiting"], told["unsent"], told["problems"]) == (1, 0, [])
    assert told["messages"][0]["code"] == code
    assert "zanzibar" not in str(told)


def test_without_a_way_it_says_where_messages_are(site, run):
    write(site(), deliver="")
    assert "read them with handrail contact list" in run()


def test_messages_kept_before_there_was_a_way_are_counted_and_sent_when_asked(site, run, tmp_path):
    store = site(deliver="folder")
    old = write(store, deliver="", days=100)
    assert "1 were kept while `deliver` was not set. Send them: handrail outbox --retry unsent" in run()
    assert f"{old}  delivered by folder" in run("--retry", "unsent")
    assert (tmp_path / ".handrail" / "outbox" / f"{old}.json").exists()


def test_one_message_is_explained(site, run):
    store = site(deliver="mail > folder", failover_minutes=20)
    first = write(store, deliver="mail > folder")
    fail(store, "mail > folder")
    said = run("--explain", first.lower())
    assert f"handrail contact show {first}" in said
    assert "mail has failed since" in said
    assert "folder takes over once mail has failed for 20 minutes, or refuses it for good." in said
    second = write(store, f"About {first}", deliver="mail > folder")
    assert f"It adds to {first}, and is delivered after it." in run("--explain", second)


def test_a_message_on_no_way_is_explained_too(site, run):
    code = write(site(deliver="folder"), deliver="")
    assert f"Send it: handrail outbox --retry {code}" in run("--explain", code)


def test_retrying_tries_here_and_now_and_tells_what_came_of_it(site, run, tmp_path):
    store = site(deliver="folder")
    codes = [write(store, f"message {number}") for number in range(3)]
    fail(store)
    assert run() != run("--retry", "all")
    assert sorted(file.stem for file in (tmp_path / ".handrail" / "outbox").iterdir()) == sorted(codes)
    assert run() == "No message waits.\n"
    assert run("--all").count("delivered") == 3


def test_a_delivered_message_is_delivered_once_more_only_when_that_is_asked_for(site, run, tmp_path):
    store = site(deliver="folder")
    code = write(store)
    run("--retry", code)
    file = tmp_path / ".handrail" / "outbox" / f"{code}.json"
    file.unlink()
    said = run("--retry", code.lower())
    assert f"Nothing of {code} waits." in said and f"handrail outbox --again {code}" in said and "by folder" in said
    assert not file.exists()
    assert f"{code}  delivered by folder" in run("--again", code.lower())
    assert file.exists()


def test_retrying_tries_the_answer_that_waits_and_mails_nothing_twice(site, run):
    with MailServer(Post()) as server:
        mail = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none", "mail_to": "t@acme.test",
                "mail_from": "help@acme.test"}  # fmt: skip
        store = site(deliver="mail", **mail)
        code = write(store, deliver="mail")
        run("--retry", code)
        assert len(server.post.mails) == 1
        answer_by_mail(store, code, "It works again.", "anna@acme.test", "bert", now(), "t1")
        with store.transaction() as db:
            db.execute(
                "UPDATE outbox SET next_at = :at WHERE channel = 'answer'", {"at": stamp(now() + timedelta(minutes=9))}
            )
        assert f"{code}  delivered by answer" in run("--retry", code)
        assert [envelope.rcpt_tos for envelope in server.post.envelopes] == [["t@acme.test"], ["anna@acme.test"]]
        assert "Nothing of" in run("--retry", code)
        site(deliver="mail > folder", **mail)
        run("--retry", code)
        assert len(server.post.mails) == 2


def test_why_retrying_failed_is_told(site, run, tmp_path):
    store = site(deliver="folder", outbox_dir="in-the-way")
    (tmp_path / "in-the-way").write_text("")
    code = write(store)
    assert f"{code}  not delivered by folder: {tmp_path / 'in-the-way'} cannot be written" in run("--retry", code)


def test_a_shell_without_the_secrets_leaves_it_to_the_service(site, run):
    store = site(deliver="webhook", webhook_url="https://acme.test/")
    write(store, deliver="webhook")
    fail(store, "webhook")
    said = run("--retry", "all")
    assert "The service tries them. This shell cannot: HANDRAIL_WEBHOOK_SECRET" in said
    assert "due by webhook" in said


@pytest.mark.parametrize("arguments", [["--retry", "K7M"], ["--explain", "K7M"]])
def test_what_is_no_code_is_named(site, run, arguments):
    site(deliver="folder")
    assert "'K7M' is not a reference code." in run(*arguments, code=1)


@pytest.mark.parametrize("arguments", [["--retry", "96H-9MK-WHX"], ["--explain", "96H-9MK-WHX"]])
def test_a_code_of_no_message_is_named(site, run, arguments):
    site(deliver="folder")
    assert "There is no message 96H-9MK-WHX." in run(*arguments, code=1)


def test_there_is_nothing_to_retry_without_a_way(site, run):
    site()
    assert "Set deliver first" in run("--retry", "all", code=1)


def test_a_site_without_a_store_is_left_without_one(tmp_path, run):
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\n")
    assert "There is no store" in run(code=1)
    assert not (tmp_path / ".handrail").exists()
