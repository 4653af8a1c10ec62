"""What a node with the role answer or search does and does not do, beside one that delivers and alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from click.testing import CliRunner

from handrail_feedback.delivery import attended
from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.attendance import last_attended, note_attendance
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError
from handrail_search.service import gunicorn_server
from handrail_search.service.gunicorn_server import Production, refuse_what_cannot_work
from waiting import until

MESSAGE = {"message": "Help!", "token": "token-of-the-form"}


@pytest.fixture(autouse=True)
def _asks_the_store_each_time(monkeypatch):
    monkeypatch.setattr(attended, "_LOOK_AGAIN_SECONDS", 0.0)


@pytest.fixture
def store(own_acme):
    store = Store(own_acme / "state" / "store.db")
    yield store
    store.close()


@pytest.fixture
def node(make_app, own_acme):
    """A node that answers and delivers nothing, on the store of `own_acme`."""
    return make_app(own_acme, role="answer").test_client()


def settings_of(root, **flags):
    values = {"state_dir": str(root / "state"), **flags}
    return load_settings(site_dir=root / "site", flags=values, environ={})


def delivering(root, store, **flags):
    """What a node with role all does beside its requests."""
    return Sender(store, read_delivery(settings_of(root, deliver="folder", **flags), {}), every=0.02)


def test_a_node_that_answers_takes_messages_and_the_one_that_delivers_brings_them_to_people(node, own_acme, store):
    sender = delivering(own_acme, store)
    sender.start()
    try:
        until(lambda: last_attended(store))
        assert "<textarea" in node.get("/contact/").text
        sent = node.post("/api/contact", json=MESSAGE)
        assert sent.status_code == 201
        sender.look_after()  # this node knows no way to deliver: the other one puts the message on its own
        until(lambda: list((own_acme / "state" / "outbox").glob("*-*")), "the message to be delivered")
    finally:
        sender.stop()


@pytest.mark.parametrize("absent", [None, timedelta(minutes=16), timedelta(days=30)])
def test_a_node_takes_no_message_where_nobody_delivers_and_shows_the_other_ways(node, store, absent):
    if absent:
        note_attendance(store, now() - absent)
    for _ in range(2):
        sent = node.post("/api/contact", json=MESSAGE)
        assert sent.status_code == 503
        assert "cannot be sent from here" in sent.json["error"]["what"]
    shown = node.get("/contact/")
    assert "cannot be sent from here" in shown.text
    assert "<textarea" not in shown.text
    assert store.read("SELECT * FROM messages") == []
    assert node.get("/api/search?q=password").json["results"]
    assert node.get("/readyz").status_code == 200


def test_it_takes_messages_again_once_somebody_delivers_and_through_a_restart_of_that_one(node, store):
    assert node.post("/api/contact", json=MESSAGE).status_code == 503
    note_attendance(store, now())
    assert node.post("/api/contact", json=MESSAGE).status_code == 201
    with store.transaction() as db:
        db.execute("DELETE FROM job_runs")
    note_attendance(store, now() - timedelta(minutes=10))  # being restarted, and less than alarm_minutes
    assert node.post("/api/contact", json={**MESSAGE, "token": "another"}).status_code == 201


def test_more_words_to_a_message_need_somebody_who_delivers_as_well(node, store):
    note_attendance(store, now())
    code = node.post("/api/contact", json=MESSAGE).json["code"]
    with store.transaction() as db:
        db.execute("DELETE FROM job_runs")
    added = node.post("/contact/code/", data={"code": code, "do": "add", "words": "My further words."})
    assert added.status_code == 503
    assert "cannot be sent from here" in added.text
    assert "My further words." in added.text
    assert len(store.read("SELECT * FROM messages")) == 1
    note_attendance(store, now())
    added = node.post("/contact/code/", data={"code": code, "do": "add", "words": "My further words."})
    assert added.status_code == 200


def test_a_node_that_answers_delivers_groups_and_proves_nothing_and_has_no_desk(own_acme, monkeypatch, store):
    note_attendance(store, now())
    # Neither the password of the mail server nor where messages go has to be known here.
    settings = settings_of(own_acme, role="answer", deliver="mail", base_path="/")
    monkeypatch.setattr(gunicorn_server, "_share_metrics", lambda: None)
    begun = []
    monkeypatch.setattr(Production, "run", lambda self: begun.append(self.load()))
    monkeypatch.setattr(gunicorn_server, "refuse_busy_port", lambda _settings: None)
    before = {thread.name for thread in threading.enumerate()}
    gunicorn_server.serve_in_production(settings)
    [app] = begun
    started = {thread.name for thread in threading.enumerate()} - before
    assert "handrail-sender" not in started
    assert "TopicWatch" not in started
    assert app.extensions["handrail"].sender is None
    assert app.test_client().get("/desk/").status_code == 404
    assert app.test_client().get("/api/search?q=password").status_code == 200


def test_a_node_that_would_keep_messages_in_a_store_of_its_own_does_not_start(own_acme, store):
    settings = settings_of(own_acme, role="answer")
    with pytest.raises(ConfigError) as refused:
        refuse_what_cannot_work(settings)
    for said in ("would reach nobody", "store.db", "--role search"):
        assert said in refused.value.message
    note_attendance(store, now() - timedelta(days=3))  # the one that delivers may start after this one
    refuse_what_cannot_work(settings)
    for role in ("all", "search"):
        refuse_what_cannot_work(settings_of(own_acme, role=role))


@pytest.mark.parametrize("deliver", ["", "folder"])
def test_a_node_with_every_role_is_seen_whether_or_not_it_has_a_way_to_deliver(own_acme, store, deliver):
    """Without one, people read messages at the desk or with a command."""
    sender = Sender(store, read_delivery(settings_of(own_acme, deliver=deliver), {}), every=0.02)
    sender.start()
    try:
        until(lambda: last_attended(store))
    finally:
        assert sender.stop()


def doctor(own_acme, monkeypatch, **environment):
    monkeypatch.chdir(own_acme)
    found = CliRunner().invoke(main, ["doctor"], env={"HANDRAIL_STATE_DIR": str(own_acme / "state"), **environment})
    return found.exit_code, next(line for line in found.output.splitlines() if "  role " in line), found.output


def test_the_doctor_is_content_with_a_node_that_answers_beside_one_that_delivers(own_acme, monkeypatch, store):
    note_attendance(store, now())
    code, line, output = doctor(own_acme, monkeypatch, HANDRAIL_ROLE="answer", HANDRAIL_DELIVER="mail")
    assert "takes messages; another node delivers" in line
    assert (code, "BAD" in output) == (0, False), output


def test_the_doctor_says_that_nobody_delivers_or_not_any_more(own_acme, monkeypatch, store):
    code, line, output = doctor(own_acme, monkeypatch, HANDRAIL_ROLE="answer")
    assert code == 1
    assert line.startswith("BAD")
    assert "role: search" in output
    note_attendance(store, now() - timedelta(hours=2))
    code, line, output = doctor(own_acme, monkeypatch, HANDRAIL_ROLE="answer")
    assert line.startswith("note")
    assert "takes no messages" in line
    assert code == 0


def test_when_somebody_last_delivered_is_in_the_metrics_of_every_node(node, store):
    at = now()
    note_attendance(store, at)
    series = 'handrail_job_last_success_timestamp_seconds{name="delivery"} '
    [value] = [line for line in node.get("/metrics").text.splitlines() if line.startswith(series)]
    assert abs(float(value.removeprefix(series)) - at.timestamp()) < 1
