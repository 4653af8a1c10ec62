"""What the doctor says about backups, also of a store that was put back from one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handrail_feedback.records.stamps import now
from handrail_feedback.storage import backups
from handrail_feedback.storage.database import Store
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import HandrailError
from handrail_search.commands.doctor import _backup as said_of_backups


@pytest.fixture
def said(store_place):
    """What the doctor says of the backups of a store."""
    return lambda: said_of_backups(load_settings(flags={"store": str(store_place)}, environ={}))


@pytest.fixture
def put_back(store_place, tmp_path):
    """Backs up a store that was never backed up, and puts that backup in its place; the file."""

    def do(at):
        with_tables = Store(store_place)
        with_tables.check()
        with_tables.close()
        file = backups.back_up(store_place, tmp_path / "backups", 14, at - timedelta(days=9)).file
        backups.restore(store_place, file, at, overwrite=True)
        return file

    return do


def test_a_store_that_was_put_back_has_a_backup_and_the_doctor_names_it(put_back, said):
    file = put_back(now() - timedelta(hours=3))
    assert said().startswith(f"none since the store was restored from {file.absolute()}, 20")
    assert said().endswith("UTC, 3 h ago")


def test_a_backup_made_since_is_the_last_one(put_back, said, store_place, tmp_path):
    put_back(now() - timedelta(hours=3))
    backups.back_up(store_place, tmp_path / "backups", 14, now() - timedelta(hours=1))
    assert said().startswith("the last one was made 20")
    assert said().endswith("UTC, 1 h ago")


def test_a_store_that_was_put_back_days_ago_wants_a_backup(put_back, said):
    put_back(now() - timedelta(days=3))
    with pytest.raises(HandrailError, match="none since the store was restored from") as told:
        said()
    assert told.value.mend.endswith("handrail backup")


def test_a_store_that_was_never_backed_up_is_told(said, store_place):
    store = Store(store_place)
    store.check()
    store.close()
    with pytest.raises(HandrailError, match="never backed up"):
        said()
