"""The page of support leads: topics of failed searches, one of them in full, and what is decided on them."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback import decisions
from handrail_feedback.db import Store, now
from handrail_feedback.decisions import LONGEST_LINK, LONGEST_WHY, MEANINGS, Decision, Verdict
from handrail_feedback.desk.article_shelf import Site
from handrail_feedback.desk.door import me
from handrail_feedback.desk.message import form_token, sent_number
from handrail_feedback.desk.pages import Look
from handrail_feedback.desk.shelf import USUAL_DAYS, Shelved, TopicShelf
from handrail_feedback.desk.spans import PERIODS
from handrail_feedback.desk.topic_view import SHOWN, SORTS, STANDINGS, View, view_of
from handrail_feedback.render import printable
from handrail_feedback.topic_facts import REASONS, SUGGESTIONS, Facts
from handrail_feedback.topic_list import Listed, TopicList
from handrail_feedback.topic_render import (
    answered_now,
    beside,
    cannot_be_told,
    longest_wait,
    notes,
    people_before,
    share_in_time,
    shown_count,
    since_when,
    what_came_next,
    what_was_proved,
    where_answered,
    why_again,
    why_it_failed,
    why_not_helped,
)
from handrail_feedback.topic_standing import held
from handrail_feedback.topics import merged_into
from handrail_feedback.weeks import draw
from handrail_kb.addresses import address_of
from handrail_kb.errors import HandrailError


@dataclass(frozen=True)
class Filled:
    """What a lead has filled in, shown again where something is wrong with it."""

    verdict: str = ""
    why: str = ""
    link: str = ""
    fault: str = ""


@dataclass(frozen=True)
class TopicPages:
    """The views of topics. Everybody at the desk may read them; leads decide."""

    store: Store
    shelf: TopicShelf
    look: Look
    is_page: Callable[[str], bool]
    articles: Site = dict

    def list(self) -> AnyResponse:
        """GET desk/topics/, filtered and sorted as its address says."""
        at, shelved = now(), self.shelf.take()
        view = view_of(request.args, at)
        everything = shelved.between(view.asked.period(shelved.reading.at), at)
        found = view.shown(everything.topics)
        start = (view.page - 1) * SHOWN
        return self._page(
            shelved,
            "topics",
            "Topics",
            view=view,
            found=len(found),
            start=start,
            shown=[(one, self._weeks(shelved, one)) for one in found[start : start + SHOWN]],
            more=len(found) > start + SHOWN,
            all=everything,
            figures=_figures(everything, at),
            in_time=share_in_time(everything),
            untold=_untold(view.stands, everything),
            notes=[note for note in notes(everything) if "within five working days" not in note],
            beside=beside(everything.period),
            periods=PERIODS,
            time=view.asked.address(USUAL_DAYS),
            standings={name: words for name, (words, _) in STANDINGS.items()},
            sorts={name: words for name, (words, _) in SORTS.items()},
        )

    def show(self, topic: int) -> AnyResponse:
        """GET desk/topics/TOPIC/: the topic, or the one that it was merged into."""
        if (alive := merged_into(self.store).get(topic, topic)) != topic:
            return redirect(url_for("desk.topic", topic=alive))
        return self._topic(topic)

    def decide(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/decide: what is done about it."""
        self._for_a_lead(topic)
        sent = Filled(*(request.form.get(name, "")[:2000].strip() for name in ("verdict", "why", "link")))
        fault = _fault(sent)
        if not fault:
            try:
                decisions.decide(
                    self.store, topic, cast(Verdict, sent.verdict), me().name, now(),
                    why=sent.why, link=sent.link, token=form_token(),
                )  # fmt: skip
                return redirect(url_for("desk.topic", topic=topic), 303)
            except HandrailError as error:
                fault = error.what
        return self._topic(topic, Filled(sent.verdict, sent.why, sent.link, fault), 422)

    def undo(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/undo: takes back the decision in force."""
        self._for_a_lead(topic)
        decisions.undo(self.store, topic, me().name, now(), only=sent_number("decision"))
        return redirect(url_for("desk.topic", topic=topic), 303)

    def _for_a_lead(self, topic: int) -> None:
        if me().role != "lead":
            raise Forbidden
        at, shelved = now(), self.shelf.take()
        if shelved.find(topic, View().asked.period(at), at) is None:
            raise NotFound

    def _topic(self, topic: int, filled: Filled | None = None, status: int = 200) -> AnyResponse:
        at, shelved = now(), self.shelf.take()
        view = view_of(request.args, at)
        one = shelved.find(topic, view.asked.period(shelved.reading.at), at)
        if one is None:
            raise NotFound
        return self._page(
            shelved,
            "topic",
            f"Topic {topic}",  # and not the customers' words, which a browser's history would keep
            status,
            one=one,
            view=view,
            weeks=self._weeks(shelved, one),
            failed_by=why_it_failed(one.facts.kinds, self.shelf.least),
            not_helped=why_not_helped(one.facts, self.shelf.least),
            filled=filled or _in_force(one.standing.decision),
            into=self._into(one.facts),
            periods=PERIODS,
            meanings=MEANINGS,
            longest_why=LONGEST_WHY,
            longest_link=LONGEST_LINK,
            token=secrets.token_urlsafe(16),
        )

    def _page(self, shelved: Shelved, template: str, title: str, status: int = 200, **values: Any) -> AnyResponse:
        least = self.shelf.least
        return self.look.page(
            template,
            title,
            status,
            least=least,
            count=lambda number: shown_count(number, least),
            before=lambda facts: people_before(facts, least),
            then=lambda facts: what_came_next(facts, least),
            answered=lambda stands: answered_now(stands, least),
            where=lambda stands: where_answered(stands, least),
            proved=lambda proof: what_was_proved(proof, least),
            why_again=why_again,
            since_when=since_when,
            title_of=shelved.reading.articles.title,
            url=self._url,
            plain=printable,
            suggestions=SUGGESTIONS,
            reasons=REASONS,
            **values,
        )

    def _into(self, facts: Facts) -> str:
        """The command that adds to the article that is near; nothing where another one is to be written."""
        if facts.suggestion not in ("reword", "fix"):
            return ""
        source = printable(str(self.articles().get(facts.article or "", {}).get("source") or ""))
        return f"handrail draft {facts.topic} --into {shlex.quote(source) if source else '…'}"

    def _weeks(self, shelved: Shelved, one: Listed) -> Any:
        return draw(shelved.book.by_topic[one.facts.topic], shelved.reading.at, self.shelf.least)

    def _url(self, location: str) -> str:
        return f"{self.look.base_path}{address_of(location)}" if self.is_page(location) else ""


def _in_force(decision: Decision | None) -> Filled:
    """What was said with the decision in force: a second decision would else drop its link without a word."""
    return Filled(why=decision.why, link=decision.link) if decision else Filled()


def _figures(every: TopicList, at: datetime) -> list[tuple[str, str, str]]:
    """What is to be seen in one look: the name of a filter, how many, and what of them."""
    counts = {name: sum(holds(one) for one in every.topics) for name, (_, holds) in STANDINGS.items()}
    kept = held((one.standing for one in every.topics), at)
    judged = f"of {kept.of} fixed, {kept.holds} hold" if kept.of else "none old enough to be judged"
    longest = max((at - one.standing.waits_since for one in every.topics if one.standing.waits_since), default=None)
    is_comparable = every.period.is_comparable(every.known_since)

    def compared(name: str) -> str:
        return str(counts[name]) if is_comparable else "not enough data"

    return [
        ("open", str(counts["open"]), longest_wait(longest, counts["late"])),
        ("new", compared("new"), "first searched in this period"),
        ("growing", compared("growing"), "more than chance would do"),
        ("reopened", str(counts["reopened"]), "failed again, or lost their answer"),
        ("decided", str(counts["decided"]), judged),
        ("proven", str(counts["proven"]), "of those: their people would find it now"),
    ]


def _untold(stands: str, every: TopicList) -> str:
    """Why nothing of this standing is listed, where that cannot be known; else nothing."""
    what = {"new": "what is new", "growing": "what grows"}.get(stands)
    if what is None or every.period.is_comparable(every.known_since):
        return ""
    return cannot_be_told(every.known_since, what)


def _fault(sent: Filled) -> str:
    """What is wrong with what was filled in; nothing when it can be kept."""
    if sent.verdict not in MEANINGS:
        return "Please choose what is to be done."
    if len(sent.why) > LONGEST_WHY or len(sent.link) > LONGEST_LINK:
        return f"Too long: at most {LONGEST_WHY} characters of reason and {LONGEST_LINK} of link. Nothing was kept."
    return ""
