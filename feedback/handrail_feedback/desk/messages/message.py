"""The page of one message: what the customer wrote and agreed to share, its thread, and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

from flask import Blueprint, redirect, request, send_file, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.contracts import Find, FindSimilar
from handrail_feedback.delivery.channels import can_answer
from handrail_feedback.delivery.letters import reply_address
from handrail_feedback.desk.look import Look
from handrail_feedback.desk.messages.inbox import Due, line_of
from handrail_feedback.desk.messages.similar import Companion, similar_messages
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.sign_in import me
from handrail_feedback.records.learned import teachable
from handrail_feedback.records.messages import LONGEST_ANSWER, MOST_QUESTIONS, Along, Answer, Case
from handrail_feedback.records.reference_codes import normalise, spoken
from handrail_feedback.records.stamps import now, storable_lines
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import answers_of, note_opened, outcomes_of
from handrail_feedback.storage.messages.handling import assignees, look
from handrail_feedback.storage.messages.messages import attachments_of
from handrail_feedback.storage.messages.threads import find_case, recent_cases, thread_of
from handrail_kb.addresses import address_of
from handrail_kb.config.settings import Settings
from handrail_kb.language.spoken_language import spoken_language

# A message of at most this many characters can be a question itself.
_AS_A_QUESTION = 120
_LONGEST_SEARCH = 500
# Older messages are not listed as similar.
_BESIDE = timedelta(days=30)


@dataclass(frozen=True)
class ThreadEntry:
    """A message or an answer in a thread.

    Of an answer, `lang` is the language of its words, and `asked_in` that of the message before it; empty where unsure.
    """

    at: datetime
    case: Case | None = None
    answer: Answer | None = None
    lang: str = ""
    asked_in: str = ""


@dataclass(frozen=True)
class UnsentAnswer:
    """What an agent has filled in but not sent, which stays, whatever else they do on the page."""

    body: str = ""
    search: str = ""
    questions: tuple[str, ...] | None = None
    notices: tuple[str, ...] = field(default=())
    fault: str = ""


@dataclass(frozen=True)
class MessagePage:
    """The page of one message, for all views that show it."""

    store: Store
    look: Look
    due: Due
    is_page: Callable[[str], bool]
    title_of: Callable[[str], str]
    find: Find
    settings: Settings
    near: FindSimilar

    @property
    def sends_mail(self) -> bool:
        """Whether the desk can mail answers."""
        return can_answer(self.settings)

    @property
    def address(self) -> str:
        """The URL rule of a message, below which its files and actions are."""
        return f"{self.look.home}m/<code>/"

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of a message's page and of its files."""
        blueprint.add_url_rule(self.address, "message", self.show, methods=["GET", "POST"])
        blueprint.add_url_rule(f"{self.address}file/<int:number>", "file", self.file)

    def show(self, code: str) -> AnyResponse:
        """GET desk/m/CODE/, with `q` to search for an article. POST: the same, keeping what was filled in."""
        known = normalise(code) or ""
        if known != code and find_case(self.store, known):
            return redirect(url_for("desk.message", code=known))
        try:
            return self.page(code, self.draft())
        except NotFound:
            return redirect(url_for("desk.home", code=code[:100]))

    def file(self, code: str, number: int) -> AnyResponse:
        """GET desk/m/CODE/file/NUMBER: a file of the message, as a download that never opens as a page of this site."""
        self.case(code)
        found = [one for one in attachments_of(self.store, code, contents=True) if one.id == number]
        if not found:
            raise NotFound
        response = send_file(BytesIO(found[0].content), found[0].type, as_attachment=True, download_name=found[0].name)
        response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
        return response

    def case(self, code: str) -> Case:
        """The message with this code. Raises NotFound."""
        case = find_case(self.store, code)
        if case is None:
            raise NotFound
        return case

    def draft(self) -> UnsentAnswer:
        """The unsent answer in the request, with the link to an article that is to be inserted."""
        sent = request.form.get("questions")
        return UnsentAnswer(
            storable_lines(request.form.get("body", "") + self._inserted(), LONGEST_ANSWER),
            request.values.get("q", "")[:_LONGEST_SEARCH],
            tuple(sent[:10_000].splitlines()) if sent is not None else None,
        )

    def again(self, code: str, *notices: str) -> AnyResponse:
        """The response after an action: a redirect to the page or, with an unsent answer or notices, the page."""
        draft = self.draft()
        if not draft.body.strip() and not notices:
            return redirect(url_for("desk.message", code=code), 303)
        return self.page(code, UnsentAnswer(draft.body, notices=notices))

    def page(self, code: str, draft: UnsentAnswer, status: int = 200) -> AnyResponse:
        """The page, with what was filled in. Raises NotFound."""
        at = now()
        note_opened(self.store, code, me().name, at)
        case = self.case(code)
        opened_by = look(self.store, code, me().name, at)
        cases, answers = thread_of(self.store, case.thread), answers_of(self.store, case.thread)
        questions = teachable_questions(case)
        return self.look.page(
            "message",
            code,  # not the customer's words, which a browser's history would keep
            status,
            line=line_of(case, self.due, at, assignees(self.store).get(code, ""), opened_by),
            staff=[member.name for member in staff.everybody(self.store)],
            case=case,
            draft=draft,
            entries=_thread(cases, answers),
            unanswered=any(one.is_open for one in cases),
            spoken=", ".join(word if word == symbol else f"{symbol} {word}" for symbol, word in spoken(code)),
            shared=self._shared(case),
            link=self.link,
            address=reply_address(case.message.reply_to),
            sends_mail=self.sends_mail,
            outcomes=[
                (one, self.title_of(one.location), self._url(one.location))
                for one in outcomes_of(self.store, case.thread)
            ],
            questions=list(questions if draft.questions is None else draft.questions),
            suggestions=self.find(draft.search or " ".join(questions[:1]) or case.message.message, case.message.lang),
            beside=self._beside(case, at),
            token=secrets.token_urlsafe(16),
            may_undo=may_undo,
            longest=LONGEST_ANSWER,
            seen=max((one.id for one in answers), default=0),
        )

    def _beside(self, case: Case, at: datetime) -> list[tuple[Companion, list[tuple[str, str]]]]:
        """Similar messages of the last days, each with what it led to."""
        alike = similar_messages(case, recent_cases(self.store, at, within=_BESIDE), self.near)
        led: dict[str, list[tuple[str, str]]] = {}
        for one in outcomes_of(self.store, *(companion.case.thread for companion in alike)):
            led.setdefault(one.thread, []).append((one.kind, self.title_of(one.location)))
        return [(one, led.get(one.case.thread, [])) for one in alike]

    def _inserted(self) -> str:
        location = request.form.get("insert", "")[:_LONGEST_SEARCH]
        return f"\n{self.link(location)}\n" if location and self._url(location) else ""

    def link(self, location: str) -> str:
        """The address of an article as an answer names it."""
        site = self.settings.site_url.rstrip("/")
        return f"{site}/{address_of(location)}" if site else self._url(location)

    def _url(self, location: str) -> str:
        page = location.partition("#")[0]
        return f"{self.look.base_path}{address_of(page)}" if self.is_page(page) else ""

    def _shared(self, case: Case) -> dict[str, list[tuple[Along, str]]]:
        """What the customer shared, by kind, each item with the address of its article on the site; else empty."""
        shared: dict[str, list[tuple[Along, str]]] = {}
        for one in case.message.along:
            url = self._url(one.location) if one.location else ""
            shared.setdefault(one.kind, []).append((one, url))
        return shared


def _thread(cases: Sequence[Case], answers: Sequence[Answer]) -> list[ThreadEntry]:
    """Messages and answers, oldest first."""
    entries = [ThreadEntry(one.message.at, case=one) for one in cases]
    for one in answers:
        asked = [case.message for case in cases if case.message.at <= one.at]
        asked_in = spoken_language(asked[-1].message) or asked[-1].lang if asked else ""
        entries.append(ThreadEntry(one.at, answer=one, lang=spoken_language(one.words), asked_in=asked_in))
    return sorted(entries, key=lambda entry: entry.at)


def teachable_questions(case: Case) -> tuple[str, ...]:
    """Questions that this message could teach search, redacted: its subject, and the searches that were shared."""
    message = case.message
    said = [message.subject, *(one.text for one in message.along if one.kind == "search")]
    if not any(said) and len(message.message.strip()) <= _AS_A_QUESTION:
        said = [message.message]
    fit = {one.casefold(): one for one in map(teachable, said) if one}
    return tuple(fit.values())[:MOST_QUESTIONS]


def may_undo(who: str) -> bool:
    """Whether the current user may undo what `who` did: their own actions or, as a lead, all."""
    return me().role == "lead" or me().name == who


def form_token() -> str:
    """The token of the form that was sent, by which a form sent twice counts once."""
    return request.form.get("token", "")[:64] or secrets.token_urlsafe(16)


def sent_number(name: str) -> int:
    """A number in the form that was sent. Raises NotFound if it is not a number."""
    if (number := number_of(request.form.get(name, ""))) is None:
        raise NotFound
    return number
