"""A small OpenID provider on localhost: discovery, authorize, token, keys and end of session, over real HTTP.

It checks what a strict one checks: redirect addresses to the letter, the secret, PKCE, and that a code works once.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.serving import make_server

from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.database import Store
from waiting import served

from ...desks import Desk

CLIENT, SECRET = "handrail", "the client's secret"
BACK = "http://localhost/help/desk/login/openid/back"
KEY = RSAKey.generate_key(2048, {"kid": "first"})
AFTER = "http://localhost/help/desk/login"


@dataclass
class Provider:
    """What the provider knows, and what it does wrong when a test says so."""

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "248289", "preferred_username": "anna"})
    claims: dict[str, Any] = field(default_factory=dict)  # instead of the right ones; None leaves one out
    document: dict[str, Any] = field(default_factory=dict)  # the same for the discovery document
    key: Any = field(default_factory=lambda: KEY)
    signs_with: Any = None  # another key than the published one
    alg: str = "RS256"
    forge: Callable[[dict[str, Any]], str] | None = None  # makes the token in place of the provider
    answer: Response | None = None  # to every request for the document
    asked: list[str] = field(default_factory=list)
    codes: dict[str, ImmutableMultiDict] = field(default_factory=dict)
    ended: list[dict[str, str]] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        ways = {
            name: f"{self.issuer}/{path}"
            for name, path in (
                ("authorization_endpoint", "authorize"),
                ("token_endpoint", "token"),
                ("jwks_uri", "keys"),
                ("end_session_endpoint", "end"),
            )
        }
        whole = {
            "issuer": self.issuer,
            **ways,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            **self.document,
        }
        return {name: value for name, value in whole.items() if value is not None}

    def id_token(self, nonce: str) -> str:
        at = int(time.time())
        right = {"iss": self.issuer, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce}
        whole = {**right, **self.person, **self.claims}
        claims = {name: value for name, value in whole.items() if value is not None}
        if self.forge:
            return self.forge(claims)
        key = self.signs_with or self.key
        header = {"alg": self.alg, **({"kid": key.kid} if key.kid else {})}
        return jwt.encode(header, claims, key, algorithms=[self.alg])


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()
    server = make_server("127.0.0.1", 0, _app(provider), threaded=True)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    with served(server):
        yield provider


def _app(provider: Provider) -> Flask:
    app = Flask("provider")

    @app.before_request
    def note() -> None:
        provider.asked.append(request.path)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        return provider.answer or jsonify(provider.discovery())

    @app.get("/keys")
    def keys() -> Response:
        return jsonify(KeySet([provider.key]).as_dict(private=False))

    @app.get("/authorize")
    def authorize() -> Any:
        asked = request.args
        if asked["redirect_uri"] != BACK or asked["client_id"] != CLIENT or asked["response_type"] != "code":
            return "unknown client", 400
        if asked["code_challenge_method"] != "S256" or not all(asked[name] for name in ("state", "nonce")):
            return "no state, nonce or PKCE", 400
        code = secrets.token_urlsafe(16)
        provider.codes[code] = asked
        return redirect(f"{BACK}?code={code}&state={asked['state']}")

    @app.post("/token")
    def token() -> Any:
        asked = provider.codes.pop(request.form["code"], None)
        known = request.authorization and (request.authorization.username, request.authorization.password)
        if known != (CLIENT, SECRET):
            return jsonify(error="invalid_client"), 401
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not asked or proof != asked["code_challenge"] or request.form["redirect_uri"] != asked["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        return jsonify(
            access_token=secrets.token_urlsafe(8), token_type="Bearer", id_token=provider.id_token(asked["nonce"])
        )

    @app.get("/end")
    def end() -> Any:
        provider.ended.append(request.args.to_dict())
        if request.args["post_logout_redirect_uri"] != AFTER:
            return "unknown address", 400
        return redirect(f"{AFTER}?state={request.args['state']}")

    return app


def openid(provider: Provider, **more: Any) -> dict[str, Any]:
    """The setting that names the provider."""
    roles = {"support": "agent", "heads": "lead"}
    return {"openid": {"issuer": provider.issuer, "client_id": CLIENT, "roles": roles, "name": "Acme ID", **more}}


def to_provider(browser: Desk, **query: str) -> Any:
    """Begin to sign in: the answer that sends the browser to the provider."""
    return browser.get("login/openid", query_string=query)


def at_provider(sent: Any) -> SplitResult:
    """The address to which the provider sends the browser back, with a code."""
    answer = requests.get(sent.headers["Location"], allow_redirects=False, timeout=5)
    assert answer.status_code == 302, answer.text
    return urlsplit(answer.headers["Location"])


def sign_in(browser: Desk, **query: str) -> Any:
    back = at_provider(to_provider(browser, **query))
    return browser.get(f"{back.path}?{back.query}")


def happened(store: Store) -> list[tuple[str, str, str, str]]:
    return [(one.what, one.name, one.by.name, one.detail) for one in reversed(events.latest(store, limit=100))]
