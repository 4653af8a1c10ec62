"""The whole service with a desk, a colleague or two, and a browser that fills in forms as they stand on the page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cache
from html import unescape
from itertools import count
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.accounts import passwords
from handrail_feedback.contracts import Meaning
from handrail_feedback.desk.reports.article_cache import ArticleFactsCache
from handrail_feedback.desk.reports.topic_cache import TopicCache
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.topics import failed_searches, members
from handrail_feedback.topics.refresh import refresh
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.service.app import create_app

from ..conftest import by_last_word, search

DAY = timedelta(days=1)
_tabs = count(1)
PASSWORD = "correct horse battery"
SHELL = """<html><head><title>Search - Acme</title><link rel="stylesheet" href="../assets/acme.css">
<link rel="stylesheet" href="https://cdn.example/a.css"><link rel=stylesheet href=//cdn.example/b.css>
<script src="../acme.js"></script><style>.acme { color: teal }</style></head>
<body class="acme" data-md-color-scheme="default" data-md-color-primary="teal">
<nav>ACME</nav><handrail-main>static</handrail-main></body></html>"""


def site_with_shell(root: Path) -> Path:
    shell = root / "site" / "find" / "index.html"
    if shell.exists():
        return root / "site"
    shell.parent.mkdir(parents=True, exist_ok=True)
    shell.write_text(SHELL)
    (root / "site" / "guide" / "reset").mkdir(parents=True, exist_ok=True)
    (root / "site" / "guide" / "reset" / "index.html").write_text("<html><body><h1>Reset</h1></body></html>")
    return root / "site"


def settings_for(root: Path, groups=None, **flags):
    flags = {"state_dir": str(root / "state"), "base_path": "/help", **flags}
    return replace(load_settings(site_dir=site_with_shell(root), flags=flags, environ={}), groups=groups or {})


def indexed_site(root: Path, lend_encoder, articles=None) -> None:
    """The made-up mail service's help with its real index, in `site` and `state` of a folder."""
    from search.acme import ARTICLES, write_site

    write_site(root / "site", articles or ARTICLES, base_path="/help/")
    build_index(list(read_site(root / "site")), lend_encoder(root / "state"), "all-MiniLM-L6-v2")


class Client(FlaskClient):
    """Reads every answer to its end and closes it, as a browser does."""

    def open(self, *args, **kwargs):
        return super().open(*args, **{**kwargs, "buffered": True})


@contextmanager
def service(root: Path, groups=None, **flags) -> Iterator[Flask]:
    """The whole service on a site of two pages, without an index."""
    app = create_app(settings_for(root, groups, **flags))
    app.testing = False  # a fault is answered as it is to everybody
    app.test_client_class = Client
    yield app
    app.extensions["handrail"].teaching.stop()
    app.extensions["handrail"].searches.close()
    app.extensions["handrail"].store.close()


def read_nothing_beforehand(patch: pytest.MonkeyPatch) -> None:
    """What tests write after signing in must not be missed, and nobody opens a store that they take away."""
    for one, early in ((TopicCache, "warm"), (TopicCache, "warm_once"), (ArticleFactsCache, "warm")):
        patch.setattr(one, early, lambda _shelf: None)


@contextmanager
def lasting_service(root: Path) -> Iterator[Flask]:
    """The service for all tests of a module, to be filled by whoever asks for it."""
    with pytest.MonkeyPatch.context() as patch:
        read_nothing_beforehand(patch)
        with service(root) as app:
            yield app


def failing(app: Flask, encode=by_last_word, *, found_then: bool = False) -> Callable[..., None]:
    """`fail("my bill", ago=3)`: searches that found nothing, each by somebody else, so many days ago.

    They join their topics: now, or `found_then`.
    """
    store, log = app.extensions["handrail"].store, app.extensions["handrail"].searches

    def fail(*queries: str, ago: float = 1, **more: object) -> None:
        for query in queries:
            log.record(
                search(query, 0, f"tab-of-{next(_tabs)}", **{"verdict": "none", "at": now() - ago * DAY, **more})
            )
        assert log.flush()
        refresh(store, Meaning("test", encode), now() - ago * DAY if found_then else now())

    return fail


def hire(store: Store, name: str = "anna", role: str = "agent", password: str = PASSWORD) -> None:
    assert staff.add(store, name, role, hashed(password), now())


# Made once: a hash takes as long as a tenth of a test by design.
hashed = cache(passwords.hashed)


class Desk:
    """A browser at the desk. `post` takes the token from the page it stands on, as a form does."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.page = ""
        self.response = None

    def get(self, path: str = "", **more):
        self.response = self.client.get(urljoin("/help/desk/", path), **more)
        self.page = self.response.get_data(as_text=True)
        return self.response

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        return unescape(found[1]) if found else ""

    def post(self, path: str, follow: bool = True, **fields):
        data = {"csrf_token": self.token(), **fields}
        self.response = self.client.post(urljoin("/help/desk/", path), data=data, follow_redirects=follow)
        self.page = self.response.get_data(as_text=True)
        return self.response

    def sign_in(self, name: str = "anna", password: str = PASSWORD, **more):
        self.get("login")
        return self.post("login", name=name, password=password, **more)


def texts(page: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def signed_in(app, name: str) -> Desk:
    desk = Desk(app.test_client())
    desk.sign_in(name)
    return desk


def listed(desk: Desk, address: str = "topics/") -> list[str]:
    """The names of the topics on a page of the list."""
    assert desk.get(address).status_code == 200
    return re.findall(r'<th scope="row"><a [^>]*><bdi>(.*?)</bdi>', desk.page)


def number(store, word: str) -> int:
    """The topic whose searches end with a word."""
    places = members(store)
    [topic] = {places[one.key].topic for one in failed_searches(store) if one.query.endswith(word)}
    return topic


def views(desk: Desk) -> dict[str, str]:
    """The saved views on the page, each with how many topics are in it."""
    found = re.search(r'<nav class="desk-views".*?</nav>', desk.page, re.S)
    return dict(re.findall(r">([^<]+) <span[^>]*>([^<]+)</span>", found[0] if found else ""))


def form_token(desk: Desk) -> str:
    return re.findall(r'name="token" value="([^"]+)"', desk.page)[0]
