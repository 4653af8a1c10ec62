"""Reads HTML files in the character encoding that each declares."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from pathlib import Path

# The first bytes, in which browsers look for the encoding.
_HEAD = 1024
_CHARSET = re.compile(rb"""<meta\b[^<>]*?\bcharset\s*=\s*["']?\s*([a-zA-Z0-9_.:-]{1,40})""", re.I)
_UTF_8 = "utf-8"
# Names that browsers read as windows-1252, as HTML demands.
_LATIN = frozenset({"iso8859-1", "latin-1", "ascii", "us-ascii"})


def charset_of(head: bytes) -> str:
    """Python's name of the encoding that the beginning of a file declares; UTF-8 if it declares no known one."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    found = None if head.startswith(codecs.BOM_UTF8) else _CHARSET.search(head[:_HEAD])
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else _UTF_8
        "".encode(name)
    except LookupError:  # unknown to Python, or not a text encoding
        return _UTF_8
    return "cp1252" if name in _LATIN else _UTF_8 if name.startswith("utf-16") else name


def html_of(file: Path) -> str:
    """The text of an HTML file. Raises UnicodeDecodeError if it is not in the encoding that it declares."""
    raw = file.read_bytes()
    charset = charset_of(raw[:_HEAD])
    if charset == "cp1252":  # as in browsers, every byte is valid
        return raw.decode(charset, "replace")
    return raw.decode("utf-8-sig" if charset == _UTF_8 else charset).replace("\r\n", "\n")


def content_type(file: Path) -> str:
    """The content type of an HTML file, with the encoding that it declares."""
    try:
        state = file.stat()
        return f"text/html; charset={_charset_at(file, state.st_mtime_ns, state.st_size)}"
    except OSError:
        return f"text/html; charset={_UTF_8}"


@lru_cache(2000)
def _charset_at(file: Path, _changed: int, _size: int) -> str:
    with file.open("rb") as stream:
        charset = charset_of(stream.read(_HEAD))
    return "windows-1252" if charset == "cp1252" else charset
