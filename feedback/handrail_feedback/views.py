"""The addresses a browser sends to: events here, votes, messages and reference codes on pages of their own.

Answers 4xx with one clear sentence to whatever a browser or a robot may send, never 500. Knows no SQL; whether a
request comes from our own pages and how many one address may send is watched by the application that registers this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast, get_args
from urllib.parse import unquote

from flask import Blueprint, Response, request

from handrail_feedback.code_page import CodePage
from handrail_feedback.contact_page import ContactPage
from handrail_feedback.db import Store, now
from handrail_feedback.intents import Event, EventType
from handrail_feedback.reading import RefusedError, identifier, json_object, location, refusal, whole
from handrail_feedback.routes import parse_routes
from handrail_feedback.searches import SearchLog
from handrail_feedback.tell_page import TellPage
from handrail_feedback.vote_page import VotePage
from handrail_kb.addresses import base_of
from handrail_kb.settings import Settings

EVENT_BYTES = 4096
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
    of_bot: Callable[[], bool] = lambda: False,
    of_staff: Callable[[], bool] = lambda: False,
) -> Blueprint:
    """The views, to be registered without a prefix: they stand under `base_path`, such as `/help/`, themselves.

    Votes are taken on pages of the site alone: `is_page` is asked with an address relative to the site. `other_ways`
    gives what the build noted of the other ways to reach a person, as one line. `key` gives the secret that links in
    mails are made with; without it nobody is mailed when there is an answer. `of_bot` and `of_staff` tell of the
    request whether its vote is to be in no number.
    Endpoints for rate limits: `feedback.events`, `feedback.vote`, `feedback.contact`, `feedback.tell`, and
    `feedback.code`, which answers 404 to a wrong code; the pages are `feedback.page`, `feedback.ask_code`,
    `feedback.ask_tell`, and those that links in mails lead to, `feedback.confirm_tell` and `feedback.withdraw_tell`.
    """
    blueprint = Blueprint("feedback", __name__, template_folder="templates")
    base_path = base_of(base_path)
    routes = parse_routes(settings.text("deliver"))
    counter = _Counter(search_log, base_path)
    vote = VotePage(store, search_log, settings, base_path, lang, is_page, of_bot, of_staff)
    contact = ContactPage(store, settings, routes, base_path, lang, other_ways, key or str)
    code = CodePage(store, settings, routes, base_path, lang, contact.reached.timezone)
    blueprint.add_url_rule(f"{base_path}api/events", "events", counter.events, methods=["POST"])
    blueprint.add_url_rule(f"{base_path}api/feedback", "vote", vote.vote, methods=["POST"])
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
        if request.path.startswith(f"{unquote(base_path)}tell/"):
            return tell.too_many()
        if request.endpoint == "feedback.vote":
            return vote.too_many()
        return code.too_many() if request.endpoint == "feedback.code" else contact.too_many(error)

    blueprint.register_error_handler(RefusedError, refusal)
    blueprint.register_error_handler(429, too_many)
    return blueprint


@dataclass(frozen=True)
class _Counter:
    """Where browsers hand in what customers did."""

    search_log: SearchLog
    base_path: str

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
                location=location(sent, self.base_path, required=kind == "click"),
                position=whole(sent, "position", 1, _MOST_POSITION),
                ms=whole(sent, "ms", 0, _MOST_MS),
            )
        )
        return Response(status=204)
