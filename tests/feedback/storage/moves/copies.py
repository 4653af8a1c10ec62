"""Copies of a store that tests make."""

from __future__ import annotations

from pathlib import Path

from handrail_feedback.storage.database import whole_store
from handrail_feedback.storage.move import Copied, move

Place = Path | str


def copied(source: Place, target: Place, **more: bool) -> list[Copied]:
    told: list[Copied] = []
    move(whole_store(source), whole_store(target), told.append, **more)
    return told
