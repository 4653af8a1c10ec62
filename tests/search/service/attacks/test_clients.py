"""Who asks, and by which name: one household is one client, and no name that a browser sends is ever believed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail_feedback.accounts import passwords
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.accounts import staff
from handrail_feedback.storage.upkeep.capacity import LIMITS
from handrail_search.service.app import parts_of
from handrail_search.service.rate_limits import rules
from handrail_search.service.rate_limits.rules import client_of

EVIL = "evil.example"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("198.51.100.9", "198.51.100.9:4001"),
        ("198.51.100.9:4001", "198.51.100.9:4002"),
        ("198.51.100.9", "::ffff:198.51.100.9"),
        ("198.51.100.9", "::FFFF:c633:6409"),
        ("198.51.100.9", "::ffff:198.51.100.9:4001"),
        ("198.51.100.9", "[::ffff:198.51.100.9]:4001"),
        ("198.51.100.9", '"198.51.100.9:4001"'),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("2001:db8:1:2::1", "[2001:db8:1:2:3::1]:4001"),
        ("2001:db8:1:2::1", "2001:DB8:0001:2:3:4:5:6"),
        ("2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6:4001"),
        ("2001:db8:1:2::1", '"[2001:db8:1:2::5]"'),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("fe80::1", "[fe80::2%25eth0]:80"),
        ("198.51.100.9", "64:ff9b::198.51.100.9"),
        ("198.51.100.9", "[64:ff9b::c633:6409]:4001"),
        ("198.51.100.9", "2002:c633:6409::1"),
        ("2002:c633:6409:1::1", "2002:c633:6409:2::1"),
        ("198.51.100.9", "2001:0:5ef5:79fd:1:2:39cc:9bf6"),
        ("unknown", "_hidden"),
        ("unknown", "x" * 5000),
        ("", "1.2.3.4.5"),
        ("010.0.0.1", "999.1.1.1:80"),
    ],
)
def test_spellings_of_one_household_are_one_client(one: str, other: str) -> None:
    assert client_of(one) == client_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("198.51.100.9", "198.51.100.10"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("198.51.100.9", "2001:db8::1"),
        ("198.51.100.9", "unknown"),
        ("::ffff:198.51.100.9", "::ffff:198.51.100.10"),
        ("64:ff9b::198.51.100.9", "64:ff9b::198.51.100.10"),
        ("2001:0:5ef5:79fd:1:2:39cc:9bf6", "2001:0:5ef5:79fd:1:2:39cc:9bf5"),
        ("2002:c633:6409::1", "2002:c633:640a::1"),
    ],
)
def test_neighbours_are_two_clients(one: str, other: str) -> None:
    assert client_of(one) != client_of(other)


@given(st.text(max_size=60) | st.ip_addresses().map(str) | st.ip_addresses(v=6).map(lambda one: f"[{one}]:99"))
def test_whatever_stands_in_a_header_is_some_client(address: str) -> None:
    assert client_of(address)


SEARCH, CONTACT, CODES, SIGN_IN, VOTE = "search", "contact", "codes", "sign-in", "vote"


def statuses(client, what, addresses):
    def send(address):
        headers = {"X-Forwarded-For": address}
        if what == SEARCH:
            return client.get("/api/search?q=a", headers=headers)
        if what == CONTACT:
            return client.post("/api/contact", json={"message": "Help!"}, headers=headers)
        if what == CODES:
            return client.post("/contact/code/", data={"code": "QQQ-QQQ-QQQ"}, headers=headers)
        if what == VOTE:
            vote = {"url": "/account/password/", "helpful": True}
            return client.post("/api/feedback", json=vote, headers=headers)
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/login").text)[1]
        guess = {"name": f"n{address}", "password": "x", "csrf_token": token}
        return client.post("/desk/login", data=guess, headers=headers)

    return [send(address).status_code for address in addresses]


@pytest.mark.parametrize("what", [SEARCH, CONTACT, CODES, VOTE])
def test_who_has_many_networks_is_no_crowd(make_app, own_acme, what):
    rates = dict.fromkeys(("search_rate", "contact_rate", "code_rate"), "2 per hour")
    client = make_app(own_acme, trusted_proxies=1, **rates).test_client()
    most = 2 * rules.WIDER
    found = statuses(client, what, [f"2001:db8:1:{number:x}::1" for number in range(most + 3)])
    assert 429 not in found[:most] and found[most:] == [429] * 3
    assert 429 not in statuses(client, what, [f"2001:db8:{number:x}:1::1" for number in range(2, most + 5)])
    assert 429 not in statuses(client, what, [f"198.51.100.{number}" for number in range(1, most + 4)])


def test_a_day_has_an_end_for_networks_too(make_app, own_acme, monkeypatch):
    monkeypatch.setitem(LIMITS, "messages", replace(LIMITS["messages"], a_day=1))
    client = make_app(own_acme, trusted_proxies=1, contact_rate="1000 per hour").test_client()
    found = statuses(client, CONTACT, [f"2001:db8:1:{number:x}::1" for number in range(rules.WIDER + 2)])
    assert found == [201] * rules.WIDER + [429] * 2


PASSWORD = "correct horse battery"


def sign_in(client, name, password, address):
    headers = {"X-Forwarded-For": address}
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/desk/login", headers=headers).text)[1]
    form = {"name": name, "password": password, "csrf_token": token}
    return client.post("/desk/login", data=form, headers=headers).status_code


def test_guesses_of_strangers_do_not_keep_a_colleague_out(make_app, own_acme):
    app = make_app(own_acme, trusted_proxies=1)
    for name in ("lena", "anna"):
        assert staff.add(parts_of(app).store, name, "lead", passwords.hashed(PASSWORD), now())
    hers, another, new = app.test_client(), app.test_client(), app.test_client()
    assert sign_in(hers, "lena", PASSWORD, "192.0.2.1") == sign_in(another, "anna", PASSWORD, "192.0.2.2") == 302
    for client in (hers, another):
        client.delete_cookie("handrail_desk", path="/desk/")
    found = [sign_in(app.test_client(), "lena", "x", f"198.51.{number}.1") for number in range(12)]
    assert found == 10 * [401] + 2 * [429]
    assert sign_in(new, "lena", PASSWORD, "192.0.2.1") == 429
    assert sign_in(another, "lena", PASSWORD, "192.0.2.1") == 429  # it is known as that of somebody else
    hers_before = hers.get_cookie("handrail_known").value
    for forged in ("", "x.y", f"{hers_before}0", f"a.{hers_before.partition('.')[2]}", "\u00e9.\u00e9"):
        new.set_cookie("handrail_known", forged)
        assert sign_in(new, "lena", PASSWORD, "192.0.2.1") == 429
    # In her own browser guesses are limited as well, and her name is not to be read there.
    assert "lena" not in hers_before
    found = [sign_in(hers, "lena", "x", f"203.0.113.{number}") for number in range(9)]
    assert found == 9 * [401]
    assert sign_in(hers, "lena", PASSWORD, "192.0.2.1") == 302


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:1:2::{number}" for number in range(1, 7)],
        [f"198.51.100.9:{port}" for port in range(4001, 4007)],
        [f"[2001:db8:1:2::{number}]:{4000 + number}" for number in range(1, 7)],
        [f"nonsense {number}" for number in range(6)],
    ],
    ids=["a household", "ports", "bracketed", "no addresses"],
)
@pytest.mark.parametrize("what", [SEARCH, CONTACT, CODES, SIGN_IN, VOTE])
def test_one_client_is_limited_however_its_address_is_written(make_app, own_acme, monkeypatch, what, addresses):
    assert rules.client_of_request in rules.GUESSES
    monkeypatch.setitem(rules.GUESSES, rules.client_of_request, "3 per hour")
    rates = dict.fromkeys(("search_rate", "contact_rate", "code_rate"), "3 per hour")
    client = make_app(own_acme, trusted_proxies=1, **rates).test_client()
    found = statuses(client, what, addresses)
    assert 429 not in found[:3]
    assert found[3:] == [429] * 3
    assert statuses(client, what, ["203.0.113.77"]) != [429]


@pytest.mark.parametrize("base", ["/", "/help/"])
def test_no_name_that_a_browser_sends_is_part_of_an_answer(make_app, own_acme, base):
    """Addresses that lack their last slash, or have too many, among them."""
    client = make_app(own_acme, base_path=base).test_client()
    values = {"path:path": "account", "path:location": "account/", "path:filename": "a.css", "code": "96H-9MK-WHX"}
    redirected = 0
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<([^>]+)>", lambda part: values.get(part[1], "1"), str(rule))
        for address in (path, path.rstrip("/"), "/" + path, f"{path.rstrip('/')}?next=%2Fa&b=ü", f"{path}//x"):
            for method in ("GET", "POST"):
                answer = client.open(
                    base_url=f"http://{EVIL}/", path=address or "/", method=method,
                    headers={"X-Forwarded-Host": EVIL},
                )  # fmt: skip
                assert answer.status_code < 500 or answer.json, (method, address)
                assert EVIL not in answer.get_data(as_text=True), (method, address)
                to = answer.headers.get("Location", "/")
                assert to.startswith("/") and not to.startswith(("//", "/\\")), (method, address, to)
                redirected += answer.status_code in (301, 302, 303, 307, 308)
    assert redirected > 5


@pytest.mark.parametrize("path", ["/desk", "/desk/topics", "/desk/articles", "/desk/report", "/desk/m/96H-9MK-WHX"])
def test_the_desk_is_found_without_its_last_slash(own_client, path):
    answer = own_client.get(f"{path}?days=7")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{path}/?days=7")
    assert own_client.get(answer.headers["Location"], follow_redirects=True).status_code in (200, 401, 404)
    assert own_client.post(path, headers={"Host": EVIL}).headers.get("Location", f"{path}/") == f"{path}/"


def test_two_slashes_are_no_way_to_another_site(own_client):
    for path in (f"//{EVIL}/desk", f"//{EVIL}", f"/\\{EVIL}/desk", f"//desk//{EVIL}"):
        to = own_client.open(path=path, base_url="http://localhost").headers.get("Location", "/")
        assert not to.startswith(("//", "/\\", "http")), path


def test_names_that_are_not_trusted_are_refused_and_machines_may_ask_by_address(make_app, own_acme):
    client = make_app(own_acme, trusted_hosts="help.acme.test, .acme.example").test_client()

    def status(host, path="/api/search?q=a", **more):
        return client.get(path, headers={"Host": host}, **more).status_code

    assert [status(host) for host in ("help.acme.test", "help.acme.test:8000", "a.acme.example", "HELP.acme.test")] == [
        200
    ] * 4
    assert [status(host) for host in (EVIL, "help.acme.test.evil.example", "acme.test", "", "a b")] == [400] * 5
    assert status(EVIL, "/desk") == 400
    assert status("10.0.0.7:8000", "/healthz") == 200
