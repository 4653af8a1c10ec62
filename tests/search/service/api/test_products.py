"""Articles about another product than the one a customer chose are no results, whatever a list would say otherwise."""

import json
import shutil

import pytest

from handrail_kb.site.built.site_info import SiteInfo, read_site_info
from handrail_kb.site.pages.choices import Choices

from ...conftest import start, stop

TAGS = {
    "billing/refund/": ["Acme Pay", "money"],
    "mail/send/": ["acme mail"],
    "mail/filter/": ["Acme Mail", "Acme Pay"],
}
REFUND, SENDING = "can I have a refund", "sending failed"


@pytest.fixture(scope="module")
def client(acme, tmp_path_factory):
    """The service of the small site, some articles of which are about one of two products."""
    root = tmp_path_factory.mktemp("products") / "acme"
    shutil.copytree(acme, root, symlinks=True)
    for file in root.glob("**/handrail/site.json"):
        facts = json.loads(file.read_text())
        facts["products"] = ["Acme Mail", "Acme Pay"]
        facts["languages"] = [["en", "English"], ["de", "Deutsch"]]
        for location, tags in TAGS.items():
            facts["articles"][location]["tags"] = tags
        file.write_text(json.dumps(facts))
    app = start(root, search_rate="1000000 per minute")
    yield app.test_client()
    stop(app)


def found(client, question, product=""):
    answer = client.get("/api/search", query_string={"q": question, "product": product, "more": "1"}).get_json()
    return answer["verdict"], [result["url"].partition("#")[0] for result in answer["results"]]


def test_an_article_about_another_product_is_left_out_and_calls_no_list_answered(client):
    verdict, urls = found(client, REFUND)
    assert (verdict, urls[0]) == ("answered", "/billing/refund/")
    verdict, urls = found(client, REFUND, "Acme Mail")
    assert verdict != "answered"
    assert "/billing/refund/" not in urls
    assert found(client, REFUND, "acme pay")[0] == "answered"  # as a tag, whatever its case


def test_articles_about_no_product_and_about_several_stay(client):
    for product in ("Acme Mail", "Acme Pay"):
        assert found(client, "move newsletters automatically", product)[1][0] == "/mail/filter/"
        verdict, urls = found(client, "I forgot my password", product)
        assert (verdict, urls[0]) == ("answered", "/account/password/")
    assert found(client, SENDING, "Acme Mail") == found(client, SENDING)


@pytest.mark.parametrize("product", ["", " ", "Acme Fax", "money", "x" * 5000, "\u0000"])
def test_what_is_no_product_of_the_site_changes_nothing(client, product):
    assert found(client, REFUND, product) == found(client, REFUND)


def test_the_find_page_offers_the_products_keeps_the_choice_and_passes_it_on(client):
    page = client.get("/find/", query_string={"q": REFUND, "product": "Acme Mail"}).text
    assert '<option value="Acme Mail" selected>' in page
    assert 'href="/billing/refund/' not in page
    assert '<input type="hidden" name="product" value="Acme Mail">' in page
    assert "&amp;product=Acme+Mail&amp;more=" in client.get("/find/?q=settings&product=Acme+Mail").text
    odd = client.get("/find/", query_string={"q": REFUND, "product": '"><script>'}).text
    assert '"><script>' not in odd


def test_the_find_page_offers_the_languages_beside_the_products_and_passes_both_on(client):
    page = client.get("/find/", query_string={"q": "settings", "product": "Acme Mail", "only_lang": "de"}).text
    assert '<option value="de" selected>Deutsch</option>' in page
    assert '<input type="hidden" name="only_lang" value="de">' in page
    assert "&amp;product=Acme+Mail&amp;only_lang=de&amp;more=" in page


def test_a_site_without_products_offers_none(acme):
    assert not read_site_info(acme / "site").choices
    assert SiteInfo(choices=Choices(("A",))).about_other_products("A") == frozenset()
