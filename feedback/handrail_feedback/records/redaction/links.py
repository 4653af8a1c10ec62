"""What tells of a person or opens a door in a link: its login, its query, and keys in its path. Pure."""

from __future__ import annotations

import re

from handrail_feedback.records.redaction.rewriting import Rules

# Without one of these there is no link: asked first, because the rules are slow.
MAY_BE_ONE = re.compile(r"(?i)/|www\.")
_LINK_LOGIN = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^\s/@\[]{1,200}@(?=[^\s@])")
# With and without its scheme: https://example.org/x?y, www.example.org?y, example.org/x?y.
_LINK = (
    r"(?:\b[a-z][a-z0-9+.-]{1,20}://[^\s?#]{1,500}|\bwww\.[^\s?#]{1,500}"
    r"|(?<![\w@./\\-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}/[^\s?#]{0,500})"
)
_LINK_QUERY = re.compile(rf"(?i)({_LINK})(?:\?(?!\[query\])|#(?=[^\s=]{{0,100}}=))\S{{1,2000}}")
_LINK_PATH = re.compile(rf"(?i){_LINK}")
# A part of a path; what stands before it says what it is for.
_PART = re.compile(
    r"(?i)(?<=/)(?:(?P<opens>reset|verify|verification|confirm|confirmation|invite|invitation|invites|join|activate|token|magic"
    r"|unsubscribe|optout|login|signin|auth|share|s|d|u|account|users?|orders?|customers?|tickets?)/)?"
    r"(?P<part>[\w.~=%+-]{6,500})(?=/|$|[.,;:!)]|\?)"
)
_LONG, _SHORT = 16, 6


def _path(match: re.Match[str]) -> str:
    return _PART.sub(_part, match[0])


def _part(match: re.Match[str]) -> str:
    """Letters and digits mixed in one long piece, or in a shorter one behind a word such as reset."""
    part = match["part"]
    least = _SHORT if match["opens"] else _LONG
    if not any(_is_key(piece, least) for piece in re.split(r"[-._~=%+]", part)):
        return match[0]
    return f"{match[0][: -len(part)]}[secret]"


def _is_key(piece: str, least: int) -> bool:
    digits = sum(map(str.isdigit, piece))
    return len(piece) >= least and digits >= 2 and (digits < len(piece) or least == _SHORT)


RULES: Rules = ((_LINK_LOGIN, r"\1[secret]@"), (_LINK_QUERY, r"\1?[query]"), (_LINK_PATH, _path))
