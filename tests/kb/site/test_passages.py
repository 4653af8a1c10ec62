"""Built HTML to passages: what can be a result, and what is left out."""

from __future__ import annotations

import json
import time

import pytest

pytest.importorskip("selectolax", reason="the service's libraries are not installed")

from hypothesis import given
from hypothesis import strategies as st

from handrail_kb.errors import SiteError
from handrail_kb.site.built.passages import PASSAGE_CHARS, pack, read_page, read_site
from handrail_kb.site.built.site_info import SiteInfo, read_site_info


def read(main, location="guide/", **facts):
    return read_page(f"<html><body><main><h1>Guide</h1>{main}</main></body></html>", location,
                     SiteInfo(articles={location: facts} if facts else {}))  # fmt: skip


def texts(main):
    return [passage.text for passage in read(main).passages]


# --- sections


def test_a_section_is_found_at_its_heading():
    page = read(
        '<p>Intro.</p><h2 id="a">First</h2><p>One.</p><h3 id="b">Deeper</h3><p>Two.</p><h2 id="c">Last</h2><p>3'
    )
    assert [(p.location, p.heading, p.path, p.text) for p in page.passages] == [
        ("guide/", "", (), "Intro."),
        ("guide/#a", "First", (), "One."),
        ("guide/#b", "Deeper", ("First",), "Two."),
        ("guide/#c", "Last", (), "3"),
    ]


def test_a_heading_without_anchor_leads_to_the_page():
    [passage] = read("<h2>No anchor</h2><p>Words.</p>").passages
    assert (passage.location, passage.heading) == ("guide/", "No anchor")


def test_a_heading_without_words_below_can_still_be_found():
    page = read('<h2 id="a">Parent</h2><h3 id="b">Child</h3><p>Words.</p>')
    assert [(p.heading, p.text) for p in page.passages] == [("Parent", ""), ("Child", "Words.")]


@pytest.mark.parametrize(
    ("anchor", "place"),
    [
        ("a", "guide/#a"),
        ("inside", "guide/#a"),
        ("above", "guide/"),
        ("", "guide/"),
        ("title", "guide/"),
        ("gone", None),
    ],
)
def test_the_section_that_a_writer_names_is_found_by_any_anchor_in_it(anchor, place):
    main = (
        '<main><h1 id="title">Guide</h1><p id="above">Intro.</p>'
        '<h2 id="a">First</h2><p>One.</p><p id="inside">Two.</p><h2 id="b">Last</h2><p>3</p></main>'
    )
    info = SiteInfo(articles={"guide/": {"title": "Guide", "questions": ["how"], "sections": {"how": anchor}}})
    page = read_page(main, "guide/", info)
    assert page.answered_in == ((("how", place),) if place else ())


@pytest.mark.parametrize("sections", [[], "x", None, {"how": None}, {"how": 3}])
def test_sections_that_are_no_sections_do_not_end_reading(sections):
    assert read("<p>Words.</p>", questions=["how"], sections=sections).answered_in == ()


def test_text_before_the_first_heading_belongs_to_the_page():
    page = read_page("<main><p>Before.</p><h1 id='t'>Guide</h1><p>After.</p></main>", "guide/", SiteInfo())
    assert [(p.location, p.heading, p.text) for p in page.passages] == [
        ("guide/", "", "Before."),
        ("guide/", "", "After."),
    ]


def test_the_title_is_not_shown_as_a_section_of_itself():
    page = read_page("<main><h1 id='guide'>Guide</h1><p>Intro.</p><h2 id='a'>A</h2><p>x</main>", "guide/", SiteInfo())
    assert page.title == "Guide"
    assert [(p.location, p.heading, p.path) for p in page.passages] == [("guide/", "", ()), ("guide/#a", "A", ())]


def test_a_second_h1_is_a_section():
    page = read('<p>One.</p><h1 id="two">Other</h1><p>Two.</p><h2 id="three">Below</h2><p>Three.</p>')
    assert [(p.location, p.path) for p in page.passages] == [
        ("guide/", ()),
        ("guide/#two", ()),
        ("guide/#three", ("Other",)),
    ]


def test_the_title_comes_from_the_page_where_nobody_wrote_another():
    assert read("").title == "Guide"
    assert read("", title="From front matter").title == "From front matter"
    only_head = "<html><head><title>In the head</title></head><body><p>x</p></body></html>"
    assert read_page(only_head, "a.html", SiteInfo()).title == "In the head"
    assert read_page("<p>x</p>", "a.html", SiteInfo()).title == "a.html"


def test_marks_beside_headings_are_no_words():
    page = read('<h2 id="a">Reset <a class="headerlink" href="#a" title="Permanent link">¶</a></h2><p>x</p>')
    assert page.passages[0].heading == "Reset"


# --- blocks


def test_a_row_of_a_table_stands_by_itself():
    table = (
        "<table><thead><tr><th>Field</th><th>Needed</th></tr></thead><tbody><tr><td>title</td><td>yes</td></tr>"
        "<tr><td>owner</td><td></td></tr></tbody></table>"
    )
    assert texts(table) == ["Field: title. Needed: yes.\nField: owner."]


def test_a_table_without_thead_keeps_all_its_words():
    assert texts("<table><tr><th>Field</th><th>Needed</th></tr><tr><td>a</td><td>b</td></tr></table>") == [
        "Field: a. Needed: b."
    ]
    assert texts("<table><tr><th>Price</th><td>9 euros</td></tr></table>") == ["Price: 9 euros."]
    assert texts("<table><thead><tr><th>Only</th><th>heads</th></tr></thead></table>") == ["Only, heads."]


def test_cells_beyond_the_heads_of_a_table_are_kept():
    table = "<table><thead><tr><th>A</th><th>B</th></tr></thead><tr><td>1</td><td>2</td><td>3</td></tr></table>"
    assert texts(table) == ["A: 1. B: 2. 3."]


def test_code_is_kept_line_by_line_without_line_numbers():
    assert texts("<pre><code><span>a = 1</span>\n\n<span>b = 2</span></code></pre>") == ["a = 1\nb = 2"]
    numbered = (
        '<div class="highlight"><table class="highlighttable"><tr><td class="linenos"><pre>1</pre></td>'
        '<td class="code"><pre>pip install x</pre></td></tr></table></div>'
    )
    assert texts(numbered) == ["pip install x"]


TABS = (
    '<div class="tabbed-set tabbed-alternate" data-tabs="1:2"><input checked id="a" type="radio">'
    '<input id="b" type="radio"><div class="tabbed-labels"><label for="a">Mac</label><label for="b">Linux</label></div>'
    '<div class="tabbed-content"><div class="tabbed-block"><p>Press Cmd.</p>{inner}</div>'
    '<div class="tabbed-block"><p>Press Ctrl.</p></div></div></div>'
)


def in_order(text, *parts):
    places = [text.index(part) for part in parts]
    return places == sorted(places)


def test_a_tab_is_read_behind_its_own_label():
    [text] = texts(TABS.format(inner=""))
    assert in_order(text, "Mac", "Press Cmd.", "Linux", "Press Ctrl.")


def test_tabs_in_tabs_keep_their_own_labels():
    inner = TABS.format(inner="").replace("Mac", "Old").replace("Linux", "New").replace("Press", "Hold")
    [text] = texts(TABS.format(inner=inner))
    assert in_order(text, "Mac", "Press Cmd.", "Old", "Hold Cmd.", "New", "Hold Ctrl.", "Linux", "Press Ctrl.")
    assert text.count("Hold Cmd.") == 1


def test_admonitions_details_lists_and_terms_are_read_in_order():
    [text] = texts(
        '<div class="admonition warning"><p class="admonition-title">Careful</p><p>It is gone.</p></div>'
        "<details><summary>More</summary><p>Inside.</p></details>"
        "<ul><li>one<ul><li>two</li></ul></li><li>three</li></ul><dl><dt>Term</dt><dd>Meaning.</dd></dl>"
    )
    assert text.split("\n") == [
        "Careful", "It is gone.", "More", "Inside.", "one", "two", "three", "Term: Meaning."
    ]  # fmt: skip


def test_a_sentence_is_not_torn_by_its_markup():
    [text] = texts(
        '<p>Press <kbd>Ctrl</kbd>+<kbd>K</kbd>, see <a href="/x">the <b>new</b> page</a><br>now. <img alt="Gear">'
    )
    assert text == "Press Ctrl+K, see the new page now. Gear"


# --- what is left out


def test_what_is_no_article_text_is_left_out():
    [text] = texts(
        "<nav>menu</nav><footer>imprint</footer><script>code()</script><style>p{}</style><form>fields</form>"
        '<template>t</template><p hidden>secret</p><p aria-hidden="true">icon</p><button>Copy</button>'
        '<a class="md-content__button" href="#">Edit</a><aside class="md-source-file">Updated today</aside>'
        '<div role="search">find</div><div class="md-feedback">Was this helpful?</div><p>The words.</p>'
    )
    assert text == "The words."


def test_only_the_article_of_a_page_is_read():
    page = read_page(
        '<body><header><h1>Shop</h1></header><main><nav>menu</nav><article class="md-content__inner"><h1>Guide</h1>'
        "<p>Words.</p></article><aside>beside</aside></main></body>",
        "guide/",
        SiteInfo(),
    )
    assert (page.title, [p.text for p in page.passages]) == ("Guide", ["Words."])


def test_an_element_can_be_kept_out_of_search():
    assert texts("<p data-search-exclude>Not this.</p><p>This.</p>") == ["This."]


def test_a_heading_can_keep_its_section_out_of_search():
    page = read('<p>In.</p><h2 id="a" data-search-exclude>Hidden</h2><p>Not this.</p><h2 id="b">Shown</h2><p>This.</p>')
    assert [p.text for p in page.passages] == ["In.", "This."]


def test_excluded_pages_redirects_and_shells_are_no_articles():
    assert read("<p>x</p>", exclude=True) is None
    assert read("<handrail-main>form</handrail-main>") is None
    redirect = '<html><head><meta http-equiv="refresh" content="0; url=../new/"></head><body>Redirecting</body></html>'
    assert read_page(redirect, "old/", SiteInfo()) is None


# --- what the build knows


def test_front_matter_comes_from_what_the_plugin_left(tmp_path):
    facts = {
        "source": "guide.md", "title": "The guide", "description": "How", "questions": ["how?"], "keywords": ["way"],
        "people_only": True, "boost": 2, "lang": "de-CH", "breadcrumb": ["Help", "First"],
    }  # fmt: skip
    (tmp_path / "handrail").mkdir()
    (tmp_path / "handrail" / "site.json").write_text(json.dumps({"lang": "de", "articles": {"guide/": facts}}))
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "index.html").write_text("<main><h1>Guide</h1><p>Words.</p></main>")
    [page] = read_site(tmp_path)
    assert (page.location, page.title, page.description, page.source) == ("guide/", "The guide", "How", "guide.md")
    assert (page.questions, page.keywords, page.people_only) == (("how?",), ("way",), True)
    assert (page.boost, page.lang, page.breadcrumb) == (2.0, "de", ("Help", "First"))


def test_a_site_of_another_generator_needs_nothing_beside_its_pages(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text(
        '<html lang="fr-CA"><head><meta name="description" content="Quoi"></head><h1>T</h1>x'
    )
    (tmp_path / "index.html").write_text("<h1>Home</h1><p>Hello.</p>")
    (tmp_path / "404.html").write_text("<h1>Lost</h1>")
    pages = list(read_site(tmp_path))
    assert [(page.location, page.title, page.lang) for page in pages] == [
        ("deep/page.html", "T", "fr"),
        ("", "Home", "en"),
    ]
    assert (pages[0].description, pages[0].boost) == ("Quoi", 1.0)


@pytest.mark.parametrize("said", ["de", "de-AT", "de_AT", "DE"])
def test_the_language_of_a_page_is_known_however_its_region_is_written(said):
    assert read_page(f'<html lang="{said}"><h1>T</h1><p>x', "a/", SiteInfo()).lang == "de"


def test_a_missing_or_empty_site_is_told_with_what_to_do(tmp_path):
    for folder in (tmp_path / "nothing", tmp_path):
        with pytest.raises(SiteError) as told:
            list(read_site(folder))
        assert str(folder) in told.value.what
        assert "handrail build" in told.value.mend


@pytest.mark.parametrize("content", ["{", "[]", '{"contact": 3}', "\xff"])
def test_a_broken_site_json_is_told_with_its_name(tmp_path, content):
    (tmp_path / "handrail").mkdir()
    (tmp_path / "handrail" / "site.json").write_text(content, encoding="latin-1")
    with pytest.raises(SiteError) as told:
        read_site_info(tmp_path)
    assert "site.json" in told.value.what


# --- hard ones


def test_broken_html_still_gives_its_words():
    assert texts("<p>one<div>two</p></b></table><td>three<ul><li>four") != []
    assert "three" in "\n".join(texts("<p>one<div>two</p></b></table><td>three<ul><li>four"))
    assert read_page("", "a/", SiteInfo()).passages == ()
    assert read_page("<<<>>>&&&;", "a/", SiteInfo()) is not None


@pytest.mark.parametrize("tag", ["div", "span", "ul><li", "blockquote"])
def test_tags_that_are_never_closed_do_not_end_the_build(tag):
    assert "deep" in "".join(texts(f"<{tag}>" * 3000 + "deep"))


def test_a_page_of_five_megabytes_is_read_in_seconds():
    began = time.process_time()  # whatever else this machine does
    sections = "".join(f'<h2 id="s{n}">Section {n}</h2><p>{"A sentence of words. " * 20}</p>' for n in range(11_000))
    page = read(sections)
    assert len(sections) > 5_000_000
    assert len(page.passages) == 11_000
    assert time.process_time() - began < 20


def test_half_characters_do_not_end_the_build():
    page = read("<p>a\ud800b &#xD800; c\x00d</p>", title="half \ud800 title")
    text = "".join(p.text for p in page.passages)
    assert text.startswith("a")
    assert text.endswith("d")


def test_a_long_paragraph_is_cut_between_sentences():
    sentences = [f"This is sentence number {n} of a long paragraph." for n in range(60)]
    pieces = texts(f"<p>{' '.join(sentences)}</p>")
    assert len(pieces) > 1
    assert all(len(piece) <= PASSAGE_CHARS and piece.endswith(".") for piece in pieces)
    assert " ".join(pieces) == " ".join(sentences)


def test_a_sentence_without_end_is_cut_between_words():
    pieces = texts(f"<p>{'word ' * 1000}</p>")
    assert all(len(piece) <= PASSAGE_CHARS for piece in pieces)
    assert set(" ".join(pieces).split()) == {"word"}


@given(st.lists(st.text(), max_size=20), st.integers(10, 200))
def test_packing_keeps_every_letter_and_the_limit(blocks, limit):
    pieces = list(pack(blocks, limit))
    assert all(len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join("".join(blocks).split())
