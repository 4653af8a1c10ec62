"""`handrail users`: accounts are made, listed, changed and removed at the command line."""

import re

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_kb.cli.group import main

from ..desk.desks import PASSWORD


@pytest.fixture
def users(tmp_path, monkeypatch):
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.chdir(tmp_path)
    return lambda *words, typed="": CliRunner().invoke(main, ["users", *words], input=typed)


def test_accounts_are_made_listed_changed_and_removed_at_the_command_line(users):
    assert users("add", "Anna", typed=f"{PASSWORD}\n").exit_code == 0
    assert users("add", "bert", "--role", "lead", typed=f"{PASSWORD}\n").exit_code == 0
    assert re.search(r"anna +agent +never signed in\nbert +lead", users("list").output)
    assert users("role", "anna", "lead").exit_code == 0
    assert users("passwd", "anna", typed="another horse battery\n").exit_code == 0
    assert users("remove", "bert").exit_code == 0
    assert '"name": "anna"' in users("list", "--json").output
    assert "argon2" not in users("list", "--json").output


@pytest.mark.parametrize(
    "words, typed, says",
    [
        (["add", "anna"], "short\n", "at least 12"),
        (["add", "anna"], "aaaaaaaaaaaaaaaa\n", "repeats itself"),
        (["add", "carolinebaker"], "carolinebaker12\n", "hardly more than the name"),
        (["add", "erna"], "helpdesk lead 12\n", "words such as desk or support"),
        (["add", "an na"], f"{PASSWORD}\n", "cannot be the name"),
        (["passwd", "anna"], f"{PASSWORD}\n", "no account was made yet"),
        (["remove", "anna"], "", "no account was made yet"),
    ],
)
def test_a_mistake_is_one_clear_line(users, words, typed, says):
    result = users(*words, typed=typed)
    assert result.exit_code == 1
    assert says in result.output and "Traceback" not in result.output


def test_a_name_is_given_once_and_an_unknown_one_is_named(users):
    users("add", "anna", typed=f"{PASSWORD}\n")
    assert "There is an account anna already" in users("add", "ANNA", typed=f"{PASSWORD}\n").output
    assert "There is no account bert" in users("remove", "bert").output


def test_a_mistyped_folder_gets_no_store(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["users", "add", "anna"], input=f"{PASSWORD}\n")
    assert result.exit_code == 1 and "There is no site" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_command_refuses_the_sites_name_as_a_password(users):
    said = users("add", "bert", typed="Acme-Acme-2026\n")
    assert said.exit_code == 1 and "name of the site" in said.output
    assert users("add", "bert", typed="passwordpassword\n").exit_code == 1
