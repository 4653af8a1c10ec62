"""Delivery in the service: queued by a form, counted, sent by `handrail run`, looked at by the doctor."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from datetime import timedelta

import pytest

from waiting import until

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.folder import Folder
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.outbox_status import entries
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError
from handrail_search.commands.doctor import examine
from handrail_search.service.app import create_app

from .servers import MailServer, Post, free_port


@pytest.fixture
def root(tmp_path):
    """A built site of one page, without an index."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\n")
    (tmp_path / "site" / "contact").mkdir(parents=True)
    (tmp_path / "site" / "contact" / "index.html").write_text("<html><handrail-main></handrail-main></html>")
    return tmp_path


@pytest.fixture
def client(root):
    """Somebody who asks a service with settings: `client(deliver="mail")`."""
    made = []

    def client(**flags):
        made.append(create_app(load_settings(root / "mkdocs.yml", flags=flags, environ={})))
        return made[-1].test_client()

    yield client
    for app in made:
        app.extensions["handrail"].teaching.stop()
        app.extensions["handrail"].searches.close()
        app.extensions["handrail"].store.close()


def send(client, **more):
    form = {"message": "zanzibar", "reply_to": "anna@acme.test", **more}
    return client.post("/api/contact", json=form).json["code"]


def test_a_form_that_is_sent_is_on_its_way(root, client):
    code = send(client(deliver="mail > folder, webhook"))
    found = entries(Store(root / ".handrail" / "store.db"))
    assert {(one.code, str(one.route)) for one in found} == {(code, "mail > folder"), (code, "webhook")}


def test_a_second_message_that_names_the_first_is_delivered_after_it(root, client):
    one = client(deliver="mail")
    first = send(one)
    send(one, message=f"About {first}: it works.")
    assert [entry.thread for entry in entries(Store(root / ".handrail" / "store.db"))] == [first, first]


def test_a_way_that_is_none_is_refused_when_the_service_starts(client):
    with pytest.raises(ConfigError, match="Did you mean 'folder'"):
        client(deliver="foldr")


def test_readiness_tells_what_waits_and_does_not_depend_on_it(client):
    one = client(deliver="mail")
    assert one.get("/readyz").json["outbox"] == {"waiting": 0, "oldest_seconds": 0}
    send(one)
    until(lambda: one.get("/readyz").json["outbox"]["oldest_seconds"] >= 1)
    state = one.get("/readyz").json
    assert state["outbox"]["waiting"] == 1
    assert "outbox" not in str(state["problems"])


def test_metrics_tell_what_waits_and_how_the_ways_do(root, client):
    one = client(deliver="folder")
    send(one)
    assert "handrail_outbox_waiting 1.0" in one.get("/metrics").text
    (root / "box").write_text("in the way")
    delivery = Delivery(parse_routes("folder"), {"folder": Folder(root / "box")}, Patience(), timedelta(minutes=15))
    sender = Sender(Store(root / ".handrail" / "store.db"), delivery)
    sender.send_next()
    text = one.get("/metrics").text
    assert 'handrail_outbox_failures_total{channel="folder"} 1.0' in text
    (root / "box").unlink()

    def nothing_waits():
        sender.send_next()
        return "handrail_outbox_waiting 0.0" in one.get("/metrics").text

    until(nothing_waits)
    text = one.get("/metrics").text
    assert 'handrail_outbox_delivered_total{channel="folder"} 1.0' in text
    assert "handrail_outbox_oldest_seconds 0.0" in text
    assert "zanzibar" not in text


def test_metrics_say_nothing_rather_than_nought_when_the_store_cannot_be_read(root, client):
    (root / ".handrail").write_text("in the way")
    assert "handrail_outbox" not in client(deliver="folder").get("/metrics").text


# --- the doctor


def findings(root, monkeypatch, **settings):
    for name, value in settings.items():
        monkeypatch.setenv(f"HANDRAIL_{name.upper()}", str(value))
    monkeypatch.chdir(root)
    return {finding.part: finding for finding in examine(root / "mkdocs.yml")}


def test_the_doctor_says_that_nobody_is_told_of_messages(root, monkeypatch):
    found = findings(root, monkeypatch)
    assert "read them with handrail contact list" in found["delivery"].state
    assert not found["delivery"].mend


def test_the_doctor_tries_the_mail_server_without_sending(root, monkeypatch):
    post = Post()
    settings = {"deliver": "mail", "smtp_host": "127.0.0.1", "smtp_security": "none",
                "mail_from": "help@acme.test", "mail_to": "team@acme.test"}  # fmt: skip
    with MailServer(post) as server:
        found = findings(root, monkeypatch, **settings, smtp_port=server.port)
        assert "takes mail for team@acme.test" in found["delivery"].state
    assert post.envelopes == []
    found = findings(root, monkeypatch, **settings, smtp_port=free_port())
    assert "cannot be reached" in found["delivery"].state
    assert found["delivery"].fatal
    assert "nc -v" in found["delivery"].mend


def test_the_doctor_names_a_setting_that_is_missing(root, monkeypatch):
    found = findings(root, monkeypatch, deliver="mail")
    assert "deliver: mail needs smtp_host, mail_from, mail_to" in found["delivery"].state
    assert found["delivery"].mend


def test_the_doctor_tells_of_messages_that_wait_too_long(root, monkeypatch):
    store = Store(root / ".handrail" / "store.db")
    old = Message("zanzibar", "", "", "en", now() - timedelta(hours=1))
    keep_message(store, old, parse_routes("folder"))
    found = findings(root, monkeypatch, deliver="folder")
    assert "1 message waits for a person; the oldest since" in found["outbox"].state
    assert found["outbox"].mend == "See each with its reason: handrail outbox"


# --- in production


def test_the_service_does_not_start_with_settings_that_cannot_deliver(root):
    command = [sys.executable, "-m", "handrail_kb.cli", "run", "--deliver", "mail", "--port", str(free_port())]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "deliver: mail needs smtp_host, mail_from, mail_to, which are not set." in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.long
def test_a_service_that_is_ended_in_good_order_finishes_what_it_has_begun(root):
    begun = threading.Event()

    def slow(stage):
        begun.set()
        return 1.5 if stage == "stored" else None

    with MailServer(Post(slow)) as server:
        port = free_port()
        settings = {"deliver": "mail", "smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none",
                    "mail_from": "help@acme.test", "mail_to": "team@acme.test", "port": port}  # fmt: skip
        environment = {**os.environ, **{f"HANDRAIL_{name.upper()}": str(value) for name, value in settings.items()}}
        command = [sys.executable, "-m", "handrail_kb.cli", "run"]
        with (root / "log").open("w") as log:
            service = subprocess.Popen(command, cwd=root, env=environment, stdout=log, stderr=log)
        try:
            code = _post(f"http://127.0.0.1:{port}/api/contact", {"message": "zanzibar"})
            assert begun.wait(20)
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
        finally:
            service.kill()
            service.wait()
    [entry] = entries(Store(root / ".handrail" / "store.db"), everything=True)
    assert (entry.code, entry.state, entry.attempts) == (code, "delivered", 1)
    assert len(server.post.mails) == 1
    said = (root / "log").read_text()
    assert "message 1 of the outbox was delivered by mail" in said
    assert "zanzibar" not in said


def _post(address, form):
    """Post as soon as the service answers; gives the code."""
    request = urllib.request.Request(address, json.dumps(form).encode(), {"Content-Type": "application/json"})

    def post():
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())["code"]

    return until(post, "the service", seconds=60)
