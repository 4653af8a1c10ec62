"""A service that fails in the ways a real one may: what the browser's side has to survive.

Serves a built site under its base path and answers the search API with canned results; `mode` says how.
"""

from __future__ import annotations

import json
import mimetypes
import time
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, Response, abort, g, jsonify, redirect, request
from werkzeug.serving import make_server

from handrail_kb.policy.policy import read_policies
from waiting import served

RESULTS = {
    "reset": {
        "url": "guide/reset/#forgot-it",
        "title": "Reset your password",
        "heading": "Forgot it?",
        "breadcrumb": ["Account"],
        "snippet": "Choose <mark>Forgot</mark> <mark>password</mark> on the sign-in page.",
        "score": 0.8,
        "sections": [
            {"url": "guide/reset/#change-it", "heading": "Change it", "snippet": "Open your profile.", "score": 0.4}
        ],
    },
    "vat": {
        "url": "billing/vat/",
        "title": "VAT number",
        "heading": "",
        "breadcrumb": ["Billing"],
        "snippet": "Your VAT number is on every invoice &amp; bill.",
        "score": 0.5,
        "sections": [],
    },
    "evil": {
        "url": "billing/invoice/",
        "title": "<img src=x onerror=window.pwned=1>",
        "heading": "",
        "breadcrumb": [],
        "snippet": "<script>window.pwned=2</script><img src=x onerror=window.pwned=3><mark>safe</mark>",
        "score": 0.4,
        "sections": [],
    },
    "worse": {"url": "javascript:window.pwned=4", "title": "x", "heading": "", "snippet": "x", "score": 0.3},
}

PWN = "<img src=x onerror=window.pwned=6>"
CARD = [
    {"kind": "label", "first": 1, "left": 0, "left_text": "", "pieces": [{"text": "On a phone"}]},
    {
        "kind": "steps",
        "first": 4,
        "left": 7,
        "left_text": f"7 more steps{PWN}",
        "pieces": [{"text": f"Choose{PWN}", "decisive": True, "cut": True}, {"text": "Wait."}],
    },
    {"kind": "row", "first": 1, "left": 0, "pieces": [{"heading": f"When{PWN}", "text": "Now"}, {"text": PWN}]},
    {"kind": "code", "first": 1, "left": 0, "pieces": [{"text": f"a\n  b{PWN}"}]},
    None,
]


class Service:
    """Counts what it is asked; `mode` is ok, down, slow, garbage, empty, none, weak, broad, many, people, matter,
    grief, evil, card, ends, ends_between, languages or degraded."""

    def __init__(self, site_dir: Path) -> None:
        self.site_dir = site_dir
        facts = json.loads((site_dir / "handrail" / "site.json").read_text())
        self.base = facts["base_path"]
        self.policies = read_policies(site_dir)
        self.forget()
        self.app = self._app()
        self.port = 0

    def forget(self) -> None:
        self.mode = "ok"
        self.delay = 0.0  # seconds before a search is answered
        self.tell: object = None
        self.notice: object = None
        self.searches: list[dict[str, str]] = []
        self.events: list[dict] = []
        self.related: list[str | None] = []
        self.votes: list[dict] = []
        self.messages: list[dict] = []
        self.paths: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    def _app(self) -> Flask:
        app = Flask("fake", static_folder=None)
        base = self.base.rstrip("/")
        app.add_url_rule(f"{base}/api/search", view_func=self._search, endpoint="search")
        app.add_url_rule(f"{base}/api/notice", view_func=lambda: jsonify(notice=self.notice), endpoint="notice")
        app.add_url_rule(f"{base}/api/related", view_func=self._related, endpoint="related")
        for name, kept in (("events", "events"), ("feedback", "votes"), ("contact", "messages")):
            app.add_url_rule(f"{base}/api/{name}", view_func=self._keep(kept), methods=["POST"], endpoint=name)
        app.add_url_rule(f"{base}/", view_func=self._page, defaults={"path": ""}, endpoint="home")
        app.add_url_rule(f"{base}/<path:path>", view_func=self._page, endpoint="page")
        app.after_request(self._secure)
        return app

    def _search(self):
        self.searches.append(request.args.to_dict())
        answer = {"verdict": "answered", "degraded": False, "corrected": None, "search_id": "S" * 22, "results": []}
        answer["tell"] = self.tell
        if self.mode == "down":
            abort(503)
        time.sleep(self.delay)  # noqa: TID251 as a slow network
        if self.mode == "slow":
            time.sleep(6)  # noqa: TID251 longer than the page waits, on a busy machine, too
        if self.mode == "garbage":
            return "<html>502 from a proxy</html>"
        chosen = {"empty": [], "evil": ["evil", "worse"], "vat": ["vat"], "many": ["reset", "vat"] * 5}
        chosen = chosen.get("many" if self.mode == "ends" else self.mode, ["reset", "vat"])
        answer["results"] = [
            {**RESULTS[name], "url": RESULTS[name]["url"] if name == "worse" else self.base + RESULTS[name]["url"]}
            for name in chosen
        ]
        for result in answer["results"]:
            result["sections"] = [{**part, "url": self.base + part["url"]} for part in result.get("sections", [])]
        if self.mode in ("ends", "grief"):
            for place, result in enumerate(answer["results"]):
                result["fits"] = self.mode == "ends" and place == 0
            answer["more"] = sum(not result["fits"] for result in answer["results"])
        if self.mode == "ends_between":
            answer["results"].insert(1, {**answer["results"][0], "title": "Far off", "fits": False})
            answer["results"][-1].update(lang="de", other_language=True, title="Umsatzsteuer")
        if self.mode == "languages":
            answer["results"][-1].update(lang="de", other_language=True, title="Umsatzsteuer")
        if self.mode == "card":
            answer["answer"] = {"url": answer["results"][0]["url"], "breadcrumb": ["Account", "<b>"], "blocks": CARD}
        if self.mode in ("none", "weak"):
            answer["verdict"] = self.mode
        if self.mode == "broad":
            titles = {"guide/reset/": "Reset your <password>", "billing/vat/": "VAT number"}
            answer["may_mean"] = [{"url": self.base + url, "title": title} for url, title in titles.items()]
            answer["may_mean"].append({"url": "javascript:window.pwned=5", "title": "x"})
            answer["verdict"] = "weak"
        answer["people_first"] = self.mode in ("people", "matter", "grief", "broad")
        if self.mode == "grief":
            answer["contact"] = {"matter": "grief", "said": "We are sorry.", "now": None}
        if self.mode == "matter":
            now = {"label": "Phone +49 30 901820", "url": "tel:+4930901820", "hours": "Open now, until 18:00."}
            answer["contact"] = {"matter": "fraud", "said": "Talk to a person.", "now": now}
        if self.mode == "empty":
            answer["verdict"] = "none"
        if self.mode == "degraded":
            answer.update(degraded=True, corrected="forgot password")
        return jsonify(answer)

    def _related(self):
        self.related.append(request.args.get("url"))
        if self.mode == "down":
            abort(503)
        return jsonify(articles=[{"url": f"{self.base}billing/vat/", "title": "VAT <number>"}] * (self.mode == "ok"))

    def _keep(self, name: str):
        def view():
            body = request.get_json(force=True, silent=True) or request.form.to_dict()
            getattr(self, name).append(body)
            if name != "events" and self.mode == "down":
                abort(503)
            if name != "messages":
                return "", 204
            if self.mode == "empty":
                return jsonify(error={"what": "x", "mend": "y"}, fields={"reply_to": "No address."}), 422
            return (jsonify(code="HR-TEST"), 201) if request.is_json else "<!doctype html><title>Sent</title>HR-TEST"

        return view

    def _page(self, path: str):
        self.paths.append(path)
        target = self.site_dir / path
        if target.is_dir() and path and not path.endswith("/"):
            return redirect(f"{self.base}{path}/?{request.query_string.decode()}")
        if target.is_dir():
            path = f"{path}index.html"
        if not (self.site_dir / path).is_file():
            g.site_file = "404.html"
            return Response((self.site_dir / "404.html").read_bytes(), 404, mimetype="text/html")
        g.site_file = path
        # Read at once: a browser that leaves in the middle would leave an open file behind.
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return Response((self.site_dir / path).read_bytes(), mimetype=kind)

    def _secure(self, response: Response) -> Response:
        file = g.get("site_file", "")
        response.headers.update(self.policies.headers(file) if file else self.policies.strict())
        response.headers["Cache-Control"] = "max-age=600" if "/assets/" in request.path else "no-store"
        return response


@contextmanager
def running(site_dir: Path):
    """A service for a built site, on a free port."""
    service = Service(site_dir)
    server = make_server("127.0.0.1", 0, service.app, threaded=True)
    service.port = server.server_port
    with served(server):
        yield service
