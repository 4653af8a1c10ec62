"""`contact/` and `api/contact`: the contact page as the service shows it, and the messages sent from it.

If a message cannot be stored, the page shows it again, with the other ways to reach a person. Accepts forms and JSON.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

from handrail_feedback.delivery.channels import can_confirm
from handrail_feedback.delivery.letters import reply_address, spelled
from handrail_feedback.pages.contact_form import (
    FIELDS,
    LONGEST_FORM,
    MEGABYTE,
    FilledForm,
    checked,
    read_form,
    too_long,
    with_files,
)
from handrail_feedback.pages.request import RefusedError, json_object, problem_response
from handrail_feedback.pages.response import page_response
from handrail_feedback.pages.sent import Sent, sent
from handrail_feedback.records.messages import ACCEPTED, LONGEST_LINE, LONGEST_MESSAGE, Attachment, Message
from handrail_feedback.records.outbox import Route
from handrail_feedback.records.stamps import now, storable
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mail_quota import Recipient
from handrail_feedback.storage.messages.messages import has_room, keep_message
from handrail_feedback.storage.messages.threads import reply_times
from handrail_feedback.storage.upkeep.capacity import Kind
from handrail_kb.config.settings import Settings
from handrail_kb.config.yaml_lines import YamlLines
from handrail_kb.contact.channels import Contact, read_contact
from handrail_kb.errors import HandrailError, StoreLost, StoreUnavailable
from handrail_kb.site.pages.contact_section import as_line, section
from handrail_kb.site.shell import fill, shell_holds
from handrail_kb.texts import text
from handrail_kb.texts.amounts import in_words
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


_WITH_FILES = "multipart/form-data"


@dataclass(frozen=True)
class ContactPage:
    """The page, in the language and look of the site. `other_ways` returns the line that the build wrote about them.

    `key` returns the secret with which mails to one address are counted.
    """

    store: Store
    settings: Settings
    site_folder: Callable[[], Path]
    takes_messages: Callable[[], bool]
    routes: tuple[Route, ...]
    base_path: str
    lang: str
    other_ways: Callable[[], str]
    key: Callable[[], str] = str
    admit: Callable[[Kind, int], None] = lambda _kind, _amount: None

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the page, and the one that it sends messages to."""
        base = self.base_path
        blueprint.add_url_rule(f"{base}api/contact", "contact", self.contact, methods=["POST"])
        blueprint.add_url_rule(f"{base}contact/", "page", self.page, strict_slashes=False)
        blueprint.add_url_rule(f"{base}contact.html", "page", self.page)

    @cached_property
    def reached(self) -> Contact:
        """How to reach the company, from mkdocs.yml if there is one. The build reports what is wrong with it."""
        email, phone = self.settings.text("contact_email"), self.settings.text("contact_phone")
        places = YamlLines(self.settings.config_file or Path("mkdocs.yml"))
        return read_contact(self.settings.groups.get("contact"), places=places, email=email, phone=phone)[0]

    @cached_property
    def confirms(self) -> bool:
        """Whether customers get their code by mail."""
        return can_confirm(self.settings)

    def page(self) -> Response:
        """GET contact/: the page with the form. Its subject is what the customer searched."""
        if not self.takes_messages() or self._store_is_lost():
            return self._html(FilledForm(), 200, not_kept=text(self.lang, "contact.not_here"))
        asked = request.args.get("q") or request.args.get("query") or ""
        opened = str(int(now().timestamp()))
        form = FilledForm(subject=storable(asked, LONGEST_LINE), token=secrets.token_urlsafe(16), opened=opened)
        return self._html(form, 200)

    def contact(self) -> Response:
        """POST api/contact: a message to a person, from the form or as JSON."""
        form = _read_json_form(self.base_path) if _is_json() else self._read_html_form()
        form = checked(form, self.lang, self.reached.domains)
        if not self.takes_messages():
            return self._not_kept(form, text(self.lang, "contact.not_here"))
        if form.errors:
            return self._refused(form)
        try:
            self.admit("messages", 1)
            if form.attachments and not self._takes_files(form.attachments):
                return self._refused(replace(form, errors={"files": text(self.lang, "files.error_full")}))
            receipt_to = self._receipt_to(form)
            code = keep_message(self.store, self._message(form), self.routes, receipt_to=receipt_to)
        except StoreUnavailable as error:
            log("message.not_kept", reason=error)
            return self._not_kept(form, text(self.lang, "contact.not_kept"))
        done = sent(code, form, self.reached, now(), mailed=receipt_to is not None)
        if _wants_json():
            return make_response(jsonify(done.as_data(self.lang)), 201)
        return self._html(form, 200, done=done)

    def _store_is_lost(self) -> bool:
        """Whether nothing can be sent before a person mends it: nobody should write a letter first."""
        try:
            self.store.refuse_lost()
        except StoreUnavailable as error:
            return isinstance(error, StoreLost)
        return False

    def _takes_files(self, files: Sequence[Attachment]) -> bool:
        """Whether the store may take these files. Raises StoreUnavailable where it cannot be asked."""
        if not has_room(self.store, files):
            return False
        try:
            self.admit("attachments", sum(one.size for one in files))
        except (StoreUnavailable, TooManyRequests):  # a message without them is still welcome
            return False
        return True

    def _not_kept(self, form: FilledForm, what: str) -> Response:
        """Say that nobody will read the message, and how else to reach a person."""
        return problem_response(503, what, self._ways()) if _wants_json() else self._html(form, 503, not_kept=what)

    def _receipt_to(self, form: FilledForm) -> Recipient | None:
        """Where to mail the code; None if it is not mailed, such as without a key to count mails by."""
        address = reply_address(form.reply_to) if self.confirms else ""
        try:
            return Recipient(address, self.key()) if address else None
        except HandrailError as error:
            log("receipt.not_queued", reason=error)
            return None

    def _refused(self, form: FilledForm) -> Response:
        """The answer that says what is wrong with a form, field by field."""
        if not _wants_json():
            return self._html(form, 422)
        mend = "Mend the fields named under 'fields', or reach us another way: " + self._ways()
        meant = {"meant": {"reply_to": form.meant}} if form.meant else {}
        return problem_response(422, text(self.lang, "contact.errors"), mend, fields=dict(form.errors), **meant)

    def too_many(self, _error: Exception) -> Response:
        """The answer to too many requests: shows a message again, with the other ways to reach a person."""
        what = text(self.lang, "contact.error_rate")
        if request.endpoint == "feedback.contact" and not _wants_json():
            return self._html(self._read_html_form(), 429, not_kept=what)
        return problem_response(429, what, self._ways())

    def _message(self, form: FilledForm) -> Message:
        return Message(
            message=form.message,
            subject=form.subject,
            reply_to=form.reply_to,
            lang=self.lang,
            at=now(),
            token=form.token,
            callback=form.callback,
            along=form.along,
            attachments=form.attachments,
        )

    def _read_html_form(self) -> FilledForm:
        megabytes = self.settings.number("attachment_mb")
        # Reads files that are a little too large, so that the page can show the words sent with them again.
        request.max_content_length = LONGEST_FORM + 2 * megabytes * MEGABYTE
        # Werkzeug also counts what it has just read of a file: 64 kB, and the end of the part before.
        request.max_form_memory_size = 2 * LONGEST_FORM
        request.max_form_parts = 60
        try:
            fields, files = request.form, request.files.getlist("files")
        except RequestEntityTooLarge:
            too_large = (request.content_length or 0) > request.max_content_length
            return too_long(self.lang, megabytes if too_large and request.mimetype == _WITH_FILES else 0)
        along = map(_parsed, fields.getlist("along"))
        form = read_form(fields.to_dict(), along, at=now(), base_path=self.base_path)
        return with_files(form, [(one.filename, one.read()) for one in files if one.filename], self.lang, megabytes)

    def _ways(self) -> str:
        """The other ways to reach a person, in one line."""
        return self.other_ways() or as_line(self.lang, self.reached) or text(self.lang, "contact.try_again")

    def _html(self, form: FilledForm, status: int, *, done: Sent | None = None, not_kept: str = "") -> Response:
        """The contact page in the site's look: the form, or what was `done`, or why nothing was kept."""
        main = render_template(
            "feedback/contact.html",
            t=lambda key, **values: text(self.lang, key, **values),
            lang=self.lang,
            form=form,
            sent=done,
            spoken=spelled(self.lang, done.code) if done else "",
            answer=done.answer(self.lang, now(), self.reached.timezone) if done else "",
            not_kept=not_kept,
            action=f"{self.base_path}api/contact",
            code_page=f"{self.base_path}contact/code/",
            has_callback=self.reached.has("callback") or self._built('name="callback"'),
            replies=self._replies(),
            megabytes=self.settings.number("attachment_mb"),
            accepted=ACCEPTED,
            longest={"message": LONGEST_MESSAGE, "line": LONGEST_LINE},
        )
        if not self._built('id="handrail-channels"') and not (done and form.reply_to):
            main += section(self.lang, self.reached, now().date())
        title = text(self.lang, "contact." + ("sent_title" if done else "errors" if form.errors else "title"))
        page = fill(self.site_folder(), "contact", main, title=title, base_path=self.base_path)
        return page_response(page, status, may_be_listed=True)

    def _replies(self) -> str:
        """How soon people answered last month; empty if that is unknown."""
        try:
            half = reply_times(self.store, now()).p50
        except StoreUnavailable:
            return ""
        return text(self.lang, "contact.replies", time=in_words(self.lang, half)) if half is not None else ""

    def _built(self, mark: str) -> bool:
        """Whether the built contact page contains `mark`; a site of another generator may have no such page."""
        return shell_holds(self.site_folder(), "contact", mark)


def _read_json_form(base_path: str) -> FilledForm:
    fields = json_object(LONGEST_FORM)
    for name in FIELDS:
        if not isinstance(fields.get(name, ""), str):
            raise RefusedError(422, f"'{name}' must be text.", 'Send {"message": "…", "reply_to": "…"}.')
    along = fields.get("along", [])
    if not isinstance(along, list):
        raise RefusedError(422, "'along' must be a list.", 'Send [{"kind": "search", "text": "…"}], or leave it out.')
    return read_form(fields, along, at=now(), base_path=base_path)


def _is_json() -> bool:
    return request.mimetype == "application/json"


def _wants_json() -> bool:
    """Whether the client wants JSON. A form with files cannot be JSON, so the page's script asks for a JSON answer."""
    return _is_json() or request.accept_mimetypes.best == "application/json"


def _parsed(ticked: str) -> Any:
    """The item behind a tick that the page's script offered, if the browser sent the form itself."""
    try:
        return json.loads(ticked)
    except (ValueError, RecursionError):
        return None
