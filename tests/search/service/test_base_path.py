"""A site below a path with letters that addresses write encoded: every address of the service opens there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urljoin

import pytest
import yaml
from mkdocs.config import load_config

from handrail_kb.addresses import base_of
from handrail_kb.site import mkdocs

from ..acme import write_site

LATIN = "<!doctype html><html><head><meta charset=iso-8859-1><title>Köln</title></head><body>Grüße</body></html>"


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("", "/"), ("/", "/"), ("help", "/help/"), ("/my%20help/", "/my%20help/"), ("/my help", "/my%20help/"),
        ("/hilfe/für-alle/", "/hilfe/f%C3%BCr-alle/"), ("/a%2fb%25/", "/a/b%25/"), ("//a//", "/a/"), ("~ana", "/~ana/"),
        ("%7Eana", "/~ana/"),
    ],
)  # fmt: skip
def test_one_path_has_one_spelling(written, base):
    assert base_of(written) == base


@pytest.fixture(params=["https://x.org/my%20help/", "https://x.org/my help", "https://x.org/f%C3%BCr/50%25/"])
def served(request, tmp_path: Path, make_app):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    from mkdocs.commands.build import build

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\nHello.\n")
    (tmp_path / "docs" / "a b.md").write_text("# Parcels\n\nThey take six days.\n")
    document = {"site_name": "S", "site_url": request.param, "theme": {"name": "material", "font": False},
                "plugins": ["search", "handrail"]}  # fmt: skip
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(document))
    config = load_config(str(tmp_path / "mkdocs.yml"))
    build(config)
    return mkdocs.base_path(config), make_app(tmp_path).test_client()


def test_a_site_below_an_encoded_path_is_served_with_all_that_belongs_to_it(served):
    base, client = served
    assert " " not in base
    paths = ["", "a%20b/", "find/", "contact/", "contact/code/", "healthz", "desk/", "desk/login",
             "api/openapi.json"]  # fmt: skip
    answers = {path: client.get(f"{base}{path}").status_code for path in paths}
    assert answers == dict.fromkeys(paths, 200) | {"desk/": 401}
    assert client.get("/healthz").status_code == 200, "who starts a container need not know the path of its site"
    for path in ("find/?q=parcels", "api/search?q=parcels"):  # nothing is indexed
        assert client.get(f"{base}{path}").status_code == 503
    assert client.post(f"{base}api/feedback", json={"url": f"{base}a%20b/", "helpful": True}).status_code < 300
    sent = client.post(f"{base}api/contact", data={"message": "Hello there", "page_url": f"{base}a%20b/"})
    assert sent.status_code == 200
    refused = client.post(f"{base}api/contact", json={"message": ""})
    assert refused.status_code == 422
    assert refused.is_json


def test_redirects_and_links_below_an_encoded_path_lead_to_pages(served):
    base, client = served
    for asked in ("/", base[:-1], f"{base}desk", f"{base}a%20b", f"{base}contact/code"):
        answer = client.get(asked, headers={"Host": "evil.example"})
        assert answer.status_code in (301, 302, 308), asked
        assert answer.headers["Location"].startswith(base), asked
        assert " " not in answer.headers["Location"]
    for page in (f"{base}find/?q=zzz", f"{base}contact/", f"{base}a%20b/"):
        html = client.get(page).text
        links = re.findall(r'(?:href|action|src)="([^"#]+)"', html)
        inner = {urljoin(page, link) for link in links if ":" not in link and not link.startswith("//")}
        assert f"{base}contact/" in inner
        for address in inner:
            if "/api/" not in address and "sitemap" not in address:
                assert client.get(address).status_code < 400, (page, address)


def test_a_folder_without_its_slash_keeps_what_was_asked_of_it(own_acme, make_app):
    client = make_app(own_acme).test_client()
    asked = client.get("/account/password?h=mail%20us&next=//evil.example%0d%0a")
    assert asked.headers["Location"] == "/account/password/?h=mail%20us&next=//evil.example%0d%0a"


def test_the_session_of_the_desk_is_kept_below_an_encoded_path(served):
    base, client = served
    answer = client.get(f"{base}desk/login")
    assert 'name="csrf_token"' in answer.text
    cookies = answer.headers.getlist("Set-Cookie")
    assert any(f"Path={base}desk/" in cookie for cookie in cookies), cookies


def test_pages_are_sent_in_the_letters_that_they_name(own_acme, make_app):
    shutil.copyfile(own_acme / "site" / "index.html", own_acme / "site" / "utf.html")
    (own_acme / "site" / "latin.html").write_bytes(LATIN.encode("latin-1"))
    (own_acme / "site" / "old").mkdir()
    (own_acme / "site" / "old" / "index.html").write_bytes(LATIN.replace("iso-8859-1", "latin1").encode("latin-1"))
    client = make_app(own_acme).test_client()
    for path in ("/latin.html", "/old/"):
        answer = client.get(path)
        assert answer.headers["Content-Type"] == "text/html; charset=windows-1252"
        assert "Grüße" in answer.data.decode(answer.content_type.partition("charset=")[2])
    assert client.get("/utf.html").headers["Content-Type"] == "text/html; charset=utf-8"


def test_everything_lives_under_the_path_of_the_site(make_app, acme, tmp_path):
    shutil.copytree(acme / "state", tmp_path / "sub" / "state", symlinks=True)
    write_site(tmp_path / "sub" / "site", base_path="/help/")
    client = make_app(tmp_path / "sub").test_client()
    answer = client.get("/help/api/search?q=forgot+password").json
    assert answer["results"][0]["url"].startswith("/help/account/password/")
    assert answer["contact"]["url"].startswith("/help/contact/")
    assert client.get(answer["results"][0]["url"].partition("#")[0]).status_code == 200
    assert 'action="/help/find/"' in client.get("/help/find/?q=password").text
    assert client.get("/").headers["Location"] == "/help/"
    assert client.get("/help").headers["Location"] == "/help/"
    assert client.get("/help/account/password").headers["Location"] == "/help/account/password/"
    for path in ("healthz", "readyz", "metrics", "contact/"):
        assert client.get(f"/help/{path}").status_code == 200
    for path in ("/api/search?q=a", "/account/password/", "/readyz", "/helpless/"):
        assert client.get(path).status_code == 404
