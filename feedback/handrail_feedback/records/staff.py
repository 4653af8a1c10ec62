"""Staff members and their roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

Role = Literal["agent", "lead"]
ROLES: tuple[Role, ...] = get_args(Role)
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


@dataclass(frozen=True)
class StaffMember:
    """A person who may sign in to the desk. `session` is the secret of their sessions."""

    name: str
    role: Role
    session: str
    made_at: datetime
    signed_in_at: datetime | None


def clean_name(typed: str) -> str:
    """The name as it is stored; empty if it is not a valid name."""
    name = typed.strip().lower()
    return name if _NAME.fullmatch(name) else ""
