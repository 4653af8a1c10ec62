"""Every address that the service gives out opens, whatever the name of the article's file."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.adapters.page_names import names_of
from handrail_search.index.build import build_index

from ..conftest import MODEL, Client, stop

NAMES = {
    "faq?": "Refunds for cancelled orders", "50%": "Half price coupons", "a#b": "Printing labels on thermal paper",
    "über uns": "Our office in Hamburg", unicodedata.normalize("NFD", "café"): "Coffee machine warranty",
    "a+b": "Combining two accounts", "100%25": "Percent signs in reports", "My Help/index": "Opening the toolbox",
    "👩‍👩‍👧": "Family membership plans",
}  # fmt: skip


@pytest.fixture(scope="module", params=[True, False], ids=["folders", "files"])
def root(request, tmp_path_factory, lend_encoder) -> Path:
    """A site, built by MkDocs and indexed."""
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    root = tmp_path_factory.mktemp("odd")
    for name, title in {"index": "Welcome home", "other": "Something else", **NAMES}.items():
        file = root / "docs" / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        front = "people_only: true" if name in NAMES else "description: none"
        file.write_text(f"---\n{front}\n---\n# {title}\n\n{title}: how it works.\n\n## Größe von 50%\n\nMore of it.\n")
    config = {"site_name": "Odd", "theme": {"name": "material", "font": False}, "plugins": ["search", "handrail"],
              "use_directory_urls": request.param}  # fmt: skip
    (root / "mkdocs.yml").write_text(yaml.safe_dump(config))
    build(load_config(str(root / "mkdocs.yml")))
    build_index(list(read_site(root / "site")), lend_encoder(root / "state"), MODEL)
    return root


@pytest.fixture(scope="module")
def odd(root):
    from handrail_search.service.app import create_app

    app = create_app(load_settings(site_dir=root / "site", flags={"state_dir": str(root / "state")}, environ={}))
    app.test_client_class = Client
    yield app.test_client()
    stop(app)


@pytest.mark.parametrize("name", NAMES)
def test_the_result_opens_and_its_front_matter_counts(odd, name):
    answer = odd.get("/api/search", query_string={"q": NAMES[name]}).json
    first = answer["results"][0]
    assert first["title"] == NAMES[name]
    assert answer["people_first"]
    for url in (first["url"], *(section["url"] for section in first["sections"])):
        address = url.partition("#")[0]
        assert not set(address) & set(" ?<>")
        page = odd.get(address)
        assert page.status_code == 200
        assert NAMES[name] in page.text
        assert f'value="{address}"' in page.text or "%" in address  # what a vote says of itself


def test_the_anchor_of_a_section_is_encoded(odd):
    answer = odd.get("/api/search", query_string={"q": "Größe von 50%"}).json
    urls = [section["url"] for hit in answer["results"] for section in (hit, *hit["sections"]) if "#" in section["url"]]
    assert urls
    assert all(url.isascii() and " " not in url for url in urls)


@pytest.mark.parametrize("name", NAMES)
def test_a_vote_and_a_click_are_kept_for_the_page_that_search_names(odd, name):
    found = odd.get("/api/search", query_string={"q": NAMES[name], "tab": "t" * 12}).json
    url = found["results"][0]["url"].partition("#")[0]
    vote = odd.post("/api/feedback", json={"url": url, "helpful": True})
    assert vote.status_code < 300, vote.text
    click = {
        "search_id": found["search_id"],
        "type": "click",
        "url": found["results"][0]["url"],
        "position": 1,
    }
    assert odd.post("/api/events", json=click).status_code < 300
    app = odd.application
    app.extensions["handrail"].searches.flush()
    store, index = app.extensions["handrail"].store, app.extensions["handrail"].live.searcher().index
    kept = {row["location"] for row in store.read("SELECT location FROM votes")}
    clicked = {row["clicked_location"].partition("#")[0] for row in store.read(
        "SELECT clicked_location FROM intents WHERE clicked_location IS NOT NULL")}  # fmt: skip
    assert kept and kept <= {page.location for page in index.pages}
    assert clicked and clicked <= kept


@pytest.mark.parametrize("name", NAMES)
def test_an_article_is_named_by_address_file_or_either_kind_of_accents(root, name):
    settings = load_settings(root / "mkdocs.yml", flags={"state_dir": str(root / "state")}, environ={})
    pages = {page.source: page.location for page in read_site(root / "site")}
    places, source = names_of(pages.values(), settings), f"{name}.md"
    for spelled in (source, f"docs/{source}", unicodedata.normalize("NFC", source), quote(f"docs/{source}")):
        assert places.find(spelled) == pages[source]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_page_opens_however_the_browser_writes_accents(odd, root, form):
    ending = "/" if (root / "site" / "other").is_dir() else ".html"
    for name in ("café", "über uns"):
        assert odd.get(f"/{quote(unicodedata.normalize(form, name))}{ending}").status_code == 200


def test_a_folder_without_its_slash_leads_on_to_an_encoded_address(odd):
    answer = odd.get(f"/{quote('My Help')}")
    assert answer.status_code == 301
    assert answer.headers["Location"].endswith("/My%20Help/")
    assert odd.get("/a%0d%0aSet-Cookie:x/").status_code == 404
