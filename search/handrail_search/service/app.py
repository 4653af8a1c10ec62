"""Creates the application: the built site, search, events, votes, messages and the desk under one address.

The only place that joins search and feedback. When any part is missing, the others go on: without an index pages and
contact work, without a store search works, without the service pages and the theme's own search work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from flask import Flask, Response, request
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix

from handrail_feedback.accounts.sessions import marks_staff, secret_key
from handrail_feedback.delivery.alarm import FormAlarm
from handrail_feedback.delivery.channels import can_notify
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.desk.blueprint import add_desk
from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.pages.request import BoundedRequest, declines_log
from handrail_feedback.records.searches import Search, SearchEvent
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.upkeep.capacity import Capacity
from handrail_kb.config.settings import Settings
from handrail_search.adapters.proofs import Prover
from handrail_search.adapters.similar import SimilarMessages
from handrail_search.adapters.suggestions import articles_of, suggest
from handrail_search.adapters.teaching import Teaching
from handrail_search.adapters.topic_refresh import TopicWatch
from handrail_search.ranking.live import LiveIndex
from handrail_search.service.errors import add_errors
from handrail_search.service.headers import add_headers, refuse_other_sites
from handrail_search.service.hosts import add_hosts
from handrail_search.service.monitoring import metrics
from handrail_search.service.monitoring.health import add_health
from handrail_search.service.monitoring.requests import watch_requests
from handrail_search.service.monitoring.state_metrics import IndexMetrics, StoreMetrics
from handrail_search.service.monitoring.stopping import Stopping
from handrail_search.service.overload import refuse_late
from handrail_search.service.rate_limits.day_limits import DayLimits
from handrail_search.service.rate_limits.people import People
from handrail_search.service.rate_limits.rules import add_limits, client_of
from handrail_search.service.rate_limits.shared_counts import SharedCounts, shared_counts
from handrail_search.service.search_pages import AnsweredSearch, is_bot, search_pages
from handrail_search.service.site_files import BuiltSite, DecodedRule, add_site

BODY_BYTES = 128 * 1024


@dataclass(frozen=True)
class Parts:
    """What an application is made of, for whoever runs it: gunicorn, and tests. See `parts_of`."""

    site: BuiltSite
    live: LiveIndex
    store: Store
    searches: SearchLog
    meter: metrics.Meter
    teaching: Teaching
    prover: Prover
    topics: TopicWatch
    form: FormAlarm
    key: Callable[[], str]
    day_limits: DayLimits
    people: People
    # Where limits are counted over all nodes; None where each process counts for itself.
    counts: SharedCounts | None = None
    # In production alone, as the next one.
    stopping: Stopping | None = None
    sender: Sender | None = None


def parts_of(app: Flask) -> Parts:
    """The parts of an application that `create_app` made."""
    parts = app.extensions["handrail"]
    if not isinstance(parts, Parts):
        raise TypeError("this application was not made by create_app")
    return parts


def create_app(settings: Settings, stopping: Stopping | None = None) -> Flask:
    """The whole service as a WSGI application. Once it is `stopping`, it says that it is not ready, and answers."""
    app = Flask(__name__, static_folder=None)
    app.url_rule_class = DecodedRule  # type: ignore[assignment]
    app.request_class = BoundedRequest
    app.config.update(
        MAX_CONTENT_LENGTH=BODY_BYTES,
        COMPRESS_MIN_SIZE=600,
        COMPRESS_ALGORITHM_STREAMING=["zstd", "br", "gzip", "deflate"],
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions["handrail"] = parts = replace(_make_parts(settings), stopping=stopping)
    missing_at_desk = _add_pages(app, settings, parts)
    add_limits(app, settings, parts.counts)
    add_errors(app, parts.site, missing_at_desk)
    add_hosts(app, settings)
    grouping = None if settings.only_answers else parts.topics
    for watch in filter(None, (parts.live, parts.teaching, grouping, parts.counts)):
        watch.watch()
        app.before_request(watch.watch)  # again in a process that was forked since
    app.before_request(refuse_other_sites)
    app.after_request(add_headers(parts.site))
    app.after_request(partial(_count_messages, parts.meter, parts.form))
    Compress(app)
    if proxies := settings.number("trusted_proxies"):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    refuse_late(app)
    watch_requests(app, parts.meter.count_request, log_each=settings.text("log_format") == "json")
    return app


def _make_parts(settings: Settings) -> Parts:
    live = LiveIndex(settings.index_dir)
    store = Store(settings.store_place)
    capacity = Capacity(store)
    searches = SearchLog(
        store,
        retention_days=settings.number("retention_days"),
        enabled=settings.flag("log_searches"),
        capacity=capacity,
        words=settings.flag("log_words"),
    )
    teaching = Teaching(live, settings)
    prover = Prover(live, teaching)
    counts = shared_counts(settings)
    return Parts(
        site=BuiltSite(settings, live),
        live=live,
        store=store,
        searches=searches,
        meter=metrics.Meter(searches, IndexMetrics(live, settings, counts), StoreMetrics(store, settings)),
        teaching=teaching,
        prover=prover,
        topics=TopicWatch(live, settings, prover),
        form=FormAlarm(),
        key=partial(secret_key, settings),
        day_limits=DayLimits(capacity, counts),
        people=People(),
        counts=counts,
    )


def _add_pages(app: Flask, settings: Settings, parts: Parts) -> Callable[[], Response | None]:
    """Everything that has an address: search, pages, the desk, health, the site. Returns what `add_desk` does."""
    site, live, store = parts.site, parts.live, parts.store
    base = site.base_path

    def crowd_of(tab: str | None) -> str | None:
        return parts.people.crowd_of(tab, client_of(request.remote_addr or ""))

    def on_search(asked: AnsweredSearch) -> None:
        parts.meter.count(asked)
        if not declines_log() and parts.day_limits.takes("searches"):
            staff = _is_staff()
            crowd = None if asked.bot or staff else crowd_of(asked.tab)
            parts.searches.record(_as_search(asked, by_staff=staff, crowd=crowd))

    def on_said_no(search_id: str) -> None:
        if not declines_log():
            parts.searches.event(SearchEvent(search_id, "said_no", now()))

    app.register_blueprint(search_pages(live, site, on_search, on_said_no, can_notify=can_notify(settings)))
    lang = site.info().lang
    seen = SiteSeen(
        base,
        lang,
        site.is_page_at_hand,
        lambda: site.info().channels,
        parts.key,
        is_bot,
        _is_staff,
        lambda: site.folder,
        parts.day_limits.admit,
        crowd_of,
    )
    app.register_blueprint(customer_pages(store, parts.searches, settings, seen))
    missing_at_desk = _no_desk if settings.only_answers else _add_desk(app, settings, parts)
    add_health(app, base, live, store, site, parts.meter, parts.counts, parts.stopping)
    add_site(app, site)
    return missing_at_desk


def _no_desk() -> None:
    """What answers instead of a desk that is not here: nobody."""


def _add_desk(app: Flask, settings: Settings, parts: Parts) -> Callable[[], Response | None]:
    site, live = parts.site, parts.live
    return add_desk(
        app,
        parts.store,
        settings,
        base_path=site.base_path,
        site_info=site.info,
        is_page=site.is_page,
        title_of=site.title_of,
        find=partial(suggest, live, site.base_path),
        near=SimilarMessages(live).near,
        articles_of=partial(articles_of, live),
        site_folder=lambda: site.folder,
    )


def _is_staff() -> bool:
    return marks_staff(request.cookies)


def _count_messages(meter: metrics.Meter, form: FormAlarm, response: Response) -> Response:
    """Count messages by their outcome, and raise the alarm when one could not be stored."""
    if request.endpoint == "feedback.contact":
        meter.count_message(response.status_code)
        if response.status_code >= 500:
            form.note()
    return response


def _as_search(asked: AnsweredSearch, *, by_staff: bool, crowd: str | None) -> Search:
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
        fits=tuple(hit.fits for hit in results.hits),
        at=asked.at,
        ms=asked.ms,
        bot=asked.bot,
        staff=by_staff,
        source=asked.source,
        asked_back=bool(results.may_mean),
        wants_person=results.wants_person,
        crowd=crowd,
        public=results.public,
    )
