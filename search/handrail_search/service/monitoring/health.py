"""Whether the service is alive (healthz) and ready (readyz)."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.outbox_status import outbox_status
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_search.ranking.live import LiveIndex
from handrail_search.service.monitoring import metrics
from handrail_search.service.monitoring.stopping import Stopping
from handrail_search.service.rate_limits.shared_counts import SharedCounts
from handrail_search.service.site_files import BuiltSite


def add_health(
    app: Flask,
    base: str,
    live: LiveIndex,
    store: Store,
    site: BuiltSite,
    meter: metrics.Meter,
    counts: SharedCounts | None = None,
    stopping: Stopping | None = None,
) -> None:
    """Add healthz, readyz and metrics below `base`, and healthz at the root of the host, too."""

    def healthz() -> Response:
        """The process answers."""
        return make_response("alive\n", {"Content-Type": "text/plain; charset=utf-8"})

    def readyz() -> Response:
        """Whether index, store and site can be used, else 503 with the reasons. Search by words alone is ready."""
        searcher = live.searcher()
        problems, outbox = _problems(live, site, stopping), None
        try:
            store.look()
            outbox = _outbox(store)
        except StoreUnavailable as error:
            problems.append(error)
        state = {
            "ready": not problems,
            "degraded": searcher.missing if searcher else None,
            "generation": searcher.index.name if searcher else None,
            "articles": len(searcher.index.pages) if searcher else 0,
            "problems": [{"what": error.what, "mend": error.mend} for error in problems],
            "outbox": outbox,
            "limits": "of this process" if counts is None else "shared" if counts.reachable else "degraded",
        }
        return make_response(jsonify(state), 503 if problems else 200)

    for path in sorted({"/healthz", f"{base}healthz"}):  # who starts a container need not know where its site is
        app.add_url_rule(path, "healthz", healthz)
    app.add_url_rule(f"{base}readyz", "readyz", readyz)
    app.add_url_rule(f"{base}metrics", "metrics", meter.page)


def _problems(live: LiveIndex, site: BuiltSite, stopping: Stopping | None) -> list[HandrailError]:
    """Why other nodes should be asked, whatever the store says."""
    problems = [live.problem] if live.problem else []
    if stopping:
        problems.append(HandrailError("This node is being stopped.", "Ask another one; it ends in a moment."))
    if not site.folder.is_dir():
        problems.append(HandrailError(f"There is no site at {site.folder}.", "Build it: handrail build"))
    return problems


def _outbox(store: Store) -> dict[str, int]:
    """What waits, which never makes the service unready: taking it away would only remove contact too.

    Raises StoreUnavailable.
    """
    at = now()
    stands = outbox_status(store, at)
    return {"waiting": stands.waiting, "oldest_seconds": int(stands.age(at).total_seconds())}
