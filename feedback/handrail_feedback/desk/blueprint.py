"""The addresses of the desk, as one blueprint, and the sign-in that all of them require."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, partial
from pathlib import Path
from urllib.parse import unquote

from flask import Blueprint, Flask, Response, current_app, redirect, request, session, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts.openid_settings import provider_of
from handrail_feedback.accounts.passwords import ManyAtOnce
from handrail_feedback.accounts.sessions import DeskSessions
from handrail_feedback.contracts import Find, FindSimilar, nobody
from handrail_feedback.delivery.channels import desk_of
from handrail_feedback.desk.accounts.events import AccountEvents
from handrail_feedback.desk.accounts.openid import OpenIdSignIn
from handrail_feedback.desk.accounts.own_account import OwnAccount
from handrail_feedback.desk.accounts.second_factor import SecondFactor, ask_for_code
from handrail_feedback.desk.answer_times import AnswerTimes
from handrail_feedback.desk.counted import CountedPage
from handrail_feedback.desk.downloads import MOST_ROWS
from handrail_feedback.desk.look import Look, waiting, words
from handrail_feedback.desk.messages.actions import MessageActions
from handrail_feedback.desk.messages.inbox import Due, Inbox
from handrail_feedback.desk.messages.message import MessagePage
from handrail_feedback.desk.reports.article_cache import ArticleFactsCache
from handrail_feedback.desk.reports.articles import ArticlePages
from handrail_feedback.desk.reports.list_view import number_of
from handrail_feedback.desk.reports.topic_cache import ArticlesOf, TopicCache
from handrail_feedback.desk.reports.topic_edits import TopicEdits
from handrail_feedback.desk.reports.topics import TopicPages
from handrail_feedback.desk.reports.triage import TriageActions
from handrail_feedback.desk.reports.weekly import WeeklyReportPage
from handrail_feedback.desk.sign_in import HALF, SignIn, doer, me
from handrail_feedback.records.staff import LONGEST_SESSION, StaffMember
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_feedback.reports.weekly_pages import STATIC
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.threads import MOST_IN_INBOX
from handrail_kb.config.settings import Settings
from handrail_kb.contact.answer_limit import answer_limit_of
from handrail_kb.contact.reply_due import contact_of, due
from handrail_kb.errors import StoreUnavailable
from handrail_kb.site.built.site_info import SiteInfo
from handrail_kb.site.help_links import one_click
from handrail_kb.texts.amounts import percent
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


FORM_BYTES = 64 * 1024
_WITHOUT_SESSION = ("desk.login", "desk.openid_begin", "desk.openid_back", "desk.static")
# What is open to somebody whose password is still the one that the command made.
_WITH_FIRST_PASSWORD = (*_WITHOUT_SESSION, *(f"desk.{name}" for name in ("account", "logout", "change_password")))
# What is open to somebody who has yet to set up the second factor that their account needs.
_WITHOUT_FACTOR = (*_WITH_FIRST_PASSWORD, "desk.second_factor_begin", "desk.second_factor_on")


def add_desk(
    app: Flask,
    store: Store,
    settings: Settings,
    *,
    base_path: str,
    site_info: Callable[[], SiteInfo] = SiteInfo,
    is_page: Callable[[str], bool] = lambda _location: True,
    title_of: Callable[[str], str] = lambda location: location,
    find: Find = lambda _words, _lang: (),
    near: FindSimilar = nobody,
    articles_of: ArticlesOf = lambda _queries: KnownArticles(),
    site_folder: Callable[[], Path] | None = None,
) -> Callable[[], Response | None]:
    """Add the desk at `desk/` below `base_path`. The endpoint to limit by address and by name is `desk.login`.

    Returns what answers where nothing is: a page for colleagues at the desk, None for others.
    """
    look = _look(settings, base_path, site_info, site_folder)
    least = settings.number("topic_people")
    topics = TopicCache(store, articles_of, least, lambda: one_click(look.site_dir), look.zone)
    articles_seen = ArticleFactsCache(store, lambda: site_info().articles, least, look.zone)
    sign_in = _sign_in(store, look, settings, topics.warm_once)
    reply_due = _reply_due(settings)
    message = MessagePage(store, look, reply_due, is_page, title_of, find, settings, near)
    blueprint = _empty(sign_in, look, _prepare(app, sign_in, settings, look.home))
    for pages in (
        sign_in,
        Inbox(store, look, reply_due, near, (topics.warm, articles_seen.warm)),
        message,
        MessageActions(store, message),
        *_of_report(store, topics, look, settings),
        *_of_topics(TopicPages(store, topics, look, is_page, site_info)),
        CountedPage(store, topics, look, title_of),
        ArticlePages(articles_seen, look, is_page),
        *_of_accounts(sign_in),
    ):
        pages.register(blueprint)
    app.register_blueprint(blueprint)
    return lambda: _missing(sign_in)


def _reply_due(settings: Settings) -> Due:
    """By when an answer is promised. Each look at the inbox asks for every message; the promise is read once."""
    return lru_cache(MOST_IN_INBOX)(partial(due, contact_of(settings)))


def _look(
    settings: Settings, base_path: str, site_info: Callable[[], SiteInfo], site_folder: Callable[[], Path] | None
) -> Look:
    folder = site_folder or (lambda: settings.site_dir)
    return Look(folder, base_path, lambda: site_info().name, contact_of(settings).zone)


def _sign_in(store: Store, look: Look, settings: Settings, expect: Callable[[], None]) -> SignIn:
    idle, factor_for = timedelta(minutes=settings.number("desk_idle_minutes")), settings.text("desk_second_factor")
    return SignIn(store, look, look.base_path, look.home, expect, idle, ask_for_code, factor_for, provider_of(settings))


def _of_report(
    store: Store, topics: TopicCache, look: Look, settings: Settings
) -> tuple[AnswerTimes, WeeklyReportPage]:
    answers = AnswerTimes(store, topics, look, answer_limit_of(settings))
    return answers, WeeklyReportPage(store, topics, look, desk_of(settings), answers)


def _of_topics(pages: TopicPages) -> tuple[TopicPages, TriageActions, TopicEdits]:
    return pages, TriageActions(pages), TopicEdits(pages)


def _of_accounts(sign_in: SignIn) -> tuple[OwnAccount | SecondFactor | AccountEvents | OpenIdSignIn, ...]:
    own = OwnAccount(sign_in)
    others = (OpenIdSignIn(sign_in, sign_in.provider),) if sign_in.provider else ()
    return own, SecondFactor(sign_in, own), AccountEvents(sign_in.store, sign_in.look), *others


def _empty(sign_in: SignIn, look: Look, csrf: CSRFProtect) -> Blueprint:
    """The blueprint without pages: the checks before each page, the headers of each, and the handlers of errors."""
    blueprint = Blueprint(
        "desk", __name__, template_folder="templates", static_folder=STATIC, static_url_path=f"{look.home}static"
    )
    blueprint.before_request(lambda: _guard(sign_in, csrf))
    blueprint.after_request(_keep_private)
    blueprint.register_error_handler(CSRFError, lambda _error: _stale(sign_in))
    blueprint.register_error_handler(429, lambda _error: _too_many(sign_in))
    blueprint.register_error_handler(ManyAtOnce, lambda _error: _many_at_once(sign_in))
    for status in _REFUSED:
        blueprint.register_error_handler(status, lambda _error, status=status: _refused(sign_in, status))
    blueprint.register_error_handler(StoreUnavailable, lambda error: _no_store(look, error))
    blueprint.register_error_handler(Exception, lambda error: _failed(look, error))
    blueprint.add_app_template_filter(waiting, "span")
    blueprint.add_app_template_filter(look.clock, "clock")
    blueprint.add_app_template_filter(look.day, "day")
    blueprint.add_app_template_filter(percent, "percent")
    blueprint.context_processor(_who_is_there)
    minutes = sign_in.idle // timedelta(minutes=1)
    blueprint.context_processor(lambda: {"most_rows": MOST_ROWS, "idle_minutes": minutes})
    return blueprint


def _prepare(app: Flask, sign_in: SignIn, settings: Settings, home: str) -> CSRFProtect:
    """Set up sessions, sign-in and the tokens of forms, for the desk only, and the numbers of its addresses."""
    app.url_map.converters["int"] = _Number
    app.session_interface = DeskSessions(sign_in.base_path, home, settings)
    # A form may stay open for as long as its session lasts.
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, PERMANENT_SESSION_LIFETIME=LONGEST_SESSION
    )
    # A session bound to an address would end whenever a phone changes its network.
    app.config.update(SESSION_PROTECTION=None)
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(sign_in.who)
    return CSRFProtect(app)


class _Number(IntegerConverter):
    """A number in an address; 0, which nothing in a store has, for one that databases refuse."""

    def to_python(self, value: str) -> int:
        return number_of(value) or 0


def _guard(sign_in: SignIn, csrf: CSRFProtect) -> AnyResponse | None:
    """Require a session for every page of the desk and, for changes, the token of a form too."""
    if request.endpoint == "desk.static":
        return None
    request.max_content_length = request.max_form_memory_size = FORM_BYTES
    if not current_app.secret_key:
        raise StoreUnavailable("The key of the sessions cannot be read or made.", "See the log of the service.")
    half = request.endpoint == "desk.login_code" and HALF in session
    if not half and request.endpoint not in _WITHOUT_SESSION and not current_user.is_authenticated:
        way_on = request.full_path.rstrip("?") if request.method == "GET" else ""
        return sign_in.form(way_on, 401, kept=request.form.get("body", ""))
    csrf.protect()
    return None if half else _what_is_missing(sign_in)


def _what_is_missing(sign_in: SignIn) -> AnyResponse | None:
    """The way to what an account has to have before it can go on: a password of one's own, and a second factor."""
    if request.endpoint not in _WITH_FIRST_PASSWORD and me().first_until:
        return redirect(url_for("desk.account", done="password_needed"))
    if request.endpoint not in _WITHOUT_FACTOR and sign_in.lacks_factor(me()):
        return redirect(url_for("desk.account", done="factor_needed"))
    return None


def _who_is_there() -> dict[str, StaffMember | None]:
    """Who is signed in, for every template; None while the store cannot be read."""
    try:
        return {"me": me() if current_user.is_authenticated else None}
    except StoreUnavailable:
        return {"me": None}


def _keep_private(response: Response) -> Response:
    if request.endpoint != "desk.static":
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _stale(sign_in: SignIn) -> Response:
    """The answer to a form without a valid token: one from before the last sign-in, or from another site."""
    session.pop("csrf_token", None)
    return sign_in.form("", 400, wrong=words("login.stale"), kept=request.form.get("body", ""))


def _too_many(sign_in: SignIn) -> Response:
    """The answer to one guess too many, before signing in or after it."""
    if request.endpoint == "desk.login":
        return sign_in.form("", 429, wrong=words("desk.too_many"))
    return sign_in.look.page("trouble", words("desk.too_many_title"), 429, what="", mend=words("desk.too_many"))


def _many_at_once(sign_in: SignIn) -> Response:
    """The answer to a password that cannot wait until it is checked."""
    if request.endpoint == "desk.login":
        asked, typed = sign_in.way_on(request.form.get("next", "")), request.form.get("name", "")[:100]
        return sign_in.form(asked, 503, typed=typed, wrong=words("desk.many_at_once"))
    return sign_in.look.page("trouble", words("desk.too_many_title"), 503, what="", mend=words("desk.many_at_once"))


_REFUSED = (403, 404, 413)


def _refused(sign_in: SignIn, status: int) -> Response:
    if status == 403 and current_user.is_authenticated:
        with contextlib.suppress(StoreUnavailable):  # the log of the service has it all the same
            asked = str(request.endpoint).removeprefix("desk.")
            events.note_not_allowed(sign_in.store, asked, now(), doer(me().name))
    return sign_in.look.page(
        "trouble", words(f"trouble.{status}"), status, what="", mend=words(f"trouble.{status}_mend")
    )


def _missing(sign_in: SignIn) -> Response | None:
    if not request.path.startswith(unquote(sign_in.home)) or (who := _who_is_there())["me"] is None:
        return None
    told = {"what": "", "mend": words("trouble.404_mend"), "idle_minutes": sign_in.idle // timedelta(minutes=1)}
    return _keep_private(sign_in.look.page("trouble", words("trouble.404"), 404, **told, **who))


def _no_store(look: Look, error: StoreUnavailable) -> Response:
    log("desk.unavailable", reason=error)
    return look.page("trouble", words("trouble.503"), 503, what=error.what, mend=error.mend)


def _failed(look: Look, error: Exception) -> AnyResponse | HTTPException:
    """A fault of ours, logged with its place; what colleagues see is theirs, and not the page for customers."""
    if isinstance(error, HTTPException):
        return error
    log("request.failed", method=request.method, endpoint=request.endpoint or "none", reason=error)
    return look.page("trouble", words("trouble.500"), 500, what="", mend=words("trouble.500_mend"))
