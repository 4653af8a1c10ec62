"""1,000 messages while everything is killed: `make outbox-test`.

    cd tests
    python -m feedback.delivery.experiment.run                          all of it, 5 to 8 minutes on two cores
    python -m feedback.delivery.experiment.run --messages 40 --kills 2  a small one, as the tests run it
    python -m feedback.delivery.experiment.run --write                  and renew docs/operators/delivery-proof.md

The real service (`handrail run`) takes messages from several customers and mails them to a real mail server that
refuses, delays, falls silent, breaks connections off and goes away. Meanwhile workers, masters and the whole service
are killed with SIGKILL and started again. At the end every code that a customer was shown has to have arrived, with
the words that were written for it, and once when mails with the same Message-ID are counted as one.

What goes wrong is drawn from a fixed seed; when it happens is up to the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import click

from bench.published import put_into
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox_status import outbox_status

from ..servers import Authority, MailServer, free_port
from .figures import as_table
from .judge import check, check_receipts
from .mailbox import DELIVERY_SECONDS, Faults, Mailbox

PAGE = Path(__file__).parents[4] / "docs" / "operators" / "delivery-proof.md"
SITE = "<html><body><handrail-main></handrail-main></body></html>"
PATIENCE = 300.0
CLIENTS = 4


def say(text):
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


class Service:
    """`handrail run`, with processes to kill."""

    def __init__(self, root, environment):
        self.root, self.port = root, free_port()
        self._environment = {**os.environ, **environment, "HANDRAIL_PORT": str(self.port)}
        self._process = None
        self._log = (root / "service.log").open("ab")

    def start(self):
        command = [sys.executable, "-m", "handrail_kb.cli", "run"]
        self._process = subprocess.Popen(
            command, cwd=self.root, env=self._environment, stdout=self._log, stderr=self._log
        )

    def workers(self):
        """The processes that answer; none while the service starts."""
        pid = self._process.pid
        try:
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def kill(self, what, chance):
        """Kill one worker, or the master and after a moment its orphans, or all at once; then start again."""
        workers = self.workers()
        if what == "worker":
            _kill(chance.choice(workers))
            return
        if what == "all":
            for pid in workers:
                _kill(pid)
        _kill(self._process.pid)
        self._process.wait()
        time.sleep(chance.uniform(0, 1.5))
        for pid in workers:
            _kill(pid)
        self.start()

    def stop(self):
        """End in good order, or else not."""
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            for pid in self.workers():
                _kill(pid)
            self._process.kill()
            self._process.wait(5)
        self._log.close()


def _kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@dataclass
class Customers:
    """People who write, and who press the button again when no code comes."""

    address: str
    messages: int
    seconds: float
    codes: dict = field(default_factory=dict)  # code: what was written, and when the code was seen
    unanswered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write_all(self):
        numbers = iter(range(self.messages))
        threads = [threading.Thread(target=self._write, args=(numbers,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _write(self, numbers):
        pause = self.seconds * CLIENTS / self.messages
        while True:
            with self._lock:
                number = next(numbers, None)
            if number is None:
                return
            began = time.monotonic()
            text = f"Message number {number}: my parcel never came."
            code = self._send({"message": text, "reply_to": f"customer{number}@acme.test", "token": f"form-{number}"})
            with self._lock:
                self.codes[code] = (text, time.time())  # a code given out twice leaves one too few
            time.sleep(max(pause - (time.monotonic() - began), 0))

    def _send(self, form):
        while True:
            request = urllib.request.Request(
                f"{self.address}api/contact", json.dumps(form).encode(), {"Content-Type": "application/json"}
            )
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.loads(answer.read())["code"]
            except (OSError, ValueError, urllib.error.URLError):
                with self._lock:
                    self.unanswered += 1
                time.sleep(0.3)


def experiment(root, *, messages, kills, outages, seconds, seed):
    """Run it all in a folder; gives back the figures and what was wrong."""
    chance, faults = random.Random(seed), Faults(seed)
    mailbox, authority = Mailbox(faults), Authority(root)
    (root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    (root / "site" / "contact").mkdir(parents=True)
    (root / "site" / "contact" / "index.html").write_text(SITE)
    server = MailServer(mailbox, tls=authority.context("localhost"))
    service = Service(root, _settings(server.port, authority))
    customers = Customers(f"http://127.0.0.1:{service.port}/", messages, seconds)
    server.start()
    service.start()
    began = time.time()
    killed = Counter()
    try:
        _until(lambda: _answers(customers.address), "the service answers")
        threads = customers.write_all()
        _disturb(service, server, chance, killed, kills=kills, outages=outages, seconds=seconds)
        for thread in threads:
            thread.join(PATIENCE)
        written = time.time()
        say(f"{len(customers.codes)} codes, {len(mailbox.came)} arrived; waiting for the rest")
        store = Store(root / ".handrail" / "store.db")
        _until(lambda: outbox_status(store, now()).waiting == 0, "the outbox is empty")
        ended = max(mailbox.came.values())
        kept = {row["code"]: row["message"] for row in store.read("SELECT code, message FROM messages")}
    finally:
        service.stop()
        server.stop()
    wrong = check(customers.codes, mailbox.for_people(), kept, messages)
    wrong += check_receipts(mailbox.receipts(), mailbox.for_people())
    wrong += _log_faults((root / "service.log").read_text(), customers.codes)
    figures = _figures(customers, mailbox, faults, killed)
    figures |= {"outages": outages, "seed": seed, "writing": written - began, "rest": max(ended - written, 0.0)}
    return figures, wrong


def _settings(port, authority):
    return {
        "HANDRAIL_DELIVER": "mail",
        "HANDRAIL_MAIL_TO": "team@acme.test",
        "HANDRAIL_MAIL_FROM": "help@acme.test",
        "HANDRAIL_SMTP_HOST": "localhost",
        "HANDRAIL_SMTP_PORT": str(port),
        "HANDRAIL_DELIVERY_SECONDS": str(DELIVERY_SECONDS),
        "HANDRAIL_CONTACT_RATE": "1000000 per hour",
        "HANDRAIL_WORKERS": "2",
        "SSL_CERT_FILE": str(authority.file),
    }


def _answers(address):
    with urllib.request.urlopen(f"{address}healthz", timeout=5) as answer:
        return answer.status == 200


def _until(wanted, what):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if wanted():
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"waited {PATIENCE:.0f} s in vain: {what}")


def _disturb(service, server, chance, killed, *, kills, outages, seconds):
    """Kill, and take the mail server away, spread over the time in which customers write."""
    # One of each first, so that a small experiment has them, too.
    more = chance.choices(["worker", "master", "all"], [3, 1, 1], k=max(kills - 3, 0))
    events = [*["all", "worker", "master"][:kills], *more, *["outage"] * outages]
    chance.shuffle(events)
    moments = sorted(chance.uniform(0.05, 0.95) * seconds for _ in events)
    began = time.monotonic()
    for moment, what in zip(moments, events, strict=True):
        time.sleep(max(moment - (time.monotonic() - began), 0))
        if what == "outage":
            server.stop()
            time.sleep(chance.uniform(1, min(5.0, seconds / 6)))
            server.start()
            continue
        _until(service.workers, "the service has workers")
        say(f"kill: {what}")
        service.kill(what, chance)
        killed[what] += 1


def _log_faults(log, codes):
    return [f"the service's log has {word!r}" for word in ("Traceback", "parcel", "customer1", *codes) if word in log]


def _figures(customers, mailbox, faults, killed):
    waits = sorted(mailbox.came[code] - seen for code, (_, seen) in customers.codes.items() if code in mailbox.came)
    return {
        "messages": len(customers.codes),
        "unanswered": customers.unanswered,
        "killed": dict(killed),
        "faults": dict(faults.counts),
        "mails": len(mailbox.for_people()),
        "duplicates": len(mailbox.for_people()) - len({mail["Message-ID"] for mail in mailbox.for_people()}),
        "receipts": len({mail["Message-ID"] for mail in mailbox.receipts()}),
        "wait_median": median(waits),
        "wait_95": waits[int(len(waits) * 0.95)],
        "wait_longest": waits[-1],
    }


@click.command()
@click.option("--messages", type=click.IntRange(1, 100_000), default=1000, show_default=True)
@click.option("--kills", type=click.IntRange(0, 1000), default=30, show_default=True, help="Times something is killed.")
@click.option(
    "--outages", type=click.IntRange(0, 100), default=3, show_default=True, help="Times the mail server goes."
)
@click.option("--seconds", type=click.IntRange(5, 3600), default=200, show_default=True, help="Customers write for.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Write the figures as JSON.")
@click.option("--write", is_flag=True, help=f"Renew {PAGE.name}.")
def main(messages, kills, outages, seconds, seed, as_json, write):
    """Run the experiment; exit code 1 when a message was lost, changed or arrived twice."""
    if not Path("/proc/self/task").is_dir():
        raise SystemExit("this experiment finds the processes it kills in /proc, which is not there")
    with tempfile.TemporaryDirectory(prefix="handrail-outbox-") as folder:
        root = Path(folder)
        figures, wrong = experiment(root, messages=messages, kills=kills, outages=outages, seconds=seconds, seed=seed)
        if wrong:
            say((root / "service.log").read_text()[-3000:])
    sys.stdout.write(f"{json.dumps(figures) if as_json else as_table(figures)}\n")
    if wrong:
        raise SystemExit("\n".join(f"WRONG: {line}" for line in wrong))
    if write:
        put_into(PAGE, "delivery", as_table(figures))


if __name__ == "__main__":
    main()
