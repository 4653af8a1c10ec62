"""The page of one's own account: the password and one's sessions. To change any of it takes the present password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.password_rules import SHORTEST_PASSWORD, fault
from handrail_feedback.desk.look import language, words
from handrail_feedback.desk.sign_in import SignIn, carry_on, doer, me, this_session
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import second_factors, sessions, staff

# What the address may say was done just now.
_DONE = ("password", "password_needed", "session", "sessions", "factor_needed", "factor_off")
# Who comes from a provider has no password here: to have signed in so lately proves as much.
_LATELY_MINUTES = 15


@dataclass(frozen=True)
class OwnAccount:
    """The views of one's own account."""

    sign_in: SignIn

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of one's own account."""
        home = f"{self.sign_in.home}account/"
        blueprint.add_url_rule(home, "account", self.page)
        for path, endpoint, view in (
            ("password", "change_password", self.change_password),
            ("sessions/<int:number>/end", "end_session", self.end_session),
            ("sessions/end", "end_sessions", self.end_sessions),
        ):
            blueprint.add_url_rule(f"{home}{path}", endpoint, view, methods=["POST"])

    def page(self, wrong: str = "", status: int = 200) -> AnyResponse:
        """GET desk/account/, where `done` in the address says what was done just now."""
        done = request.args.get("done", "")
        return self.sign_in.look.page(
            "accounts/own",
            words("desk.account"),
            status,
            wrong=wrong,
            done=words(f"account.done.{done}") if done in _DONE else "",
            least=SHORTEST_PASSWORD,
            most=passwords.LONGEST,
            codes_left=second_factors.codes_left(self.sign_in.store, me().name),
            this=this_session().number,
            may_end=not me().by_provider or _signed_in_lately(),
            lately=_LATELY_MINUTES,
            provider=self.sign_in.provider.openid.name if self.sign_in.provider else "OpenID Connect",
            sessions=sessions.of(self.sign_in.store, me().name, now(), self.sign_in.idle),
        )

    def change_password(self) -> AnyResponse:
        """POST desk/account/password. The status 401, for a wrong present password, counts as a try to guess it."""
        store, name, new = self.sign_in.store, me().name, request.form.get("new", "")
        if not self.sign_in.knows_password():
            return self.page(words("account.present_wrong"), 401)
        if new != request.form.get("again", ""):
            return self.page(words("account.differ"), 422)
        if new == request.form.get("present", ""):
            return self.page(words("account.same"), 422)
        if refused := fault(new, name, self.sign_in.look.site_name()):
            return self.page(refused.text(language()), 422)
        staff.set_password(store, name, passwords.hashed(new), now(), doer(name))
        carry_on(sessions.renew(store, name, now(), doer(name)), me())
        return redirect(url_for("desk.account", done="password"))

    def end_session(self, number: int) -> AnyResponse:
        """POST desk/account/sessions/NUMBER/end: signs one device out."""
        if refused := self._refused():
            return refused
        if not sessions.end_one(self.sign_in.store, me().name, number, now(), doer(me().name)):
            abort(404)
        return redirect(url_for("desk.account", done="session"))

    def end_sessions(self) -> AnyResponse:
        """POST desk/account/sessions/end: signs out everywhere but here."""
        if refused := self._refused():
            return refused
        sessions.end_others(self.sign_in.store, me().name, this_session().number, now(), doer(me().name))
        return redirect(url_for("desk.account", done="sessions"))

    def _refused(self) -> AnyResponse | None:
        """Why this form may end no session: it has not the present password, or the sign-in was too long ago."""
        if me().by_provider:
            told = words("account.sign_in_again", minutes=_LATELY_MINUTES)
            return None if _signed_in_lately() else self.page(told, 403)
        return None if self.sign_in.knows_password() else self.page(words("account.present_wrong"), 401)


def _signed_in_lately() -> bool:
    return now() - this_session().made_at < timedelta(minutes=_LATELY_MINUTES)
