"""Backups of the store: made while it is used, verified, named by time, a few of them kept; and put back."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path

from handrail_feedback.storage.database import Store, whole_store
from handrail_feedback.storage.engines.connection import refuse_newer
from handrail_feedback.storage.engines.whole import Contents, WholeStore
from handrail_feedback.storage.job_runs import note_success
from handrail_feedback.storage.move import held_in, in_words, refuse_used, renew_change_number
from handrail_feedback.storage.schema.migrations import TABLES, known_migrations
from handrail_kb.config.durable_files import show_room
from handrail_kb.config.plain_files import no_folder
from handrail_kb.config.shown import as_typed
from handrail_kb.config.state_folder import made
from handrail_kb.errors import HandrailError, StoreUnavailable

_ENDINGS = (".db", ".dump")
_KINDS = {b"SQLite format 3\0": "db", b"PGDMP": "dump"}
# A backup that was killed leaves its beginning behind.
_SURELY_DEAD_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Backup:
    """A backup that was verified; `removed` are older ones that had to go, and `noted` says that the store knows it."""

    file: Path
    contents: Contents
    removed: tuple[Path, ...] = ()
    noted: bool = True


def back_up(place: Path | str, where: Path, keep: int, at: datetime) -> Backup:
    """Back the store up to a file, or into a folder, in which the newest `keep` of this store stay.

    Raises StoreUnavailable, and leaves nothing by half behind.
    """
    whole = whole_store(place)
    names = _Names(place, whole.ending)
    with _explained(where):
        to_file = where.suffix in _ENDINGS and not where.is_dir()
        file = where if to_file else names.free(where, at)
        made(file.parent)
        if to_file:  # nobody else gives it this name: it was left by a backup that was killed
            _part_of(file).unlink(missing_ok=True)
        contents = _write(whole, file)
        removed = () if to_file else tuple(_remove_old(names, file, keep))
    return Backup(file, contents, removed, _noted(place, contents, at))


def restore(place: Path | str, file: Path, at: datetime, *, overwrite: bool) -> tuple[Contents, Path | None]:
    """Put a backup in the place of the store; what is in it, and the file that keeps what was there, if anything was.

    Raises StoreUnavailable before anything is changed where the backup is not whole, does not fit, or the store is in
    use; and without `overwrite` where the store holds anything.
    """
    whole = whole_store(place)
    contents = _examined(whole, file)
    refuse_used(whole)
    kept = None
    if held := _held(whole):
        if not overwrite:
            raise StoreUnavailable(
                f"{whole.place} is not empty: it has {held}.",
                f"Nothing was changed. Put the backup in its place, and keep what is there as a file: "
                f"handrail restore {as_typed(file)} --yes",
            )
        kept = _beside(place, file, whole.ending, at)
        with _explained(kept):
            whole.put_aside(kept)
            kept.chmod(0o600)
    whole.restore(file)
    store = Store(place)
    store.upgrade()
    with store.transaction(durable=True) as db:
        renew_change_number(db)
    note_success(store, "restore", at, str(file.absolute()))
    store.close()
    return contents, kept


def _noted(place: Path | str, contents: Contents, at: datetime) -> bool:
    """Note in the store that there is a backup, where that can be done without bringing the store up to date."""
    if contents.applied != known_migrations():
        return False
    store = Store(place)
    try:
        note_success(store, "backup", at)
    except StoreUnavailable:  # the backup is as good
        return False
    finally:
        store.close()
    return True


class _Names:
    """The names of backups of one store: others in the same folder, of another store too, are left alone."""

    def __init__(self, place: Path | str, ending: str) -> None:
        where = str(place.resolve()) if isinstance(place, Path) else whole_store(place).place
        self._store = hashlib.sha256(where.encode()).hexdigest()[:8]
        self._ending = ending
        self._mine = re.compile(rf"store-\d{{8}}T\d{{6}}Z-{self._store}\.{ending}", re.ASCII)

    def free(self, folder: Path, at: datetime) -> Path:
        """The file for a backup of this moment, which is in UTC; of the next second that has none, nor one begun."""
        seconds = (at + timedelta(seconds=later) for later in count())
        files = (folder / f"store-{one:%Y%m%dT%H%M%SZ}-{self._store}.{self._ending}" for one in seconds)
        return next(file for file in files if not file.exists() and not _part_of(file).exists())

    def in_folder(self, folder: Path) -> list[Path]:
        """Backups of this store, the oldest first."""
        return sorted(file for file in folder.iterdir() if self._mine.fullmatch(file.name) and file.is_file())

    def unfinished(self, folder: Path) -> list[Path]:
        """What was begun and never ended."""
        return [
            file
            for file in folder.iterdir()
            if file.name.startswith(".")
            and file.suffix == ".part"
            and self._mine.fullmatch(file.name[1 : -len(".part")])
            and file.stat().st_mtime < time.time() - _SURELY_DEAD_SECONDS
        ]


def _write(whole: WholeStore, file: Path) -> Contents:
    """Write and verify under another name, for its owner alone; then give it its own."""
    if not whole.exists():
        raise StoreUnavailable(f"There is no store at {whole.place}.", "Start the service: handrail run")
    if file.exists():
        raise StoreUnavailable(f"{file} is there already.", "Name another file, or a folder: handrail backup FOLDER")
    part = _part_of(file)
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        contents = whole.back_up(part)
        if not contents.applied:
            raise StoreUnavailable(f"{whole.place} has no tables of Handrail.", "Name the store: HANDRAIL_STORE=…")
        os.fsync(opened)
        part.rename(file)
    finally:
        os.close(opened)
        part.unlink(missing_ok=True)
    with suppress(OSError):  # not every file system lets a folder be written down
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    return contents


def _part_of(file: Path) -> Path:
    """The name of a backup while it is written."""
    return file.with_name(f".{file.name}.part")


def _remove_old(names: _Names, made_now: Path, keep: int) -> Iterator[Path]:
    """Remove what is older than the last `keep`. What is dated later was made before a clock was set back."""
    folder = made_now.parent
    oldest_first = sorted(names.in_folder(folder), key=lambda file: (file.name <= made_now.name, file.name))
    for file in [*oldest_first[:-keep], *names.unfinished(folder)]:
        with suppress(FileNotFoundError):
            file.unlink()
            yield file


def _examined(whole: WholeStore, file: Path) -> Contents:
    """What is in a backup that is whole and fits the store. Raises StoreUnavailable."""
    if not file.is_file():
        raise StoreUnavailable(f"There is no file {file}.", f"See what there is: ls -l {as_typed(file.parent)}")
    if whole.exists() and file.absolute() == Path(whole.place).absolute():
        raise StoreUnavailable(
            f"{file} is the store itself.", f"See what backups there are: ls {as_typed(file.parent)}/backups"
        )
    with _explained(file), file.open("rb") as opened:
        head = opened.read(16)
    kind = next((kind for begins, kind in _KINDS.items() if head.startswith(begins)), "")
    if not kind:
        raise StoreUnavailable(f"{file} is no backup of a store.", f"See what there is: ls -l {as_typed(file.parent)}")
    if kind != whole.ending:
        raise _of_the_other_kind(kind, file, whole.place)
    contents = whole.examine(file)
    if not contents.applied:
        raise StoreUnavailable(
            f"{file} is no backup of a store of Handrail.", f"See what there is: ls {as_typed(file.parent)}"
        )
    refuse_newer(str(file), set(contents.applied), known_migrations())
    return contents


def _of_the_other_kind(kind: str, file: Path, place: str) -> StoreUnavailable:
    if kind == "db":
        return StoreUnavailable(
            f"{file} is an SQLite file, and the store is the database {place}.",
            f"Copy it into an empty database: handrail store move {as_typed(file)} {as_typed(place)}",
        )
    return StoreUnavailable(
        f"{file} is a dump of PostgreSQL, and the store is the file {place}.",
        "Restore it into an empty database, then copy that: "
        f"HANDRAIL_STORE=postgresql://HOST/NAME handrail restore {as_typed(file)} && "
        f"handrail store move postgresql://HOST/NAME {as_typed(place)}",
    )


def _held(whole: WholeStore) -> str:
    """What is there now, in words; empty where there is nothing."""
    if not whole.exists():
        return ""
    try:
        with whole.snapshot() as bulk:
            contents = bulk.contents()
            held = held_in(bulk) if contents.applied == known_migrations() else {}
    except StoreUnavailable as error:
        if error.passing or whole.ending == "dump":
            raise
        return f"something that cannot be read ({error.what})"
    _refuse_foreign(contents, whole.place)
    if contents.applied != known_migrations():
        return "a store of another version" if contents.applied else ""
    return in_words(held)


def _refuse_foreign(contents: Contents, place: str) -> None:
    """Raise StoreUnavailable for tables of somebody else: restoring would drop them."""
    foreign = contents.rows.keys() - set(TABLES)
    newer = contents.applied - known_migrations()
    if foreign and not newer:
        raise StoreUnavailable(
            f"{place} holds tables that are not Handrail's ({', '.join(sorted(foreign)[:5])}), which would be lost.",
            "Nothing was changed. Restore into a place of its own: HANDRAIL_STORE=… handrail restore FILE",
        )


def _beside(place: Path | str, file: Path, ending: str, at: datetime) -> Path:
    """Where what was there is kept: beside the store, or beside the backup."""
    beside = place if isinstance(place, Path) else file.absolute().with_name(f"store.{ending}")
    return beside.with_name(f"{beside.stem}-before-restore-{at:%Y%m%dT%H%M%SZ}.{ending}")


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except HandrailError:
        raise
    except OSError as error:
        if known := no_folder(file if isinstance(error, NotADirectoryError) else file.parent):
            raise StoreUnavailable(*known) from error
        raise StoreUnavailable(
            f"{file} cannot be written or read: {error.strerror or error}.",
            f"Name a folder of the service's user, and see whether there is room: {show_room(file.parent)}",
        ) from error
