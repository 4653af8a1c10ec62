"""What a page needs and would lose by the policy, as browsers read it, is let in or reported."""

import pytest

from handrail_kb.policy import report
from handrail_kb.policy.needs import inline_hashes, needs_of_page
from kb.policy.pages import page

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


# ---- what a page needs, and what it would lose


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
