"""What processes of a node have counted outlives them, in as many files as there are processes now."""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from handrail_search.service.monitoring import allocated_counts, process_files
from handrail_search.service.monitoring.allocated_counts import AllocatedDict
from handrail_search.service.monitoring.process_files import ProcessFiles, merge_ended

COUNTER = mmap_key("asked", "asked_total", ("verdict",), ("none",), "Asked.")
BUCKETS = [mmap_key("took", "took_bucket", ("le",), (bound,), "Took.") for bound in ("0.5", "1.0", "+Inf")]
SUM = mmap_key("took", "took_sum", (), (), "Took.")
WAITING = mmap_key("waiting", "waiting", (), (), "Waiting.")


@pytest.fixture
def process(tmp_path):
    """A process that has counted: `process(7, asked=3)`."""

    def count(pid, asked=1):
        counter = MmapedDict(str(tmp_path / f"counter_{pid}.db"))
        counter.write_value(COUNTER, float(asked), 0.0)
        took = MmapedDict(str(tmp_path / f"histogram_{pid}.db"))
        for bucket, times in zip(BUCKETS, (1, 2, 0), strict=True):
            took.write_value(bucket, float(times), 0.0)
        took.write_value(SUM, 2.5, 0.0)
        waiting = MmapedDict(str(tmp_path / f"gauge_livesum_{pid}.db"))
        waiting.write_value(WAITING, 1.0, 0.0)
        for one in (counter, took, waiting):
            one.close()

    return count


@pytest.fixture
def told(tmp_path):
    """The sum of all processes: `told("asked_total")`."""
    registry = CollectorRegistry()
    registry.register(ProcessFiles(tmp_path))
    return lambda name, **labels: registry.get_sample_value(name, labels)


def files(tmp_path):
    return sorted(one.name for one in tmp_path.iterdir() if one.name != "lock")


def test_whoever_reads_never_meets_a_file_that_a_process_without_room_has_only_begun(told, tmp_path, monkeypatch):
    def full(_file, _size):
        assert told("asked_total") is None  # reads all files, and fails at one that is empty
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(allocated_counts, "lengthen", full)
        count = AllocatedDict(str(tmp_path / "counter_7.db"))
        count.write_value(COUNTER, 1.0, 0.0)
    assert files(tmp_path) == []
    count.write_value(COUNTER, 2.0, 0.0)
    assert files(tmp_path) == ["counter_7.db"] and told("asked_total", verdict="none") == 2.0
    count.close()


def test_after_two_hundred_reloads_there_are_as_many_files_as_before_and_no_count_went_back(process, told, tmp_path):
    most = 0
    for reload in range(200):
        living = {2 * reload + 1, 2 * reload + 2}
        for pid in living:
            process(pid)
        before = told("asked_total", verdict="none")
        merge_ended(tmp_path, living)
        assert told("asked_total", verdict="none") == before == 2 * reload + 2
        most = max(most, len(files(tmp_path)))
    assert most == 2 * 3 + 2
    merge_ended(tmp_path, set())
    assert files(tmp_path) == ["counter_ended.db", "histogram_ended.db"]
    assert [told("took_bucket", le=bound) for bound in ("0.5", "1.0", "+Inf")] == [400, 1200, 1200]
    assert (told("took_count"), told("took_sum")) == (1200, 1000)
    assert told("waiting") is None, "who has ended has nothing that waits"


def test_whoever_reads_while_files_are_merged_sees_every_count_once(process, told, tmp_path):
    for pid in range(1, 60):
        process(pid)
    seen, ended = set(), threading.Event()

    def read():
        while not ended.wait(0.03):
            seen.add((told("asked_total", verdict="none"), told("took_sum")))

    reading = threading.Thread(target=read)
    reading.start()
    for pid in range(1, 60):
        with suppress(BlockingIOError):  # then the next one's end merges both
            merge_ended(tmp_path, set(range(pid + 1, 60)))
    ended.set()
    reading.join()
    assert seen == {(59, 59 * 2.5)}
    merge_ended(tmp_path, set())
    assert (told("asked_total", verdict="none"), len(files(tmp_path))) == (59, 2)


def test_a_new_process_with_the_number_of_an_ended_one_counts_from_nothing(process, told, tmp_path):
    process(7, asked=5)
    merge_ended(tmp_path, set())
    process(7, asked=2)
    assert told("asked_total", verdict="none") == 7
    merge_ended(tmp_path, set())
    assert told("asked_total", verdict="none") == 7


def test_on_a_full_disk_the_files_stay_and_are_merged_later(process, told, tmp_path, monkeypatch):
    process(1)
    process(2)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(process_files, "lengthen", full)
        with pytest.raises(OSError, match="No space"):
            merge_ended(tmp_path, {2})
    assert told("asked_total", verdict="none") == 2
    assert not list(tmp_path.glob("*.part"))
    merge_ended(tmp_path, {2})
    assert told("asked_total", verdict="none") == 2
    assert not (tmp_path / "counter_1.db").exists()


def test_who_sees_to_processes_that_hang_does_not_wait_for_one_that_hangs_while_it_reads(
    process, told, tmp_path, monkeypatch
):
    process(1)
    monkeypatch.setattr(process_files, "_PAUSES", (0.01, 0.01))
    merge_ended(tmp_path, {1})
    reading = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(reading, fcntl.LOCK_SH)
    with pytest.raises(BlockingIOError):
        merge_ended(tmp_path, set())
    os.close(reading)
    merge_ended(tmp_path, set())
    assert told("asked_total", verdict="none") == 1


@pytest.mark.parametrize("damage", [b"", b"\xff" * 100, b"\x40\x00\x00\x00" + bytes(10)])
def test_a_file_that_its_process_did_not_finish_stops_no_scrape_for_ever(process, told, tmp_path, damage):
    process(1, asked=4)
    Path(tmp_path / "counter_2.db").write_bytes(damage)
    merge_ended(tmp_path, set())
    assert told("asked_total", verdict="none") == 4
    assert files(tmp_path) == ["counter_ended.db", "histogram_ended.db"]
