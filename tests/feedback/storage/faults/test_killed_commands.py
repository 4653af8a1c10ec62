"""A command on the store that is killed at any place loses nothing, and the same command again ends well."""

from __future__ import annotations

import re
import shutil

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message, list_messages
from search.index.faults.killing import killer, some_places

from ... import full_store
from ...conftest import NOON
from ...stores import export
from .test_versions import older

MKDOCS = "site_name: Acme\nplugins: [search, handrail]\n"


@pytest.fixture(scope="module")
def commands():
    with killer() as one:
        yield one


def words_in(place):
    store = Store(place)
    try:
        return {one.message for one in list_messages(store)}
    finally:
        store.close()


@pytest.fixture
def root(tmp_path):
    """A site whose store holds a row of every kind."""
    root = tmp_path / "help"
    root.mkdir()
    (root / "mkdocs.yml").write_text(MKDOCS)
    (root / ".handrail").mkdir()
    store = Store(root / ".handrail" / "store.db")
    full_store.fill(store)
    store.close()
    return root


def old_store(root):
    """The store of an older version instead, with a message."""
    shutil.rmtree(root / ".handrail")
    (root / ".handrail").mkdir()
    with older():
        store = Store(root / ".handrail" / "store.db")
        keep_message(store, Message("My invoice is wrong.", "", "", "en", NOON), ())
        store.close()
    return ("store", "upgrade")


def backed_up(root, commands):
    """A backup of the store, to which a message came since."""
    commands.run(root, "backup", root / "kept.db")
    store = Store(root / ".handrail" / "store.db")
    keep_message(store, Message("Written since.", "", "", "en", NOON), ())
    store.close()
    return ("restore", "--yes", root / "kept.db")


COMMANDS = {
    "upgrade": lambda root, _commands: old_store(root),
    "backup": lambda _root, _commands: ("backup",),
    "move": lambda _root, _commands: ("store", "move", "moved.db"),
    "restore": backed_up,
}


def files(root):
    """What lies there, without the dates and random letters in its names."""
    return {re.sub(r"[0-9a-f]*[0-9][0-9a-f]*", "N", str(file.relative_to(root))) for file in root.rglob("*")}


@pytest.mark.long
@pytest.mark.parametrize(
    ("most", "last"), [(4, 3), pytest.param(30, 10, marks=pytest.mark.torture)], ids=["few", "many"]
)
@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_that_is_killed_anywhere_loses_nothing_and_ends_well_the_next_time(
    root, commands, tmp_path, kind, most, last, record_property
):
    arguments = COMMANDS[kind](root, commands)
    before = words_in(root / ".handrail" / "store.db") if kind != "upgrade" else {"My invoice is wrong."}
    undisturbed = shutil.copytree(root, tmp_path / "undisturbed")
    places = commands.run(undisturbed, *arguments)
    after, left = words_in(undisturbed / ".handrail" / "store.db"), files(undisturbed)
    wanted = export(undisturbed / "moved.db") if kind == "move" else None
    killed = 0
    for place in some_places(places, most, last):
        one = shutil.copytree(root, tmp_path / "killed")
        killed += commands.kill(one, place, *arguments)
        if kind != "upgrade":  # opening it here would bring it up to date
            assert words_in(one / ".handrail" / "store.db") in (before, after), f"place {place} of {places}"
        commands.run(one, *arguments)
        assert words_in(one / ".handrail" / "store.db") == after, f"place {place} of {places}"
        assert wanted is None or export(one / "moved.db") == wanted
        # The folder of backups may be on a disk of several machines: what lies there is removed after a day.
        assert {name for name in files(one) if not name.endswith(".part")} <= left, f"place {place} of {places}"
        shutil.rmtree(one)
    assert killed
    record_property("tried", killed)
