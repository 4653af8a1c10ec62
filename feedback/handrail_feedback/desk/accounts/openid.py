"""Signing in with an OpenID provider: the way there, and the way back with an account, or with why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts.openid_settings import NotProven, NotStrong, ProviderTrouble, name_in
from handrail_feedback.desk.look import words
from handrail_feedback.desk.sign_in import ID_TOKEN, SignIn, doer
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import events, identities, staff
from handrail_kb.texts.log.logger import Log

if TYPE_CHECKING:
    from handrail_feedback.accounts.openid_provider import Provider

log = Log(__name__)

_NEXT = "openid_next"
# Of addresses and tokens in the cookie of the session, of which browsers keep 4,096 bytes.
_LONGEST_NEXT, _LONGEST_TOKEN = 400, 2_000


@dataclass(frozen=True)
class OpenIdSignIn:
    """The views of signing in with a provider."""

    sign_in: SignIn
    provider: Provider

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses on the way to the provider and back."""
        home = f"{self.sign_in.home}login/openid"
        blueprint.add_url_rule(home, "openid_begin", self.begin)
        blueprint.add_url_rule(f"{home}/back", "openid_back", self.back)

    def begin(self) -> AnyResponse:
        """GET desk/login/openid: to the provider. A link and no form, which the policy of the desk keeps here."""
        asked = self.sign_in.way_on(request.args.get("next", ""))
        if current_user.is_authenticated:
            return redirect(asked)
        session[_NEXT] = asked if len(asked) <= _LONGEST_NEXT else self.sign_in.home
        try:
            return self.provider.begin(url_for("desk.openid_back", _external=True))
        except ProviderTrouble as error:
            return self._unreachable(error, asked)

    def back(self) -> AnyResponse:
        """GET desk/login/openid/back: from the provider. Only the browser that went there holds what is asked for."""
        asked = self.sign_in.way_on(str(session.get(_NEXT, "")))
        if current_user.is_authenticated:
            return redirect(asked)
        store, name = self.sign_in.store, self.provider.openid.name
        try:
            claims, id_token = self.provider.finish()
        except NotProven as error:
            log("desk.openid_refused", reason=error)
            events.note_refused(store, "", now(), doer(), what="openid_failed")
            told = "openid.weak" if isinstance(error, NotStrong) else "openid.failed"
            return self.sign_in.form(asked, 401, wrong=words(told, name=name))
        except ProviderTrouble as error:
            return self._unreachable(error, asked)
        who = identities.Identity(self.provider.openid.issuer, claims["sub"], name_in(claims))
        admitted = identities.admit(store, who, self.provider.openid.role_of(claims), now(), doer().browser)
        if isinstance(admitted, identities.Refused):
            log("desk.sign_in_refused")
            return self._refused(words(admitted.why.replace("_", ".", 1), name=name))
        found = staff.find(store, admitted)
        if not found:  # removed within this moment
            return self._refused(words("openid.removed"))
        response = self.sign_in.welcome(found[0], asked)
        session[ID_TOKEN] = id_token if len(id_token) <= _LONGEST_TOKEN else ""
        return response

    def _refused(self, why: str) -> AnyResponse:
        return self.sign_in.look.page("trouble", words("openid.refused"), 403, what="", mend=why)

    def _unreachable(self, error: ProviderTrouble, asked: str) -> AnyResponse:
        log("desk.openid_unreachable", reason=error)
        wrong = words("openid.unreachable", name=self.provider.openid.name)
        return self.sign_in.form(asked, 503, wrong=wrong)
