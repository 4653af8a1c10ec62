"""What a cache in front may keep: nothing that a header has changed by which it does not key, and nobody's own page."""

from __future__ import annotations

import re

import pytest

from handrail_feedback.accounts import passwords
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_search.service.app import parts_of

EVIL = "evil.example"
# Headers that some framework or web server takes for the address, the sender or the method. Caches key by none of them.
POISON = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Path": "/evil",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Proto": "evil",
    "X-Forwarded-Scheme": "nothttps",
    "X-Forwarded-For": EVIL,
    "X-Host": EVIL,
    "X-Original-Host": EVIL,
    "X-Original-URL": "/desk/login",
    "X-Rewrite-URL": "/desk/login",
    "X-HTTP-Method-Override": "POST",
    "X-Method-Override": "DELETE",
    "X-Script-Name": "/evil",
    "Forwarded": f"host={EVIL};proto=http",
    "Referer": f"https://{EVIL}/",
    "Origin": f"https://{EVIL}",
    "User-Agent": f"<script>{EVIL}</script>",
    "Accept-Language": "de",
    "Accept": "application/json",
    "Cookie": f"handrail_desk={EVIL}; lang={EVIL}; handrail_staff=1",
    "Sec-GPC": "1",
    "X-Requested-With": "XMLHttpRequest",
    "Transfer-Encoding": "identity",
    "Content-Type": "application/json",
}
PUBLIC = ("/", "/account/password/", "/account/password", "/assets/app.0123abcd.js", "/gone/", "/find/?q=refund",
          "/contact/", "/contact/code/", "/api/search?q=refund", "/api/related?url=/billing/refund/", "/api/notice",
          "/api/openapi.json", "/desk")  # fmt: skip


def opened(client, address):
    """The page that a browser ends at."""
    answer = client.get(address)
    for _ in range(5):
        if answer.status_code not in (301, 302, 303, 307, 308):
            break
        answer = client.get(answer.headers["Location"])
    return answer


def seen(answer):
    """What a cache would keep of an answer."""
    kept = {name: answer.headers.get(name) for name in ("Location", "Content-Type", "Set-Cookie", "Cache-Control")}
    return answer.status_code, kept, answer.get_data()


@pytest.mark.parametrize("path", PUBLIC)
def test_no_header_changes_what_a_cache_keeps_for_everybody(client, path):
    plain = client.get(path)
    for name, value in POISON.items():
        poisoned = client.get(path, headers={name: value})
        assert EVIL.encode() not in poisoned.get_data(), name
        assert EVIL not in str(poisoned.headers), name
        alone = "no-store" in poisoned.headers.get("Cache-Control", "")
        assert alone or seen(poisoned) == seen(plain) or name in poisoned.headers.get("Vary", ""), name


@pytest.mark.parametrize("path", PUBLIC)
def test_a_body_or_a_second_parameter_of_a_get_changes_nothing_that_is_kept(client, path):
    plain = client.get(path)
    for more in ({"data": {"q": EVIL, "url": EVIL}}, {"json": {"q": EVIL}}):
        other = client.get(path, **more)
        assert EVIL.encode() not in other.get_data()
        assert "no-store" in other.headers.get("Cache-Control", "") or seen(other) == seen(plain)
    # What is in the address is in a cache's key, and is still never part of a page that is kept.
    joined = f"{path}{'&' if '?' in path else '?'}utm={EVIL}&q={EVIL}"
    answer = opened(client, joined)
    assert EVIL.encode() not in answer.get_data() or "no-store" in answer.headers.get("Cache-Control", "")


@pytest.fixture
def lead(make_app, own_acme):
    """A browser in which a lead is signed in, and the code of a message that only colleagues may read."""
    app = make_app(own_acme)
    assert staff.add(parts_of(app).store, "lena", "lead", passwords.hashed("correct horse battery"), now())
    client = app.test_client()
    sent = {"message": "Only for colleagues", "reply_to": "anna@acme.test", "subject": "Only for colleagues"}
    code = client.post("/api/contact", json=sent).json["code"]
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/login").text)[1]
    form = {"name": "lena", "password": "correct horse battery", "csrf_token": token}
    assert client.post("/desk/login", data=form).status_code == 302
    return client, code


# Names at the end, and signs before them, by which some caches take a page for a file that is everybody's.
TRICKS = (
    *("x.css", "x.js", "x.png", ";x.css", "%3bx.css", "%3fx.css", "%23x.css", "%0ax.css", "%00x.css", "%2fx.css"),
    *("..%2fx.css", "%2e%2e/x.css", "?x.css", "?/x.css", "//x.css", "\\x.css", "robots.txt", "index.html"),
)


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_of_the_desk_is_kept_by_a_cache_that_judges_by_the_name(lead, trick):
    client, code = lead
    inside = ("", "account/", f"m/{code}/", f"m/{code}", "topics/", "accounts/", "messages.csv")
    around = [f"/assets/..%2fdesk/account/{trick}", f"/assets/%2e%2e/desk/{trick}", f"//desk/account/{trick}"]
    for path in [f"/desk/{page}{trick}" for page in inside] + around:
        for address in (path, path.replace("/desk/", "/DESK/")):
            answer = opened(client, address)
            private = re.search(r"lena|Only for colleagues|csrf_token", answer.text)
            assert not private or "no-store" in answer.headers["Cache-Control"], address
            assert "immutable" not in answer.headers.get("Cache-Control", ""), address


def test_a_colleague_sees_the_desks_own_page_where_nothing_is_and_strangers_do_not(lead, own_client):
    answer = lead[0].get("/desk/nothere/")
    assert answer.status_code == 404 and "This is not here" in answer.text and "lena" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "lena" not in lead[0].get("/nothere/").text
    assert own_client.get("/desk/nothere/").text == own_client.get("/nothere/").text


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_that_a_customer_asked_or_wrote_is_kept_under_another_name(client, trick):
    for path in ("/find/", "/contact/", "/contact/code/", "/tell/", "/api/search/"):
        address = f"{path}{trick}{'&' if '?' in trick else '?'}q=unmistakable"
        answer = opened(client, address)
        assert "unmistakable" not in answer.text or "no-store" in answer.headers["Cache-Control"], address
