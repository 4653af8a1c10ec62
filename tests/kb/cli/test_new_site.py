"""A new site works at once, and the checks and the doctor tell what is wrong with it later."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.storage.database import Store

from .started import handrail

# --- a new site


@pytest.mark.long
def test_a_new_site_builds_at_once_without_a_warning(new_site):
    root, (made, built) = new_site
    assert made.returncode == 0, made.stderr
    assert "handrail serve" in made.stdout
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    assert "1 article, " in built.stdout
    assert (root / "site" / "index.html").is_file()
    assert not list(root.glob(".site*"))


@pytest.mark.long
def test_a_new_site_answers(new_site):
    root, _ = new_site
    answer = json.loads(handrail("search", "--json", "forgot", "password", cwd=root).stdout)
    assert answer["hits"][0]["title"] == "Reset your password"
    assert answer["mode"] == "hybrid"
    shown = handrail("search", "forgot password", cwd=root).stdout
    assert "1. Reset your password" in shown
    assert "<mark>" not in shown


@pytest.mark.long
def test_an_accessibility_statement_is_written_to_be_filled_in_and_never_over_another(new_site, tmp_path):
    root = tmp_path / "help"
    shutil.copytree(new_site[0], root, symlinks=True)
    made = handrail("new", "--accessibility", ".", cwd=root)
    assert made.returncode == 0, made.stderr
    statement = (root / "docs" / "accessibility.md").read_text()
    for clause in ("EN 301 549", "WCAG 2.2", "relay service", "sign language", "barrier", "[date]"):
        assert clause in statement, clause
    assert handrail("build", "--strict", cwd=root).returncode == 0
    checked = handrail("check", cwd=root)
    assert (checked.returncode, checked.stderr) == (0, "")
    (root / "docs" / "accessibility.md").write_text("ours")
    again = handrail("new", "--accessibility", ".", cwd=root)
    assert again.returncode == 1
    assert "already has docs/accessibility.md" in again.stderr
    assert "Edit that one" in again.stderr and "handrail new help" not in again.stderr
    assert (root / "docs" / "accessibility.md").read_text() == "ours"


def test_an_accessibility_statement_goes_where_the_articles_are(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: Help\ndocs_dir: content/help\nplugins: [handrail]\n")
    made = handrail("new", "--accessibility", str(tmp_path), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "content" / "help" / "accessibility.md").is_file() and not (tmp_path / "docs").exists()
    assert "content/help/accessibility.md" in made.stdout


def test_an_accessibility_statement_makes_no_folder_of_a_mistyped_name(tmp_path):
    made = handrail("new", "--accessibility", "hlep", cwd=tmp_path)
    assert made.returncode == 1 and "There is no hlep/mkdocs.yml" in made.stderr
    assert made.stderr.rstrip().endswith("handrail new help")
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_the_checks_of_a_new_site_find_nothing(new_site):
    root, _ = new_site
    checked = handrail("check", cwd=root)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "2 articles and 3 questions checked: nothing to mend." in checked.stdout
    assert json.loads(handrail("check", "--json", cwd=root).stdout) == {
        "format": 1, "faults": 0, "hints": 0, "articles": 2, "questions": 3, "problems": [], "left_out": None
    }  # fmt: skip


def test_the_settings_of_a_new_site_are_shown(new_site):
    root, _ = new_site
    assert json.loads(handrail("settings", "--json", cwd=root, HANDRAIL_PORT="9999").stdout)["port"] == 9999
    shown = handrail("settings", cwd=root, HANDRAIL_PORT="9999").stdout
    assert "port = 9999  (from HANDRAIL_PORT)" in shown
    assert "workers = 2  (default)" in shown


@pytest.mark.long
def test_the_doctor_finds_a_new_site_well(new_site):
    root, _ = new_site
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = handrail("doctor", cwd=root, HANDRAIL_PORT=str(port))
    assert told.returncode == 0, told.stdout
    assert "BAD" not in told.stdout
    assert "1 article, " in told.stdout


@pytest.mark.long
def test_a_new_site_has_a_report(new_site):
    root, _ = new_site
    with contextlib.closing(Store(root / ".handrail" / "store.db")) as store:
        store.check()  # makes it, as the service does when it starts
    assert handrail("report", cwd=root).returncode == 0
    report = handrail("report", "--json", cwd=root)
    assert report.returncode == 0
    json.loads(report.stdout)
    assert json.loads(handrail("contact", "list", "--json", cwd=root).stdout) == []


# --- checks and the doctor tell what is wrong


@pytest.fixture
def own_site(new_site, tmp_path):
    shutil.copytree(new_site[0], tmp_path / "own", symlinks=True)
    return tmp_path / "own"


def test_a_question_that_does_not_find_its_article_is_told_with_its_place(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    article = own_site / "docs" / "more.md"
    article.write_text("# More\n\nNobody forgets a password that is long.\n")
    handrail("build", cwd=own_site)
    article.write_text(
        "---\nquestions: [I forgot my password]\n---\n# More\n\nNobody forgets a password that is long.\n"
    )
    result = run("check", "--rank", "1")
    assert result.exit_code == 1
    assert re.search(r"docs/more\.md:2: 'I forgot my password' does not find this article", result.output)
    assert "it is at rank 2, behind docs/reset-password.md" in result.output


def test_the_doctor_changes_nothing(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    (own_site / ".handrail" / "store.db").unlink(missing_ok=True)
    before = sorted(own_site.rglob("*"))
    assert "none yet" in run("doctor").output
    assert sorted(own_site.rglob("*")) == before


def test_the_doctor_names_what_is_wrong_and_the_command_that_mends_it(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    (own_site / ".handrail" / "index" / "CURRENT").write_text("gone")
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"BAD +index", result.output)
    assert "handrail build" in result.output


def test_a_build_that_fails_leaves_site_and_index_as_they_were(own_site):
    before = (own_site / "site" / "index.html").read_text()
    current = (own_site / ".handrail" / "index" / "CURRENT").read_text()
    (own_site / "docs" / "index.md").write_text("# Changed\n\n[nowhere](gone.md)\n")
    failed = handrail("build", "--strict", cwd=own_site)
    assert failed.returncode == 1
    assert "gone.md" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert (own_site / "site" / "index.html").read_text() == before
    assert (own_site / ".handrail" / "index" / "CURRENT").read_text() == current


def test_only_what_changed_is_encoded_again(own_site):
    (own_site / "docs" / "more.md").write_text("# More\n\nA new article.\n")
    built = handrail("build", cwd=own_site)
    assert re.search(r"2 articles, 1 of \d+ passages and questions encoded", built.stdout), built.stdout


def test_a_build_names_front_matter_that_readers_would_see_as_text_and_goes_on_also_strictly(own_site):
    (own_site / "docs" / "more.md").write_text('---\ntitle: The "new" plan: cheaper\n---\n# More\n\nIt is cheaper.\n')
    built = handrail("build", "--strict", cwd=own_site)
    assert built.returncode == 0
    assert "docs/more.md:2: the front matter is not valid YAML" in built.stderr


@pytest.mark.long
def test_a_build_says_what_the_policy_blocks_and_goes_on_also_strictly(own_site):
    (own_site / "docs" / "more.md").write_text('# More\n\n<iframe src="https://player.example.com/1"></iframe>\n')
    built = handrail("build", "--strict", cwd=own_site)
    assert built.returncode == 0
    assert "frame-src https://player.example.com on 1 page (more/): iframe" in built.stderr
    assert 'frame-src: ["https://player.example.com"]' in built.stderr


def test_a_build_that_stands_aside_for_an_offline_site_says_so(own_site):
    settings = own_site / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("plugins:\n", "plugins:\n  - offline\n", 1))
    assert "The offline plugin is on" in handrail("build", cwd=own_site).stderr
