"""Outcomes as Markdown tables, each figure with its 95 % interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from handrail_search.evaluation.decisions import DECISIONS, KINDS, Decisions
from handrail_search.evaluation.metrics import Difference
from handrail_search.evaluation.report_text import MEASURES, judged

_RANKING = ("hit_at_1", "hit_at_5", "ndcg_at_10", "mrr_at_10", "recall_at_10")
_VERDICT = (
    "verdict_auroc",
    "caught_at_5_percent",
    "caught_at_10_percent",
    "none_on_answerable",
    "none_on_unanswerable",
)
SECTIONS = ("docs", "thunderbird", "stackexchange", "companies", "german", "popularity", "typos", "codes", "sensitive")
_CARDS = ("right_section", "card", "answer_in_card", "answer_in_section", "decisive_right")
_MISSED_SHOWN = 5


def to_markdown(results: Mapping[str, Any]) -> str:
    """All tables; `results` holds what each section came to, and the day it was measured."""
    outcomes = [outcome for name in SECTIONS for outcome in results.get(name, {}).get("outcomes", [])]
    parts = [_when(results)]
    if outcomes:
        parts.append("### Finding the article\n\n" + ranking(outcomes))
    if any(outcome["outside"] for outcome in outcomes):
        parts.append("### Saying that there is none\n\n" + verdicts(outcomes))
    if "decisions" in results.get("docs", {}):
        parts.append("### Asking back\n\n" + asking_back(results["docs"]["decisions"]))
    if "cards" in results.get("docs", {}):
        parts.append("### The section, and the answer itself\n\n" + cards(results["docs"]["cards"]))
    if "sections" in results:
        parts.append("### Sections that people cited\n\n" + cited_sections(results["sections"]["sections"]))
    if "thunderbird" in results:
        parts.append("### What learning adds\n\n" + learning(results["thunderbird"]["learning"]))
    if "legs" in results:
        parts.append("### Beside meaning alone and words alone\n\n" + legs(results["legs"]["legs"]))
    if "popularity" in results:
        parts.append("### What people open\n\n" + popularity(results["popularity"]))
    if "typos" in results:
        parts.append("### Misspelt questions\n\n" + misspelt(results["typos"]["typos"]))
    if "codes" in results:
        parts.append("### Codes and names\n\n" + codes(results["codes"]))
    if "sensitive" in results:
        parts.append("### Matters that stay with people\n\n" + sensitive_topics(results["sensitive"]["topics"]))
    return "\n\n".join(parts)


def _when(results: Mapping[str, Any]) -> str:
    """The day and the version; both of each part where they differ."""
    measured = {name: (found["date"], found["handrail"]) for name, found in results.items()}
    if len(set(measured.values())) == 1:
        day, version = next(iter(measured.values()))
        return f"Measured on {day} with Handrail {version} by `make quality`."
    days = "; ".join(f"{name} on {day} with {version}" for name, (day, version) in measured.items())
    return f"Measured by `make quality`: {days}."


def ranking(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """How often the right article is found."""
    header = ["Questions of", "Articles", "Asked", *(MEASURES[name].label for name in _RANKING)]
    return _table(header, [
        [one["name"], str(one["articles"]), f"{one['questions']:,}", *_cells(one, _RANKING)] for one in outcomes
    ])  # fmt: skip


def verdicts(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """How well answerable questions are told from unanswerable ones."""
    header = ["Questions of", "Answerable", "Not", "AUROC", "Caught at 5 %", "Caught at 10 %", "False alarms", "Caught"]
    return _table(header, [
        [one["name"], f"{one['questions']:,}", f"{one['outside']:,}", *_cells(one, _VERDICT)]
        for one in outcomes if one["outside"]
    ])  # fmt: skip


def asking_back(counts: Sequence[Sequence[int]]) -> str:
    """What became of questions that an article answers, that are too broad, and that no article answers."""
    found = Decisions(tuple(tuple(row) for row in counts))
    numbers = range(len(DECISIONS))
    rows = [[kind, *map(str, row)] for kind, row in zip(KINDS, found.counts, strict=True)]
    for name, share in (("Precision", found.precision), ("Recall", found.recall)):
        rows.append([name, *("" if share(number) is None else f"{share(number):.2f}" for number in numbers)])
    return _table(["Handrail's own help, questions that are", *(f"search {one}" for one in DECISIONS)], rows)


def cards(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """Whether a right section opens, and whether the answer card shows and marks the words that answer."""
    header = ["Questions of", "Asked", *(MEASURES[name].label for name in _CARDS)]
    return _table(header, [[one["name"], str(one["questions"]), *_cells(one, _CARDS)] for one in outcomes])


def cited_sections(outcomes: Sequence[Mapping[str, Any]]) -> str:
    """Whether the section opens that somebody linked in an answer."""
    header = ["Questions of", "Articles", "Asked", MEASURES["right_section"].label]
    return _table(header, [
        [one["name"], str(one["articles"]), str(one["questions"]), *_cells(one, ("right_section",))] for one in outcomes
    ])  # fmt: skip


def learning(found: Mapping[str, Any]) -> str:
    """The later half of the questions before and after learning, question by question."""
    taught, rows = found["taught"], []
    for name in (*_RANKING, *_VERDICT):
        if name in found["differences"]:
            change = Difference(**found["differences"][name])
            told = f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
            rows.append([MEASURES[name].label, told, judged(MEASURES[name], change)])
    head = (
        f"{taught['questions']} answered questions of the earlier half were learned; {taught['asked_here']} were left "
        "out because the later half asks them too."
    )
    return f"{head}\n\n{_table(['', 'Change', 'Is it more than chance?'], rows)}"


def legs(rows: Sequence[Mapping[str, Any]]) -> str:
    """Search, the plain best passage and the words, each alone, and search less the better of the two."""
    tables = []
    for figure in ("hit_at_5", "ndcg_at_10"):
        label = MEASURES[figure].label
        header = ["Questions of", "Encoder", "Asked", f"{label} of search", "Best passage", "Words", "Less the better"]
        lines = []
        for row in rows:
            alone = [f"{row['figures'][leg][figure]['value']:.3f}" for leg in ("best passage", "words")]
            less = row["less_better"][figure]
            change = f"{less['value']:+.3f} ({less['low']:+.3f} to {less['high']:+.3f})"
            found = _cell(row["figures"]["search"][figure])
            lines.append([row["name"], row["encoder"], f"{row['questions']:,}", found, *alone, change])
        tables.append(_table(header, lines))
    return "\n\n".join(tables)


def popularity(found: Mapping[str, Any]) -> str:
    """The later half of the questions before and after made-up customers opened results of the earlier half's."""
    rows = []
    for name in _RANKING:
        change = Difference(**found["differences"][name])
        cells = [_cell(found[when][name]) for when in ("before", "after")]
        told = f"{change.value:+.3f} ({change.low:+.3f} to {change.high:+.3f})"
        rows.append([MEASURES[name].label, *cells, told, judged(MEASURES[name], change)])
    head = (
        f"Made-up customers opened something from {found['opened']:,} of {found['lists']:,} lists for questions of the "
        f"earlier half; the site's own check made this worth {found['worth']:.2f}."
    )
    return f"{head}\n\n{_table(['', 'Before', 'After', 'Change', 'Is it more than chance?'], rows)}"


def misspelt(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same questions as customers wrote them, and corrected."""
    header = ["Questions of", "Misspelt questions", "hit@5 as written", "hit@5 corrected", "Lost by the mistake"]
    return _table(header, [
        [row["name"], str(row["questions"]), _cell(row["misspelt"]), _cell(row["corrected"]), _lost(row["difference"])]
        for row in rows
    ])  # fmt: skip


def _lost(difference: Mapping[str, float]) -> str:
    """How much lower hit@5 is as written; `difference` is as written less corrected."""
    value, low, high = (-difference[name] + 0.0 for name in ("value", "high", "low"))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def codes(found: Mapping[str, Any]) -> str:
    """Codes typed alone."""
    missed = found["missed"]
    row = [f"{found['articles']}", f"{found['codes']:,}", _cell(found["first"]), str(len(missed))]
    table = _table(["Articles", "Codes in one to three articles", "First place holds the code", "Missed"], [row])
    shown = ", ".join(f"`{token}`" for token in missed[:_MISSED_SHOWN])
    return f"{table}\n\nMissed, for example: {shown}." if missed else table


def sensitive_topics(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is noticed that should be, and what is noticed that should not."""
    header = ["Encoder", "Language", "Of", "Matters", "Noticed", "Surely", "Everyday", "Noticed", "Surely"]
    lines = []
    for row in rows:
        for of, name in (("sentences", ""), ("stories", "stories_")):
            found = [row[f"{name}{key}"] for key in ("caught", "surely", "ordinary", "told")]
            counts = [str(found[0]["of"]), *map(_cell, found[:2]), str(found[2]["of"]), *map(_cell, found[2:])]
            lines.append([row["encoder"], row["language"], of, *counts])
        if "asked" in row:
            asked = [row["asked"], row["asked_told"]]
            empty = ["", "", ""]
            counts = [str(asked[0]["of"]), *map(_cell, asked)]
            lines.append([row["encoder"], row["language"], "Thunderbird's questions", *empty, *counts])
    return _table(header, lines)


def _cells(outcome: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    return [_cell(outcome["figures"][name]) for name in names]


def _cell(interval: Mapping[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f}–{interval['high']:.3f})"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
