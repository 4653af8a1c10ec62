"""Files that come with a message: what they are is told by their first bytes, never by their name or by the browser.

They lie in the store beside the message: outside of anything a web server shows, in the same transaction, the same
back-up, and gone with it. Knows nothing of HTTP and of how a message is delivered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sqlite_utils import Database

from handrail_feedback.db import Row, Store, storable

MOST_FILES = 5
# Of all messages together, in bytes: nobody may fill the disk.
MOST_STORED = 2 * 1024**3
_LONGEST_NAME = 80
_TYPES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
}
# What browsers offer to choose from.
ACCEPTED = ",".join(ending for endings in _TYPES.values() for ending in endings)


@dataclass(frozen=True)
class Attachment:
    """A file of a message. `content` is empty where only its name is needed; `size` is in bytes."""

    name: str
    type: str
    size: int
    id: int = 0
    content: bytes = field(default=b"", repr=False)


def read_file(name: str, content: bytes) -> Attachment | None:
    """The file with a harmless name and the type that its content has; None when it is none that we take."""
    found = type_of(content)
    return Attachment(_harmless(name, found), found, len(content), content=content) if found else None


def type_of(content: bytes) -> str:
    """The type by the signature that each of these formats begins with; empty for every other."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if content.startswith(b"%PDF-") else ""


def _harmless(name: str, kind: str) -> str:
    """The last part of the name, in letters that steer nothing, with an ending that fits the content."""
    last = storable(name, 1000).replace("\\", "/").rpartition("/")[2]
    plain = "".join(letter if letter.isprintable() and letter not in '<>:"|?*%;' else "_" for letter in last).strip(
        " ."
    )
    path = PurePosixPath(plain or "file")
    endings = _TYPES[kind]
    if path.suffix.lower() in endings:
        return path.stem[:_LONGEST_NAME] + path.suffix.lower()
    return plain[:_LONGEST_NAME] + endings[0] if plain else f"file{endings[0]}"


def put_attachments(db: Database, code: str, attachments: Iterable[Attachment]) -> None:
    """Write the files of a message, inside the transaction that writes it."""
    for one in attachments:
        db.execute(
            "INSERT INTO attachments (code, name, type, size, content) VALUES (:code, :name, :type, :size, :content)",
            {"code": code, "name": one.name, "type": one.type, "size": one.size, "content": one.content},
        )


def attachments_of(store: Store, code: str, *, contents: bool = False) -> tuple[Attachment, ...]:
    """The files of a message in their order, with what is in them where that is asked for."""
    columns = "id, name, type, size, content" if contents else "id, name, type, size"
    rows = store.read(f"SELECT {columns} FROM attachments WHERE code = :code ORDER BY id", code=code)  # noqa: S608
    return tuple(map(_attachment, rows))


def attachments_by_code(store: Store) -> dict[str, tuple[Attachment, ...]]:
    """The files of all messages, without what is in them."""
    found: dict[str, tuple[Attachment, ...]] = {}
    for row in store.read("SELECT id, code, name, type, size FROM attachments ORDER BY id"):
        found[row["code"]] = (*found.get(row["code"], ()), _attachment(row))
    return found


def has_room(store: Store, attachments: Sequence[Attachment]) -> bool:
    """Whether the store may take these files as well. Raises StoreUnavailable."""
    [row] = store.read("SELECT coalesce(sum(size), 0) AS bytes FROM attachments")
    return bool(row["bytes"] + sum(one.size for one in attachments) <= MOST_STORED)


def _attachment(row: Row) -> Attachment:
    return Attachment(row["name"], row["type"], row["size"], row["id"], row.get("content", b""))
