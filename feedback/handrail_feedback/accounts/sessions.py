"""Sessions of the desk: a signed cookie that browsers send only to the desk's addresses, and the key that signs it.

Customers never get a cookie, and no page of theirs depends on one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import unquote

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature, TimestampSigner

from handrail_kb.config.plain_files import how_to_clear, no_folder, plain_text, standing_at
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import Settings
from handrail_kb.config.shown import as_typed
from handrail_kb.config.state_folder import made
from handrail_kb.errors import ConfigError, StoreUnavailable
from handrail_kb.texts.log.logger import Log

log = Log(__name__)


_COOKIE = "handrail_desk"
# A cookie that marks searches by colleagues. It is not a secret, and gives access to nothing.
_STAFF_COOKIE = "handrail_staff"
# One by which a browser is known again at the next sign-in: `browsers.py`.
_KNOWN_COOKIE = "handrail_known"
# What browsers hold to: set through TLS alone, and with the first by this very host for all its addresses.
_HOST, _SECURE = "__Host-", "__Secure-"
_PREFIXES = (_HOST, _SECURE, "")
_SHORTEST_KEY = 32
_LOCAL = frozenset({"127.0.0.1", "localhost", "[::1]"})


class DeskSessions(SecureCookieSessionInterface):
    """Signed cookies below `path`; other addresses have no session at all.

    The signature names the site: with the same key, a session of another one, such as a copy to try things out, is
    worth nothing here.
    """

    digest_method = staticmethod(hashlib.sha256)

    def __init__(self, base_path: str, path: str, settings: Settings) -> None:
        given_key()  # reports a mistake when the service starts
        self._base_path = base_path
        self._path = path
        self._settings = settings
        self._problem = ""
        self.salt = f"handrail-desk {settings.site_url or settings.site_name} {base_path}"

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request; None outside the desk, and while there is no key."""
        if not request.path.startswith(unquote(self._path)):
            return None
        try:
            app.secret_key = app.secret_key or secret_key(self._settings)
        except StoreUnavailable as error:
            if error.what != self._problem:
                self._problem = error.what
                log("desk.closed", reason=error)
            return None
        return self._kept(app, request)

    def _kept(self, app: Flask, request: Request) -> SecureCookieSession:
        """What the cookie holds, if this site signed it less than a session's time ago; empty otherwise.

        Flask would refuse what a clock a second ahead has signed, so that nodes would sign each other's people out.
        """
        signed = self.get_signing_serializer(app)
        if signed is None:
            return self.session_class()
        try:
            held, at = signed.loads(request.cookies.get(self.get_cookie_name(app), ""), return_timestamp=True)
        except BadSignature:
            return self.session_class()
        age = abs(cast(TimestampSigner, signed.make_signer()).get_timestamp() - at.timestamp())
        return self.session_class(held if age <= app.permanent_session_lifetime.total_seconds() else {})

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie, except on the static files that all pages of the desk share.

        Flask says at which time it ends, by the clock of this machine; where that is wrong, browsers would throw the
        cookie away at once. In how many seconds it ends goes before that (RFC 6265, 5.3).
        """
        if not (session.accessed or session.modified):
            return
        super().save_session(app, session, response)
        ends = f"; Max-Age={int(app.permanent_session_lifetime.total_seconds())}"
        cookies = response.headers.getlist("Set-Cookie")
        if session.permanent and cookies and cookies[-1].startswith(f"{self.get_cookie_name(app)}="):
            response.headers.setlist("Set-Cookie", [*cookies[:-1], cookies[-1] + ends])

    def get_cookie_name(self, app: Flask) -> str:
        """The name of the cookie."""
        return cookie_name(_COOKIE, self._base_path)

    def get_cookie_path(self, app: Flask) -> str:
        """The path that browsers send the cookie to: the desk alone, where the name does not ask for more."""
        return "/" if self.get_cookie_name(app).startswith(_HOST) else self._path

    def get_cookie_samesite(self, app: Flask) -> str:
        """`Lax`: browsers send the cookie when somebody opens a link in a mail, but not with another site's form."""
        return "Lax"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether browsers send the cookie only over TLS."""
        return needs_tls()


def cookie_name(name: str, base_path: str) -> str:
    """The name of a cookie of the service at `base_path`, with the prefix by which browsers refuse forged ones.

    `__Host-` wants the path of the whole host, which is the service's own only at `/`. Without TLS, on one's own
    machine, there is no prefix.
    """
    if not needs_tls():
        return name
    return f"{_HOST if base_path == '/' else _SECURE}{name}"


def staff_cookie(base_path: str) -> str:
    """The name of the cookie that marks searches by colleagues."""
    return cookie_name(_STAFF_COOKIE, base_path)


def known_cookie(base_path: str) -> str:
    """The name of the cookie by which a browser is known at the next sign-in."""
    return cookie_name(_KNOWN_COOKIE, base_path)


def proof_in(cookies: Mapping[str, str]) -> str:
    """What a browser shows to be known again; empty for a new one."""
    return next((cookies[name] for prefix in _PREFIXES if (name := f"{prefix}{_KNOWN_COOKIE}") in cookies), "")


def marks_staff(cookies: Mapping[str, str]) -> bool:
    """Whether these cookies mark a colleague."""
    return any(f"{prefix}{_STAFF_COOKIE}" in cookies for prefix in _PREFIXES)


def needs_tls() -> bool:
    """Whether cookies need TLS: everywhere but on one's own machine, even if a proxy does not report TLS."""
    return request.is_secure or not is_local()


def is_local() -> bool:
    """Whether the browser addressed this machine by a local name."""
    return request.host.rpartition(":")[0] in _LOCAL or request.host in _LOCAL


def secret_key(settings: Settings, environ: Mapping[str, str] | None = None) -> str:
    """The key that signs sessions: HANDRAIL_SECRET_KEY, or the one in the store's folder, created if missing.

    Raises ConfigError if HANDRAIL_SECRET_KEY is too short, StoreUnavailable if the file cannot be read or created.
    """
    return given_key(environ) or _kept_key(settings.state_dir / "secret.key")


def refuse_key_of_its_own(place: str, *, shared: bool) -> None:
    """Raise ConfigError where machines share the store at `place` and this one is not given their key."""
    if shared and not given_key():
        raise ConfigError(
            f"The store {place} is one that several machines use, but HANDRAIL_SECRET_KEY is not set: each would "
            "sign sessions and links with a key of its own.",
            "Give every node the same one: the words in secret.key, if you moved from a file, or else what this makes: "
            "openssl rand -hex 32",
        )


def given_key(environ: Mapping[str, str] | None = None) -> str:
    """HANDRAIL_SECRET_KEY; empty if it is not set. Raises ConfigError if it is too short or unreadable."""
    named = read_secret("HANDRAIL_SECRET_KEY", environ)
    given = named.strip()
    if named and len(given) < _SHORTEST_KEY:
        raise ConfigError(
            f"HANDRAIL_SECRET_KEY has {len(given)} characters; it needs at least {_SHORTEST_KEY}.",
            "Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))', or leave it out",
        )
    return given


def _kept_key(file: Path) -> str:
    try:
        if kind := standing_at(file):
            raise StoreUnavailable(
                f"The key of the sessions, {file}, is {kind}, not a file.",
                f"Put your copy of it back, or move that away, and a key is made: {how_to_clear(file)}",
            )
        if not file.exists():
            _make_key(file)
        key = plain_text(file, errors="replace").strip()
        if file.stat().st_mode & 0o077:
            file.chmod(0o600)
    except OSError as error:
        if known := no_folder(file.parent):
            raise StoreUnavailable(*known) from error
        raise StoreUnavailable(
            f"The key of the sessions, {file}, cannot be read or made: {error.strerror or error}.",
            f"Let the service write to its folder: chmod u+rwx {as_typed(file.parent)}, or set HANDRAIL_SECRET_KEY",
        ) from error
    if len(key) < _SHORTEST_KEY or not key.isascii() or not key.isprintable():
        raise StoreUnavailable(
            f"{file} is damaged: it holds no key.",
            "Put your copy of it back, or remove it, and another one is made; all sign in again then: "
            f"rm {as_typed(file)}",
        )
    return key


def _make_key(file: Path) -> None:
    """Write a key in one step, so that no process reads part of it; if several processes try, the first one's stays."""
    made(file.parent)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(48) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
