"""Customers who asked to be told, and what they are told with."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.delivery.customer_mail import NotificationMail
from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records.mailings import AnsweringArticle, Notification, Wish
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import ask_to_be_told, confirm, find_notification
from handrail_kb.config.settings import Settings
from handrail_kb.errors import DeliveryFailed

from ...conftest import NOON
from ...stores import everything_in

ANNA = "anna@acme.test"
QUESTION = "how do I feed the walrus"
KEY = "a key that is not in the store, at all"
ANSWER = AnsweringArticle("care/walrus/#feeding", "Feed a walrus")
PAGE, CONFIRM, WITHDRAW = "/help/tell/", "/help/tell/confirm/", "/help/tell/withdraw/"


class Searching:
    """Search as the teller sees it: `knows` holds what it can answer."""

    def __init__(self) -> None:
        self.knows: dict[str, AnsweringArticle] = {}
        self.asked: list[str] = []
        self.number = 1

    def state(self) -> str:
        return f"index {self.number}" if self.number else ""

    def prove(self, question: str, lang: str) -> AnsweringArticle | None:
        self.asked.append(question)
        return self.knows.get(question)

    def learn(self, question: str = QUESTION) -> None:
        self.knows[question] = ANSWER
        self.number += 1


class Postbox(NotificationMail):
    """Keeps what would be sent, or fails as it is told to."""

    mails: list[tuple[str, EmailMessage]]
    failing: DeliveryFailed | None

    def _send(self, telling: Notification, mail: EmailMessage) -> None:
        if self.failing:
            raise self.failing
        self.mails.append((telling.address, mail))


def browse(store: Store, log: SearchLog, settings: Settings) -> FlaskClient:
    app = Flask("acme")
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/", key=lambda: KEY)))
    return app.test_client()


def wish(question: str = QUESTION, address: str = ANNA, at: datetime = NOON, **more: str) -> Wish:
    return Wish(question, address, more.pop("lang", "en"), at, **more)


def token(post: Postbox, mail: int = -1) -> str:
    found = re.search(r"token=([\w-]+)", post.mails[mail][1].get_content())
    assert found
    return found[1]


def waiting(store: Store, post: Postbox, work: Callable[..., int], at: datetime = NOON, **more: str) -> str:
    """Somebody who asked and confirmed; gives the token of their links."""
    ask_to_be_told(store, wish(at=at, **more), KEY)
    work(at)
    known = token(post)
    found = find_notification(store, known, at)
    assert found
    confirm(store, found, at, 180)
    return known


def left(store: Store) -> bytes:
    """All that the store holds."""
    return everything_in(store)
