"""The policy that fits a site: what each page is sent, what it lets in, and what is said of the rest."""

import json

import pytest

from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.policy import report
from handrail_kb.policy.allow import read_allow
from handrail_kb.policy.fit import write_csp
from handrail_kb.policy.needs import inline_hashes, needs_of_page
from handrail_kb.policy.policy import MOST_CHARACTERS, read_policies

HERE = "https://help.example.org/guide/"
STUB = (
    '<!doctype html><html lang="en"><head><title>Redirecting...</title><link rel="canonical" href="../new{n}/">'
    '<script>var anchor=window.location.hash.substr(1);location.href="../new{n}/"+(anchor?"#"+anchor:"")</script>'
    '<meta http-equiv="refresh" content="0; url=../new{n}/"></head><body>Redirecting...</body></html>'
)
PAGE = (
    "<!doctype html><html><head><script>theme()</script></head><body><main><h1>{title}</h1>{body}</main></body></html>"
)


@pytest.fixture
def site(tmp_path):
    """Writes pages and gives the findings, the policies, and a page's policy as a mapping."""

    class Site:
        folder = tmp_path / "site"

        def write(self, pages, **more):
            for name, html in pages.items():
                file = self.folder / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(html) if isinstance(html, bytes) else file.write_text(html, encoding="utf-8")
            return write_csp(self.folder, site_url="https://help.example.org/", **more)

        def headers(self, name):
            return read_policies(self.folder).headers(name)

        def policy(self, name):
            text = self.headers(name)["Content-Security-Policy"]
            return {one.split()[0]: one.split()[1:] for one in text.split("; ")}

    return Site()


def page(body="", title="Words"):
    return PAGE.format(title=title, body=body)


def uses(html):
    return {(use.directive, use.source) for use in needs_of_page(html, HERE).uses}


# ---- G2: each page its own, and never more than a proxy takes


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


# ---- inline code as browsers see it


@pytest.mark.parametrize(
    ("html", "body"),
    [
        ("<script data-src=x>a()</script>", "a()"),
        ('<script type="importmap">{"imports":{}}</script>', '{"imports":{}}'),
        ("<script type=module>a()</script>", "a()"),
        ("<SCRIPT TYPE='Text/JavaScript'>a()</SCRIPT >", "a()"),
        ('<script title="a > b">a()</script>', "a()"),
        ("<script>a()\r\nb()</script>", "a()\nb()"),
        ("<p title=it's><script>a()</script>", "a()"),
        ("<script>a()", "a()"),
    ],
)
def test_an_inline_script_is_known_however_it_is_written(site, html, body):
    site.write({"index.html": f"<!doctype html>{html}".encode()})
    [expected], _ = inline_hashes(f"<script>{body}</script>")
    assert f"'{expected}'" in site.policy("index.html")["script-src"]


@pytest.mark.parametrize(
    "html",
    [
        '<script type="application/json">{}</script>',
        '<script src="a.js"></script>',
        "<!-- <script>a()</script> -->",
        "<textarea><script>a()</script></textarea>",
        "<title><script>a()</script></title>",
        "<p title='<script>a()</script>'>",
    ],
)
def test_what_does_not_run_has_no_checksum(html):
    assert inline_hashes(html)[0] == set()


def test_a_style_within_a_drawing_is_known_as_it_reads_there():
    _, styles = inline_hashes("<svg><style>a &gt; b{}</style></svg>")
    assert styles >= inline_hashes("<style>a > b{}</style>")[1]


def test_a_page_in_another_charset_keeps_its_scripts_and_the_build(site):
    html = page("<script>say('Grüße')</script>").replace("<head>", '<head><meta charset="iso-8859-1">')
    site.write({"index.html": html.encode("latin-1")})
    expected, _ = inline_hashes(html)
    assert all(f"'{one}'" in site.policy("index.html")["script-src"] for one in expected)


# ---- G4: what a page needs, and what it would lose


@pytest.mark.parametrize(
    ("html", "lost"),
    [
        ('<script src="https://cdn.example.com/a.js"></script>', ("script-src", "https://cdn.example.com")),
        ('<script src="//cdn.example.com/a.js"></script>', ("script-src", "cdn.example.com")),
        ("<link rel='stylesheet' href='https://cdn.example.com/a.css'>", ("style-src", "https://cdn.example.com")),
        (
            "<LINK REL=stylesheet HREF=https://cdn.example.com:8443/a.css>",
            ("style-src", "https://cdn.example.com:8443"),
        ),
        ('<img src="https://img.example.com/a.png">', ("img-src", "https://img.example.com")),
        ('<img src=a.png srcset="a.png 1x, https://img.example.com/b.png 2x">', ("img-src", "https://img.example.com")),
        ('<iframe src="https://play.example.com/v"></iframe>', ("frame-src", "https://play.example.com")),
        ('<video><source src="https://v.example.com/a.mp4"></video>', ("media-src", "https://v.example.com")),
        ('<form action="https://list.example.com/join"></form>', ("form-action", "https://list.example.com")),
        ("<style>@import url(https://s.example.com/a.css)</style>", ("style-src", "https://s.example.com")),
        ("<style>@font-face{src:url('https://f.example.com/a.woff2')}</style>", ("font-src", "https://f.example.com")),
        ('<p style="background:url(https://i.example.com/a.png)">', ("img-src", "https://i.example.com")),
        ('<script>import("https://m.example.com/a.mjs")</script>', ("script-src", "https://m.example.com")),
        ('<script>fetch("https://api.example.com/v1")</script>', ("connect-src", "https://api.example.com")),
        ("<button onclick=go()>", ("script-src-attr", "'unsafe-inline'")),
        ('<a href=" JavaScript:go()">', ("script-src", "'unsafe-inline'")),
        ('<object data="https://o.example.com/a.pdf"></object>', ("object-src", "https://o.example.com")),
        ('<base href="https://elsewhere.example.com/">', ("base-uri", "https://elsewhere.example.com")),
        ('<script src="/js/alpine.min.js"></script>', ("script-src", "'unsafe-eval'")),
    ],
)
def test_what_a_page_would_lose_is_reported_and_works_when_it_is_allowed(site, html, lost):
    found = site.write({"guide/index.html": page(html), "index.html": page()})
    assert [(one.directive, one.source) for one in found.blocked] == [lost]
    assert found.blocked[0].pages == ("guide/index.html",)
    told = report.advice(found)
    assert f"{lost[0]} {lost[1]} on 1 page (guide/)" in told
    assert f'{lost[0]}: ["{lost[1]}"]' in told

    again = site.write({}, allow={lost[0]: (lost[1],)})
    assert report.advice(again) == ""
    assert lost[1] in site.policy("guide/index.html")[lost[0]]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="a.png"><img src="https://help.example.org/b.png"><img src="data:image/png;base64,AA">',
        '<a href="https://elsewhere.example.com/">a link is no load</a>',
        '<a href="javascript:void(0)">Share</a>',
        '<pre><code>&lt;script src="https://cdn.example.com/a.js"&gt; onclick=go()</code></pre>',
        '<p>onclick="x" style="y"</p>',
        '<link rel="canonical" href="https://elsewhere.example.com/"><link rel=preconnect href=https://a.example.com>',
        '<!-- <img src="https://img.example.com/a.png"> -->',
    ],
)
def test_what_works_is_not_reported(site, html):
    assert site.write({"index.html": page(html)}).blocked == ()


@pytest.mark.parametrize(
    ("html", "fitted"),
    [
        ('<td style="text-align:right">', ("style-src-attr", "'unsafe-inline'")),
        ("<style>@font-face{src:url(data:font/woff2;base64,AA)}</style>", ("font-src", "data:")),
        ('<object data="manual.pdf"></object>', ("object-src", "'self'")),
        ('<script src="/js/mermaid.min.js"></script>', ("style-src", "'unsafe-inline'")),
        ('<script src="/js/tex-mml-chtml.js"></script>', ("style-src", "'unsafe-inline'")),
    ],
)
def test_what_a_page_needs_of_its_own_site_is_let_in_by_itself_and_on_that_page_alone(site, html, fitted):
    found = site.write({"a/index.html": page(html), "b/index.html": page()})
    assert found.blocked == ()
    assert fitted[1] in site.policy("a/index.html")[fitted[0]]
    assert fitted[1] not in site.policy("b/index.html").get(fitted[0], [])


def test_a_page_that_another_page_frames_may_be_framed(site):
    site.write({"index.html": page('<iframe src="demo/"></iframe>'), "demo/index.html": page(), "x.html": page()})
    assert site.policy("demo/index.html")["frame-ancestors"] == ["'self'"]
    assert site.headers("demo/index.html")["X-Frame-Options"] == ""
    assert site.policy("x.html")["frame-ancestors"] == ["'none'"]
    assert "X-Frame-Options" not in site.headers("x.html")


def test_scripts_and_styles_of_the_site_are_looked_into(site):
    site.folder.mkdir()
    (site.folder / "a.css").write_text("@import 'b.css';")
    (site.folder / "b.css").write_text("@font-face{src:url(https://f.example.com/a.woff2)}")
    (site.folder / "c.js").write_text('import m from "https://cdn.example.com/m@1/m.mjs"')
    found = site.write({"index.html": page('<link rel=stylesheet href="/a.css"><script src="c.js"></script>')})
    assert {(one.directive, one.source) for one in found.blocked} == {
        ("font-src", "https://f.example.com"),
        ("script-src", "https://cdn.example.com"),
    }


def test_a_diagram_without_mermaid_on_the_site_is_named_with_the_way_out(site):
    found = site.write({"a/index.html": page('<pre class="mermaid"><code>graph LR</code></pre>')})
    told = report.advice(found)
    assert "script-src https://unpkg.com on 1 page (a/): Mermaid" in told
    assert "mermaid.min.js into docs/" in told
    local = '<pre class="mermaid"></pre><script src="/js/mermaid.min.js"></script>'
    assert site.write({"a/index.html": page(local)}).blocked == ()


def test_the_report_counts_pages_and_shows_three(site):
    frame = page('<iframe src="https://play.example.com/v"></iframe>')
    found = site.write({f"p{n}/index.html": frame for n in range(138)})
    told = report.advice(found)
    assert "frame-src https://play.example.com on 138 pages (such as p0/, p1/, p10/): iframe" in told
    assert told.count("\n") < 12


def test_a_flood_of_hosts_is_cut_in_the_report(site):
    images = "".join(f'<img src="https://i{n}.example.com/a.png">' for n in range(200))
    told = report.advice(site.write({"index.html": page(images)}))
    assert "and 175 more" in told
    assert told.count("\n") < 40


def test_a_wildcard_and_all_files_of_a_host_are_understood(site):
    html = page('<img src="https://a.example.com/x.png"><script src="https://cdn.example.net/x.js"></script>')
    allow = {"img-src": ("https://*.example.com",), "default-src": ("https://cdn.example.net",)}
    assert site.write({"index.html": html}, allow=allow).blocked == ()
    assert "https://cdn.example.net" in site.policy("index.html")["script-src"]
    assert "https://cdn.example.net" in site.policy("index.html")["frame-src"]


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


# ---- the setting


def allowed(tmp_path, text):
    import yaml

    file = tmp_path / "mkdocs.yml"
    file.write_text(f"site_name: x\nplugins:\n  - search\n  - handrail:\n      csp_allow:\n{text}")
    raw = yaml.safe_load(file.read_text())["plugins"][1]["handrail"]["csp_allow"]
    allow, problems = read_allow(raw, yaml_lines(file))
    return allow, [str(problem) for problem in problems]


def test_sources_are_read_as_people_write_them(tmp_path):
    text = (
        "        script-src: ['unsafe-inline', \"'unsafe-eval'\", https://CDN.example.com/npm/]\n"
        "        img-src: 'https://a.example.com data:'\n        script-src-elem: ['*.example.net']\n"
        "        frame-src: ['https://play.example.com:8443', 'blob:']\n"
    )
    allow, problems = allowed(tmp_path, text)
    assert problems == []
    assert allow == {
        "script-src": ("'unsafe-inline'", "'unsafe-eval'", "https://cdn.example.com/npm/", "*.example.net"),
        "img-src": ("https://a.example.com", "data:"),
        "frame-src": ("https://play.example.com:8443", "blob:"),
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("scripts-src: [https://a.example.com]", "'scripts-src' is not a directive that can be opened. Did you mean"),
        ("report-uri: [https://a.example.com]", "'report-uri' is not a directive"),
        ("img-src: ['https://a.example.com; script-src *']", "';', ',' and spaces would end it"),
        ('img-src: ["https://a.example.com\\r\\nSet-Cookie: a=b"]', "';', ',' and spaces would end it"),
        ("img-src: ['https://a.example.com,b']", "';', ',' and spaces would end it"),
        ("img-src: [https://müller.example]", "is no source"),
        ("img-src: ['<script>']", "is no source"),
        ("script-src: [\"'nonce-abc'\"]", "A nonce that stands in a file protects nobody"),
        ("script-src: ['none']", "allows nothing"),
        ("img-src: [1]", "should be text"),
        ("img-src: {a: b}", "should be a list of sources"),
        ("img-src: []", "should be a list of sources"),
    ],
)
def test_a_slip_in_the_setting_is_named_with_its_line_and_lets_nothing_in(tmp_path, line, told):
    allow, problems = allowed(tmp_path, f"        font-src: [https://ok.example.com]\n        {line}\n")
    [problem] = problems
    assert problem.startswith("mkdocs.yml:7: ")
    assert told in problem
    assert allow == {"font-src": ("https://ok.example.com",)}


def test_a_list_that_no_header_holds_is_refused(tmp_path):
    hosts = ", ".join(f"https://a-very-long-name-of-a-host-{n}.example.com" for n in range(40))
    _, [problem] = allowed(tmp_path, f"        img-src: [{hosts}]\n")
    assert "a proxy in front takes 1,500" in problem


@pytest.mark.parametrize(
    "html",
    [
        '<ul><li><a href="x"><script>a("</li>")</script></a></li><li><img src="https://a.example/b.png"></li></ul>',
        '<ul><li title="a </li> b" onclick="c()"><!-- </li> <script>no()</script> --></li><script>yes()</script>',
        '<li><style>a { color: "</li>" }</style></li><textarea></li><script>no()</script></textarea></li><p style="a">',
        '<li><script>never closed </li> <img src="https://a.example/b.png">',
        '<li class="mermaid">a</li><li class=\'a\' >b</li><li/></li><span class="x" onload="y()">c</span></li></li>',
        "<li><a href=\"java&#115;cript:a()\">b</a></li><a href='javascript:c()'>d</a>< /li><img src=https://a.example/b></li>",
    ],
)
def test_a_page_read_by_blocks_needs_what_it_needs_read_whole(html):
    by_blocks = needs_of_page(html, "https://site.example/a/")
    # With no end of a block in it, the page is one block.
    whole = needs_of_page(html.replace("</li>", "</LI>"), "https://site.example/a/")
    assert [by_blocks.uses, by_blocks.fitted, by_blocks.diagrams] == [whole.uses, whole.fitted, whole.diagrams]
    assert (len(by_blocks.scripts), len(by_blocks.styles)) == (len(whole.scripts), len(whole.styles))


def test_a_block_that_was_met_on_another_page_is_read_for_this_ones_address():
    html = '<li><script src="a.js"></script><iframe src="b.html"></iframe></li><li><script>c()</script></li>'
    first, second = (needs_of_page(html, f"https://site.example/{folder}/") for folder in ("one", "two"))
    assert (first.files, second.files) == ({"/one/a.js"}, {"/two/a.js"})
    assert (first.frames, second.frames) == ({"/one/b.html"}, {"/two/b.html"})
    assert first.scripts == second.scripts != []
    elsewhere = needs_of_page('<img src="https://site.example/x.png">', "https://other.example/")
    assert {use.source for use in elsewhere.uses} == {"https://site.example"}
    assert not needs_of_page('<img src="https://site.example/x.png">', "https://site.example/").uses
