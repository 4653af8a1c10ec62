"""What MkDocs or a plugin leaves out of the site is no article, and `handrail check` says nothing of it."""

from __future__ import annotations

import json
import os

import pytest

from handrail_search.checking.inspection import read_written
from waiting import newer_than

FAULTY = "---\ntitle: Twice\nquestion: none\n---\n\n# Twice\n\n[x](gone.md)\n"


@pytest.fixture
def site(tmp_path):
    """A site of articles that each have the same faults, and what mkdocs.yml says of them."""

    def written(settings, *paths, parent=""):
        for path in ("index.md", *paths):
            file = tmp_path / "docs" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(FAULTY)
        (tmp_path / "base.yml").write_text(parent)
        (tmp_path / "mkdocs.yml").write_text(f"site_name: Help\nplugins: [handrail]\n{settings}")
        return tmp_path / "mkdocs.yml"

    return written


def at_fault(config_file):
    return {problem.file for problem in read_written(config_file).problems} - {"docs/index.md"}


def test_excluded_files_and_drafts_are_not_checked_as_published_pages(site):
    settings = "exclude_docs: |\n  drafts/\n  /old*.md\n  !/old-but-good.md\ndraft_docs: |\n  later.md\n"
    paths = ("drafts/deep/a.md", "old-one.md", "old-but-good.md", "later.md", "sub/old-one.md", ".hidden.md")
    config = site(settings, *paths, "README.md", "sub/README.md")
    (config.parent / "docs" / "drafts" / "broken.md").write_bytes(b"\xff\xfe")
    assert at_fault(config) == {"docs/old-but-good.md", "docs/sub/old-one.md", "docs/sub/README.md"}
    assert [article.path for article in read_written(config).articles] == [
        "index.md", "old-but-good.md", "sub/README.md", "sub/old-one.md"
    ]  # fmt: skip


def test_what_is_only_not_in_the_navigation_is_published_and_checked(site):
    assert at_fault(site("not_in_nav: |\n  aside.md\n", "aside.md")) == {"docs/aside.md"}


def test_patterns_count_wherever_mkdocs_reads_them(site, monkeypatch):
    inherited = "exclude_docs: drafts/\n"
    assert at_fault(site("INHERIT: base.yml\n", "drafts/a.md", parent=inherited)) == set()
    monkeypatch.setenv("LEFT_OUT", "drafts/")
    assert at_fault(site("exclude_docs: !ENV LEFT_OUT\n", "drafts/a.md")) == set()
    assert at_fault(site("exclude_docs: [a, list]\n", "drafts/a.md")) == {"docs/drafts/a.md"}


def test_a_file_that_a_plugin_left_out_of_the_last_build_is_no_article_until_it_is_written_anew(site):
    config = site("", "snippets/part.md")
    manifest = config.parent / "site" / "handrail" / "site.json"
    manifest.parent.mkdir(parents=True)
    newer_than(config.parent / "docs" / "snippets" / "part.md")
    manifest.write_text(json.dumps({"format": 1, "articles": {"": {"source": "index.md"}}}))
    assert at_fault(config) == set()
    newer_than(manifest)
    os.utime(config.parent / "docs" / "snippets" / "part.md")
    assert at_fault(config) == {"docs/snippets/part.md"}
