"""The addresses a browser sends to: events, votes and messages to a person; and the contact page, filled in.

Answers 4xx with one clear sentence to whatever a browser or a robot may send, never 500. A message that could not be
kept is shown again, with the other ways to reach a person. Knows no SQL; whether a request comes from our own pages
and how many one address may send is watched by the application that registers this blueprint.
"""

from __future__ import annotations

import json
import logging
import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge

from handrail_feedback.attachments import ACCEPTED, has_room
from handrail_feedback.code_page import CodePage
from handrail_feedback.contact import LONGEST_LINE, LONGEST_MESSAGE, Message, keep_message, spoken
from handrail_feedback.db import Store, now, storable
from handrail_feedback.filled_form import (
    FIELDS,
    LONGEST_FORM,
    MEGABYTE,
    FilledForm,
    checked,
    read_form,
    too_long,
    with_files,
)
from handrail_feedback.intents import Event, EventType
from handrail_feedback.replies import in_words, reply_times
from handrail_feedback.routes import Route, parse_routes
from handrail_feedback.searches import SearchLog
from handrail_feedback.votes import LONGEST_COMMENT, Vote, keep_vote
from handrail_kb.channels import Contact, read_contact
from handrail_kb.errors import StoreUnavailable
from handrail_kb.places import Places
from handrail_kb.settings import Settings
from handrail_kb.shells import fill, shell_holds
from handrail_kb.texts import text
from handrail_kb.ways import as_line, section

log = logging.getLogger(__name__)

EVENT_BYTES = 4096
VOTE_BYTES = 8192
_WITH_FILES = "multipart/form-data"
_LONGEST_URL = 500
_MOST_POSITION = 1000
_MOST_MS = 24 * 3600 * 1000
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def create_blueprint(
    store: Store,
    search_log: SearchLog,
    settings: Settings,
    *,
    base_path: str = "/",
    lang: str = "en",
    is_page: Callable[[str], bool] = lambda _location: True,
    other_ways: Callable[[], str] = lambda: "",
) -> Blueprint:
    """The views, to be registered without a prefix: they stand under `base_path`, such as `/help/`, themselves.

    Votes are taken on pages of the site alone: `is_page` is asked with an address relative to the site. `other_ways`
    gives what the build noted of the other ways to reach a person, as one line.
    Endpoints for rate limits: `feedback.events`, `feedback.vote`, `feedback.contact`, and `feedback.code`, which
    answers 404 to a wrong code; the pages are `feedback.page` and `feedback.ask_code`.
    """
    blueprint = Blueprint("feedback", __name__, template_folder="templates")
    base_path = "/" + base_path.strip("/") + "/" if base_path.strip("/") else "/"
    routes = parse_routes(settings.text("deliver"))
    desk = _Counter(store, search_log, settings, base_path, lang, is_page, other_ways, routes)
    base = desk.base_path
    blueprint.add_url_rule(f"{base}api/events", "events", desk.events, methods=["POST"])
    blueprint.add_url_rule(f"{base}api/feedback", "vote", desk.vote, methods=["POST"])
    blueprint.add_url_rule(f"{base}api/contact", "contact", desk.contact, methods=["POST"])
    blueprint.add_url_rule(f"{base}contact/", "page", desk.page, strict_slashes=False)
    blueprint.add_url_rule(f"{base}contact.html", "page", desk.page)
    blueprint.add_url_rule(f"{base}contact/code/", "ask_code", desk.code_page.ask, methods=["GET"])
    blueprint.add_url_rule(f"{base}contact/code/", "code", desk.code_page.act, methods=["POST"])
    blueprint.register_error_handler(_RefusedError, _refusal)
    blueprint.register_error_handler(429, desk.too_many)
    return blueprint


class _RefusedError(Exception):
    """What was sent cannot be used: the HTTP status, what is wrong and how to mend it."""

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status, self.what, self.mend = status, what, mend


def _refusal(error: _RefusedError) -> Response:
    return _problem(error.status, error.what, error.mend)


def _problem(status: int, what: str, mend: str, **more: Any) -> Response:
    return make_response(jsonify({"error": {"what": what, "mend": mend}, **more}), status)


@dataclass(frozen=True)
class _Counter:
    """Where browsers hand in what customers did, said and ask."""

    store: Store
    search_log: SearchLog
    settings: Settings
    base_path: str
    lang: str
    is_page: Callable[[str], bool]
    other_ways: Callable[[], str]
    routes: tuple[Route, ...]

    @cached_property
    def reached(self) -> Contact:
        """How the company is reached, as mkdocs.yml says where there is one. What is wrong there, the build tells."""
        email, phone = self.settings.text("contact_email"), self.settings.text("contact_phone")
        places = Places(self.settings.config_file or Path("mkdocs.yml"))
        return read_contact(self.settings.groups.get("contact"), places=places, email=email, phone=phone)[0]

    @cached_property
    def code_page(self) -> CodePage:
        """What a customer with a reference code sees."""
        zone = self.reached.timezone
        return CodePage(self.store, self.settings, self.routes, self.base_path, self.lang, zone)

    def events(self) -> Response:
        """POST api/events: what a customer did with a list of results."""
        sent = _json_object(EVENT_BYTES)
        kind = sent.get("type")
        if kind not in get_args(EventType):
            raise _RefusedError(400, "'type' is not a known event.", f"Send one of: {', '.join(get_args(EventType))}.")
        self.search_log.event(
            Event(
                search_id=_identifier(sent, "search_id", required=True) or "",
                type=cast(EventType, kind),
                at=now(),
                location=self._location(sent, required=kind == "click"),
                position=_whole(sent, "position", 1, _MOST_POSITION),
                ms=_whole(sent, "ms", 0, _MOST_MS),
            )
        )
        return Response(status=204)

    def vote(self) -> Response:
        """POST api/feedback: whether an article helped."""
        sent = _json_object(VOTE_BYTES)
        if not isinstance(sent.get("helpful"), bool):
            raise _RefusedError(400, "'helpful' must be true or false.", 'Send {"url": "…", "helpful": true}.')
        location = (self._location(sent, required=True) or "").partition("#")[0]
        if not self.is_page(location):
            raise _RefusedError(400, "'url' is not a page of this site.", "Send the address of an article.")
        vote = Vote(
            location=location,
            helpful=sent["helpful"],
            at=now(),
            comment=_words(sent, "comment", LONGEST_COMMENT),
            search_id=_identifier(sent, "search_id"),
            tab=_identifier(sent, "tab"),
        )
        try:
            keep_vote(self.store, vote)
        except StoreUnavailable as error:
            log.error("a vote was not kept: %s", error.what)
            return _problem(503, "Your vote could not be kept.", "Please try again later.")
        if not vote.helpful and vote.search_id:
            self.search_log.event(Event(vote.search_id, "said_no", vote.at))
        return Response(status=204)

    def page(self) -> Response:
        """GET contact/: the page with the form, its subject filled with what was searched."""
        asked = request.args.get("q") or request.args.get("query") or ""
        opened = str(int(now().timestamp()))
        form = FilledForm(subject=storable(asked, LONGEST_LINE), token=secrets.token_urlsafe(16), opened=opened)
        return self._html(form, 200)

    def contact(self) -> Response:
        """POST api/contact: a message to a person, from the form or as JSON."""
        form = checked(_read_json_form(self.base_path) if _is_json() else self._read_html_form(), self.lang)
        if form.errors:
            return self._refused(form)
        try:
            if form.attachments and not has_room(self.store, form.attachments):
                return self._refused(replace(form, errors={"files": text(self.lang, "files.error_full")}))
            code = keep_message(self.store, self._message(form), self.routes)
        except StoreUnavailable as error:
            log.error("a message was not kept: %s", error.what)
            if not _wants_json():
                return self._html(form, 503, not_kept=text(self.lang, "contact.not_kept"))
            return _problem(503, text(self.lang, "contact.not_kept"), self._ways())
        if _wants_json():
            return make_response(jsonify({"code": code, "spoken": self._spoken(code)}), 201)
        return self._html(form, 200, code=code)

    def _refused(self, form: FilledForm) -> Response:
        """What is wrong with a form, field by field."""
        if not _wants_json():
            return self._html(form, 422)
        mend = "Mend the fields named under 'fields', or reach us another way: " + self._ways()
        return _problem(422, text(self.lang, "contact.errors"), mend, fields=dict(form.errors))

    def too_many(self, _error: Exception) -> Response:
        """More was sent than one address may send. A message is shown again, with the other ways to reach a person."""
        if request.endpoint == "feedback.code":
            return self.code_page.too_many()
        what = text(self.lang, "contact.error_rate")
        if request.endpoint == "feedback.contact" and not _wants_json():
            return self._html(self._read_html_form(), 429, not_kept=what)
        return _problem(429, what, self._ways())

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
        # Files that are a little too large are read, so that the words beside them can be shown again.
        request.max_content_length = LONGEST_FORM + 2 * megabytes * MEGABYTE
        request.max_form_memory_size = LONGEST_FORM
        request.max_form_parts = 60
        try:
            sent, files = request.form, request.files.getlist("files")
        except RequestEntityTooLarge:
            too_large = (request.content_length or 0) > request.max_content_length
            return too_long(self.lang, megabytes if too_large and request.mimetype == _WITH_FILES else 0)
        along = map(_parsed, sent.getlist("along"))
        form = read_form(sent.to_dict(), along, at=now(), base_path=self.base_path)
        return with_files(form, [(one.filename, one.read()) for one in files if one.filename], self.lang, megabytes)

    def _ways(self) -> str:
        """The other ways to reach a person, as one line."""
        return self.other_ways() or as_line(self.lang, self.reached) or text(self.lang, "contact.try_again")

    def _spoken(self, code: str) -> str:
        """The code as it is read out on the phone."""
        return ", ".join(
            symbol if symbol == word else text(self.lang, "contact.spelled", symbol=symbol, word=word)
            for symbol, word in spoken(code)
        )

    def _html(self, form: FilledForm, status: int, *, code: str = "", not_kept: str = "") -> Response:
        """The contact page in the site's look: the form, or the code, or why nothing was kept."""
        main = render_template(
            "feedback/contact.html",
            t=lambda key, **values: text(self.lang, key, **values),
            form=form,
            code=code,
            spoken=self._spoken(code),
            not_kept=not_kept,
            action=f"{self.base_path}api/contact",
            code_page=f"{self.base_path}contact/code/",
            has_callback=self.reached.has("callback") or self._built('name="callback"'),
            replies=self._replies(),
            megabytes=self.settings.number("attachment_mb"),
            accepted=ACCEPTED,
            longest={"message": LONGEST_MESSAGE, "line": LONGEST_LINE},
        )
        if not self._built('id="handrail-channels"') and not (code and form.reply_to):
            main += section(self.lang, self.reached, now().date())
        title = text(self.lang, "contact.sent_title" if code else "contact.title")
        page = fill(self.settings.site_dir, "contact", main, title=title, base_path=self.base_path)
        response = make_response(page, status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _replies(self) -> str:
        """How soon people answered last month; nothing where no promise asks for it and nothing is known."""
        try:
            half = reply_times(self.store, now()).p50
        except StoreUnavailable:
            return ""
        if half is not None:
            return text(self.lang, "contact.replies", time=in_words(self.lang, half))
        return text(self.lang, "contact.replies_unknown") if any(one.promise for one in self.reached.channels) else ""

    def _built(self, mark: str) -> bool:
        """Whether the built contact page has something; a site of another generator may have no such page."""
        return shell_holds(self.settings.site_dir, "contact", mark)

    def _location(self, sent: Mapping[str, Any], *, required: bool) -> str | None:
        """The article (and section) of `url` as the index names it, without the words that search left in it."""
        url = _words(sent, "url", _LONGEST_URL)
        if not url and not required:
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        path = parts.path
        if not path.startswith(self.base_path):
            raise _RefusedError(
                400, "'url' is not a page of this site.", f"Send a path that begins with {self.base_path}."
            )
        section = parts.fragment.split(":~:")[0]
        # Browsers write `über/` as `%C3%BCber/`.
        location = storable(unquote(path[len(self.base_path) :]), _LONGEST_URL)
        return location + (f"#{section}" if section else "")


def _read_json_form(base_path: str) -> FilledForm:
    sent = _json_object(LONGEST_FORM)
    for name in FIELDS:
        if not isinstance(sent.get(name, ""), str):
            raise _RefusedError(422, f"'{name}' must be text.", 'Send {"message": "…", "reply_to": "…"}.')
    along = sent.get("along", [])
    if not isinstance(along, list):
        raise _RefusedError(422, "'along' must be a list.", 'Send [{"kind": "search", "text": "…"}], or leave it out.')
    return read_form(sent, along, at=now(), base_path=base_path)


def _is_json() -> bool:
    return request.mimetype == "application/json"


def _wants_json() -> bool:
    """Whether a program asks. A form with files cannot be JSON, so our script says what it wants to read."""
    return _is_json() or request.accept_mimetypes.best == "application/json"


def _parsed(ticked: str) -> Any:
    """What a tick of the form stands for, where our script offered it and the browser sent the form itself."""
    try:
        return json.loads(ticked)
    except (ValueError, RecursionError):
        return None


def _json_object(longest: int) -> dict[str, Any]:
    """The body as a JSON object, whatever its content type says: beacons cannot set it."""
    request.max_content_length = longest
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _RefusedError(413, f"More than {longest} bytes were sent.", "Send less.") from error
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _RefusedError(400, "The body is not JSON.", 'Send an object such as {"url": "…"}.') from error
    if not isinstance(sent, dict):
        raise _RefusedError(400, "The body is not a JSON object.", 'Send an object such as {"url": "…"}.')
    return sent


def _identifier(sent: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    value = sent.get(name)
    if value in (None, "") and not required:
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _RefusedError(400, f"'{name}' must be 8 to 64 letters, digits, - or _.", "Send it as the search gave it.")
    return value


def _whole(sent: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A number, rounded down: browsers' clocks give fractions."""
    value = sent.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and math.isnan(value))
    ):
        raise _RefusedError(400, f"'{name}' must be a number.", f"Send a number from {least} to {most}.")
    if not least <= value <= most:
        raise _RefusedError(400, f"'{name}' must be from {least} to {most}.", f"Send a number from {least} to {most}.")
    return int(value)


def _words(sent: Mapping[str, Any], name: str, longest: int) -> str:
    value = sent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _RefusedError(400, f"'{name}' must be text.", f"Send at most {longest} characters.")
    if len(value) > longest:
        raise _RefusedError(
            422, f"'{name}' is longer than {longest} characters.", f"Send at most {longest} characters."
        )
    return storable(value, longest)
