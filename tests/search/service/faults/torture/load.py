"""Customers who come at a steady rate, whether they are answered or not, to a service of one machine.

The rated load is a third of what this machine answered just before. Twice of that has to be answered; of three times
what it can do, most is refused early. Meanwhile customers write to a person, whose messages have to be there.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from handrail_feedback.storage.database import Store
from waiting import until

from ...nodes.machines import machine_of
from ...test_serving import build, free_port, get, write_project

ROOT = Path(__file__).parents[5]
CUSTOMERS = 64
PATIENCE_SECONDS = 20
MEASURED_SECONDS = 6.0
OVERLOAD_SECONDS = 20.0


@dataclass
class Phase:
    """What came of one rate, in searches a second. `memory` is (seconds, MB) of all processes of the service.

    `waiting` are those whose turn to ask had not come at the end: all customers were waiting for an answer.
    """

    rate: float
    asked: int = 0
    waiting: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    codes: int = 0
    slowest_message: float = 0.0
    took: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def within(self):
        """How long 99 % of the answers took at most, in seconds."""
        return sorted(self.took)[int(len(self.took) * 0.99)] if self.took else 0.0

    @property
    def growth(self):
        """By how many MB a minute the memory grew, by least squares, once all was warm (the second half)."""
        seen = self.memory[len(self.memory) // 2 :]
        if len(seen) < 2:
            return 0.0
        middle = sum(at for at, _ in seen) / len(seen)
        mean = sum(size for _, size in seen) / len(seen)
        spread = sum((at - middle) ** 2 for at, _ in seen)
        return 60 * sum((at - middle) * (size - mean) for at, size in seen) / spread


@dataclass(frozen=True)
class Load:
    """A whole run: the most searches a second that were answered before, both phases, and the messages lost."""

    seconds: float
    most: float
    steady: Phase
    over: Phase
    lost: int


class Crowd:
    """Customers who share out what is asked, each over a connection of their own, and one who writes messages."""

    def __init__(self, address, processes):
        self.address, self.processes = urlsplit(address), processes
        self.codes = set()
        self._visits = count()

    def most(self):
        """How many searches a second are answered when each customer asks again at once."""
        phase = self._run(Phase(0), MEASURED_SECONDS, customers=8)
        return phase.answered / MEASURED_SECONDS

    def at(self, rate, seconds, customers=CUSTOMERS):
        """Ask at this rate."""
        return self._run(Phase(rate), seconds, customers)

    def _run(self, phase, seconds, customers):
        due, over, noting = queue.Queue(), threading.Event(), threading.Lock()
        everybody = [threading.Thread(target=self._search, args=(phase, due, over, noting)) for _ in range(customers)]
        if phase.rate:
            everybody.append(threading.Thread(target=self._write, args=(phase, over)))
        for one in everybody:
            one.start()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            if phase.rate:
                for _ in range(int(passed * phase.rate) - phase.asked):
                    phase.asked += 1
                    due.put(time.monotonic())
            phase.memory.append((passed, megabytes(self.processes())))
            over.wait(0.25)
        over.set()
        for one in everybody:
            one.join()
        phase.waiting = due.qsize()
        phase.asked -= phase.waiting
        return phase

    def _search(self, phase, due, over, noting):
        while not over.is_set():
            try:
                asked_at = due.get(timeout=0.1) if phase.rate else time.monotonic()
            except queue.Empty:
                continue
            status, headers, _ = self._ask("GET", f"api/search?q=pears+{asked_at}")
            took = time.monotonic() - asked_at
            with noting:
                phase.answered += status == 200
                early = status in (429, 503) and "Retry-After" in headers
                phase.refused += early
                phase.failed += status != 200 and not early
                if status == 200:
                    phase.took.append(took)

    def _write(self, phase, over):
        while not over.wait(0.5):
            began = time.monotonic()
            sent = {"message": f"Where are my pears, {began}?"}
            status, _, body = self._ask("POST", "api/contact", sent, machine_of(next(self._visits)))
            if status == 201:
                self.codes.add(json.loads(body)["code"])
                phase.codes += 1
            else:
                phase.failed += 1
            phase.slowest_message = max(phase.slowest_message, time.monotonic() - began)

    def _ask(self, method, path, sent=None, machine="127.0.0.1"):
        body = json.dumps(sent) if sent else None
        connection = http.client.HTTPConnection(self.address.netloc, None, PATIENCE_SECONDS, (machine, 0))
        try:
            connection.request(method, self.address.path + path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, {}, b""
        finally:
            connection.close()


def megabytes(processes):
    """What these processes hold together, without files: programs beside them that read the same ones come and go."""
    found = 0
    for number in processes:
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        except OSError:  # it has just ended
            continue
        found += sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
    return found / 1024


def family(number):
    """A process and its children."""
    children = Path(f"/proc/{number}/task/{number}/children")
    return [number, *(int(one) for one in children.read_text().split())]


@contextmanager
def service(folder):
    """A service as in production, with a site of two articles: its process and its address."""
    write_project(folder)
    encoders = ROOT / ".cache" / "encoder"
    if encoders.is_dir():
        (folder / ".handrail").mkdir()
        (folder / ".handrail" / "encoder").symlink_to(encoders)
    build(folder)
    rates = {f"HANDRAIL_{kind}_RATE": "1000000 per minute" for kind in ("SEARCH", "CONTACT", "CODE")}
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "handrail_kb.cli", "run", "--port", str(port)],
        cwd=folder,
        env={**os.environ, **rates},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/help/"
    try:
        until(lambda: get(f"{address}readyz")[0] == 200, "ready", seconds=90)
        yield process, address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def run_load(folder, seconds, tell=lambda _words: None):
    """The whole load."""
    with service(folder) as (process, address):
        crowd = Crowd(address, lambda: family(process.pid))
        most = crowd.most()
        tell(f"{most:.0f} searches a second are answered at most")
        steady = crowd.at(most * 2 / 3, seconds)
        tell("twice the rated load is over")
        over = crowd.at(most * 3, OVERLOAD_SECONDS, customers=4 * CUSTOMERS)
    store = Store(folder / ".handrail" / "store.db")
    try:
        kept = {row["code"] for row in store.read("SELECT code FROM messages")}
    finally:
        store.close()
    return Load(seconds, most, steady, over, len(crowd.codes - kept))


def wrong_with(load, growth):
    """What must not be, as sentences; `growth` is the most MB a minute."""
    found = []
    if load.lost:
        found.append(f"{load.lost} messages that had a code are not in the store")
    found += [f"{phase.failed} requests were not answered" for phase in (load.steady, load.over) if phase.failed]
    if load.steady.refused > load.steady.asked / 1000:
        found.append(f"{load.steady.refused} searches were refused at twice the rated load")
    if load.steady.waiting > load.steady.rate:
        found.append(f"{load.steady.waiting} customers waited for their turn at twice the rated load")
    if load.steady.growth > growth:
        found.append(f"memory grows by {load.steady.growth:.1f} MB a minute")
    if not load.over.refused:
        found.append("nothing was refused under overload: it was none")
    return found
