"""Names with a capital inside look like codes, but are words as well: CureKart, PayPal, userChrome."""

from __future__ import annotations

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL

COMPANY = [
    "Two friends founded the company in a garage, and it has grown to ninety people since.",
    "Journalists find pictures of the founders and the logo in several sizes here.",
    "We look for people who pack parcels, and for drivers. Send us your papers.",
    "Our offices are open from Monday to Friday, and there is a stop of the tram in front.",
    "Makers who want to sell through us sign a contract for two years.",
    "Those who hold shares are invited once a year to vote on the report.",
]
TOPICS = {
    "refund": "You get your money back within five days after we received the parcel.",
    "vitamins": "Biotin is a vitamin for hair and nails.",
    "invoice": "The invoice is in your account below orders.",
    "series": "The tenth season has a new companion of the doctor, played by another actress.",
    "files": "The PayWell file lies in the profile folder.",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory, lend_encoder):
    """Six articles about the company name it, five others do not; one of those names what it is paid by."""
    state = tmp_path_factory.mktemp("shop")
    lend_encoder(state)
    texts = {f"company-{number}": f"{text} That is AcmeCart." for number, text in enumerate(COMPANY)} | TOPICS
    texts["ranking"] = "In the 10th week of the season the table of the league is drawn."
    pages = [Page(f"{name}/", name.title(), (Passage(f"{name}/", "", (), text),)) for name, text in texts.items()]
    return Searcher.open(build_index(pages, state, MODEL).folder)


@pytest.mark.parametrize(
    ("question", "location"),
    [
        ("which AcmeCart vitamin is good for my hair", "vitamins/"),
        ("AcmeCart money back for a parcel", "refund/"),
        ("AcmeCart invoice", "invoice/"),
    ],
)
def test_a_name_that_half_the_articles_hold_does_not_decide_a_sentence(shop, question, location):
    assert shop.search(question).hits[0].location == location


def test_the_same_question_finds_the_same_however_a_common_name_is_written(shop):
    written, typed = (shop.search(question).hits for question in ("AcmeCart biotin pills", "acmecart biotin pills"))
    assert [hit.location for hit in written] == [hit.location for hit in typed]


def test_a_name_that_few_articles_hold_decides(shop):
    assert shop.search("where does my browser keep the PayWell thing").hits[0].location == "files/"


def test_a_name_typed_alone_lists_the_articles_that_hold_it(shop):
    results = shop.search("AcmeCart")
    assert {hit.location for hit in results.hits[:6]} == {f"company-{number}/" for number in range(6)}
    assert results.verdict == "answered"


def test_an_ordinal_in_a_sentence_is_no_code(shop):
    hits = shop.search("who is the new companion of the 10th season").hits
    assert hits[0].location == "series/"
    assert not any("exact" in hit.why for hit in hits)
