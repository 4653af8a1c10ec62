"""What lies among the articles: other encodings, links that lead away, the state folder, fields of other programs."""

from __future__ import annotations

import logging
import os
import subprocess

import pytest

from handrail_kb.config.state_folder import links_leading_out, made
from handrail_kb.language.html_files import charset_of

LATIN = "Überweisung für Köln".encode("latin-1")


# --- encodings


def test_an_article_that_is_not_utf_8_is_named_and_the_others_are_built(build):
    site = build({"old.md": b"# " + LATIN, "wide.md": "# Wide\n".encode("utf-16"), "new.md": "# New\n\nText.\n"})
    assert (site.dir / "new" / "index.html").is_file()
    assert not (site.dir / "old").exists()
    for name in ("docs/old.md:1", "docs/wide.md:1"):
        assert [one for one in site.warnings if one.startswith(name) and "not text in UTF-8" in one]


def test_a_link_to_nothing_and_a_pipe_are_named_and_the_others_are_built(build):
    site = build({"new.md": "# New\n\nText.\n"})
    docs = site.dir.parent / "docs"
    (docs / "gone.md").symlink_to("nowhere.md")
    (docs / "circle.md").symlink_to("circle.md")
    os.mkfifo(docs / "pipe.md")
    site = build({"new.md": "# New\n\nText.\n"})
    assert (site.dir / "new" / "index.html").is_file()
    for name in ("docs/gone.md:1", "docs/circle.md:1", "docs/pipe.md:1"):
        assert [one for one in site.warnings if one.startswith(name)], name


PAGE = b"<!doctype html><html><head>%b<title>x</title></head><body><main><h1>Seite</h1><p>%b</p></main></body></html>"


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b'<meta charset="iso-8859-1">', "latin-1"),
        (b"<META CHARSET=latin1>", "latin-1"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        (b'<meta charset="utf-8">', "utf-8"),
        (b"", "utf-8"),
        (b'<meta charset="no-such-thing">', "utf-8"),
        (b"<meta charset=iso-8859-15>", "iso-8859-15"),
    ],
)
def test_a_page_of_html_is_read_in_the_letters_that_it_names(build, head, encoding, caplog):
    pytest.importorskip("selectolax", reason="search is not installed")
    from handrail_kb.site.built.passages import read_site
    from handrail_kb.site.search_rules import read_rules

    site = build({"raw.html": PAGE % (head, "Überweisung für Köln".encode(encoding))})
    texts = {
        page.location: page.passages[0].text
        for page in read_site(site.dir, read_rules({"include_in_search": "*.html"}))
        if page.passages
    }
    assert texts["raw.html"] == "Überweisung für Köln"


def test_a_page_in_other_letters_than_it_says_is_named_and_the_others_are_read(build, caplog):
    pytest.importorskip("selectolax", reason="search is not installed")
    from handrail_kb.site.built.passages import read_site
    from handrail_kb.site.search_rules import read_rules

    site = build({"raw.html": PAGE % (b"", LATIN), "lie.html": PAGE % (b"<meta charset=utf-8>", LATIN)})
    with caplog.at_level(logging.WARNING):
        locations = {page.location for page in read_site(site.dir, read_rules({"include_in_search": "*.html"}))}
    assert "" in locations
    assert not {"raw.html", "lie.html"} & locations
    for name in ("raw.html", "lie.html"):
        assert [one for one in caplog.messages if name in one and "UTF-8" in one]


@pytest.mark.parametrize("head", [b"<meta charset=" * 90, b'<meta charset="base64">', b"<meta charset=rot13>", b"\xff"])
def test_no_beginning_of_a_file_is_a_fault(head):
    assert "ü".encode(charset_of(head))


# --- links


@pytest.fixture
def docs(tmp_path):
    for folder in ("docs/in", ".handrail", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / ".handrail" / "secret.key").write_text("key")
    (tmp_path / "elsewhere" / "a.txt").write_text("a")
    (tmp_path / "docs" / "in" / "b.md").write_text("# B\n")
    return tmp_path / "docs"


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("host.txt", "/etc/hostname"),
        ("host.md", "/etc/hostname"),
        ("x", "../.handrail"),
        ("key.png", "../.handrail/secret.key"),
        ("in/up", "../.."),
        ("folder", "../elsewhere"),
        ("noending", "../elsewhere/a.txt"),
        ("gone", "../elsewhere/gone.txt"),
    ],
)
def test_a_link_that_leads_away_is_named_whatever_its_ending(docs, link, target):
    (docs / link).symlink_to(target)
    assert [place for place, _ in links_leading_out(docs, docs.parent / ".handrail")] == [docs / link]
    (docs / "chain").symlink_to(link)
    (docs / "in" / "chain").symlink_to("../chain")
    assert len(list(links_leading_out(docs, docs.parent / ".handrail"))) == 3


def test_a_link_inside_the_articles_is_fine(docs):
    (docs / "c.md").symlink_to("in/b.md")
    (docs / "other").symlink_to("in")
    (docs / "d.md").symlink_to(docs / "c.md")
    (docs / "loop.md").symlink_to("loop.md")
    assert not list(links_leading_out(docs, docs.parent / ".handrail"))
    (docs.parent / "seen").symlink_to("docs")
    assert not list(links_leading_out(docs.parent / "seen", docs.parent / ".handrail"))


@pytest.mark.parametrize(
    ("link", "target", "said"),
    [
        ("picture.png", "nowhere.png", "which is not there"),
        ("picture.png", "picture.png", "leads to itself"),
        ("again", ".", "never end"),
        ("in/up", "..", "never end"),
        ("again", "../docs", "never end"),
    ],
)
def test_a_link_that_ends_nowhere_or_never_stops_the_build_with_its_name(tmp_path, link, target, said):
    (tmp_path / "docs" / "in").mkdir(parents=True)
    (tmp_path / "docs" / link).symlink_to(target)
    [(place, what)] = links_leading_out(tmp_path / "docs", tmp_path / ".handrail")
    assert place == tmp_path / "docs" / link
    assert said in what


def test_an_editors_lock_is_left_alone(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / ".#a.md").symlink_to("anna@host.1234:1700000000")
    assert not list(links_leading_out(tmp_path / "docs", tmp_path / ".handrail"))


def test_a_link_to_markdown_of_the_same_repository_is_fine_and_to_nothing_else_in_it(docs):
    for name in ("CHANGELOG.md", ".env", "secret.txt", ".notes.md"):
        (docs.parent / name).write_text("words")
        (docs / f"to{name}").symlink_to(f"../{name}")
    assert len(list(links_leading_out(docs, docs.parent / ".handrail"))) == 4
    (docs.parent / ".git").mkdir()
    out = {place.name for place, _ in links_leading_out(docs, docs.parent / ".handrail")}
    assert out == {"to.env", "tosecret.txt", "to.notes.md"}


def test_a_state_folder_among_the_articles_is_named(docs):
    (docs / "state").mkdir()
    assert list(links_leading_out(docs, docs / "state"))
    assert not list(links_leading_out(docs.parent, docs.parent / ".handrail"))


@pytest.mark.parametrize("target", ["../.handrail", "/etc/hostname", "../secret.txt"])
def test_a_build_stops_before_anything_secret_is_copied(build, tmp_path, target, caplog):
    from mkdocs.exceptions import Abort

    root = tmp_path / "project"
    (root / "docs").mkdir(parents=True)
    (root / ".handrail").mkdir()
    for name in (".handrail/secret.key", "secret.txt"):
        (root / name).write_text("the secret")
    (root / "docs" / "x").symlink_to(target)
    with pytest.raises(Abort):
        build()
    assert "docs/x:1: this is a link" in caplog.text
    assert not [file for file in (root / "site").rglob("*") if file.is_file() and "secret" in file.read_text("latin-1")]


# --- the state folder


def test_a_new_state_folder_keeps_itself_out_of_git(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (made(tmp_path / ".handrail") / "secret.key").write_text("key")
    (made(tmp_path / "deep" / "state") / "store.db").write_text("words")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    told = subprocess.run(["git", "-C", tmp_path, "ls-files"], check=True, capture_output=True, text=True).stdout
    assert told.split() == ["mkdocs.yml"]


def test_a_folder_of_somebody_else_is_left_as_it_is(tmp_path):
    made(tmp_path)
    assert not list(tmp_path.iterdir())
    (tmp_path / ".handrail").mkdir()
    assert [file.name for file in made(tmp_path / ".handrail").iterdir()] == [".gitignore"]
    (tmp_path / ".handrail" / ".gitignore").write_text("own\n")
    made(tmp_path / ".handrail")
    assert (tmp_path / ".handrail" / ".gitignore").read_text() == "own\n"


def test_rules_for_git_that_a_full_disk_left_empty_are_written_again(tmp_path):
    (tmp_path / ".handrail").mkdir()
    (tmp_path / ".handrail" / ".gitignore").touch()
    made(tmp_path / ".handrail")
    assert "*" in (tmp_path / ".handrail" / ".gitignore").read_text().split()


# --- fields of other programs


def test_a_field_in_many_articles_is_told_once_with_a_count_and_an_example(build):
    articles = {f"a{n}.md": f"---\nms.author: me\nqestions: [a]\nms.date: 1\n---\n# A{n}\n" for n in range(30)}
    site = build(articles)
    [near] = [one for one in [*site.warnings, *site.infos] if "'qestions'" in one]
    assert near.startswith("docs/a0.md:3: ")
    assert "30 articles have it" in near
    assert not [one for one in site.warnings if "ms." in one]
    assert len([one for one in site.infos if "'ms.author'" in one]) == 1
