"""`api/notice`: the service notice, for pages that were built before it was said, and for those that the service fills.

Each process reads it every few seconds at most. While the store is away, the last one goes on being shown.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request

from handrail_feedback.records.stamps import now, stamp, stamp_or_none
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.notices import last_said
from handrail_kb.contact.service_notice import ServiceNotice
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts import text
from handrail_kb.texts.amounts import date_in_words
from handrail_kb.texts.log.logger import Log

log = Log(__name__)

# In seconds. Together less than the minute within which an outage is to be seen.
READ_EVERY = 10
CACHED_FOR = 20


class CurrentNotice:
    """The notice of a store as this process last read it."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = threading.Lock()
        self._known: ServiceNotice | None = None
        self._read_at: float | None = None

    def __call__(self) -> ServiceNotice | None:
        """The notice that customers see now."""
        with self._lock:
            due = self._read_at is None or self._clock() - self._read_at >= READ_EVERY
            if due:
                self._read_at = self._clock()
        if due:
            try:
                self._known = last_said(self._store)
            except StoreUnavailable as error:
                log("notice.unread", reason=error)
        known = self._known
        return known if known and known.shown_at(now()) else None


@dataclass(frozen=True)
class NoticePage:
    """The address that pages ask, and the notice for templates. `timezone` is the company's; empty means UTC."""

    current: CurrentNotice
    base_path: str
    lang: str
    timezone: str

    def register(self, blueprint: Blueprint) -> None:
        """Add the address, and `service_notice(lang)` to every template of the service."""
        blueprint.add_url_rule(f"{self.base_path}api/notice", "notice", self.notice, methods=["GET"])
        blueprint.app_context_processor(lambda: {"service_notice": self.told})

    def notice(self) -> Response:
        """GET api/notice: the notice in the language `lang`; null if there is none."""
        lang = request.args.get("lang", "")[:20] or self.lang
        found = self.current()
        data = found and {
            "level": found.level,
            "label": text(lang, f"notice.{found.level}"),
            "text": found.words_in(lang)[0],
            "lang": found.words_in(lang)[1] or None,
            "said_at": stamp(found.said_at),
            "until": stamp_or_none(found.until),
            "said": text(lang, "notice.said", time="{time}"),
            "lasts": text(lang, "notice.until", time="{time}"),
        }
        response = jsonify({"notice": data})
        response.headers["Cache-Control"] = f"public, max-age={CACHED_FOR}"
        return response

    def told(self, lang: str = "") -> dict[str, str] | None:
        """The notice for a page without JavaScript, in the company's time; None if there is none."""
        found, lang = self.current(), lang or self.lang
        if found is None:
            return None
        words, spoken = found.words_in(lang)
        times = text(lang, "notice.said", time=self._time(lang, found.said_at))
        if found.until:
            times = f"{times} {text(lang, 'notice.until', time=self._time(lang, found.until))}"
        label = text(lang, f"notice.{found.level}")
        return {"level": found.level, "label": label, "text": words, "lang": spoken, "times": times}

    def _time(self, lang: str, at: datetime) -> str:
        here = at.astimezone(ZoneInfo(self.timezone or "UTC"))
        city = self.timezone.rpartition("/")[2].replace("_", " ") or "UTC"
        return f"{date_in_words(lang, here)}, {here:%H:%M} ({city})"
