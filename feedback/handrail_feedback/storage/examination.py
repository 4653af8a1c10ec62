"""Whether the store is whole and up to date, or could be made: looks, and changes nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.engines.connection import refuse_newer
from handrail_feedback.storage.engines.sqlite_words import how_to_save
from handrail_feedback.storage.schema.migrations import known_migrations
from handrail_kb.config.plain_files import no_folder
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import StoreUnavailable

# An empty store with its log is smaller.
_LEAST_ROOM = 1024 * 1024


def examine_store(place: Path | str, seconds: float) -> str:
    """What the store is, in words. Reads its pages for so many seconds at most, which are enough for a gigabyte or so.

    Raises StoreUnavailable with what is wrong and what mends it.
    """
    with closing(Store(place)) as store:
        store.refuse_lost()
        if not store.exists():
            _refuse_unmakeable(Path(place))
            return f"none yet: the service makes {store.place}"
        whole = whole_store(place)
        if damage := whole.damage(seconds):
            raise StoreUnavailable(f"The store {store.place} is damaged: {damage}.", how_to_save(Path(place)))
        applied = whole.applied()
        refuse_newer(store.place, applied, known_migrations(), in_use=True)
        if applied and known_migrations() - applied:
            return f"{store.place}, of an older version: the service brings it up to date, or handrail store upgrade"
        store.look()
        return store.place


def _refuse_unmakeable(path: Path) -> None:
    """Raise StoreUnavailable where no store could be made at this path."""
    folder = next(above for above in path.absolute().parents if os.path.lexists(above))
    why = ""
    if known := no_folder(folder):
        raise StoreUnavailable(f"There is no store at {path} yet, and none can be made: {known[0]}", known[1])
    if not os.access(folder, os.W_OK | os.X_OK):
        why = f"{folder} cannot be written"
    elif shutil.disk_usage(folder).free < _LEAST_ROOM:
        why = f"the disk of {folder} is full"
    if why:
        raise StoreUnavailable(
            f"There is no store at {path} yet, and none can be made: {why}.",
            f"Give the service's user a folder with room there: ls -ld {as_typed(folder)}; df -h {as_typed(folder)}",
        )
