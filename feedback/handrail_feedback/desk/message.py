"""One message: what the customer wrote and agreed to share, its thread, and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO

from flask import redirect, request, send_file, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.answers import LONGEST_ANSWER, Answer, answers_of, note_opened
from handrail_feedback.attachments import attachments_of
from handrail_feedback.cases import Case, find_case, recent_cases, thread_of
from handrail_feedback.contact import Along, normalise, spoken
from handrail_feedback.db import Store, now, storable
from handrail_feedback.desk.door import me
from handrail_feedback.desk.inbox import Due, line_of
from handrail_feedback.desk.pages import Look
from handrail_feedback.desk.together import Near, beside
from handrail_feedback.learned import teachable
from handrail_feedback.letters import reply_address
from handrail_feedback.outcomes import MOST_QUESTIONS, outcomes_of
from handrail_kb.addresses import address_of

# A message of one line is a question itself.
_AS_A_QUESTION = 120
_LONGEST_SEARCH = 500
# What was written longer ago is not shown beside a message.
_BESIDE = timedelta(days=30)


@dataclass(frozen=True)
class Suggestion:
    """An article that may answer; `location` is its page's. `snippet` is escaped text with <mark>."""

    location: str
    url: str
    title: str
    heading: str
    snippet: str


Find = Callable[[str, str], Sequence[Suggestion]]  # asked with words and a language


@dataclass(frozen=True)
class Entry:
    """A message or an answer, where it stands in the thread."""

    at: datetime
    case: Case | None = None
    answer: Answer | None = None


@dataclass(frozen=True)
class Draft:
    """What somebody has filled in and not sent: it is shown again, whatever else they do on the page."""

    body: str = ""
    search: str = ""
    questions: tuple[str, ...] | None = None
    notices: tuple[str, ...] = field(default=())
    fault: str = ""


@dataclass(frozen=True)
class MessagePage:
    """The page of one message, for all views that lead there."""

    store: Store
    look: Look
    due: Due
    is_page: Callable[[str], bool]
    title_of: Callable[[str], str]
    find: Find
    sends_mail: bool
    near: Near

    def show(self, code: str) -> AnyResponse:
        """GET desk/m/CODE/, with `q` to search for an article; POST the same with what was filled in."""
        known = normalise(code) or ""
        if not find_case(self.store, known):
            return redirect(url_for("desk.home", code=code[:100]))
        if known != code:
            return redirect(url_for("desk.message", code=known))
        return self.page(known, self.draft())

    def file(self, code: str, number: int) -> AnyResponse:
        """GET desk/m/CODE/file/NUMBER: a file of the message, to be saved; it never becomes a page of this site."""
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

    def draft(self) -> Draft:
        """What came with the request."""
        sent = request.form.get("questions")
        return Draft(
            storable(request.form.get("body", ""), LONGEST_ANSWER).replace("\r\n", "\n"),
            request.values.get("q", "")[:_LONGEST_SEARCH],
            tuple(sent[:10_000].splitlines()) if sent is not None else None,
        )

    def again(self, code: str, *notices: str) -> AnyResponse:
        """Back to the page after something was done; with an answer that is begun, the page itself, which keeps it."""
        draft = self.draft()
        if not draft.body.strip() and not notices:
            return redirect(url_for("desk.message", code=code), 303)
        return self.page(code, Draft(draft.body, notices=notices))

    def page(self, code: str, draft: Draft, status: int = 200) -> AnyResponse:
        """The page, with what was filled in."""
        case, at = self.case(code), now()
        note_opened(self.store, code, me().name, at)
        cases, answers = thread_of(self.store, case.thread), answers_of(self.store, case.thread)
        entries = [Entry(one.message.at, case=one) for one in cases] + [Entry(one.at, answer=one) for one in answers]
        questions = questions_of(case)
        return self.look.page(
            "message",
            code,  # and not the customer's words, which a browser's history would keep
            status,
            line=line_of(case, self.due, at),
            case=case,
            draft=draft,
            entries=sorted(entries, key=lambda entry: entry.at),
            unanswered=any(one.is_open for one in cases),
            spoken=", ".join(word if word == symbol else f"{symbol} {word}" for symbol, word in spoken(code)),
            shared=self._shared(case),
            address=reply_address(case.message.reply_to),
            sends_mail=self.sends_mail,
            outcomes=[(one, self.title_of(one.location), self._url(one.location)) for one in
                      outcomes_of(self.store, case.thread)],
            questions=list(questions if draft.questions is None else draft.questions),
            suggestions=self.find(draft.search or " ".join(questions[:1]) or case.message.message, case.message.lang),
            beside=[
                (one, [(led.kind, self.title_of(led.location)) for led in outcomes_of(self.store, one.case.thread)])
                for one in beside(case, recent_cases(self.store, at, within=_BESIDE), self.near)
            ],
            token=secrets.token_urlsafe(16),
            may_undo=may_undo,
            longest=LONGEST_ANSWER,
            seen=max((one.id for one in answers), default=0),
        )  # fmt: skip

    def _url(self, location: str) -> str:
        page = location.partition("#")[0]
        return f"{self.look.base_path}{address_of(page)}" if self.is_page(page) else ""

    def _shared(self, case: Case) -> dict[str, list[tuple[Along, str]]]:
        """What the customer ticked, by kind, each with the address of its article where it is one of ours."""
        shared: dict[str, list[tuple[Along, str]]] = {}
        for one in case.message.along:
            url = self._url(one.location) if one.location else ""
            shared.setdefault(one.kind, []).append((one, url))
        return shared


def questions_of(case: Case) -> tuple[str, ...]:
    """What search could be taught by this message: what they searched and ticked, what it is about; redacted."""
    message = case.message
    said = [message.subject, *(one.text for one in message.along if one.kind == "search")]
    if not any(said) and len(message.message.strip()) <= _AS_A_QUESTION:
        said = [message.message]
    fit = {one.casefold(): one for one in map(teachable, said) if one}
    return tuple(fit.values())[:MOST_QUESTIONS]


def may_undo(who: str) -> bool:
    """What somebody did, they take back themselves, or a lead does."""
    return me().role == "lead" or me().name == who


def form_token() -> str:
    """The token of the form that was sent, so that it counts once."""
    return request.form.get("token", "")[:64] or secrets.token_urlsafe(16)


def sent_number(name: str) -> int:
    """A number that a form sends. Raises NotFound when it is none."""
    number = request.form.get(name, "")
    if not (number.isascii() and number.isdecimal() and len(number) < 15):
        raise NotFound
    return int(number)
