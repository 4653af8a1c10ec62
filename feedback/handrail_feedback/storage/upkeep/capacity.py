"""How much of each kind the store may hold, so that nobody can fill a disk; messages go on when all else has stopped.

Rows are counted, in the same way in both databases; of an SQLite file the disk below it is watched, too. Counting takes
a moment, so it is done once a minute in each process, and a minute's worth more may come in.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from handrail_feedback.records.messages import MOST_STORED
from handrail_feedback.storage.database import Store
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.texts.amounts import percent
from handrail_kb.texts.log.logger import Log

log = Log(__name__)

Kind = Literal["searches", "events", "votes", "attachments", "notifications", "messages"]
MEGABYTE = 1024 * 1024
# From here on the operator hears of it.
NEAR = 0.9
_COUNT_EVERY_SECONDS = 60.0
_MEND = "Make room, or keep searches for a shorter time (retention_days). See: handrail doctor"


@dataclass(frozen=True)
class Limit:
    """The bounds of one kind. `a_day` and `most` are numbers of them, of attachments bytes.

    `a_day` is for one address, `most` for all together. `free` is how many bytes of the disk it leaves to the kinds
    below it in `LIMITS`. `counted` is the SQL for how many there are, up to one more than `:most`.
    """

    kind: Kind
    a_day: int
    most: int
    free: int
    counted: str
    when_full: str


def _rows(table: str) -> str:
    return f"SELECT count(*) AS there FROM (SELECT 1 FROM {table} LIMIT :most + 1) AS counted"  # noqa: S608 (our own)


# The first to stop comes first.
LIMITS: Mapping[Kind, Limit] = {
    one.kind: one
    for one in (
        Limit("events", 20_000, 5_000_000, 128 * MEGABYTE, _rows("openings"), "not kept; clicks work as ever"),
        Limit("searches", 5_000, 5_000_000, 128 * MEGABYTE, _rows("searches"), "answered, and not kept"),
        Limit("votes", 200, 500_000, 96 * MEGABYTE, _rows("votes"), "refused with a sentence"),
        Limit("notifications", 50, 50_000, 64 * MEGABYTE, _rows("tellings"), "refused with a sentence"),
        Limit(
            "attachments",
            250 * MEGABYTE,
            MOST_STORED,
            32 * MEGABYTE,
            "SELECT coalesce(sum(size), 0) AS there FROM attachments",
            "refused; the message is taken without them",
        ),
        Limit("messages", 200, 1_000_000, 0, _rows("messages"), "refused, with the other ways to reach you"),
    )
}


@dataclass(frozen=True)
class Filled:
    """How full one kind is: the share of its rows, or of the disk that it may use, whichever is nearer to its end."""

    kind: Kind
    there: int
    most: int
    share: float
    by_disk: bool

    @property
    def near(self) -> bool:
        """Whether the operator should do something."""
        return self.share >= NEAR

    @property
    def full(self) -> bool:
        """Whether no more is kept."""
        return self.share >= 1

    def told(self) -> str:
        """How full it is, in words."""
        if self.by_disk:
            return f"{self.kind}: the disk of the store is {'too full for more' if self.full else 'nearly full'}"
        return f"{self.kind}: {percent(self.share)} of {_amount(self.kind, self.most)}"


def how_full(store: Store) -> list[Filled]:
    """Every kind as it is now. Raises StoreUnavailable."""
    free = _free_bytes(store)
    return [_filled(store, limit, free) for limit in LIMITS.values()]


def _filled(store: Store, limit: Limit, free: int | None) -> Filled:
    [row] = store.read(limit.counted, **({"most": limit.most} if ":most" in limit.counted else {}))
    of_rows = row["there"] / limit.most
    # Twice what it has to leave free is when the operator hears of it.
    of_disk = 0.0 if free is None or not limit.free else 1 - (free - limit.free) * (1 - NEAR) / limit.free
    return Filled(limit.kind, row["there"], limit.most, max(of_rows, of_disk, 0.0), of_disk > of_rows)


def _free_bytes(store: Store) -> int | None:
    """What is free where the file of the store is; None for a database, whose disk is elsewhere."""
    if not isinstance(store.at, Path):
        return None
    try:
        return shutil.disk_usage(store.at.absolute().parent).free
    except OSError:  # the store will say itself what is wrong with its place
        return None


def _amount(kind: Kind, number: int) -> str:
    return f"{number // MEGABYTE} MB" if kind == "attachments" else f"{number:,}"


def capacity_table() -> str:
    """The limits as a table for the documentation."""
    head = "| Kept | One address, a day | All together | Stops with so much disk free | Then |\n|---|---|---|---|---|"
    rows = [
        f"| {one.kind} | {_amount(one.kind, one.a_day)} | {_amount(one.kind, one.most)} | "
        f"{f'{one.free // MEGABYTE} MB' if one.free else 'goes on until it is full'} | {one.when_full} |"
        for one in LIMITS.values()
    ]
    return "\n".join([head, *rows])


class Capacity:
    """Whether there is room for more of a kind, as last counted; says in the log when it gets short."""

    def __init__(self, store: Store, *, every: float = _COUNT_EVERY_SECONDS) -> None:
        """Nothing is counted before the first question."""
        self._store = store
        self._every = every
        self._counting = threading.Lock()
        self._counted_at = -every
        self._filled: dict[Kind, Filled] = {}

    def has_room(self, kind: Kind) -> bool:
        """Whether one more may be kept. Yes while the store cannot be asked: what writes says what is wrong with it."""
        if time.monotonic() - self._counted_at >= self._every and self._counting.acquire(blocking=False):
            try:
                self._count()
            finally:
                self._counting.release()
        found = self._filled.get(kind)
        return found is None or not found.full

    def need_room(self, kind: Kind) -> None:
        """Raise StoreUnavailable where no more of this kind may be kept."""
        if not self.has_room(kind):
            raise StoreUnavailable(
                f"The store is full ({self._filled[kind].told()}).", "Make room: handrail doctor", passing=True
            )

    def _count(self) -> None:
        self._counted_at = time.monotonic()
        try:
            found = {one.kind: one for one in how_full(self._store)}
        except StoreUnavailable:
            return
        before, self._filled = self._filled, found
        for kind, one in found.items():
            known = before.get(kind)
            if one.full and not (known and known.full):
                error = HandrailError(f"{one.told()}; {LIMITS[kind].when_full}.", _MEND)
                log("store.full", reason=error)
            elif one.near and not (known and known.near):
                error = HandrailError(f"{one.told()}.", _MEND)
                log("store.filling", reason=error)
