"""Actions on a message: mark it answered, name its article or ask for one; each can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.delivery.letters import reply_address
from handrail_feedback.desk.look import words
from handrail_feedback.desk.messages.message import MessagePage, form_token, may_undo, sent_number, teachable_questions
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.messages import LONGEST_ANSWER, Answer, Learned
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import answers
from handrail_feedback.storage.messages.answers import answer_by_mail, answers_of, find_answer, settle, undo_answer
from handrail_feedback.storage.messages.handling import assign


@dataclass(frozen=True)
class MessageActions:
    """The views that change a message."""

    store: Store
    page: MessagePage

    def register(self, blueprint: Blueprint) -> None:
        """Add each action below the address of the message."""
        for name, action in self.by_name().items():
            blueprint.add_url_rule(f"{self.page.address}{name}", name, action, methods=["POST"])
        blueprint.add_url_rule(f"{self.page.address}assign", "assign_message", self.assign, methods=["POST"])

    def by_name(self) -> dict[str, Callable[[str], AnyResponse]]:
        """The views by the last part of their addresses, which is also their endpoint."""
        return {
            "answer": self.answer,
            "answered": self.settled,
            "open": self.unsettle,
            "article": self.name_article,
            "needs": self.needs_article,
            "undo": self.undo_outcome,
        }

    def assign(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/assign: who takes care of the message."""
        self.page.case(code)
        to = request.form.get("assignee", "")
        if to and to not in {one.name for one in staff.everybody(self.store)}:
            raise NotFound
        assign(self.store, code, to, me().name, now())
        return self.page.again(code)

    def settled(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/answered: answered by phone or elsewhere, or closed without reply."""
        case = self.page.case(code)
        way = request.form.get("way", "")
        if way not in ("elsewhere", "nothing"):
            raise NotFound
        if other := self._meanwhile(case.thread):
            return self.page.again(code, words("message.settled_meanwhile", who=other.who))
        settle(self.store, code, "nothing" if way == "nothing" else "elsewhere", me().name, now(), form_token())
        return self.page.again(code)

    def answer(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/answer: mails an answer to the address that the customer left."""
        case, draft = self.page.case(code), self.page.draft()
        to = reply_address(case.message.reply_to)
        if not to or not self.page.sends_mail:
            raise NotFound
        fault = _fault(request.form.get("body", ""))
        if not fault and (other := self._meanwhile(case.thread)):
            done = "closed" if other.way == "nothing" else "answered"
            fault = words(f"message.{done}_meanwhile", who=other.who)
        if fault:
            return self.page.page(code, replace(draft, fault=fault), 422)
        answer_by_mail(self.store, code, draft.body, to, me().name, now(), form_token())
        return redirect(url_for("desk.message", code=code), 303)

    def _meanwhile(self, thread: str) -> Answer | None:
        """What a colleague did since this page was read, however they answered: customers get one answer, not two."""
        seen = number_of(request.form.get("seen", ""))
        others = [one for one in answers_of(self.store, thread) if one.in_force and one.who != me().name]
        return others[-1] if seen is not None and others and others[-1].id > seen else None

    def unsettle(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/open: takes back that it was answered elsewhere, or needed no answer."""
        case = self.page.case(code)
        answer = find_answer(self.store, sent_number("answer"))
        if answer is None or answer.thread != case.thread:
            raise NotFound
        if not may_undo(answer.who):
            raise Forbidden
        undo_answer(self.store, answer.id, me().name, now())
        return self.page.again(code)

    def name_article(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/article: this article answers it, and search learns these questions."""
        self.page.case(code)
        location = request.form.get("location", "").partition("#")[0]
        if not location or not self.page.is_page(location):
            raise NotFound
        asked = request.form.get("questions", "")[:10_000].splitlines()
        done = answers.name_article(self.store, code, location, asked, me().name, now(), form_token())
        return self.page.again(code, *_told(done))

    def needs_article(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/needs: no article answers it, and one should."""
        case = self.page.case(code)
        asked = request.form.get("questions", "")[:10_000].splitlines() or list(teachable_questions(case))
        answers.needs_article(self.store, code, asked, me().name, now(), form_token())
        return self.page.again(code)

    def undo_outcome(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/undo: takes back that an article answers it, or that one is needed."""
        case = self.page.case(code)
        outcome = answers.find_outcome(self.store, sent_number("outcome"))
        if outcome is None or outcome.thread != case.thread:
            raise NotFound
        if not may_undo(outcome.who):
            raise Forbidden
        answers.undo_outcome(self.store, outcome.id, me().name, now())
        return self.page.again(code)


def _fault(body: str) -> str:
    """What is wrong with an answer; empty if it can be sent."""
    if not body.strip():
        return words("message.answer_empty")
    if len(body.replace("\r\n", "\n")) > LONGEST_ANSWER:
        return words("message.answer_long", most=LONGEST_ANSWER)
    return ""


def _told(done: Learned) -> tuple[str, ...]:
    """Notices about the questions that search did not learn."""
    notices = []
    if done.removed:
        notices.append(words("message.question_taken_out"))
    if done.unfit:
        notices.append(words("message.question_left_out"))
    if not done.in_force and not notices:
        notices.append(words("message.not_taught"))
    return tuple(notices)
