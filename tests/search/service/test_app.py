"""The service as browsers, robots and attackers meet it."""

from __future__ import annotations

import gzip
import json
import logging
import re
import shutil
import zlib
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handrail_feedback.storage.searches.learned import known_questions
from handrail_kb.policy.fit import write_csp
from handrail_search.ranking.searcher import Searcher

from ..acme import INLINE_HASH, write_site

ANSWER = {
    "query", "verdict", "mode", "degraded", "fallback_reason", "corrected", "people_first", "search_id", "contact",
    "tell", "results", "more",
}  # fmt: skip
RESULT = {
    "url", "title", "heading", "breadcrumb", "snippet", "score", "lang", "other_language", "fits", "why", "sections",
}  # fmt: skip
PERSON = re.compile(r'<a [^>]*href="/contact/[^"]*"[^>]*>Talk to a human</a>')


def ask(client, question, **more):
    response = client.get("/api/search", query_string={"q": question, **more})
    assert response.status_code == 200, response.text
    return response.json


# --- the answer


def test_an_answer_has_exactly_what_was_agreed(client):
    answer = ask(client, "the password mail does not arrive", limit=3)
    assert set(answer) == ANSWER
    assert (answer["verdict"], answer["mode"], answer["degraded"], answer["fallback_reason"]) == (
        "answered", "hybrid", False, None,
    )  # fmt: skip
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", answer["search_id"])
    assert 1 <= len(answer["results"]) <= 3
    for result in answer["results"]:
        assert set(result) == RESULT
        assert all(set(section) == {"url", "heading", "snippet", "score"} for section in result["sections"])
    first = answer["results"][0]
    assert (first["url"], first["title"], first["heading"]) == (
        "/account/password/#no-mail", "Reset your password", "The mail does not arrive",
    )  # fmt: skip
    assert first["breadcrumb"] == ["Account"]


def test_a_person_is_under_every_answer(client):
    for question in ("mail phone password", "E-1042", "how deep is the ocean", "", "xkcdqwe"):
        answer = ask(client, question)
        assert answer["contact"]["label"] == "Talk to a human"
        assert answer["contact"]["url"].startswith("/contact/")
    assert ask(client, "a&b=c#d")["contact"]["url"] == "/contact/?q=a%26b%3Dc%23d"


def test_a_topic_for_people_puts_the_person_first(client):
    assert ask(client, "delete my account")["people_first"]
    assert ask(client, "how deep is the ocean")["people_first"]
    assert not ask(client, "forgot password")["people_first"]


def test_every_result_leads_to_a_page_that_is_there(client):
    for result in ask(client, "mail password account", limit=50)["results"]:
        assert client.get(result["url"].partition("#")[0]).status_code == 200


def test_a_question_that_is_too_long_is_cut_and_answered(client):
    assert len(ask(client, "password " * 1000)["query"]) <= 500


def test_an_answer_is_never_kept_by_a_cache(client):
    for path in ("/api/search?q=a", "/find/?q=a", "/contact/"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


# --- the page without JavaScript


@pytest.mark.parametrize("name", ["q", "query"])
@pytest.mark.parametrize("path", ["/find/", "/find"])
def test_the_find_page_answers_without_javascript(client, path, name):
    page = client.get(path, query_string={name: "forgot password"}, follow_redirects=True)
    assert page.status_code == 200
    assert 'href="/account/password/' in page.text
    assert 'value="forgot password"' in page.text
    assert PERSON.search(page.text)
    assert "<handrail-main>" in page.text
    assert "Everything else in the menu" in page.text
    assert "works without the service" not in page.text


@pytest.mark.parametrize("question", ["mail phone password account", "E-1042", "how deep is the ocean", "xkcdqwe", ""])
def test_a_person_is_on_every_find_page(client, question):
    assert len(PERSON.findall(client.get("/find/", query_string={"q": question}).text)) == 1


def test_words_of_the_question_are_escaped(client):
    page = client.get("/find/", query_string={"q": "<script>alert(1)</script>\"'><img src=x>"}).text
    assert "<script>alert(1)" not in page
    assert "<img src=x>" not in page


def test_the_find_page_says_when_words_alone_answered(client, monkeypatch):
    live = client.application.extensions["handrail"].live
    words_alone = Searcher(live.searcher().index, None)
    monkeypatch.setattr(live, "searcher", lambda: words_alone)
    assert "exact words only" in client.get("/find/?q=password").text


# --- the end of the list


def test_the_list_ends_and_says_how_many_fit_less(client):
    listed = ask(client, "the password mail does not arrive")
    whole = ask(client, "the password mail does not arrive", more=1)
    assert 0 < listed["more"] == whole["more"]
    assert len(whole["results"]) == len(listed["results"]) + listed["more"]
    assert [result for result in whole["results"] if result["fits"]] == listed["results"]


def test_keys_hit_at_random_find_nothing_until_more_is_asked_for(client):
    answer = ask(client, "asdfghjkl")
    assert (answer["verdict"], answer["results"]) == ("none", [])
    assert answer["people_first"]
    assert len(ask(client, "asdfghjkl", more=1)["results"]) == answer["more"] > 0


def test_the_find_page_shows_more_by_a_link(client):
    page = client.get("/find/", query_string={"q": "the password mail does not arrive"}).text
    more = re.search(r'<p class="handrail-more"><a href="([^"]+)">Show (\d+) more articles?</a>', page)
    assert 'id="handrail-more"' not in page
    address, beyond = more[1].replace("&amp;", "&"), int(more[2])
    assert address.endswith("#handrail-more")
    whole = client.get("/find/" + address.partition("#")[0]).text
    assert whole.count("data-handrail-position") == page.count("data-handrail-position") + beyond
    assert whole.count('id="handrail-more"') == 1
    assert f"· {beyond} more" in whole
    assert 'class="handrail-more"' not in whole
    assert len(PERSON.findall(whole)) == 1


def test_more_of_a_list_is_not_another_search(own_client, kept):
    question = "/find/?q=the+password+mail+does+not+arrive"
    search = re.search(r'data-handrail-search="([^"]+)"', own_client.get(question).text)[1]
    assert f'data-handrail-search="{search}"' in own_client.get(f"{question}&more={search}").text
    assert len(kept("intents")) == 1
    own_client.get(question)
    assert len(kept("intents")) == 2


# --- the results as headings, and "None of these"


@pytest.mark.parametrize("question", ["the password mail does not arrive", "how deep is the ocean", "E-1042"])
def test_every_result_of_the_find_page_is_a_heading_below_one_for_the_list(client, question):
    page = client.get("/find/", query_string={"q": question}).text
    main = page[page.index("<handrail-main>") : page.index("</handrail-main>")]
    levels = [1, *map(int, re.findall(r"<h([2-6])\b", main))]  # this site's own page has the first
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert levels.count(3) == main.count("data-handrail-position") > 0


def test_none_of_these_on_the_find_page_is_kept_and_puts_the_person_first(own_client, kept):
    question = "the password mail does not arrive"
    page = own_client.get("/find/", query_string={"q": question}).text
    assert page.index("data-handrail-position") < page.index("None of these") < PERSON.search(page).start()
    search = re.search(r'name="said_no" value="([^"]+)"', page)[1]
    said = own_client.post("/find/", data={"q": question, "said_no": search})
    assert said.status_code == 200
    assert "Thank you. We will look into it." in said.text
    assert PERSON.search(said.text).start() < said.text.index("data-handrail-position")
    assert len(PERSON.findall(said.text)) == 1
    assert "None of these" not in said.text
    [intent] = kept("intents")
    assert intent["said_no_at"]


@pytest.mark.parametrize("said_no", ["", "x", "../../etc", "A" * 3000, "ä" * 22])
def test_none_of_these_without_a_search_is_a_search(own_client, kept, said_no):
    page = own_client.post("/find/", data={"q": "password", "said_no": said_no})
    assert page.status_code == 200
    assert "None of these" in page.text
    assert [intent["said_no_at"] for intent in kept("intents")] == [None]


def test_none_of_these_of_a_robot_is_not_kept(own_client, kept):
    page = own_client.get("/find/?q=password").text
    search = re.search(r'name="said_no" value="([^"]+)"', page)[1]
    robot = {"User-Agent": "Googlebot/2.1"}
    assert own_client.post("/find/", data={"q": "password", "said_no": search}, headers=robot).status_code == 200
    assert [intent["said_no_at"] for intent in kept("intents")] == [None]


# --- without an index


@pytest.fixture
def without_index(make_app, own_acme, tmp_path):
    return make_app(own_acme, state=tmp_path / "empty").test_client()


def test_without_an_index_search_says_the_command(without_index):
    response = without_index.get("/api/search?q=password")
    assert response.status_code == 503
    assert response.json["error"]["mend"] == "Build it: handrail build"


def test_without_an_index_pages_and_people_are_still_there(without_index):
    assert without_index.get("/account/password/").status_code == 200
    page = without_index.get("/find/?q=password")
    assert page.status_code == 503
    assert PERSON.search(page.text)
    assert without_index.post("/api/contact", json={"message": "Help!"}).status_code == 201


def test_a_broken_index_is_no_reason_to_be_silent(make_app, own_acme):
    (own_acme / "state" / "index" / "CURRENT").write_text("gone")
    client = make_app(own_acme).test_client()
    assert client.get("/account/password/").status_code == 200
    assert "gone" in client.get("/api/search?q=a").json["error"]["what"]


# --- health


def test_health_is_told(client, searcher):
    assert client.get("/healthz").text == "alive\n"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {
        "ready": True,
        "degraded": None,
        "generation": searcher.index.name,
        "articles": len(searcher.index.pages),
        "problems": [],
        "outbox": {"waiting": 0, "oldest_seconds": 0},
        "limits": "of this process",
    }


def test_what_keeps_the_service_from_being_ready_is_named(make_app, own_acme, without_index):
    missing = without_index.get("/readyz")
    assert missing.status_code == 503
    assert missing.json["problems"][0]["mend"] == "Build it: handrail build"
    (own_acme / "state" / "store.db").mkdir()
    unwritable = make_app(own_acme).test_client().get("/readyz")
    assert unwritable.status_code == 503
    assert "store.db" in unwritable.json["problems"][0]["what"]
    shutil.rmtree(own_acme / "site")
    assert "no site" in str(make_app(own_acme).test_client().get("/readyz").json["problems"])


def test_metrics_count_without_words(own_client):
    for question in ("unmistakablewords", "forgot password"):
        ask(own_client, question, tab="tab-secret-token")
    text = own_client.get("/metrics").text
    assert re.search(r'handrail_searches_total{mode="hybrid",verdict="answered"} [1-9]', text)
    assert "handrail_search_duration_seconds_count 2.0" in text
    assert "handrail_search_degraded 0.0" in text
    assert "unmistakable" not in text
    assert "tab-secret" not in text
    assert "127.0.0.1" not in text


# --- the site's files


def test_pages_and_files_are_served_as_what_they_are(client):
    page = client.get("/account/password/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    script = client.get("/assets/app.0123abcd.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    assert page.headers["Cache-Control"] == "no-cache"
    again = client.get("/account/password/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head("/account/password/").data == b""


def test_a_folder_without_its_slash_is_redirected(client):
    response = client.get("/account/password")
    assert (response.status_code, response.headers["Location"]) == (301, "/account/password/")


@pytest.mark.parametrize("path", ["/gone/", "/gone", "/account/", "/assets/", "/index.htm", "/a/b/c/d"])
def test_a_page_that_is_not_there_shows_the_sites_own(client, path):
    response = client.get(path, follow_redirects=True)
    assert response.status_code == 404
    assert "Acme has lost this page." in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/account/..%2f..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/secret.txt%00.html",
        "/%00",
        "/\x00",
        "/%ff%fe",
        "/%ed%a0%80",
        "/" + "a" * 5000,
        "/" + "a/" * 2000,
        "/link.txt/../../secret.txt",
    ],
)
def test_nothing_outside_the_site_is_served(client, path):
    response = client.get(path)
    assert response.status_code in (301, 308, 404)
    if response.status_code == 404:
        assert "Acme has lost this page." in response.text
    else:
        assert client.get(path, follow_redirects=True).status_code == 404
    assert "the secret" not in response.text


@pytest.mark.parametrize("path", ["/handrail/site.json", "/handrail/./site.json", "/handrail//site.json"])
def test_what_the_build_notes_for_the_service_is_shown_to_nobody(client, acme, path):
    assert (acme / "site" / "handrail" / "site.json").is_file()
    assert client.get(path, follow_redirects=True).status_code == 404


def test_unknown_addresses_of_the_service_answer_json(client):
    response = client.get("/api/nothing")
    assert (response.status_code, response.mimetype) == (404, "application/json")
    assert set(response.json["error"]) == {"what", "mend"}
    wrong = client.post("/api/search")
    assert (wrong.status_code, wrong.mimetype) == (405, "application/json")


def test_answers_and_pages_travel_compressed(client):
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}
    for path in ("/api/search?q=mail+password", "/assets/app.0123abcd.js"):
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate"})
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.data) < len(plain.data)
        assert len(unpack[packed.headers["Content-Encoding"]](packed.data)) == len(plain.data)


def test_a_new_build_is_seen_without_a_restart(own_client, own_acme):
    assert ask(own_client, "password")["contact"]["label"] == "Talk to a human"
    site = json.loads((own_acme / "site" / "handrail" / "site.json").read_text())
    site["contact"]["label"] = "Call us"
    shutil.rmtree(own_acme / "site")
    write_site(own_acme / "site")
    (own_acme / "site" / "handrail" / "site.json").write_text(json.dumps(site))
    assert ask(own_client, "password")["contact"]["label"] == "Call us"


# --- under a sub-path


def test_everything_lives_under_the_path_of_the_site(make_app, acme, tmp_path):
    shutil.copytree(acme / "state", tmp_path / "sub" / "state", symlinks=True)
    write_site(tmp_path / "sub" / "site", base_path="/help/")
    client = make_app(tmp_path / "sub").test_client()
    answer = client.get("/help/api/search?q=forgot+password").json
    assert answer["results"][0]["url"].startswith("/help/account/password/")
    assert answer["contact"]["url"].startswith("/help/contact/")
    assert client.get(answer["results"][0]["url"].partition("#")[0]).status_code == 200
    assert 'action="/help/find/"' in client.get("/help/find/?q=password").text
    assert client.get("/").headers["Location"] == "/help/"
    assert client.get("/help").headers["Location"] == "/help/"
    assert client.get("/help/account/password").headers["Location"] == "/help/account/password/"
    for path in ("healthz", "readyz", "metrics", "contact/"):
        assert client.get(f"/help/{path}").status_code == 200
    for path in ("/api/search?q=a", "/account/password/", "/readyz", "/helpless/"):
        assert client.get(path).status_code == 404


# --- defence


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
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
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


def test_guessing_codes_is_stopped_by_address_and_for_everybody_together(make_app, own_acme, monkeypatch):
    monkeypatch.setattr("handrail_search.service.rate_limits.rules.WRONG_CODES", "5 per hour")
    client = make_app(own_acme, code_rate="3 per hour", trusted_proxies=1).test_client()
    code = client.post("/api/contact", json={"message": "Help!"}).json["code"]

    def statuses(typed, times, address):
        sent = {"data": {"code": typed}, "headers": {"X-Forwarded-For": address}}
        return [client.post("/contact/code/", **sent).status_code for _ in range(times)]

    assert statuses(code, 9, "10.0.0.1") == [200] * 9
    assert statuses("QQQ-QQQ-QQQ", 4, "10.0.0.1") == [404, 404, 404, 429]
    assert statuses(code, 1, "10.0.0.1") == [429]
    assert statuses(code, 1, "10.0.0.2") == [200]
    assert statuses("QQQ-QQQ-QQQ", 3, "10.0.0.2") == [404, 404, 429]
    page = client.post("/contact/code/", data={"code": code}, headers={"X-Forwarded-For": "10.0.0.3"})
    assert page.status_code == 429
    assert "Too many wrong codes were tried" in page.text


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


# --- faults


@pytest.fixture
def broken(client, monkeypatch):
    monkeypatch.setattr(Searcher, "search", lambda *_, **__: {}["a customer's words"])
    return client


def test_a_fault_is_told_without_its_traceback(broken, caplog):
    with caplog.at_level(logging.CRITICAL):
        response = broken.get("/api/search?q=a")
    assert (response.status_code, response.mimetype) == (500, "application/json")
    assert set(response.json["error"]) == {"what", "mend"}
    assert "Traceback" not in response.text
    assert "words" not in response.text


def test_a_fault_on_the_find_page_leads_to_a_person(broken):
    response = broken.get("/find/?q=a")
    assert (response.status_code, response.mimetype) == (500, "text/html")
    assert PERSON.search(response.text)
    assert "Traceback" not in response.text


def test_a_customers_words_are_not_in_the_log(client, broken, caplog):
    with caplog.at_level(logging.DEBUG):
        broken.get("/api/search?q=unmistakablewords")
        broken.get("/find/?q=unmistakablewords")
    assert "unmistakablewords" not in caplog.text


FUZZ = hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["search_id", "tab", "type", "url", "position", "ms", "helpful", "comment", "message", "subject", "reply_to",
         "leave_empty", "token"]
    ),
    JSON | st.sampled_from(["seen", "click", "left", "A" * 22, "/billing/", "/billing/#\ud800", 1, True]),
)  # fmt: skip


@FUZZ
@given(st.text(max_size=60), st.text(max_size=5), st.text(max_size=5), st.text(max_size=20))
def test_no_query_is_a_fault(client, q, limit, lang, tab):
    asked = {name: value.encode("utf-8", "replace") for name, value in
             {"q": q, "limit": limit, "lang": lang, "tab": tab}.items()}  # fmt: skip
    assert client.get("/api/search", query_string=asked).status_code in (200, 400)
    assert client.get("/find/", query_string=asked).status_code == 200
    assert client.get("/contact/", query_string=asked).status_code == 200


@FUZZ
@given(st.binary(max_size=60))
def test_no_query_string_is_a_fault(client, raw):
    query = "".join(f"%{byte:02x}" if byte % 3 else chr(byte % 94 + 33) for byte in raw).replace("#", "")
    assert client.get(f"/api/search?{query}").status_code in (200, 400)


@FUZZ
@given(st.sampled_from(["/api/events", "/api/feedback", "/api/contact"]), FIELDS | JSON)
def test_no_json_is_a_fault(client, path, body):
    assert client.post(path, data=json.dumps(body), content_type="application/json").status_code < 500


@FUZZ
@given(
    st.sampled_from(["/api/events", "/api/feedback", "/api/contact"]),
    st.binary(max_size=300),
    st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
         "multipart/form-data", "application/json; charset=utf-16", "x", ""]
    ),
)  # fmt: skip
def test_no_body_is_a_fault(client, path, body, kind):
    assert client.post(path, data=body, content_type=kind).status_code < 500


@FUZZ
@given(st.text(max_size=80))
def test_no_path_is_a_fault(client, path):
    from urllib.parse import quote

    # The whole address: what begins with two slashes would be the name of a host.
    assert client.get("http://localhost/" + quote(path.encode("utf-8", "replace"))).status_code < 500


# --- what is kept


def test_a_search_its_click_and_its_vote_are_kept_together(own_client, kept):
    answer = ask(own_client, "forgot password", tab="tab-abcdefgh")
    search_id = answer["search_id"]
    click = {"search_id": search_id, "tab": "tab-abcdefgh", "type": "click", "url": answer["results"][0]["url"],
             "position": 1}  # fmt: skip
    assert own_client.post("/api/events", json=click).status_code == 204
    vote = {"url": answer["results"][0]["url"], "helpful": True, "search_id": search_id, "tab": "tab-abcdefgh"}
    assert own_client.post("/api/feedback", json=vote).status_code == 204
    [intent] = kept("intents")
    assert (intent["query"], intent["verdict"], intent["mode"]) == ("forgot password", "answered", "hybrid")
    assert (intent["clicked_location"], intent["clicked_position"]) == (
        answer["results"][0]["url"].removeprefix("/"), 1,
    )  # fmt: skip
    assert json.loads(intent["results"])[0][0] == intent["clicked_location"]
    [search] = kept("searches")
    assert search["search_id"] == search_id
    [row] = kept("votes")
    assert (row["search_id"], row["helpful"]) == (search_id, 1)


def test_only_pages_that_are_served_are_voted_on_where_a_folder_was_asked_for_by_name(make_app, own_acme):
    """Generations of another site may be beside: a folder that was named is served alone."""
    name = (own_acme / "state" / "index" / "CURRENT").read_text().strip()
    for generation in (name, "20200101T000000-000000"):
        page = own_acme / "state" / "index" / generation / "site" / "elsewhere" / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<html></html>")
        (page.parents[2] / "site.list").write_text("13 elsewhere/index.html\n")
    client = make_app(own_acme).test_client()
    assert client.get("/elsewhere/").status_code == 404
    assert client.post("/api/feedback", json={"url": "/elsewhere/", "helpful": True}).status_code == 400
    assert client.post("/api/feedback", json={"url": "/account/password/", "helpful": True}).status_code == 204


def test_what_waits_behind_more_is_kept_as_not_shown_and_still_teaches(own_client, kept):
    answer = ask(own_client, "I forgot my password", tab="tab-abcdefgh", more=1)
    shown = [result["fits"] for result in answer["results"]]
    assert True in shown
    hidden = next(result for result in answer["results"] if not result["fits"])
    [intent] = kept("intents")
    assert [fits for _, _, fits in json.loads(intent["results"])] == shown
    vote = {"url": hidden["url"], "helpful": True, "search_id": answer["search_id"], "tab": "tab-abcdefgh"}
    assert own_client.post("/api/feedback", json=vote).status_code == 204
    taught = known_questions(own_client.application.extensions["handrail"].store)
    assert [(one.question, one.location) for one in taught] == [
        ("I forgot my password", hidden["url"].removeprefix("/").partition("#")[0])
    ]


def test_votes_of_robots_and_of_colleagues_are_told_apart(own_client, kept):
    vote = {"url": "/billing/refund/", "helpful": True}
    own_client.post("/api/feedback", json=vote)
    own_client.post("/api/feedback", json=vote, headers={"User-Agent": "Googlebot/2.1"})
    own_client.set_cookie("handrail_staff", "1")
    own_client.post("/api/feedback", json=vote)
    assert [(row["bot"], row["staff"]) for row in kept("votes")] == [(0, 0), (1, 0), (0, 1)]


def test_where_a_search_came_from_is_kept_and_robots_are_told_apart(own_client, kept):
    ask(own_client, "from the dialog", tab="tab-abcdefgh")
    ask(own_client, "from a program")
    own_client.get("/find/?q=from+the+page")
    own_client.get("/find/?q=from+a+robot", headers={"User-Agent": "Googlebot/2.1"})
    rows = {row["query"]: (row["source"], row["bot"]) for row in kept("intents")}
    assert rows == {
        "from the dialog": ("dialog", 0),
        "from a program": ("api", 0),
        "from the page": ("find", 0),
        "from a robot": ("find", 1),
    }


def test_nothing_is_kept_where_the_site_wants_no_log(make_app, own_acme):
    app = make_app(own_acme, log_searches=False)
    ask(app.test_client(), "forgot password")
    app.extensions["handrail"].searches.flush()
    assert app.extensions["handrail"].store.read("SELECT * FROM intents") == []


def test_search_goes_on_when_nothing_can_be_kept(make_app, own_acme, monkeypatch):
    monkeypatch.setattr("handrail_feedback.search_log.PATIENCE", (0.01,))
    (own_acme / "state" / "store.db").mkdir()
    client = make_app(own_acme).test_client()
    assert ask(client, "forgot password")["results"]
    refused = client.post("/api/contact", json={"message": "Help!"})
    assert refused.status_code == 503
    assert "code" not in refused.json


@pytest.mark.parametrize(
    "path", ["/%09%2fevil.com%2f..%2f..%2f..%2fmail", "/%5cevil.com%2f..%2fmail", "/mail/..%2fmail"]
)
def test_no_address_redirects_to_another_site(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 or not answer.headers["Location"].startswith(("//", "/\\", "http"))


@pytest.mark.parametrize("origin", ["http://[", "http://x]", "nonsense", "https://evil.example"])
def test_a_strange_origin_is_refused(client, origin):
    answer = client.post("/api/contact", json={"message": "hi"}, headers={"Origin": origin})
    assert answer.status_code == 403
