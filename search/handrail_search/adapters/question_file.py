"""Reads a file of questions with the pages that answer them, as a help desk exports it.

CSV with the columns `question` and `url`, or JSON lines with the same fields; `source`, `who` and `at` if it knows
them. Every line that cannot be used is named with what is wrong. Knows nothing of the store.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

from handrail_feedback.records.learned import LONGEST_QUESTION, LearnedSource, TaughtQuestion, teachable
from handrail_kb.config.shown import as_typed
from handrail_kb.errors import ConfigError
from handrail_kb.language.printable import printable
from handrail_search.adapters.page_names import PageNames

MOST_FILE_BYTES = 20_000_000
MOST_LINES = 100_000
# Looking for the nearest name is slow, and nobody reads more.
_NEAREST_FOR = 20
_COLUMNS = ("question", "url")
_SOURCES = tuple(source for source in get_args(LearnedSource) if source != "customer")
_EXAMPLE = "The first line of a CSV file is: question,url"


@dataclass(frozen=True)
class Fault:
    """A line that cannot be used, and why."""

    line: int
    what: str


def read_pairs(file: Path, places: PageNames, now: datetime) -> tuple[list[TaughtQuestion], list[Fault]]:
    """The questions of a file, and the lines that cannot be used. Raises ConfigError when the file is no such file."""
    taught: list[TaughtQuestion] = []
    faults: list[Fault] = []
    for line, row in _rows(file, _text(file)):
        try:
            if isinstance(row, str):
                raise ValueError(row)
            taught.append(_taught(row, places, now, file.name))
        except LookupError as error:
            near = places.nearest(str(row["url"])) if len(faults) < _NEAREST_FOR and isinstance(row, dict) else ""
            faults.append(Fault(line, printable(f"{error.args[0]}.{near}")))
        except ValueError as error:
            faults.append(Fault(line, printable(f"{error}.")))
    return taught, faults


def _taught(row: Mapping[str, Any], places: PageNames, now: datetime, file: str) -> TaughtQuestion:
    """One line as a question to store. Raises ValueError or LookupError with what is wrong."""
    for name in _COLUMNS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ValueError(f"'{name}' is missing or empty")
    question = row["question"]
    if not teachable(question):
        length = len(" ".join(question.split()))
        if length > LONGEST_QUESTION:
            raise ValueError(f"the question has {length} characters, more than {LONGEST_QUESTION}")
        raise ValueError("nothing is left of the question when personal data is taken out")
    source = str(row.get("source") or "import").strip().lower()
    if source not in _SOURCES:
        raise ValueError(f"'source' is '{source[:40]}', but should be one of {', '.join(_SOURCES)}")
    who = str(row.get("who") or file)
    at = _moment(str(row["at"]).strip(), now) if row.get("at") else now
    return TaughtQuestion(question, places.find(row["url"]), cast(Any, source), at, who)


def _moment(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"'at' is '{text[:40]}', but should be a date such as 2026-01-31") from None
    if at > now + timedelta(days=1):
        raise ValueError(f"'at' is {text[:40]}, which is yet to come")
    return min(at, now)


# --- Files ---------------------------------------------------------------------------------------------------------


def _text(file: Path) -> str:
    try:
        size = file.stat().st_size
        if size > MOST_FILE_BYTES:
            raise ConfigError(
                f"{file} has {size:,} bytes, more than {MOST_FILE_BYTES:,}.",
                f"Cut it: split --lines {MOST_LINES // 2} {file}",
            )
        raw = file.read_bytes()
        return raw.decode("utf-8-sig")
    except OSError as error:
        mend = f"Let whoever runs this read it: ls -l {as_typed(file)}"
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", mend) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{file}:{line}: this is not text in UTF-8.", "Save the file as UTF-8.") from error


def _rows(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    """The number of each line with its fields, or with what is wrong with it. Raises ConfigError."""
    beginning = text.lstrip()[:1]
    if beginning == "[":
        raise ConfigError(f"{file}:1: this is one list.", 'Write one object a line: {"question": "…", "url": "…"}')
    rows = _json_rows(text) if beginning == "{" else _csv_rows(file, text)
    for count, row in enumerate(rows, start=1):
        if count > MOST_LINES:
            raise ConfigError(
                f"{file} has more than {MOST_LINES:,} lines.", f"Cut it: split --lines {MOST_LINES // 2} {file}"
            )
        yield row


def _json_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield number, row if isinstance(row, dict) else f"this is not an object in JSON: {line.strip()[:60]}"


def _csv_rows(file: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
    first = text.split("\n", 1)[0]
    # In several countries, spreadsheets separate columns with semicolons.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [name.strip().lower() for name in next(reader, [])]
    if not set(_COLUMNS) <= set(names):
        raise ConfigError(
            f"{file}:1: this line has to name the columns question and url, but it is '{first.strip()[:60]}'.", _EXAMPLE
        )
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"this line is not CSV: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield line, dict(zip(names, cells, strict=False))
