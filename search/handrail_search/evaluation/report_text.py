"""Figures and comparisons of evaluations as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from handrail_kb.language.printable import one_line
from handrail_kb.site.built.site_info import replace_surrogates
from handrail_kb.texts.amounts import counted
from handrail_search.evaluation.compare import Comparison, MovedRank
from handrail_search.evaluation.decisions import DECISIONS, KINDS, Decisions, decisions
from handrail_search.evaluation.evaluate import Evaluation, TaughtBefore
from handrail_search.evaluation.metrics import (
    ANSWER_IN_CARD,
    ANSWER_IN_SECTION,
    CARD,
    DECISIVE_RIGHT,
    RIGHT_SECTION,
    Difference,
    Interval,
)

# With fewer questions than this, the result says little about other questions.
FEW = 30
# The p below which a difference is reported as more than chance.
SIGNIFICANT = 0.05
_SHOWN, _WORDS = 10, 70


@dataclass(frozen=True)
class FigureName:
    """The label of a figure, a line on what it means, and whether more of it is better."""

    label: str
    meaning: str
    better: Literal["more", "less", "neither"] = "more"


MEASURES = {
    "hit_at_1": FigureName("hit@1", "first result helps"),
    "hit_at_5": FigureName("hit@5", "one of the first five helps"),
    "hit_at_5_in_view": FigureName("hit@5 in view", 'the same, without "Show more"'),
    "list_length": FigureName("list length", 'results in view, without "Show more"', "neither"),
    "list_length_in_vain": FigureName("list in vain", "the same of unanswerable questions", "less"),
    "recall_at_10": FigureName("recall@10", "share of all helping articles found"),
    "mrr_at_10": FigureName("MRR@10", "mean of 1 / rank of the first that helps"),
    "ndcg_at_10": FigureName("nDCG@10", "how far up the helping articles stand, the best counting most"),
    RIGHT_SECTION: FigureName("right section", "of a right article that was found, a right section opens"),
    CARD: FigureName("card", "of questions with a labelled answer, the answer itself is shown", "neither"),
    ANSWER_IN_CARD: FigureName("answer in card", "of the cards, all labelled words stand in it"),
    ANSWER_IN_SECTION: FigureName("in right one", "the same of cards from a right section"),
    DECISIVE_RIGHT: FigureName("right words", "of the cards, what is marked belongs to the labelled words"),
    "verdict_auroc": FigureName("verdict AUROC", "telling answerable from unanswerable; 0.5 is guessing"),
    "caught_at_5_percent": FigureName("caught at 5 %", "of the unanswerable, with 5 % false alarms allowed"),
    "caught_at_10_percent": FigureName("caught at 10 %", "the same with 10 % allowed"),
    "none_on_answerable": FigureName("false alarms", "answerable questions told 'no article'", "less"),
    "none_on_unanswerable": FigureName("caught", "unanswerable questions told 'no article'"),
    "asked_back_on_answerable": FigureName("asked back", "answerable questions asked back what they mean", "less"),
}

_NOT_ALWAYS = (
    RIGHT_SECTION,
    CARD,
    ANSWER_IN_CARD,
    ANSWER_IN_SECTION,
    DECISIVE_RIGHT,
    "hit_at_5_in_view",
    "list_length",
    "list_length_in_vain",
)


def to_table(evaluation: Evaluation) -> str:
    """The figures, a line each, with what each means."""
    figures = evaluation.figures()
    shown = {name: measure for name, measure in MEASURES.items() if name in figures or name not in _NOT_ALWAYS}
    rows = [_figure(measure, figures.get(name)) for name, measure in shown.items()]
    latency = evaluation.latency
    head = f"{len(evaluation.rows)} answerable and {len(evaluation.outside)} unanswerable questions, "
    return "\n".join(
        [
            f"{evaluation.collection}: {head}{evaluation.articles} articles",
            *_notes(evaluation),
            f"  {'':<15} {'':<5}  95 % interval",
            *rows,
            *(_decisions(decisions(evaluation)) if evaluation.broad else ()),
            f"  {'latency':<15} p50 {latency['p50']:.1f} ms, p95 {latency['p95']:.1f} ms",
        ]
    )


def to_differences(comparison: Comparison, now: Evaluation) -> str:
    """What changed, whether it is more than chance, and which questions moved."""
    former = comparison.former
    lines = [f"Compared with {former.file}:", *_circumstances(comparison, now)]
    lines.append(f"  {'':<15} {'change':<6}  95 % interval")
    found = comparison.differences
    lines += [_difference(measure, found[name]) for name, measure in MEASURES.items() if name in found]
    worse, better = comparison.worse, comparison.better
    stayed = len(now.rows) - len(worse) - len(better)
    lines.append(f"{counted(len(better), 'question')} moved up, {len(worse)} down, {stayed} stayed.")
    for words, moved in (("Moved down most", worse), ("Moved up most", better)):
        lines += _movements(words, moved)
    return "\n".join(lines)


def _figure(measure: FigureName, found: Interval | None) -> str:
    if found is None:
        return f"  {measure.label:<15} -                     no unanswerable questions in this folder"
    return f"  {measure.label:<15} {found.value:.3f}  {found.low:.3f} to {found.high:.3f}  {measure.meaning}"


def _decisions(found: Decisions) -> list[str]:
    """How many questions of each kind were decided how."""
    lines = [f"  {'':<15} {DECISIONS[0]:>9} {DECISIONS[1]:>9} {DECISIONS[2]:>9}"]
    for kind, counts in zip(KINDS, found.counts, strict=True):
        lines.append(f"  {kind:<15} " + " ".join(f"{count:>9}" for count in counts))
    for name, shares in (("precision", found.precision), ("recall", found.recall)):
        lines.append(f"  {name:<15} " + " ".join(f"{_known(shares(number)):>9}" for number in range(len(DECISIONS))))
    return lines


def _known(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"


def _notes(evaluation: Evaluation) -> list[str]:
    notes = _taught(evaluation.taught) if evaluation.taught else []
    if evaluation.unknown_articles:
        what = _named("judgements name", evaluation.unknown_articles)
        notes.append(f"  {what}; they count as not found.")
    if evaluation.unknown_sections:
        notes.append(f"  {_named('judgements name', evaluation.unknown_sections, 'section')}; no result can open them.")
    for kind, asked in (("answerable", evaluation.rows), ("unanswerable", evaluation.outside)):
        if 0 < len(asked) < FEW:
            few = counted(len(asked), f"{kind} question")
            notes.append(f"  Only {few}: too few to rely on, whatever the intervals say.")
    return notes


def _taught(taught: TaughtBefore) -> list[str]:
    lines = [f"  learned {counted(taught.questions, 'question')} of {taught.folder} before asking"]
    if taught.asked_here:
        lines.append(f"  {counted(taught.asked_here, 'question')} of {taught.folder} not taught: asked here too")
    if taught.unknown_articles:
        lines.append(f"  {_named(f'questions of {taught.folder} name', taught.unknown_articles)}; not taught.")
    return lines


def _named(what: str, places: Sequence[str], kind: str = "article") -> str:
    """`judgements name 3 articles that are not there: a, b, c`, the first few of them."""
    few = ", ".join(_clean(place) for place in places[:3])
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    verb = f"{kind} that is" if len(places) == 1 else f"{kind}s that are"
    return f"{what} {len(places)} {verb} not there: {few}{more}"


def _circumstances(comparison: Comparison, now: Evaluation) -> list[str]:
    former, learned = comparison.former, now.taught.questions if now.taught else 0
    changed = []
    if former.encoder != now.encoder:
        changed.append(f"  encoder: {_clean(former.encoder)} then, {now.encoder} now")
    if former.learned != learned:
        changed.append(f"  learned questions: {former.learned} then, {learned} now")
    if not comparison.same_articles:
        changed.append("  the articles are not the same as then")
    return changed


def _difference(measure: FigureName, found: Difference) -> str:
    low, value, high = (f"{number + 0.0:+.3f}" for number in (found.low, found.value, found.high))
    return f"  {measure.label:<15} {value}  {low} to {high}  {judged(measure, found)}"


def judged(measure: FigureName, found: Difference) -> str:
    """A difference in plain words: `better, more than chance (p = 0.012)`."""
    if found.value == found.low == found.high == 0:
        return "the same"
    p = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    if found.p >= SIGNIFICANT or not found.value:
        return f"may be chance ({p})"
    more = found.value > 0
    if measure.better == "neither":
        return f"{'more' if more else 'fewer'}, not by chance ({p})"
    better = more == (measure.better == "more")
    return f"{'better' if better else 'worse'}, more than chance ({p})"


def _movements(words: str, moved: Sequence[MovedRank]) -> list[str]:
    if not moved:
        return []
    shown = [
        f"  {_rank(one.former):>3} -> {_rank(one.now):<3} {_clean(one.id)}  {_clean(one.text)}"
        for one in moved[:_SHOWN]
    ]
    rest = [f"  and {len(moved) - _SHOWN} more"] if len(moved) > _SHOWN else []
    return [f"{words} (rank then -> now, - is not among the first ten):", *shown, *rest]


def _rank(rank: int | None) -> str:
    return str(rank) if rank else "-"


def _clean(text: str) -> str:
    """One printable line, shortened."""
    line = one_line(replace_surrogates(text))
    return line if len(line) <= _WORDS else f"{line[: _WORDS - 1]}…"
