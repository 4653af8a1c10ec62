"""What the doctor says about the key that nodes on one database share."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from handrail_kb.cli.group import main

DATABASE = "postgresql://handrail@127.0.0.1:1/handrail"
NOT_SET = "HANDRAIL_SECRET_KEY is not set"


@pytest.fixture
def doctor(new_config, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", DATABASE)
    monkeypatch.setenv("HANDRAIL_STORE_PASSWORD", "unused")
    monkeypatch.delenv("HANDRAIL_SECRET_KEY", raising=False)
    return lambda *flags: CliRunner().invoke(main, ["doctor", "--config", str(new_config), *flags])


@pytest.fixture
def new_config(tmp_path):
    assert CliRunner().invoke(main, ["new", str(tmp_path / "help")]).exit_code == 0
    return tmp_path / "help" / "mkdocs.yml"


@pytest.mark.parametrize("role", ["all", "answer", "search"])
def test_the_doctor_is_not_content_where_the_service_would_not_start_for_want_of_the_shared_key(
    doctor, monkeypatch, role
):
    monkeypatch.setenv("HANDRAIL_ROLE", role)
    told = doctor()
    assert told.exit_code == 1
    assert NOT_SET in told.output
    assert "secret.key" in told.output


def test_the_doctor_asks_for_no_key_where_one_is_given(doctor, monkeypatch):
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", "k" * 40)
    assert NOT_SET not in doctor().output
