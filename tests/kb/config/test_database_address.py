from __future__ import annotations

from pathlib import Path

import pytest

from handrail_kb.config.database_address import has_password, without_password
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://handrail@db.acme.test/handrail",
        "postgresql:///handrail",
        "postgresql://handrail@/handrail?host=/run/postgresql",
        "postgresql://a:5432,b:5433/handrail?target_session_attrs=read-write",
        "postgres://[::1]:5432/handrail",
        "postgresql://db/handrail?options=-csearch_path%3Dhelp&application_name=a@b",
        "postgresql://",
    ],
)
def test_an_address_without_a_password_is_shown_as_it_is(address: str) -> None:
    assert without_password(address) == address
    assert not has_password(address)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:secret@db/handrail", "postgresql://u@db/handrail"),
        ("postgresql://u:sec%2Fret@[::1]:5432/h?sslmode=require", "postgresql://u@[::1]:5432/h?sslmode=require"),
        ("postgresql://db/handrail?password=secret&sslmode=require", "postgresql://db/handrail?sslmode=require"),
        # Not as libpq wants them, and no reason to show them.
        ("postgresql://u:sec/ret@db/handrail", "postgresql://…"),
        ("postgresql://u:sec?ret@db/handrail", "postgresql://…"),
        ("postgresql://u:sec@ret@db/handrail", "postgresql://…"),
        ("postgresql://u:sec#ret@db/handrail", "postgresql://u@db/handrail"),
        ("postgresql://u:12/34secret@db/handrail", "postgresql://…"),
    ],
)
def test_a_password_is_never_shown_however_it_was_written(address: str, shown: str) -> None:
    assert without_password(address) == shown
    assert has_password(address)


@pytest.mark.parametrize(
    "store",
    [
        "mysql://db/handrail",
        "sqlite:///srv/store.db",
        "postgresql+psycopg://u:letmein@db/handrail",
        "POSTGRESQL://u:letmein@db/handrail",
        " postgresql://u:letmein@db/handrail",
        "jdbc:postgresql://db/handrail?password=letmein",
        "host=db dbname=handrail password=letmein",
        "https://db.example.com/handrail",
    ],
)
def test_the_address_of_another_database_is_refused_and_never_the_name_of_a_file(tmp_path: Path, store: str) -> None:
    """Messages would be kept in a file that nobody looks for, and a password would be part of its name."""
    for more in ({"flags": {"store": store}}, {"environ": {"HANDRAIL_STORE": store}}):
        with pytest.raises(ConfigError, match=r"is no store\.") as told:
            load_settings(site_dir=tmp_path, **({"environ": {}} | more))  # type: ignore[arg-type]
        assert "letmein" not in str(told.value) and "postgresql://HOST/NAME" in told.value.mend


@pytest.mark.parametrize(
    "store", ["store.db", "/srv/help/store.db", "a=b.db", "my user=x.db", "C:/help/store.db", "user/x.db"]
)
def test_a_file_is_a_store_whatever_its_name(tmp_path: Path, store: str) -> None:
    settings = load_settings(site_dir=tmp_path, flags={"store": store}, environ={})
    assert settings.store_place == settings.root / store


@pytest.mark.parametrize(
    "path", ["http://help.example.com/", "/help?x", "/help#x", "..", "/a/../b/", "./help", "help/."]
)
def test_the_path_of_a_site_is_no_address_and_leads_nowhere_else(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match="does not fit"):
        load_settings(site_dir=tmp_path, flags={"base_path": path}, environ={})
    for right in ("/", "help", "/my help/", "/a%20b/", "/a..b/.well/", "/v1.2/"):
        load_settings(site_dir=tmp_path, flags={"base_path": right}, environ={})


@pytest.mark.parametrize("store", ["/", "//", ".", "..", " "])
def test_a_store_needs_a_name(tmp_path: Path, store: str) -> None:
    with pytest.raises(ConfigError, match="is no file"):
        load_settings(site_dir=tmp_path, flags={"store": store}, environ={})
