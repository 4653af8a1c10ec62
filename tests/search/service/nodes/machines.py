"""The machines of a help site on several nodes, all real and on this machine: nodes, nginx before them, Valkey."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

from waiting import until

from ..proxies.test_nginx import CONFIG, NGINX
from ..test_serving import free_port

DOCS = Path(__file__).parents[4] / "docs" / "operators" / "several-nodes.md"
VALKEY = shutil.which("valkey-server") or shutil.which("redis-server")
_SERVERS = re.compile(r"(?:    server node\d:8000[^\n]*\n)+")


class _From(urllib.request.HTTPHandler):
    """Connects from an address of its own, as somebody else's machine does."""

    def __init__(self, source):
        super().__init__()
        self._source = source

    def http_open(self, req):
        return self.do_open(partial(HTTPConnection, source_address=(self._source, 0)), req)


def ask(address, form=None, source=None):
    """Status and text of an answer; a connection that broke raises OSError. `source` is an address of the loopback."""
    body = None if form is None else json.dumps(form).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"} if body else {})
    try:
        opener = urllib.request.build_opener(*([_From(source)] if source else []))
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def machine_of(visit):
    """The address of the machine that a visit comes from, by its number: what one address may send is bounded."""
    return f"127.{1 + visit // 62_500 % 250}.{1 + visit // 250 % 250}.{1 + visit % 250}"


def _outside():
    """The environment, without what the person at the keyboard has set for Handrail."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HANDRAIL_")}


class Node:
    """`handrail run` on a port of its own, over the store and the index of all."""

    program = (sys.executable, "-m", "handrail_kb.cli", "run")

    def __init__(self, root, log=None, **more):
        self.root, self.port, self.log = root, free_port(), log
        self.address = f"http://127.0.0.1:{self.port}/"
        self.environment = {
            "HANDRAIL_STATE_DIR": str(root / "state"),
            "HANDRAIL_PORT": str(self.port),
            "HANDRAIL_CONTACT_RATE": "100000 per hour",
            "HANDRAIL_SEARCH_RATE": "100000 per minute",
            "HANDRAIL_WORKERS": "1",
            **more,
        }
        self.start()

    def start(self):
        with (self.log or Path(os.devnull)).open("ab") as log:
            self.process = subprocess.Popen(
                self.program,
                cwd=self.root,
                env={**_outside(), **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self):
        assert self.process.poll() is None
        return ask(f"{self.address}readyz")[0] == 200

    def restart(self):
        self.stop()
        self.start()
        until(self.ready, "a node to be ready")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(40) == 0

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def nginx_before(nodes, folder):
    """nginx with the lines of the documentation; the address it answers at."""
    port = free_port()
    lines = re.search(r"```nginx\n(upstream .*?)\n```", DOCS.read_text(), re.S)[1]
    lines = lines.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    first = re.search(r"server node1:8000([^\n]*)", lines)[1]
    lines = _SERVERS.sub("".join(f"    server 127.0.0.1:{node.port}{first}\n" for node in nodes), lines)
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


class Valkey:
    """A server on a port of its own, which keeps nothing on disk."""

    def __init__(self, folder, *options):
        self.port = free_port()
        self.folder, self.options = folder, options
        self.address = f"valkey://127.0.0.1:{self.port}/0"
        self.start()

    def start(self):
        arguments = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder))
        self.process = subprocess.Popen([VALKEY, *arguments, *self.options], stdout=subprocess.DEVNULL)
        until(self.listens, "the server")

    def listens(self):
        with socket.create_connection(("127.0.0.1", self.port)):
            return True

    def stop(self):
        with suppress(OSError):
            self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def signal(self, what):
        self.process.send_signal(what)

    def all_keys(self):
        with socket.create_connection(("127.0.0.1", self.port)) as asked:
            asked.sendall(b"KEYS *\r\nQUIT\r\n")
            return asked.makefile().read()
