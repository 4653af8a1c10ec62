"""A store, a clock that is moved by hand, and what a service with delivery settings has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("aiosmtpd", reason="there is no mail server to test with")

from handrail_feedback.delivery.channels import Delivery
from handrail_feedback.delivery.folder import Folder
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import find_message, keep_message

from .servers import Authority, MailServer, Post

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Clock:
    """The time, which stands still until it is moved; `asked` counts who looked at it."""

    def __init__(self) -> None:
        self.time = NOON
        self.asked = 0

    def __call__(self) -> datetime:
        self.asked += 1
        return self.time

    def add(self, **span: float) -> None:
        self.time += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def server(post) -> Iterator[MailServer]:
    with MailServer(post) as server:
        yield server


@pytest.fixture
def write(store, clock):
    """Keeps a message and gives its code: `write("I cannot log in.", deliver="mail > folder")`."""

    def write(text="I cannot log in.", subject="Login", reply_to="anna@acme.test", deliver="mail"):
        return keep_message(store, Message(text, subject, reply_to, "en", clock()), parse_routes(deliver))

    return write


@pytest.fixture
def delivery(tmp_path):
    """What the settings say: `delivery("mail > folder", mail=…)`. The folder is there by itself."""

    def delivery(deliver="folder", *, alarm_mail=None, **channels):
        channels = {"folder": Folder(tmp_path / "box"), **channels}
        return Delivery(parse_routes(deliver), channels, Patience(), timedelta(minutes=15), alarm_mail)

    return delivery


@pytest.fixture
def sender(store, clock, delivery):
    return lambda *args, **more: Sender(Store(store.at), delivery(*args, **more), clock=clock, every=0.02)


@pytest.fixture
def letter(store, write):
    """A message as channels get it."""
    return lambda *args, **more: find_message(store, write(*args, **more))


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority, monkeypatch) -> Authority:
    """The same authority, which this test's connections trust."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority
