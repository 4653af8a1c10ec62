"""Lists of the desk as files to keep: CSV for spreadsheets, JSON for programs; noted, because they take words along."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import Response, make_response

from handrail_feedback.desk.sign_in import doer, me
from handrail_feedback.records.stamps import now, stamp
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.database import Store
from handrail_feedback.text_tables import to_csv

# The most rows of a file. Where there are more, its name says so.
MOST_ROWS = 10_000
# The end of the address of a list as a file.
AS_FILE = "<any(csv, json):kind>"
_TYPES = {"csv": "text/csv", "json": "application/json", "html": "text/html", "md": "text/markdown"}
_FORMAT = 1
Line = TypeVar("Line")


@dataclass(frozen=True)
class Columns(Generic[Line]):
    """The columns of a list, by name, each with the way to its value: text, a number, a truth or None."""

    name: str
    values: Mapping[str, Callable[[Line], Any]]

    def write(self, kind: str, lines: Sequence[Line], of: int) -> str:
        """The lines as CSV, or as JSON: {"format": 1, "made_at": UTC, "of": how many there are, NAME: [{...}]}."""
        rows = [[value(line) for value in self.values.values()] for line in lines]
        if kind == "csv":
            return to_csv(list(self.values), rows)
        found = [dict(zip(self.values, row, strict=True)) for row in rows]
        document = {"format": _FORMAT, "made_at": stamp(now()), "of": of, self.name: found}
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def send_list(store: Store, name: str, kind: str, content: str, *, of: int) -> Response:
    """A list of `of` rows as a file; `content` has the first MOST_ROWS of them. Raises StoreUnavailable."""
    part = f"-first-{MOST_ROWS}-of-{of}" if of > MOST_ROWS else ""
    return send_file(store, f"{name}-{now():%Y-%m-%d}{part}", kind, content)


def send_file(store: Store, name: str, kind: str, content: str, *, noted: str = "") -> Response:
    """A file to keep. Who took it is noted with what happened to accounts, by its name or as `noted`.

    Raises StoreUnavailable.
    """
    file = f"{name}.{kind}"
    with store.transaction() as db:
        events.note(db, "file_downloaded", me().name, now(), doer(me().name), detail=noted or file)
    response = make_response(content)
    response.headers["Content-Type"] = f"{_TYPES[kind]}; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return response
