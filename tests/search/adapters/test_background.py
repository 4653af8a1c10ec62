"""How often a thread that checks for changes looks."""

from __future__ import annotations

import os
import socket
import time

import pytest

from handrail_kb.errors import LockHeld
from handrail_kb.texts.log.logger import Log
from handrail_search.background import Watch, only_one
from waiting import until


class Looking(Watch):
    """Takes 0.1 seconds for a look, and is to rest a thousand times as long."""

    rest = 1000.0
    trouble = "topics.not_refreshed"
    log = Log(__name__)

    def __init__(self, *, fails: bool) -> None:
        super().__init__(0.01)
        self.fails = fails
        self.looks: list[float] = []

    def look_once(self) -> None:
        self.looks.append(time.monotonic())
        self.stopped.wait(0.1)
        if self.fails:
            raise OSError("the server is away")


def test_a_look_in_vain_is_not_rested_from_so_that_what_is_well_again_is_seen_soon() -> None:
    looking = Looking(fails=True)
    looking.watch()
    until(lambda: len(looking.looks) >= 3, seconds=20)
    looking.stop()


def test_a_look_that_was_work_is_rested_from() -> None:
    busy, in_vain = Looking(fails=False), Looking(fails=True)
    busy.watch()
    in_vain.watch()
    until(lambda: len(in_vain.looks) >= 5, seconds=20)
    assert len(busy.looks) == 1
    busy.stop()
    in_vain.stop()


def test_of_reasons_that_are_new_each_time_ten_are_told_until_all_is_well_again(caplog) -> None:
    looking = Looking(fails=True)

    def fail(times: int) -> None:
        for number in range(times):
            looking.look_once = lambda number=number: (_ for _ in ()).throw(OSError(1, f"{number} bytes are there"))
            assert not looking.look()

    fail(1000)
    assert len(caplog.records) == 10
    looking.look_once = lambda: None
    assert looking.look()
    fail(1)
    assert len(caplog.records) == 11


def test_reasons_that_take_turns_are_told_once_each(caplog) -> None:
    looking = Looking(fails=True)
    for _ in range(3):
        for reason in ("the server is away", "the server is slow"):
            looking.look_once = lambda reason=reason: (_ for _ in ()).throw(OSError(1, reason))
            assert not looking.look()
    assert [record.message.rpartition(": ")[2] for record in caplog.records] == [
        "the server is away",
        "the server is slow",
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (None, "as process {here}: it holds|ps -o pid,etime,args -p {here}"),
        ("4711 another-machine\n", "as process 4711 on another-machine|See it there: ps -o"),
        ("", "Another build is running: it holds|fuser -v"),
        ("an older version's words", "fuser -v"),
    ],
)
def test_who_finds_a_lock_held_is_told_by_which_process_and_how_to_see_it(tmp_path, said, told) -> None:
    file = tmp_path / "build.lock"
    file.write_text("999999999 gone\n" * 30)  # of one that was killed
    with only_one(file):
        assert file.read_text() == f"{os.getpid()} {socket.gethostname()}\n"
        if said is not None:
            file.write_text(said)
        with pytest.raises(LockHeld) as refused, only_one(file):
            pass
    assert all(part in str(refused.value) for part in told.format(here=os.getpid()).split("|")), refused.value
    with only_one(file):
        pass
