"""On a full disk each command says so in one message, and leaves what there was."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from handrail_feedback.storage.database import Store
from handrail_kb.errors import SiteError
from handrail_search.index.generation import current_generation
from handrail_search.index.site_switch import workplace

from .small_site import write_small_site


@contextmanager
def small_disk(folder, kib, files=0):  # 0: as many as there is memory for
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kib}k,nr_inodes={files}", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("a disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, leave=0):
    with (folder / "filling").open("ab", buffering=0) as opened:
        try:
            while True:
                opened.write(bytes(1 << 12))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        opened.truncate(max(opened.tell() - leave, 0))


def run(root, *arguments, output=subprocess.PIPE):
    return subprocess.run(
        [sys.executable, "-m", "handrail_kb.cli", *arguments],
        cwd=root,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )


def is_told(done):
    """One message with what to do, and nothing that only a programmer reads."""
    said = f"{done.stdout or ''}{done.stderr}"
    assert done.returncode == 1, said
    assert "Traceback" not in said, said
    assert "Exception ignored" not in said, said
    assert any(words in said for words in ("full", "No space left", "room")), said
    assert all(Path(folder).is_dir() for folder in re.findall(r"df -h (\S+)", said)), said
    assert "df -h" in said, said


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    root = write_small_site(tmp_path_factory.mktemp("full") / "help")
    lend_encoder(root / ".handrail")
    done = run(root, "build")
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def on_small_disk(built, tmp_path):
    """A copy of a built site on a disk of its own; the encoder is on another."""
    with small_disk(tmp_path / "disk", 114_688) as disk:
        root = disk / "help"
        shutil.copytree(built, root, symlinks=True)
        yield root


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(leave, id=f"{leave // 1024} KiB left", marks=() if leave == 400_000 else pytest.mark.torture)
        for leave in (0, 40_960, 400_000, 1_500_000)
    ],
)
def test_a_build_on_a_full_disk_says_so_and_site_and_index_stay(on_small_disk, leave):
    before = current_generation(on_small_disk / ".handrail" / "index").name
    page = (on_small_disk / "site" / "pears" / "index.html").read_bytes()
    (on_small_disk / "docs" / "pears.md").write_text("# Pears\n\nOther words.\n")
    fill(on_small_disk.parent, leave)
    is_told(run(on_small_disk, "build"))
    assert current_generation(on_small_disk / ".handrail" / "index").name == before
    assert (on_small_disk / "site" / "pears" / "index.html").read_bytes() == page
    (on_small_disk.parent / "filling").unlink()
    done = run(on_small_disk, "build")
    assert done.returncode == 0, done.stderr
    assert b"Other words" in (on_small_disk / "site" / "pears" / "index.html").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [("new", "other"), ("backup",), ("store", "move", "other.db"), ("users", "add", "anna"), ("index", "site")],
    ids=" ".join,
)
def test_each_command_that_writes_says_that_the_disk_is_full(on_small_disk, arguments):
    store = Store(on_small_disk / ".handrail" / "store.db")
    store.check()
    store.shred()
    store.close()
    fill(on_small_disk.parent)
    is_told(run(on_small_disk, *arguments))


def test_a_folder_that_a_full_disk_kept_from_being_made_whole_is_kept_out_of_git_the_next_time(on_small_disk):
    store = Store(on_small_disk / ".handrail" / "store.db")
    store.check()
    store.close()
    fill(on_small_disk.parent)
    is_told(run(on_small_disk, "backup"))
    assert not (on_small_disk / ".handrail" / "backups").exists(), "nothing is left by half"
    (on_small_disk.parent / "filling").unlink()
    assert run(on_small_disk, "backup").returncode == 0
    assert "*" in (on_small_disk / ".handrail" / "backups" / ".gitignore").read_text().split()


def test_a_disk_without_room_for_another_file_is_named_although_bytes_are_free(tmp_path):
    with small_disk(tmp_path / "disk", 4096, files=30) as root:
        (root / "mkdocs.yml").write_text("site_name: Acme\n")
        store = Store(root / ".handrail" / "store.db")
        store.check()
        store.close()
        with pytest.raises(OSError, match="No space left"):
            for number in range(30):
                (root / f"{number}.txt").touch()
        done = run(root, "backup")
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        assert f"df -i {root / '.handrail'}" in done.stderr
        found = run(root, "doctor")
        assert "no room for another file" in found.stdout
        assert f"df -i {root / '.handrail'}" in found.stdout


@pytest.mark.parametrize("arguments", [("settings",), ("doctor",), ("--help",)], ids=" ".join)
def test_output_to_a_full_disk_is_told_in_one_message(on_small_disk, arguments):
    fill(on_small_disk.parent)
    with (on_small_disk.parent / "said.txt").open("w") as output:
        done = run(on_small_disk, *arguments, output=output)
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr


def test_a_disk_without_room_for_the_folder_of_a_new_site_is_named(tmp_path):
    with small_disk(tmp_path / "disk", 64, files=2) as disk:
        (disk / "site").mkdir()
        with pytest.raises(SiteError, match="no room for the site") as told:
            workplace(disk / "site")
        assert told.value.mend == f"Make room: df -i {disk}"
