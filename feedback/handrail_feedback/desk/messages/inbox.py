"""The inbox: messages with who wrote, what about, how long they wait and who takes care of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.contracts import FindSimilar
from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, Columns, send_list
from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.messages.inbox_filter import (
    FILTERS,
    MESSAGES_SHOWN,
    NOBODY,
    SORTS,
    InboxLine,
    choices,
    inbox_view,
)
from handrail_feedback.desk.messages.similar import count_similar
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.messages import Case
from handrail_feedback.records.period import Period
from handrail_feedback.records.reference_codes import codes_in
from handrail_feedback.records.stamps import now, stamp, stamp_or_none
from handrail_feedback.reports.people.human_reach import human_reach
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import wanted_articles
from handrail_feedback.storage.messages.handling import assignees, being_answered
from handrail_feedback.storage.messages.threads import codes_like, find_case, inbox_cases
from handrail_kb.site.help_links import one_click

# A message is marked if no channel has taken it within this time.
_LATE = timedelta(minutes=2)
_REACH_DAYS = 30
Due = Callable[[datetime], datetime | None]
_COLUMNS = Columns[InboxLine](
    "messages",
    {
        "code": lambda one: one.case.message.code,
        "at": lambda one: stamp(one.case.message.at),
        "lang": lambda one: one.case.message.lang,
        "sender": lambda one: one.sender,
        "subject": lambda one: one.case.message.subject,
        "first_line": lambda one: one.first_line,
        "product": lambda one: one.product,
        "follows": lambda one: one.case.message.follows,
        "assignee": lambda one: one.assignee,
        "due": lambda one: stamp_or_none(one.due),
        "overdue": lambda one: one.overdue,
        "unread": lambda one: one.is_unread,
        "answered_at": lambda one: stamp_or_none(one.case.answered_at),
        "answered_by": lambda one: one.case.answered_by or None,
        "answered_way": lambda one: one.case.answered_way or None,
    },
)


def line_of(case: Case, due: Due, at: datetime, assignee: str = "", others: Sequence[str] = ()) -> InboxLine:
    """The message as lists and its own page show it."""
    until = due(case.message.at)
    undelivered = case.waits_since is not None and at - case.waits_since >= _LATE
    overdue = case.is_open and until is not None and until < at
    return InboxLine(case, at - case.message.at, until, overdue, undelivered, assignee, tuple(others))


@dataclass(frozen=True)
class Inbox:
    """The views of the desk's first page."""

    store: Store
    look: Look
    due: Due
    near: FindSimilar
    warm: Sequence[Callable[[], None]]

    def register(self, blueprint: Blueprint) -> None:
        """Add the desk's first page, and the same as a file."""
        blueprint.add_url_rule(self.look.home, "home", self.home)
        blueprint.add_url_rule(f"{self.look.home}messages.{AS_FILE}", "home_file", self.file)

    def home(self) -> AnyResponse:
        """GET desk/, filtered and sorted as its address says; the code of a message leads to that message."""
        for warm in self.warm:
            warm()
        typed = request.args.get("code", request.args.get("q", ""))[:200]
        meant = codes_in(typed)
        for code in meant:
            if find_case(self.store, code):
                return redirect(url_for("desk.message", code=code))
        at, view = now(), inbox_view({**request.args, "q": typed})
        lines = self._lines(at)
        found = view.shown(lines)
        near = [] if found or not typed.strip() else self._codes_near(typed, meant)
        start = (view.page - 1) * MESSAGES_SHOWN
        shown = found[start : start + MESSAGES_SHOWN]
        return self.look.page(
            "home",
            words("desk.desk"),
            404 if typed.strip() and not found else 200,
            near=near,
            looks_like_code=bool(meant or near or "code" in request.args),
            at=at,
            view=view,
            views=_views(lines),
            choices=choices(lines, view),
            sorts=list(SORTS),
            shows=list(FILTERS),
            shown=list(zip(shown, count_similar([one.case for one in shown], self.near), strict=True)),
            found=len(found),
            start=start,
            more=len(found) > start + MESSAGES_SHOWN,
            reach=human_reach(self.store, self._lately(at), at, one_click=one_click(self.look.site_dir)),
            wanted=wanted_articles(self.store, limit=20),
        )

    def file(self, kind: str) -> AnyResponse:
        """GET desk/messages.csv and desk/messages.json: the messages of all pages of the view in the address."""
        found = inbox_view(request.args).shown(self._lines(now()))
        content = _COLUMNS.write(kind, found[:MOST_ROWS], len(found))
        return send_list(self.store, "messages", kind, content, of=len(found))

    def _lately(self, at: datetime) -> Period:
        return Period.last(_REACH_DAYS, at, self.look.zone)

    def _lines(self, at: datetime) -> list[InboxLine]:
        cared_for, open_now, mine = assignees(self.store), being_answered(self.store, at), me().name
        return [
            line_of(
                case,
                self.due,
                at,
                cared_for.get(case.message.code, ""),
                [name for name in open_now.get(case.message.code, []) if name != mine],
            )
            for case in inbox_cases(self.store)
        ]

    def _codes_near(self, typed: str, meant: Sequence[str]) -> list[str]:
        """Codes that may be meant by one that is nobody's."""
        near = codes_like(self.store, meant[0].replace("-", "")) if meant else []
        return near or codes_like(self.store, "".join(filter(str.isalnum, typed)).upper())


def _views(lines: Sequence[InboxLine]) -> list[tuple[str, Mapping[str, str], int]]:
    """The saved views: a name, the parameters of the address, and how many messages are in it."""
    asked = {
        "open": {"show": "open"},
        "mine": {"assignee": me().name},
        "nobody": {"assignee": NOBODY},
        "unread": {"show": "unread"},
        "overdue": {"show": "overdue"},
        "answered": {"show": "answered"},
        "all": {"show": "all"},
    }
    return [(name, of, sum(map(inbox_view(of).holds, lines))) for name, of in asked.items()]
