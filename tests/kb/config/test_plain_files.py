"""The command that makes room for a file works as it stands, and loses nothing that has a content."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest

from handrail_kb.config.durable_files import show_room
from handrail_kb.config.plain_files import how_to_clear, standing_at


def a_socket(path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


KINDS = {
    "a folder": lambda path: path.mkdir(),
    "a named pipe": os.mkfifo,
    "a socket": a_socket,
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere"),
    "": lambda path: path.write_text("a backup"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["store.db", "Ana's help; site"])
def test_what_stands_in_the_way_is_cleared_by_the_command_as_it_is_named(tmp_path, monkeypatch, kind, name):
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    path = tmp_path / name
    KINDS[kind](path.relative_to(tmp_path))
    assert standing_at(path) == kind
    subprocess.run(how_to_clear(path), shell=True, check=True)
    assert not os.path.lexists(path)
    kept = [entry.name for entry in tmp_path.iterdir()]
    assert kept == ([f"{name}.old"] if kind in ("a folder", "") else [])


def test_the_room_on_a_disk_is_shown_by_the_command_as_it_is_named(tmp_path):
    folder = tmp_path / "Ana's help; site"
    folder.mkdir()
    subprocess.run(show_room(folder), shell=True, check=True, stdout=subprocess.DEVNULL)
