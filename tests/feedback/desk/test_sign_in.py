"""Who gets into the desk, how long they stay, and what is known of them there."""

import re
import runpy
import time
from collections import defaultdict
from statistics import median

import pytest
from argon2 import PasswordHasher

pytest.importorskip("faiss", reason="the service is not installed")
from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.sessions import secret_key
from handrail_feedback.records.staff import Doer
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import identities, sessions, staff
from handrail_kb.errors import ConfigError, StoreUnavailable

from ..stores import everything_in
from .desks import PASSWORD, Desk, hire, service, settings_for


@pytest.fixture
def staffed(app):
    hire(app.extensions["handrail"].store)
    return app.extensions["handrail"].store


@pytest.fixture
def desk(app, staffed):
    return Desk(app.test_client())


def cookie(response, name="handrail_desk"):
    return next((value for value in response.headers.getlist("Set-Cookie") if value.startswith(f"{name}=")), "")


# --- The door --------------------------------------------------------------------------------------------------


def test_somebody_with_an_account_gets_in_and_out_again(desk):
    assert desk.get("").status_code == 401
    assert "<title>Sign in" in desk.page
    assert desk.sign_in(name=" Anna ").status_code == 200
    assert "anna" in desk.page
    assert desk.post("logout").status_code == 200
    assert desk.get("").status_code == 401


def test_the_desk_has_the_colours_of_the_site_and_nothing_else_of_it(desk):
    for path in ("login", ""):
        desk.get(path)
        assert re.findall(r'<link rel="?stylesheet"? href="([^"]+)"', desk.page) == [
            "/help/assets/acme.css",
            "/help/desk/static/desk.css",
            "/help/desk/static/weekly.css",
        ]
        assert '<body class="desk-body" data-md-color-primary="teal">' in desk.page
        assert not re.search(r"<script>|acme.js|<style|cdn|ACME|<form[^>]*/find", desk.page)
        desk.sign_in()


def test_the_desk_speaks_the_language_that_the_browser_asks_for(desk):
    desk.sign_in()
    for asked, lang, word in (
        ("de-CH,en;q=0.5", "de", "Abmelden"),
        ("fr, en;q=0.8", "en", "Sign out"),
        ("tlh", "en", "Sign out"),
    ):
        desk.get("", headers={"Accept-Language": asked})
        assert f'<html lang="{lang}"' in desk.page and word in desk.page


def test_no_page_of_the_desk_opens_without_signing_in(app, desk):
    ways = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("desk.")]
    assert len(ways) >= 3
    for rule in ways:
        if rule.endpoint in ("desk.login", "desk.static"):
            continue
        path = re.sub(r"<int:[^>]*>", "1", rule.rule)
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
        path = re.sub(r"<[^>]*>", "96H-9MK-WHX", path)
        for method in rule.methods - {"OPTIONS"}:
            answer = desk.client.open(path, method=method)
            assert answer.status_code == 401, (method, path)


def test_the_wrong_password_and_the_wrong_name_are_told_the_same_way(desk):
    wrong_password = desk.sign_in(password="wrong horse battery")
    first = re.sub(r'value="[^"]*"', "", desk.page)
    wrong_name = desk.sign_in(name="bert")
    assert (wrong_password.status_code, wrong_name.status_code) == (401, 401)
    assert re.sub(r'value="[^"]*"', "", desk.page) == first


def test_a_name_that_is_not_there_costs_the_same_work_as_a_wrong_password(monkeypatch):
    hashes = []
    verify = PasswordHasher.verify
    monkeypatch.setattr(
        PasswordHasher,
        "verify",
        lambda self, kept, typed: hashes.append(kept) or verify(self, kept, typed),
    )
    kept = passwords.hashed(PASSWORD)
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.matches(kept, "wrong horse battery")
    assert len(hashes) == 2
    costs = {re.match(r"\$argon2id\$v=\d+\$(m=\d+,t=\d+,p=\d+)\$", one)[1] for one in hashes}
    assert len(costs) == 1


@pytest.mark.sqlite
def test_nobody_hears_from_the_time_whether_a_name_exists(desk, staffed, monkeypatch, record_property):
    """Measured as work of this thread, because a busy machine makes every answer late; hashed with the work of old."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1))
    staff.set_password(staffed, "anna", passwords.hashed(PASSWORD), now())
    identities.admit(staffed, identities.Identity("https://id.acme.test", "1", "berta"), "agent", now(), "")
    passwords._nobodys.cache_clear()  # noqa: SLF001 (other tests may have made it with less work)
    assert not passwords.matches(None, "the first one makes the hash of nobody")
    work = defaultdict(list)
    for number in range(8):
        for name in ("anna", "berta", f"nobody{number}"):
            desk.get("login")
            began = time.thread_time()
            assert desk.post("login", name=name, password="wrong horse battery").status_code == 401
            work[name.rstrip("0123456789")].append(time.thread_time() - began)
    known, by_provider, unknown = (median(work[name]) for name in ("anna", "berta", "nobody"))
    assert max(known, by_provider, unknown) < 1.5 * min(known, by_provider, unknown)
    passwords._nobodys.cache_clear()  # noqa: SLF001
    record_property("tried", 24)


def test_a_password_is_hashed_with_the_work_that_owasp_asks_for():
    as_installed = runpy.run_path(passwords.__file__)  # other tests hash with less
    memory, rounds = map(
        int, re.match(r"\$argon2id\$v=\d+\$m=(\d+),t=(\d+),", as_installed["hashed"](PASSWORD)).groups()
    )
    assert memory >= 19 * 1024
    assert rounds >= 2


def test_a_hash_of_the_password_is_all_that_is_kept(staffed):
    stored = everything_in(staffed)
    assert PASSWORD.encode() not in stored
    assert b"$argon2id$" in stored


def test_an_old_hash_is_renewed_when_its_owner_signs_in_and_the_session_goes_on(app, desk, staffed):
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    staff.set_password(staffed, "anna", weak, now())
    assert desk.sign_in().status_code == 200
    assert staff.find(staffed, "anna")[1] != weak
    assert desk.get("").status_code == 200


# --- Attacks -----------------------------------------------------------------------------------------------------


@pytest.mark.inputs
@pytest.mark.parametrize("token", ["", "forged", "another's"])
def test_signing_in_takes_the_token_of_the_form(app, desk, token):
    if token == "another's":
        other = Desk(app.test_client())
        other.get("login")
        token = other.token()
    desk.get("login")
    answer = desk.client.post("/help/desk/login", data={"csrf_token": token, "name": "anna", "password": PASSWORD})
    assert answer.status_code == 400
    assert desk.get("").status_code == 401


def test_another_site_cannot_sign_anybody_out(app, desk, staffed):
    desk.sign_in()
    for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert desk.client.post("/help/desk/logout", headers=headers).status_code in (400, 403)
    assert desk.get("").status_code == 200


def test_a_session_that_was_planted_before_signing_in_is_worth_nothing_after(app, desk):
    """Fixation: the attacker knows the cookie and the token that the victim signs in with."""
    desk.get("login")
    planted, token = cookie(desk.response).partition(";")[0].partition("=")[2], desk.token()
    assert planted
    answer = desk.post("login", follow=False, name="anna", password=PASSWORD)
    assert cookie(answer).partition(";")[0] != f"handrail_desk={planted}"
    attacker = app.test_client()
    attacker.set_cookie("handrail_desk", planted, path="/help/desk/")
    assert attacker.get("/help/desk/").status_code == 401
    assert desk.get("").status_code == 200
    assert desk.client.post("/help/desk/logout", data={"csrf_token": token}).status_code == 400


def test_a_cookie_that_somebody_made_up_opens_nothing(app, staffed):
    from itsdangerous import URLSafeTimedSerializer

    token = sessions.begin(staffed, "anna", now(), Doer("anna"))
    forged = URLSafeTimedSerializer("guessed key", salt="handrail-desk").dumps({"_user_id": token, "_fresh": True})
    client = app.test_client()
    client.set_cookie("handrail_desk", forged, path="/help/desk/")
    assert client.get("/help/desk/").status_code == 401


@pytest.mark.inputs
@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/help/desk//evil.example", "javascript:alert(1)",
     "/help/desk/../../evil", "/help/desk/%2e%2e/%2e%2e/", "/help/desk/\r\nSet-Cookie: a=b", "http://[", "/elsewhere"],
)  # fmt: skip
def test_after_signing_in_one_stays_at_the_desk_whatever_the_link_says(desk, target):
    desk.get("login", query_string={"next": target})
    answer = desk.post("login", follow=False, name="anna", password=PASSWORD, next=target)
    assert answer.headers["Location"] == "/help/desk/"
    assert desk.get("login", query_string={"next": target}).headers["Location"] == "/help/desk/"


def test_who_came_by_a_link_is_led_on_to_it(desk):
    desk.get("?code=96H+9MK")
    wanted = re.search(r'name="next" value="([^"]*)"', desk.page)[1]
    assert wanted == "/help/desk/?code=96H+9MK"
    answer = desk.post("login", follow=False, name="anna", password=PASSWORD, next=wanted)
    assert answer.headers["Location"] == wanted


def test_a_name_is_guessed_at_ten_times_in_a_quarter_of_an_hour_from_however_many_addresses(app, staffed):
    codes = []
    for number in range(12):
        desk = Desk(app.test_client())
        desk.client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number}"
        codes.append(desk.sign_in(password=f"wrong horse {number} battery").status_code)
    assert codes == [401] * 10 + [429] * 2
    assert "quarter of an hour" in desk.page
    assert desk.sign_in().status_code == 429  # the right one, too: else the limit could be told from the answer


def test_an_address_guesses_thirty_times_in_a_quarter_of_an_hour_at_however_many_names(app, desk, monkeypatch):
    monkeypatch.setattr(passwords, "matches", lambda kept, password: False)
    codes = [desk.sign_in(name=f"agent{number}").status_code for number in range(32)]
    assert codes == [401] * 30 + [429] * 2


def test_signing_in_rightly_is_never_limited(app, staffed, monkeypatch):
    monkeypatch.setattr(passwords, "matches", lambda kept, password: kept is not None)
    assert {Desk(app.test_client()).sign_in(follow=False).status_code for _ in range(35)} == {302}


def test_a_password_of_a_megabyte_costs_nothing(desk):
    assert desk.sign_in(password="x" * 1_000_000).status_code == 413
    assert not passwords.matches(passwords.hashed(PASSWORD), "x" * 10_000)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a" * 5000, "\0", "' OR 1=1 --", "anna\n"])
def test_an_odd_name_is_answered_and_shown_as_text(desk, name):
    assert desk.sign_in(name=name, password="wrong horse battery").status_code == 401
    assert "<script>alert" not in desk.page


# --- Sessions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ended",
    [lambda store: staff.remove(store, "anna", now()), lambda store: staff.set_password(store, "anna", "a hash", now()),
     lambda store: sessions.end_others(store, "anna", 0, now())],
    ids=["removed", "new password", "signed out elsewhere"],
)  # fmt: skip
def test_a_session_ends_at_once(desk, staffed, ended):
    desk.sign_in()
    assert desk.get("").status_code == 200
    assert ended(staffed)
    assert desk.get("").status_code == 401


def test_another_role_counts_from_the_next_request_on(desk, staffed):
    desk.sign_in()
    assert ", lead" not in desk.page
    staff.set_role(staffed, "anna", "lead", now())
    desk.get("")
    assert ", lead" in desk.page


def test_the_cookie_goes_to_the_desk_alone_and_through_tls(app, desk):
    answer = desk.sign_in(follow=False)
    assert "Path=/help/desk/;" in cookie(answer) + ";"
    assert "HttpOnly" in cookie(answer) and "SameSite=Lax" in cookie(answer)
    assert "Secure" not in cookie(answer)  # on one's own machine there is no TLS
    away = app.test_client().get("/help/desk/login", base_url="http://help.acme.test")
    assert "Secure" in cookie(away, "__Secure-handrail_desk")
    assert "unencrypted" in away.get_data(as_text=True)
    assert "unencrypted" not in app.test_client().get("/help/desk/", base_url="https://help.acme.test").text


def test_customers_get_no_cookie_and_no_page_depends_on_one(app, desk):
    for client in (app.test_client(), desk.client):
        for path in ("find/?q=a", "contact/", "healthz", "guide/reset/"):
            answer = client.get(f"/help/{path}")
            assert "Set-Cookie" not in answer.headers
            assert "Cookie" not in answer.headers.get("Vary", "")
        desk.sign_in()


def test_nothing_of_the_desk_is_kept_by_caches_or_found_by_search_engines(desk):
    desk.sign_in()
    assert desk.response.headers["Cache-Control"] == "no-store"
    assert "noindex" in desk.response.headers["X-Robots-Tag"]
    assert '<meta name="robots" content="noindex">' in desk.page
    assert "default-src 'self'" in desk.response.headers["Content-Security-Policy"]
    assert "style=" not in desk.page and "onclick" not in desk.page


# --- The key ----------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_for_its_owner_alone_and_outlives_a_restart(tmp_path, monkeypatch):
    settings = settings_for(tmp_path)
    key = secret_key(settings, {})
    file = tmp_path / "state" / "secret.key"
    assert len(key) >= 32 and file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    assert secret_key(settings, {}) == key
    assert file.stat().st_mode & 0o777 == 0o600
    assert {one.name for one in file.parent.iterdir()} == {".gitignore", "secret.key"}
    assert secret_key(settings, {"HANDRAIL_SECRET_KEY": "k" * 40}) == "k" * 40
    with pytest.raises(ConfigError, match="at least 32"):
        secret_key(settings, {"HANDRAIL_SECRET_KEY": "short"})


def test_a_key_that_is_too_short_stops_the_service_from_starting(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", "short")
    with pytest.raises(ConfigError, match="HANDRAIL_SECRET_KEY has 5 characters"), service(tmp_path):
        pass


def test_without_a_key_the_desk_says_so_and_customers_notice_nothing(app, desk, tmp_path):
    (tmp_path / "state").mkdir(exist_ok=True)
    (tmp_path / "state" / "secret.key").write_text("")
    assert desk.get("login").status_code == 503
    assert "secret.key" in desk.page or "key of the sessions" in desk.page
    assert desk.client.get("/help/contact/").status_code == 200


@pytest.mark.sqlite
def test_while_the_store_is_away_the_desk_says_so_and_what_mends_it(app, desk, staffed):
    desk.sign_in()
    staffed.close()
    staffed.at.unlink()
    staffed.at.mkdir()
    for path in ("", "login", "m/96H-9MK-WHX/"):
        assert desk.get(path).status_code == 503
        assert "The desk cannot work just now" in desk.page and "store.db" in desk.page
    assert desk.post("login", name="anna", password=PASSWORD).status_code == 400  # no token to be had
    fresh = Desk(app.test_client())
    fresh.get("login")
    assert fresh.post("login", name="anna", password=PASSWORD).status_code == 503
    assert desk.client.get("/help/find/?q=a").status_code in (200, 503)


def test_a_sign_in_that_the_store_could_not_note_is_sent_again_as_it_stands(desk, staffed, monkeypatch):
    def gone(*_args, **_more):
        raise StoreUnavailable("The store is away.", "Wait.", passing=True)

    desk.get("login")
    form = {"csrf_token": desk.token(), "name": "anna", "password": PASSWORD}
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "begin", gone)
        assert desk.post("login", **form).status_code == 503
    assert desk.post("login", follow=False, **form).status_code == 302
    assert desk.get().status_code == 200


def test_without_accounts_the_door_names_the_command_that_makes_one(app):
    assert "handrail users add" in app.test_client().get("/help/desk/").text


def test_a_fault_is_told_to_colleagues_in_their_own_words_and_logged_without_a_traceback(desk, monkeypatch, caplog):
    from handrail_feedback.desk.messages import inbox

    desk.sign_in()
    monkeypatch.setattr(inbox, "inbox_view", lambda _asked: {}["a customer's words"])
    assert desk.get("").status_code == 500
    assert "The fault is ours" in desk.page and "Your message" not in desk.page
    assert "a customer's words" not in desk.page + caplog.text
    assert desk.client.put("/help/desk/").status_code == 405
