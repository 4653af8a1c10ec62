"""Signing in with an OpenID provider: the code flow with PKCE, state and nonce, by Authlib's client for Flask."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import request, session
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from handrail_feedback.accounts.openid_http import BoundedSession, NoAnswer, read_discovery
from handrail_feedback.accounts.openid_settings import Claims, NotProven, OpenId, ProviderTrouble

_CLIENT = "openid"
_FRESH_SECONDS = 3600.0
_AGAIN_SECONDS = 10.0
# Threads of a process that wait for the provider at once: the others go on answering.
_AT_ONCE = 2
_PATIENCE_SECONDS = 0.5
_LEEWAY_SECONDS = 60
_CODE = re.compile(r"[a-z_]{1,60}")


class _Client(FlaskOAuth2App):  # type: ignore[misc]
    client_cls = BoundedSession


class Provider:
    """An OpenID provider. What it says of itself is read when it is first needed, and again after an hour."""

    def __init__(self, openid: OpenId) -> None:
        self.openid = openid
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._reading = threading.Lock()
        self._known: _Client | None = None
        self._known_at = 0.0
        self._again_at = 0.0

    def begin(self, back: str) -> Response:
        """Send the browser of this request to the provider, which sends it to `back`. Raises ProviderTrouble."""
        for key in [key for key in session if key.startswith("_state_")]:
            session.pop(key)  # a cookie holds only so much; the way begun last counts
        with self._turn():
            sent: Response = self._client().authorize_redirect(back, **self.openid.asked())
        return sent

    def finish(self) -> tuple[Claims, str]:
        """The claims about whoever came back in this request, proven, and the ID token that holds them.

        Raises NotProven, NotStrong among them, and ProviderTrouble where the provider cannot be asked.
        """
        if request.args.get("iss", self.openid.issuer) != self.openid.issuer:
            raise NotProven("another issuer answers")
        must = {"essential": True}
        options = {
            "iss": {**must, "value": self.openid.issuer},
            "aud": {**must, "value": self.openid.client_id},
            **dict.fromkeys(("sub", "exp", "iat", "nonce"), must),
        }
        with self._turn():
            client = self._client()
            try:
                token = client.authorize_access_token(claims_options=options, leeway=_LEEWAY_SECONDS)
            except NoAnswer as error:
                raise self._trouble(f"the provider does not answer: {type(error).__name__}") from error
            except (AuthlibBaseError, JoseError) as error:
                said = str(getattr(error, "error", ""))
                raise NotProven(said if _CODE.fullmatch(said) else type(error).__name__) from error
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise NotProven(f"the answer cannot be read: {type(error).__name__}") from error
        claims, id_token = _proven(token)
        self.openid.check_strength(claims, time.time())
        return claims, id_token

    def sign_out_address(self, back: str, id_token: str) -> str:
        """Where the session at the provider ends, which then leads to `back`; empty where there is no such address."""
        try:
            with self._turn():
                client = self._client()
        except ProviderTrouble:
            return ""
        if "end_session_endpoint" not in client.server_metadata:
            return ""
        hint = {"id_token_hint": id_token} if id_token else {}
        return str(client.create_logout_url(back, client_id=self.openid.client_id, **hint)["url"])

    def look(self) -> str:
        """Read what the provider says of itself and its keys, and say how it stands. Raises ProviderTrouble."""
        client = self._client()
        try:
            keys = client.fetch_jwk_set(force=True)
        except (NoAnswer, ValueError) as error:
            raise self._trouble(
                f"{client.server_metadata['jwks_uri']} cannot be read: {type(error).__name__}"
            ) from error
        if not isinstance(keys, dict) or not keys.get("keys"):
            raise self._trouble(f"{client.server_metadata['jwks_uri']} has no keys")
        out = "" if "end_session_endpoint" in client.server_metadata else "; it has no address to sign out at"
        strong = "" if self.openid.knows_strength else "; how strong a sign-in was is left to it (acr, amr)"
        return f"people can sign in with {self.openid.issuer}{out}{strong}"

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=_PATIENCE_SECONDS):
            raise self._trouble("others wait for the provider already")
        try:
            yield
        finally:
            self._turns.release()

    def _client(self) -> _Client:
        with self._reading:
            at = time.monotonic()
            if self._known and at - self._known_at < _FRESH_SECONDS:
                return self._known
            if at >= self._again_at:
                try:
                    self._known, self._known_at = self._read(), at
                except ProviderTrouble:
                    self._again_at = time.monotonic() + _AGAIN_SECONDS
                    if not self._known:
                        raise
            if not self._known:
                raise self._trouble("it could not be read a moment ago")
            return self._known

    def _read(self) -> _Client:
        openid = self.openid
        found = read_discovery(openid.issuer)
        by = {
            "scope": openid.scope,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": found.pop("token_endpoint_auth_method"),
        }
        frame = FlaskIntegration(_CLIENT)
        return _Client(
            frame, _CLIENT, client_id=openid.client_id, client_secret=openid.secret, client_kwargs=by, **found
        )

    def _trouble(self, why: str) -> ProviderTrouble:
        return ProviderTrouble(f"{self.openid.issuer}: {why}.", "See: handrail doctor")


def _proven(token: Claims) -> tuple[Claims, str]:
    claims = token.get("userinfo")
    if not claims:
        raise NotProven("there is no ID token")
    subject = claims.get("sub")
    if not (isinstance(subject, str) and 0 < len(subject) <= 255 and subject.isprintable()):
        raise NotProven("the ID token names nobody")
    return claims, str(token["id_token"])
