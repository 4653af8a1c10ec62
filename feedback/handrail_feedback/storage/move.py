"""Copies a store into an empty one, from either database to either: whole or not at all, and compared row by row."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handrail_feedback.records.stamps import SqlValue
from handrail_feedback.storage.engines.connection import Connection, behind, refuse_newer
from handrail_feedback.storage.engines.whole import Bulk, WholeStore
from handrail_feedback.storage.schema.migrations import TABLES, known_migrations
from handrail_kb.errors import StoreUnavailable
from handrail_kb.texts.amounts import counted

# What migrations themselves write; none of it is anybody's.
_FROM_THE_START = {"learned_changes": "", "outbox_alarm": "WHERE told_at IS NOT NULL"}
# What people know, those things first that would be missed most; all else belongs to these.
_FOR_PEOPLE: Mapping[str, tuple[str, ...]] = {
    "messages": ("message",),
    "answers": ("answer",),
    "attachments": ("attached file",),
    "intents": ("search", "searches"),
    "votes": ("vote",),
    "learned": ("learned question",),
    "topics": ("topic",),
    "staff": ("account",),
}
# Ends in a number of its own, so that whoever uses the store sees that all has changed.
_NOT_COMPARED = "learned_changes"
_GONE_SECONDS = 2.0


@dataclass(frozen=True)
class Copied:
    """A table that is the same in both stores: so many rows, and the digest of all (SHA-256, in hexadecimal)."""

    table: str
    rows: int
    digest: str


def move(
    source: WholeStore, target: WholeStore, copied: Callable[[Copied], None], *, while_in_use: bool = False
) -> None:
    """Copy everything, and tell of each table when it is known to be the same in both.

    The source is only read. With `while_in_use` it may be written meanwhile, and is copied as it was at one moment.
    Raises StoreUnavailable, and leaves the target empty, where anything is in the way or differs.
    """
    _refuse_unfit(source)
    if not while_in_use:
        refuse_used(source)
    with target.filling(TABLES) as new:
        if held := held_in(new):
            raise StoreUnavailable(
                f"{target.place} is not empty: it has {in_words(held)}.",
                "Nothing was changed. Name an empty database (createdb NAME) or a file that is not there yet: "
                "handrail store move TO",
            )
        for table in _FROM_THE_START:
            new.execute(f"DELETE FROM {table}")  # noqa: S608 (our own words)
        with source.snapshot() as old:
            for table in TABLES:
                copied(_copy(old, new, table, target.place))
            _carry_numbers(old, new, target.place)
        renew_change_number(new)
        if not while_in_use:
            refuse_used(source)


def refuse_used(store: WholeStore) -> None:
    """Raise StoreUnavailable when another process has the store open, where that can be told.

    A server takes a moment to notice that a process which was just stopped is gone.
    """
    until = time.monotonic() + _GONE_SECONDS
    while in_use := store.in_use():
        if time.monotonic() > until:
            break
        time.sleep(0.1)
    if in_use:
        raise StoreUnavailable(
            f"{store.place} is in use: what is written to it meanwhile would be lost.",
            "Nothing was changed. Stop the service, then run this again: sudo systemctl stop handrail",
        )


def held_in(store: Bulk) -> dict[str, int]:
    """How many rows each table has, of those that have any; without those that a new store has from the start."""
    found = {}
    for table in TABLES:
        if table != "learned_changes":
            [number] = store.execute(f"SELECT count(*) FROM {table} {_FROM_THE_START.get(table, '')}").fetchone()  # noqa: S608
            if number:
                found[table] = int(number)
    return found


def in_words(held: Mapping[str, int]) -> str:
    """What a store holds, in the words of those who use it; empty where it holds nothing."""
    known = [counted(held[table], *words) for table, words in _FOR_PEOPLE.items() if table in held]
    if not known:
        return "notes of its own, though nothing of customers" if held else ""
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def renew_change_number(db: Connection) -> None:
    """Let every process see that what is known may be something else."""
    db.execute("UPDATE learned_changes SET number = :number", {"number": secrets.randbelow(10**12)})


def _refuse_unfit(source: WholeStore) -> None:
    if not source.exists():
        raise StoreUnavailable(f"There is no store at {source.place}.", "Name the store: handrail store move FROM TO")
    known, applied = known_migrations(), source.applied()
    if not applied:
        raise StoreUnavailable(
            f"{source.place} has no tables of Handrail.", "Name the store: handrail store move FROM TO"
        )
    refuse_newer(source.place, applied, known)
    if applied != known:
        raise behind(source.place, known - applied, of_another=source.place)


def _copy(old: Bulk, new: Bulk, table: str, place: str) -> Copied:
    columns = new.columns(table)
    read, written = _Digest(), _Digest()
    new.fill(table, columns, read.of(old.rows(table, columns)))
    for _ in written.of(new.rows(table, columns)):
        pass
    if table != _NOT_COMPARED and (read.rows, read.total) != (written.rows, written.total):
        raise StoreUnavailable(
            f"{table} differs: {counted(read.rows, 'row')} were read, and {written.rows} of {place} are not the same.",
            "Nothing was changed. Tell us, with what this prints: handrail doctor",
        )
    return Copied(table, written.rows, f"{written.total:064x}")


def _carry_numbers(old: Bulk, new: Bulk, place: str) -> None:
    """A number that was ever given is never given again, whatever was erased."""
    numbers = old.numbers()
    new.number_on(numbers)
    reached = new.numbers()
    if behind := [table for table, number in numbers.items() if reached.get(table, 0) < number]:
        raise StoreUnavailable(
            f"{place} would number rows of {', '.join(behind)} again.", "Nothing was changed. Tell us: handrail doctor"
        )


class _Digest:
    """The digest of a table: the sum of the SHA-256 of its rows, so that their order does not matter."""

    def __init__(self) -> None:
        self.rows = 0
        self.total = 0

    def of(self, rows: Iterable[Sequence[SqlValue]]) -> Iterator[Sequence[SqlValue]]:
        """The same rows; each is counted when it passes."""
        for row in rows:
            self.rows += 1
            self.total = (self.total + _number_of(row)) % 2**256
            yield row


def _number_of(row: Sequence[SqlValue]) -> int:
    digest = hashlib.sha256()
    for value in row:
        content = value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogatepass")
        digest.update(f"{type(value).__name__} {len(content)} ".encode())
        digest.update(content)
    return int.from_bytes(digest.digest())
