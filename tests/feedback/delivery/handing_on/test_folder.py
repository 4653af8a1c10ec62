"""Delivery into a folder: whole files, also when the disk is full or the process is killed."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from handrail_feedback.delivery.folder import Folder
from handrail_kb.errors import DeliveryFailed


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_a_message_is_one_file_that_its_owner_alone_can_read(tmp_path, letter):
    message = letter("Größe 中文")
    Folder(tmp_path / "out" / "box").deliver(message)
    [file] = (tmp_path / "out" / "box").iterdir()
    assert file.name == f"{message.code}.json"
    assert json.loads(file.read_text(encoding="utf-8"))["message"] == "Größe 中文"
    assert "Größe 中文" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_message_delivered_twice_is_one_file(tmp_path, letter):
    message = letter()
    for _ in range(2):
        Folder(tmp_path / "box").deliver(message)
    assert names(tmp_path / "box") == [f"{message.code}.json"]


@pytest.mark.parametrize("call", ["fsync", "open", "fdopen"])
@pytest.mark.parametrize(("code", "what"), [(errno.ENOSPC, "is full"), (errno.EIO, "cannot be written")])
def test_a_full_or_broken_disk_leaves_no_half_file(tmp_path, letter, monkeypatch, call, code, what):
    message, folder = letter(), Folder(tmp_path / "box")

    def fail(*_args, **_more):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(DeliveryFailed, match=what) as raised:
            folder.deliver(message)
    assert raised.value.of_channel
    assert raised.value.mend
    for file in (tmp_path / "box").iterdir():  # whole, or not there
        assert json.loads(file.read_bytes())["code"] == message.code
    folder.deliver(message)
    assert names(tmp_path / "box") == [f"{message.code}.json"]


DIE_AT_RENAME = """
import os, pathlib, signal, sys
from datetime import UTC, datetime
from handrail_feedback.storage.messages.messages import KeptMessage
from handrail_feedback.delivery.folder import Folder
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Folder(pathlib.Path(sys.argv[1])).deliver(KeptMessage(sys.argv[2], "x", "", "", "en", datetime.now(UTC), "waiting"))
"""


def test_what_a_killed_attempt_left_is_swept_by_the_next(tmp_path, letter):
    message = letter()
    died = subprocess.run([sys.executable, "-c", DIE_AT_RENAME, tmp_path / "box", message.code], check=False)
    assert died.returncode == -signal.SIGKILL
    [left] = names(tmp_path / "box")
    assert not left.endswith(".json")
    Folder(tmp_path / "box").deliver(message)
    assert names(tmp_path / "box") == [f"{message.code}.json"]


def test_a_file_in_the_way_is_named(tmp_path, letter):
    (tmp_path / "box").write_text("in the way")
    with pytest.raises(DeliveryFailed, match="cannot be written") as raised:
        Folder(tmp_path / "box").deliver(letter())
    assert "outbox_dir" in raised.value.mend


def test_the_doctor_can_look_and_leaves_nothing(tmp_path):
    assert "can be written" in Folder(tmp_path / "not" / "there").check()
    assert names(tmp_path) == []
