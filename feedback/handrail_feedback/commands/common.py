"""What the commands share: opening the store of a site, and writing a file whole or not at all."""

from __future__ import annotations

from pathlib import Path

from handrail_feedback.storage.database import Store
from handrail_kb.config.settings import Settings
from handrail_kb.errors import HandrailError, StoreUnavailable


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
    """The store of this site. A mistyped folder must not leave an empty store behind.

    Raises StoreUnavailable, which says that `nothing_kept` and what to do `first`.
    """
    if not settings.store_file.exists():
        raise StoreUnavailable(
            f"There is no store at {settings.store_file}: {nothing_kept}.",
            f"{first}, or name the right site: --config PATH/mkdocs.yml",
        )
    return Store(settings.store_file)
