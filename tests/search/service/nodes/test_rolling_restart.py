"""Two nodes behind a real nginx, set up as documented, restarted and killed under traffic: no request fails."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest

from handrail_feedback.storage.database import Store
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from waiting import until

from ...acme import ARTICLES, write_site
from ...conftest import MODEL
from ..test_nginx import CONFIG, NGINX
from ..test_serving import free_port

DOCS = Path(__file__).parents[4] / "docs" / "operators" / "several-nodes.md"
CUSTOMERS = 3
pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed: apt-get install nginx-light")


class Node:
    """`handrail run` on a port of its own, over the store and the index of all."""

    def __init__(self, root, **more):
        self.root, self.port, self.more = root, free_port(), more
        self.address = f"http://127.0.0.1:{self.port}/"
        self.start()

    def start(self):
        where = {"HANDRAIL_STATE_DIR": str(self.root / "state"), "HANDRAIL_PORT": str(self.port)}
        where |= {"HANDRAIL_CONTACT_RATE": "100000 per hour", "HANDRAIL_SEARCH_RATE": "100000 per minute"}
        where |= {"HANDRAIL_WORKERS": "1", **self.more}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "handrail_kb.cli", "run"],
            cwd=self.root,
            env={**os.environ, **where},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ready(self):
        assert self.process.poll() is None
        return ask(f"{self.address}readyz")[0] == 200

    def restart(self):
        self.process.terminate()
        assert self.process.wait(40) == 0
        self.start()
        until(self.ready, "a node to be ready")

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def ask(address, form=None):
    """Status and text of an answer; a connection that broke raises OSError."""
    body = None if form is None else json.dumps(form).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"} if body else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def nginx_before(nodes, folder):
    """nginx with the lines of the documentation; the address it answers at."""
    port = free_port()
    lines = re.search(r"```nginx\n(upstream .*?)\n```", DOCS.read_text(), re.S)[1]
    lines = lines.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    for number, node in enumerate(nodes, start=1):
        lines = lines.replace(f"node{number}:8000", f"127.0.0.1:{node.port}")
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, server=lines))
    process = subprocess.Popen(
        [NGINX, "-c", str(config), "-p", str(folder), "-g", "daemon off;"], stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: ask(f"http://127.0.0.1:{port}/healthz")[0] == 200, "nginx")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(10)


class Customers:
    """Read, search, vote and write without pause; what failed is kept, and the code of each message."""

    def __init__(self, address):
        self.address, self.failed, self.cut, self.codes, self.count = address, [], [], {}, 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=(number,)) for number in range(CUSTOMERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _go(self, number):
        turn = 0
        while not self._stop.is_set():
            turn += 1
            name = f"{number}-{turn}"
            vote = {"url": "/account/password/", "helpful": True, "tab": f"tab-of-customer-{name}"}
            message = {"message": f"Message {name}", "token": f"token-of-form-{name}"}
            for path, form in (
                ("account/password/", None),
                ("api/search?q=password", None),
                ("api/feedback", vote),
                ("api/contact", message),
            ):
                status, text = self._sent(path, form)
                self.count += 1
                if not isinstance(status, int) or status >= 400:
                    self.failed.append((path, status))
                elif path == "api/contact":
                    self.codes[message["message"]] = json.loads(text)["code"]

    def _sent(self, path, form):
        """Status and text; sent again where the answer broke off in the middle, as people do."""
        for _ in range(2):
            try:
                return ask(f"{self.address}{path}", form)
            except HTTPException as error:
                self.cut.append((path, repr(error)))
            except OSError as error:
                return repr(error), ""
        return "broken off twice", ""


@pytest.fixture
def root(tmp_path, lend_encoder):
    lend_encoder(tmp_path / "state")
    site = write_site(tmp_path / "work", ARTICLES[:2])
    build_index(list(read_site(site)), tmp_path / "state", MODEL, site=site)
    return tmp_path


@pytest.fixture
def nodes(root):
    """Starts nodes, and ends what is left of them."""
    with ExitStack() as ended:

        def start(count=2, **more):
            made = [Node(root, **more) for _ in range(count)]
            for node in made:
                ended.callback(lambda node=node: node.process.poll() is None and node.kill())
            for node in made:
                until(node.ready, "a node to be ready")
            return made

        yield start


def kept(root):
    store = Store(root / "state" / "store.db")
    try:
        rows = store.read("SELECT code, message FROM messages")
        return {row["message"]: row["code"] for row in rows}, len(rows)
    finally:
        store.close()


def test_nodes_restarted_one_after_another_fail_no_request_and_keep_each_message_once(root, nodes):
    both = nodes()
    with nginx_before(both, root / "nginx") as address, Customers(address) as customers:
        until(lambda: customers.count > 40)
        for node in both:
            node.restart()
        until(lambda seen=customers.count: customers.count > seen + 40)
    assert customers.failed == customers.cut == []
    messages, count = kept(root)
    assert messages == customers.codes, "a code was given that nobody keeps, or one message has two"
    assert count == len(customers.codes) > 20


def test_a_node_that_is_killed_fails_no_request_and_no_message_is_kept_twice(root, nodes):
    both = nodes()
    with nginx_before(both, root / "nginx") as address, Customers(address) as customers:
        for node in both:
            until(lambda seen=customers.count: customers.count > seen + 40)
            node.kill()
            until(lambda seen=customers.count: customers.count > seen + 40)
            node.start()
            until(node.ready, "a node to be ready")
    assert customers.failed == []
    assert len(customers.cut) <= 2 * CUSTOMERS, "more than what the two killed nodes were sending"
    messages, count = kept(root)
    assert messages == customers.codes
    assert count == len(customers.codes)


def test_a_node_that_is_told_to_stop_is_not_ready_first_and_answers_until_it_ends(root, nodes):
    [node] = nodes(1, HANDRAIL_DRAIN_SECONDS="3")
    node.process.terminate()
    until(lambda: ask(f"{node.address}readyz")[0] == 503, "readyz to say no")
    status, text = ask(f"{node.address}readyz")
    assert (status, json.loads(text)["problems"][0]["what"]) == (503, "This node is being stopped.")
    assert ask(f"{node.address}api/search?q=password")[0] == 200
    assert ask(f"{node.address}api/contact", {"message": "One more"})[0] == 201
    assert node.process.wait(30) == 0
