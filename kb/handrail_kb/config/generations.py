"""The generation of site and index that CURRENT names, and the built site in it: the same for every command."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handrail_kb.config.plain_files import plain_text

CURRENT, SITE, LISTING = "CURRENT", "site", "site.list"
GENERATION = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
# What some editors and shells write before the first letter.
_MARK = "\ufeff"
_DATED = "%Y%m%dT%H%M%S"
_LONGEST_NAME = 80


def current_name(index_dir: Path) -> str:
    """The name in CURRENT, unchecked. Raises OSError, and UnicodeDecodeError where it is not text."""
    return plain_text(index_dir / CURRENT).removeprefix(_MARK).strip()


def is_name(name: str) -> bool:
    """Whether this names an entry of a folder, and leads nowhere else."""
    return name not in ("", "..") and len(name) <= _LONGEST_NAME and Path(name).name == name


def generation_of(index_dir: Path, name: str) -> Path | None:
    """The folder of a generation; None where there is none of this name, or it would lead elsewhere."""
    return index_dir / name if is_name(name) and (index_dir / name).is_dir() else None


def generations_in(index_dir: Path) -> list[Path]:
    """What has the name of a generation there, the newest first."""
    try:
        names = sorted((entry.name for entry in index_dir.iterdir()), reverse=True)
    except OSError:
        return []
    return [index_dir / name for name in names if GENERATION.fullmatch(name)]


def after_all(index_dir: Path, at: datetime) -> datetime:
    """The moment that a new generation is named after: later than those of all that are there.

    A clock may have been set back. The new one would stand before older ones then, which would be kept for ever.
    """
    with suppress(IndexError, ValueError, OverflowError):
        newest = datetime.strptime(generations_in(index_dir)[0].name[:15], _DATED).replace(tzinfo=UTC)
        return newest + timedelta(seconds=1) if newest > at else at
    return at


def newest_written(index_dir: Path) -> Path | None:
    """The newest generation there that was written to its end, as far as its name and its manifest say."""
    return next((one for one in generations_in(index_dir) if (one / "manifest.json").is_file()), None)


def generations_before(generation: Path) -> list[Path]:
    """The generations at hand that are older than one, which need not be there, the newest first."""
    return [one for one in generations_in(generation.parent) if one.name < generation.name]


def site_in(generation: Path) -> Path | None:
    """The site of a generation; None where it is of an index alone."""
    return generation / SITE if (generation / LISTING).is_file() else None


def current_site(index_dir: Path) -> Path | None:
    """The site of the generation that CURRENT names; None where there is none.

    Where that generation or its site is gone, or may not be read, that of the newest one before it: a service starts on
    it as it would have gone on with it.
    """
    with suppress(OSError, ValueError):
        name = current_name(index_dir)
        if not is_name(name):
            return None
        named = index_dir / name
        site = site_in(named)
        if site is None and named.is_dir():  # an index alone
            return None
        if site and _is_of_use(site):  # so that folders are listed only where something is missing
            return site
        return next(
            (former for former in map(site_in, generations_before(named)) if former and _is_of_use(former)), None
        )
    return None


def _is_of_use(site: Path) -> bool:
    return site.is_dir() and os.access(site, os.R_OK | os.X_OK)
