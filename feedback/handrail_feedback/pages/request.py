"""Reads what a browser or a robot sends, within bounds, and refuses what is unusable in one clear sentence."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response, jsonify, make_response, request
from werkzeug.exceptions import RequestEntityTooLarge

from handrail_feedback.records.stamps import storable
from handrail_kb.addresses import location_of_address

LONGEST_URL = 500
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class BoundedRequest(Request):
    """A request whose files, which are bounded, stay in memory: a full disk for temporary files does not matter.

    What breaks off before the length that it says is refused: half of somebody's words must not look like all of them.
    """

    def __init__(self, environ: dict[str, Any], *more: Any, **named: Any) -> None:
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)  # it ends there, but also where the client went away
        super().__init__(environ, *more, **named)

    def _get_file_stream(self, *_: object, **__: object) -> BytesIO:
        return BytesIO()


def declines_log() -> bool:
    """Whether this customer wants no searches kept: said by the browser (Global Privacy Control), or by the switch."""
    return request.headers.get("Sec-GPC", "").strip() == "1" or request.values.get("keep") == "0"


class RefusedError(Exception):
    """What was sent is unusable: the HTTP status, what is wrong, and how to fix it."""

    def __init__(self, status: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.status, self.what, self.mend = status, what, mend


def refusal(error: RefusedError) -> Response:
    """The response to an unusable request."""
    return problem_response(error.status, error.what, error.mend)


def problem_response(status: int, what: str, mend: str, **more: Any) -> Response:
    """A JSON response with what went wrong, how to fix it, and the fields in `more`."""
    return make_response(jsonify({"error": {"what": what, "mend": mend}, **more}), status)


def json_object(longest: int) -> dict[str, Any]:
    """The body as a JSON object, whatever its content type, which beacons cannot set. Raises RefusedError."""
    request.max_content_length = longest
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise RefusedError(413, f"More than {longest} bytes were sent.", "Send less.") from error
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "The body is not JSON.", 'Send an object such as {"url": "…"}.') from error
    if not isinstance(sent, dict):
        raise RefusedError(400, "The body is not a JSON object.", 'Send an object such as {"url": "…"}.')
    return sent


def identifier(sent: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    """An identifier as the site's pages make them; None if there is none. Raises RefusedError."""
    value = sent.get(name)
    if value in (None, "") and not required:
        return None
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise RefusedError(400, f"'{name}' must be 8 to 64 letters, digits, - or _.", "Send it as the search gave it.")
    return value


def whole_number(sent: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """A number, rounded down because browsers' clocks give fractions; None if there is none. Raises RefusedError."""
    value = sent.get(name)
    if value is None:
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and math.isnan(value))
    ):
        raise RefusedError(400, f"'{name}' must be a number.", f"Send a number from {least} to {most}.")
    if not least <= value <= most:
        raise RefusedError(400, f"'{name}' must be from {least} to {most}.", f"Send a number from {least} to {most}.")
    return int(value)


def storable_text(sent: Mapping[str, Any], name: str, longest: int) -> str:
    """Text that fits into the store; empty if there is none. Raises RefusedError."""
    value = sent.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(400, f"'{name}' must be text.", f"Send at most {longest} characters.")
    if len(value) > longest:
        raise RefusedError(422, f"'{name}' is longer than {longest} characters.", f"Send at most {longest} characters.")
    return storable(value, longest)


def location(sent: Mapping[str, Any], base_path: str, *, required: bool) -> str | None:
    """The location in `url`, without the highlighted words that search adds to it. Raises RefusedError."""
    url = storable_text(sent, "url", LONGEST_URL)
    if not url and not required:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    path = parts.path
    if not path.startswith(base_path):
        raise RefusedError(400, "'url' is not a page of this site.", f"Send a path that begins with {base_path}.")
    section = parts.fragment.split(":~:")[0]
    inside = f"./{path[len(base_path) :]}" + (f"#{section}" if section else "")  # `./`: what follows is a path
    return storable(location_of_address(inside), LONGEST_URL)
