"""Delivers into a folder: one JSON file for each message, written completely or not at all. Knows no outbox."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from handrail_feedback.delivery.letters import payload
from handrail_feedback.records.messages import KeptMessage
from handrail_kb.config.durable_files import NO_ROOM, show_room
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import DeliveryFailed


@dataclass(frozen=True)
class Folder:
    """Writes messages into one folder, which it creates if missing, readable for its owner only."""

    path: Path
    desk: str = ""
    name: str = "folder"

    def deliver(self, message: KeptMessage) -> None:
        """Write `CODE.json`, in place of what an earlier attempt wrote. Raises DeliveryFailed unless it is on disk."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self.path / f"{message.code}.json"
            _replace(file, json.dumps(payload(message, self.desk), indent=1, ensure_ascii=False).encode() + b"\n")
            for left in self.path.glob(f".{message.code}.*.tmp"):  # left by attempts that were killed
                left.unlink(missing_ok=True)
        except OSError as error:
            raise _failure(self.path, error) from error

    def check(self) -> str:
        """Write and remove an empty file there, or where the folder would be made. Raises DeliveryFailed."""
        there = next(place for place in (self.path, *self.path.absolute().parents) if place.is_dir())
        try:
            with tempfile.NamedTemporaryFile(prefix=".check.", dir=there):
                pass
        except OSError as error:
            raise _failure(self.path, error) from error
        return f"{self.path} can be written"


def _replace(file: Path, content: bytes) -> None:
    """Write the content under another name, then rename, so that a reader of the folder never sees half a file."""
    handle, name = tempfile.mkstemp(prefix=f".{file.stem}.", suffix=".tmp", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        Path(name).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the new name must survive a power failure, too
    finally:
        os.close(folder)


def _failure(folder: Path, error: OSError) -> DeliveryFailed:
    if error.errno in NO_ROOM:
        return DeliveryFailed(f"The disk of {folder} is full.", f"Make room: {show_room(folder)}", of_channel=True)
    return DeliveryFailed(
        f"{folder} cannot be written: {error.strerror or error}.",
        f"Let the service write to it: ls -ld {as_typed(folder)}; the setting is outbox_dir.",
        of_channel=True,
    )
