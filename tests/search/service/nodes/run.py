"""Three nodes while everything around them is killed: `make cluster-test`.

    cd tests
    python -m search.service.nodes.run                  ten minutes
    python -m search.service.nodes.run --seconds 120    to try it out
    python -m search.service.nodes.run --write          and renew docs/operators/cluster-proof.md

Three nodes (`handrail run`), PostgreSQL, Valkey, a mail server and nginx with the lines of the documentation run on
this machine. Customers search, click, vote, write and look up their messages, leads decide on topics. Meanwhile nodes
are killed and restarted, PostgreSQL is stopped and killed, Valkey stands still and is killed, and a new site is rolled
out. At the end all that was confirmed to anybody has to be there, once.

What is disturbed is drawn from a fixed seed; when it happens is up to the machine.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from bench.published import put_into
from feedback.delivery.experiment.mailbox import Mailbox
from feedback.delivery.servers import Authority, MailServer, free_port
from feedback.postgres import PostgresServer, programs
from handrail_feedback.accounts import passwords
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from waiting import until

from ...acme import ARTICLES, article, write_site
from ..proxies.test_nginx import NGINX
from .figures import as_table
from .judge import Disturbance, wrong_with
from .machines import VALKEY, Node, ask, nginx_before
from .machines import Valkey as ValkeyServer
from .traffic import PASSWORD, Customer, Done, Lead

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "operators" / "cluster-proof.md"
MODEL = "all-MiniLM-L6-v2"
NODES, CUSTOMERS, LEADS = 3, 4, 2
NEW_PAGE = "mail/gopher/"
NEW_ARTICLE = article(
    NEW_PAGE, "Gopher gateway", "<p>The gopher gateway listens on port 70.</p>", "open the gopher gateway"
)
PATIENCE = 150.0
# What is left in the outbox; a busy machine mails two a second.
PATIENCE_WITH_MAIL = 1800.0
LOG_WORDS = ("Traceback", "parcel", "acme.test", "spreadsheet")


def say(words):
    """One line for the person who waits."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


class ClusterNode(Node):
    """A node with an index and a state folder of its own."""

    program = (sys.executable, str(Path(__file__).with_name("node.py")))


class Cluster:
    """All machines, in a folder."""

    def __init__(self, root, stack):
        self.root = root
        self.postgres = PostgresServer.create(programs(), free_port())
        stack.callback(self.postgres.remove)
        self.store_place = self.postgres.url(self.postgres.create_database())
        self.valkey = ValkeyServer(root)
        stack.callback(self.valkey.stop)
        authority, self.mailbox = Authority(root), Mailbox()
        server = MailServer(self.mailbox, tls=authority.context("localhost"))
        stack.enter_context(server)
        self.builder = Builder(root / "builder")
        self.builder.build(ARTICLES)
        self.store = Store(self.store_place)
        stack.callback(self.store.close)
        for number in range(LEADS):
            staff.add(self.store, f"lead-{number}", "lead", passwords.hashed(PASSWORD), now())
        self.nodes = [self._node(number, server.port, authority.file) for number in range(NODES)]
        for node in self.nodes:
            stack.callback(lambda node=node: node.process.poll() is None and node.kill())
        for node in self.nodes:
            until(node.ready, "a node to be ready", seconds=PATIENCE)
        self.address = stack.enter_context(nginx_before(self.nodes, root / "nginx"))

    def _node(self, number, mail_port, certificate):
        folder = self.root / f"node{number}"
        self.builder.bring_to(folder / "state" / "index")
        return ClusterNode(
            folder,
            log=self.log_of(number),
            HANDRAIL_STORE=self.store_place,
            HANDRAIL_LIMITS_STORE=self.valkey.address,
            HANDRAIL_SECRET_KEY="k" * 40,
            HANDRAIL_CODE_RATE="100000 per hour",
            HANDRAIL_TRUSTED_PROXIES="1",
            HANDRAIL_DELIVER="mail",
            HANDRAIL_MAIL_TO="team@acme.test",
            HANDRAIL_MAIL_FROM="help@acme.test",
            HANDRAIL_SMTP_HOST="localhost",
            HANDRAIL_SMTP_PORT=str(mail_port),
            SSL_CERT_FILE=str(certificate),
            OMP_NUM_THREADS="1",
            CLUSTER_GROUPINGS=str(self.groupings),
        )

    @property
    def groupings(self):
        """The file in which nodes write down when they group topics."""
        return self.root / "groupings"

    def log_of(self, number):
        """The file that a node writes its log to."""
        return self.root / f"node{number}.log"


class Builder:
    """The machine that builds, and brings what it built to the nodes as the documentation says."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "state").mkdir(parents=True)
        encoders = ROOT / ".cache" / "encoder"
        encoders.mkdir(parents=True, exist_ok=True)
        (folder / "state" / "encoder").symlink_to(encoders)

    def build(self, articles):
        """A generation of these articles."""
        site = write_site(self.folder / "site", articles)
        build_index(list(read_site(site)), self.folder / "state", MODEL, site=site)

    def bring_to(self, index):
        """The generation first, its name last."""
        index.mkdir(parents=True, exist_ok=True)
        source = f"{self.folder / 'state' / 'index'}/"
        first = ("--exclude=/.*", "--exclude=/CURRENT", "--exclude=/site")
        subprocess.run(["rsync", "-aH", *first, source, f"{index}/"], check=True)
        subprocess.run(["rsync", "-a", f"{source}CURRENT", f"{source}site", f"{index}/"], check=True)


class Disturber:
    """Takes one thing away after another; `done` is what it did."""

    def __init__(self, cluster, chance):
        self.cluster, self.chance, self.done = cluster, chance, []

    # How often each happens, against the others. A new site is rolled out once.
    KINDS = {  # noqa: RUF012
        "node killed": 4,
        "node restarted": 2,
        "PostgreSQL stopped": 1,
        "PostgreSQL killed": 2,
        "node restarted while PostgreSQL is away": 1,
        "Valkey stood still": 1,
        "Valkey killed": 1,
    }

    def plan(self, seconds, pause):
        """So much that it fits, with one of each first."""
        more = max(int(seconds / pause) - len(self.KINDS) - 1, 0)
        kinds = [
            *self.KINDS,
            "new site rolled out",
            *self.chance.choices(list(self.KINDS), self.KINDS.values(), k=more),
        ]
        self.chance.shuffle(kinds)
        return kinds

    def disturb(self, what):
        """Do it, and wait until all is well again."""
        node = self.chance.randrange(NODES)
        say(f"{what}{f' ({node})' if what.startswith('node') else ''}")
        began = time.time()
        self._do(what, self.cluster.nodes[node])
        self.done.append(Disturbance(what, node if what.startswith("node") else None, began, time.time()))

    def _do(self, what, node):
        postgres, valkey = self.cluster.postgres, self.cluster.valkey
        if what == "node killed":
            node.kill()
            self._leave(3)
            node.start()
            self._ready(node)
        elif what == "node restarted":
            node.stop()
            node.start()
            self._ready(node)
        elif what == "PostgreSQL stopped":
            postgres.stop()
            self._leave(8)
            postgres.start()
        elif what == "PostgreSQL killed":
            postgres.kill()
            self._leave(8)
            postgres.start_after_a_kill()
        elif what == "node restarted while PostgreSQL is away":
            postgres.stop()
            node.stop()
            node.start()
            until(lambda: ask(f"{node.address}healthz")[0] == 200, "a node to answer", seconds=PATIENCE)
            postgres.start()
            self._ready(node)
        elif what == "Valkey stood still":
            valkey.signal(signal.SIGSTOP)
            self._leave(8)
            valkey.signal(signal.SIGCONT)
        elif what == "Valkey killed":
            valkey.stop()
            self._leave(8)
            valkey.start()
        else:
            self._roll_out()

    def _leave(self, most):
        time.sleep(self.chance.uniform(0.5, most))

    def _ready(self, node):
        until(node.ready, "a node to be ready", seconds=PATIENCE)

    def _roll_out(self):
        """A site with one more article, to one node after another."""
        self.cluster.builder.build((*ARTICLES, NEW_ARTICLE))
        for node in self.cluster.nodes:
            self.cluster.builder.bring_to(Path(node.environment["HANDRAIL_STATE_DIR"]) / "index")
            until(lambda node=node: self._page_and_search(node) == (True, True), "the new site", seconds=PATIENCE)

    @staticmethod
    def _page_and_search(node):
        """Whether the node has the page, and finds it. One without the other, after the moment between, is a fault."""
        found = json.loads(ask(f"{node.address}api/search?q=open+the+gopher+gateway")[1])["results"]
        return ask(f"{node.address}{NEW_PAGE}")[0] == 200, bool(found) and found[0]["url"] == f"/{NEW_PAGE}"


def kept_in(store):
    """What the store holds of what was confirmed."""
    return {
        "messages": [(row["code"], row["message"]) for row in store.read("SELECT code, message FROM messages")],
        "votes": [
            ((row["tab"], row["location"]), bool(row["helpful"]))
            for row in store.read("SELECT tab, location, helpful FROM votes")
        ],
        "decisions": [(row["why"], row["decision"]) for row in store.read("SELECT why, decision FROM topic_decisions")],
        "searches": store.read("SELECT count(*) AS count FROM searches")[0]["count"],
    }


def proof(root, *, seconds, pause, seed):
    """Run it all in a folder: the table, and what was wrong."""
    chance, done = random.Random(seed), Done()
    with ExitStack() as stack:
        cluster = Cluster(root, stack)
        people = [
            *(Customer(cluster.address, done, number) for number in range(CUSTOMERS)),
            *(Lead(cluster.address, done, CUSTOMERS + number, f"lead-{number}") for number in range(LEADS)),
        ]
        began, disturber = time.time(), Disturber(cluster, chance)
        for one in people:
            one.start()
        for what in disturber.plan(seconds, pause):
            time.sleep(chance.uniform(0, pause / 3))
            disturber.disturb(what)
        time.sleep(max(began + seconds - time.time(), 0))
        for one in people:
            one.stopped.set()
        for one in people:
            one.join(PATIENCE)
        took = round(time.time() - began)
        say(f"{len(done.codes)} codes, {len(cluster.mailbox.came)} arrived; waiting for the rest")
        until(
            lambda: outbox_status(cluster.store, now()).waiting == 0,
            "the outbox to be empty",
            seconds=PATIENCE_WITH_MAIL,
        )
        for node in cluster.nodes:  # what is queued is written
            node.stop()
        kept = kept_in(cluster.store)
        groupings = cluster.groupings.read_text().splitlines() if cluster.groupings.exists() else []
        wrong = wrong_with(done, cluster.mailbox, kept, disturber.done, groupings, CUSTOMERS + LEADS)
        for number in range(NODES):
            log = cluster.log_of(number).read_text()
            wrong += [f"the log of node {number} has {word!r}" for word in (*LOG_WORDS, *done.seen_at) if word in log]
        if wrong:
            keep = Path(tempfile.mkdtemp(prefix="handrail-cluster-logs-"))
            for number in range(NODES):
                shutil.copy(cluster.log_of(number), keep)
            say(f"the nodes' logs are in {keep}")
        table = as_table(done, cluster.mailbox, kept, disturber.done, groupings, took, seed)
    return table, wrong


@click.command()
@click.option("--seconds", type=click.IntRange(10, 36_000), default=600, show_default=True)
@click.option("--pause", type=float, default=12.0, show_default=True, help="Seconds from one disturbance to the next.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--write", is_flag=True, help=f"Renew {PAGE.name}.")
def main(seconds, pause, seed, write):
    """Run the proof; exit code 1 when anything that was confirmed is lost, or was done twice."""
    if missing := what_is_missing():
        raise SystemExit(f"needs {', '.join(missing)}: apt-get install postgresql redis-server nginx-light rsync")
    with tempfile.TemporaryDirectory(prefix="handrail-cluster-") as folder:
        table, wrong = proof(Path(folder), seconds=seconds, pause=pause, seed=seed)
    sys.stdout.write(f"{table}\n")
    if wrong:
        raise SystemExit("\n".join(f"WRONG: {line}" for line in wrong))
    if write:
        put_into(PAGE, "delivery", table)


def what_is_missing():
    """Programs that are not installed, and what else it takes."""
    found = {
        "PostgreSQL": programs(),
        "Valkey or Redis": VALKEY,
        "nginx": Path(NGINX).exists(),
        "rsync": shutil.which("rsync"),
        "/proc": Path("/proc/self/task").is_dir(),
    }
    return [name for name, there in found.items() if not there]


if __name__ == "__main__":
    main()
