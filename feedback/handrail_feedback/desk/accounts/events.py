"""The page of what happened to accounts, for leads: by whom, when, and in which kind of browser."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, Columns, send_list
from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.reports.list_view import ListView, page_of
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.staff import BY_STRANGERS, EVENTS_KEPT, StaffEvent, clean_name
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.accounts import events, staff
from handrail_feedback.storage.database import Store

_SHOWN = 50
_COLUMNS = Columns[StaffEvent](
    "events",
    {
        "at": lambda one: stamp(one.at),
        "what": lambda one: one.what,
        "detail": lambda one: one.detail,
        "account": lambda one: one.name,
        "by": lambda one: one.by.name,
        "browser": lambda one: one.by.browser,
    },
)


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
        """Add the addresses of the page, and of the same as a file."""
        blueprint.add_url_rule(f"{self.look.home}accounts/", "account_events", self.page)
        blueprint.add_url_rule(f"{self.look.home}accounts.{AS_FILE}", "account_events_file", self.file)

    def page(self) -> AnyResponse:
        """GET desk/accounts/."""
        view = _view()
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

    def file(self, kind: str) -> AnyResponse:
        """GET desk/accounts.csv and desk/accounts.json: what happened to the account in the address, or to all."""
        view = _view()
        found = events.latest(self.store, view.name, limit=MOST_ROWS)
        of = max(events.count(self.store, view.name), len(found))
        return send_list(self.store, "accounts", kind, _COLUMNS.write(kind, found, of), of=of)


def _view() -> EventsView:
    """What is asked for, which leads alone may see."""
    if me().role != "lead":
        abort(403)
    return EventsView(clean_name(request.args.get("name", "")[:100]), page_of(request.args))
