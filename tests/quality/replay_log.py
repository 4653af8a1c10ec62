"""Two years of customers' questions asked of a large site in the order they came: what the leads' pages cost then.

    python tests/quality/replay_log.py            ask, group, open the pages, print the table
    python tests/quality/replay_log.py --write    and renew docs/leads/real-volume.md (make query-log)
    python tests/quality/replay_log.py --again    ask all questions anew, though they were asked before

The real service runs in this process, and each question goes through its API with the clock at the time it was asked,
moved so that the last one was asked today. The log tells which questions came from one customer: these are one tab. It
tells nothing of what they did next, so nobody here clicks, votes or writes: searches fail by their verdict, and by
other words within a minute. Site and store are kept in .handrail/quality/query-log: the first run takes a quarter of an
hour.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

import click
from flask import Flask
from flask.testing import FlaskClient
from places import EVALDATA, KEPT, ROOT, absent, put_into, say

from handrail_feedback.accounts import passwords
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.topics import failed_searches, sizes
from handrail_feedback.topics.listing import read_book
from handrail_kb import __version__
from handrail_kb.config.settings import Settings, load_settings
from handrail_search.adapters.topics import refresh_topics
from handrail_search.index.site_build import build_site_and_index
from handrail_search.ranking.live import LiveIndex
from handrail_search.service import search_pages
from handrail_search.service.app import create_app

PAGE = ROOT / "docs" / "leads" / "real-volume.md"
LOG = EVALDATA / "querylog-thunderbird" / "querylog.jsonl"
ARTICLES = EVALDATA / "md-sumo-kb" / "docs"
FOLDER = KEPT / "query-log"
ASKED = FOLDER / "asked.json"
# Topics are grouped anew so often while the log is asked; in the service it is once a week.
GROUPED_EVERY = timedelta(days=28)
# The pages of leads, and the topic that most people searched for.
PAGES = (
    "desk/report/",
    "desk/report/?span=364",
    "desk/report/counted/?number=failed+searches&span=364",
    "desk/topics/",
    "desk/topics/?span=364",
    "desk/topics/{topic}/",
    "desk/articles/",
    "desk/",
)
# Seconds of the processor that a page may take.
_BAR = 0.3
_MKDOCS = """site_name: Mozilla help
theme: {name: material, font: false}
plugins: [search, handrail]
"""
_FLAGS = {"search_rate": "1000000 per minute", "retention_days": 36_500}
# A network for each customer: what one may leave in a day, and how many people it stands for, is bounded.
_NETWORKS = ip_network("2001:db8::/32")
# Seconds for name and password, while the service reads what will be looked at.
_TYPING = 4
_NAME, _PASSWORD = "lead-of-the-log", "correct horse battery"


@dataclass(frozen=True)
class Question:
    """A question as the log has it."""

    at: datetime
    words: str
    lang: str
    user: str


class _Clock(datetime):
    """The clock that the service's API reads."""

    asked_at: datetime

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        """When the question was asked."""
        return cls.asked_at


def questions() -> list[Question]:
    """The log, moved by whole days so that its last question was asked today."""
    rows = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
    times = [datetime.strptime(row["ts"], "%Y-%m-%d %H:%M:%S %z").astimezone(UTC) for row in rows]
    moved = timedelta(days=(now() - max(times)).days)
    found = [
        Question(at + moved, row["q"][:500], row["locale"][:2].lower(), row["user"])
        for row, at in zip(rows, times, strict=True)
    ]
    return sorted(found, key=lambda one: one.at)


def site() -> Settings:
    """709 articles with their index, built unless they are there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    config = FOLDER / "mkdocs.yml"
    if not config.exists():
        config.write_text(_MKDOCS, encoding="utf-8")
        (FOLDER / "docs").symlink_to(ARTICLES)
    settings = load_settings(config, flags=_FLAGS, environ={})
    if not (settings.index_dir / "CURRENT").exists():
        say("building the site and its index")
        build_site_and_index(settings)
    return settings


@contextmanager
def service(settings: Settings) -> Iterator[Flask]:
    """The whole service, but for the thread that groups topics by today's clock."""
    app = create_app(settings)
    parts = app.extensions["handrail"]
    parts.topics.stop()
    yield app
    parts.teaching.stop()
    parts.searches.close()
    parts.store.close()


def ask_all(settings: Settings) -> dict[str, Any]:
    """Ask every question; topics grow meanwhile. What it cost."""
    for file in (*settings.state_dir.glob("store.db*"), *settings.state_dir.glob(".store.db.made")):
        file.unlink()  # the second says that there was a store, which the service would miss
    asked, networks = questions(), dict[str, str]()
    with service(settings) as app, patch.object(search_pages, "datetime", _Clock):
        seconds = 0.0
        grouped_at = asked[0].at
        client, log = app.test_client(), app.extensions["handrail"].searches
        for number, one in enumerate(asked, start=1):
            began = time.perf_counter()
            _Clock.asked_at = one.at
            asked_by = {"q": one.words, "lang": one.lang, "tab": f"customer-{one.user}"}
            address = networks.setdefault(one.user, str(_NETWORKS[len(networks) << 64]))
            answer = client.get("/api/search", query_string=asked_by, environ_base={"REMOTE_ADDR": address})
            if answer.status_code != 200:
                raise SystemExit(f"question {number} was answered {answer.status_code}")
            seconds += time.perf_counter() - began
            if one.at - grouped_at >= GROUPED_EVERY:
                log.flush(60)
                grouped_at = one.at
                erase_old(app.extensions["handrail"].store, asked[0].at, one.at)  # as the service does every day
                _group(settings, one.at)
                say(f"{number:,} of {len(asked):,}, {one.at:%Y-%m-%d}: {number / seconds:.0f} searches a second")
        log.flush(60)
        dropped = len(asked) - log.written
    return {"asked": len(asked), "seconds": seconds, "dropped": dropped, "days": (asked[-1].at - asked[0].at).days}


def _group(settings: Settings, at: datetime, *, regroup: bool = False) -> float:
    """Bring topics up to date as the service does, in so many seconds."""
    searcher = LiveIndex(settings.index_dir).searcher()
    if searcher is None or searcher.encoder is None:
        raise SystemExit("the index has no encoder")
    store, began = Store(settings.store_place), time.perf_counter()
    refresh_topics(store, searcher.index, searcher.encoder, settings, at, lambda _done, _of: None, regroup=regroup)
    store.close()
    return time.perf_counter() - began


def measured(settings: Settings) -> dict[str, Any]:
    """How large the store is, how long grouping all takes, and how long the leads' pages do."""
    _group(settings, now())  # whatever is new is encoded
    grouping = _group(settings, now(), regroup=True)
    store = Store(settings.store_place)
    book = read_book(store)
    figures = {
        "megabytes": sum(file.stat().st_size for file in settings.state_dir.glob("store.db*")) / 1e6,
        "failed": len(failed_searches(store)),
        "topics": len(book.by_topic),
        "topics_of_three": sum(len({one.person for one in held}) >= 3 for held in book.by_topic.values()),
        "grouping": grouping,
        "load": os.getloadavg()[0],
        "pages": {path: loads(settings, path) for path in PAGES},
    }
    store.close()
    return figures


def loads(settings: Settings, path: str) -> dict[str, float]:
    """The first look at a page of a service just started, after signing in, and the slowest of five later ones."""
    with service(settings) as app:
        store = app.extensions["handrail"].store
        staff.add(store, _NAME, "lead", passwords.hashed(_PASSWORD), now())
        client = app.test_client()
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/login").text)
        time.sleep(_TYPING)  # noqa: TID251 as a person does
        sent = {"name": _NAME, "password": _PASSWORD, "csrf_token": token[1] if token else ""}
        if client.post("/desk/login", data=sent).status_code != 302:
            raise SystemExit("nobody can sign in")
        found = sizes(store)
        path = path.format(topic=max(found, key=lambda topic: found[topic].people))
        first = _seconds(client, path)
        time.sleep(5)  # noqa: TID251 all periods are read meanwhile
        later = max(_seconds(client, path) for _ in range(5))
        staff.remove(store, _NAME, now())
    return {"first": first[0], "first_cpu": first[1], "later": later[0], "later_cpu": later[1]}


def _seconds(client: FlaskClient, path: str) -> tuple[float, float]:
    """How long a page takes, and how much of that the processor worked, background threads included."""
    began, worked = time.perf_counter(), time.process_time()
    answer = client.get(f"/{path}")
    if answer.status_code != 200:
        raise SystemExit(f"{path} was answered {answer.status_code}")
    return time.perf_counter() - began, time.process_time() - worked


def to_markdown(asked: dict[str, Any], found: dict[str, Any]) -> str:
    """The table of the page."""
    rows = [
        ("Questions asked through the API, over so many days", f"{asked['asked']:,} over {asked['days']}"),
        ("Searches a second, one after the other", f"{asked['asked'] / asked['seconds']:.0f}"),
        ("Searches that were not kept", f"{asked['dropped']}"),
        ("Failed by their verdict or by other words within a minute", f"{found['failed']:,}"),
        ("Size of the store", f"{found['megabytes']:.0f} MB"),
        ("Topics, and those of three people or more", f"{found['topics']:,}, {found['topics_of_three']:,}"),
        ("Grouping all of them anew", f"{found['grouping']:.1f} s (bar: 30 s)"),
        *(
            (
                f"`{path}`, first look after signing in, then",
                f"{took['first']:.2f} s ({took['first_cpu']:.2f} s of processor time), "
                f"{took['later']:.2f} s ({took['later_cpu']:.2f} s)",
            )
            for path, took in found["pages"].items()
        ),
    ]
    lines = [f"| {name} | {value} |" for name, value in rows]
    told = (
        f"Measured on {time.strftime('%Y-%m-%d')} with Handrail {__version__} by `make query-log` on {os.cpu_count()} "
        f"cores, with {found['load']:.1f} programs at work on them. A page should take "
        f"no more than {_BAR:g} s of processor time."
    )
    return "\n".join([told, "", "| What | Figure |", "|---|---|", *lines])


@click.command()
@click.option("--write", is_flag=True, help=f"Renew {PAGE.relative_to(ROOT)}.")
@click.option("--again", is_flag=True, help="Ask all questions anew.")
def main(write: bool, again: bool) -> None:
    """Ask, measure, print a Markdown table, and keep it where asked."""
    if not (LOG.is_file() and ARTICLES.is_dir()):
        say(absent("questions and articles"))
        return
    settings = site()
    if again or not (ASKED.exists() and settings.store_place.exists()):
        ASKED.write_text(json.dumps(ask_all(settings)), encoding="utf-8")
    markdown = to_markdown(json.loads(ASKED.read_text(encoding="utf-8")), measured(settings))
    sys.stdout.write(f"{markdown}\n")
    if write:
        put_into(PAGE, "quality", markdown)


if __name__ == "__main__":
    main()
