"""What is done about topics: decide, undo, assign and comment, for one topic or several at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.look import words as in_words
from handrail_feedback.desk.messages.message import form_token, sent_number
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.reports.topic_filter import View, place_of
from handrail_feedback.desk.reports.topics import Filled, TopicPages
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.decisions import MEANINGS, Assignment, Decision, DecisionKind
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.searches import decisions
from handrail_feedback.storage.searches.decisions import LONGEST_LINK, LONGEST_WHY
from handrail_feedback.storage.searches.triage import LONGEST_COMMENT, assign, comment
from handrail_kb.errors import HandrailError

MOST_AT_ONCE = 100


@dataclass(frozen=True)
class TriageActions:
    """The views that change topics. Leads decide and assign; everybody may comment."""

    pages: TopicPages

    def register(self, blueprint: Blueprint) -> None:
        """Add the actions below the address of the queue, and of each topic."""
        every = f"{self.pages.look.home}topics/"
        one = f"{every}<int:topic>/"
        for address, endpoint, action in (
            (f"{every}decide", "decide_several", self.decide_several),
            (f"{every}undo", "undecide_several", self.undo_several),
            (f"{one}decide", "decide", self.decide),
            (f"{one}undo", "undecide", self.undo),
            (f"{one}assign", "assign", self.assign),
            (f"{one}comment", "comment", self.comment),
        ):
            blueprint.add_url_rule(address, endpoint, action, methods=["POST"])

    def decide(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/decide: records a decision, and goes to the next topic of the queue."""
        _for_leads()
        self._exists(topic)
        sent = Filled(*(request.form.get(name, "")[:2000].strip() for name in ("why", "link")))
        after, status = self._after(topic), 422
        if not (fault := _fault(sent)):
            try:
                kept = self._decide(topic, sent, sent_number("seen") if "seen" in request.form else None)
                return self._go_on(after, topic, str(kept))
            except decisions.DecidedMeanwhile as error:
                fault, status = _meanwhile(error.found), 409
            except HandrailError as error:
                fault = error.what
        return self.pages.topic(topic, Filled(sent.why, sent.link, fault), status)

    def decide_several(self) -> AnyResponse:
        """POST desk/topics/decide: one decision for all topics that were chosen."""
        _for_leads()
        chosen = [tuple(text.partition(":")[::2]) for text in request.form.getlist("topic")[:MOST_AT_ONCE]]
        read = [(number_of(topic), number_of(seen)) for topic, seen in chosen]
        numbers = [(topic, seen) for topic, seen in read if topic is not None and seen is not None]
        fault = "" if numbers else in_words("topics.choose_one")
        sent = Filled(why=request.form.get("why", "")[:2000].strip())
        kept, changed = [], []
        if not (fault := fault or _fault(sent)):
            for topic, seen in numbers:
                try:
                    kept.append(self._decide(topic, sent, seen))
                except decisions.DecidedMeanwhile:
                    changed.append(topic)
                except HandrailError as error:
                    fault = error.what
        if changed:
            fault = in_words("topics.decided_meanwhile", number=len(changed))
        if fault:
            return self.pages.all(fault, 409 if changed else 422)
        return redirect(url_for("desk.topics", **self._view().address(), done=",".join(map(str, kept))), 303)

    def undo(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/undo: undoes the decision in force."""
        _for_leads()
        self._exists(topic)
        decisions.undo(self.pages.store, topic, me().name, now(), only=sent_number("decision"))
        return redirect(url_for("desk.topic", topic=topic, **self._view().address()), 303)

    def undo_several(self) -> AnyResponse:
        """POST desk/topics/undo: undoes the decisions that were just made, and goes back to the topic `to`, if any."""
        _for_leads()
        asked = {number_of(text) for text in request.form.getlist("decision")[:MOST_AT_ONCE]}
        for topic, made in decisions.history(self.pages.store).items():
            for one in made:
                if one.id in asked:
                    decisions.undo(self.pages.store, topic, me().name, now(), only=one.id)
        back, view = number_of(request.form.get("to", "")), self._view().address()
        to = url_for("desk.topics", **view) if back is None else url_for("desk.topic", topic=back, **view)
        return redirect(to, 303)

    def assign(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/assign: who takes care of it, and by when."""
        _for_leads()
        self._exists(topic)
        to, due = request.form.get("assignee", ""), request.form.get("due", "").strip()
        if to and to not in {one.name for one in staff.everybody(self.pages.store)}:
            raise NotFound
        try:
            day = date.fromisoformat(due) if due else None
        except ValueError:
            return self.pages.topic(topic, Filled(fault=in_words("topics.no_date", asked=due[:20])), 422)
        assign(self.pages.store, topic, Assignment(to, day), me().name, now())
        return redirect(url_for("desk.topic", topic=topic, **self._view().address()), 303)

    def comment(self, topic: int) -> AnyResponse:
        """POST desk/topics/TOPIC/comment: says something to colleagues."""
        self._exists(topic)
        words = request.form.get("words", "").strip()
        if len(words) > LONGEST_COMMENT:
            fault = in_words("topics.comment_long", most=LONGEST_COMMENT)
            return self.pages.topic(topic, Filled(fault=fault), 422)
        if words:
            comment(self.pages.store, topic, words, me().name, now(), form_token())
        return redirect(url_for("desk.topic", topic=topic, **self._view().address(), _anchor="comments"), 303)

    def _decide(self, topic: int, sent: Filled, seen: int | None) -> int:
        verdict = cast(DecisionKind, request.form["verdict"])
        return decisions.decide(
            self.pages.store,
            topic,
            verdict,
            me().name,
            now(),
            why=sent.why,
            link=sent.link,
            token=form_token(),
            seen=seen,
        ).id

    def _view(self) -> View:
        return self.pages.view(now())

    def _after(self, topic: int) -> int:
        """The topic that comes after this one in the queue that its page was opened from; 0 for none."""
        at, cached, view = now(), self.pages.cache.take(), self._view()
        queue = self.pages.queue(cached.queue(view.asked.period(cached.reading.at, self.pages.cache.zone), at))
        place = place_of(topic, view.shown(queue, also=topic))
        return place.after or place.before

    def _go_on(self, after: int, topic: int, kept: str) -> AnyResponse:
        more = {**self._view().address(), "done": kept}
        if request.form.get("stay"):
            return redirect(url_for("desk.topic", topic=topic, **more), 303)
        if after:
            return redirect(url_for("desk.topic", topic=after, **more), 303)
        return redirect(url_for("desk.topics", **more), 303)

    def _exists(self, topic: int) -> None:
        at, cached = now(), self.pages.cache.take_with(topic)
        if cached.find(topic, View().asked.period(at), at) is None:
            raise NotFound


def _for_leads() -> None:
    if me().role != "lead":
        raise Forbidden


def _fault(sent: Filled) -> str:
    """What is wrong with what was filled in; empty if it can be stored."""
    if request.form.get("verdict") not in MEANINGS:
        return in_words("topics.choose_decision")
    if len(sent.why) > LONGEST_WHY or len(sent.link) > LONGEST_LINK:
        return in_words("topics.reason_long", why=LONGEST_WHY, link=LONGEST_LINK)
    return ""


def _meanwhile(found: Decision | None) -> str:
    """Why a decision was not kept: which one another lead made or undid since the topic was read."""
    if found is None:
        return in_words("topics.undone_meanwhile")
    what = in_words(f"topics.decision.{found.verdict.replace(' ', '_')}")
    return in_words("topics.decided_by_other", who=found.who, what=what)
