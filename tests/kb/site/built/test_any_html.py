"""Whatever stands in a page or in front matter, it is read to its end soon; a page gives text alone."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("selectolax", reason="the service is not installed")
pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail_kb.articles.article import read_articles
from handrail_kb.site.built.passages import read_page
from handrail_kb.site.built.site_info import SiteInfo

NAMES = [
    "main",
    "article",
    "section",
    "div",
    "p",
    "h1",
    "h2",
    "h3",
    "h6",
    "ul",
    "ol",
    "li",
    "table",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "pre",
    "code",
    "script",
    "style",
    "template",
    "svg",
    "math",
    "details",
    "summary",
    "a",
    "img",
    "br",
    "hr",
    "select",
    "option",
    "textarea",
    "title",
    "iframe",
    "noscript",
    "sup",
    "del",
    "ins",
    "dl",
    "dt",
    "dd",
    "form",
    "input",
    "body",
    "html",
]
ATTRIBUTES = (
    "", " id=a", " id='a b'", " hidden", " aria-hidden=true", " rowspan=9999999", " colspan=-1", " class=headerlink",
    " href='javascript:x'", " id=\u202e", " start=99999999999999999999", " reversed value=x", " data-x='<p>'", " id=''",
)  # fmt: skip
TAGS = st.builds(
    lambda name, attributes, shut: f"</{name}>" if shut else f"<{name}{attributes}>",
    st.sampled_from(NAMES),
    st.sampled_from(ATTRIBUTES),
    st.booleans(),
)
LOOSE = st.sampled_from(
    ["<", "<!--", "-->", "<![CDATA[", "]]>", "&#0;", "&#xD800;", "&amp", "<?x", "\x00", "</", "<p<p"]
)
PAGES = st.lists(TAGS | LOOSE | st.text(max_size=8), max_size=60).map("".join)
OFTEN = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts(html):
    page = read_page(html, "guide/", SiteInfo(articles={}))
    return [] if page is None else [passage.text for passage in page.passages]


@OFTEN
@given(PAGES)
def test_no_html_ends_the_reader(html):
    for text in texts(html):
        text.encode("utf-8")  # no half characters


@pytest.mark.parametrize(
    "part", ["<div>", "<table><tr><td>", "<ul><li>", "<p>a", "<b>", "&amp;", "<h2 id=a>a", "<!--", "<a"]
)
def test_a_page_of_thousands_of_open_parts_is_read_soon(part):
    began = time.process_time()
    texts(f"<html><body><main><h1>Guide</h1>{part * 4000}</main></body></html>")
    assert time.process_time() - began < 10


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "title",
        "description",
        "questions",
        "keywords",
        "owner",
        "review_by",
        "people_only",
        "search",
        "tags",
        "home",
        "x",
    ]
)


@OFTEN
@given(
    st.dictionaries(FIELDS, YAML, max_size=5).map(repr)
    | st.lists(
        st.sampled_from(["a: b", "- ", "? ", "&a ", "*a", "!!python/object:os.system", "[", "{", "'", "\t", "|", "a:"])
    ).map("\n".join)
    | st.text(max_size=60)
)
def test_no_front_matter_ends_the_reader(tmp_path, front):
    docs = tmp_path / "docs"
    docs.mkdir(exist_ok=True)
    (docs / "a.md").write_text(f"---\n{front}\n---\n\n# Guide\n\nWords.\n", encoding="utf-8", errors="replace")
    articles, problems = read_articles(docs)
    assert [one.path for one in articles] == ["a.md"] or problems
