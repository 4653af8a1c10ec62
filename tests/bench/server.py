"""`handrail run` as an operator starts it, what it weighs, and a relay that counts the bytes a browser gets from it."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from handrail_kb.config.settings import load_settings
from handrail_search.service.gunicorn_server import base_path

WORKERS = 2
_HANDRAIL = Path(sys.executable).parent / "handrail"
_PATIENCE = 60


@dataclass(frozen=True)
class Service:
    """A running service. `seconds` is the time from its start to the first search it answered.

    `base` is the path that it serves the site under.
    """

    port: int
    base: str
    master: int
    seconds: float

    @property
    def address(self) -> str:
        """The site's home page."""
        return f"http://127.0.0.1:{self.port}{self.base}"

    def processes(self) -> list[int]:
        """The master and its workers."""
        children = Path(f"/proc/{self.master}/task/{self.master}/children").read_text().split()
        return [self.master, *map(int, children)]


@contextmanager
def running(config: Path, site: Path, state: Path) -> Iterator[Service]:
    """Serve a built site; a `state` without an index makes search answer 503."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no service is left behind
    port, base = free_port(), base_path(load_settings(config))
    command = [_HANDRAIL, "run", "--config", config, "--site", site, "--state-dir", state.resolve(), "--port", port,
               "--workers", WORKERS, "--search-rate", "10000000 per minute"]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        seconds = _first_answer(process, port, base, began)
        yield Service(port, base, process.pid, seconds)
    finally:
        process.terminate()
        process.wait(timeout=40)


def _first_answer(process: subprocess.Popen[bytes], port: int, base: str, began: float) -> float:
    """Seconds until a search was answered, with results or with 503."""
    while time.perf_counter() - began < _PATIENCE:
        if process.poll() is not None:
            break
        with suppress(OSError, http.client.HTTPException):
            if ask(port, "first", base) in (200, 503):
                return time.perf_counter() - began
        time.sleep(0.02)
    raise SystemExit(f"The service did not answer within {_PATIENCE} s. Try it: {_HANDRAIL} run --port {port}")


def ask(port: int, question: str, base: str = "/") -> int:
    """Search once; the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"{base}api/search?q={quote(question)}")
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def megabytes(pid: int, field: str) -> float | None:
    """A field of /proc/PID/smaps_rollup (Rss, Pss) or /proc/PID/status (VmHWM) in MB; None where it cannot be read."""
    for name in ("smaps_rollup", "status"):
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                if line.startswith(f"{field}:"):
                    return int(line.split()[1]) / 1024
    return None


class Relay:
    """Stands between browser and service and counts what goes to the browser, headers and all."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.bytes = 0
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            service = socket.create_connection(("127.0.0.1", self._target))
            for end in (browser, service):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pump, args=(browser, service, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(service, browser, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if counted:
                    with self._lock:
                        self.bytes += len(data)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()


@contextmanager
def counted(service: Service) -> Iterator[Relay]:
    """A relay in front of a service."""
    relay = Relay(service.port)
    try:
        yield relay
    finally:
        relay.close()
