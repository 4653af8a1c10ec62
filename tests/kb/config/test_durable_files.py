"""Folders of work: what a killed process left is removed, what is at work is not."""

from __future__ import annotations

import os
from pathlib import Path

from handrail_kb.config.durable_files import claim_folder, remove_abandoned, work_folder


def test_folders_that_killed_processes_left_are_removed_and_those_at_work_stay(tmp_path: Path) -> None:
    (tmp_path / "work-left").mkdir()
    (tmp_path / "work-left" / "file").write_text("half")
    with work_folder(tmp_path, "work-") as mine:
        assert not (tmp_path / "work-left").exists()
        remove_abandoned(tmp_path, "work-")
        assert mine.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_opened_keeps_no_other_folder_from_being_removed(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"work-{number}").mkdir()
        (tmp_path / f"work-file-{number}").write_text("no folder")
    folder, lock = claim_folder(tmp_path, "work-")
    os.close(lock)
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_dir()) == [folder.name]
    remove_abandoned(tmp_path / "nowhere", "work-")  # never raises
