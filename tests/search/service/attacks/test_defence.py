"""The service as attackers, robots and other sites meet it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handrail_feedback.records.reference_codes import EXAMPLE_CODE
from handrail_feedback.storage.upkeep.capacity import LIMITS
from handrail_kb.policy.fit import write_csp
from handrail_search.service.app import parts_of
from handrail_search.service.rate_limits import day_limits

from ...acme import INLINE_HASH, PERSON


@pytest.mark.parametrize(
    "path", ["/", "/assets/app.0123abcd.js", "/find/?q=a", "/api/search?q=a", "/gone/", "/api/nothing", "/contact/"]
)
def test_every_answer_carries_the_policy(client, path):
    headers = client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == f"'self' '{INLINE_HASH}'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)
    assert "http" not in str(policy)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Set-Cookie" not in headers


def test_a_digest_that_is_none_opens_no_hole_in_the_policy(own_client, own_acme):
    hashes = {"script": ["unsafe-inline", "sha256-x'; img-src *"], "style": 3}
    (own_acme / "site" / "handrail" / "csp.json").write_text(json.dumps(hashes))
    policy = own_client.get("/").headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "img-src *" not in policy


def test_report_only_lets_pages_off_and_never_those_where_customers_write(own_client, own_acme):
    write_csp(own_acme / "site", mode="report-only")
    page = own_client.get("/").headers
    assert "Content-Security-Policy" not in page
    assert f"'{INLINE_HASH}'" in page["Content-Security-Policy-Report-Only"]
    assert "X-Frame-Options" not in page
    for path in ("/contact/", "/find/?q=a", "/api/search?q=a", "/desk/"):
        headers = own_client.get(path, follow_redirects=True).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"], path
        assert "Content-Security-Policy-Report-Only" not in headers


def test_a_page_may_load_what_the_site_allows_and_the_form_may_not(own_client, own_acme):
    allow = {"frame-src": ("https://play.example.com",), "script-src": ("https://cdn.example.com",)}
    write_csp(own_acme / "site", allow=allow)
    page = own_client.get("/").headers
    assert "frame-src 'self' https://play.example.com" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] == "strict-origin-when-cross-origin"
    for path in ("/contact/", "/find/?q=a", "/api/search?q=a"):
        assert "example.com" not in own_client.get(path).headers["Content-Security-Policy"]
    assert "https://cdn.example.com" in own_client.get("/gone/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("noted", ["", "[]", "{", '{"format": 2}', '{"format": 2, "needs": 3, "pages": [], "mode": 7}',
                                   '{"format": 2, "allow": {"img-src": ["a b\\r\\nX: y", "*;"]}, "needs": [[]]}',
                                   '{"format": 2, "needs": [{}], "pages": {"index.html": 99}}'])  # fmt: skip
def test_notes_that_cannot_be_read_give_the_strictest_policy(own_client, own_acme, noted):
    (own_acme / "site" / "handrail" / "csp.json").write_text(noted)
    answer = own_client.get("/")
    assert answer.status_code == 200
    assert "script-src 'self'; style-src 'self'; img-src 'self' data:;" in answer.headers["Content-Security-Policy"]


POSTS = [
    ("/api/events", {"search_id": "A" * 22, "type": "seen"}),
    ("/api/feedback", {"url": "/billing/refund/", "helpful": True}),
    ("/api/contact", {"message": "Help!"}),
]


@pytest.mark.parametrize(("path", "body"), POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "made-up"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_may_send_nothing(client, path, body, headers):
    response = client.post(path, json=body, headers=headers)
    assert response.status_code == 403
    assert "another site" in response.json["error"]["what"]


def test_nothing_of_what_another_site_sent_is_kept(own_client, kept):
    for path, body in POSTS:
        own_client.post(path, json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert kept("votes") == kept("messages") == kept("early_events") == []


@pytest.mark.parametrize(("path", "body"), POSTS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://localhost"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_the_site_itself_may_send(client, path, body, headers):
    assert client.post(path, json=body, headers=headers).status_code in (201, 204)


def test_other_sites_may_link_here(client):
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://other.example"}
    assert client.get("/find/?q=password", headers=headers).status_code == 200
    assert "Access-Control-Allow-Origin" not in client.get("/api/search?q=a", headers=headers).headers


def test_too_many_requests_are_refused_in_the_way_they_were_asked(make_app, own_acme):
    client = make_app(own_acme, search_rate="2 per minute", contact_rate="1 per hour").test_client()
    assert [client.get("/api/search?q=a").status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/api/search?q=a")
    assert refused.json["error"]["mend"]
    assert int(refused.headers["Retry-After"]) > 0
    [*_, page] = [client.get("/find/?q=a") for _ in range(3)]
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert PERSON.search(page.text)
    assert client.post("/api/contact", json={"message": "Help!"}).status_code == 201
    assert client.post("/api/contact", json={"message": "Help!"}).mimetype == "application/json"
    form = client.post("/api/contact", data={"message": "Help!"})
    assert (form.status_code, form.mimetype) == (429, "text/html")
    assert "Too many messages came from your network" in form.text
    assert "Help!" in form.text
    # Reading is never refused.
    assert all(client.get("/account/password/").status_code == 200 for _ in range(20))


def guesses(client):
    """Sends a code so many times from an address, and gives the statuses."""

    def statuses(typed, times, address):
        sent = {"data": {"code": typed}, "headers": {"X-Forwarded-For": address}}
        return [client.post("/contact/code/", **sent).status_code for _ in range(times)]

    return statuses


def test_guessing_codes_is_stopped_by_address_and_when_many_guess_by_network(make_app, own_acme, monkeypatch, caplog):
    monkeypatch.setattr("handrail_search.service.rate_limits.rules.MANY_GUESSES", "5 per hour")
    client = make_app(own_acme, code_rate="3 per hour", trusted_proxies=1).test_client()
    code = client.post("/api/contact", json={"message": "Help!"}).json["code"]
    statuses = guesses(client)

    assert statuses(code, 9, "10.0.0.1") == [200] * 9
    assert statuses(EXAMPLE_CODE, 4, "10.0.0.1") == [404, 404, 404, 429]
    assert statuses(code, 1, "10.0.0.1") == [429]
    assert statuses(code, 1, "10.0.0.2") == [200]
    assert statuses(EXAMPLE_CODE, 2, "10.0.1.2") == [404, 404]
    assert caplog.text.count("somebody guesses reference codes: 5 wrong ones within an hour") == 1
    # From now on each network has a few guesses, whatever its addresses.
    assert [statuses(EXAMPLE_CODE, 1, f"10.0.2.{n}") for n in range(3)] == [[404], [404], [429]]
    page = client.post("/contact/code/", data={"code": code}, headers={"X-Forwarded-For": "10.0.2.9"})
    assert page.status_code == 429
    assert "Too many wrong codes were tried" in page.text
    # All of a provider has a few more, or whoever has one would have 65,536 networks.
    tries = [statuses(EXAMPLE_CODE, 1, f"2a10:77:{n:x}::1") for n in range(9)]
    assert tries == [[404]] * 8 + [[429]]


def test_whoever_has_a_code_is_never_refused_for_what_others_guessed(make_app, own_acme):
    client = make_app(own_acme, trusted_proxies=1).test_client()
    code = client.post("/api/contact", json={"message": "Help!"}).json["code"]
    statuses = guesses(client)
    for n in range(6):
        statuses(EXAMPLE_CODE, 10, f"192.0.{n}.7")
        statuses(EXAMPLE_CODE, 10, f"2a10:{n:x}::7")
    assert statuses(code, 3, "198.51.100.1") == statuses(code, 3, "2a02:810d::1") == [200] * 3
    # A slip that the check symbol shows takes nothing from anybody's tries.
    slip = code[:-1] + ("2" if code[-1] != "2" else "3")
    assert statuses(slip, 5, "203.0.113.1") == [404] * 5
    assert statuses(code, 1, "203.0.113.1") == [200]


def test_additions_are_limited_as_messages_are(make_app, own_acme):
    client = make_app(own_acme, contact_rate="2 per hour").test_client()
    code = client.post("/api/contact", json={"message": "Help!"}).json["code"]
    sent = [client.post("/contact/code/", data={"code": code, "do": "add", "words": f"{n}"}) for n in range(3)]
    assert [answer.status_code for answer in sent] == [200, 200, 429]
    assert client.post("/contact/code/", data={"code": code}).status_code == 200


def test_addresses_behind_a_proxy_are_told_apart_only_where_it_is_believed(make_app, own_acme):
    def statuses(**flags):
        client = make_app(own_acme, search_rate="1 per minute", **flags).test_client()
        return [client.get("/api/search?q=a", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(2)]

    assert statuses() == [200, 429]
    assert statuses(trusted_proxies=1) == [200, 200]


@pytest.mark.parametrize(
    "path", ["/%09%2fevil.com%2f..%2f..%2f..%2fmail", "/%5cevil.com%2f..%2fmail", "/mail/..%2fmail"]
)
def test_no_address_redirects_to_another_site(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 or not answer.headers["Location"].startswith(("//", "/\\", "http"))


def test_fields_that_no_form_has_change_nothing_of_a_message(own_client, kept):
    other = "AAA-AAA-AAA"
    more = {"code": other, "id": 7, "thread": other, "follows": other, "lang": "de", "at": "2001-01-01T00:00:00Z"}
    more |= {"answered_at": "2001-01-01", "who": "anna", "state": "answered", "attachments": [{"name": "a"}]}
    own_client.post("/api/contact", json={"message": "Help!", **more})
    own_client.post("/api/contact", data={"message": "Help!", **dict.fromkeys(more, other)})
    own_client.post("/api/contact", json={"message": "Help!"})
    messages = [dict(row) for row in kept("messages")]
    assert len(messages) == 3 and other not in str(messages) and "2001" not in str(messages)
    for own in ("id", "code", "at", "thread", "fingerprint"):
        assert len({message.pop(own, number) for number, message in enumerate(messages)}) > 1
    assert messages[0] == messages[1] == messages[2]
    assert kept("attachments") == kept("answers") == []


@pytest.mark.parametrize("origin", ["http://[", "http://x]", "nonsense", "https://evil.example"])
def test_a_strange_origin_is_refused(client, origin):
    answer = client.post("/api/contact", json={"message": "hi"}, headers={"Origin": origin})
    assert answer.status_code == 403


# --- how much one address may leave


def test_one_address_leaves_only_so_much_a_day_and_search_goes_on(make_app, own_acme, monkeypatch):
    bounds = {"searches": 2, "events": 1, "votes": 1, "messages": 1}
    fewer = {kind: replace(limit, a_day=bounds.get(kind, limit.a_day)) for kind, limit in LIMITS.items()}
    monkeypatch.setattr(day_limits, "LIMITS", fewer)
    app = make_app(own_acme, trusted_proxies=1)
    client, searches = app.test_client(), parts_of(app).searches
    here, elsewhere = ({"X-Forwarded-For": address} for address in ("198.51.100.1", "198.51.100.2:4711"))
    event = {"type": "said_no", "search_id": "s" * 22}
    vote = {"url": "/billing/refund/", "helpful": True}
    message = {"message": "Help", "reply_to": "anna@acme.test"}
    for n in range(4):
        assert client.get(f"/api/search?q=refund {n}", headers=here).json["results"]
    assert [client.post("/api/events", json=event, headers=here).status_code for _ in range(2)] == [204, 429]
    assert [client.post("/api/feedback", json=vote, headers=here).status_code for _ in range(2)] == [204, 429]
    assert [client.post("/api/contact", json=message, headers=here).status_code for _ in range(2)] == [201, 429]
    assert client.post("/api/feedback", json=vote, headers=elsewhere).status_code == 204
    client.get("/api/search?q=refund", headers=elsewhere)
    assert searches.flush()
    assert searches.written == 3 + 1


# --- customers who want nothing kept


@pytest.mark.parametrize(("headers", "more"), [({"Sec-GPC": "1"}, ""), ({}, "&keep=0")])
def test_whoever_wants_no_searches_kept_gets_the_same_answer_and_leaves_nothing(own_client, kept, headers, more):
    answer = own_client.get(f"/api/search?q=refund&tab=tab-aaaa{more}", headers=headers).json
    plain = own_client.get("/api/search?q=refund&tab=tab-bbbb").json
    assert answer["results"] == plain["results"]
    assert own_client.get(f"/find/?q=refund{more}", headers=headers).status_code == 200
    event = {"type": "said_no", "search_id": answer["search_id"]}
    assert own_client.post(f"/api/events?{more}", json=event, headers=headers).status_code == 204
    vote = {"url": "/billing/refund/", "helpful": True, "search_id": answer["search_id"], "tab": "tab-aaaa"}
    assert own_client.post(f"/api/feedback?{more}", json=vote, headers=headers).status_code == 204
    assert [row["tab"] for row in kept("intents")] == ["tab-bbbb"]
    assert kept("early_events") == []
    assert [row["search_id"] for row in kept("votes")] == [None]


def test_figures_are_kept_without_any_words_where_the_site_wants_none(make_app, own_acme):
    app = make_app(own_acme, log_words=False)
    client, parts = app.test_client(), parts_of(app)
    client.get("/api/search?q=refund of walruses&tab=tab-aaaa")
    vote = {"url": "/billing/refund/", "helpful": False, "comment": "walrus missing"}
    assert client.post("/api/feedback", json=vote).status_code == 204
    assert parts.searches.flush()
    [row] = parts.store.read("SELECT verdict, results, query, shape FROM intents")
    assert (row["query"], row["shape"]) == ("", "")
    assert row["results"] != "[]"
    kept = b"".join(file.read_bytes() for file in (own_acme / "state").glob("store.db*"))
    assert b"tab-aaaa" in kept
    assert b"walrus" not in kept
