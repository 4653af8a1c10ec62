"""The description of a generation: format, recipes, counts, and the digest of each file."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from handrail_kb.config.generations import GENERATION, LISTING, newest_written
from handrail_kb.config.plain_files import how_to_clear, no_folder, plain_text, standing_at
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import IndexUnusable
from handrail_kb.language.printable import printable
from handrail_kb.site.built.passages import PASSAGE_RULES
from handrail_search.embedding.encoder import ENCODER_FILES, Recipe
from handrail_search.embedding.weights import sha256_of

INDEX_FORMAT = 18
# The trust in meaning from which verdicts are based on it.
TRUSTED = 0.5
REBUILD = "Build it again (a site of another generator: handrail index SITE_DIR): handrail build"
# Every file of a generation but its manifest and its site.
DATA_FILES = ("passages.db", "vectors.faiss", *(f"encoder/{name}" for name in ENCODER_FILES))
# Each file of the site with its digest, as `sha256sum --check` reads it.
SUMS = "site.sha256"


@dataclass(frozen=True)
class Floor:
    """Where a match stops being an answer: below `none` there is none, below `confident` it is weak.

    `none` and `confident` are on the scale of `verdict.confidence`; the others are the share of the question's words
    that a page holds, rare ones counting more. `probes` is how many questions were used to find them; 0 means that
    there were too few articles.
    """

    none: float
    confident: float
    words_none: float
    words_confident: float
    probes: int
    method: str = "each article's own questions, asked with the article taken out"

    def on_scale(self, share: float) -> Floor:
        """The floor for an encoder whose cosines reach this share of the usual ones."""
        return replace(self, none=self.none * share, confident=self.confident * share)


@dataclass(frozen=True)
class Manifest:
    """The contents of a generation.

    `trust` is how well the encoder knows the site's language, `endings` how well search by words does, both 0..1.
    """

    format: int
    passage_rules: int
    created: str
    recipe: Recipe
    pages: int
    passages: int
    rows: int
    trust: float
    floor: Floor
    files: Mapping[str, str]
    endings: float = 1.0

    def to_json(self) -> str:
        """As text with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


@dataclass(frozen=True)
class PageRow:
    """A page as stored in the index."""

    id: int
    location: str
    title: str
    description: str
    lang: str
    breadcrumb: tuple[str, ...]
    boost: float
    people_only: bool


@dataclass(frozen=True)
class PassageRow:
    """A passage as stored in the index; `heading` is the trail of headings under the title."""

    id: int
    page_id: int
    location: str
    heading: str
    text: str

    def is_below(self, other: PassageRow) -> bool:
        """Whether the section of another passage of its page has this one's among those below it."""
        return bool(other.heading) and self.heading.startswith(f"{other.heading} › ")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a generation. Raises IndexUnusable when it is missing, broken or of another format."""
    file = folder / "manifest.json"
    data = manifest_data(file)
    for name, ours in (("format", INDEX_FORMAT), ("passage_rules", PASSAGE_RULES)):
        if data.get(name) != ours:
            raise IndexUnusable(f"{file}: {name} is {data.get(name)!r}, this Handrail reads {ours!r}.", REBUILD)
    try:
        return Manifest(**{**data, "recipe": Recipe(**data["recipe"]), "floor": Floor(**data["floor"])})
    except (TypeError, KeyError) as error:
        raise IndexUnusable(f"{file} does not hold what it should: {error}.", REBUILD) from error


def manifest_data(file: Path) -> dict[str, Any]:
    """The content of a manifest, whatever its format. Raises IndexUnusable when it is missing or broken."""
    try:
        data: dict[str, Any] = json.loads(plain_text(file))
    except FileNotFoundError as error:
        what = f"{file.parent} has no manifest.json: this generation was never finished."
        raise IndexUnusable(what, REBUILD) from error
    except PermissionError as error:
        raise unreadable(file, error) from error
    except (OSError, ValueError, RecursionError) as error:
        raise IndexUnusable(f"{file} cannot be read: {error}.", REBUILD) from error
    if not isinstance(data, dict):
        raise IndexUnusable(f"{file} does not hold what it should: {str(data)[:60]}.", REBUILD)
    return data


def digest_files(folder: Path) -> dict[str, str]:
    """sha256 of each file of a generation, and of the two lists of its site's files where it has a site."""
    lists = [name for name in (LISTING, SUMS) if (folder / name).is_file()]
    return {name: sha256_of(folder / name) for name in (*DATA_FILES, *lists)}


def state_of(folder: Path) -> tuple[tuple[int, int, int], ...]:
    """What the system notes of each file of a generation: which one it is, its size, and when it was written."""

    def of(file: Path) -> tuple[int, int, int]:
        try:
            found = file.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    return tuple(of(folder / name) for name in DATA_FILES)


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Raise IndexUnusable unless the files of a generation have these digests."""
    for name in DATA_FILES:
        if not (folder / name).is_file():
            raise IndexUnusable(f"{folder} lacks {name}: this generation is half-written.", REBUILD)
        found, wanted = sha256_of(folder / name), files.get(name)
        if found != wanted:
            raise IndexUnusable(
                f"{folder / name} is not the file the manifest names: sha256 {found[:16]}…, "
                f"the manifest says {str(wanted)[:16]}….",
                REBUILD,
            )
    listing = folder / LISTING
    if LISTING in files and (not listing.is_file() or sha256_of(listing) != files[LISTING]):
        raise IndexUnusable(f"{listing} is not the file the manifest names: its site is half-copied.", REBUILD)


def unreadable(file: Path, error: OSError) -> IndexUnusable:
    """What to say of a file of a generation that the system does not let this user read."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return IndexUnusable(f"{file} cannot be read: {error.strerror or error}.", REBUILD)
    mend = f"Let the user of the service read it: ls -ld {as_typed(file.parent)} {as_typed(file)}"
    return IndexUnusable(f"{file} cannot be read: {error.strerror}.", mend)


def names_nothing(file: Path, name: str) -> IndexUnusable:
    """What to say where CURRENT, which names the generation that serves, names none that is there."""
    arrives = f"Copy it again: rsync -a {name} to {file.parent}. " if GENERATION.fullmatch(name) else ""
    what = f"names '{printable(name[:80])}', which is not there" if name.strip("\0") else "is empty"
    return IndexUnusable(f"{file} {what}.", arrives + _how_to_name(file))


def _how_to_name(file: Path) -> str:
    """What to do where CURRENT names nothing: where there are generations, one of them can be named."""
    found = newest_written(file.parent)
    if found is None:
        return REBUILD
    return f"Build it again: handrail build, or name what is there: echo {found.name} > {as_typed(file)}"


def without_a_name(file: Path, error: OSError | UnicodeDecodeError) -> IndexUnusable:
    """What to say where CURRENT, which names the generation that serves, cannot be read."""
    if isinstance(error, UnicodeDecodeError):
        return IndexUnusable(f"{file} is not text.", _how_to_name(file))
    if kind := standing_at(file):
        return IndexUnusable(f"{file} is {kind}, not a file.", f"{how_to_clear(file)}; handrail build")
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        if known := no_folder(file.parent, written=False):
            return IndexUnusable(*known)
        return IndexUnusable(f"There is no index at {file.parent}.", "Build it: handrail build")
    return IndexUnusable(
        f"{file} cannot be read: {error.strerror}.", f"See whose it is: ls -ld {as_typed(file.parent)} {as_typed(file)}"
    )
