"""The addresses for customers, as one blueprint: events, votes, messages, reference codes and notices.

Answers 4xx with one clear sentence to whatever a browser or a robot may send, never 500. Knows no SQL. The
application that registers it checks whether a request comes from the site's own pages, and limits rates.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args
from urllib.parse import unquote

from flask import Blueprint, Response, request

from handrail_feedback.delivery.attended import Attended
from handrail_feedback.pages.code import CodePage
from handrail_feedback.pages.contact import ContactPage
from handrail_feedback.pages.notice import CurrentNotice, NoticePage
from handrail_feedback.pages.notify import NotifyPage
from handrail_feedback.pages.request import (
    RefusedError,
    declines_log,
    identifier,
    json_object,
    location,
    refusal,
    whole_number,
)
from handrail_feedback.pages.vote import VotePage
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.records.searches import EventType, SearchEvent
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.upkeep.capacity import Kind
from handrail_kb.addresses import base_of
from handrail_kb.config.settings import Settings
from handrail_kb.errors import StoreUnavailable

EVENT_BYTES = 4096
_MOST_POSITION = 1000
_MOST_MS = 24 * 3600 * 1000


@dataclass(frozen=True)
class SiteSeen:
    """What the pages know about their site and the current request.

    The pages are below `base_path`, such as `/help/`. `is_page` takes a location. `other_ways` returns the other ways
    to reach a person, as one line that the build wrote. `key` returns the secret with which links in mails are made;
    without it, nobody is mailed an answer. A vote does not count if `of_bot` or `of_staff` returns True. `folder`
    returns the folder of built HTML for this request, by default that of the settings. `admit` is asked
    before so many of a kind are kept: it raises StoreUnavailable where the store is full, and TooManyRequests where
    this address has left enough today. `crowd_of` returns the name that a tab shares with others of its network where
    they count as one person.
    """

    base_path: str = "/"
    lang: str = "en"
    is_page: Callable[[str], bool] = lambda _location: True
    other_ways: Callable[[], str] = lambda: ""
    key: Callable[[], str] | None = None
    of_bot: Callable[[], bool] = lambda: False
    of_staff: Callable[[], bool] = lambda: False
    folder: Callable[[], Path] | None = None
    admit: Callable[[Kind, int], None] = lambda _kind, _amount: None
    crowd_of: Callable[[str | None], str | None] = lambda _tab: None


def customer_pages(store: Store, search_log: SearchLog, settings: Settings, site: SiteSeen) -> Blueprint:
    """The views. Register them without a prefix, because their addresses begin with the site's `base_path`.

    Endpoints for rate limits: `feedback.events`, `feedback.vote`, `feedback.contact`, `feedback.tell`, and
    `feedback.code`, which answers 404 to a wrong code; the pages are `feedback.page`, `feedback.ask_code`,
    `feedback.ask_tell`, and those that links in mails lead to, `feedback.confirm_tell` and `feedback.withdraw_tell`.
    """
    blueprint = Blueprint("feedback", __name__, template_folder="templates")
    base, lang = base_of(site.base_path), site.lang
    folder = site.folder or (lambda: settings.site_dir)
    takes = Attended(store, settings)
    routes = parse_routes(settings.text("deliver"))
    vote = _vote_page(store, search_log, settings, site, folder)
    contact = ContactPage(
        store, settings, folder, takes, routes, base, lang, site.other_ways, site.key or str, site.admit
    )
    code = CodePage(store, settings, folder, takes, routes, base, lang, contact.reached.timezone, site.admit)
    notify = NotifyPage(store, settings, folder, base, lang, site.key, contact.reached.domains, site.admit)
    _EventsPage(search_log, base, site.admit).register(blueprint)
    vote.register(blueprint)
    contact.register(blueprint)
    code.register(blueprint)
    notify.register(blueprint)
    NoticePage(CurrentNotice(store), base, lang, contact.reached.timezone).register(blueprint)

    def too_many(error: Exception) -> Response:
        if request.path.startswith(f"{unquote(base)}tell/"):
            return notify.too_many()
        if request.endpoint == "feedback.vote":
            return vote.too_many()
        return code.too_many() if request.endpoint == "feedback.code" else contact.too_many(error)

    blueprint.register_error_handler(RefusedError, refusal)
    blueprint.register_error_handler(429, too_many)
    return blueprint


def _vote_page(
    store: Store, search_log: SearchLog, settings: Settings, site: SiteSeen, folder: Callable[[], Path]
) -> VotePage:
    seen = (base_of(site.base_path), site.lang, site.is_page, site.of_bot, site.of_staff)
    return VotePage(store, search_log, folder, *seen, site.admit, site.crowd_of, settings.flag("log_words"))


@dataclass(frozen=True)
class _EventsPage:
    """Receives what a browser reports about a customer's actions."""

    search_log: SearchLog
    base_path: str
    admit: Callable[[Kind, int], None]

    def register(self, blueprint: Blueprint) -> None:
        """Add the address to the blueprint."""
        blueprint.add_url_rule(f"{self.base_path}api/events", "events", self.events, methods=["POST"])

    def events(self) -> Response:
        """POST api/events: what a customer did with a list of results."""
        sent = json_object(EVENT_BYTES)
        kind = sent.get("type")
        if kind not in get_args(EventType):
            raise RefusedError(400, "'type' is not a known event.", f"Send one of: {', '.join(get_args(EventType))}.")
        event = SearchEvent(
            search_id=identifier(sent, "search_id", required=True) or "",
            type=cast(EventType, kind),
            at=now(),
            location=location(sent, self.base_path, required=kind == "click"),
            position=whole_number(sent, "position", 1, _MOST_POSITION),
            ms=whole_number(sent, "ms", 0, _MOST_MS),
        )
        if declines_log():
            return Response(status=204)
        with contextlib.suppress(StoreUnavailable):  # the browser could do nothing about it
            self.admit("events", 1)
            self.search_log.event(event)
        return Response(status=204)
