"""Two nodes behind a real nginx, set up as documented, restarted and killed under traffic: no request fails."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path

import pytest

from handrail_feedback.storage.database import Store
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from waiting import until

from ...acme import ARTICLES, write_site
from ...conftest import MODEL
from ..proxies.test_nginx import NGINX
from .machines import Node, ask, machine_of, nginx_before

CUSTOMERS = 3
pytestmark = pytest.mark.skipif(not Path(NGINX).exists(), reason="nginx is not installed: apt-get install nginx-light")


class Customers:
    """Read, search, vote and write without pause, each time as somebody else; what failed is kept, and each code."""

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
            name, machine = f"{number}-{turn}", machine_of(number * 10_000 + turn)
            vote = {"url": "/account/password/", "helpful": True, "tab": f"tab-of-customer-{name}"}
            message = {"message": f"Message {name}", "token": f"token-of-form-{name}"}
            for path, form in (
                ("account/password/", None),
                ("api/search?q=password", None),
                ("api/feedback", vote),
                ("api/contact", message),
            ):
                status, text = self._sent(path, form, machine)
                self.count += 1
                if not isinstance(status, int) or status >= 400:
                    self.failed.append((path, status))
                elif path == "api/contact":
                    self.codes[message["message"]] = json.loads(text)["code"]

    def _sent(self, path, form, machine):
        """Status and text; sent again where the answer broke off in the middle, as people do."""
        for _ in range(2):
            try:
                return ask(f"{self.address}{path}", form, machine)
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
            # Without it all customers are one address to the nodes, which may send so many votes a day.
            made = [Node(root, HANDRAIL_TRUSTED_PROXIES="1", **more) for _ in range(count)]
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


@pytest.mark.long
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


@pytest.mark.long
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


@pytest.mark.long
def test_a_node_that_is_told_to_stop_is_not_ready_first_and_answers_until_it_ends(root, nodes):
    [node] = nodes(1, HANDRAIL_DRAIN_SECONDS="3")
    node.process.terminate()
    until(lambda: ask(f"{node.address}readyz")[0] == 503, "readyz to say no")
    status, text = ask(f"{node.address}readyz")
    assert (status, json.loads(text)["problems"][0]["what"]) == (503, "This node is being stopped.")
    assert ask(f"{node.address}api/search?q=password")[0] == 200
    assert ask(f"{node.address}api/contact", {"message": "One more"})[0] == 201
    assert node.process.wait(30) == 0
