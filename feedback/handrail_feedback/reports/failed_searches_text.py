"""Writes the report of failed searches for a terminal, and as Markdown, CSV and JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from handrail_feedback import text_tables
from handrail_feedback.records.searches import Failure
from handrail_feedback.records.stamps import stamp
from handrail_feedback.reports.failed_searches import REPORT_FORMAT, FailedSearch, FailedSearchReport, Measure
from handrail_feedback.reports.people.human_reach import label, reach_for_programs
from handrail_feedback.text_tables import as_markdown, as_table
from handrail_kb.language.printable import printable
from handrail_kb.texts.amounts import counted, percent
from handrail_kb.texts.staff import ENGLISH

_PEOPLE = (
    "People are counted as browser tabs: someone who searches from two tabs counts twice; "
    "a search without a tab counts as one."
)
_SEARCH = "A search is what one customer meant: keystrokes and small edits in one tab within 30 s are one search."


def _notes(report: FailedSearchReport) -> list[str]:
    out = ", ".join(f"{count} {name}" for name, count in report.left_out.items())
    notes = [_SEARCH, _PEOPLE, f"Left out: {out}. 'degraded' are searches answered while a part of search was down."]
    if report.not_listed:
        notes.append(f"{report.not_listed} more lines are not shown; raise --limit to see them.")
    return notes


def _window(report: FailedSearchReport) -> str:
    return report.period.said()


def _share(measure: Measure) -> str:
    rate = percent(measure.rate) if measure.rate is not None else "not enough data"
    return f"{measure.numerator} of {measure.denominator} ({rate})"


def _after(line: FailedSearch) -> str:
    """What the customers did next, in words."""
    did = [f"{line.clicked} clicked"] if line.clicked else []
    did += [f"{line.contacted} contacted a person"] if line.contacted else []
    did += ["searched " + ", ".join(f"“{query}”" for query in line.searched_next)] if line.searched_next else []
    return "; ".join(did) or "nothing known"


def _kinds(line: FailedSearch) -> str:
    return ", ".join(f"{kind} {line.kinds[kind]}" for kind in get_args(Failure) if kind in line.kinds)


def report_as_text(report: FailedSearchReport) -> str:
    """The report for a terminal, without control characters in what customers typed."""
    lines = [f"Human reach, {_window(report)}", ""]
    for figure in report.reach:
        lines += [
            f"  {figure.label_in(ENGLISH)}: {figure.value} ({figure.of})",
            f"      {figure.definition}; {figure.window}",
        ]
    lines += ["", f"Failed searches, {_window(report)}", ""]
    for measure in report.totals:
        lines += [f"  {label(measure.name, ENGLISH)}: {_share(measure)}", f"      {measure.definition}"]
    lines += ["", *(f"  {note}" for note in _notes(report)), ""]
    for line in report.failed:
        people = counted(line.people, "person", "people")
        lines += [
            f"{people}: {printable(line.query)}",
            f"    {line.first_at:%Y-%m-%d} to {line.last_at:%Y-%m-%d}; {_kinds(line)}",
            f"    next: {printable(_after(line))}",
            f"    nearest article: {printable(line.nearest or 'none')}",
        ]
    return "\n".join([*lines, "" if report.failed else "No failed searches.\n"])


def report_as_markdown(report: FailedSearchReport) -> str:
    """The report as Markdown, in which what customers typed has no effect as markup."""
    lines = [f"# Human reach, {_window(report)}", ""]
    reach = [[f.label_in(ENGLISH), f.value, f.of, f"{f.definition}; {f.window}"] for f in report.reach]
    lines += as_table(["Number", "Value", "Of", "Definition"], reach)
    lines += ["", f"# Failed searches, {_window(report)}", ""]
    totals = [[label(one.name, ENGLISH), _share(one), one.definition] for one in report.totals]
    lines += as_table(["Number", "Value", "Definition"], totals)
    lines += ["", *(f"- {as_markdown(note)}" for note in _notes(report)), ""]
    lines += as_table(
        ["People", "Looked for", "Failed by", "First", "Last", "Nearest article", "What came next"],
        [
            [
                str(line.people),
                line.query,
                _kinds(line),
                f"{line.first_at:%Y-%m-%d}",
                f"{line.last_at:%Y-%m-%d}",
                line.nearest or "none",
                _after(line),
            ]
            for line in report.failed
        ],
    )
    return "\n".join([*lines, ""])


def _count_of(kind: Failure, line: FailedSearch) -> int:
    return line.kinds.get(kind, 0)


_COLUMNS: dict[str, Callable[[FailedSearch], str | int]] = {
    "query": lambda line: line.query,
    "people": lambda line: line.people,
    "searches": lambda line: line.searches,
    **{kind: partial(_count_of, kind) for kind in get_args(Failure)},
    "first_at": lambda line: stamp(line.first_at),
    "last_at": lambda line: stamp(line.last_at),
    "nearest": lambda line: line.nearest or "",
    "clicked": lambda line: line.clicked,
    "contacted": lambda line: line.contacted,
    "searched_next": lambda line: "; ".join(line.searched_next),
    "langs": lambda line: " ".join(sorted(line.langs)),
}


def to_csv(report: FailedSearchReport) -> str:
    """The failed searches as CSV."""
    return text_tables.to_csv(
        tuple(_COLUMNS), [[column(line) for column in _COLUMNS.values()] for line in report.failed]
    )


def report_as_json(report: FailedSearchReport) -> str:
    """The report as JSON of a stable form; fields are added, never changed, while `format` stays 1.

    {"format": 1, "since", "until", "made_at": UTC ISO 8601,
     "human_reach": [{"name", "definition", "amount": or null for "not enough data", "unit": "share" | "seconds" |
       "count", "numerator", "denominator", "window"}],
     "totals": [{"name", "definition", "numerator", "denominator", "rate": share or null for "not enough data"}],
     "left_out": {"bots", "staff", "degraded"}, "not_listed": lines beyond the limit, "notes": [text],
     "failed": [{"query" (redacted), "people", "searches", "kinds": {"none" | "weak" | "said_no" | "rephrased" |
       "no_click": count}, "first_at", "last_at", "langs": {lang: count}, "nearest": location or null,
       "clicked", "contacted", "searched_next": [text]}]}
    """
    document: dict[str, Any] = {
        "format": REPORT_FORMAT,
        "since": stamp(report.period.since),
        "until": stamp(report.period.until),
        "made_at": stamp(report.made_at),
        "human_reach": [reach_for_programs(figure) for figure in report.reach],
        "totals": [_measure(measure) for measure in report.totals],
        "left_out": report.left_out,
        "not_listed": report.not_listed,
        "notes": _notes(report),
        "failed": [_line(line) for line in report.failed],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "definition": measure.definition,
        "numerator": measure.numerator,
        "denominator": measure.denominator,
        "rate": measure.rate,
    }


def _line(line: FailedSearch) -> dict[str, Any]:
    return {
        "query": line.query,
        "people": line.people,
        "searches": line.searches,
        "kinds": line.kinds,
        "first_at": stamp(line.first_at),
        "last_at": stamp(line.last_at),
        "langs": line.langs,
        "nearest": line.nearest,
        "clicked": line.clicked,
        "contacted": line.contacted,
        "searched_next": list(line.searched_next),
    }
