"""The addresses a browser sends to: events and votes here, messages and reference codes on pages of their own.

Answers 4xx with one clear sentence to whatever a browser or a robot may send, never 500. Knows no SQL; whether a
request comes from our own pages and how many one address may send is watched by the application that registers this.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, request

from handrail_feedback.code_page import CodePage
from handrail_feedback.contact_page import ContactPage
from handrail_feedback.db import Store, now, storable
from handrail_feedback.intents import Event, EventType
from handrail_feedback.reading import RefusedError, identifier, json_object, problem, refusal, whole, words
from handrail_feedback.routes import parse_routes
from handrail_feedback.searches import SearchLog
from handrail_feedback.tell_page import TellPage
from handrail_feedback.votes import LONGEST_COMMENT, Vote, keep_vote
from handrail_kb.errors import StoreUnavailable
from handrail_kb.settings import Settings

log = logging.getLogger(__name__)

EVENT_BYTES = 4096
VOTE_BYTES = 8192
_LONGEST_URL = 500
_MOST_POSITION = 1000
_MOST_MS = 24 * 3600 * 1000


def create_blueprint(
    store: Store,
    search_log: SearchLog,
    settings: Settings,
    *,
    base_path: str = "/",
    lang: str = "en",
    is_page: Callable[[str], bool] = lambda _location: True,
    other_ways: Callable[[], str] = lambda: "",
    key: Callable[[], str] | None = None,
) -> Blueprint:
    """The views, to be registered without a prefix: they stand under `base_path`, such as `/help/`, themselves.

    Votes are taken on pages of the site alone: `is_page` is asked with an address relative to the site. `other_ways`
    gives what the build noted of the other ways to reach a person, as one line. `key` gives the secret that links in
    mails are made with; without it nobody is mailed when there is an answer.
    Endpoints for rate limits: `feedback.events`, `feedback.vote`, `feedback.contact`, `feedback.tell`, and
    `feedback.code`, which answers 404 to a wrong code; the pages are `feedback.page`, `feedback.ask_code`,
    `feedback.ask_tell`, and those that links in mails lead to, `feedback.confirm_tell` and `feedback.withdraw_tell`.
    """
    blueprint = Blueprint("feedback", __name__, template_folder="templates")
    base_path = "/" + base_path.strip("/") + "/" if base_path.strip("/") else "/"
    routes = parse_routes(settings.text("deliver"))
    counter = _Counter(store, search_log, base_path, is_page)
    contact = ContactPage(store, settings, routes, base_path, lang, other_ways)
    code = CodePage(store, settings, routes, base_path, lang, contact.reached.timezone)
    blueprint.add_url_rule(f"{base_path}api/events", "events", counter.events, methods=["POST"])
    blueprint.add_url_rule(f"{base_path}api/feedback", "vote", counter.vote, methods=["POST"])
    blueprint.add_url_rule(f"{base_path}api/contact", "contact", contact.contact, methods=["POST"])
    blueprint.add_url_rule(f"{base_path}contact/", "page", contact.page, strict_slashes=False)
    blueprint.add_url_rule(f"{base_path}contact.html", "page", contact.page)
    blueprint.add_url_rule(f"{base_path}contact/code/", "ask_code", code.ask, methods=["GET"])
    blueprint.add_url_rule(f"{base_path}contact/code/", "code", code.act, methods=["POST"])
    tell = TellPage(store, settings, base_path, lang, key)
    blueprint.add_url_rule(f"{base_path}tell/", "ask_tell", tell.page, methods=["GET"])
    blueprint.add_url_rule(f"{base_path}tell/", "tell", tell.ask, methods=["POST"])
    blueprint.add_url_rule(f"{base_path}tell/confirm/", "confirm_tell", tell.confirm, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{base_path}tell/withdraw/", "withdraw_tell", tell.withdraw, methods=["GET", "POST"])

    def too_many(error: Exception) -> Response:
        if request.path.startswith(f"{base_path}tell/"):
            return tell.too_many()
        return code.too_many() if request.endpoint == "feedback.code" else contact.too_many(error)

    blueprint.register_error_handler(RefusedError, refusal)
    blueprint.register_error_handler(429, too_many)
    return blueprint


@dataclass(frozen=True)
class _Counter:
    """Where browsers hand in what customers did, said and ask."""

    store: Store
    search_log: SearchLog
    base_path: str
    is_page: Callable[[str], bool]

    def events(self) -> Response:
        """POST api/events: what a customer did with a list of results."""
        sent = json_object(EVENT_BYTES)
        kind = sent.get("type")
        if kind not in get_args(EventType):
            raise RefusedError(400, "'type' is not a known event.", f"Send one of: {', '.join(get_args(EventType))}.")
        self.search_log.event(
            Event(
                search_id=identifier(sent, "search_id", required=True) or "",
                type=cast(EventType, kind),
                at=now(),
                location=self._location(sent, required=kind == "click"),
                position=whole(sent, "position", 1, _MOST_POSITION),
                ms=whole(sent, "ms", 0, _MOST_MS),
            )
        )
        return Response(status=204)

    def vote(self) -> Response:
        """POST api/feedback: whether an article helped."""
        sent = json_object(VOTE_BYTES)
        if not isinstance(sent.get("helpful"), bool):
            raise RefusedError(400, "'helpful' must be true or false.", 'Send {"url": "…", "helpful": true}.')
        location = (self._location(sent, required=True) or "").partition("#")[0]
        if not self.is_page(location):
            raise RefusedError(400, "'url' is not a page of this site.", "Send the address of an article.")
        vote = Vote(
            location=location,
            helpful=sent["helpful"],
            at=now(),
            comment=words(sent, "comment", LONGEST_COMMENT),
            search_id=identifier(sent, "search_id"),
            tab=identifier(sent, "tab"),
        )
        try:
            keep_vote(self.store, vote)
        except StoreUnavailable as error:
            log.error("a vote was not kept: %s", error.what)
            return problem(503, "Your vote could not be kept.", "Please try again later.")
        if not vote.helpful and vote.search_id:
            self.search_log.event(Event(vote.search_id, "said_no", vote.at))
        return Response(status=204)

    def _location(self, sent: Mapping[str, Any], *, required: bool) -> str | None:
        """The article (and section) of `url` as the index names it, without the words that search left in it."""
        url = words(sent, "url", _LONGEST_URL)
        if not url and not required:
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        path = parts.path
        if not path.startswith(self.base_path):
            raise RefusedError(
                400, "'url' is not a page of this site.", f"Send a path that begins with {self.base_path}."
            )
        section = parts.fragment.split(":~:")[0]
        # Browsers write `über/` as `%C3%BCber/`.
        location = storable(unquote(path[len(self.base_path) :]), _LONGEST_URL)
        return location + (f"#{section}" if section else "")
