"""The inbox: messages that wait for an answer, oldest first, and a field to open one by its code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.contracts import FindSimilar
from handrail_feedback.desk.look import Look
from handrail_feedback.desk.messages.similar import group_similar
from handrail_feedback.records.messages import Case
from handrail_feedback.records.reference_codes import EXAMPLE_CODE, codes_in
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.human_reach import human_reach
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import wanted_articles
from handrail_feedback.storage.messages.threads import answered_cases, codes_like, count_open, find_case, open_cases
from handrail_kb.site.help_links import one_click

# A message is marked if no channel has taken it within this time.
_LATE = timedelta(minutes=2)
_REACH = timedelta(days=30)
Due = Callable[[datetime], datetime | None]


@dataclass(frozen=True)
class InboxLine:
    """A message in a list, with how long it has waited, and by when an answer was promised."""

    case: Case
    waits: timedelta
    due: datetime | None
    overdue: bool
    undelivered: bool


def line_of(case: Case, due: Due, at: datetime) -> InboxLine:
    """The message as lists and its own page show it."""
    until = due(case.message.at)
    undelivered = case.waits_since is not None and at - case.waits_since >= _LATE
    return InboxLine(case, at - case.message.at, until, case.is_open and until is not None and until < at, undelivered)


@dataclass(frozen=True)
class Inbox:
    """The views of the desk's first page."""

    store: Store
    look: Look
    due: Due
    near: FindSimilar
    warm: Sequence[Callable[[], None]]

    def register(self, blueprint: Blueprint) -> None:
        """Add the desk's first page."""
        blueprint.add_url_rule(self.look.home, "home", self.home)

    def home(self) -> AnyResponse:
        """GET desk/; with `code`, redirects to the message with that code."""
        for warm in self.warm:
            warm()
        typed = request.args.get("code", "")[:200]
        meant = codes_in(typed)
        for code in meant:
            if find_case(self.store, code):
                return redirect(url_for("desk.message", code=code))
        near = codes_like(self.store, meant[0].replace("-", "")) if meant else []
        if typed and not near:
            near = codes_like(self.store, "".join(filter(str.isalnum, typed)).upper())
        at = now()
        return self.look.page(
            "home",
            "Desk",
            404 if typed.strip() else 200,
            typed=typed,
            near=near,
            example=EXAMPLE_CODE,
            at=at,
            open=self._groups(at),
            count=count_open(self.store),
            reach=human_reach(self.store, at - _REACH, at, at, one_click=one_click(self.look.site_dir)),
            wanted=wanted_articles(self.store, limit=20),
            answered=[line_of(case, self.due, at) for case in answered_cases(self.store, limit=20)],
        )

    def _groups(self, at: datetime) -> list[tuple[InboxLine, list[tuple[InboxLine, str]]]]:
        """The open messages, each with similar ones and the reason."""
        return [
            (line_of(group.first, self.due, at), [(line_of(one.case, self.due, at), one.why) for one in group.others])
            for group in group_similar(open_cases(self.store), self.near)
        ]
