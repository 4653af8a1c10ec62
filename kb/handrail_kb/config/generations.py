"""The generation of site and index that CURRENT names, and the built site in it: the same for every command."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from handrail_kb.config.plain_files import plain_text

CURRENT, SITE, LISTING = "CURRENT", "site", "site.list"
_LONGEST_NAME = 80


def current_name(index_dir: Path) -> str:
    """The name in CURRENT, unchecked. Raises OSError, and UnicodeDecodeError where it is not text."""
    return plain_text(index_dir / CURRENT).strip()


def generation_of(index_dir: Path, name: str) -> Path | None:
    """The folder of a generation; None where there is none of this name, or it would lead elsewhere."""
    if name in ("", "..") or len(name) > _LONGEST_NAME or Path(name).name != name:
        return None
    folder = index_dir / name
    return folder if folder.is_dir() else None


def site_in(generation: Path) -> Path | None:
    """The site of a generation; None where it is of an index alone."""
    return generation / SITE if (generation / LISTING).is_file() else None


def current_site(index_dir: Path) -> Path | None:
    """The site of the generation that CURRENT names; None where there is none."""
    with suppress(OSError, ValueError):
        folder = generation_of(index_dir, current_name(index_dir))
        return site_in(folder) if folder else None
    return None
