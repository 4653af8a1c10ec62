"""The lists that numbers of the report open: what was counted, one row each, newest first.

Each list is made by the rule that made its number, so that it has as many rows as the number says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.answer_times import USUAL_SPAN
from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, Columns, send_list
from handrail_feedback.desk.look import Look, words
from handrail_feedback.desk.reports.list_view import number_of, page_of
from handrail_feedback.desk.reports.period import asked_of
from handrail_feedback.desk.reports.topic_cache import CachedTopics, TopicCache
from handrail_feedback.records.messages import settled_until
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Counted, Intent, names_of
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.failed_searches import TALLIED_AS
from handrail_feedback.reports.people.human_reach import label, slug
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.threads import cases_of, kept_messages, messages_to_answer, sent_messages
from handrail_feedback.storage.searches.intents import intents_of
from handrail_feedback.storage.searches.votes import votes
from handrail_feedback.topics.status import has_held
from handrail_kb.addresses import address_of
from handrail_kb.language.printable import printable
from handrail_kb.site.help_links import one_click_pages

ROWS_SHOWN = 50
_READ_AT_ONCE = 500
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Cell:
    """A text, and the address that it leads to, if any."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class Rows:
    """What a number counts: the columns' texts by key, how many rows there are, and those of a page of the list."""

    head: tuple[str, ...]
    of: int
    between: Callable[[int, int], list[tuple[Cell, ...]]]


@dataclass(frozen=True)
class _Asked:
    """What an address asks for: a number in a period, its `part` or the whole that this is a part of."""

    cached: CachedTopics
    period: Period
    at: datetime
    is_part: bool
    topic: int

    def wanted(self, every: Mapping[Thing, bool]) -> list[Thing]:
        """All, or those that the part counts."""
        return [one for one, counts in every.items() if counts or not self.is_part]


@dataclass(frozen=True)
class CountedPage:
    """The view of what one number of the report counts. Everybody at the desk may read it."""

    store: Store
    cache: TopicCache
    look: Look
    title_of: Callable[[str], str]

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the lists, as pages and as files."""
        blueprint.add_url_rule(f"{self.look.home}report/counted/", "counted", self.show)
        blueprint.add_url_rule(f"{self.look.home}report/counted.{AS_FILE}", "counted_file", self.file)

    def show(self) -> AnyResponse:
        """GET desk/report/counted/: what `number` counts, its `part` or all, in the period, or the one before it."""
        name, asked = request.args.get("number", ""), self._asked()
        rows, period = self._rows(name, asked), asked.period
        page = page_of(request.args)
        start = (page - 1) * ROWS_SHOWN
        shown = rows.between(start, min(start + ROWS_SHOWN, rows.of)) if start < rows.of else []
        return self.look.page(
            "counted",
            words("counted.title"),
            figure_label=label(name, words),
            period=period,
            head=rows.head,
            shown=shown,
            found=rows.of,
            start=start,
            page=page,
            asked={key: value for key, value in request.args.items() if key != "page"},
            back={key: value for key, value in request.args.items() if key in ("span", "since", "until", "beside")},
        )

    def file(self, kind: str) -> AnyResponse:
        """GET desk/report/counted.csv and .json: the same list, all pages of it."""
        name = request.args.get("number", "")
        rows = self._rows(name, self._asked())
        some = min(rows.of, MOST_ROWS)
        lines = [
            line
            for first in range(0, some, _READ_AT_ONCE)
            for line in rows.between(first, min(first + _READ_AT_ONCE, some))
        ]
        columns = Columns[tuple[Cell, ...]](
            "rows",
            {head: lambda cells, place=place: cells[place].text for place, head in enumerate(rows.head)},  # type: ignore[misc]
        )
        return send_list(self.store, f"counted-{slug(name)}", kind, columns.write(kind, lines, rows.of), of=rows.of)

    def _asked(self) -> _Asked:
        """What this request asks for."""
        at, cached = now(), self.cache.take()
        period = asked_of(request.args, USUAL_SPAN, at, self.cache.zone).period(cached.reading.at, self.cache.zone)
        if request.args.get("when") == "before":
            period = period.before
        topic = number_of(request.args.get("topic", "")) or 0
        return _Asked(cached, period, at, request.args.get("of") != "all", topic)

    def _rows(self, name: str, asked: _Asked) -> Rows:
        """The list of a number. Raises NotFound for one that has none."""
        lists: dict[str, Callable[[_Asked], Rows]] = {
            "people": self._people,
            "said it helped": self._votes,
            "messages that reached a person": self._sent,
            "first reply, half within": self._to_answer,
            "first reply, nine in ten within": self._to_answer,
            "undelivered now": self._kept,
            "pages with a person one click away": self._pages,
            "decided in time": self._in_time,
            "resolution held": self._held,
            "topics of few people": self._few,
        }
        if name in TALLIED_AS:
            return self._searches(TALLIED_AS[name] if asked.is_part else "searches", asked)
        if name not in lists:
            raise NotFound
        return lists[name](asked)

    def _searches(self, tallied_as: str, asked: _Asked) -> Rows:
        found = [one for one in asked.cached.book.counted if asked.period.holds(one.at) and tallied_as in names_of(one)]
        found.reverse()

        def between(first: int, last: int) -> list[tuple[Cell, ...]]:
            kept = intents_of(self.store, [one.id for one in found[first:last]])
            return [self._search(one, kept.get(one.id)) for one in found[first:last]]

        return Rows(("when", "words", "outcome", "then"), len(found), between)

    def _search(self, one: Counted, intent: Intent | None) -> tuple[Cell, ...]:
        if intent is None:
            return Cell(self.look.clock(one.at)), Cell(words("counted.erased")), Cell(""), Cell("")
        apart = "asked_for_a_person" if one.wants_person else "asked_back" if one.asked_back else "not_failed"
        outcome = f"failed.{one.kind}" if one.kind else f"counted.{apart}"
        then = words("topics.next.contacted") if one.contacted else ""
        opened = intent.clicked_location if one.clicked else None
        return (
            Cell(self.look.clock(one.at)),
            Cell(printable(intent.query)),
            Cell(words(outcome)),
            self._article(opened) if opened is not None else Cell(then),
        )

    def _article(self, location: str) -> Cell:
        page = location.partition("#")[0]
        return Cell(printable(self.title_of(page) or page), f"{self.look.base_path}{address_of(page)}")

    def _people(self, asked: _Asked) -> Rows:
        """The people of one topic, each with what they typed in it."""
        typed: dict[str, list[str]] = defaultdict(list)
        first: dict[str, datetime] = {}
        for one in asked.cached.book.by_topic.get(asked.topic, ()):
            if asked.period.holds(one.first_at):
                first.setdefault(one.person, one.first_at)
                typed[one.person].append(one.query)
        rows = [
            (
                Cell(self.look.clock(first[who])),
                Cell(printable(" · ".join(dict.fromkeys(typed[who])))),
                Cell(str(len(typed[who]))),
            )
            for who in reversed(first)
        ]
        return _of(("when", "words", "searches"), rows)

    def _votes(self, asked: _Asked) -> Rows:
        given = [
            one
            for one in reversed(votes(self.store, asked.period.since, asked.period.until))
            if one.helpful or not asked.is_part
        ]
        rows = [
            (
                Cell(self.look.clock(one.at)),
                self._article(one.location),
                Cell(words("counted.yes" if one.helpful else "counted.no")),
                Cell(printable(one.comment)),
            )
            for one in given
        ]
        return _of(("when", "article", "vote", "comment"), rows)

    def _sent(self, asked: _Asked) -> Rows:
        return self._messages(asked, sent_messages(self.store, asked.period.since, asked.period.until), "reached")

    def _to_answer(self, asked: _Asked) -> Rows:
        since = asked.period.since
        until = settled_until(since, asked.period.until, asked.at)
        return self._messages(asked, messages_to_answer(self.store, since, until), "answered")

    def _kept(self, asked: _Asked) -> Rows:
        return self._messages(asked, kept_messages(self.store), "queued")

    def _messages(self, asked: _Asked, every: Mapping[str, bool], what: str) -> Rows:
        codes = asked.wanted(every)

        def between(first: int, last: int) -> list[tuple[Cell, ...]]:
            kept = cases_of(self.store, codes[first:last])
            return [
                (
                    Cell(self.look.clock(kept[code].message.at) if code in kept else ""),
                    Cell(code, url_for("desk.message", code=code) if code in kept else ""),
                    Cell(printable(kept[code].message.subject) if code in kept else words("counted.erased")),
                    Cell(words("counted.yes" if every[code] else "counted.no")),
                )
                for code in codes[first:last]
            ]

        return Rows(("when", "message", "subject", what), len(codes), between)

    def _pages(self, asked: _Asked) -> Rows:
        every = one_click_pages(self.look.site_dir) or {}
        rows = [
            (self._article(one), Cell(words("counted.yes" if every[one] else "counted.no")))
            for one in asked.wanted(every)
        ]
        return _of(("article", "one_click"), rows)

    def _in_time(self, asked: _Asked) -> Rows:
        return self._topics(asked, asked.cached.book.in_time(asked.period.since, asked.at), "in_time")

    def _held(self, asked: _Asked) -> Rows:
        book = asked.cached.book
        judged = {topic: has_held(book.status(topic, asked.at), asked.at) for topic in book.by_topic}
        return self._topics(asked, {topic: one for topic, one in judged.items() if one is not None}, "held")

    def _few(self, asked: _Asked) -> Rows:
        listed = {one.facts.topic for one in asked.cached.between(asked.period, asked.at).topics}
        searched = asked.cached.book.searched_in(asked.period)
        return self._topics(asked, {topic: True for topic in searched if topic not in listed}, "searched_then")

    def _topics(self, asked: _Asked, every: Mapping[int, bool], what: str) -> Rows:
        topics = asked.wanted(every)

        def between(first: int, last: int) -> list[tuple[Cell, ...]]:
            return [
                (
                    Cell(
                        printable(asked.cached.reading.facts(one, asked.period).name), url_for("desk.topic", topic=one)
                    ),
                    Cell(words("counted.yes" if every[one] else "counted.no")),
                )
                for one in topics[first:last]
            ]

        return Rows(("topic", what), len(topics), between)


def _of(head: tuple[str, ...], rows: Sequence[tuple[Cell, ...]]) -> Rows:
    return Rows(head, len(rows), lambda first, last: list(rows[first:last]))
