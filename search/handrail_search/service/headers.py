"""The headers of every answer: the policy, and limits for other sites."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, g, request

from handrail_feedback.pages.request import problem_response
from handrail_search.service.site_files import BuiltSite

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def refuse_other_sites() -> Response | None:
    """Refuse what another site's page sends: it may link here, but not act in a customer's name."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return problem_response(403, "This request comes from another site.", "Send it from the help site itself.")
    origin = request.headers.get("Origin")
    if origin and origin != "null" and origin.partition("://")[2] != request.host:
        return problem_response(403, "This request comes from another site.", "Send it from the help site itself.")
    return None


def add_headers(site: BuiltSite) -> Callable[[Response], Response]:
    """Give each answer the headers that its page needs, unless it has them."""

    def add(response: Response) -> Response:
        for name, value in {**_HEADERS, **site.protection(g.get("site_file", ""))}.items():
            if value:
                response.headers.setdefault(name, value)
        return response

    return add
