"""The page of one's own account: changing the password, which needs the present one and ends all other sessions."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, redirect, request, url_for
from flask_login import login_user
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.password_rules import SHORTEST_PASSWORD, fault
from handrail_feedback.desk.look import Look, language, words
from handrail_feedback.desk.sign_in import SignedIn, me
from handrail_feedback.storage import staff
from handrail_feedback.storage.database import Store


@dataclass(frozen=True)
class OwnAccount:
    """The views of one's own account."""

    store: Store
    look: Look

    def register(self, blueprint: Blueprint) -> None:
        """Add the addresses of one's own account."""
        home = f"{self.look.home}account/"
        blueprint.add_url_rule(home, "account", self.page)
        blueprint.add_url_rule(f"{home}password", "change_password", self.change_password, methods=["POST"])

    def page(self, wrong: str = "", status: int = 200) -> AnyResponse:
        """GET desk/account/, where `done` in the address says what was done just now."""
        return self.look.page(
            "accounts/own",
            words("desk.account"),
            status,
            wrong=wrong,
            done=words("account.changed") if request.args.get("done") == "password" else "",
            least=SHORTEST_PASSWORD,
            most=passwords.LONGEST,
        )

    def change_password(self) -> AnyResponse:
        """POST desk/account/password. The status 401, for a wrong present password, counts as a try to guess it."""
        name, new = me().name, request.form.get("new", "")
        found = staff.find(self.store, name)
        if not found or not passwords.matches(found[1], request.form.get("present", "")):
            return self.page(words("account.present_wrong"), 401)
        if new != request.form.get("again", ""):
            return self.page(words("account.differ"), 422)
        if refused := fault(new, name, self.look.site_name()):
            return self.page(refused.text(language()), 422)
        staff.set_password(self.store, name, passwords.hashed(new))
        renewed = staff.find(self.store, name)
        if renewed:
            login_user(SignedIn(renewed[0]))
        return redirect(url_for("desk.account", done="password"))
