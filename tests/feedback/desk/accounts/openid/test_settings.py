"""The setting `openid`, what `handrail doctor` says of it, and the commands on accounts that come from a provider."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")
pytest.importorskip("authlib", reason="handrail[openid] is not installed")

from handrail_feedback.accounts import openid_settings
from handrail_feedback.accounts.openid_settings import read_openid
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import identities
from handrail_feedback.storage.database import Store
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError
from handrail_search.commands.doctor import examine

from .provider import SECRET

GOOD = "issuer: {issuer}, client_id: handrail, roles: {{support: agent, '7': lead}}"
ISSUER = "https://id.example.com/realms/acme"


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(setting: str = GOOD, issuer: str = ISSUER):
        text = f"site_name: Acme\nplugins:\n  - handrail:\n      openid: {{{setting.format(issuer=issuer)}}}\n"
        (tmp_path / "mkdocs.yml").write_text(text)
        return tmp_path / "mkdocs.yml"

    return write


def read(file, environ=None):
    return read_openid(
        load_settings(file, environ={}), {"HANDRAIL_OPENID_SECRET": SECRET} if environ is None else environ
    )


def test_the_setting_has_defaults_and_the_secret_comes_from_outside(site, tmp_path):
    found = read(site())
    assert (found.issuer, found.name, found.roles_claim) == (ISSUER, "id.example.com", "roles")
    assert found.roles == {"support": "agent", "7": "lead"} and SECRET not in repr(found)
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    assert read(site(), {"HANDRAIL_OPENID_SECRET_FILE": str(tmp_path / "secret")}).secret == SECRET
    with pytest.raises(ConfigError, match="HANDRAIL_OPENID_SECRET is not"):
        read(site(), {})


def test_without_the_setting_there_is_no_provider(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    assert read(tmp_path / "mkdocs.yml", {}) is None


@pytest.mark.parametrize(
    "setting, told",
    [
        ("issuer: {issuer}, client_id: a", "no 'roles'"),
        ("client_id: a, roles: {{a: lead}}", "no 'issuer'"),
        ("issuer: 'http://id.example.com', client_id: a, roles: {{a: lead}}", "https://"),
        ("issuer: 'https://id.example.com/?a=b', client_id: a, roles: {{a: lead}}", "https://"),
        ("issuer: 'https://u:p@id.example.com', client_id: a, roles: {{a: lead}}", "https://"),
        ("issuer: 'https://[', client_id: a, roles: {{a: lead}}", "https://"),
        ("issuer: {issuer}, client_id: 7, roles: {{a: lead}}", "'openid: client_id' should be text"),
        ("issuer: {issuer}, client_id: ' ', roles: {{a: lead}}", "should be text"),
        ("issuer: {issuer}, client_id: a, roles: {{a: leed}}", "'leed' is no role"),
        ("issuer: {issuer}, client_id: a, roles: {{a: [lead]}}", "is no role"),
        ("issuer: {issuer}, client_id: a, roles: {{7: lead}}", "Put it in quotes"),
        ("issuer: {issuer}, client_id: a, roles: {{}}", "'roles' should say"),
        ("issuer: {issuer}, client_id: a, roles: lead", "'roles' should say"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, secret: b", "'secret' is not known"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, scope: profile", "'openid' among them"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, acr: []", "'acr' should be a value"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, acr: [a b]", "'acr' should be a value"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, acr: [1, 2]", "Put numbers in quotes"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, amr: 7", "'amr' should be a value"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, max_age: -1", "'max_age' should be a number"),
        ("issuer: {issuer}, client_id: a, roles: {{a: lead}}, max_age: yes", "'max_age' should be a number"),
    ],
)
def test_a_fault_in_the_setting_is_told_with_its_line(site, setting, told):
    with pytest.raises(ConfigError, match=r"mkdocs\.yml:4") as error:
        read(site(setting))
    assert told in error.value.what and "openid: {issuer" in error.value.mend


def test_without_the_packages_the_command_that_installs_them_is_named(site, monkeypatch):
    monkeypatch.setenv("HANDRAIL_OPENID_SECRET", SECRET)
    monkeypatch.setattr(openid_settings, "missing", lambda _extra: ["authlib"])
    with pytest.raises(ConfigError) as error:
        openid_settings.provider_of(load_settings(site()))
    assert "handrail[openid]" in error.value.mend


# --- Doctor ----------------------------------------------------------------------------------------------------------


def told(file, part="openid"):
    return next(one for one in examine(file) if one.part == part)


def test_doctor_says_whether_people_can_sign_in_with_the_provider(site, provider):
    file = site(issuer=provider.issuer)
    found = told(file)
    left = "; how strong a sign-in was is left to it (acr, amr)"
    assert (found.mend, found.state) == ("", f"people can sign in with {provider.issuer}{left}")
    for document, why in (
        ({"issuer": "https://evil.example"}, "is of the issuer https://evil.example"),
        ({"token_endpoint": None}, "has no token_endpoint"),
        ({"jwks_uri": f"{provider.issuer}/nowhere"}, "nowhere cannot be read"),
    ):
        provider.document = document
        found = told(file)
        assert why in found.state and found.mend and not found.fatal


def test_doctor_names_a_provider_that_cannot_be_reached_and_a_setting_that_stops_the_service(site, provider):
    found = told(site(issuer="http://127.0.0.1:9"))
    assert "http://127.0.0.1:9/.well-known/openid-configuration cannot be read" in found.state and not found.fatal
    assert told(site("issuer: {issuer}"), "desk").fatal


# --- Commands --------------------------------------------------------------------------------------------------------


def test_commands_know_who_comes_from_a_provider(site, tmp_path):
    site()
    store = Store(tmp_path / ".handrail" / "store.db")
    who = identities.Identity(ISSUER, "1", "anna")
    assert identities.admit(store, who, "agent", now(), "") == "anna"

    def users(*words: str) -> str:
        return CliRunner().invoke(main, ["users", *words], input="seven walruses on a pier\n").output

    assert "by the OpenID provider" in users("list")
    assert "has no password here" in users("passwd", "anna")
    assert "until their OpenID provider says otherwise" in users("role", "anna", "lead")
    assert "handrail users readmit anna" in users("remove", "anna")
    assert "Kept out: anna" in users("readmit", "bert")
    assert identities.admit(store, who, "agent", now(), "") == identities.Refused("openid_removed")
    assert "makes an account again" in users("readmit", "anna")
    assert identities.admit(store, who, "agent", now(), "") == "anna"
    store.close()
