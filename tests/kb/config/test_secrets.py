"""Passwords and keys are read from the environment, or from a file that it names."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from handrail_feedback.accounts.sessions import given_key
from handrail_feedback.delivery.channels import read_delivery
from handrail_kb.cli.group import main
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import load_settings, unknown_variables
from handrail_kb.config.table import SECRETS
from handrail_kb.errors import ConfigError

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_each_secret_can_be_handed_over_in_a_file_as_containers_and_systemd_do(name, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{PASSWORD}\n")
    assert read_secret(name, {f"{name}_FILE": str(file)}) == PASSWORD
    assert read_secret(name, {name: PASSWORD}) == PASSWORD
    assert read_secret(name, {}) == ""
    assert list(unknown_variables({f"{name}_FILE": str(file)})) == []


def test_the_file_of_a_secret_is_what_its_users_read(tmp_path):
    file = tmp_path / "secret"
    file.write_text("k" * 40 + "\n")
    assert given_key({"HANDRAIL_SECRET_KEY_FILE": str(file)}) == "k" * 40
    flags = {"deliver": "webhook", "webhook_url": "https://tickets.example.com/"}
    settings = load_settings(flags=flags, environ={})
    read_delivery(settings, {"HANDRAIL_WEBHOOK_SECRET_FILE": str(file)})
    mail = {"deliver": "mail", "smtp_host": "mail.example.com", "smtp_user": "help", "mail_to": "a@example.com"}
    settings = load_settings(flags=mail | {"mail_from": "help@example.com"}, environ={})
    delivery = read_delivery(settings, {"HANDRAIL_SMTP_PASSWORD_FILE": str(file)})
    assert delivery.channels["mail"].server.password == "k" * 40


def test_the_password_of_the_database_reaches_its_own_library_and_programs(tmp_path, monkeypatch):
    (tmp_path / "password").write_text("letmein-99\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGPASSWORD", "of-before")  # and put back afterwards
    monkeypatch.setenv("HANDRAIL_STORE_PASSWORD_FILE", str(tmp_path / "password"))
    assert CliRunner().invoke(main, ["settings"]).exit_code == 0
    assert os.environ["PGPASSWORD"] == "letmein-99"
    monkeypatch.setenv("HANDRAIL_STORE_PASSWORD_FILE", str(tmp_path / "gone"))
    refused = CliRunner().invoke(main, ["settings"])
    assert refused.exit_code == 1
    assert "gone cannot be read" in refused.output


def test_the_password_of_the_limits_may_be_in_a_file(tmp_path):
    pytest.importorskip("valkey", reason="the client of Valkey is not installed")
    from handrail_search.service.rate_limits.shared_counts import shared_counts

    (tmp_path / "wrong").write_text("two\nlines\n")
    given = {"HANDRAIL_SECRET_KEY": "k" * 40, "HANDRAIL_LIMITS_PASSWORD_FILE": str(tmp_path / "wrong")}
    settings = load_settings(flags={"limits_store": "valkey://127.0.0.1:9/0"}, environ={})
    with pytest.raises(ConfigError, match="HANDRAIL_LIMITS_PASSWORD_FILE"):
        shared_counts(settings, given)


@pytest.mark.parametrize(
    ("held", "what"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"one\ntwo\n", "more than one line"),
        (b"a\0b", "signs that cannot be seen"),
        (b"\xff\xfe\xfa", "is not text in UTF-8"),
        (b"x" * 70_000, "is too large"),
    ],
)
def test_a_file_that_holds_no_secret_is_named_without_what_it_holds(tmp_path, held, what):
    file = tmp_path / "secret"
    if held is not None:
        file.write_bytes(held)
    with pytest.raises(ConfigError, match=what) as told:
        read_secret("HANDRAIL_SMTP_PASSWORD", {"HANDRAIL_SMTP_PASSWORD_FILE": str(file)})
    message = told.value.format_message()
    assert f"HANDRAIL_SMTP_PASSWORD_FILE: {file}" in message
    assert "two" not in message


def test_two_places_for_one_secret_are_refused(tmp_path):
    both = {"HANDRAIL_SECRET_KEY": "k" * 40, "HANDRAIL_SECRET_KEY_FILE": str(tmp_path)}
    with pytest.raises(ConfigError, match="both set"):
        read_secret("HANDRAIL_SECRET_KEY", both)


def test_a_folder_in_the_place_of_a_secret_is_no_traceback(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_secret("HANDRAIL_SECRET_KEY", {"HANDRAIL_SECRET_KEY_FILE": str(tmp_path)})
