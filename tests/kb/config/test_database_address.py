from __future__ import annotations

import pytest

from handrail_kb.config.database_address import has_password, without_password


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
