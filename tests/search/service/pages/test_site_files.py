"""The pages and files of the built site."""

from __future__ import annotations

import gzip
import json
import shutil
import zlib

import pytest

from ...acme import write_site
from ..asking import ask


def test_pages_and_files_are_served_as_what_they_are(client):
    page = client.get("/account/password/")
    assert (page.status_code, page.mimetype) == (200, "text/html")
    script = client.get("/assets/app.0123abcd.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    assert "immutable" in script.headers["Cache-Control"]
    assert page.headers["Cache-Control"] == "no-cache"
    again = client.get("/account/password/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head("/account/password/").data == b""


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("javascripts/bundle.a5f9d56c.min.js", True),
        ("stylesheets/main.01234567.min.css", True),  # by chance without a letter
        ("javascripts/bundle.a5f9d56c.min.js.map", True),
        ("index-4f3a2b1c.js", True),
        ("js/1be78505.8ae6c2f1.js", True),
        (f"main.{'0cc175b9' * 8}.css", True),
        ("img/logo.0cc175b9c0f1b6a831c399e269772661.png", True),
        ("javascripts/lunr/min/lunr.stemmer.support.min.js", False),
        ("javascripts/lunr/min/lunr.de.min.js", False),
        ("jquery-3.7.1.slim.min.js", False),
        ("app.min.js", False),
        ("report.20260101.pdf", False),
        ("price-list-2026.11.28.pdf", False),
        ("our.facade.photo.png", False),
        ("deadbeef1.js", False),
        ("app.deadbeef.js", False),
        ("notes.1a2b3c4d.html", False),
        ("handrail/handrail.js", False),
    ],
)
def test_only_a_file_whose_name_has_a_digest_is_kept_without_asking_again(make_app, own_acme, name, kept):
    file = own_acme / "site" / "assets" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("first")
    client = make_app(own_acme).test_client()
    answer = client.get(f"/assets/{name}")
    assert answer.text == "first"
    assert answer.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if kept else "no-cache")
    file.write_text("changed")
    again = client.get(f"/assets/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (200, "changed")


def test_a_folder_without_its_slash_is_redirected(client):
    response = client.get("/account/password")
    assert (response.status_code, response.headers["Location"]) == (301, "/account/password/")


@pytest.mark.parametrize("path", ["/gone/", "/gone", "/account/", "/assets/", "/index.htm", "/a/b/c/d"])
def test_a_page_that_is_not_there_shows_the_sites_own(client, path):
    response = client.get(path, follow_redirects=True)
    assert response.status_code == 404
    assert "Acme has lost this page." in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/account/..%2f..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/secret.txt%00.html",
        "/%00",
        "/\x00",
        "/%ff%fe",
        "/%ed%a0%80",
        "/" + "a" * 5000,
        "/" + "a/" * 2000,
        "/link.txt/../../secret.txt",
    ],
)
def test_nothing_outside_the_site_is_served(client, path):
    response = client.get(path)
    assert response.status_code in (301, 308, 404)
    if response.status_code == 404:
        assert "Acme has lost this page." in response.text
    else:
        assert client.get(path, follow_redirects=True).status_code == 404
    assert "the secret" not in response.text


@pytest.mark.parametrize("path", ["/handrail/site.json", "/handrail/./site.json", "/handrail//site.json"])
def test_what_the_build_notes_for_the_service_is_shown_to_nobody(client, acme, path):
    assert (acme / "site" / "handrail" / "site.json").is_file()
    assert client.get(path, follow_redirects=True).status_code == 404


def test_answers_and_pages_travel_compressed(client):
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress}
    for path in ("/api/search?q=mail+password", "/assets/app.0123abcd.js"):
        plain = client.get(path, headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        packed = client.get(path, headers={"Accept-Encoding": "gzip, deflate"})
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert len(packed.data) < len(plain.data)
        assert len(unpack[packed.headers["Content-Encoding"]](packed.data)) == len(plain.data)


def test_a_new_build_is_seen_without_a_restart(own_client, own_acme):
    assert ask(own_client, "password")["contact"]["label"] == "Talk to a human"
    site = json.loads((own_acme / "site" / "handrail" / "site.json").read_text())
    site["contact"]["label"] = "Call us"
    shutil.rmtree(own_acme / "site")
    write_site(own_acme / "site")
    (own_acme / "site" / "handrail" / "site.json").write_text(json.dumps(site))
    assert ask(own_client, "password")["contact"]["label"] == "Call us"


def test_a_part_of_a_file_is_one_of_the_file_and_never_compressed_by_itself(client):
    for path in ("/account/password/", "/assets/app.0123abcd.js"):
        whole = client.get(path).data
        part = client.get(path, headers={"Range": "bytes=5-", "Accept-Encoding": "gzip, br, zstd"})
        assert (part.status_code, part.data) == (206, whole[5:])
        assert "Content-Encoding" not in part.headers
