"""Metrics by the conventions of Prometheus: there from the start, the same from every process and after a restart."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.job_runs import note_success
from handrail_kb import __version__
from handrail_search.service.app import parts_of
from handrail_search.service.monitoring import metrics, state_metrics
from waiting import until

from ...conftest import start, stop
from ..asking import ask

PROMTOOL = shutil.which("promtool")


def scraped(client):
    """Every sample: its name, its labels and its value."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return [(one.name, one.labels, one.value) for family in families for one in family.samples]


@pytest.fixture
def written():
    """What changes whenever something is written: of a file its log, of a database where the row now stands."""

    def found(place):
        if isinstance(place, Path):
            states = [file.stat() for file in (place, place.with_name(f"{place.name}-wal"))]
            return [(state.st_mtime_ns, state.st_size) for state in states]
        import psycopg

        with psycopg.connect(place) as connection:
            return connection.execute("SELECT ctid, xmin, xmax FROM learned_changes").fetchall()

    return found


def value(client, name, /, **labels):
    [found] = [number for known, has, number in scraped(client) if known == name and labels.items() <= has.items()]
    return found


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (Debian's package prometheus)")
def test_promtool_has_nothing_to_say_about_a_scrape(own_client):
    own_client.get("/api/search?q=mail")
    own_client.post("/api/contact", json={})
    page = own_client.get("/metrics").text
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=page, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_rate_is_taken_of_is_there_before_the_first_time(own_client):
    for verdict in ("answered", "weak", "none"):
        for mode in ("hybrid", "words"):
            assert value(own_client, "handrail_searches_total", verdict=verdict, mode=mode) == 0
    for outcome in ("kept", "refused", "failed"):
        assert value(own_client, "handrail_contact_total", outcome=outcome) == 0
    for outcome in ("written", "dropped", "failed"):
        assert value(own_client, "handrail_search_log_entries_total", outcome=outcome) == 0
    assert value(own_client, "handrail_search_log_waiting") == 0


@pytest.mark.parametrize("endpoint", ["search.api", "search.find", "feedback.contact", "desk.home", "site", "readyz"])
@pytest.mark.parametrize("status", ["200", "500", "503"])
def test_every_address_has_its_series_before_it_is_asked_for(own_client, endpoint, status):
    method = "POST" if endpoint == "feedback.contact" else "GET"
    name = "handrail_http_request_duration_seconds_count"
    assert value(own_client, name, method=method, endpoint=endpoint, status=status) == 0


def test_no_start_waits_for_the_series_of_all_addresses(make_app, own_acme, monkeypatch):
    begun, labels = [], metrics.Histogram.labels
    monkeypatch.setattr(metrics.Histogram, "labels", lambda *given: begun.append(given[1:]) or labels(*given))
    client = make_app(own_acme).test_client()
    assert begun == []
    scraped(client)
    assert len(begun) > 200
    begun.clear()
    scraped(client)
    assert len(begun) < 5, "begun once"


def test_channels_have_their_series_before_the_first_message(make_app, own_acme):
    client = make_app(own_acme, deliver="folder, folder > mail").test_client()
    for channel in ("folder", "mail", "answer"):
        assert value(client, "handrail_outbox_delivered_total", channel=channel) == 0
        assert value(client, "handrail_outbox_failures_total", channel=channel) == 0
        assert value(client, "handrail_outbox_channel_failing_seconds", channel=channel) == 0


def test_a_request_is_counted_by_method_endpoint_and_status_and_invented_ones_make_no_series(own_client):
    own_client.get("/api/search?q=mail")
    own_client.get("/nowhere-zanzibar/")
    for number in range(5):
        own_client.open("/", method=f"ZANZIBAR{number}")
    name = "handrail_http_request_duration_seconds_count"
    assert value(own_client, name, method="GET", endpoint="search.api", status="200") == 1
    assert value(own_client, name, method="GET", endpoint="site", status="404") == 1
    assert value(own_client, name, method="other", endpoint="none", status="405") == 5
    assert "zanzibar" not in own_client.get("/metrics").text.lower()


def test_build_info_names_version_and_generation_of_this_node(own_client):
    [labels] = [labels for name, labels, _ in scraped(own_client) if name == "handrail_build_info"]
    generation = own_client.get("/readyz").json["generation"]
    assert (labels["version"], labels["generation"], labels["role"]) == (__version__, generation, "all")
    created = value(own_client, "handrail_index_created_timestamp_seconds")
    assert abs(datetime.fromtimestamp(created, UTC) - now()) < timedelta(hours=3)


def test_without_an_index_the_metrics_say_so(make_app, tmp_path):
    (tmp_path / "site").mkdir()
    client = make_app(tmp_path).test_client()
    assert value(client, "handrail_index_refused") == 1
    assert value(client, "handrail_index_articles") == 0
    [labels] = [labels for name, labels, _ in scraped(client) if name == "handrail_build_info"]
    assert labels["generation"] == ""


def test_a_store_that_cannot_be_used_is_a_metric_and_its_other_numbers_are_missing(own_client, own_acme):
    assert value(own_client, "handrail_store_usable") == 1
    store = parts_of(own_client.application).store
    store.close()
    for file in (own_acme / "state").glob("store.db*"):
        file.unlink()
    (own_acme / "state" / "store.db").mkdir()
    assert value(own_client, "handrail_store_usable") == 0
    assert not any(name.startswith(("handrail_outbox", "handrail_job")) for name, _, _ in scraped(own_client))


def of_the_store(client):
    """Whether the store is said to be usable, and whether what can be read of it is told."""
    samples = scraped(client)
    [usable] = [number for name, _, number in samples if name == "handrail_store_usable"]
    return usable, {"handrail_outbox_waiting", "handrail_job_last_success_timestamp_seconds"} <= {
        name for name, _, _ in samples
    }


@pytest.mark.sqlite
def test_of_a_store_on_a_full_disk_all_is_told_that_can_be_read(make_app, own_acme, store_place, monkeypatch):
    client = make_app(own_acme, store=str(store_place)).test_client()
    assert of_the_store(client) == (1, True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    assert of_the_store(client) == (0, True)
    assert "disk is full" in client.get("/readyz").json["problems"][0]["what"]


@pytest.mark.sqlite
def test_of_a_store_that_another_program_holds_all_is_told_that_can_be_read(
    make_app, own_acme, store_place, monkeypatch
):
    client = make_app(own_acme, store=str(store_place)).test_client()
    assert of_the_store(client) == (1, True)
    monkeypatch.setattr(state_metrics, "_PATIENCE_SECONDS", 0.3)
    with closing(sqlite3.connect(store_place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert of_the_store(client) == (0, True)
        other.execute("ROLLBACK")
    until(lambda: of_the_store(client) == (1, True))


def test_of_a_database_that_only_lets_read_all_is_told_that_can_be_read(make_app, own_acme, new_database, postgres):
    place = new_database()
    client = make_app(own_acme, store=place).test_client()
    assert of_the_store(client) == (1, True)
    parts_of(client.application).store.close()
    postgres.sql(f"ALTER DATABASE {urlsplit(place).path[1:]} SET default_transaction_read_only = on")
    assert of_the_store(client) == (0, True)
    assert "only lets read" in client.get("/readyz").json["problems"][0]["what"]


def test_a_store_that_hangs_delays_a_scrape_no_longer_than_prometheus_waits(own_client, monkeypatch):
    monkeypatch.setattr(state_metrics, "_PATIENCE_SECONDS", 0.2)
    hangs, read = threading.Event(), state_metrics.outbox_status

    def status(*given):
        hangs.wait(30)
        return read(*given)

    monkeypatch.setattr(state_metrics, "outbox_status", status)
    began = time.monotonic()
    assert [of_the_store(own_client) for _ in range(3)] == [(0, False)] * 3
    assert time.monotonic() - began < 5
    assert value(own_client, "handrail_index_refused") == 0
    hangs.set()
    until(lambda: of_the_store(own_client) == (1, True))


def test_neither_a_scrape_nor_a_probe_writes_to_the_store(make_app, own_acme, store_place, written):
    client = make_app(own_acme, store=str(store_place), role="search").test_client()
    assert of_the_store(client) == (1, True)
    before = written(store_place)
    for _ in range(3):
        assert of_the_store(client) == (1, True)
        assert client.get("/readyz").status_code == 200
    assert written(store_place) == before
    parts_of(client.application).store.check()
    assert written(store_place) != before, "else this could not fail"


def test_when_a_job_last_succeeded_is_the_same_after_a_restart(own_acme):
    name, at = "handrail_job_last_success_timestamp_seconds", now().replace(microsecond=0)
    app = start(own_acme)
    assert value(app.test_client(), name, name="backup") == 0
    note_success(parts_of(app).store, "backup", at)
    stop(app)
    app = start(own_acme)
    assert value(app.test_client(), name, name="backup") == at.timestamp()
    stop(app)


def test_entries_of_the_search_log_are_counted_by_what_became_of_them(own_client):
    own_client.get("/api/search?q=mail&tab=abcdefgh12")
    assert parts_of(own_client.application).searches.flush(20)
    assert value(own_client, "handrail_search_log_entries_total", outcome="written") == 1
    assert value(own_client, "handrail_search_log_waiting") == 0


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs Linux's /proc")  # noqa: PTH110
def test_the_process_has_the_usual_metrics(own_client):
    assert 10e6 < value(own_client, "process_resident_memory_bytes") < 20e9
    assert value(own_client, "process_virtual_memory_bytes") > value(own_client, "process_resident_memory_bytes")
    assert 0 < value(own_client, "process_open_fds") <= value(own_client, "process_max_fds")
    began = datetime.fromtimestamp(value(own_client, "process_start_time_seconds"), UTC)
    assert timedelta(0) < now() - began < timedelta(hours=6)
    before = value(own_client, "process_cpu_seconds_total")
    sum(number * number for number in range(2_000_000))
    assert value(own_client, "process_cpu_seconds_total") > before
    assert value(own_client, "handrail_processes") == 1


def test_names_follow_the_conventions(own_client):
    for family in text_string_to_metric_families(own_client.get("/metrics").text):
        assert re.fullmatch(r"(handrail|process)_[a-z_]+", family.name), family.name
        assert family.documentation.endswith("."), family.name
        if family.type == "counter":
            assert all(one.name.endswith("_total") for one in family.samples), family.name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|kb|mb|created)$", family.name), family.name


def test_metrics_of_the_store_are_there_whichever_database_it_is(make_app, own_acme, store_place):
    app = make_app(own_acme, store=str(store_place), deliver="folder")
    client, at = app.test_client(), now().replace(microsecond=0)
    note_success(parts_of(app).store, "topics", at)
    assert value(client, "handrail_store_usable") == 1
    assert value(client, "handrail_outbox_waiting") == 0
    assert value(client, "handrail_outbox_delivered_total", channel="folder") == 0
    assert value(client, "handrail_job_last_success_timestamp_seconds", name="topics") == at.timestamp()
    [labels] = [labels for name, labels, _ in scraped(client) if name == "handrail_build_info"]
    assert labels["store"] == ("postgresql" if isinstance(store_place, str) else "sqlite")


def test_metrics_count_without_words(own_client):
    for question in ("unmistakablewords", "forgot password"):
        ask(own_client, question, tab="tab-secret-token")
    text = own_client.get("/metrics").text
    assert re.search(r'handrail_searches_total{mode="hybrid",verdict="answered"} [1-9]', text)
    assert "handrail_search_duration_seconds_count 2.0" in text
    assert "handrail_search_degraded 0.0" in text
    assert "unmistakable" not in text
    assert "tab-secret" not in text
    assert "127.0.0.1" not in text
