"""Limits over all nodes, counted in a real Valkey or Redis that is stopped, killed, paused and made to refuse."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError
from handrail_search.commands.doctor import examine
from handrail_search.service.app import parts_of
from handrail_search.service.rate_limits.shared_counts import PATIENCE_SECONDS, client_uri, shared_counts
from waiting import until

from ..attacks.test_clients import statuses
from .machines import VALKEY, Valkey

pytest.importorskip("valkey", reason="handrail[valkey] is not installed")
needs_server = pytest.mark.skipif(not VALKEY, reason="no valkey-server or redis-server: apt-get install redis-server")
KEY = "k" * 40
# What a request may take in all: its own work, and the patience with the store. This machine may be busy.
SOON = PATIENCE_SECONDS + 0.75


@pytest.fixture
def valkey(tmp_path):
    started = []

    def start(*options):
        started.append(Valkey(tmp_path, *options))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def node(make_app, own_acme, monkeypatch):
    """Makes a node over the same store of limits, and gives a client of it and its counts."""
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", KEY)

    def make(address, *, rate="5 per minute"):
        app = make_app(own_acme, limits_store=address, search_rate=rate, contact_rate=rate, code_rate=rate)
        counts = parts_of(app).counts
        counts.every = 0.2
        return app.test_client(), counts

    return make


@pytest.fixture
def patient(monkeypatch):
    """Nodes wait for the store of limits however busy this machine is: for tests of what is counted, not how soon."""
    monkeypatch.setattr("handrail_search.service.rate_limits.shared_counts.PATIENCE_SECONDS", 10.0)


def search(client, times=1, address="198.51.100.7"):
    answers = [client.get("/api/search?q=refund", environ_base={"REMOTE_ADDR": address}) for _ in range(times)]
    return [answer.status_code for answer in answers]


def slowest(ask, times=6):
    took = []
    for _ in range(times):
        began = time.monotonic()
        ask()
        took.append(time.monotonic() - began)
    return max(took)


def test_requests_that_come_at_once_share_their_threads_and_a_forked_process_has_its_own(node):
    _, counts = node("valkey://127.0.0.1:1/0")
    counts.stop()
    before, together = len(_threads_of_limits()), threading.Barrier(8)

    def ask():
        together.wait()
        counts.reachable = True
        counts.ask("get", "nothing")

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    made = {name.rpartition("_")[0] for name in _threads_of_limits()[before:]}
    assert len(made) == 1
    child = os.fork()
    if not child:
        counts.reachable = True
        began = time.monotonic()
        with suppress(Exception):
            counts.look_once()
        os._exit(0 if time.monotonic() - began < PATIENCE_SECONDS else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _threads_of_limits():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("handrail-limits")]


@needs_server
def test_a_limit_holds_over_all_nodes(patient, valkey, node):
    address = valkey().address
    one, other = node(address)[0], node(address)[0]
    assert search(one, 3) == [200] * 3
    assert search(other, 3) == [200, 200, 429]
    assert search(one) == [429]
    assert search(one, address="198.51.100.8") == [200]


@needs_server
@pytest.mark.parametrize("what", ["codes", "sign-in", "contact"])
def test_guesses_and_messages_are_counted_over_all_nodes(patient, valkey, node, what):
    address = valkey().address
    nodes = [node(address, rate="4 per hour")[0] for _ in range(2)]
    most = 10 if what == "sign-in" else 4

    def send(client):
        if what == "sign-in":
            return guess(client, {"name": "kim", "password": "wrong"})
        return statuses(client, what, ["198.51.100.9"])[0]

    found = [send(nodes[turn % 2]) for turn in range(most + 2)]
    assert 429 not in found[:most]
    assert found[most:] == [429, 429]


def guess(client, form):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/login").text)[1]
    return client.post("/desk/login", data={**form, "csrf_token": token}).status_code


@needs_server
def test_what_the_store_keeps_names_no_address_and_no_account(valkey, node):
    server = valkey()
    client, _ = node(server.address)
    search(client, address="198.51.100.77")
    guess(client, {"name": "kim", "password": "wrong"})
    kept = server.all_keys()
    assert "LIMITS" in kept
    assert "198.51" not in kept
    assert "kim" not in kept


def left_alone(server, way):
    """Take the store away, in one of the ways in which it goes; the way back."""
    if way == "killed":
        server.stop()
        return server.start
    if way == "stopped":
        server.signal(signal.SIGTERM)
        server.process.wait()
        return server.start
    server.signal(signal.SIGSTOP)
    return lambda: server.signal(signal.SIGCONT)


@needs_server
@pytest.mark.parametrize("way", ["killed", "stopped", "paused"])
def test_without_its_store_each_node_counts_for_itself_says_so_once_and_mends_itself(
    valkey, node, caplog, way, monkeypatch
):
    caplog.set_level(logging.INFO, "handrail_search")
    server = valkey()
    (one, counts), (other, _) = node(server.address), node(server.address)
    looks, look = [], counts.look_once
    monkeypatch.setattr(counts, "look_once", lambda: looks.append(1) or look())
    assert search(one) == [200]
    caplog.clear()  # of a slow start
    back = left_alone(server, way)
    assert slowest(lambda: search(one, address="198.51.100.50"), times=1) < SOON
    assert slowest(lambda: search(one, address="198.51.100.51"), times=1) < 0.5, "a second request waited again"
    assert search(one, 6, "198.51.100.60") == [200] * 5 + [429], "the node does not count for itself"
    assert search(other, 6, "198.51.100.60") == [200] * 5 + [429]
    assert one.post("/contact/code/", data={"code": "QQQ-QQQ-QQQ"}).status_code == 404
    assert one.get("/readyz").status_code == 200
    assert one.get("/readyz").json["limits"] == "degraded"
    assert "handrail_limits_degraded 1.0" in one.get("/metrics").text
    looks.clear()
    until(lambda: len(looks) > 4)
    told = [r.message for r in caplog.records if "counted by each process alone" in r.message]
    assert 1 <= len(told) <= 2 * 2, told  # for each of two nodes: that it went, and at most how
    back()
    until(lambda: counts.reachable)
    assert one.get("/readyz").json["limits"] == "shared"
    assert "handrail_limits_degraded 0.0" in one.get("/metrics").text
    until(lambda: parts_of(other.application).counts.reachable)
    found = search(one, 3, "198.51.100.90") + search(other, 3, "198.51.100.90")
    assert found == [200] * 5 + [429]


@needs_server
def test_a_store_that_dies_between_asking_and_counting_a_guess_fails_no_request(valkey, node, monkeypatch):
    server = valkey()
    client, counts = node(server.address)
    asked = counts.ask

    def dies(method, *args):
        if method == "acquire_entry":  # what counts a wrong code, after the answer is made
            server.stop()
        return asked(method, *args)

    monkeypatch.setattr(counts, "ask", dies)
    assert client.post("/contact/code/", data={"code": "QQQ-QQQ-QQQ"}).status_code == 404


@needs_server
def test_a_wrong_password_degrades_is_told_and_never_shown(valkey, node, monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    server = valkey("--requirepass", "right-one-9")
    for password in ("wrong-one-7", None):
        if password:
            monkeypatch.setenv("HANDRAIL_LIMITS_PASSWORD", password)
        else:
            monkeypatch.delenv("HANDRAIL_LIMITS_PASSWORD")
        client, counts = node(server.address)
        assert search(client, 6) == [200] * 5 + [429]
        assert not counts.reachable
    assert "refuses the user or the password" in caplog.text
    assert "HANDRAIL_LIMITS_PASSWORD" in caplog.text
    assert "wrong-one-7" not in caplog.text
    monkeypatch.setenv("HANDRAIL_LIMITS_PASSWORD", "right-one-9")
    client, counts = node(server.address)
    assert search(client) == [200]
    assert counts.reachable


@needs_server
def test_a_store_that_may_not_write_is_no_store(valkey, node):
    server = valkey("--maxmemory", "1", "--maxmemory-policy", "noeviction")
    client, counts = node(server.address)
    assert search(client, 6) == [200] * 5 + [429]
    assert not counts.reachable


@needs_server
def test_a_socket_serves_as_a_host_does(patient, valkey, node, tmp_path):
    path = f"/tmp/handrail-{os.getpid()}.sock"
    valkey("--unixsocket", path)
    for scheme in ("unix", "redis+unix", "valkey+unix"):
        client, counts = node(f"{scheme}://{path}?db=2")
        assert search(client, address=f"{scheme}") == [200]
        assert counts.reachable


@needs_server
def test_sentinels_name_the_server_that_counts(patient, valkey, node, tmp_path):
    server = valkey()
    file = tmp_path / "sentinel.conf"
    file.write_text(f"sentinel monitor mine 127.0.0.1 {server.port} 1\n")
    sentinel = Valkey.__new__(Valkey)
    sentinel.folder, sentinel.options = tmp_path, ()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        sentinel.port = probe.getsockname()[1]
    sentinel.process = subprocess.Popen(
        [VALKEY, str(file), "--sentinel", "--port", str(sentinel.port), "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    try:
        client, counts = node(f"redis+sentinel://127.0.0.1:{sentinel.port}/mine")
        until(lambda: counts.reachable)
        assert search(client) == [200]
        assert "LIMITS" in server.all_keys()
    finally:
        sentinel.process.kill()
        sentinel.process.wait()


def test_a_host_that_answers_drop_by_drop_delays_no_request_for_long(node):
    """What no timeout of a socket ends: each byte comes in time."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        ended = threading.Event()

        def drip(connection):
            with connection, suppress(OSError):
                while not ended.wait(0.1):
                    connection.sendall(b"$")

        def serve():
            with suppress(OSError):
                while True:
                    threading.Thread(target=drip, args=(slow.accept()[0],), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        client, counts = node(f"valkey://127.0.0.1:{slow.getsockname()[1]}/0")
        assert slowest(lambda: search(client)) < SOON
        assert not counts.reachable
        ended.set()


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("redis://h:6379/0", "valkey://h:6379/0"),
        ("rediss://h:6379/0?ssl_ca_certs=/ca.pem", "valkeys://h:6379/0?ssl_ca_certs=/ca.pem"),
        ("valkey://kim@[2001:db8::1]:6379", "valkey://kim@[2001:db8::1]:6379"),
        ("redis+sentinel://a:26379,b:26379/mine", "valkey+sentinel://a:26379,b:26379/mine"),
        ("unix:///run/valkey.sock", "valkey+unix:///run/valkey.sock"),
    ],
)
def test_addresses_of_both_servers_are_taken(address, wanted):
    assert client_uri(address) == wanted


@pytest.mark.parametrize(
    "address",
    [
        "valkey://:hunter2@h:6379/0",
        "valkey://kim:hunter2@h/0",
        "redis+sentinel://:hunter2@a:26379/mine",
        "valkey://h:6379/0?password=hunter2",
        "memcached://hunter2",
        "hunter2",
        "valkey://h:hunter2/0",
        "valkey://[hunter2/0",
        "valkey:///0?x=hunter2",
        "valkey://",
        "valkey+unix://",
        "valkey+sentinel://h:1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_showing_a_password(address, monkeypatch):
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", KEY)
    with pytest.raises(ConfigError) as refused:
        shared_counts(load_settings(environ={"HANDRAIL_LIMITS_STORE": address}))
    assert "limits_store" in refused.value.message
    assert "hunter2" not in refused.value.message


def test_settings_never_show_a_password_that_stands_in_an_address(monkeypatch):
    monkeypatch.setenv("HANDRAIL_LIMITS_STORE", "valkey://kim:hunter@2@h:6379/0")
    for arguments in (["settings"], ["settings", "--json"]):
        said = CliRunner().invoke(main, arguments).output
        assert "limits_store" in said
        assert "hunter" not in said


def test_nodes_without_a_common_key_do_not_pretend_to_count_together(monkeypatch):
    monkeypatch.delenv("HANDRAIL_SECRET_KEY", raising=False)
    with pytest.raises(ConfigError, match="HANDRAIL_SECRET_KEY"):
        shared_counts(load_settings(environ={"HANDRAIL_LIMITS_STORE": "valkey://h:6379/0"}))


def test_the_doctor_says_that_limits_are_not_shared_and_why(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", KEY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HANDRAIL_LIMITS_STORE", f"valkey://127.0.0.1:{port}/0")
    [found] = [one for one in examine(Path("mkdocs.yml")) if one.part == "limits"]
    assert "cannot be reached" in found.state
    assert found.mend


@needs_server
def test_the_doctor_is_content_with_a_store_that_counts(valkey, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", KEY)
    monkeypatch.setenv("HANDRAIL_LIMITS_STORE", valkey().address)
    [found] = [one for one in examine(Path("mkdocs.yml")) if one.part == "limits"]
    assert not found.mend, found
