"""Answers customers with a page that no cache keeps."""

from __future__ import annotations

from flask import Response, make_response


def page_response(page: str, status: int, *, may_be_listed: bool = False) -> Response:
    """A page of HTML that no cache keeps and, unless it `may_be_listed`, no search engine lists."""
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    if not may_be_listed:
        response.headers["X-Robots-Tag"] = "noindex"
    return response
