"""What questions found at the last check, in a file beside the index.

So nothing is asked twice of one index, and a question that lost its article is known to have found it. Losing the file
costs the time of one check. Holds writers' questions alone, none of customers'.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from handrail_search.findability import Asked, Found

_FORMAT = 1


@dataclass(frozen=True)
class KeptAnswers:
    """`now` is what was found in the index named `asked`; `well` is what was found when the article had its place."""

    asked: str = ""
    now: Mapping[str, Found] = field(default_factory=dict)
    well: Mapping[str, Found] = field(default_factory=dict)


def key(asked: Asked) -> str:
    """What a question of an article is kept by."""
    return f"{asked.path}\n{asked.question}"


def read_answers(file: Path) -> KeptAnswers:
    """What was kept; nothing where there is none, or none that can be read."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != _FORMAT:
            return KeptAnswers()
        return KeptAnswers(str(data["asked"]), _read(data["now"]), _read(data["well"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return KeptAnswers()


def write_answers(file: Path, answers: KeptAnswers, alive: Iterable[Asked]) -> None:
    """Keep them, without questions that are in no article any more. A folder that cannot be written keeps nothing."""
    known = {key(asked) for asked in alive}
    data = {
        "format": _FORMAT,
        "asked": answers.asked,
        "now": {name: [found.usual, found.alone] for name, found in answers.now.items() if name in known},
        "well": {name: [found.usual, found.alone] for name, found in answers.well.items() if name in known},
    }
    beside = file.with_name(f".{file.name}.{os.getpid()}")  # two may check at once
    try:
        beside.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        beside.replace(file)
    except OSError:
        beside.unlink(missing_ok=True)


def _read(rows: Mapping[str, list[list[str]]]) -> dict[str, Found]:
    return {name: Found(tuple(map(str, usual)), tuple(map(str, alone))) for name, (usual, alone) in rows.items()}
