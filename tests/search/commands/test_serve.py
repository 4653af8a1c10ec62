"""Before the service starts: what cannot work is told in one line. And a machine that only answers knows what it is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_feedback.storage.database import Store
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import StoreUnavailable
from handrail_search.commands import serve
from handrail_search.service import gunicorn_server

SECRET = "x" * 40


@pytest.fixture
def begin(own_acme, monkeypatch):
    """Runs `handrail run` (or `serve`) up to where processes would start; gives exit code, output, and what began."""
    monkeypatch.chdir(own_acme)
    began = []
    monkeypatch.setattr(gunicorn_server.Production, "run", lambda self: began.append("production"))
    monkeypatch.setattr(gunicorn_server, "_share_metrics", lambda: None)  # for all processes that begin here
    # Before processes start; what it builds is shown elsewhere.
    monkeypatch.setattr(serve, "_build_and_report", lambda _settings: began.append("build"))

    def begin(command="run", port=None, **environment):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        arguments = [command, "--port", str(port or free), "--state-dir", str(own_acme / "state")]
        if command == "serve":
            (own_acme / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
        else:
            arguments += ["--site", str(own_acme / "site")]
        result = CliRunner().invoke(main, arguments, env=environment)
        return result.exit_code, result.output, began

    return begin


def told_before_anything_started(result, *words):
    code, output, began = result
    assert (code, began) == (1, []), output
    assert "Traceback" not in output and "answers at" not in output
    assert all(word in output for word in words), output
    assert len(output.strip().splitlines()) <= 2


def test_a_key_of_spaces_is_told(begin):
    told_before_anything_started(begin(HANDRAIL_SECRET_KEY=" " * 40), "HANDRAIL_SECRET_KEY has 0 characters")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_key_that_is_too_short_is_told(begin, command):
    told_before_anything_started(begin(command, HANDRAIL_SECRET_KEY="new"), "HANDRAIL_SECRET_KEY has 3 characters")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_key_file_that_holds_none_is_told(begin, own_acme, command):
    (own_acme / "state" / "secret.key").write_text("short\n")
    told_before_anything_started(begin(command), "secret.key is damaged: it holds no key", "rm ")


@pytest.mark.parametrize("command", ["run", "serve"])
def test_a_store_that_cannot_be_used_is_told(begin, own_acme, command):
    (own_acme / "state" / "store.db").write_text("my shopping list\n" * 100)
    told_before_anything_started(begin(command), "is not a store of Handrail")


def test_a_state_folder_that_cannot_be_made_is_told(begin, own_acme):
    (own_acme / "state" / "store.db").mkdir()
    told_before_anything_started(begin(HANDRAIL_SECRET_KEY=SECRET), "store.db")


@pytest.mark.parametrize("content", [None, "no certificate\n"])
@pytest.mark.parametrize("command", ["run", "serve"])
def test_certificates_that_cannot_be_read_are_told(begin, tmp_path, command, content):
    file = tmp_path / "authorities.pem"
    if content:
        file.write_text(content)
    told_before_anything_started(begin(command, SSL_CERT_FILE=str(file)), "SSL_CERT_FILE", str(file))


def test_a_port_in_use_is_told(begin):
    with socket.create_server(("127.0.0.1", 0)) as other:
        told_before_anything_started(begin(port=other.getsockname()[1]), "cannot be used", "--port")


def test_a_role_that_there_is_not_is_told(begin):
    told_before_anything_started(begin(HANDRAIL_ROLE="some"), "HANDRAIL_ROLE", "'some' does not fit")


def test_what_is_right_starts(begin):
    assert begin(HANDRAIL_SECRET_KEY=SECRET)[::2] == (0, ["production"])


def test_a_full_disk_takes_no_search_away(begin, own_acme, monkeypatch):
    def full(_self):
        raise StoreUnavailable("The disk is full.", "Make room.", passing=True)

    monkeypatch.setattr(Store, "check", full)
    code, _, began = begin(HANDRAIL_SECRET_KEY=SECRET)
    assert (code, began) == (0, ["production"])


def zeroed(path):
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.long
@pytest.mark.parametrize("harm", [Path.unlink, Path.write_bytes, zeroed], ids=["deleted", "emptied", "zeroed"])
def test_a_store_that_was_lost_takes_no_page_and_no_search_away(begin, make_app, own_acme, caplog, harm):
    path = own_acme / "state" / "store.db"
    store = Store(path)
    store.check()
    store.close()
    for beside in path.parent.glob("store.db-*"):
        beside.unlink()
    harm(path, b"") if harm is Path.write_bytes else harm(path)
    code, output, began = begin(HANDRAIL_SECRET_KEY=SECRET)
    assert (code, began) == (0, ["production"]), output
    assert "handrail restore" in output + caplog.text
    node = make_app(own_acme, contact_email="help@acme.test").test_client()
    assert node.get("/account/password/").status_code == 200
    assert node.get("/api/search?q=password").json["results"]
    assert "help@acme.test" in node.get("/contact/").text
    sent = node.post("/api/contact", json={"message": "Help! My words."})
    assert sent.status_code == 503 and "help@acme.test" in sent.json["error"]["mend"]
    ready = node.get("/readyz")
    assert ready.status_code == 503 and "handrail restore" in ready.json["problems"][0]["mend"]
    with pytest.raises(StoreUnavailable):  # nothing new was made in its place
        Store(path).look()
    told = CliRunner().invoke(main, ["doctor", "--config", "mkdocs.yml"], env={"HANDRAIL_STATE_DIR": str(path.parent)})
    assert "BAD   store" in told.output and "handrail restore" in told.output


def test_nobody_writes_a_letter_that_cannot_be_kept(make_app, own_acme):
    path = own_acme / "state" / "store.db"
    store = Store(path)
    store.check()
    store.close()
    node = make_app(own_acme, contact_email="help@acme.test").test_client()
    assert "<textarea" in node.get("/contact/").text
    for file in path.parent.glob("store.db*"):
        file.unlink()
    shown = node.get("/contact/")
    assert shown.status_code == 200 and "<textarea" not in shown.text
    assert "cannot be sent from here" in shown.text and "help@acme.test" in shown.text


def test_no_process_is_started_and_no_traceback_is_shown(own_acme):
    """The command itself, as the first person met it."""
    done = subprocess.run(
        [sys.executable, "-m", "handrail_kb.cli", "run", "--site", "site", "--state-dir", "state", "--port", "1"],
        cwd=own_acme, capture_output=True, text=True, timeout=60,
        env={**os.environ, "HANDRAIL_SECRET_KEY": "new", "HANDRAIL_PORT": "8000"},
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr and "answers at" not in done.stdout


def test_a_site_named_from_the_current_folder_is_served(make_app, own_acme, monkeypatch):
    monkeypatch.chdir(own_acme)
    client = make_app(Path()).test_client()
    assert client.get("/account/password/").status_code == 200
    assert client.get("/api/search?q=password").json["results"]


# --- a machine that only searches


@pytest.fixture
def node(make_app, own_acme):
    return make_app(own_acme, role="search", deliver="folder").test_client()


def test_a_machine_that_only_searches_keeps_no_message_and_shows_other_ways(node, own_acme):
    assert node.get("/api/search?q=password").json["results"]
    sent = node.post("/api/contact", json={"message": "Help!"})
    assert sent.status_code == 503 and "cannot be sent from here" in sent.json["error"]["what"]
    assert sent.json["error"]["mend"]
    page = node.post("/api/contact", data={"message": "Help! My words."})
    assert page.status_code == 503 and "Help! My words." in page.text and "cannot be sent from here" in page.text
    shown = node.get("/contact/")
    assert shown.status_code == 200 and "cannot be sent from here" in shown.text and "<textarea" not in shown.text
    assert node.get("/desk/").status_code == 404
    assert node.get("/tell/").status_code == 404
    store = Store(own_acme / "state" / "store.db")
    assert store.read("SELECT * FROM messages") == []
    store.close()


def test_doctor_knows_a_machine_that_only_searches(own_acme, monkeypatch):
    monkeypatch.chdir(own_acme)
    environment = {"HANDRAIL_STATE_DIR": str(own_acme / "state"), "HANDRAIL_ROLE": "search", "HANDRAIL_DELIVER": "mail"}
    result = CliRunner().invoke(main, ["doctor"], env=environment)
    assert "role       search: this machine only searches" in result.output
    assert "BAD" not in result.output and result.exit_code == 0, result.output
    for part in ("delivery", "outbox", "desk"):
        assert f"  {part} " not in result.output
    everything = CliRunner().invoke(main, ["doctor"], env={**environment, "HANDRAIL_ROLE": "all"})
    assert "role       all" in everything.output and "BAD   delivery" in everything.output


def test_without_mkdocs_yml_nobody_is_sent_to_a_build_that_asks_for_one(own_acme, tmp_path, monkeypatch):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    for command in (["doctor"], ["run", "--port", "18999"]):
        told = CliRunner().invoke(main, command)
        assert told.exit_code == 1
        assert "handrail new" in told.output and "--config" in told.output, told.output
        assert "handrail build" not in told.output
    monkeypatch.chdir(own_acme)  # a site that was brought here, and no index
    shutil.rmtree(own_acme / "state")
    told = CliRunner().invoke(main, ["doctor"]).output
    assert f"handrail index {own_acme / 'site'}" in told
    assert "handrail build" not in told and "handrail new" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_HOSTS", "https://help.example.com"), ("TRUSTED_HOSTS", "help.example.com/help"),
        ("TRUSTED_HOSTS", "a.example b.example"), ("TRUSTED_HOSTS", "*.example.com"),
        ("TRUSTED_HOSTS", ","), ("TRUSTED_HOSTS", " , ,"),
        ("SEARCH_RATE", "0 per minute"), ("CONTACT_RATE", "0/hour"), ("CODE_RATE", "5 per 0 minutes"),
    ],
)  # fmt: skip
def test_a_setting_with_which_nobody_could_be_served_is_told(begin, name, value):
    told_before_anything_started(begin(**{f"HANDRAIL_{name}": value}), f"HANDRAIL_{name}", value)


@pytest.mark.parametrize("hosts", ["help.example.com", ".example.com, localhost:8000,", "[::1]:80", "127.0.0.1"])
def test_names_that_can_stand_in_a_request_are_taken(begin, hosts):
    code, output, began = begin(HANDRAIL_TRUSTED_HOSTS=hosts)
    assert (code, began) == (0, ["production"]), output


@pytest.mark.parametrize(
    "host", ["no.such.host.invalid", "203.0.113.7", "", " ", "\udcff", "a" * 64, "a..b", "[::1]", "::x"]
)
def test_a_host_that_is_not_this_machine_is_no_matter_of_ports(own_acme, monkeypatch, host):
    monkeypatch.chdir(own_acme)
    told = CliRunner().invoke(main, ["run", "--host", host, "--site", str(own_acme / "site")])
    assert told.exit_code == 1
    assert "--host 127.0.0.1" in told.output and "another port" not in told.output


def test_a_folder_without_a_page_is_no_site(begin, own_acme):
    shutil.rmtree(own_acme / "site")
    (own_acme / "site" / "assets").mkdir(parents=True)
    told_before_anything_started(begin(), "holds no page")


def test_a_build_that_runs_ends_before_the_service_does(own_acme, monkeypatch):
    """Python aborts if a thread still prints while it ends."""
    docs = own_acme / "docs"
    docs.mkdir()
    (own_acme / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    begun, ended = threading.Event(), threading.Event()

    def build(_settings):
        begun.set()
        ended.wait(0.5)  # as long as a build takes
        ended.set()

    monkeypatch.setattr(serve, "_build_and_report", build)
    watcher = serve.Watcher(load_settings(own_acme / "mkdocs.yml", environ={}), then=lambda: None)
    watcher.start([docs])
    (docs / "new.md").write_text("# New\n")
    assert begun.wait(20)
    watcher.stop()
    assert ended.is_set()
