"""The pages of topics: the queue, and one topic in full."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.downloads import AS_FILE, MOST_ROWS, send_list
from handrail_feedback.desk.drafts import Drafts
from handrail_feedback.desk.look import EXACT, Look, language, words
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.reports.period import SPANS, asked_of
from handrail_feedback.desk.reports.topic_cache import USUAL_SPAN, CachedTopics, TopicCache
from handrail_feedback.desk.reports.topic_filter import (
    NOBODY,
    TOPIC_SORTS,
    TOPICS_SHOWN,
    Queued,
    View,
    place_of,
    view_of,
)
from handrail_feedback.desk.reports.topic_searches import why_lost, wording_columns, wording_rows
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.decisions import MEANINGS, Decision
from handrail_feedback.records.stamps import now
from handrail_feedback.records.topics import Member, Recorded
from handrail_feedback.reports.charts import draw
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import LONGEST_LINK, LONGEST_WHY
from handrail_feedback.storage.searches.lineage import merged_into
from handrail_feedback.storage.searches.topic_edits import LONGEST_NAME, given_names
from handrail_feedback.storage.searches.triage import LONGEST_COMMENT, assignments, comments, look
from handrail_feedback.topics.facts import SUGGESTIONS, Facts
from handrail_feedback.topics.for_programs import topics_as_csv, topics_as_json
from handrail_feedback.topics.listing import Listed, TopicList
from handrail_feedback.topics.status import held
from handrail_feedback.topics.text import (
    answered_now,
    cannot_be_told,
    comparison_period,
    longest_wait,
    notes_on_people,
    share_in_time,
    since_when,
    what_was_proved,
    where_answered,
    why_again,
    why_it_failed,
    why_not_helped,
)
from handrail_kb.addresses import address_of
from handrail_kb.language.printable import printable
from handrail_kb.site.built.site_info import SiteInfo

WORDINGS_SHOWN = 15
# The saved views, as changes of the usual one; their words are the texts `topics.view.NAME`.
_VIEWS = ("open", "mine", "nobody", "late", "new", "growing", "reopened", "decided", "proven", "all")


@dataclass(frozen=True)
class Filled:
    """What a lead has filled in, to be shown again if something is wrong with it."""

    why: str = ""
    link: str = ""
    fault: str = ""
    # What is wrong with a name, or with what was to be merged, split or moved.
    edit_fault: str = ""


@dataclass(frozen=True)
class TopicPages:
    """The views of topics. Everybody at the desk may read them; leads decide."""

    store: Store
    cache: TopicCache
    look: Look
    is_page: Callable[[str], bool]
    site_info: Callable[[], SiteInfo] = SiteInfo

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the queue, as a page and as a file, and of a topic's page."""
        every = f"{self.look.home}topics/"
        blueprint.add_url_rule(every, "topics", self.all)
        blueprint.add_url_rule(f"{self.look.home}topics.{AS_FILE}", "topics_file", self.file)
        blueprint.add_url_rule(f"{every}<int:topic>/", "topic", self.show)
        blueprint.add_url_rule(f"{every}<int:topic>.{AS_FILE}", "topic_file", self.searches)
        self.drafts.register(blueprint, self.look.home)

    @property
    def drafts(self) -> Drafts:
        """Makes the drafts of the articles that topics lack."""
        return Drafts(self.store, self.cache, self.site_info)

    def all(self, fault: str = "", status: int = 200) -> AnyResponse:
        """GET desk/topics/, filtered and sorted as its address says."""
        at, cached = now(), self.cache.take()
        view = self.view(at)
        everything = cached.queue(view.asked.period(cached.reading.at, self.cache.zone), at)
        queue = self.queue(everything)
        found = view.shown(queue)
        start = (view.page - 1) * TOPICS_SHOWN
        return self._page(
            cached,
            "topics",
            status,
            view=view,
            fault=fault,
            views=_views(queue, everything, at),
            found=len(found),
            start=start,
            shown=[(one, self._weeks(cached, one.topic.facts.topic)) for one in found[start : start + TOPICS_SHOWN]],
            more=len(found) > start + TOPICS_SHOWN,
            all=everything,
            choices=_choices(queue, view),
            done=self._done(cached),
            held=held((one.status for one in everything.topics), at),
            longest=_longest(everything, at),
            in_time=share_in_time(everything, words),
            untold=_untold(view.stands, everything),
            notes=notes_on_people(everything, words),
            beside=comparison_period(everything.period, words),
            spans=list(SPANS),
            period_fault=asked_of(request.args, USUAL_SPAN, at, self.cache.zone).fault,
            sorts=list(TOPIC_SORTS),
        )

    def file(self, kind: str) -> AnyResponse:
        """GET desk/topics.csv and desk/topics.json: the topics of all pages of the view in the address."""
        at, cached = now(), self.cache.take()
        view, cared_for = self.view(at), assignments(self.store)
        everything = cached.queue(view.asked.period(cached.reading.at, self.cache.zone), at)
        found = [one.topic for one in view.shown(self.queue(everything))]
        some = replace(everything, topics=tuple(found[:MOST_ROWS]))
        write = topics_as_csv if kind == "csv" else topics_as_json
        return send_list(self.store, "topics", kind, write(some, cared_for), of=len(found))

    def searches(self, topic: int, kind: str) -> AnyResponse:
        """GET desk/topics/TOPIC.csv and .json: what was searched, one row for each wording. Raises NotFound."""
        alive = merged_into(self.store).get(topic, topic)
        found = self.cache.take_with(alive).book.by_topic.get(alive)
        if found is None:
            raise NotFound
        rows = wording_rows(found)
        content = wording_columns(self.cache.least).write(kind, rows[:MOST_ROWS], len(rows))
        return send_list(self.store, f"topic-{alive}", kind, content, of=len(rows))

    def show(self, topic: int) -> AnyResponse:
        """GET desk/topics/TOPIC/: the topic, or the one that it was merged into."""
        if (alive := merged_into(self.store).get(topic, topic)) != topic:
            return redirect(url_for("desk.topic", topic=alive, **self.view(now()).address()))
        return self.topic(topic)

    def topic(self, topic: int, filled: Filled | None = None, status: int = 200) -> AnyResponse:
        """The page of a topic that lives. Raises NotFound."""
        at, cached = now(), self.cache.take_with(topic)
        view = self.view(at)
        period = view.asked.period(cached.reading.at, self.cache.zone)
        one = cached.find(topic, period, at)
        if one is None:
            raise NotFound
        queue = self.queue(cached.queue(period, at))
        return self._page(
            cached,
            "topic",
            status,
            number=topic,
            one=one,
            view=view,
            place=place_of(topic, view.shown(queue, also=topic)),
            is_in_view=any(queued.topic.facts.topic == topic and view.holds(queued) for queued in queue),
            address=view.address(),
            care=Queued(one, assignments(self.store).get(topic)),
            weeks=self._weeks(cached, topic),
            failed_by=why_it_failed(one.facts.kinds, EXACT, words),
            not_helped=why_not_helped(one.facts, EXACT, language()),
            filled=filled or _in_force(one.status.decision),
            seen=one.status.decision.id if one.status.decision else 0,
            into=self._into(one.facts),
            in_forge=self.drafts.in_forge(cached, topic),
            comments=comments(self.store, topic),
            others=look(self.store, topic, me().name, at),
            staff=[member.name for member in staff.everybody(self.store)],
            done=self._done(cached),
            spans=list(SPANS),
            period_fault=asked_of(request.args, USUAL_SPAN, at, self.cache.zone).fault,
            longest={"why": LONGEST_WHY, "link": LONGEST_LINK, "comment": LONGEST_COMMENT, "name": LONGEST_NAME},
            token=secrets.token_urlsafe(16),
            names=given_names(self.store).get(topic, []),
            others_to_choose=_others(topic, queue) if me().role == "lead" else Markup(),
            edited=_just_edited(one),
            **_searched(cached.book.by_topic[topic], one.facts, view.page),
        )

    def view(self, at: datetime) -> View:
        """The view in the address of this request."""
        return view_of(request.args, at, self.cache.zone)

    def queue(self, everything: TopicList) -> list[Queued]:
        """The topics, each with who takes care of it."""
        cared_for = assignments(self.store)
        return [Queued(one, cared_for.get(one.facts.topic)) for one in everything.topics]

    def _done(self, cached: CachedTopics) -> list[tuple[Decision, str]]:
        """The decisions that the address says were just made, with the names of their topics: undone ones are not."""
        made = request.args.get("done", "").split(",")[:100]
        asked = {number_of(text) for text in made}
        found = []
        for topic, decisions in cached.book.decisions.items():
            for one in decisions:
                if one.id in asked and one.undone_at is None and topic in cached.book.by_topic:
                    named = cached.find(topic, View().asked.period(cached.reading.at), now())
                    found.append((one, named.facts.name if named else ""))
        return found

    def _page(self, cached: CachedTopics, template: str, status: int = 200, **values: Any) -> AnyResponse:
        return self.look.page(
            template,
            # Not the customers' words, which a browser's history would keep.
            words("topics.number", number=values["number"]) if "number" in values else words("desk.topics"),
            status,
            answered=lambda stands: answered_now(stands, EXACT, words),
            where=lambda stands: where_answered(stands, EXACT),
            proved=lambda proof: what_was_proved(proof, EXACT, words),
            why_again=lambda stands: why_again(stands, words, self.cache.zone),
            since_when=lambda stands: since_when(stands, words),
            title_of=cached.reading.articles.title,
            url=self._url,
            plain=printable,
            suggestions=list(SUGGESTIONS),
            meanings=list(MEANINGS),
            may_decide=me().role == "lead",
            **values,
        )

    def _into(self, facts: Facts) -> str:
        """The command that adds to the nearest article; empty if a new one is to be written."""
        if facts.suggestion not in ("reword", "fix"):
            return ""
        source = printable(str(self.site_info().articles.get(facts.article or "", {}).get("source") or ""))
        return f"handrail draft {facts.topic} --into {shlex.quote(source) if source else '…'}"

    def _weeks(self, cached: CachedTopics, topic: int) -> Any:
        return draw(cached.book.by_topic[topic], cached.reading.at, EXACT, words)

    def _url(self, location: str) -> str:
        return f"{self.look.base_path}{address_of(location)}" if self.is_page(location) else ""


def _searched(members: Sequence[Member], facts: Facts, page: int) -> dict[str, Any]:
    """A page of a topic's wordings, and why its nearest articles were not the answer."""
    rows, start = wording_rows(members), (page - 1) * WORDINGS_SHOWN
    return {
        "rows": rows[start : start + WORDINGS_SHOWN],
        "of_rows": len(rows),
        "start": start,
        "more": len(rows) > start + WORDINGS_SHOWN,
        "lost": {near.location: why_lost(members, near.location) for near in facts.nearest},
    }


def _others(topic: int, queue: Iterable[Queued]) -> Markup:
    """The topics that this one can be merged into, as options by name. There are hundreds, and two lists of them."""
    found = [(one.topic.facts.topic, printable(one.topic.facts.name)) for one in queue]
    found.sort(key=lambda one: one[1].casefold())
    return Markup().join(
        Markup('<option value="{}">{} ({})</option>').format(
            number, name if len(name) < 60 else f"{name[:59]}…", number
        )
        for number, name in found
        if number != topic
    )


def _just_edited(one: Listed) -> Recorded | None:
    """What the address says was just merged, split or moved; None if it is undone by now."""
    deed = request.args.get("edited", "")
    return next((each for each in one.events if str(each.id) == deed and each.who and not each.undone_at), None)


def _in_force(decision: Decision | None) -> Filled:
    """What was filled in for the decision in force, so that a second decision does not silently drop its link."""
    return Filled(why=decision.why, link=decision.link) if decision else Filled()


def _views(queue: list[Queued], everything: TopicList, at: datetime) -> list[tuple[str, dict[str, str], int | None]]:
    """The saved views: a name, the parameters of the address, and how many topics are in it, None if not known."""
    comparable = everything.period.is_comparable(everything.known_since)
    changes = {"mine": {"assignee": me().name}, "nobody": {"assignee": NOBODY}}
    found = []
    for name in _VIEWS:
        asked = changes.get(name, {"stands": name})
        view = view_of(asked, at)
        count = sum(map(view.holds, queue)) if comparable or name not in ("new", "growing") else None
        found.append((name, asked, count))
    return found


def _choices(queue: Iterable[Queued], view: View) -> dict[str, list[str]]:
    """The values to filter by that are there, and the one that is chosen."""
    found: dict[str, set[str]] = {"assignee": {view.assignee}, "lang": {view.lang}, "section": {view.section}}
    for one in queue:
        found["assignee"].add(one.assignee or NOBODY)
        found["lang"].update(one.topic.facts.langs)
        found["section"].add(one.section)
    return {name: sorted(values - {""}) for name, values in found.items()}


def _longest(every: TopicList, at: datetime) -> str:
    waits = [at - one.status.waits_since for one in every.topics if one.status.waits_since]
    return longest_wait(max(waits, default=None), sum(one.status.late for one in every.topics), words)


def _untold(stands: str, every: TopicList) -> str:
    """Why no topic with this status is listed, if that cannot be known; else empty."""
    if stands not in ("new", "growing") or every.period.is_comparable(every.known_since):
        return ""
    return cannot_be_told(every.known_since, "new" if stands == "new" else "growing", words, every.period.zone)
