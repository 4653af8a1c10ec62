"""What the commands share: opening the store of a site, and writing a file whole or not at all."""

from __future__ import annotations

from pathlib import Path

from handrail_feedback.storage.database import Store, existing_store
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError


def write_file(path: Path, content: bytes) -> None:
    """Write a customer's file for its reader alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError as error:
        raise HandrailError(f"{path} cannot be written: {error.strerror}.", "Name a folder of yours.") from error


def open_store(
    settings: Settings,
    nothing_kept: str = "no search and no message was kept yet",
    first: str = "Start the service",
) -> Store:
    """The store of this site; see `existing_store`."""
    return existing_store(settings.store_place, nothing_kept, first)
