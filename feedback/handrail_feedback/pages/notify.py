"""`tell/`: a customer whose search failed asks to be mailed an answer, confirms by mail, and may withdraw any time.

Opening a link changes nothing, because programs open the links in mails; only a button does. Answers are the same
whether or not an address is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from flask import Blueprint, Response, abort, render_template, request

from handrail_feedback.delivery.channels import can_notify
from handrail_feedback.pages.response import page_response
from handrail_feedback.records.mailings import HOURS_TO_CONFIRM, LONGEST_NOTIFIED_QUESTION, Notification, Wish
from handrail_feedback.records.stamps import now, storable
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import ask_to_be_told, confirm, find_notification, withdraw, words_of
from handrail_feedback.storage.upkeep.capacity import Kind
from handrail_kb.config.settings import Settings
from handrail_kb.contact.email_addresses import LONGEST_ADDRESS, Mailbox, fault_in_words, plain, read_mailbox
from handrail_kb.errors import StoreUnavailable
from handrail_kb.language.printable import one_line
from handrail_kb.site.shell import fill
from handrail_kb.texts import known_language, text
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


NotifyStep = Literal["form", "sent", "confirm", "confirmed", "gone", "withdraw", "withdrawn", "trouble"]
_LONGEST_TOKEN = 64


@dataclass(frozen=True)
class _Sent:
    """The content of the form, and what is wrong with which field."""

    question: str = ""
    address: str = ""
    search: str = ""
    lang: str = ""
    error: str = ""
    field: str = ""


@dataclass(frozen=True)
class NotifyPage:
    """The pages, in the look of the site and the reader's language."""

    store: Store
    settings: Settings
    site_folder: Callable[[], Path]
    base_path: str
    lang: str
    key: Callable[[], str] | None
    own_domains: Collection[str] = ()
    admit: Callable[[Kind, int], None] = lambda _kind, _amount: None

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the form, and those that links in mails lead to."""
        address = f"{self.base_path}tell/"
        blueprint.add_url_rule(address, "ask_tell", self.page, methods=["GET"])
        blueprint.add_url_rule(address, "tell", self.ask, methods=["POST"])
        blueprint.add_url_rule(f"{address}confirm/", "confirm_tell", self.confirm, methods=["GET", "POST"])
        blueprint.add_url_rule(f"{address}withdraw/", "withdraw_tell", self.withdraw, methods=["GET", "POST"])

    def page(self) -> Response:
        """GET tell/: the words of the search, and a field for an address."""
        self._key()
        sent = self._read()
        if not sent.question and sent.search:
            try:
                sent = _Sent(words_of(self.store, sent.search), "", sent.search, sent.lang)
            except StoreUnavailable as error:
                log("wish.search_unavailable", reason=error)
        return self._html("form", 200, sent)

    def ask(self) -> Response:
        """POST tell/: store the request until it is confirmed, and say what happens next."""
        key = self._key()
        sent = self._read()
        box = read_mailbox(sent.address, self.own_domains)
        problem = self._problem(sent, box)
        if problem:
            field, said = problem
            return self._html("form", 422, _Sent(sent.question, sent.address, sent.search, sent.lang, said, field))
        try:
            self.admit("notifications", 1)
            ask_to_be_told(self.store, Wish(sent.question, box.address, sent.lang, now(), sent.search), key())
        except StoreUnavailable as error:
            log("wish.not_kept", reason=error)
            said = text(sent.lang, "tell.trouble")
            return self._html("form", 503, _Sent(sent.question, sent.address, sent.search, sent.lang, said, "all"))
        return self._html("sent", 200, sent)

    def confirm(self) -> Response:
        """GET tell/confirm/: a button. POST: confirm the request."""
        self._key()

        def act(notification: Notification | None) -> Response:
            if notification is None:
                return self._html("gone", 404)
            if request.method == "POST":
                confirm(self.store, notification, now(), self._days)
            # Whoever opens the link of the mail again has confirmed, and is not asked twice.
            asks = request.method == "GET" and notification.state == "unconfirmed"
            step: NotifyStep = "confirm" if asks else "confirmed"
            return self._html(step, 200, _Sent(notification.question, notification.address, lang=notification.lang))

        return self._of_link(act)

    def withdraw(self) -> Response:
        """GET tell/withdraw/: a button. POST, also from a mail program: erase the request, if there still is one."""
        key = self.key or str

        def act(notification: Notification | None) -> Response:
            if notification and request.method == "POST":
                withdraw(self.store, notification, key(), now())
            step: NotifyStep = "withdraw" if notification and request.method == "GET" else "withdrawn"
            question, lang = (notification.question, notification.lang) if notification else ("", self.lang)
            return self._html(step, 200, _Sent(question, lang=lang))

        return self._of_link(act)

    def too_many(self) -> Response:
        """The answer to more requests than one customer makes."""
        sent = self._read()
        said = text(sent.lang, "tell.too_many")
        step: NotifyStep = "form" if request.path == f"{unquote(self.base_path)}tell/" else "trouble"
        return self._html(step, 429, _Sent(sent.question, sent.address, sent.search, sent.lang, said, "all"))

    def _of_link(self, act: Callable[[Notification | None], Response]) -> Response:
        token = request.values.get("token", "")[:_LONGEST_TOKEN]
        try:
            return act(find_notification(self.store, token, now()))
        except StoreUnavailable as error:
            log("wish.link_unavailable", reason=error)
            return self._html("trouble", 503)

    def _key(self) -> Callable[[], str]:
        """The key with which links are made. Answers 404 without mail, so that nothing is promised in vain."""
        if self.key is None or not can_notify(self.settings):
            abort(404)
        return self.key

    @property
    def _days(self) -> int:
        return self.settings.number("tell_days")

    def _problem(self, sent: _Sent, box: Mailbox) -> tuple[str, str] | None:
        """The faulty field and the text about it; None if the form is right."""
        if not sent.question:
            return "q", text(sent.lang, "tell.error_empty")
        if box.fault and not (box.fault == "unsure" and request.form.get("sure") == sent.address):
            return "address", fault_in_words(sent.lang, box)
        if request.form.get("leave_empty"):
            return "leave_empty", text(sent.lang, "contact.error_robot")
        return None

    def _read(self) -> _Sent:
        sent = request.values
        return _Sent(
            one_line(storable(sent.get("q", ""), LONGEST_NOTIFIED_QUESTION)),
            one_line(plain(storable(sent.get("address", ""), LONGEST_ADDRESS))),
            one_line(storable(sent.get("search", ""), 64)),
            known_language(sent.get("lang", "")[:20], self.lang),
        )

    def _html(self, step: NotifyStep, status: int, sent: _Sent = _Sent()) -> Response:
        lang = sent.lang or self.lang

        def words(key: str, **values: object) -> str:
            return text(lang, key, **values)

        main = render_template(
            "feedback/tell.html",
            t=words,
            step=step,
            sent=sent,
            token=request.values.get("token", "")[:_LONGEST_TOKEN],
            base=f"{self.base_path}tell/",
            contact=f"{self.base_path}contact/",
            days=self._days,
            hours=HOURS_TO_CONFIRM,
            longest={"question": LONGEST_NOTIFIED_QUESTION, "address": LONGEST_ADDRESS},
        )
        page = fill(self.site_folder(), "find", main, title=words("tell.title"), base_path=self.base_path)
        return page_response(page, status)
