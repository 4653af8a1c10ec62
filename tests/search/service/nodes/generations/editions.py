"""Editions of a site, each of which says on every page which one it is."""

from __future__ import annotations

import hashlib
import re
import shutil

from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index

from ....acme import ARTICLES, _write, article, page, write_site
from ....conftest import MODEL


def asset(edition):
    """A file that is named by its contents."""
    return f"app.{hashlib.sha256(edition.encode()).hexdigest()[:16]}.min.js"


def publish(root, edition, *more):
    """Build one edition of a site, which every page of it names, and the generation that holds it; its name."""
    site = root / "work"
    shutil.rmtree(site, ignore_errors=True)
    pages = [
        article(one.location, f"{one.title} {edition}", one.body, *one.facts["questions"])
        for one in (*ARTICLES[:3], *more)
    ]
    write_site(site, pages)
    shell = page(f"Find {edition}", f"<p>Edition {edition}</p><handrail-main>without</handrail-main>")
    _write(site / "find" / "index.html", shell)
    _write(site / "assets" / asset(edition), f"'{edition}'")
    return build_index(list(read_site(site)), root / "state", MODEL, site=site).folder.name


def edition_of(client):
    """The edition of a page, of the shell around results, and of the results in it."""
    found = client.get("/find/?q=I+forgot+my+password").text
    return (
        re.search(r"Reset your password (\w+)", client.get("/account/password/").text)[1],
        re.search(r"Edition (\w+)", found)[1],
        re.search(r"Reset your password (\w+)", found)[1],
    )


def served(client):
    return client.get("/readyz").json["generation"]
