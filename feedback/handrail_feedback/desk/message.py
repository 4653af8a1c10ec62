"""One message: what the customer wrote and agreed to share, its thread, and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import redirect, request, url_for
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.answers import Answer, answers_of, find_answer, note_opened, settle, take_back
from handrail_feedback.cases import Case, find_case, thread_of
from handrail_feedback.contact import Along, normalise, spoken
from handrail_feedback.db import Store, now
from handrail_feedback.desk.door import me
from handrail_feedback.desk.inbox import Due, line_of
from handrail_feedback.desk.pages import Look
from handrail_feedback.letters import reply_address


@dataclass(frozen=True)
class Entry:
    """A message or an answer, where it stands in the thread."""

    at: datetime
    case: Case | None = None
    answer: Answer | None = None


@dataclass(frozen=True)
class MessagePage:
    """The views of one message."""

    store: Store
    look: Look
    due: Due
    is_page: Callable[[str], bool]

    def show(self, code: str) -> AnyResponse:
        """GET desk/m/CODE/."""
        known = normalise(code) or ""
        case = find_case(self.store, known)
        if case is None:
            return redirect(url_for("desk.home", code=code[:100]))
        if known != code:
            return redirect(url_for("desk.message", code=known))
        at = now()
        note_opened(self.store, known, me().name, at)
        cases, answers = thread_of(self.store, case.thread), answers_of(self.store, case.thread)
        entries = [Entry(one.message.at, case=one) for one in cases]
        entries += [Entry(one.at, answer=one) for one in answers]
        return self.look.page(
            "message",
            known,  # and not the customer's words, which a browser's history would keep
            line=line_of(case, self.due, at),
            case=case,
            at=at,
            entries=sorted(entries, key=lambda entry: entry.at),
            # The follow-up is answered by whoever answers the thread.
            unanswered=any(one.is_open for one in cases),
            spoken=", ".join(word if word == symbol else f"{symbol} {word}" for symbol, word in spoken(known)),
            shared=self._shared(case),
            address=reply_address(case.message.reply_to),
            token=secrets.token_urlsafe(16),
            may_undo=self._may_undo,
        )

    def settled(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/answered: answered by phone or elsewhere, or nothing to answer."""
        case = self._known(code)
        way = request.form.get("way", "")
        if way not in ("elsewhere", "nothing"):
            raise NotFound
        token = request.form.get("token", "")[:64] or secrets.token_urlsafe(16)
        settle(self.store, case.message.code, "nothing" if way == "nothing" else "elsewhere", me().name, now(), token)
        return self._back(code)

    def unsettle(self, code: str) -> AnyResponse:
        """POST desk/m/CODE/open: takes an answer back that was given elsewhere, or was none."""
        case = self._known(code)
        number = request.form.get("answer", "")
        answer = find_answer(self.store, int(number)) if number.isdecimal() and len(number) < 15 else None
        if answer is None or answer.thread != case.thread:
            raise NotFound
        if not self._may_undo(answer.who):
            raise Forbidden
        take_back(self.store, answer.id, me().name, now())
        return self._back(code)

    def _known(self, code: str) -> Case:
        case = find_case(self.store, code)
        if case is None:
            raise NotFound
        return case

    def _back(self, code: str) -> AnyResponse:
        return redirect(url_for("desk.message", code=code), 303)

    def _may_undo(self, who: str) -> bool:
        """What somebody did, they take back themselves, or a lead does."""
        return me().role == "lead" or me().name == who

    def _shared(self, case: Case) -> dict[str, list[tuple[Along, str]]]:
        """What the customer ticked, by kind, each with the address of its article where it is one of ours."""
        shared: dict[str, list[tuple[Along, str]]] = {}
        for one in case.message.along:
            page = one.location.partition("#")[0]
            url = f"{self.look.base_path}{quote(page)}" if one.kind == "article" and self.is_page(page) else ""
            shared.setdefault(one.kind, []).append((one, url))
        return shared
