"""The host names the service answers to, and redirects that contain none: a request may claim any name."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, make_response, redirect, request
from werkzeug.routing import RequestRedirect
from werkzeug.sansio.utils import host_is_trusted
from werkzeug.wrappers import Response as AnyResponse

from handrail_kb.config.settings import Settings

# Monitoring asks by address.
_FOR_MACHINES = ("healthz", "readyz", "metrics")


def add_hosts(app: Flask, settings: Settings) -> None:
    """Answer only to the names in `trusted_hosts`, or to any where it is empty; never redirect to another name."""
    trusted = [name for one in settings.text("trusted_hosts").split(",") if (name := one.strip().lower())]
    if trusted:
        app.before_request(partial(_refuse_other_names, trusted))
    app.before_request(_stay_here)


def _refuse_other_names(trusted: list[str]) -> Response | None:
    if request.endpoint in _FOR_MACHINES or host_is_trusted(request.environ.get("HTTP_HOST", "").lower(), trusted):
        return None
    return make_response("This name is not served here.\n", 400, {"Content-Type": "text/plain; charset=utf-8"})


def _stay_here() -> AnyResponse | None:
    """The redirect that adds a final slash, without the host name that the browser sent."""
    meant = request.routing_exception
    if not isinstance(meant, RequestRedirect):
        return None
    return redirect(_below_root(meant.new_url), meant.code)


def _below_root(address: str) -> str:
    """Path and query only. Two slashes at the beginning would be read as a host name again."""
    parts = urlsplit(address)
    return urlunsplit(("", "", "/" + parts.path.lstrip("/\\"), parts.query, parts.fragment))
