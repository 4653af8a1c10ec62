"""A site that mails, its pages, and the work that is due at a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.smtp import MailServer
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_kb.config.settings import Settings, load_settings

from .wishes import KEY, Postbox, Searching, browse


@pytest.fixture
def post() -> Postbox:
    server, sender = MailServer("localhost", 25, "none"), Address("Acme", "help", "acme.test")
    box = Postbox(server, sender, "https://acme.test/help/", (Address(addr_spec="team@acme.test"),))
    object.__setattr__(box, "mails", [])
    object.__setattr__(box, "failing", None)
    return box


@pytest.fixture
def searching() -> Searching:
    return Searching()


@pytest.fixture
def work(store: Store, post: Postbox, searching: Searching) -> Callable[..., int]:
    """Does all that is due at a moment, and says how many steps that took."""
    teller = AnswerNotifier(post, searching, lambda: KEY)

    def work(at: datetime) -> int:
        return next(number for number in range(1000) if not teller.step(store, at))

    return work


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shell = tmp_path / "site" / "find" / "index.html"
    shell.parent.mkdir(parents=True)
    shell.write_text("<html><body>ACME LOOK <handrail-main>static</handrail-main></body></html>")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nsite_url: https://acme.test/help/\n"
        "plugins: [{handrail: {smtp_host: localhost, smtp_security: none, mail_from: help@acme.test}}]\n"
    )
    return load_settings(tmp_path / "mkdocs.yml", environ={})


@pytest.fixture
def client(store: Store, log: SearchLog, settings: Settings) -> FlaskClient:
    return browse(store, log, settings)
