"""The filter, order and page of the inbox, read from its address. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from handrail_feedback.desk.reports.list_view import ListView, page_of, words_of
from handrail_feedback.records.messages import Case

MESSAGES_SHOWN = 50
# The value of a filter for messages that nobody takes care of.
NOBODY = "-"
_FIRST_LINE = 160
_FAR = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class InboxLine:
    """A message in a list, with how long it has waited, by when an answer was promised, and who takes care of it.

    `others` have it open now.
    """

    case: Case
    waits: timedelta
    due: datetime | None
    overdue: bool
    undelivered: bool
    assignee: str = ""
    others: tuple[str, ...] = ()

    @property
    def sender(self) -> str:
        """The address or number that the customer left; empty where there is none."""
        return self.case.message.reply_to

    @property
    def first_line(self) -> str:
        """The beginning of the message, where its subject does not say it already."""
        text = " ".join(self.case.message.message.split())
        return "" if self.case.about.startswith(text[:60]) else text[:_FIRST_LINE]

    @property
    def product(self) -> str:
        """The product that the customer named; empty where they named none."""
        return next((one.text for one in self.case.message.along if one.kind == "product"), "")

    @property
    def is_unread(self) -> bool:
        """Whether nobody has opened it at the desk."""
        return self.case.is_open and self.case.opened_at is None


# The names are those of addresses; their words are the texts `inbox.view.NAME`.
FILTERS: dict[str, Callable[[InboxLine], bool]] = {
    "open": lambda one: one.case.is_open,
    "unread": lambda one: one.is_unread,
    "overdue": lambda one: one.overdue,
    "answered": lambda one: not one.case.is_open,
    "all": lambda _one: True,
}
SORTS: dict[str, Callable[[InboxLine], tuple[object, ...]]] = {
    "oldest": lambda one: (one.case.message.at,),
    "newest": lambda one: (-one.case.message.at.timestamp(),),
    "due": lambda one: (one.due or _FAR, one.case.message.at),
    "sender": lambda one: (one.sender.casefold(), one.case.message.at),
}


@dataclass(frozen=True)
class InboxView(ListView):
    """The visible part of the inbox."""

    show: str = "open"
    assignee: str = ""
    product: str = ""
    lang: str = ""
    q: str = ""
    sort: str = "oldest"
    page: int = 1

    def holds(self, one: InboxLine) -> bool:
        """Whether a message is in this view."""
        return (
            FILTERS[self.show](one)
            and self.assignee in ("", one.assignee or NOBODY)
            and self.product in ("", one.product)
            and self.lang in ("", one.case.message.lang)
            and all(word in _said(one) for word in self.q.casefold().split())
        )

    def shown(self, lines: Iterable[InboxLine]) -> list[InboxLine]:
        """The messages of all pages of this view, in its order."""
        return sorted(filter(self.holds, lines), key=SORTS[self.sort])


def inbox_view(asked: Mapping[str, str]) -> InboxView:
    """The view in the parameters of an address."""
    one_of = partial(InboxView.one_of, asked)
    return InboxView(
        show=one_of("show", FILTERS),
        **{name: words_of(asked, name) for name in ("assignee", "product", "lang", "q")},
        sort=one_of("sort", SORTS),
        page=page_of(asked),
    )


def choices(lines: Sequence[InboxLine], view: InboxView) -> dict[str, list[str]]:
    """The values to filter by that are there, and the one that is chosen."""
    found = {
        "assignee": {one.assignee or NOBODY for one in lines},
        "product": {one.product for one in lines},
        "lang": {one.case.message.lang for one in lines},
    }
    return {name: sorted((values | {getattr(view, name)}) - {""}) for name, values in found.items()}


def _said(one: InboxLine) -> str:
    """The text in which words are looked for: code, sender, subject and message."""
    message = one.case.message
    return " ".join((message.code, message.reply_to, message.subject, message.message)).casefold()
