"""The desk as one blueprint: its addresses, and the door in front of all of them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import Blueprint, Flask, Response, current_app, request, session
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.channels import can_answer
from handrail_feedback.db import Store
from handrail_feedback.desk.article_pages import ArticlePages
from handrail_feedback.desk.article_shelf import ArticleShelf, Site
from handrail_feedback.desk.deeds import Deeds
from handrail_feedback.desk.door import Door, me
from handrail_feedback.desk.inbox import Inbox
from handrail_feedback.desk.message import Find, MessagePage
from handrail_feedback.desk.monday_page import MondayPage
from handrail_feedback.desk.pages import Look, clock, span
from handrail_feedback.desk.sessions import DeskSessions
from handrail_feedback.desk.shelf import ArticlesOf, TopicShelf
from handrail_feedback.desk.staff import Member
from handrail_feedback.desk.together import Near, nobody
from handrail_feedback.desk.topic_pages import TopicPages
from handrail_feedback.known_articles import KnownArticles
from handrail_kb.counting import percent
from handrail_kb.due import contact_of, due
from handrail_kb.errors import StoreUnavailable
from handrail_kb.reach import one_click
from handrail_kb.settings import Settings

log = logging.getLogger(__name__)

_FORM_BYTES = 64 * 1024
_WITHOUT_DOOR = ("desk.login", "desk.static")
_SESSION = timedelta(hours=12)


def add_desk(
    app: Flask,
    store: Store,
    settings: Settings,
    *,
    base_path: str,
    site_name: Callable[[], str] = lambda: "",
    is_page: Callable[[str], bool] = lambda _location: True,
    title_of: Callable[[str], str] = lambda location: location,
    find: Find = lambda _words, _lang: (),
    near: Near = nobody,
    articles_of: ArticlesOf = lambda _queries: KnownArticles(),
    articles: Site = dict,
) -> None:
    """Put the desk at `desk/` below `base_path`. The endpoint to limit by address and by name is `desk.login`.

    `articles` gives what the build tells of each article, by its address.
    """
    home = f"{base_path}desk/"
    look = Look(settings.site_dir, base_path, site_name)
    shelf = TopicShelf(store, articles_of, settings.number("topic_people"), partial(one_click, settings.site_dir))
    door = Door(store, look, base_path, home, shelf.warm_once)
    blueprint = Blueprint(
        "desk", __name__, template_folder="templates", static_folder="static", static_url_path=f"{home}static"
    )
    blueprint.add_url_rule(f"{home}login", "login", door.sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{home}logout", "logout", door.sign_out, methods=["POST"])
    contact = contact_of(settings)
    articles_shelf = ArticleShelf(store, articles, settings.number("topic_people"))

    def warm() -> None:
        shelf.warm()
        articles_shelf.warm()

    inbox = Inbox(store, look, partial(due, contact), near, warm)
    blueprint.add_url_rule(home, "home", inbox.home)
    page, one = (
        MessagePage(store, look, partial(due, contact), is_page, title_of, find, can_answer(settings), near),
        f"{home}m/<code>/",
    )
    blueprint.add_url_rule(one, "message", page.show, methods=["GET", "POST"])
    blueprint.add_url_rule(f"{one}file/<int:number>", "file", page.file)
    deeds = Deeds(store, page)
    for name, deed in deeds.by_name().items():
        blueprint.add_url_rule(f"{one}{name}", name, deed, methods=["POST"])
    blueprint.add_url_rule(f"{home}report/", "report", MondayPage(store, shelf, look).show)
    topics = TopicPages(store, shelf, look, is_page, articles)
    blueprint.add_url_rule(f"{home}topics/", "topics", topics.list)
    blueprint.add_url_rule(f"{home}topics/<int:topic>/", "topic", topics.show)
    blueprint.add_url_rule(f"{home}topics/<int:topic>/decide", "decide", topics.decide, methods=["POST"])
    blueprint.add_url_rule(f"{home}topics/<int:topic>/undo", "undecide", topics.undo, methods=["POST"])
    read = ArticlePages(articles_shelf, look, is_page)
    blueprint.add_url_rule(f"{home}articles/", "articles", read.list)
    for place in ("", "<path:location>"):
        blueprint.add_url_rule(f"{home}articles/at/{place}", "article_page", read.show)
    csrf = _prepare(app, door, settings, home)
    blueprint.before_request(lambda: _guard(door, csrf))
    blueprint.after_request(_keep_private)
    blueprint.register_error_handler(CSRFError, lambda _error: _stale(door))
    blueprint.register_error_handler(429, lambda _error: _too_many(door))
    blueprint.register_error_handler(403, lambda _error: _refused(look, 403))
    blueprint.register_error_handler(404, lambda _error: _refused(look, 404))
    blueprint.register_error_handler(413, lambda _error: _refused(look, 413))
    blueprint.register_error_handler(StoreUnavailable, lambda error: _no_store(look, error))
    blueprint.add_app_template_filter(span, "span")
    blueprint.add_app_template_filter(clock, "clock")
    blueprint.add_app_template_filter(percent, "percent")
    blueprint.context_processor(_who_is_there)
    app.register_blueprint(blueprint)


def _prepare(app: Flask, door: Door, settings: Settings, home: str) -> CSRFProtect:
    """Sessions, who is signed in, and tokens of forms: all of it for the desk alone."""
    app.session_interface = DeskSessions(home, settings)
    # A form may lie open for as long as its session lasts.
    app.config.update(WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, PERMANENT_SESSION_LIFETIME=_SESSION)
    # Bound to an address, a session would end whenever a phone changes its network.
    app.config.update(SESSION_PROTECTION=None)
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(door.who)
    return CSRFProtect(app)


def _guard(door: Door, csrf: CSRFProtect) -> AnyResponse | None:
    """Nothing of the desk is shown or done without a session, and nothing done without the token of a form."""
    if request.endpoint == "desk.static":
        return None
    request.max_content_length = request.max_form_memory_size = _FORM_BYTES
    if not current_app.secret_key:
        raise StoreUnavailable("The key of the sessions cannot be read or made.", "See the log of the service.")
    if request.endpoint not in _WITHOUT_DOOR and not current_user.is_authenticated:
        way_on = request.full_path.rstrip("?") if request.method == "GET" else ""
        return door.form(way_on, 401, words=request.form.get("body", ""))
    csrf.protect()
    return None


def _who_is_there() -> dict[str, Member | None]:
    """Who is signed in, for every template; nobody while the store cannot tell."""
    try:
        return {"me": me() if current_user.is_authenticated else None}
    except StoreUnavailable:
        return {"me": None}


def _keep_private(response: Response) -> Response:
    if request.endpoint != "desk.static":
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _stale(door: Door) -> Response:
    """A form without its token: made before the last signing in, or by another site."""
    session.pop("csrf_token", None)
    wrong = "This form is too old, or it does not come from here. Nothing was done. Please sign in and try again."
    return door.form("", 400, wrong=wrong, words=request.form.get("body", ""))


def _too_many(door: Door) -> Response:
    return door.form("", 429, wrong="Too many wrong tries. Please wait a quarter of an hour, then try again.")


_REFUSED = {
    403: ("Only a lead can do this", "What somebody else did, they can undo themselves. For all else, ask a lead."),
    404: ("This is not here", "It may have been erased. Go back to the desk and look again."),
    413: ("This is too long", "Nothing was kept. Go back and shorten it."),
}


def _refused(look: Look, status: int) -> Response:
    what, mend = _REFUSED[status]
    return look.page("trouble", what, status, what="", mend=mend)


def _no_store(look: Look, error: StoreUnavailable) -> Response:
    log.error("the desk cannot work: %s", error.what)
    return look.page("trouble", "The desk cannot work just now", 503, what=error.what, mend=error.mend)
