"""The second factor: its code after the password, and turning it on and off on one's own account's page."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, current_app, redirect, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts.second_factor import (
    address_for_app,
    app_secret,
    hashed_code,
    new_recovery_codes,
    new_salt,
    qr_code,
    step_of,
)
from handrail_feedback.desk.accounts.own_account import OwnAccount
from handrail_feedback.desk.look import words
from handrail_feedback.desk.sign_in import HALF, SignIn, doer, me
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events, second_factors, staff

_TO_ENTER_IT = timedelta(minutes=5)
# From the password to the first code: whoever finds an open session later must not go on from there.
_TO_SET_IT_UP = timedelta(minutes=15)
# In the session, between the QR code and the first code of the app.
_SALT, _BEGUN = "second_factor_salt", "second_factor_begun"


@dataclass(frozen=True)
class SecondFactor:
    """The views of the second factor."""

    sign_in: SignIn
    own: OwnAccount

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of the second factor."""
        home = self.sign_in.home
        for path, endpoint, view in (
            ("login/code", "login_code", self.enter),
            ("account/second-factor/begin", "second_factor_begin", self.begin),
            ("account/second-factor/on", "second_factor_on", self.turn_on),
            ("account/second-factor/off", "second_factor_off", self.turn_off),
        ):
            blueprint.add_url_rule(f"{home}{path}", endpoint, view, methods=["POST"])

    def enter(self) -> AnyResponse:
        """POST desk/login/code. The status 401, for a wrong code, counts as a try to guess it."""
        half, store, at = session[HALF], self.sign_in.store, now()
        found = staff.find(store, half["name"])
        if not found or at.timestamp() - half["at"] > _TO_ENTER_IT.total_seconds() or half["of"] != mark_of(found[1]):
            session.clear()
            return self.sign_in.form(half["next"], 401, wrong=words("login.stale"))
        if not self._takes_code(half["name"]):
            return code_form(self.sign_in, words("factor.wrong"), 401)
        return self.sign_in.welcome(found[0], half["next"])

    def begin(self) -> AnyResponse:
        """POST desk/account/second-factor/begin: the QR code. One that is on is turned off first, which takes more."""
        if me().second_factor:
            return self.own.page(words("factor.is_on"), 422)
        if not self.sign_in.knows_password():
            return self.own.page(words("account.present_wrong"), 401)
        session[_SALT], session[_BEGUN] = new_salt(), now().timestamp()
        return self._offer()

    def turn_on(self) -> AnyResponse:
        """POST desk/account/second-factor/on: the first code of the app proves that it works."""
        late = now().timestamp() - session.get(_BEGUN, 0) > _TO_SET_IT_UP.total_seconds()
        salt, name = "" if late or me().second_factor else session.get(_SALT, ""), me().name
        step = self._step(name, salt, request.form.get("code", "")) if salt else None
        if step is None:
            return self._offer(words("factor.wrong"), 422) if salt else self.own.page(words("login.stale"), 422)
        codes = new_recovery_codes()
        hashes = [hashed_code(code) for code in codes]
        second_factors.turn_on(self.sign_in.store, name, salt, step, hashes, now(), doer(name))
        session.pop(_SALT)
        session.pop(_BEGUN)
        return self.sign_in.look.page("accounts/recovery", words("factor.recovery_title"), codes=codes)

    def turn_off(self) -> AnyResponse:
        """POST desk/account/second-factor/off: takes what a sign-in takes, the password and a code."""
        if not self.sign_in.knows_password():
            return self.own.page(words("account.present_wrong"), 401)
        if me().second_factor and not self._takes_code(me().name):
            return self.own.page(words("factor.wrong"), 401)
        second_factors.turn_off(self.sign_in.store, me().name, now(), doer(me().name))
        return redirect(url_for("desk.account", done="factor_off"))

    def _offer(self, wrong: str = "", status: int = 200) -> Response:
        secret = app_secret(_key(), me().name, session[_SALT])
        address = address_for_app(secret, me().name, self.sign_in.look.site_name())
        drawn = Markup(qr_code(address))  # noqa: S704 (segno draws, and writes no words)
        spaced = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
        title = words("factor.title")
        return self.sign_in.look.page(
            "accounts/factor", title, status, wrong=wrong, secret=spaced, address=address, qr=drawn
        )

    def _step(self, name: str, salt: str, typed: str) -> int | None:
        return step_of(app_secret(_key(), name, salt), typed, now()) if salt else None

    def _takes_code(self, name: str) -> bool:
        """Whether the form of this request has a code of the app or a recovery code, which is used up thereby."""
        store, typed, at = self.sign_in.store, request.form.get("code", "")[:100], now()
        step = self._step(name, second_factors.salt_of(store, name), typed)
        if step is not None and second_factors.use_step(store, name, step):
            return True
        if second_factors.use_recovery_code(store, name, hashed_code(typed), at, doer(name)):
            return True
        events.note_refused(store, name, at, doer(), what="second_factor_refused")
        return False


def ask_for_code(sign_in: SignIn, name: str, password_hash: str, way_on: str) -> AnyResponse:
    """The form for the code; whoever sends it has entered the password."""
    before = session.get("_user_id", "")
    session.clear()
    session[HALF] = {
        "name": name,
        "at": now().timestamp(),
        "of": mark_of(password_hash),
        "next": way_on,
        "before": before,
    }
    return code_form(sign_in)


def code_form(sign_in: SignIn, wrong: str = "", status: int = 200) -> Response:
    """The form for a code of the app, or a recovery code."""
    return sign_in.look.page("accounts/code", words("factor.enter"), status, wrong=wrong)


def mark_of(password_hash: str) -> str:
    """By what a form for a code is known to be of the present password."""
    return hashlib.sha256(password_hash.encode()).hexdigest()[:16]


def _key() -> str:
    return str(current_app.secret_key)
