"""The path in a message opens the file from where the command ran."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from handrail_kb.articles.article import read_articles
from handrail_kb.articles.draft import write_draft
from handrail_kb.articles.front_matter import add_questions
from handrail_kb.cli.group import main
from handrail_kb.config.shown import path_below, shown_folder
from project.rooms import files

BROKEN = "---\ntitle: [\n---\n# A\n"


@pytest.fixture
def nested(tmp_path):
    (tmp_path / "mkdocs.yml").write_text("site_name: S\ndocs_dir: documentation/en/docs\nplugins: [search, handrail]\n")
    docs = tmp_path / "documentation" / "en" / "docs"
    docs.mkdir(parents=True)
    (docs / "index.md").write_text("# Home\n")
    (docs / "a.md").write_text(BROKEN)
    return tmp_path


@pytest.mark.parametrize("where", [".", "documentation", "documentation/en", "documentation/en/docs"])
def test_a_nested_folder_of_articles_is_named_so_that_its_files_open_from_here(nested, where, monkeypatch):
    monkeypatch.chdir(nested / where)
    docs = nested / "documentation" / "en" / "docs"
    problem = read_articles(docs)[1][0]
    assert Path(problem.file).samefile(docs / "a.md")
    assert Path(add_questions(docs, "index.md", ["Who?"]).shown).samefile(docs / "index.md")


def test_from_elsewhere_files_are_named_as_seen_from_mkdocs_yml(nested, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    docs = nested / "documentation" / "en" / "docs"
    assert read_articles(docs)[1][0].file == "documentation/en/docs/a.md"


def test_a_site_below_the_folder_of_the_command_is_named_from_there(nested, monkeypatch):
    monkeypatch.chdir(nested.parent)
    assert shown_folder(nested / "documentation/en/docs") == f"{nested.name}/documentation/en/docs"


def test_a_folder_that_is_a_link_is_named_as_it_is_written(nested, monkeypatch):
    monkeypatch.chdir(nested)
    (nested / "help").symlink_to("documentation/en/docs")
    assert shown_folder(nested / "help") == "help"


@pytest.mark.parametrize("named", ["new.md", "docs/new.md", "documentation/en/docs/new.md", "./new.md"])
def test_an_article_may_be_named_with_its_folder_or_without(nested, named, monkeypatch):
    monkeypatch.chdir(nested)
    assert path_below(nested / "documentation/en/docs", named) == "new.md"


def test_a_draft_says_where_it_is(nested, monkeypatch):
    monkeypatch.chdir(nested)
    docs = nested / "documentation/en/docs"
    write_draft(docs, "new.md", "# New\n")
    with pytest.raises(Exception, match=r"documentation/en/docs/new\.md is there already"):
        write_draft(docs, "new.md", "# New\n")


def test_check_names_files_of_a_nested_folder_and_links_that_leave_it(nested, monkeypatch):
    monkeypatch.chdir(nested)
    docs = nested / "documentation/en/docs"
    (nested / "outside.txt").write_text("secret")
    (docs / "host.txt").symlink_to(nested / "outside.txt")
    (docs / "img").symlink_to(nested.parent)
    (docs / "linked.md").symlink_to("/etc/hostname")
    (nested / ".handrail").mkdir()
    (docs / "state").symlink_to(nested / ".handrail")
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 1
    assert "documentation/en/docs/a.md:3:" in result.output
    for name in ("host.txt", "img", "state"):
        line = next(line for line in result.output.splitlines() if line.startswith(f"documentation/en/docs/{name}:1:"))
        assert "published" in line
    assert result.output.count("linked.md:1:") == 1


# --- Commands in messages

# What is put into a text is `{}` here. Where a sentence or the next command begins, the words of a command are over.
COMMAND = re.compile(r"(?<![\w-])(?:chmod|chown|df|findmnt|ls|mv|rm|sqlite3)(?: [\w+-]+| \{\}(?:\.\w+)?)* \Z")
OF_HANDRAIL = re.compile(r"handrail (?:restore|index|learn|store move) (?:[\w:/]+ )*\Z")


def words_in_commands(code):
    """What becomes a word of a command in the texts of a module."""
    for text in ast.walk(ast.parse(code)):
        before = ""
        for part in text.values if isinstance(text, ast.JoinedStr) else ():
            if isinstance(part, ast.FormattedValue) and (COMMAND.search(before) or OF_HANDRAIL.search(before)):
                yield part.value
            before += part.value if isinstance(part, ast.Constant) else "{}"


def is_typed(word, code):
    """Whether it is put in quotes there, or where the name was given to it."""
    if isinstance(word, ast.Name):
        given = re.search(rf"^ *(?:\w+, )*{word.id}(?:, \w+)* = (.*)", code, re.M)
        return bool(given and "as_typed(" in given[1])
    return ast.unparse(word).startswith("as_typed(")


def test_each_path_in_a_command_of_a_message_is_one_word_of_it():
    checked, wrong = 0, []
    for file in files(".py"):
        code = file.read_text(encoding="utf-8")
        for word in words_in_commands(code):
            checked += 1
            wrong += [] if is_typed(word, code) else [f"{file.name}:{word.lineno}"]
    assert checked > 20 and wrong == []


def test_a_path_that_is_no_word_of_its_command_is_noticed():
    code = 'f"See {a}: ls -ld {path} {b.c}; df -h {as_typed(d)}; rm {e}. That {f}", f"handrail restore {g} --yes"'
    words = list(words_in_commands(code))
    assert [ast.unparse(word) for word in words] == ["path", "b.c", "as_typed(d)", "e", "g"]
    assert [is_typed(word, code) for word in words] == [False, False, True, False, False]
