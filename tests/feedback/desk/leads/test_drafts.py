"""From a topic to its article: the draft as a file, and the link that begins it in the site's forge."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.desk.forges import LONGEST_ADDRESS, new_file
from handrail_feedback.storage.accounts import events
from handrail_kb.articles.article import parse_article
from handrail_kb.site.built.site_info import SiteInfo

from ..desks import service

INVOICES = ("export the invoices", "download all invoices", "save our invoices")
ARTICLES = {
    "billing/vat/": {"source": "billing/vat.md", "title": "VAT", "questions": ["save our invoices"]},
    "taken/": {"source": "export-the-invoices.md", "title": "Another one"},
}


@pytest.fixture
def site():
    """What the build told of the site, to be changed by tests."""
    return {"base_path": "/help/", "articles": ARTICLES, "lang": "de"}


@pytest.fixture
def app(tmp_path, store_place, monkeypatch, site):
    monkeypatch.setattr("handrail_search.service.site_files.BuiltSite.info", lambda _site: SiteInfo(**site))
    with service(tmp_path, store=str(store_place)) as app:
        yield app


def forge_of(desk):
    found = re.search(r'<a class="desk-button" href="([^"]+)" rel="noopener noreferrer">', desk.page)
    return unescape(found[1]) if found else ""


def test_the_draft_of_a_topic_is_a_file_to_download(fail, desk, store):
    fail(*[INVOICES[0]] * 3, *INVOICES[1:], "invoices of ana@acme.test invoices", lang="de")
    desk.get("topics/1/")
    [link] = re.findall(r'href="([^"]+)" download>Download the draft', desk.page)
    answer = desk.client.get(unescape(link))
    text = answer.get_data(as_text=True)
    # There is an article of that name.
    assert 'filename="export-the-invoices-2.md"' in answer.headers["Content-Disposition"]
    article = parse_article("new.md", text)
    assert article.title == "Export the invoices" and article.problems == ()
    assert sorted(article.questions) == sorted(INVOICES[:2])  # the third stands in an article already
    assert "ana@acme.test" not in text and "invoices of [" in text
    assert "#   export the invoices (3 people)\n" in text and "#   download all invoices\n" in text
    assert "## Schritt für Schritt" in text
    [noted] = events.latest(store, limit=1)
    assert (noted.what, noted.detail) == ("file_downloaded", "topic 1")
    assert desk.client.get("/help/desk/topics/77.md").status_code == 404


def test_the_draft_is_begun_in_the_forge_that_the_site_names(fail, desk, site):
    fail(*[INVOICES[0]] * 3)
    desk.get("topics/1/")
    assert not forge_of(desk)
    site["edit_base"] = "https://github.com/acme/help/edit/main/docs/"
    desk.get("topics/1/")
    address = urlsplit(forge_of(desk))
    asked = parse_qs(address.query)
    assert (address.netloc, address.path) == ("github.com", "/acme/help/new/main")
    assert asked["filename"] == ["docs/export-the-invoices-2.md"]
    assert asked["value"] == [desk.client.get("/help/desk/topics/1.md").get_data(as_text=True)]


def test_a_draft_that_is_too_long_for_a_link_is_to_be_downloaded_and_the_page_says_so(fail, desk, site):
    fail(*[f"{number} {'ü' * 120} invoices" for number in range(20)], *[INVOICES[0]] * 3)
    site["edit_base"] = "https://github.com/acme/help/edit/main/docs/"
    desk.get("topics/1/", headers={"Accept-Language": "de"})
    assert parse_qs(urlsplit(forge_of(desk)).query) == {"filename": ["docs/export-the-invoices-2.md"]}
    assert "zu lang für einen Link" in desk.page and "Entwurf herunterladen" in desk.page


@pytest.mark.parametrize(
    "edit_base, begins",
    [
        (
            "https://github.com/acme/help/edit/main/docs/",
            "https://github.com/acme/help/new/main?filename=docs%2Fa.md&value=",
        ),
        ("https://github.com/acme/help/blob/main/", "https://github.com/acme/help/new/main?filename=a.md&value="),
        (
            "https://git.acme.test/o/edit/tree/v2/a/b/",
            "https://git.acme.test/o/edit/new/v2?filename=a%2Fb%2Fa.md&value=",
        ),
        (
            "https://gitlab.com/g/s/help/-/edit/main/docs/",
            "https://gitlab.com/g/s/help/-/new/main/docs?file_name=a.md&content=",
        ),
        (
            "https://code.acme.test/g/help/-/blob/main/docs/",
            "https://code.acme.test/g/help/-/new/main/docs?file_name=a.md&content=",
        ),
        (
            "https://gitlab.com/g/help/edit/master/docs/",
            "https://gitlab.com/g/help/-/new/master/docs?file_name=a.md&content=",
        ),
        (
            "https://codeberg.org/o/help/_edit/main/docs/",
            "https://codeberg.org/o/help/_new/main/docs?filename=a.md&value=",
        ),
        (
            "https://acme.test/git/o/help/src/branch/main/docs/",
            "https://acme.test/git/o/help/_new/main/docs?filename=a.md&value=",
        ),
    ],
)
def test_a_new_file_is_begun_as_each_forge_wants_it(edit_base, begins):
    found = new_file(edit_base, "a.md", "# A & B\n")
    assert found.filled and found.address == f"{begins}%23%20A%20%26%20B%0A"


@pytest.mark.parametrize(
    "edit_base",
    [
        "",
        "javascript:alert(1)//github.com/a/b/edit/main/docs/",
        "https://bitbucket.org/o/help/src/default/docs/",
        "https://bitbucket.org/o/help/edit/main/",
        "https://github.com/acme/help/",
        "https://github.com/acme/help/edit/",
        "https://wiki.acme.test/?edit=",
        "/acme/help/edit/main/docs/",
    ],
)
def test_where_no_known_forge_is_named_there_is_no_link(edit_base):
    assert new_file(edit_base, "a.md", "A") is None


def test_no_address_is_longer_than_servers_take():
    for length in range(LONGEST_ADDRESS - 200, LONGEST_ADDRESS + 200, 7):
        found = new_file("https://github.com/acme/help/edit/main/docs/", "a.md", "a" * length)
        assert len(found.address) <= LONGEST_ADDRESS and found.filled == ("value" in found.address)


def test_a_topic_is_described_once_until_topics_are_read_again(fail, desk, site, monkeypatch):
    from handrail_feedback.topics.facts import Describer

    site["edit_base"] = "https://github.com/acme/help/edit/main/docs/"
    fail(*[INVOICES[0]] * 3)
    desk.get("topics/1/")
    described = []
    monkeypatch.setattr(Describer, "one", lambda *asked: described.append(asked))
    desk.get("topics/1/")
    assert forge_of(desk) and described == []
