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

# What browsers call the sender where it is no page of another site: this one, the address bar, or an old browser.
_NO_OTHER_SITE = ("same-origin", "none", "")


def refuse_other_sites() -> Response | None:
    """Refuse what another site's page sends: it may link here, but not act in a customer's name."""
    if request.method in ("GET", "HEAD", "OPTIONS") or _is_of_this_site():
        return None
    return problem_response(403, "This request comes from another site.", "Send it from the help site itself.")


def _is_of_this_site() -> bool:
    """Whether a page of this site sends it, as far as a browser says; programs that are no browsers say nothing.

    Any site can have `Origin: null` sent for its pages, so it counts only beside what no page can set.
    """
    sender, origin = request.headers.get("Sec-Fetch-Site", ""), request.headers.get("Origin", "")
    if sender not in _NO_OTHER_SITE:
        return False
    if origin == "null":
        return bool(sender)
    return not origin or origin.partition("://")[2] == request.host


def add_headers(site: BuiltSite) -> Callable[[Response], Response]:
    """Give each answer the headers that its page needs, unless it has them."""

    def add(response: Response) -> Response:
        for name, value in {**_HEADERS, **site.protection(g.get("site_file", ""))}.items():
            if value:
                response.headers.setdefault(name, value)
        return response

    return add
