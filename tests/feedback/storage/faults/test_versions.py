"""Stores of other versions: brought up to date by a step of its own, and older services go on meanwhile."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.engines.connection import Migration
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from handrail_feedback.storage.schema.migrations import MIGRATIONS, known_migrations
from handrail_kb.cli.group import main
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import StoreUnavailable

KEPT = Message("My invoice is wrong.", "", "", "en", now())
MORE = "ALTER TABLE messages ADD COLUMN mood TEXT NOT NULL DEFAULT ''"


@contextmanager
def version(*steps):
    """Another Handrail, with other steps."""
    ours = list(MIGRATIONS)
    MIGRATIONS[:] = steps
    try:
        yield
    finally:
        MIGRATIONS[:] = ours


def older():
    return version(*(one for one in MIGRATIONS if one.name < "m062"))


def newer(name="m999_moods"):
    return version(*MIGRATIONS, Migration(name, lambda db: db.define(MORE)))


@pytest.fixture
def config(tmp_path, store_place, monkeypatch):
    """A site whose store is at `store_place`."""
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    monkeypatch.setenv("HANDRAIL_SECRET_KEY", "k" * 40)
    return tmp_path / "mkdocs.yml"


def run(*arguments):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def old_place(store_place, new_database):
    """The place of a store that an older Handrail made, with a message."""
    with older():
        store = Store(store_place)
        keep_message(store, KEPT, ())
        store.close()
    return store_place


def test_the_doctor_changes_no_store_of_an_older_version(old_place, config):
    before = whole_store(old_place).applied()
    told = run("doctor").output
    assert "ok    store" in told
    assert "handrail store upgrade" in told
    for command in (("report",), ("contact", "list"), ("outbox",), ("users", "list")):
        refused = run(*command)
        assert refused.exit_code == 1
        assert "handrail store upgrade" in refused.output, command
    assert whole_store(old_place).applied() == before


def test_a_command_of_its_own_brings_a_store_up_to_date_and_says_by_what(old_place, config):
    done = run("store", "upgrade")
    assert done.exit_code == 0, done.output
    assert "m062_answers_in_the_outbox" in done.output
    assert whole_store(old_place).applied() == known_migrations()
    assert "it was before" in run("store", "upgrade").output
    store = Store(old_place)
    assert [one.message for one in list_messages(store)] == [KEPT.message]
    store.close()


def test_starting_the_service_brings_its_store_up_to_date(old_place, config):
    from handrail_search.service.gunicorn_server import refuse_what_cannot_work

    refuse_what_cannot_work(load_settings(config))
    assert whole_store(old_place).applied() == known_migrations()


def test_of_a_store_that_is_made_nobody_says_that_it_was_brought_up_to_date(store_place, new_database):
    store = Store(store_place)
    assert store.upgrade() == []
    assert whole_store(store_place).applied() == known_migrations()
    store.close()


def test_an_older_service_goes_on_beside_a_newer_one(store_place, new_database):
    service = Store(store_place)
    codes = [keep_message(service, KEPT, ())]
    with newer():
        beside = Store(store_place)
        assert beside.upgrade() == ["m999_moods"]
        codes.append(keep_message(beside, KEPT, ()))
        beside.close()

    def in_a_thread_of_its_own():
        codes.append(keep_message(service, KEPT, ()))

    codes.append(keep_message(service, KEPT, ()))
    thread = threading.Thread(target=in_a_thread_of_its_own)
    thread.start()
    thread.join()
    service.close()
    started_anew = Store(store_place)
    codes.append(keep_message(started_anew, KEPT, ()))
    assert len(set(codes)) == 5
    assert {one.code for one in list_messages(started_anew)} == set(codes)
    started_anew.close()


def test_a_step_that_older_programs_cannot_live_with_is_refused_by_them_with_the_way_back(store_place, new_database):
    Store(store_place).upgrade()
    with newer("m999_moods_breaking"):
        Store(store_place).upgrade()
    older_program = Store(store_place)
    with pytest.raises(StoreUnavailable, match="newer Handrail") as told:
        older_program.check()
    assert "Install that version" in told.value.mend
    older_program.close()
