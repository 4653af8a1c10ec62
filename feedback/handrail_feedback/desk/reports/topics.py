"""The pages of topics: the list, one topic in full, and the form that records a decision."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.look import Look
from handrail_feedback.desk.messages.message import form_token, sent_number
from handrail_feedback.desk.reports.article_cache import ReadSiteArticles
from handrail_feedback.desk.reports.period import PERIODS
from handrail_feedback.desk.reports.topic_cache import USUAL_DAYS, CachedTopics, TopicCache
from handrail_feedback.desk.reports.topic_filter import STATUS_FILTERS, TOPIC_SORTS, TOPICS_SHOWN, View, view_of
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.decisions import MEANINGS, Decision, DecisionKind
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.charts import draw
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches import decisions
from handrail_feedback.storage.searches.decisions import LONGEST_LINK, LONGEST_WHY
from handrail_feedback.storage.searches.topics import merged_into
from handrail_feedback.topics.facts import SUGGESTION_REASONS, SUGGESTIONS, Facts
from handrail_feedback.topics.listing import Listed, TopicList
from handrail_feedback.topics.status import held
from handrail_feedback.topics.text import (
    answered_now,
    cannot_be_told,
    comparison_period,
    longest_wait,
    people_before,
    share_in_time,
    shown_count,
    since_when,
    topic_notes,
    what_came_next,
    what_was_proved,
    where_answered,
    why_again,
    why_it_failed,
    why_not_helped,
)
from handrail_kb.addresses import address_of
from handrail_kb.errors import HandrailError
from handrail_kb.language.printable import printable


@dataclass(frozen=True)
class Filled:
    """What a lead has filled in, to be shown again if something is wrong with it."""

    verdict: str = ""
    why: str = ""
    link: str = ""
    fault: str = ""


@dataclass(frozen=True)
class TopicPages:
    """The views of topics. Everybody at the desk may read them; leads decide."""

    store: Store
    cache: TopicCache
    look: Look
    is_page: Callable[[str], bool]
    articles: ReadSiteArticles = dict

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the list, of a topic's page, and of the actions on it."""
        every = f"{self.look.home}topics/"
        one = f"{every}<int:topic>/"
        blueprint.add_url_rule(every, "topics", self.list)
        blueprint.add_url_rule(one, "topic", self.show)
        blueprint.add_url_rule(f"{one}decide", "decide", self.decide, methods=["POST"])
        blueprint.add_url_rule(f"{one}undo", "undecide", self.undo, methods=["POST"])

    def list(self) -> AnyResponse:
        """GET desk/topics/, filtered and sorted as its address says."""
        at, cached = now(), self.cache.take()
        view = view_of(request.args, at)
        everything = cached.between(view.asked.period(cached.reading.at), at)
        found = view.shown(everything.topics)
        start = (view.page - 1) * TOPICS_SHOWN
        return self._page(
            cached,
            "topics",
            "Topics",
            view=view,
            found=len(found),
            start=start,
            shown=[(one, self._weeks(cached, one)) for one in found[start : start + TOPICS_SHOWN]],
            more=len(found) > start + TOPICS_SHOWN,
            all=everything,
            figures=_figures(everything, at),
            in_time=share_in_time(everything),
            untold=_untold(view.stands, everything),
            notes=[note for note in topic_notes(everything) if "within five working days" not in note],
            beside=comparison_period(everything.period),
            periods=PERIODS,
            time=view.asked.address(USUAL_DAYS),
            status_filters={name: words for name, (words, _) in STATUS_FILTERS.items()},
            sorts={name: words for name, (words, _) in TOPIC_SORTS.items()},
        )

    def show(self, topic: int) -> AnyResponse:
        """GET desk/topics/TOPIC/: the topic, or the one that it was merged into."""
        if (alive := merged_into(self.store).get(topic, topic)) != topic:
            return redirect(url_for("desk.topic", topic=alive))
        return self._topic(topic)

    def decide(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/decide: records a decision."""
        self._for_a_lead(topic)
        sent = Filled(*(request.form.get(name, "")[:2000].strip() for name in ("verdict", "why", "link")))
        fault = _fault(sent)
        if not fault:
            try:
                decisions.decide(
                    self.store,
                    topic,
                    cast(DecisionKind, sent.verdict),
                    me().name,
                    now(),
                    why=sent.why,
                    link=sent.link,
                    token=form_token(),
                )
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
        at, cached = now(), self.cache.take_with(topic)
        if cached.find(topic, View().asked.period(at), at) is None:
            raise NotFound

    def _topic(self, topic: int, filled: Filled | None = None, status: int = 200) -> AnyResponse:
        at, cached = now(), self.cache.take_with(topic)
        view = view_of(request.args, at)
        one = cached.find(topic, view.asked.period(cached.reading.at), at)
        if one is None:
            raise NotFound
        return self._page(
            cached,
            "topic",
            f"Topic {topic}",  # not the customers' words, which a browser's history would keep
            status,
            one=one,
            view=view,
            weeks=self._weeks(cached, one),
            failed_by=why_it_failed(one.facts.kinds, self.cache.least),
            not_helped=why_not_helped(one.facts, self.cache.least),
            filled=filled or _in_force(one.status.decision),
            into=self._into(one.facts),
            periods=PERIODS,
            meanings=MEANINGS,
            longest_why=LONGEST_WHY,
            longest_link=LONGEST_LINK,
            token=secrets.token_urlsafe(16),
        )

    def _page(self, cached: CachedTopics, template: str, title: str, status: int = 200, **values: Any) -> AnyResponse:
        least = self.cache.least
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
            title_of=cached.reading.articles.title,
            url=self._url,
            plain=printable,
            suggestions=SUGGESTIONS,
            reasons=SUGGESTION_REASONS,
            **values,
        )

    def _into(self, facts: Facts) -> str:
        """The command that adds to the nearest article; empty if a new one is to be written."""
        if facts.suggestion not in ("reword", "fix"):
            return ""
        source = printable(str(self.articles().get(facts.article or "", {}).get("source") or ""))
        return f"handrail draft {facts.topic} --into {shlex.quote(source) if source else '…'}"

    def _weeks(self, cached: CachedTopics, one: Listed) -> Any:
        return draw(cached.book.by_topic[one.facts.topic], cached.reading.at, self.cache.least)

    def _url(self, location: str) -> str:
        return f"{self.look.base_path}{address_of(location)}" if self.is_page(location) else ""


def _in_force(decision: Decision | None) -> Filled:
    """What was filled in for the decision in force, so that a second decision does not silently drop its link."""
    return Filled(why=decision.why, link=decision.link) if decision else Filled()


def _figures(every: TopicList, at: datetime) -> list[tuple[str, str, str]]:
    """The numbers at the top of the list: the name of a filter, how many topics, and what they are."""
    counts = {name: sum(holds(one) for one in every.topics) for name, (_, holds) in STATUS_FILTERS.items()}
    kept = held((one.status for one in every.topics), at)
    judged = f"of {kept.of} fixed, {kept.holds} hold" if kept.of else "none old enough to be judged"
    longest = max((at - one.status.waits_since for one in every.topics if one.status.waits_since), default=None)
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
    """Why no topic with this status is listed, if that cannot be known; else empty."""
    what = {"new": "what is new", "growing": "what grows"}.get(stands)
    if what is None or every.period.is_comparable(every.known_since):
        return ""
    return cannot_be_told(every.known_since, what)


def _fault(sent: Filled) -> str:
    """What is wrong with what was filled in; empty if it can be stored."""
    if sent.verdict not in MEANINGS:
        return "Please choose what is to be done."
    if len(sent.why) > LONGEST_WHY or len(sent.link) > LONGEST_LINK:
        return f"Too long: at most {LONGEST_WHY} characters of reason and {LONGEST_LINK} of link. Nothing was kept."
    return ""
