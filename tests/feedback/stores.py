"""What tests of several packages ask of a store, whatever database it is in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.schema.migrations import TABLES

Away = Callable[[], AbstractContextManager[None]]


def everything_in(store: Store) -> bytes:
    """All that is kept: the bytes of the files of an SQLite store, of a database all rows."""
    if not store.shared:
        return b"".join(file.read_bytes() for file in sorted(store.at.parent.iterdir()))
    values = [value for table in TABLES for row in store.read(f"SELECT * FROM {table}") for value in row.values()]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)


def export(place: Path | str) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own; without the number that says that something changed."""
    store = Store(place)
    rows = {table: sorted(map(repr, store.read(f"SELECT * FROM {table}"))) for table in TABLES}
    store.close()
    assert len(rows.pop("learned_changes")) == 1
    return rows


def what_makes(store):
    """The statements, with their values, that make all there is in an SQLite file."""
    things = store.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
    ).fetchall()
    tables = [name for kind, name, _ in things if kind == "table"]
    rows = [(name, row) for name in tables for row in store.execute(f"SELECT * FROM {name}").fetchall()]
    return (
        *((sql, ()) for kind, _, sql in things if kind == "table"),
        *((f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row) for name, row in rows),
        # Where it begins is by chance, so that a store put in another one's place is seen.
        *(
            (f"UPDATE {name} SET number = abs(random()) % 1000000000000", ())
            for name in tables
            if name == "learned_changes"
        ),
        *((sql, ()) for kind, _, sql in things if kind != "table"),
    )


def fill(store, statements):
    """Run these statements in a file, unless another process has made its tables meanwhile."""
    store.begin(durable=True, patience=5)
    try:
        if not store.statements("table"):
            for sql, values in statements:
                store.execute(sql, values)
        store.execute("COMMIT")
    except BaseException:
        store.db.rollback()
        raise
