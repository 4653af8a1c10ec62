"""The text of a page is what its reader sees: no marks, words apart as on the page, tables as sentences."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("selectolax", reason="the service's libraries are not installed")

from handrail_kb.site.built.passages import read_page
from handrail_kb.site.built.site_info import SiteInfo


def read(main):
    return read_page(f"<html><body><main><h1>Guide</h1>{main}</main></body></html>", "guide/", SiteInfo())


def text(main):
    return "\n".join(passage.text for passage in read(main).passages)


# --- marks are no words, and words stay apart


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ('Error E-42<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup> is new.', "Error E-42 is new."),
        ('It costs 42<a class="footnote-reference brackets" href="#id1" role="doc-noteref">[1]</a>.', "It costs 42."),
        ('Use sync<sup><a href="#n" data-footnote-ref>1</a></sup>now', "Use sync now"),
        ("It costs 42<sup>1</sup>, or 43<sup>[2]</sup> with tax<sup>*</sup>.", "It costs 42, or 43 with tax."),
        ("Premium<sup>1</sup> and E-42<sup>2, 3</sup>", "Premium and E-42"),
        ('Wait.<a class="footnote-backref" href="#fnref:1">↩</a>', "Wait."),
    ],
)
def test_the_mark_of_a_footnote_is_no_part_of_a_word_or_a_number(html, seen):
    assert text(f"<p>{html}</p>") == seen


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("2 m<sup>2</sup>, 10<sup>6</sup>, 10<sup>-3</sup>", "2 m², 10⁶, 10⁻³"),
        ("the 1<sup>st</sup>, le 2<sup>e</sup>, XIX<sup>e</sup>, M<sup>me</sup>", "the 1st, le 2e, XIXe, Mme"),
        ("Acme<sup>®</sup> and Acme<sup>TM</sup>", "Acme® and Acme TM"),
        ("Sync<sup>new in 2.1</sup>helps", "Sync new in 2.1 helps"),
    ],
)
def test_raised_text_that_says_something_is_kept(html, seen):
    assert text(f"<p>{html}</p>") == seen


@pytest.mark.parametrize(
    "html",
    [
        "un<b>believ</b>able H<sub>2</sub>O E-<wbr>1042 <code>a</code>b colo<ins>u</ins>r",
        "un<a href='/x'>believ</a>able H<sub>2</sub>O E-1042 <kbd>a</kbd>b colo<mark>u</mark>r",
    ],
)
def test_formatting_inside_a_word_leaves_it_one_word(html):
    assert text(f"<p>{html}</p>").replace("a b", "ab") == "unbelievable H2O E-1042 ab colour"


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>Now <del>20</del><ins>15</ins> euros, <s>$9</s>$7</p>", "Now 20 15 euros, $9 $7"),
        ("<p>Size: <select><option>Small</option><option>Large</option></select>only</p>", "Size: Small Large only"),
        ("<p>one<br>two<br/>three</p>", "one two three"),
        ("<p><kbd>Ctrl</kbd><kbd>K</kbd> or <kbd>Ctrl</kbd>+<kbd>K</kbd></p>", "Ctrl K or Ctrl+K"),
        ('<p><span class="keys"><kbd>Ctrl</kbd><span>+</span><kbd>Alt</kbd></span>.</p>', "Ctrl+Alt."),
        ('<p>See<span aria-hidden="true">★</span>this</p>', "See this"),
        (
            '<p>Sync<span class="md-badge">New</span>, <span class="label label-info">Pro</span>: yes.</p>',
            "Sync New, Pro: yes.",
        ),
        ('<p><mark class="critic">slow</mark><span class="critic comment">which?</span></p>', "slow which?"),
        ('<p>Done <img class="emojione" alt=":rocket:"><img alt="🚀">!</p>', "Done 🚀 !"),
        ('<p><span class="twemoji"><svg><title>Gear</title></svg></span>Settings</p>', "Settings"),
        ('<p>The <abbr title="Application interface">API</abbr>s</p>', "The APIs"),
        ("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>", "漢 kan"),
        ("<p>Press ¶ to see the marks.</p>", "Press ¶ to see the marks."),
    ],
)
def test_words_that_are_apart_on_the_page_stay_apart(html, seen):
    assert text(html) == seen


@pytest.mark.parametrize(
    "html",
    [
        '<div class="highlight"><table class="highlighttable"><tr><th colspan="2" class="filename">app.py</th></tr><tr>'
        '<td class="linenos"><div class="linenodiv"><pre><span class="normal">1</span>\n<span class="normal">2</span>'
        '</pre></div></td><td class="code"><div><pre>a = 421\nb = 7</pre></div></td></tr></table></div>',
        '<div class="highlight"><span class="filename">app.py</span><pre><code><span class="linenos">1</span>a = 421\n'
        '<span class="linenos">2</span>b = 7</code></pre></div>',
        '<p>app.py</p><pre><code><span class="linenos" data-linenos="1 "></span>a = 421\n'
        '<span class="linenos" data-linenos="2 "></span>b = 7 # (1)!</code></pre>',
        '<p>app.py</p><div class="chroma"><table class="lntable"><tr><td class="lntd"><pre><code><span class="lnt">1\n'
        '</span><span class="lnt">2\n</span></code></pre></td><td class="lntd"><pre><code>a = 421\nb = 7</code></pre>'
        "</td></tr></table></div>",
        '<p>app.py</p><pre><code><span class="token-line">a = 421<br></span><span class="token-line">b = 7<br></span>'
        "</code></pre>",
    ],
    ids=["numbers in a table", "inline", "by style", "another highlighter", "lines by br"],
)
def test_numbers_of_lines_are_no_code(html):
    assert text(html) == "app.py\na = 421\nb = 7"


def test_a_heading_is_read_without_its_link():
    [one, two, three, four] = read(
        '<h2 id="a">Ports<a class="headerlink" href="#a">¶</a></h2><p>x</p><h2 id="b">Hosts<a href="#b">🔗</a></h2><p>x'
        '</p><h2 id="c">Paths<a href="#c"><span>Link to this heading</span></a></h2><p>x</p>'
        '<h2 id="d"><a href="#d">Names</a></h2><p>x</p>'
    ).passages
    assert [p.heading for p in (one, two, three, four)] == ["Ports", "Hosts", "Paths", "Names"]


# --- what browsers never show


@pytest.mark.parametrize(
    "html",
    [
        "<video src='a'>Your browser cannot play this.</video>",
        "<audio>no sound</audio>",
        "<canvas>no picture</canvas>",
        "<iframe src='x'>no frame</iframe>",
        "<object data='x'><p>no object</p></object>",
        "<noscript><p>no script</p></noscript>",
        "<template><p>template</p></template>",
        "<p hidden>hidden</p>",
        "<div style='color: red; display : none'>styled away</div>",
        "<div style='visibility:hidden'>styled away</div>",
        "<datalist><option>One</option></datalist>",
        "<dialog>later</dialog>",
        "<p><span class='sr-only'>(opens a new window)</span></p>",
    ],
)
def test_what_a_browser_never_shows_is_not_read(html):
    assert text(f"<p>Before.</p>{html}<p>After.</p>") == "Before.\nAfter."


def test_what_is_shown_on_request_is_read():
    shown = text(
        '<details><summary>More</summary><p>Inside.</p></details><div role="tabpanel" hidden><p>Second tab.</p></div>'
        '<div hidden="until-found"><p>When found.</p></div>'
    )
    assert shown == "More\nInside.\nSecond tab.\nWhen found."


# --- tables


def test_each_value_of_a_table_stands_under_its_own_headings():
    assert text(
        "<table><thead><tr><th>Service</th><th>Country</th><th>Price</th></tr></thead><tbody>"
        "<tr><td rowspan=2>Parcel</td><td>Norway</td><td>45 NOK</td></tr><tr><td>Sweden</td><td>50 NOK</td></tr>"
        "<tr><td>Letter</td><td colspan=2>not offered</td></tr></tbody></table>"
    ).split("\n") == [
        "Service: Parcel. Country: Norway. Price: 45 NOK.",
        "Service: Parcel. Country: Sweden. Price: 50 NOK.",
        "Service: Letter. Country, Price: not offered.",
    ]


def test_headings_in_several_rows_and_in_columns_lead_to_their_values():
    assert text(
        "<table><thead><tr><th rowspan=2>Service</th><th colspan=2>Norway</th></tr><tr><th>Oslo</th><th>Bergen</th>"
        "</tr></thead><tbody><tr><th scope=row>Parcel</th><td>45</td><td>46</td></tr>"
        "<tr><th colspan=3>Until May</th></tr><tr><th>Letter</th><td>12</td><td>13</td></tr></tbody></table>"
    ).split("\n") == [
        "Service: Parcel. Norway, Oslo: 45. Norway, Bergen: 46.",
        "Until May – Service: Letter. Norway, Oslo: 12. Norway, Bergen: 13.",
    ]


def test_a_corner_without_words_leaves_the_headings_of_rows_in_front():
    assert text(
        "<table><tr><td></td><th>Basic</th><th>Pro</th></tr><tr><th>Users</th><td>5</td><td>50</td></tr></table>"
    ) == ("Users – Basic: 5. Pro: 50.")
    assert text("<table><tr><th>Price</th><td>9 euros</td></tr><tr><th>Size</th><td>A4</td></tr></table>") == (
        "Price: 9 euros.\nSize: A4."
    )


def test_a_table_in_a_table_keeps_its_own_headings():
    inner = "<table><tr><th>Users</th><th>Space</th></tr><tr><td>5</td><td>10 GB</td></tr></table>"
    assert text(
        "<table><caption>Plans</caption><tr><th>Plan</th><th>Details</th></tr>"
        f"<tr><td>Basic</td><td>{inner}</td></tr><tr><td>Pro</td><td>All of it</td></tr></table>"
    ).split("\n") == [
        "Plans",
        "Plan: Basic. Details – Users: 5. Space: 10 GB.",
        "Plan: Pro. Details: All of it.",
    ]


def test_a_table_that_only_arranges_keeps_sections_and_blocks():
    page = read(
        '<table><tr><td><h2 id="a">Left</h2><p>One.</p></td><td><h2 id="b">Right</h2><p>Two.</p></td></tr></table>'
        '<table role="presentation"><tr><td><p>Three.</p></td><td><p>Four.</p></td></tr></table>'
    )
    assert [(p.heading, p.text) for p in page.passages] == [("Left", "One."), ("Right", "Two.\nThree.\nFour.")]


def test_blocks_of_a_cell_stay_apart():
    assert text(
        "<table><tr><th>Plan</th><th>Holds</th></tr><tr><td>Basic<br>monthly</td><td><ul><li>mail</li><li>files</li>"
        "</ul></td></tr><tr><td><p>Pro.</p><p>Yearly</p></td><td><code>x</code></td></tr></table>"
    ).split("\n") == ["Plan: Basic monthly. Holds: mail, files.", "Plan: Pro. Yearly. Holds: x."]


def test_a_term_stands_before_what_it_means():
    assert text(
        "<dl><dt>Floor</dt><dd>The least score.</dd><dd><p>Found by asking.</p></dd><dt>Topic</dt><dt>Theme</dt>"
        "<dd><p>Searches that mean the same.</p></dd><dt>What is a verdict?</dt><dd>A word.</dd><dt>Alone</dt></dl>"
    ).split("\n") == [
        "Floor: The least score.",
        "Found by asking.",
        "Topic, Theme: Searches that mean the same.",
        "What is a verdict? A word.",
        "Alone",
    ]


@pytest.mark.parametrize("number", ["99999", "65534", "9" * 400, "-3", "0", "²", "x"])
def test_a_span_without_sense_costs_nothing(number):
    rows = "<tr><td>c</td></tr>" * 3000
    began = time.thread_time()
    told = text(
        f"<table><tr><th>A</th><th>B</th></tr><tr><td rowspan={number} colspan={number}>a long enough value</td>"
        f"<td>y</td></tr>{rows}</table>"
    )
    assert "a long enough value" in told
    assert "y" in told
    assert len(told) < 3000 * 80
    assert time.thread_time() - began < 10


def test_a_long_text_is_not_repeated_for_every_row_it_spans():
    told = text(f"<table><tr><td rowspan=500>{'word ' * 1000}</td><td>x</td></tr>{'<tr><td>y</td></tr>' * 499}</table>")
    assert told.count("word") == 1000
    assert told.count("y") == 499


# --- further shapes of the same kinds


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ('X-12<a href="#fn2" class="footnote">[2]</a>.', "X-12."),
        ('E-43<a class="footnotecall" href="#f">1</a> fails', "E-43 fails"),
        ('E-44<a href="#_ftn1" name="_ftnref1">[1]</a> fails', "E-44 fails"),
        ('See chapter <a href="#chapter-3">3</a>.', "See chapter 3."),
        ('Choose <a href="#a">[Save]</a>.', "Choose [Save]."),
    ],
)
def test_a_link_to_a_note_is_a_mark_whatever_it_is_made_of(html, seen):
    assert text(f"<p>{html}</p>") == seen


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        (
            '<pre><code><span class="line-number">1</span>a=1\n<span class="line-number">2</span>b=2</code></pre>',
            "a=1\nb=2",
        ),
        ('<pre>run <i class="conum" data-value="1"></i><b>(1)</b></pre>', "run"),
        ('<div class="language-sh"><span class="lang">sh</span><pre><code>npm i</code></pre></div>', "npm i"),
        ("<pre>x</pre><div class='copy-button'>Copy</div><clipboard-copy>Copy</clipboard-copy>", "x"),
    ],
)
def test_what_generators_put_beside_code_is_no_text(html, seen):
    assert text(html) == seen


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ('<p>Click <i class="material-icons">home</i>on<span class="u-visually-hidden">(new)</span></p>', "Click on"),
        ('<p>Text.</p><ol class="breadcrumb"><li>Home</ol><ul class="pagination"><li>Next</ul>', "Text."),
        ("<h2>Install<span class='mw-editsection'>[edit]</span></h2><p>Run it.</p>", "Run it."),
        ('<p><span class="MathJax_Preview">x+1</span><span class="MathJax"><nobr aria-hidden="true">x+1</nobr>'
         '<span class="MJX_Assistive_MathML"><math><mi>x</mi><mo>+</mo><mn>1</mn></math></span></span></p>', "x+1"),
        ("<p>Take <math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>.</p>", "Take 1/2."),
    ],
)  # fmt: skip
def test_icons_ways_through_the_site_and_second_copies_are_no_text(html, seen):
    assert text(html) == seen


@pytest.mark.parametrize(
    "html",
    [
        "<div role=table><div role=row><span role=columnheader>Name</span><span role=columnheader>Price</span></div>"
        "<div role=row><span role=cell>Basic</span><span role=cell>5</span></div></div>",
        "<p><label>Name<input></label><output>Price</output></p><p>Basic<textarea>typed</textarea>5</p>",
    ],
)
def test_what_stands_apart_by_its_role_stays_apart(html):
    assert text(html).split() == ["Name", "Price", "Basic", "5"]


def test_each_value_beside_a_heading_in_its_row_stands_under_that_heading():
    assert text(
        "<table><tr><th>Name</th><td>Ana</td><th>Age</th><td>5</td></tr><tr><th>Town</th><td></td><th>Zip</th>"
        "<td>53111</td></tr><tr><th>Paid</th><td>by card</td><td>at once</td></tr></table>"
    ).split("\n") == ["Name: Ana. Age: 5.", "Zip: 53111.", "Paid: by card, at once."]


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ('<p>It melts [<a href="#cite1">12</a>] at 40<a href="#ref2">[2]</a>.</p>', "It melts at 40."),
        ('<p>It melts [<a href="#ref1">1</a>, <a href="#ref2">2</a>].</p>', "It melts."),
        (
            "<p>Call <code>stop()</code> or <code>a[]</code>, [sic] and (<wbr>).</p>",
            "Call stop() or a[], [sic] and ().",
        ),
        ('<p><a class="md-button" href="a">Buy</a><a class="btn btn-primary" href="b">Sell</a></p>', "Buy Sell"),
    ],
)
def test_brackets_around_marks_go_with_them_and_buttons_stay_apart(html, seen):
    assert text(html) == seen
