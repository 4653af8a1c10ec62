"""The answers to a person or a program when a request fails."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import unquote

from flask import Flask, Response, g, make_response, request
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, NoMoreData, ParseException
from werkzeug.exceptions import HTTPException

from handrail_feedback.pages.request import problem_response
from handrail_kb.site.shell import fill
from handrail_kb.texts import html_text, text
from handrail_kb.texts.log.logger import Log
from handrail_search.service.site_files import BuiltSite

log = Log(__name__)


def missing_page(site: BuiltSite) -> Response:
    """The site's own 404 page."""
    file = site.folder / "404.html"
    if file.is_file():
        g.site_file = file.name
        return make_response(file.read_text(encoding="utf-8"), 404)
    return plain_page(site, 404, "missing.title", "missing.body")


def plain_page(site: BuiltSite, status: int, title: str, body: str) -> Response:
    """A page in the site's design with a sentence and a link to a person."""
    info = site.info()
    label = info.contact_label or text(info.lang, "contact.link")
    main = (
        f"<h1>{html_text(info.lang, title)}</h1><p>{html_text(info.lang, body)}</p>"
        f'<p><a href="{escape(site.base_path + info.contact_url)}">{escape(label)}</a></p>'
    )
    page = fill(site.folder, "find", main, title=text(info.lang, title), base_path=site.base_path)
    return make_response(page, status)


def add_errors(app: Flask, site: BuiltSite, missing_at_desk: Callable[[], Response | None] = lambda: None) -> None:
    """Answer failed requests with JSON or a page, whichever was asked for; what is missing at the desk as it says."""

    def wants_json() -> bool:
        """The service's own addresses answer JSON, but a form sent without JavaScript wants a page."""
        is_form = request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")
        is_script = request.accept_mimetypes.best == "application/json"
        return request.path.startswith(f"{unquote(site.base_path)}api/") and (is_script or not is_form)

    def refused(error: HTTPException) -> Response:
        return _with_headers(answer_to(error), error)

    def answer_to(error: HTTPException) -> Response:
        status = error.code or 500
        if status == 404 and not wants_json():
            return missing_at_desk() or missing_page(site)
        if wants_json():
            return problem_response(status, error.description or error.name, _MEND.get(status, "See api/openapi.json."))
        if status == 429:
            key = "contact.error_rate" if request.method == "POST" else "find.too_many"
            return plain_page(site, status, "find.title", key)
        return _down(site, status)

    def failed(error: Exception) -> Response:
        """An error of ours: logged with its place, shown without a traceback, with a link to a person."""
        log("request.failed", method=request.method, endpoint=request.endpoint or "none", reason=error)
        if wants_json():
            return problem_response(500, "The service failed at this request.", "Try again, or contact a person.")
        return _down(site, 500)

    def unreadable(_error: Exception) -> Response:
        return problem_response(400, "The body of this request cannot be read.", "Send it again.")

    for broken in (ParseException, InvalidChunkSize, ChunkMissingTerminator, NoMoreData):
        app.register_error_handler(broken, unreadable)
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)


def _down(site: BuiltSite, status: int) -> Response:
    """That the service failed, to somebody who reads or to somebody who sent something."""
    if request.method == "POST":
        return plain_page(site, status, "contact.title", "contact.service_down")
    return plain_page(site, status, "page.down_title", "page.down")


def _with_headers(response: Response, error: HTTPException) -> Response:
    """The answer with what tells programs how to go on."""
    for name, value in error.get_headers():
        if name in _KEPT_HEADERS:
            response.headers[name] = value
    return response


_KEPT_HEADERS = ("Allow", "Retry-After")
_MEND = {
    404: "See what is there: api/openapi.json",
    405: "See which methods are understood: api/openapi.json",
    413: "Send less.",
    429: "Wait a minute, then try again.",
    503: "Wait a moment, then try again.",
}
