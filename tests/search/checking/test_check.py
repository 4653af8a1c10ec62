"""`handrail check` on a real site in a real repository: what is wrong, where, and who took whose place."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.problems import FAULTS, HINTS
from handrail_search.checking.inspection import Inspector
from handrail_search.index.site_build import build_site_and_index

SITE = "site_name: Acme\ntheme: {name: material, font: false}\nplugins:\n  - search\n  - handrail\n"
ARTICLES = {
    "index.md": "# Acme help\n\nAsk us anything.\n",
    "shipping.md": "---\ntitle: Shipping abroad\nquestions:\n  - where do you ship to\n  - how long does a parcel take"
    "\n---\n\n# Shipping abroad\n\nWe ship to Iceland and Norway every Tuesday. A parcel takes six days.\n",
    "password.md": "---\ntitle: Reset your password\nquestions:\n  - I forgot my password\n  - the blue elephant\n---\n"
    "\n# Reset your password\n\nChoose Forgot password on the sign-in page, and follow the link in the mail.\n",
    "invoices.md": "---\ntitle: Find your invoices\n---\n\n# Find your invoices\n\nBilling has a PDF for each month.\n",
}
# It says word for word what another article's question is, and is about that alone.
PUSHER = """---
title: Where do you ship to
---

# Where do you ship to

Where do you ship to? Here is where we ship to. We ship to these countries: where do you ship to, you ask.
"""


def write(root: Path, articles: dict[str, str]) -> None:
    for name, text in articles.items():
        (root / "docs" / name).write_text(text)


def build(root: Path) -> None:
    build_site_and_index(load_settings(root / "mkdocs.yml", environ={}))


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=Ana", "-c", "user.email=ana@acme.test", *arguments], cwd=folder, check=True,
        capture_output=True, env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder) -> Path:
    """The site, committed and built. Not to be changed."""
    root = tmp_path_factory.mktemp("check") / "help"
    (root / "docs").mkdir(parents=True)
    (root / "mkdocs.yml").write_text(SITE)
    (root / ".gitignore").write_text(".handrail\nsite\n")
    write(root, ARTICLES)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Begin")
    lend_encoder(root / ".handrail")
    build(root)
    return root


@pytest.fixture
def site(built, tmp_path) -> Path:
    shutil.copytree(built, tmp_path / "help", symlinks=True)
    return tmp_path / "help"


def check(root: Path, *arguments: str) -> tuple[int, dict]:
    result = CliRunner().invoke(main, ["check", "--config", str(root / "mkdocs.yml"), "--json", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.stdout)


def named(report: dict) -> list[tuple[str, int, str]]:
    return [(one["file"], one["line"], one["code"]) for one in report["problems"]]


def test_a_question_that_nothing_in_its_article_answers_is_a_hint_and_fails_nothing(site):
    """Asked as it stands, it is found; with itself left out, nothing of the article speaks for it."""
    write(
        site,
        {f"more{number}.md": f"# Animal {number}\n\nAn animal of some colour.\n" for number in range(11)},
    )
    build(site)
    code, report = check(site)
    assert (code, report["faults"]) == (0, 0)
    [what] = [one["what"] for one in report["problems"] if one["code"] == "only-by-itself"]
    assert ("docs/password.md", 5, "only-by-itself") in named(report)
    assert "'the blue elephant' finds this article only because it stands here" in what and "gets docs/more" in what


def test_an_article_that_takes_anothers_place_is_named_in_the_line_of_the_question(site):
    assert check(site, "--rank", "1")[0] == 0
    write(site, {"pusher.md": PUSHER})
    build(site)
    _, report = check(site, "--rank", "1")
    lost = [one for one in report["problems"] if one["code"] in ("pushed-out", "losing-ground")]
    assert [(one["file"], one["line"]) for one in lost] == [("docs/shipping.md", 4)]
    assert "by docs/pusher.md" in lost[0]["what"]
    # It stays said until it is mended, however often it is built and checked.
    build(site)
    assert check(site, "--rank", "1")[1]["problems"] == report["problems"]


def test_a_question_that_does_not_find_its_article_any_more_fails_the_check(site):
    """The same question in an article that search prefers: customers who ask it word for word do not get theirs."""
    assert check(site, "--rank", "1")[0] == 0
    stolen = PUSHER.replace("---\n", "---\nquestions: [where do you ship to]\nsearch: {boost: 3}\n", 1)
    write(site, {"pusher.md": stolen})
    build(site)
    code, report = check(site, "--rank", "1")
    assert code == 1
    assert ("docs/shipping.md", 4, "pushed-out") in named(report)
    what = next(one["what"] for one in report["problems"] if one["code"] == "pushed-out")
    assert "'where do you ship to' was pushed out of its first place by docs/pusher.md" in what
    # A machine that has never checked before, as in CI, knows it from the revision before.
    (site / ".handrail" / "check.json").unlink()
    assert ("docs/shipping.md", 4, "not-found") in named(check(site, "--rank", "1")[1])
    assert ("docs/shipping.md", 4, "pushed-out") in named(check(site, "--rank", "1", "--base", "HEAD")[1])


def test_the_rank_is_a_setting_and_a_flag_wins_over_it(site):
    write(
        site, {"pusher.md": PUSHER.replace("---\n", "---\nquestions: [where do you ship to]\nsearch: {boost: 3}\n", 1)}
    )
    build(site)
    assert "not-found" not in str(check(site))
    (site / "mkdocs.yml").write_text(SITE.replace("- handrail", "- handrail: {check_rank: 1}"))
    assert "not-found" in str(check(site))
    assert "not-found" not in str(check(site, "--rank", "2"))


def test_nothing_is_asked_twice_of_one_index(site, monkeypatch):
    first = check(site)
    monkeypatch.setattr("handrail_search.checking.findability.Examiner.ask", None)
    assert check(site) == first
    (site / ".handrail" / "check.json").write_text("{")  # a broken file is no file
    with pytest.raises(AssertionError, match="NoneType"):
        check(site)


def test_two_articles_that_say_the_same_in_other_words_are_a_hint(site):
    text = ARTICLES["shipping.md"].replace("We ship to Iceland", "We deliver to Iceland").split("questions:")[0]
    body = (
        "---\n\n# Shipping goods abroad\n\nWe ship to Iceland and to Norway every Tuesday; a parcel takes six days.\n"
    )
    write(site, {"ztwin.md": text + body})
    build(site)
    _, report = check(site)
    assert ("docs/ztwin.md", 1, "near-duplicate") in named(report)


def test_faults_come_file_by_file_before_hints_and_the_last_line_counts_them(site):
    (site / "content").mkdir()  # wherever the folder of articles is
    (site / "docs").rename(site / "content" / "docs")
    (site / "mkdocs.yml").write_text(f"{SITE}docs_dir: content/docs\n")
    faulty = "---\ntitle: Overview\n---\n\n# Overview\n\n![](gone.png)\n\n[x](gone.md)\n"
    (site / "content" / "docs" / "invoices.md").write_text(faulty)
    result = CliRunner().invoke(main, ["check", "--config", str(site / "mkdocs.yml")])
    assert result.exit_code == 1
    said = [re.sub(r"(:\d+:).*(\[.*\])", r"\1 \2", line) for line in result.stdout.splitlines() if line]
    assert said[:4] == [
        "content/docs/invoices.md:7: [dead-link]", "content/docs/invoices.md:9: [dead-link]",
        "content/docs/invoices.md:2: [unclear-title]", "content/docs/invoices.md:7: [image-without-text]",
    ]  # fmt: skip
    assert re.fullmatch(r"4 articles and 4 questions checked: 2 faults, \d hints?\.", said[-1])
    assert "content/docs/invoices.md changed after the last build" in result.stderr


def test_settings_that_cannot_be_used_are_named_beside_the_articles_faults(site):
    (site / "mkdocs.yml").write_text(f"{SITE}nope: 1\nmarkdown_extensions: [gone]\n".replace(
        "- handrail", "- handrail: {prot: 1, contact_phone: ask Ann}"))  # fmt: skip
    write(site, {"invoices.md": "[x](gone.md)\n"})
    code, report = check(site)
    assert code == 1
    assert named(report) == [
        ("docs/invoices.md", 1, "dead-link"), ("mkdocs.yml", 5, "settings"), ("mkdocs.yml", 5, "settings"),
        ("mkdocs.yml", 7, "settings"), ("mkdocs.yml", 6, "settings-hint"),
    ]  # fmt: skip
    assert "mend mkdocs.yml first" in report["left_out"]


def test_after_a_save_only_what_it_touched_is_told(site):
    inspector = Inspector(load_settings(site / "mkdocs.yml", environ={"HANDRAIL_CHECK_RANK": "1"}))
    assert inspector.look().problems == ()
    write(site, {"invoices.md": ARTICLES["invoices.md"] + "\n[x](gone.md)\n"})
    build(site)
    report = inspector.look()
    assert [(one.file, one.line, one.code) for one in report.problems] == [("docs/invoices.md", 9, "dead-link")]
    write(site, {"invoices.md": ARTICLES["invoices.md"], "pusher.md": PUSHER})
    build(site)
    report = inspector.look()
    assert [(one.file, one.line, one.code) for one in report.problems] == [("docs/shipping.md", 4, "pushed-out")]
    assert report.articles == 2


def test_every_code_that_is_given_is_in_the_table_of_the_documentation():
    root = Path(__file__).parents[3]
    sources = [*(root / "kb" / "handrail_kb").rglob("*.py"), *(root / "search" / "handrail_search").rglob("*.py")]
    text = "".join(file.read_text(encoding="utf-8") for file in sources if file.name != "problems.py")
    for code in (*FAULTS, *HINTS):
        assert f'"{code}"' in text, f"{code} is never given"
