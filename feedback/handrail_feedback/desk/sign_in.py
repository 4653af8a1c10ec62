"""Signing in to the desk and out of it.

Neither the answer nor the time it takes shows whether a name exists. The application that registers the desk limits
failed tries by address and by name: it counts answers with the status 401.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, current_app, redirect, request, session, url_for
from flask_login import UserMixin, current_user, login_user
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.browsers import kind_of_browser, new_proof
from handrail_feedback.accounts.sessions import is_local, known_cookie, needs_tls, staff_cookie
from handrail_feedback.desk.look import Look, words
from handrail_feedback.records.staff import Doer, Session, StaffMember, clean_name, needs_factor
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events, sessions, staff
from handrail_feedback.storage.database import Store
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.log.logger import Log

if TYPE_CHECKING:
    from handrail_feedback.accounts.openid_provider import Provider

log = Log(__name__)

# In the session, of somebody who has entered the password and not yet the code.
HALF = "half_signed_in"
# In the session of somebody who signed in with a provider: the token by which it knows whom to sign out.
ID_TOKEN = "id_token"  # noqa: S105 (the name of a field)
# How long a browser is known in which somebody has signed in.
_KNOWN_SECONDS = 180 * 24 * 3600


class SignedIn(UserMixin):  # type: ignore[misc]
    """A staff member as Flask-Login knows them: by the token of a session."""

    def __init__(self, token: str, member: StaffMember, session: Session | None = None) -> None:
        self.token = token
        self.member = member
        self.session = session

    def get_id(self) -> str:
        """The value that the cookie carries."""
        return self.token


def me() -> StaffMember:
    """The person who is signed in. Only for views that require a session."""
    member: StaffMember = current_user.member
    return member


def this_session() -> Session:
    """The session of this request. Only for views that require one."""
    session: Session = current_user.session
    return session


def doer(name: str = "") -> Doer:
    """Who does something in this request: the account of that name, in this kind of browser."""
    return Doer(name, kind_of_browser(request.headers.get("User-Agent", "")))


def carry_on(token: str, member: StaffMember) -> None:
    """Let the browser of this request go on with another session; nothing of the one before is trusted."""
    session.clear()
    session.permanent = True
    login_user(SignedIn(token, member))


@dataclass(frozen=True)
class SignIn:
    """The views of signing in and out."""

    store: Store
    look: Look
    base_path: str
    home: str
    expect: Callable[[], None]
    idle: timedelta
    # Asks for the code of an account's second factor: given the name, the hash of its password, and the way on.
    ask_for_code: Callable[[SignIn, str, str, str], AnyResponse]
    # Whose account needs one: `optional`, `leads` or `all`.
    factor_for: str
    # Whom people may sign in with instead of a password.
    provider: Provider | None = None

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of signing in and out."""
        blueprint.add_url_rule(f"{self.home}login", "login", self.sign_in, methods=["GET", "POST"])
        blueprint.add_url_rule(f"{self.home}logout", "logout", self.sign_out, methods=["POST"])

    def who(self, token: str) -> SignedIn | None:
        """Whose session it is. Called with each request, so that removing an account signs it out at once."""
        found = sessions.find(self.store, token, now(), self.idle)
        return SignedIn(token, *found) if found else None

    def sign_in(self) -> AnyResponse:
        """GET and POST desk/login."""
        asked = self.way_on(request.values.get("next", ""))
        if current_user.is_authenticated and request.method == "GET":
            return redirect(asked)
        if request.method == "GET":
            return self.form(asked)
        typed, password = request.form.get("name", "")[:100], request.form.get("password", "")
        found = staff.find(self.store, name) if (name := clean_name(typed)) else None
        member = self._check(found, password)
        ended = member is not None and member.first_until is not None and member.first_until <= now()
        if member is None or ended:
            log("desk.sign_in_refused")
            events.note_refused(self.store, found[0].name if found else "", now(), doer())
            return self.form(asked, 401, typed=typed, wrong=words("login.first_ended" if ended else "login.wrong"))
        if member.second_factor and found:
            return self.ask_for_code(self, member.name, found[1], asked)
        return self.welcome(member, asked)

    def sign_out(self) -> AnyResponse:
        """POST desk/logout: ends this session."""
        sessions.sign_out(self.store, me().name, this_session().number, now(), doer(me().name))
        there = self._sign_out_there(session.get(ID_TOKEN))
        session.clear()
        response = there or redirect(url_for("desk.login"))
        response.delete_cookie(staff_cookie(self.base_path), **self._staff_cookie())
        return response

    def form(self, way_on: str, status: int = 200, *, typed: str = "", wrong: str = "", kept: str = "") -> Response:
        """The form to sign in. `kept` is what somebody had written when their session ended.

        It also starts reading what the next pages will need.
        """
        self.expect()
        return self.look.page(
            "accounts/login",
            words("login.title"),
            status,
            next=way_on,
            typed=typed,
            wrong=wrong,
            words=kept,
            nobody=self.provider is None and self._has_nobody(),
            provider=self.provider.openid.name if self.provider else "",
            plain=not request.is_secure and not is_local(),
        )

    def lacks_factor(self, member: StaffMember) -> bool:
        """Whether this account needs a second factor and has none. Who comes from a provider is asked for it there.

        `accounts/openid_settings.py` looks whether they were.
        """
        needed = not member.by_provider and needs_factor(self.factor_for, member.role)
        return needed and not member.second_factor

    def knows_password(self) -> bool:
        """Whether the form of this request has the present password of whoever is signed in."""
        found = staff.find(self.store, me().name)
        return bool(found) and passwords.matches(found[1] if found else None, request.form.get("present", ""))

    def _has_nobody(self) -> bool:
        """Whether there is no account yet; False while the store cannot be read."""
        try:
            return not staff.everybody(self.store)
        except StoreUnavailable:
            return False

    def _check(self, found: tuple[StaffMember, str] | None, password: str) -> StaffMember | None:
        kept = found[1] if found else None
        if not passwords.matches(kept, password) or found is None or kept is None:
            return None
        if passwords.is_outdated(kept):
            staff.rehash(self.store, found[0].name, kept, passwords.hashed(password))
        return found[0]

    def welcome(self, member: StaffMember, way_on: str) -> AnyResponse:
        """Begin a session for somebody who has proved who they are, and lead on."""
        # Comes first, because it may fail: then nothing has changed, and the same form can be sent again.
        before = session.get("_user_id") or session.get(HALF, {}).get("before", "")
        token = sessions.begin(self.store, member.name, now(), doer(member.name), before)
        carry_on(token, member)
        response = redirect(way_on)
        response.set_cookie(staff_cookie(self.base_path), "1", max_age=30 * 24 * 3600, **self._staff_cookie())
        proof, at_desk = new_proof(str(current_app.secret_key), member.name), {**self._staff_cookie()}
        at_desk["path"] = "/" if self.base_path == "/" else self.home
        response.set_cookie(known_cookie(self.base_path), proof, max_age=_KNOWN_SECONDS, **at_desk)
        return response

    def _sign_out_there(self, id_token: str | None) -> Response | None:
        """The page that leads on to sign out at the provider, for somebody who came from there.

        The answer to a form is no redirect to another site: the policy of the desk lets no form lead there.
        """
        back = url_for("desk.login", _external=True)
        if id_token is None or not self.provider or not (address := self.provider.sign_out_address(back, id_token)):
            return None
        return self.look.page(
            "accounts/signed_out", words("openid.signed_out"), address=address, provider=self.provider.openid.name
        )

    def _staff_cookie(self) -> dict[str, Any]:
        return {"httponly": True, "samesite": "Lax", "secure": needs_tls(), "path": self.base_path}

    def way_on(self, asked: str) -> str:
        """The address to open after signing in: always a page of the desk."""
        try:
            parts = urlsplit(asked) if asked.isascii() and asked.isprintable() and "\\" not in asked else urlsplit("")
        except ValueError:
            return self.home
        inside = not parts.scheme and not parts.netloc and parts.path.startswith(self.home)
        return asked if inside and ".." not in unquote(parts.path) and "//" not in parts.path else self.home
