"""What an article is called, and what it is filed under, finds it; sections of links never speak for it."""

from __future__ import annotations

import json

import pytest

from handrail_kb.site.built.passages import Page, Passage, read_page
from handrail_kb.site.built.site_info import SiteInfo
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

H1 = "Install the Lighthouse agent on Windows Server"
OTHERS = {
    "windows/": (
        "Windows",
        "<p>Install Windows Server updates. Restart Windows Server after you install an agent.</p>",
    ),
    "lighthouse/": ("The Lighthouse agent", "<p>The Lighthouse agent watches servers. Install it on every server.</p>"),
    "remove/": ("Remove the Lighthouse agent from Windows Server", "<p>Stop the agent, then remove it.</p>"),
}


def article(location, heading, body, **facts):
    html = f"<html><body><main><h1>{heading}</h1>{body}</main></body></html>"
    return read_page(html, location, SiteInfo(articles={location: facts} if facts else {}))


def searcher_of(state, *pages):
    others = [article(location, title, body, title=title) for location, (title, body) in OTHERS.items()]
    return Searcher.open(build_index([*pages, *others], state, MODEL).folder)


@pytest.mark.parametrize(
    "facts", [{"title": "Setup"}, {"title": "Setup", "own_title": "First steps"}], ids=["nav", "nav and front matter"]
)
def test_an_article_is_found_by_its_heading_whatever_it_is_called_in_the_menu(state, facts):
    searcher = searcher_of(state, article("setup/", H1, "<p>Download it, then run it as administrator.</p>", **facts))
    for asked in (*{H1, H1.upper(), f"{H1}?"}, *facts.values()):
        results = searcher.search(asked)
        assert results.hits[0].location == "setup/", asked
        assert results.hits[0].title == "Setup"
        assert results.hits[0].why["same_title"] > 0
        assert results.verdict == "answered"


def test_a_heading_in_other_words_than_the_title_is_words_of_the_article(state):
    searcher = searcher_of(state, article("setup/", "Quokka onboarding", "<p>Run it.</p>", title="Setup"))
    assert searcher.search("quokka").hits[0].location == "setup/"


def test_a_tag_finds_the_article_as_a_keyword_does(state):
    searcher = searcher_of(state, article("setup/", "Setup", "<p>Run it.</p>", title="Setup", tags=["Zorblatt"]))
    results = searcher.search("Zorblatt")
    assert results.hits[0].location == "setup/"
    assert results.hits[0].why["keywords"] > 0


@pytest.mark.parametrize("asked", ["Zorblatt", "quux spindle?", "ZORBLATT"])
def test_a_keyword_or_tag_asked_alone_has_an_article_however_unlike_its_text_is(state, asked):
    """Its writer gave the article this name: a list without an answer would count it as a question nobody wrote on."""
    others = [article(f"p{n}/", f"Parcel {n}", f"<p>Parcels of {n} kilos are sent by road.</p>") for n in range(12)]
    named = article("setup/", "Setup", "<p>Run it.</p>", tags=["Zorblatt"], keywords=["quux spindle"])
    results = searcher_of(state, named, *others).search(asked)
    assert results.hits[0].location == "setup/"
    assert results.verdict != "none"


def test_a_question_that_only_holds_a_keyword_is_judged_as_before(state):
    others = [article(f"p{n}/", f"Parcel {n}", f"<p>Parcels of {n} kilos are sent by road.</p>") for n in range(12)]
    named = article("setup/", "Setup", "<p>Run it.</p>", keywords=["zorblatt"])
    assert searcher_of(state, named, *others).search("zorblatt xylophone marmalade").verdict == "none"


def test_keywords_in_the_head_of_another_generators_page_count():
    page = read_page('<head><meta name="keywords" content="Zorblatt, two words,"></head><h1>T</h1>', "t/", SiteInfo())
    assert page.keywords == ("Zorblatt", "two words")


# --- sections of links


LINKS = (
    '<ul><li><a href="../search/">Where the search box is</a></li><li><a href="../box/">The search box</a></li></ul>'
)


@pytest.mark.parametrize(
    "links",
    [
        f'<h2 id="more">Next</h2>{LINKS}',
        '<h2 id="more">See also</h2><p>See also: <a href="../box/">Where is the search box of your help site</a>.</p>',
        f'<h2 id="more">Where is the search box?</h2><table><tr><th>Page</th></tr><tr><td>{LINKS}</td></tr></table>',
        '<h2 id="more">Verwandt</h2><div><a href="../search/"><h3>Where</h3><p>the search box is</p></a></div>',
    ],
    ids=["next", "see also", "named as the question", "cards"],
)
def test_a_section_of_links_alone_is_never_the_best_while_another_has_text(state, links):
    own = article("guide/", "Guide", f'<p>Welcome.</p><h2 id="colours">Colours</h2><p>Blue and green.</p>{links}')
    searcher = searcher_of(state, own)
    hit = next(
        hit for hit in searcher.search("where is the search box", limit=50).hits if hit.location.startswith("guide/")
    )
    assert "#more" not in hit.location
    assert "#where" not in hit.location


def test_a_section_that_explains_its_links_has_text():
    page = article(
        "guide/", "Guide",
        '<p>Hello.</p><h2 id="a">Ways</h2><ul><li><a href="x/">Search</a>: type what you look for and press enter.</li>'
        '<li><a href="y/">Call</a>: we answer from nine to five on working days.</li></ul>',
    )  # fmt: skip
    assert [passage.only_links for passage in page.passages] == [False, False]


def test_a_page_of_links_alone_is_shown_by_them(state):
    searcher = searcher_of(state, article("all/", "All about quokkas", f'<h2 id="a">Quokka links</h2>{LINKS}'))
    assert searcher.search("quokka links").hits[0].location == "all/#a"


# --- tables


def test_the_excerpt_of_a_table_begins_with_the_row_that_answers():
    from handrail_search.lexical.snippets import marking, snippet

    services = ("Parcel", "Letter", "Crate", "Pallet", "Tube")
    rows = "".join(f"<tr><td>{name}</td><td>Norway</td><td>{n}5 NOK</td></tr>" for n, name in enumerate(services))
    heads = "<tr><th>Service</th><th>Country</th><th>Price</th></tr>"
    page = article(
        "prices/", "Prices", f"<p>What we ask for {'each of the services ' * 8}.</p><table>{heads}{rows}</table>"
    )
    shown = snippet(page.passages[0].text, marking(["45"], frozenset()))
    assert shown == "… Service: Tube. Country: Norway. Price: <mark>45</mark> NOK."


# --- boost


def test_a_boost_puts_nothing_first_that_does_not_fit(state):
    loud = Page(
        "notes/", "Release notes", (Passage("notes/", "", (), "Version 3 has new colours and a new logo."),), boost=100
    )
    searcher = searcher_of(state, loud)
    for asked in ("remove the lighthouse agent", "install updates of windows server", "what watches my servers"):
        assert searcher.search(asked).hits[0].location != "notes/", asked


def test_what_a_boost_added_is_told_and_the_lines_add_up(state):
    from handrail_search.commands.search import as_text
    from handrail_search.scoring.fusion import FULL

    text = "The Lighthouse agent watches servers. Install it on every server."
    twin = Page(
        "copy/", "The Lighthouse agent", (Passage("copy/", "", (), f"{text} It is small and quick."),), boost=1.5
    )
    searcher = searcher_of(state, twin)
    results = searcher.search("install the Lighthouse agent on every server")
    [hit] = [hit for hit in results.hits if hit.location == "copy/"]
    assert hit.why["boost"] > 0
    assert min(sum(hit.why.values()) / FULL, 1.0) == pytest.approx(hit.score, abs=0.01)
    assert "boost" in as_text(results, searcher, in_full=True)
    assert json.dumps(dict(hit.why))
