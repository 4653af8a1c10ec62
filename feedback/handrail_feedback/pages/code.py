"""`contact/code/`: a customer with a reference code sees the status of the message, adds to it, or erases it.

The code is sent in the body of a form, never in an address, so that no log, history or link contains it. The answer to
every unknown code is the same, with the status 404, which the application counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request

from handrail_feedback.pages.response import page_response
from handrail_feedback.records.messages import LONGEST_MESSAGE, Thread
from handrail_feedback.records.outbox import Route
from handrail_feedback.records.stamps import now, storable, storable_lines
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.threads import add_to_thread, erase_thread, find_thread
from handrail_feedback.storage.upkeep.capacity import Kind
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable
from handrail_kb.site.shell import fill
from handrail_kb.texts import text
from handrail_kb.texts.amounts import date_in_words
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


LONGEST_CODE = 40


@dataclass(frozen=True)
class _Sent:
    """The content of the form: the code as typed, what to do with it, and an addition."""

    code: str = ""
    do: str = "look"
    words: str = ""
    token: str = ""


@dataclass(frozen=True)
class CodePage:
    """The page, in the language and look of the site. `timezone` is the name of the company's; empty means UTC."""

    store: Store
    settings: Settings
    site_folder: Callable[[], Path]
    takes_messages: Callable[[], bool]
    routes: tuple[Route, ...]
    base_path: str
    lang: str
    timezone: str
    admit: Callable[[Kind, int], None] = lambda _kind, _amount: None

    def register(self, blueprint: Blueprint) -> None:
        """Add the address, for the form and for what it sends."""
        address = f"{self.base_path}contact/code/"
        blueprint.add_url_rule(address, "ask_code", self.ask, methods=["GET"])
        blueprint.add_url_rule(address, "code", self.act, methods=["POST"])

    def ask(self) -> Response:
        """GET contact/code/: a field for the code."""
        return self._html("ask", 200)

    def act(self) -> Response:
        """POST contact/code/: look, add, ask before erasing, or erase."""
        sent = _read()
        try:
            since = now() - timedelta(days=self._days)
            thread = find_thread(self.store, sent.code, since=since)
            if thread is None:
                return self._html("ask", 404, sent, problem=self._text("code.unknown", days=self._days))
            return self._done(thread, sent)
        except StoreUnavailable as error:
            log("code.unavailable", reason=error)
            return self._html("trouble", 503, sent, problem=self._text("code.trouble"))

    def too_many(self) -> Response:
        """The answer to more tries than anybody with a real code needs."""
        return self._html("ask", 429, problem=self._text("code.too_many"))

    def _done(self, thread: Thread, sent: _Sent) -> Response:
        if sent.do == "erase":
            return self._html("sure", 200, sent, thread=thread)
        if sent.do == "erase_for_good":
            erase_thread(self.store, thread)
            log("message.erased")
            return self._html("erased", 200)
        if sent.do == "add":
            return self._add(thread, sent)
        return self._html("found", 200, sent, thread=thread)

    def _add(self, thread: Thread, sent: _Sent) -> Response:
        problem = ""
        if not sent.words.strip():
            problem = self._text("contact.error_empty")
        elif len(sent.words) > LONGEST_MESSAGE:
            problem = self._text("contact.error_too_long", maximum=LONGEST_MESSAGE)
        if not self.takes_messages():
            return self._html("found", 503, sent, thread=thread, problem=self._text("contact.not_here"))
        if problem:
            return self._html("found", 422, sent, thread=thread, problem=problem)
        self.admit("messages", 1)
        add_to_thread(self.store, thread, sent.words, at=now(), token=sent.token, routes=self.routes)
        return self._html("added", 200, thread=thread)

    @property
    def _days(self) -> int:
        return self.settings.number("code_days")

    def _text(self, key: str, **values: object) -> str:
        return text(self.lang, key, **values)

    def _html(
        self, step: str, status: int, sent: _Sent = _Sent(), *, thread: Thread | None = None, problem: str = ""
    ) -> Response:
        main = render_template(
            "feedback/code.html",
            t=self._text,
            step=step,
            problem=problem,
            thread=thread,
            code=thread.code if thread else sent.code,
            words=sent.words,
            token=sent.token or secrets.token_urlsafe(16),
            when=self._when,
            action=f"{self.base_path}contact/code/",
            contact=f"{self.base_path}contact/",
            days=self._days,
            longest=LONGEST_MESSAGE,
        )
        title = self._text("code.title")
        page = fill(self.site_folder(), "contact", main, title=title, base_path=self.base_path)
        return page_response(page, status)

    def _when(self, at: datetime) -> str:
        """A moment as the company's clock shows it, with the clock's name."""
        zone = self.timezone
        here = at.astimezone(ZoneInfo(zone)) if zone else at
        return f"{date_in_words(self.lang, here)}, {here:%H:%M} ({zone.rpartition('/')[2].replace('_', ' ') or 'UTC'})"


def _read() -> _Sent:
    sent = request.form
    return _Sent(
        storable(sent.get("code", ""), LONGEST_CODE),
        sent.get("do", "look"),
        storable_lines(sent.get("words", ""), 4 * LONGEST_MESSAGE),
        sent.get("token", "")[:64],
    )
