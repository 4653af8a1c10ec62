"""`handrail replay` on a real site in a real repository: an article goes, another comes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_feedback.records.searches import Search
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_kb.cli.group import main
from handrail_kb.cli.new import make_site

ICELAND = """---
title: Shipping to Iceland
questions:
  - do you ship to Iceland
---

# Shipping to Iceland

We ship to Iceland every Tuesday. A parcel takes six days.
"""


def git(folder, *arguments):
    subprocess.run(
        ["git", "-c", "user.name=Ana", "-c", "user.email=ana@acme.test", *arguments],
        cwd=folder, check=True, capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def changed(tmp_path_factory, lend_encoder):
    """A new site, committed; then its password article gave way to one on Iceland, and it was built. Not to change."""
    root = tmp_path_factory.mktemp("replay") / "help"
    make_site(root)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Begin")
    lend_encoder(root / ".handrail")
    (root / "docs" / "reset-password.md").unlink()
    (root / "docs" / "iceland.md").write_text(ICELAND)
    built = CliRunner().invoke(main, ["build", "--config", str(root / "mkdocs.yml")])
    assert built.exit_code == 0, built.output
    return root


@pytest.fixture
def run(changed, tmp_path, store_place, monkeypatch):
    """Runs a command in a copy of the site, in whose store some customers searched."""
    root = tmp_path / "help"
    shutil.copytree(changed, root, symlinks=True)
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    log = SearchLog(store, retention_days=365)
    for number in range(4):
        for place, query in enumerate(("I forgot my password", "do you ship to Iceland", "zxcv qwer")):
            log.record(
                Search(
                    search_id=f"search-{number}{place}aaaa", tab=f"tab-{number}{place}aaaa", query=query, lang="en",
                    verdict="answered" if place == 0 else "none", mode="hybrid", degraded=False, fallback_reason=None,
                    results=("reset-password/",), scores=(0.8,), at=now() - timedelta(hours=1),
                )
            )  # fmt: skip
    assert log.flush()
    with store.transaction() as db:
        db.execute(
            "UPDATE intents SET clicked_at = last_at, clicked_location = 'reset-password/' WHERE query LIKE 'I %'"
        )
    log.close()
    store.close()
    monkeypatch.chdir(root)
    return lambda *arguments: CliRunner().invoke(main, ["replay", *map(str, arguments)])


def good(result):
    assert result.exit_code == 0, result.output
    return result.stdout


def names(found, kind):
    return [one["question"] for one in found[kind]]


def test_a_change_is_shown_what_it_does_to_past_questions_of_a_revision(run):
    before = sorted(Path().iterdir())
    found = json.loads(good(run("--base", "HEAD", "--json")))
    assert names(found, "fixes") == ["do you ship to Iceland"]
    assert names(found, "breaks") == ["I forgot my password"]
    assert found["counts"]["unchanged_bad"] == 1
    assert found["breaks"][0]["wanted"] == "reset-password/"
    assert found["breaks"][0]["before"]["pages"][0] == "reset-password/"
    assert sorted(Path().iterdir()) == before


def test_without_a_base_it_is_compared_with_how_customers_were_answered(run):
    told = good(run())
    assert told.startswith("fixes 1, breaks 1, unchanged 1\n")
    assert "compared with how they were answered then" in told
    assert "4 people: I forgot my password" in told


def test_with_an_index_as_base_nothing_moves_when_it_is_the_same(run):
    assert good(run("--base", ".handrail/index", "--markdown")).startswith("**Past searches: fixes 0, breaks 0")


def test_a_pipeline_can_be_stopped_by_what_breaks_and_asks_without_the_store(run, monkeypatch):
    assert "3 questions of 3 people or more" in good(run("--export", "asked.jsonl"))
    monkeypatch.setenv("HANDRAIL_STORE", "not-there.db")
    result = run("--questions", "asked.jsonl", "--strict")
    assert result.exit_code == 1
    assert "breaks 1" in result.stdout
    missing = run()
    assert missing.exit_code == 1
    assert "--questions FILE" in missing.output


def test_the_article_that_a_decision_names_proves_a_topic_answered(run):
    topics = json.loads(good(CliRunner().invoke(main, ["topics", "--all", "--json"])))["topics"]
    [topic] = [topic["topic"] for topic in topics if topic["name"] == "do you ship to Iceland"]
    link = ["--link", "docs/iceland.md"]
    good(CliRunner().invoke(main, ["topics", "decide", str(topic), "writing", *link]))
    [fixed] = json.loads(good(run("--json")))["fixes"]
    assert (fixed["question"], fixed["wanted"]) == ("do you ship to Iceland", "iceland/")
    good(CliRunner().invoke(main, ["topics", "decide", str(topic), "writing", "--link", "https://git.test/issues/7"]))
    [fixed] = json.loads(good(run("--json")))["fixes"]
    assert fixed["wanted"] is None, "an issue is no article"


@pytest.mark.parametrize("base", ["no-such-branch", "--upload-pack=x", "docs"])
def test_a_base_that_is_none_is_one_clear_message(run, base):
    result = run(f"--base={base}")
    assert result.exit_code == 1
    assert "is neither a revision of this repository nor the folder of an index" in result.output
    assert "Traceback" not in result.output
