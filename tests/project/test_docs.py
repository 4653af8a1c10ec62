"""The documentation is checked like code: current, complete, and with questions for every article."""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path

import click
import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_kb.articles.article import read_articles
from handrail_kb.cli.group import COMMANDS, main
from handrail_kb.config.secrets import secret_variables
from handrail_kb.config.table import SETTINGS
from handrail_kb.language.segments import has_unspaced

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Decision records are for developers; mkdocs.yml leaves them out of the help.
RECORDS = "architecture/"
READ, PROBLEMS = read_articles(DOCS)
ARTICLES = [article for article in READ if not article.path.startswith(RECORDS)]
FAULTS = [problem for problem in PROBLEMS if not problem.file.startswith(f"docs/{RECORDS}")]


def generated():
    spec = importlib.util.spec_from_file_location("generated", ROOT / "tests" / "project" / "generated.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", generated().PARTS)
def test_what_is_generated_is_current(name):
    module = generated()
    kept = (module.DOCS / name).read_text(encoding="utf-8")
    assert kept == module.fresh(name), "stale: run `make generated`"


def test_every_setting_and_every_command_is_in_the_documentation():
    settings = (DOCS / "operators" / "settings.md").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert f"`{setting.name}`" in settings
        assert f"`{setting.variable}`" in settings
    articles = "\n".join(
        file.read_text(encoding="utf-8")
        for file in DOCS.rglob("*.md")
        if file.name not in ("commands.md", "settings.md")
    )
    for name in COMMANDS:
        assert re.search(rf"`?handrail {name}\b", articles), f"no article tells what `handrail {name}` is for"


def test_no_article_tells_of_a_command_that_is_not_there():
    # In code only: "Handrail is …" is no command.
    for file in [*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]:
        text = file.read_text(encoding="utf-8")
        for line in re.findall(r"`handrail ([^`]+)`", text) + re.findall(r"^\s*(?:\S*/)?handrail (.+)$", text, re.M):
            assert not unknown(line), f"{file}: `handrail {line}`"


def unknown(line):
    """The command, the command below it, or the option that is not there; "" where all are."""
    command, words = main, line.split()
    while isinstance(command, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        name = words.pop(0)
        command = command.get_command(click.Context(command), name)
        if command is None:
            return name
    options = {"--help", *(option for one in command.params for option in (*one.opts, *one.secondary_opts))}
    asked = itertools.takewhile(lambda word: word not in ("|", "&&", ";", "#"), words)
    named = (word.partition("=")[0] for word in asked if word.startswith("--"))
    return next((option for option in named if option not in options), "")


def test_no_article_tells_of_a_setting_that_is_not_there():
    known = {setting.variable for setting in SETTINGS} | secret_variables() | {"HANDRAIL_NAME"}
    for file in DOCS.rglob("*.md"):
        for name in re.findall(r"\bHANDRAIL_[A-Z_]+\b", file.read_text(encoding="utf-8")):
            assert name in known, f"{file}: {name}"


def test_there_are_articles_and_each_has_questions():
    asked = [article for article in ARTICLES if article.path != "index.md"]
    assert len(asked) >= 25
    for article in asked:
        assert len(article.questions) >= 2, article.path
        assert article.title, article.path
        assert article.description, article.path
    questions = [question.lower() for article in ARTICLES for question in article.questions]
    assert len(questions) == len(set(questions))


def test_no_article_has_a_fault():
    assert [str(fault) for fault in FAULTS if fault.severity != "note"] == []


def test_the_help_of_handrail_needs_nothing_that_make_serve_does_not_install():
    held = [article.path for article in ARTICLES if has_unspaced((DOCS / article.path).read_text(encoding="utf-8"))]
    assert held == [], "a build would warn that handrail[scripts] is missing"


def test_every_article_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for article in ARTICLES:
        assert re.search(rf"\b{re.escape(article.path)}\b", menu), article.path


def test_commands_of_the_readme_are_there():
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for name in ("README.md", "CONTRIBUTING.md"):
        if (ROOT / name).exists():
            asked = set(re.findall(r"\bmake ([a-z][\w-]*)", (ROOT / name).read_text(encoding="utf-8")))
            assert asked - {"sure", "a", "it"} <= targets, name


LINKED = [ROOT / "README.md", *sorted(ROOT.glob("*/README.md")), *sorted((DOCS / RECORDS).rglob("*.md"))]


@pytest.mark.parametrize("file", LINKED, ids=str)
def test_links_between_files_lead_somewhere(file):
    text = re.sub(r"```.*?```", "", file.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s#]+)", text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (file.parent / target).exists(), target
