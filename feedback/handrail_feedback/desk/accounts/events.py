"""The page of what happened to accounts, for leads: by whom, when, and in which kind of browser."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.reports.list_view import ListView, page_of
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.staff import BY_STRANGERS, EVENTS_KEPT, clean_name
from handrail_feedback.storage.accounts import events, staff
from handrail_feedback.storage.database import Store

_SHOWN = 50


@dataclass(frozen=True)
class EventsView(ListView):
    """The visible part of the events: those of one account, or all."""

    name: str = ""
    page: int = 1


@dataclass(frozen=True)
class AccountEvents:
    """The view of what happened to accounts."""

    store: Store
    look: Look

    def register(self, blueprint: Blueprint) -> None:
        """Add the address of the page."""
        blueprint.add_url_rule(f"{self.look.home}accounts/", "account_events", self.page)

    def page(self) -> AnyResponse:
        """GET desk/accounts/."""
        if me().role != "lead":
            abort(403)
        view = EventsView(clean_name(request.args.get("name", "")[:100]), page_of(request.args))
        start = (view.page - 1) * _SHOWN
        known = {one.name for one in staff.everybody(self.store)} | set(events.names(self.store))
        return self.look.page(
            "accounts/events",
            words("events.title"),
            view=view,
            names=sorted(known),
            shown=events.latest(self.store, view.name, limit=_SHOWN, offset=start),
            found=events.count(self.store, view.name),
            start=start,
            days=EVENTS_KEPT.days,
            most=events.MOST_EVENTS,
            by_strangers=BY_STRANGERS,
        )
