"""The service: the built site, search, events, votes and messages under one address.

The only place that joins search and feedback. Whatever part is missing, the others go on: without an index pages and
contact work, without a store search works, without the service pages and the theme's own search work.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import partial
from html import escape
from urllib.parse import unquote

from flask import Flask, Response, g, jsonify, make_response, request
from flask_compress import Compress
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, NoMoreData, ParseException
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from handrail_feedback.alarm import FormAlarm
from handrail_feedback.channels import can_tell
from handrail_feedback.db import Store, now
from handrail_feedback.desk.blueprint import add_desk
from handrail_feedback.desk.sessions import STAFF_COOKIE, secret_key
from handrail_feedback.outbox_state import standing
from handrail_feedback.searches import Search, SearchLog
from handrail_feedback.views import create_blueprint as feedback_blueprint
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.settings import Settings
from handrail_kb.shells import fill
from handrail_kb.texts import text
from handrail_search import metrics
from handrail_search.built_site import BuiltSite, DecodedRule, add_site
from handrail_search.desk_search import articles_of, suggest
from handrail_search.hosts import add_hosts
from handrail_search.limits import add_limits
from handrail_search.live import LiveIndex
from handrail_search.proving import Prover
from handrail_search.teaching import Teaching
from handrail_search.together import Together
from handrail_search.topic_watch import TopicWatch
from handrail_search.views import Asked, is_bot, problem
from handrail_search.views import create_blueprint as search_blueprint

log = logging.getLogger(__name__)

_BODY_BYTES = 128 * 1024
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def create_app(settings: Settings) -> Flask:
    """The whole service as a WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = DecodedRule  # type: ignore[assignment]
    app.config.update(
        MAX_CONTENT_LENGTH=_BODY_BYTES,
        COMPRESS_MIN_SIZE=600,
        COMPRESS_ALGORITHM_STREAMING=["zstd", "br", "gzip", "deflate"],
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    site = BuiltSite(settings)
    live = LiveIndex(settings.index_dir)
    store = Store(settings.store_file)
    searches = SearchLog(store, retention_days=settings.number("retention_days"), enabled=settings.flag("log_searches"))
    meter = metrics.Meter(live, searches, store)
    teaching = Teaching(live, settings)
    teaching.watch()
    prover = Prover(live, teaching)
    topics = TopicWatch(live, settings, prover)
    topics.watch()

    def on_search(asked: Asked) -> None:
        meter.count(asked)
        searches.record(_as_search(asked, by_staff=_is_staff()))

    base = site.base_path
    app.register_blueprint(
        search_blueprint(live, settings.site_dir, site.info, base, on_search, tells=can_tell(settings))
    )
    lang = site.info().lang
    key = partial(secret_key, settings)
    app.register_blueprint(
        feedback_blueprint(
            store, searches, settings, base_path=base, lang=lang, is_page=site.is_page, key=key,
            other_ways=lambda: site.info().contact_ways, of_bot=is_bot, of_staff=_is_staff,
        )
    )  # fmt: skip
    if not settings.only_answers:
        add_desk(
            app, store, settings, base_path=base, site_name=lambda: site.info().name, is_page=site.is_page,
            title_of=site.title_of, find=partial(suggest, live, base), near=Together(live).near,
            articles_of=partial(articles_of, live), articles=lambda: site.info().articles,
        )  # fmt: skip
    _add_health(app, base, live, store, site, meter)
    add_site(app, site)
    add_limits(app, settings)
    _add_errors(app, site)
    add_hosts(app, settings)
    app.before_request(teaching.watch)
    app.before_request(topics.watch)
    app.before_request(_refuse_other_sites)
    app.after_request(_headers(site))
    form = FormAlarm()
    app.after_request(partial(_count_messages, meter, form))
    Compress(app)
    proxies = settings.number("trusted_proxies")
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    app.extensions["handrail"] = {
        "live": live, "store": store, "searches": searches, "teaching": teaching, "topics": topics, "form": form,
        "prover": prover, "key": key,
    }  # fmt: skip
    return app


def _is_staff() -> bool:
    return STAFF_COOKIE in request.cookies


def _count_messages(meter: metrics.Meter, form: FormAlarm, response: Response) -> Response:
    """Count what became of messages that were sent, and raise the alarm when one could not be kept."""
    if request.endpoint == "feedback.contact":
        meter.count_message(response.status_code)
        if response.status_code >= 500:
            form.note()
    return response


def _as_search(asked: Asked, *, by_staff: bool) -> Search:
    results = asked.results
    return Search(
        search_id=asked.search_id,
        tab=asked.tab,
        query=results.query,
        lang=asked.lang,
        verdict=results.verdict,
        mode=results.mode,
        degraded=results.degraded,
        fallback_reason=results.fallback_reason,
        results=tuple(hit.location for hit in results.hits),
        scores=tuple(hit.score for hit in results.hits),
        at=asked.at,
        ms=asked.ms,
        bot=asked.bot,
        staff=by_staff,
        source=asked.source,
    )


def _add_health(app: Flask, base: str, live: LiveIndex, store: Store, site: BuiltSite, meter: metrics.Meter) -> None:
    def healthz() -> Response:
        """The process answers."""
        return make_response("alive\n", {"Content-Type": "text/plain; charset=utf-8"})

    def readyz() -> Response:
        """Index, store and site can be used; 503 with the reasons otherwise. Words without meaning count as ready."""
        searcher = live.searcher()
        problems = [live.problem] if live.problem else []
        try:
            store.check()
        except StoreUnavailable as error:
            problems.append(error)
        if not site.folder.is_dir():
            problems.append(HandrailError(f"There is no site at {site.folder}.", "Build it: handrail build"))
        state = {
            "ready": not problems,
            "degraded": searcher.missing if searcher else None,
            "generation": searcher.index.name if searcher else None,
            "articles": len(searcher.index.pages) if searcher else 0,
            "problems": [{"what": error.what, "mend": error.mend} for error in problems],
            "outbox": _outbox(store),
        }
        return make_response(jsonify(state), 503 if problems else 200)

    app.add_url_rule(f"{base}healthz", "healthz", healthz)
    app.add_url_rule(f"{base}readyz", "readyz", readyz)
    app.add_url_rule(f"{base}metrics", "metrics", meter.page)


def _outbox(store: Store) -> dict[str, int] | None:
    """What waits for a person. It makes nobody less ready: here, taking a service away would only take contact away."""
    try:
        at = now()
        stands = standing(store, at)
    except StoreUnavailable:
        return None
    return {"waiting": stands.waiting, "oldest_seconds": int(stands.age(at).total_seconds())}


def _missing(site: BuiltSite) -> Response:
    """The site's own 404 page."""
    file = site.folder / "404.html"
    if file.is_file():
        g.site_file = file.name
        return make_response(file.read_text(encoding="utf-8"), 404)
    return _plain_page(site, 404, "missing.title", "missing.body")


def _plain_page(site: BuiltSite, status: int, title: str, body: str) -> Response:
    """A page in the site's look with a sentence and the way to a person."""
    info = site.info()
    label = info.contact_label or text(info.lang, "contact.link")
    main = (
        f"<h1>{escape(text(info.lang, title))}</h1><p>{escape(text(info.lang, body))}</p>"
        f'<p><a href="{escape(site.base_path + info.contact_url)}">{escape(label)}</a></p>'
    )
    page = fill(site.folder, "find", main, title=text(info.lang, title), base_path=site.base_path)
    return make_response(page, status)


def _add_errors(app: Flask, site: BuiltSite) -> None:
    def wants_json() -> bool:
        """The service's own addresses answer JSON, but a form sent without JavaScript wants a page."""
        is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
        is_script = request.accept_mimetypes.best == "application/json"
        return request.path.startswith(f"{unquote(site.base_path)}api/") and (is_script or not is_form)

    def refused(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 404 and not wants_json():
            return _missing(site)
        if wants_json():
            return problem(status, error.description or error.name, _MEND.get(status, "See api/openapi.json."))
        if status == 429:
            key = "contact.error_rate" if request.method == "POST" else "find.too_many"
            return _plain_page(site, status, "find.title", key)
        return _plain_page(
            site, status, "contact.title" if request.method == "POST" else "find.title", "contact.service_down"
        )

    def failed(error: Exception) -> Response:
        """A fault of ours: logged with its place, told without a traceback, with the way to a person."""
        # Not the error's own words: they may be a customer's.
        place = traceback.extract_tb(error.__traceback__)[-1]
        name = f"{request.method} {request.endpoint}"
        log.error("%s failed: %s at %s:%s", name, type(error).__name__, place.filename, place.lineno)
        if wants_json():
            return problem(500, "The service failed at this request.", "Try again, or contact a person.")
        return _plain_page(site, 500, "contact.title", "contact.service_down")

    def unreadable(_error: Exception) -> Response:
        return problem(400, "The body of this request cannot be read.", "Send it again.")

    for broken in (ParseException, InvalidChunkSize, ChunkMissingTerminator, NoMoreData):
        app.register_error_handler(broken, unreadable)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)


_MEND = {
    404: "See what is there: api/openapi.json",
    405: "See which methods are understood: api/openapi.json",
    413: "Send less.",
    429: "Wait a minute, then try again.",
}


def _refuse_other_sites() -> Response | None:
    """Another site's page may link here, but may not send anything in a customer's name."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return problem(403, "This request comes from another site.", "Send it from the help site itself.")
    origin = request.headers.get("Origin")
    if origin and origin != "null" and origin.partition("://")[2] != request.host:
        return problem(403, "This request comes from another site.", "Send it from the help site itself.")
    return None


def _headers(site: BuiltSite) -> Callable[[Response], Response]:
    def add(response: Response) -> Response:
        for name, value in {**_HEADERS, **site.protection(g.get("site_file", ""))}.items():
            if value:
                response.headers.setdefault(name, value)
        return response

    return add
