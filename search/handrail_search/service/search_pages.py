"""Search over HTTP: `api/search` for the dialog, `find` as a page without JavaScript; and OpenAPI.

Knows nothing of the store: each answered search is passed to `on_search`, which must not block.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, jsonify, make_response, render_template, request

from handrail_feedback.pages.request import problem_response
from handrail_feedback.records.reference_codes import normalise
from handrail_kb.addresses import address_of, location_of_address
from handrail_kb.contact.open_now import OpenChannel
from handrail_kb.contact.sensitive_topics import BUILT_IN, PERSON
from handrail_kb.errors import HandrailError, IndexUnusable
from handrail_kb.site.pages.choices import LANGUAGE, PRODUCT, choice_fields, choices_in
from handrail_kb.site.shell import fill
from handrail_kb.texts import LANGUAGES, text
from handrail_kb.texts.log.logger import Log
from handrail_search.index.manifest import REBUILD
from handrail_search.lexical.spelling import as_written
from handrail_search.ranking.answer.card import AnswerCard, CardBlock
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.results import Hit, Results
from handrail_search.ranking.searcher import MAX_LIMIT, clean_question
from handrail_search.service.site_files import BuiltSite

log = Log(__name__)


OPENAPI = Path(__file__).parent / "openapi.json"
_TAB = re.compile(r"[A-Za-z0-9_-]{8,64}")
_SEARCH_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_LANG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")
_LONGEST_ADDRESS = 2000
_BOT = re.compile(r"bot\b|crawl|spider|slurp|bingpreview|monitor|uptime|facebookexternalhit", re.IGNORECASE)


@dataclass(frozen=True)
class AnsweredSearch:
    """An answered search with everything the log records."""

    search_id: str
    tab: str | None
    lang: str
    results: Results
    at: datetime
    ms: float
    bot: bool
    source: Literal["dialog", "find", "api"]


def search_pages(
    live: LiveIndex,
    site: BuiltSite,
    on_search: Callable[[AnsweredSearch], None],
    on_said_no: Callable[[str], None] = lambda _search_id: None,
    *,
    can_notify: bool = False,
) -> Blueprint:
    """The views, at addresses below that of the site.

    Endpoints: `search.api`, `search.find`, `search.related`, `search.openapi`.
    `on_said_no` is given the id of a search whose results did not help, as said on the find page. `can_notify` says
    whether customers can be notified by mail when there is an answer.
    """
    base_path = site.base_path
    views = _Views(live, site, base_path, on_search, on_said_no, can_notify)
    blueprint = Blueprint("search", __name__, template_folder="templates")
    blueprint.add_url_rule(f"{base_path}api/search", "api", views.api)
    for path in ("find", "find/", "find.html", f"<any({', '.join(LANGUAGES)}):lang>/find/"):
        blueprint.add_url_rule(f"{base_path}{path}", "find", views.find, strict_slashes=False, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{base_path}api/related", "related", views.related)
    blueprint.add_url_rule(f"{base_path}api/openapi.json", "openapi", views.openapi)
    return blueprint


@dataclass(frozen=True)
class _Views:
    live: LiveIndex
    built: BuiltSite
    base_path: str
    on_search: Callable[[AnsweredSearch], None]
    on_said_no: Callable[[str], None]
    can_notify: bool

    def api(self) -> Response:
        """GET api/search: the answer to a question as JSON."""
        limit = request.args.get("limit", "10")
        if not re.fullmatch(r"[0-9]{1,4}", limit) or not 1 <= int(limit) <= MAX_LIMIT:
            return problem_response(400, f"'limit' must be a number from 1 to {MAX_LIMIT}.", "Leave it out for 10.")
        lang = request.args.get("lang", "")
        if lang and not _LANG.fullmatch(lang):
            return problem_response(400, "'lang' must be a language such as 'de'.", "Leave it out for the site's own.")
        more = request.args.get("more", "0")
        if more not in ("0", "1"):
            return problem_response(400, "'more' must be 0 or 1.", "Leave it out for the list up to its end.")
        try:
            search_id, results = self._ask("dialog" if _tab() else "api", int(limit), lang)
        except HandrailError as error:
            return problem_response(503, error.what, error.mend or "Build the index: handrail build")
        response = jsonify(self._answer(search_id, results, lang, more=more == "1"))
        response.headers["Cache-Control"] = "no-store"
        return response

    def find(self, lang: str = "") -> Response:
        """GET find: the same answer as a page; on a site in several languages one for each.

        POST find: "None of these" was pressed, and a person comes first.
        """
        site = self.built.info()
        question = clean_question(_question())
        said_no = self._said_no()
        answer, status = None, 200
        code = normalise(question)  # a reference code is not searched: it leads to the page of its message
        if question and not code:
            try:
                more = request.args.get("more", "")  # the search whose list is shown whole
                again = said_no or (more if _SEARCH_ID.fullmatch(more) else "")
                search_id, results = self._ask("find", 10, lang, again)
                answer = self._answer(search_id, results, lang, more=bool(more))
            except HandrailError as error:
                log("find.unavailable", reason=error)
                status = 503
        t, chosen = _Texts(lang or site.lang), choices_in(request.values)
        main = render_template(
            "search/find.html",
            t=t,
            question=question,
            answer=answer,
            unavailable=status == 503,
            said_no=bool(said_no),
            code=code,
            code_page=f"{self.base_path}contact/code/",
            page=f"{self.base_path}{_shell(lang)}/",
            contact=self._contact(question),
            as_written=as_written,
            chosen=chosen,
            choices=choice_fields(t.lang, site.choices, chosen=chosen),
        )
        title = t("find.heading", query=question) if question else t("find.title")
        return self._as_page(main, lang, title, status)

    def _as_page(self, main: str, lang: str, title: str, status: int) -> Response:
        page = fill(self.built.folder, _shell(lang), main, title=title, base_path=self.base_path)
        response = make_response(page, status)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _said_no(self) -> str:
        """The id of the search that the customer said "None of these" to, noted; empty for any other request."""
        search_id = request.form.get("said_no", "") if request.method == "POST" else ""
        if not _SEARCH_ID.fullmatch(search_id):
            return ""
        if not is_bot():
            self.on_said_no(search_id)
        return search_id

    def related(self) -> Response:
        """GET api/related: the articles that the reader of a page may want next; none where there is no index."""
        address = request.args.get("url", "")[:_LONGEST_ADDRESS]
        searcher = self.built.searcher()
        location = location_of_address(address.removeprefix(self.base_path))
        try:
            found = searcher.related(location) if searcher else ()
        except Exception:  # as in `_ask`: a page without them is better than an error
            if searcher is None or self.live.instead_of(searcher) is None:
                raise
            found = ()
        response = jsonify(
            articles=[{"url": self.base_path + address_of(one.location), "title": one.title} for one in found]
        )
        response.headers["Cache-Control"] = "max-age=300"
        return response

    def openapi(self) -> Response:
        """GET api/openapi.json: the description of the API."""
        document = OPENAPI.read_text(encoding="utf-8").replace('"url": "/"', f'"url": "{self.base_path}"')
        return Response(document, mimetype="application/json")

    def _ask(
        self, source: Literal["dialog", "find", "api"], limit: int, lang: str, again: str = ""
    ) -> tuple[str, Results]:
        """Search and log. Raises HandrailError when there is no usable index.

        `again` is the id of a search that is shown once more, which is not another search.
        """
        searcher = self.built.searcher()
        if searcher is None:
            raise self.live.problem or IndexUnusable("There is no index.", REBUILD)
        began = time.perf_counter()
        site, chosen = self.built.info(), choices_in(request.values)
        lang, question, only_lang = lang or site.lang, _question(), chosen.get(LANGUAGE, "")
        left_out = site.about_other_products(chosen.get(PRODUCT, ""))
        try:
            results = searcher.search(question, limit=limit, lang=lang, left_out=left_out, only_lang=only_lang)
        except HandrailError:
            raise
        except Exception:  # whatever it is, damaged files may be the cause: the generation was removed, or spoilt
            other = self.live.instead_of(searcher)
            if other is None:
                raise
            results = other.search(question, limit=limit, lang=lang, left_out=left_out, only_lang=only_lang)
        search_id = again or secrets.token_urlsafe(16)
        if results.query and not again:
            bot = is_bot()
            ms = (time.perf_counter() - began) * 1000
            self.on_search(AnsweredSearch(search_id, _tab(), lang, results, datetime.now(UTC), ms, bot, source))
        return search_id, results

    def _answer(self, search_id: str, results: Results, lang: str, *, more: bool) -> dict[str, Any]:
        """The answer; with `more`, its results go on beyond the end of the list."""
        return {
            "query": results.query,
            "verdict": results.verdict,
            "mode": results.mode,
            "degraded": results.degraded,
            "fallback_reason": results.fallback_reason,
            "corrected": results.corrected,
            "may_mean": [
                {"url": self.base_path + address_of(one.location), "title": one.title, "lang": one.lang}
                for one in results.may_mean
            ],
            "people_first": bool(
                results.verdict == "none"
                or results.may_mean
                or results.sensitive_topic
                or results.may_be_sensitive
                or (results.hits and results.hits[0].people_only)
            ),
            "search_id": search_id,
            "contact": self._contact(results.query) | self._about_topic(results, lang),
            "tell": self._notify_url(search_id, results, lang),
            "answer": results.answer and self._card(results.answer, lang),
            "results": [self._result(hit) for hit in (results.hits if more else results.shown)],
            "more": len(results.hits) - len(results.shown),
        }

    def _result(self, hit: Hit) -> dict[str, Any]:
        return {
            "url": self.base_path + address_of(hit.location),
            "title": hit.title,
            "heading": hit.heading,
            "breadcrumb": list(hit.breadcrumb),
            "snippet": hit.snippet,
            "score": hit.score,
            "lang": hit.lang,
            "other_language": hit.other_language,
            "fits": hit.fits,
            "why": dict(hit.why),
            "sections": [
                {
                    "url": self.base_path + address_of(section.location),
                    "heading": section.heading,
                    "snippet": section.snippet,
                    "score": section.score,
                }
                for section in hit.sections
            ],
        }

    def _card(self, card: AnswerCard, lang: str) -> dict[str, Any]:
        """The answer itself; `left_text` says how much of a list is left, in the words of the page that asks."""
        t = _Texts(lang or self.built.info().lang)

        def left_text(block: CardBlock) -> str:
            if block.kind != "steps":
                return t("find.card_items", count=block.left)
            return t("find.card_step") if block.left == 1 else t("find.card_steps", count=block.left)

        return {
            "url": self.base_path + address_of(card.location),
            "title": card.title,
            "heading": card.heading,
            "breadcrumb": list(card.breadcrumb),
            "lang": card.lang,
            "blocks": [asdict(block) | {"left_text": left_text(block) if block.left else ""} for block in card.blocks],
        }

    def _about_topic(self, results: Results, lang: str) -> dict[str, Any]:
        """The text for a sensitive topic, and a contact channel that is open now; the channel alone where unsure."""
        topic = results.sensitive_topic
        if topic is None and not results.may_be_sensitive:
            return {"matter": None, "said": "", "now": None}
        site = self.built.info()
        t = _Texts(lang or site.lang)
        way = site.opening.fastest(datetime.now(UTC), topic or "")
        page = f"{self.base_path}{site.contact_url}"
        return {
            "matter": topic,
            "said": t(f"matter.{topic if topic in (*BUILT_IN, PERSON) else 'own'}") if topic else "",
            "now": way
            and {
                "label": way.title,
                "url": page + way.address if way.address.startswith("#") else way.address,
                "hours": _hours(t, way),
            },
        }

    def _notify_url(self, search_id: str, results: Results, lang: str) -> str | None:
        """The address to ask for a notification. None where it may be a sensitive topic, or where we ask back."""
        if not self.can_notify or results.verdict == "answered" or not results.query:
            return None
        if results.sensitive_topic or results.may_be_sensitive or results.may_mean:
            return None
        asked = {"search": search_id, "q": results.query} | ({"lang": lang} if lang else {})
        return f"{self.base_path}tell/?{urlencode(asked, quote_via=quote)}"

    def _contact(self, question: str) -> dict[str, str]:
        site = self.built.info()
        words = f"?q={quote(question[:200])}" if question else ""
        label = site.contact_label or text(site.lang, "contact.link")
        return {"label": label, "url": f"{self.base_path}{site.contact_url}{words}"}


class _Texts:
    """The texts of one language, for templates."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return text(self.lang, key, **values)


def _shell(lang: str) -> str:
    """The built page that is filled with an answer; `lang` is empty for the site's own language."""
    return f"{lang}/find" if lang else "find"


def _hours(t: _Texts, way: OpenChannel) -> str:
    if not way.at_once:
        return ""
    return t("matter.open", time=way.until) if way.until else t("matter.open_always")


def _question() -> str:
    """The question of the request, as it was sent."""
    return request.values.get("q") or request.values.get("query") or ""


def is_bot() -> bool:
    """Whether the request identifies itself as coming from a robot."""
    return bool(_BOT.search(request.user_agent.string))


def _tab() -> str | None:
    """The browser tab's random token, if it is one."""
    tab = request.args.get("tab", "")
    return tab if _TAB.fullmatch(tab) else None
