"""A stand-in for OSV, which tells of known vulnerabilities."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from waiting import served

VULNERABILITY = {
    "id": "GHSA-stand-in",
    "summary": "a stand-in",
    "details": "a stand-in",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Answers as OSV does, knowing of one vulnerability."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((asked["package"]["name"], asked["version"]))
        body = json.dumps({"vulns": [VULNERABILITY]} if asked["version"] == "2.4.1" else {}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def osv():
    """A running source of known vulnerabilities: its `address`, what it was `asked`, the `status` it answers with."""
    with served(ThreadingHTTPServer(("127.0.0.1", 0), Osv)) as server:
        server.asked, server.status = [], 200
        server.address = f"http://127.0.0.1:{server.server_port}/v1/query"
        yield server
