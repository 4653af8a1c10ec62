"""The digests of an exported encoder's files, written when it is made and compared before it is used again.

That a file is there, and even that it loads, does not say that it is whole: some damage only changes vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from handrail_kb.config.durable_files import write_down_all
from handrail_kb.config.plain_files import plain_text
from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.encoder import ENCODER_FILES
from handrail_search.embedding.weights import sha256_of

# As `sha256sum -c` reads it.
SEAL = "SHA256SUMS"


def seal(folder: Path) -> None:
    """Write down the digests of an exported encoder that was found good, and see to it that all is on the disk."""
    lines = (f"{sha256_of(folder / name)}  {name}\n" for name in ENCODER_FILES)
    (folder / SEAL).write_text("".join(lines), encoding="ascii")
    write_down_all(folder)


def sealed_digests(folder: Path) -> Mapping[str, str]:
    """The digests by the name of the file; none where there are none, or they cannot be read."""
    try:
        lines = plain_text(folder / SEAL).splitlines()
    except (OSError, ValueError):
        return {}
    found = (line.partition("  ") for line in lines)
    return {name: digest for digest, _, name in found if name in ENCODER_FILES}


def is_whole(folder: Path) -> bool:
    """Whether every file of an exported encoder is the one that was made."""
    wanted = sealed_digests(folder)
    try:
        return all(sha256_of(folder / name) == wanted.get(name) for name in ENCODER_FILES)
    except OSError:
        return False


def refuse_others(exported: Path, found: Mapping[str, str]) -> None:
    """Raise EncoderUnavailable unless these digests, of copies by their names, are those of what was exported."""
    for name, wanted in sealed_digests(exported).items():
        if found.get(name) != wanted:
            raise EncoderUnavailable(
                f"{exported / name} changed while it was copied: the disk loses or changes data.",
                "See what the disk says, then build again: dmesg | tail; handrail build --full",
            )
