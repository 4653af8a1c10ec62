"""The blocks of a page keep what its text was: steps, items, rows with their headings, code with its indentation."""

import pytest

pytest.importorskip("selectolax", reason="the service is not installed")

from handrail_kb.site.built.blocks import Block, from_json, to_json
from handrail_kb.site.built.passages import read_page
from handrail_kb.site.built.site_info import SiteInfo


def blocks(body: str, lang: str = "en") -> list[Block]:
    """The blocks of the beginning of a page with this body."""
    page = read_page(f"<html lang={lang}><main><h1>T</h1>{body}</main></html>", "t/", SiteInfo())
    return [block for section in page.sections for block in section]


def told(body: str) -> list[tuple]:
    return [(block.kind, block.text, block.place) for block in blocks(body)]


def test_a_paragraph_is_its_sentences_with_inline_code_and_links_as_words():
    found = blocks("<p>Set <code>a.b</code> to <b>1.5</b>. See <a href=x>the list</a>, e.g. of keys.</p><p>Other.</p>")
    assert [(one.text, one.paragraph) for one in found] == [
        ("Set a.b to 1.5.", 0),
        ("See the list, e.g. of keys.", 0),
        ("Other.", 1),
    ]


def test_steps_are_numbered_as_on_the_page_and_keep_their_code():
    found = told(
        "<ol start=3><li>Save:<pre><code>a:\n\n  - b  # (1)!\n</code></pre></li><li><p>One.</p><p>Two.</p></li>"
        "<li value=9>Nine</li></ol>"
    )
    assert found == [
        ("step", "Save:", 3),
        ("code", "a:\n\n  - b", 3),
        ("step", "One.", 4),
        ("step", "Two.", 4),
        ("step", "Nine", 9),
    ]


def test_a_list_inside_a_step_is_a_list_of_its_own():
    found = blocks("<ol><li>Choose:<ul><li>a</li><li>b</li></ul></li><li>Go</li></ol><p>After</p>")
    assert [(one.kind, one.place) for one in found] == [("step", 1), ("item", 1), ("item", 2), ("step", 2), ("text", 0)]
    assert found[0].whole == found[3].whole != found[1].whole == found[2].whole
    assert found[4].whole == 0


def test_a_row_has_its_cells_with_their_headings():
    caption, row, other = blocks(
        "<table><caption>Prices</caption><tr><th>Service</th><th>Price</th></tr>"
        "<tr><th scope=row>Parcel</th><td>45 NOK</td></tr><tr><td colspan=2>All incl. tax</td></tr></table>"
    )
    assert (caption.kind, caption.text) == ("label", "Prices")
    assert row.cells == (("Service", "Parcel"), ("Price", "45 NOK"))
    assert (other.kind, other.text) == ("text", "All incl. tax")
    assert row.whole == caption.whole


def test_a_table_with_headings_in_its_first_column_alone_keeps_both_cells():
    assert [
        one.cells
        for one in blocks("<table><tr><th>Weight</th><td>2 kg</td></tr><tr><th>Size</th><td>A4</td></tr></table>")
    ] == [
        (("", "Weight"), ("", "2 kg")),
        (("", "Size"), ("", "A4")),
    ]


@pytest.mark.parametrize(
    "note",
    [
        '<div class="admonition warning"><p class="admonition-title">Careful</p><p>It burns.</p></div>',
        '<div class="theme-admonition"><div class="admonitionHeading_Gvgb">Careful</div><p>It burns.</p></div>',
        "<details><summary>Careful</summary><p>It burns.</p></details>",
        "<figure><figcaption>Careful</figcaption><p>It burns.</p></figure>",
    ],
)
def test_the_title_of_a_note_heads_what_stands_in_it_and_nothing_else(note):
    title, inside, after = blocks(f"{note}<p>After.</p>")
    assert (title.kind, title.text) == ("label", "Careful")
    assert (inside.kind, inside.text, inside.under) == ("text", "It burns.", "Careful")
    assert after.under == ""


def test_the_name_of_a_tab_heads_its_steps_and_is_no_step():
    found = blocks(
        '<div class="tabbed-set"><div class="tabbed-labels"><label>iPhone</label><label>Android</label></div>'
        '<div class="tabbed-content"><div class="tabbed-block"><ol><li>Tap</li></ol></div>'
        '<div class="tabbed-block"><ol><li>Swipe</li></ol></div></div></div>'
    )
    assert [(one.kind, one.text, one.under) for one in found if one.kind == "step"] == [
        ("step", "Tap", "iPhone"),
        ("step", "Swipe", "Android"),
    ]


def test_a_block_that_is_little_but_a_link_says_so():
    text = "<p>See <a href=x>the whole list of prices here</a>.</p><p>Choose <a href=x>Save</a> and wait.</p>"
    assert [one.is_link for one in blocks(text + "<ul><li><a href=x>Pears</a></li><li>Plums</li></ul>")] == [
        True,
        False,
        True,
        False,
    ]


def test_a_section_of_links_has_no_blocks():
    page = read_page(
        "<main><h1>T</h1><p>Text.</p><h2 id=s>See</h2><ul><li><a href=a>Apples</a><li><a href=b>Pears</a></ul>",
        "t/",
        SiteInfo(),
    )
    assert [bool(section) for section in page.sections] == [False, True, False]
    assert [passage.section for passage in page.passages] == [1, 2]


def test_blocks_read_back_from_an_index_are_the_same():
    found = tuple(
        blocks("<p>A.</p><ol><li>B</li></ol><table><tr><th>h</th><th>i</th></tr><tr><td>c</td><td>d</td></tr></table>")
    )
    assert from_json(to_json(found)) == found
