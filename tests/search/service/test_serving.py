"""Serving for real: production that is reloaded under load, and a writer's service that follows every edit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from waiting import until

pytest.importorskip("faiss", reason="the service is not installed")

MKDOCS = """site_name: Help
site_url: http://127.0.0.1/help/
theme: {name: mkdocs}
plugins: [search, handrail]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(address):
    """Status and text of an answer."""
    try:
        with urllib.request.urlopen(address, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def titles(address, question):
    status, text = get(f"{address}api/search?q={question}")
    if status == 503:  # refused early, as on a busy machine: `until` asks again
        raise ConnectionError(text)
    assert status == 200, text
    return [result["title"] for result in json.loads(text)["results"]]


def write_project(root):
    (root / "docs").mkdir()
    (root / "docs" / "index.md").write_text("# Welcome\n\nAsk us.\n")
    (root / "docs" / "pears.md").write_text("# Pears\n\nPears are sold in spring.\n")
    (root / "mkdocs.yml").write_text(MKDOCS)
    return root


@pytest.fixture
def root(tmp_path, lend_encoder):
    """A folder with an article and an encoder."""
    lend_encoder(tmp_path / ".handrail")
    return write_project(tmp_path)


@pytest.fixture(scope="module")
def built_once(tmp_path_factory, lend_encoder):
    """The folder with its site and index, as tests copy it. Not to be changed."""
    root = write_project(tmp_path_factory.mktemp("pears"))
    lend_encoder(root / ".handrail")
    build(root)
    return root


@pytest.fixture
def built(built_once, tmp_path):
    """The folder with its site and index."""
    return shutil.copytree(built_once, tmp_path, symlinks=True, dirs_exist_ok=True)


def build(root):
    subprocess.run([sys.executable, "-m", "handrail_kb.cli", "build"], cwd=root, check=True, capture_output=True)


@contextmanager
def started(root, *arguments, without=()):
    """A running service: its process, its address, and what it has written."""
    port = free_port()
    block = "".join(f"sys.modules[{name!r}] = None; " for name in without)
    code = f"import sys; {block}from handrail_kb.cli import main; main()"
    log = root / "service.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments, "--port", str(port)],
            cwd=root, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}/help/"

        def ready():
            assert process.poll() is None, log.read_text()
            return get(f"{address}readyz")[0] == 200

        until(ready, "ready")
        yield process, address, log
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


def workers(process):
    """The processes that answer, by number."""
    return set(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


class Asking:
    """A customer who does not stop asking; what failed is kept."""

    def __init__(self, address):
        self.address, self.failed, self.answered, self._stop = address, [], 0, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _ask(self):
        while not self._stop.wait(0.01):
            for path in ("api/search?q=pears", "pears/"):
                try:
                    status, _ = get(self.address + path)
                except OSError as error:
                    status = repr(error)
                if status == 200:
                    self.answered += 1
                else:
                    self.failed.append((path, status))


@pytest.mark.long
def test_production_goes_on_through_a_reload_and_a_new_index_and_ends_cleanly(built):
    root = built
    # Nothing that only building needs may be needed here.
    with started(root, "run", without=("torch", "sentence_transformers", "transformers")) as (process, address, log):
        assert titles(address, "pears")[0] == "Pears"
        with Asking(address) as customer:
            before = workers(process)
            process.send_signal(signal.SIGHUP)
            until(lambda: workers(process) and not before & workers(process), "other workers")
            (root / "docs" / "plums.md").write_text("# Plums\n\nPlums are sold in autumn.\n")
            build(root)
            until(lambda: titles(address, "plums")[0] == "Plums", "the new index is served")
            until(lambda: get(f"{address}plums/")[0] == 200, "the new page is served")
        assert customer.failed == []
        assert customer.answered > 20
        status, metrics = get(f"{address}metrics")
        assert status == 200
        assert "handrail_searches_total" in metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()
    assert "pears" not in log.read_text()


@pytest.mark.long
def test_reloads_leave_no_files_behind_and_no_counter_goes_back(built, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    def counted():
        [line] = [line for line in get(f"{address}metrics")[1].splitlines() if line.startswith(SEARCHES)]
        return float(line.split()[-1])

    with started(built, "run", "--workers", "2") as (process, address, _):
        for reload in range(1, 4):
            titles(address, "pears")
            assert counted() == reload
            before = workers(process)
            process.send_signal(signal.SIGHUP)
            until(lambda before=before: len(workers(process)) == 2 and not before & workers(process), "other workers")
            assert counted() == reload
        [folder] = (tmp_path / "temporary").glob("handrail-metrics-*")
        alive = {f"{kind}_{pid}.db" for kind in ("counter", "histogram", "gauge_livesum") for pid in workers(process)}
        assert {one.name for one in folder.iterdir()} - alive == {"counter_ended.db", "histogram_ended.db", "lock"}


SEARCHES = "handrail_search_duration_seconds_count"


@pytest.mark.long
def test_systemd_is_told_ready_once_searches_are_answered_and_nothing_is_written_beside_the_state(built, tmp_path):
    port, home = free_port(), tmp_path / "home"
    home.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(40)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "CI": "", "HOME": str(home), "XDG_RUNTIME_DIR": ""}
        process = subprocess.Popen(
            [sys.executable, "-m", "handrail_kb.cli", "run", "--port", str(port), "--workers", "1"],
            cwd=built,
            env=os.environ | told,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert "READY=1" in systemd.recv(4096).decode().splitlines()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/help/readyz", timeout=2) as answer:
                assert answer.status == 200, "who is told ready may ask at once"
        finally:
            process.terminate()
            assert process.wait(20) == 0
    assert list(home.iterdir()) == []


@pytest.mark.long
def test_while_writing_every_edit_is_found_and_a_broken_one_does_no_harm(root):
    with started(root, "serve") as (process, address, log):
        assert titles(address, "pears")[0] == "Pears"
        (root / "docs" / "quinces.md").write_text("# Quinces\n\nQuinces are sold in winter.\n")
        until(lambda: titles(address, "quinces")[0] == "Quinces", "a new article is found")
        assert get(f"{address}quinces/")[0] == 200

        (root / "docs" / "quinces.md").write_text("---\ntitle: [unclosed\n---\n# Quinces\n\nBroken.\n")
        (root / "mkdocs.yml").write_text(MKDOCS + "nav: [gone: {\n")
        (root / "docs" / "pears.md").write_text("# Pears\n\nPears are sold in summer.\n")
        until(lambda: "last good site is still served" in log.read_text(), "a broken build is told")
        assert titles(address, "quinces")[0] == "Quinces"
        assert get(f"{address}pears/")[0] == 200

        (root / "mkdocs.yml").write_text(MKDOCS)
        (root / "docs" / "quinces.md").write_text("# Quinces\n\nSold in the snow, as [apples](gone.md).\n")
        until(lambda: "snow" in get(f"{address}quinces/")[1], "the mended article is served")
        told = "docs/quinces.md:3: 'gone.md' leads to no file of the site. [dead-link]"
        until(lambda: told in log.read_text(), "what is wrong with the saved article is told in the terminal")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert "Traceback" not in log.read_text()
