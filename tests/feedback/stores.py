"""What tests of several packages ask of a store, whatever database it is in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from handrail_feedback.storage.database import Store
from handrail_feedback.storage.schema.migrations import TABLES

Away = Callable[[], AbstractContextManager[None]]


def everything_in(store: Store) -> bytes:
    """All that is kept: the bytes of the files of an SQLite store, of a database all rows."""
    if not store.shared:
        return b"".join(file.read_bytes() for file in sorted(store.at.parent.iterdir()))
    values = [value for table in TABLES for row in store.read(f"SELECT * FROM {table}") for value in row.values()]
    return b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
