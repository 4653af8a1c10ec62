"""The policy that each page of a site is sent: its own, no longer than a proxy takes, and tried out first."""

import json

from handrail_kb.policy import report
from handrail_kb.policy.needs import inline_hashes
from handrail_kb.policy.policy import MOST_CHARACTERS, read_policies
from kb.policy.pages import page

STUB = (
    '<!doctype html><html lang="en"><head><title>Redirecting...</title><link rel="canonical" href="../new{n}/">'
    '<script>var anchor=window.location.hash.substr(1);location.href="../new{n}/"+(anchor?"#"+anchor:"")</script>'
    '<meta http-equiv="refresh" content="0; url=../new{n}/"></head><body>Redirecting...</body></html>'
)


# ---- each page its own, and never more than a proxy takes


def test_seventy_redirects_leave_every_page_a_header_that_nginx_takes(site):
    found = site.write({f"old{n}/index.html": STUB.format(n=n) for n in range(70)} | {"index.html": page()})
    assert found.crowded == ()
    assert len(site.policy("index.html")["script-src"]) == 2
    assert len(site.policy("old7/index.html")["script-src"]) == 2
    assert all(len(site.headers(f"old{n}/index.html")["Content-Security-Policy"]) < 500 for n in range(70))


def test_redirects_are_no_pages_of_ours_with_instant_navigation_either(site):
    instant = '<script id="__config" type="application/json">{"features":["navigation.instant"]}</script>'
    pages = {f"old{n}/index.html": STUB.format(n=n) for n in range(70)}
    site.write({**pages, "index.html": page(instant), "b/index.html": page("<script>b()</script>" + instant)})
    [b], _ = inline_hashes("<script>b()</script>")
    assert f"'{b}'" in site.policy("index.html")["script-src"], "the page to which a click may lead keeps its script"
    assert len(site.policy("index.html")["script-src"]) == 3
    assert len(site.policy("old7/index.html")["script-src"]) == 2


def test_two_hundred_pages_with_a_script_each_are_sent_their_own(site):
    pages = {f"p{n}/index.html": page(f"<script>page({n})</script><style>p{{top:{n}px}}</style>") for n in range(200)}
    assert site.write(pages).crowded == ()
    scripts, styles = inline_hashes(pages["p7/index.html"])
    assert set(site.policy("p7/index.html")["script-src"]) == {"'self'", *(f"'{one}'" for one in scripts)}
    assert set(site.policy("p7/index.html")["style-src"]) == {"'self'", *(f"'{one}'" for one in styles)}


def test_a_site_of_many_scripts_with_instant_navigation_stays_within_the_bound_and_says_what_is_lost(site):
    instant = '<script id="__config" type="application/json">{"features":["navigation.instant"]}</script>'
    pages = {f"p{n}/index.html": page(f"{instant}<script>page({n})</script>") for n in range(200)}
    found = site.write(pages)
    for n in (0, 99, 199):
        own, _ = inline_hashes(pages[f"p{n}/index.html"])
        header = site.headers(f"p{n}/index.html")["Content-Security-Policy"]
        assert len(header) <= MOST_CHARACTERS
        assert all(one in header for one in own)
    assert found.crowded == ()
    assert len(found.blocked_by_instant) > 100
    assert "navigation.instant" in " ".join(report.notes(found))


def test_a_page_with_too_many_scripts_is_named_with_the_way_out(site):
    crowd = "".join(f"<script>chart({n})</script>" for n in range(100))
    found = site.write({"charts/index.html": page(crowd), "index.html": page()})
    assert len(site.headers("charts/index.html")["Content-Security-Policy"]) <= MOST_CHARACTERS
    [theme], _ = inline_hashes(page())
    assert f"'{theme}'" in site.policy("charts/index.html")["script-src"], "what all pages need comes first"
    [told] = report.faults(found)
    assert told.startswith("charts/index.html: has ")
    assert "script-src: [\"'unsafe-inline'\"]" in told
    allow = {"script-src": ("'unsafe-inline'",)}
    assert site.write({}, allow=allow).crowded == ()
    assert site.policy("charts/index.html")["script-src"] == ["'self'", "'unsafe-inline'"]


def test_a_page_that_the_build_did_not_see_gets_the_strictest_policy(site):
    site.write({"index.html": page()})
    assert site.policy("new.html")["script-src"] == ["'self'"]


def test_checksums_of_an_older_build_still_hold(site):
    site.write({"index.html": page()})
    digest = next(iter(inline_hashes(page())[0]))
    (site.folder / "handrail/csp.json").write_text(json.dumps({"script": [digest], "style": []}))
    assert site.policy("index.html")["script-src"] == ["'self'", f"'{digest}'"]


# ---- the first weeks


def test_report_only_blocks_nothing_on_pages_that_were_there_and_all_on_those_that_we_make(site):
    ours = page("<handrail-main>form</handrail-main>")
    found = site.write({"index.html": page(), "contact/index.html": ours}, mode="report-only")
    headers = site.headers("index.html")
    assert headers["Content-Security-Policy"] == ""
    assert "script-src 'self' 'sha256-" in headers["Content-Security-Policy-Report-Only"]
    assert headers["X-Frame-Options"] == ""
    assert "script-src 'self' 'sha256-" in site.headers("contact/index.html")["Content-Security-Policy"]
    assert found.mode == "report-only"
    assert "would block" in report.advice(site.write({"a.html": page("<p onclick=x>")}, mode="report-only"))


def test_off_sends_none_but_where_customers_write(site):
    ours = page("<handrail-main>form</handrail-main>")
    assert site.write({"index.html": page("<p onclick=x>"), "contact/index.html": ours}, mode="off").blocked == ()
    assert site.headers("index.html")["Content-Security-Policy"] == ""
    assert site.headers("contact/index.html")["Content-Security-Policy"]


def test_what_is_allowed_runs_nothing_where_customers_write(site):
    allow = {
        "script-src": ("https://cdn.example.com", "'unsafe-inline'"),
        "connect-src": ("https://c.example.com",),
        "default-src": ("https://all.example.com",),
        "font-src": ("https://f.example.com",),
    }
    site.write({"contact/index.html": page("<handrail-main>form</handrail-main>"), "index.html": page()}, allow=allow)
    policy = site.policy("contact/index.html")
    assert not any("example.com" in source or "unsafe" in source for source in policy["script-src"])
    assert policy["connect-src"] == ["'self'"]
    assert "frame-src" not in policy
    assert policy["font-src"] == ["'self'", "https://f.example.com", "https://all.example.com"]
    assert read_policies(site.folder).strict() == {
        "Content-Security-Policy": site.headers("contact/index.html")["Content-Security-Policy"]
    }
