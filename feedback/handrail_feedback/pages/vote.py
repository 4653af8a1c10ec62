"""`api/feedback`: votes on articles, with reasons and a comment, as JSON from a script or as a form.

The answer to a form is a page with thanks, the link to a person, and a form for reasons.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from handrail_feedback.pages.request import (
    RefusedError,
    declines_log,
    identifier,
    json_object,
    location,
    problem_response,
    storable_text,
)
from handrail_feedback.pages.response import page_response
from handrail_feedback.records.searches import LONGEST_COMMENT, SearchEvent, Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_feedback.storage.upkeep.capacity import Kind
from handrail_kb.addresses import address_of
from handrail_kb.errors import StoreUnavailable
from handrail_kb.site.shell import fill
from handrail_kb.site.vote_form import reasons_of, why_form
from handrail_kb.texts import html_text, known_language, text
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


VOTE_BYTES = 8192
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class VotePage:
    """Receives votes, only on pages of the site. `of_bot` and `of_staff` say whose request it is.

    With `words` false no comment is kept.
    """

    store: Store
    search_log: SearchLog
    site_folder: Callable[[], Path]
    base_path: str
    lang: str
    is_page: Callable[[str], bool]
    of_bot: Callable[[], bool]
    of_staff: Callable[[], bool]
    admit: Callable[[Kind, int], None] = lambda _kind, _amount: None
    crowd_of: Callable[[str | None], str | None] = lambda _tab: None
    words: bool = True

    def register(self, blueprint: Blueprint) -> None:
        """Add the address to the blueprint."""
        blueprint.add_url_rule(f"{self.base_path}api/feedback", "vote", self.vote, methods=["POST"])

    def vote(self) -> Response:
        """POST api/feedback."""
        if request.mimetype == _FORM:
            return self._from_form()
        vote = self._read(json_object(VOTE_BYTES))
        if not self._keep(vote):
            return problem_response(503, "Your vote could not be kept.", "Please try again later.")
        return Response(status=204)

    def too_many(self) -> Response:
        """The answer to more votes than one address may send."""
        if request.mimetype == _FORM:
            return self._page(429, "too_many")
        return problem_response(429, "Too many votes came from this address.", "Wait a minute, then try again.")

    def _from_form(self) -> Response:
        try:
            sent = _form_values()
            vote = self._read(sent)
        except RefusedError as error:
            return self._page(error.status, "wrong")
        kept = self._keep(vote)
        more = "" if _is_more(sent) and kept else self._more(vote)
        if not kept:
            return self._page(503, "not_kept", more, vote)
        said = "more_thanks" if _is_more(sent) else "thanks_yes" if vote.helpful else "thanks_no"
        return self._page(200, said, more, vote)

    def _read(self, sent: Mapping[str, Any]) -> Vote:
        helpful = sent.get("helpful")
        if not isinstance(helpful, bool):
            raise RefusedError(400, "'helpful' must be true or false.", 'Send {"url": "…", "helpful": true}.')
        page = (location(sent, self.base_path, required=True) or "").partition("#")[0]
        if not self.is_page(page):
            raise RefusedError(400, "'url' is not a page of this site.", "Send the address of an article.")
        tab, bot, staff = identifier(sent, "tab"), self.of_bot(), self.of_staff()
        return Vote(
            location=page,
            helpful=helpful,
            at=now(),
            comment=storable_text(sent, "comment", LONGEST_COMMENT) if self.words else "",
            search_id=None if declines_log() else identifier(sent, "search_id"),
            tab=tab,
            reasons=_reasons(sent, helpful),
            bot=bot,
            staff=staff,
            crowd=None if bot or staff else self.crowd_of(tab),
        )

    def _keep(self, vote: Vote) -> bool:
        try:
            self.admit("votes", 1)
            keep_vote(self.store, vote)
        except StoreUnavailable as error:
            log("vote.not_kept", reason=error)
            return False
        if not vote.helpful and vote.search_id:
            self.search_log.event(SearchEvent(vote.search_id, "said_no", vote.at))
        return True

    def _more(self, vote: Vote) -> str:
        """The form for reasons, which adds to the same vote. It carries the vote's identifier, since no script does."""
        return why_form(
            self._words_lang(),
            vote.helpful,
            action=f"{self.base_path}api/feedback",
            url=self._address(vote.location),
            tab=vote.tab or "",
        )

    def _address(self, page: str) -> str:
        return f"{self.base_path}{address_of(page)}"

    def _words_lang(self) -> str:
        """The language of the page with the form."""
        return known_language(request.form.get("lang", "")[:20], self.lang)

    def _page(self, status: int, said: str, more: str = "", vote: Vote | None = None) -> Response:
        """A page in the look of the site, with the link to a person before the form for reasons."""
        lang = self._words_lang()

        def _(key: str) -> str:
            return html_text(lang, key)

        person = f'<p><a href="{escape(self.base_path)}contact/">{_("contact.link")}</a></p>'
        back = f'<p><a href="{escape(self._address(vote.location))}">{_("helpful.back")}</a></p>' if vote else ""
        main = f'<h1>{_("helpful.question")}</h1><p role="status">{_(f"helpful.{said}")}</p>{person}{more}{back}'
        page = fill(self.site_folder(), "find", main, title=text(lang, "helpful.question"), base_path=self.base_path)
        return page_response(page, status)


def _form_values() -> dict[str, Any]:
    """A form's fields in the shape of the JSON. The first form has no identifier for its vote, so it gets one."""
    request.max_content_length = request.max_form_memory_size = VOTE_BYTES
    try:
        sent = request.form
    except RequestEntityTooLarge as error:
        raise RefusedError(413, f"More than {VOTE_BYTES} bytes were sent.", "Send less.") from error
    values: dict[str, Any] = {name: sent[name] for name in ("url", "comment", "search_id", "tab") if sent.get(name)}
    values.setdefault("tab", secrets.token_urlsafe(16))
    values["helpful"] = {"1": True, "0": False}.get(sent.get("helpful", ""))
    return {**values, "reasons": sent.getlist("reason"), "more": "comment" in sent}


def _is_more(sent: Mapping[str, Any]) -> bool:
    return bool(sent.get("more"))


def _reasons(sent: Mapping[str, Any], helpful: bool) -> tuple[str, ...]:
    given, known = sent.get("reasons") or [], reasons_of(helpful)
    if not isinstance(given, list) or not all(isinstance(one, str) and one in known for one in given):
        raise RefusedError(400, "'reasons' must be a list of known reasons.", f"Send some of: {', '.join(known)}.")
    return tuple(dict.fromkeys(given))
