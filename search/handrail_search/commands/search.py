"""`handrail search`: asks as a customer would, and shows the evidence for each result."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import click

from handrail_kb.addresses import address_of
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import log_to_terminal
from handrail_kb.contact.sensitive_topics import PERSON
from handrail_kb.texts.amounts import counted, percent
from handrail_search.commands.build import Flags
from handrail_search.commands.options import find_settings, setting_options
from handrail_search.ranking.answer.card import AnswerCard
from handrail_search.ranking.results import Hit, Results, ResultSection
from handrail_search.ranking.searcher import Searcher
from handrail_search.scoring.drop import FIRST_FEW, STANDS, STANDS_LATE
from handrail_search.scoring.popularity import ENOUGH_OPENED, Popularity


@click.command()
@click.argument("words", nargs=-1, required=True)
@config_option
@click.option("--limit", type=click.IntRange(1, 50), default=5, show_default=True, help="Maximum number of results.")
@click.option("--lang", default="", help="The reader's language, such as de; by default the site's own.")
@click.option("--explain", is_flag=True, help="Show what each kind of evidence added, and how the verdict was found.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir")
def search(
    words: tuple[str, ...], config_file: Path, limit: int, lang: str, explain: bool, as_json: bool, **flags: Flags
) -> None:
    """Ask as a customer would, and see why each result is there."""
    from handrail_kb.site.built.site_info import read_site_info
    from handrail_search.adapters.teaching import teach_from_store
    from handrail_search.index.generation import current_generation
    from handrail_search.ranking.searcher import Searcher

    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    searcher = Searcher.open(current_generation(settings.index_dir))
    teach_from_store(searcher, settings)
    site = read_site_info(settings.served_site)
    results = searcher.search(" ".join(words), limit=limit, lang=lang or site.lang)
    if as_json:
        click.echo(json.dumps(asdict(results), indent=1, ensure_ascii=False))
    else:
        way = site.opening.fastest(datetime.now(UTC), results.sensitive_topic or "")
        click.echo(as_text(results, searcher, in_full=explain, open_now=way.title if way else ""))


NAMES = {
    "exact": "the code or quote stands here to the letter",
    "same_question": "somebody of the company said that this answers this very question",
    "same_title": "the question is the title",
    "meaning_best": "its nearest passage or question means the same",
    "meaning_mean": "its three nearest passages",
    "article_words": "words in the article",
    "title_words": "words in title, description, questions, keywords",
    "passage_words": "words in one passage",
    "boost": "the boost of its front matter",
    "learned_near": "a learned question is nearer than its text",
    "learned_fit": "like the questions it is known to answer",
    "learned_prior": "often the answer",
    "popularity": "opened more, or less, than others where it was shown",
}


SECTION_NAMES = {
    "meaning": "means the same",
    "words": "words that tell it from the other sections",
    "letters": "the code or quote stands here",
    "known": "a known question like this one leads here",
    "beginning": "the beginning is about everything",
    "title": "the question says no more than the title",
    "whole": "what fits best stands below it",
}


def as_text(results: Results, searcher: Searcher, *, in_full: bool = False, open_now: str = "") -> str:
    """The verdict and each result with the evidence that weighs most; all of it, and the verdict's, with `in_full`.

    `open_now` is the way to a person that is open, for what is or may be a matter for people.
    """
    asks = "person" if (results.sensitive_topic, results.verdict) == (PERSON, "none") else results.verdict
    lines = [_VERDICTS["asks back" if results.may_mean else asks]]
    lines += [f"  - {one.title}  {address_of(one.location)}" for one in results.may_mean]
    if results.corrected:
        lines.append(f"Understood as: {results.corrected}")
    if results.sensitive_topic == PERSON:
        lines.append("It asks for a person, who comes first: no failed search")
    elif results.sensitive_topic:
        lines.append(f"A matter for people ({results.sensitive_topic}): a person comes first")
    elif results.may_be_sensitive:
        lines.append("Perhaps a matter for people: a person comes first, the articles as ever")
    if open_now and (results.sensitive_topic or results.may_be_sensitive):
        lines.append(f"Open now: {open_now}")
    if results.degraded:
        lines.append(f"degraded: {results.fallback_reason}; words answer alone. Mend it: handrail doctor")
    if in_full:
        lines += _judgement(results, searcher)
    hits = results.hits if in_full else results.shown
    for number, hit in enumerate(hits, start=1):
        if hit.other_language and (number == 1 or not hits[number - 2].other_language):
            lines.append("\nIn other languages")
        lines += _hit(number, hit, results.answer if number == 1 else None, in_full=in_full)
    return "\n".join([*lines, *_end(results, in_full=in_full)])


_VERDICTS = {
    "answered": "answered: the first results answer this",
    "weak": "weak: this may not be an answer",
    "asks back": "weak: these words fit many articles, so the customer is asked what they mean",
    "person": "none: no article says how to reach a person; none is shown",
    "none": "none: no article answers this; a person comes first, then the nearest articles",
}


def _judgement(results: Results, searcher: Searcher) -> list[str]:
    manifest, bands = searcher.index.manifest, results.bands
    return [
        f"confidence {results.confidence:.2f}: none below {bands.none:.2f}, weak below {bands.confident:.2f}",
        f"encoder {manifest.recipe.model}, trusted {percent(manifest.trust)} in this language; mode {results.mode}; "
        f"{searcher.taught} learned questions",
        _popularity(searcher.popularity),
    ]


def _popularity(known: Popularity | None) -> str:
    if known is None:
        return "popularity: not counted"
    lists = f"from {counted(known.opened, 'list')} that something was opened from"
    if known.opened < ENOUGH_OPENED:
        return f"popularity: none yet, {lists}; it begins at {ENOUGH_OPENED}"
    return f"popularity: {f'counts {known.worth:.2f}' if known.worth else 'does not help here'}, {lists}"


_ENDS = {
    "drop": "the others fit far less than the best one",
    "code": "the others do not hold what was asked for to the letter",
    "few": "three at most where there is no answer",
    "topic": "people come first with this topic",
    "unreadable": "neither the site nor the encoder knows any of these words",
}


def _end(results: Results, *, in_full: bool) -> list[str]:
    """Where the list ends, and why; what each result reached with `in_full`."""
    left = len(results.hits) - len(results.shown)
    if not results.hits or (not left and not in_full):
        return []
    if not in_full:
        return [f"\nHere the list ends: {left} more {'fits' if left == 1 else 'fit'} less. Show them: --explain"]
    end, shown = results.end, len(results.shown)
    why = f"the list ends after {shown} of {len(results.hits)}: {_ENDS[end.reason]}" if left else "all results fit"
    reached = ", ".join(
        f"{share:.2f}" if hit.fits else f"({share:.2f})" for hit, share in zip(results.hits, end.reached, strict=True)
    )
    return [
        f"\n{why}",
        f"what each has of the best one's points above {end.background:.2f}, an unrelated article's: {reached}",
        f"needed: {STANDS:.2f} among the first {FIRST_FEW}, {STANDS_LATE:.2f} after them or beside one far ahead",
    ]


def _hit(number: int, hit: Hit, answer: AnswerCard | None, *, in_full: bool) -> list[str]:
    title = f"{hit.title} › {hit.heading}" if hit.heading else hit.title
    beyond = "" if hit.fits else "  behind “Show more”"
    lines = [f"\n{number}. {title}  [{hit.score:.2f}]  {address_of(hit.location)}{beyond}"]
    lines += _card(answer) if answer else [f"   {_plain(hit.snippet)}"]
    why = sorted(((value, NAMES.get(name, name)) for name, value in hit.why.items()), reverse=True)
    if not in_full:
        return [*lines, "   why: " + ", ".join(name for _, name in why[:2])]
    lines += [f"   {value:+6.2f}  {name}" for value, name in why]
    return [*lines, f"   {sum(hit.why.values()):6.2f}  together", *_why_section(hit)]


def _why_section(hit: Hit) -> list[str]:
    """Why a result opens this section of its article, and what the next ones reached."""
    if not hit.why_section:
        return []
    added = ", ".join(f"{value:+.2f} {SECTION_NAMES[name]}" for name, value in hit.why_section.items())
    lines = [f"   opens {_place(hit)} with {sum(hit.why_section.values()):.2f}: {added}"]
    others = ", ".join(f"{other.score:.2f} {_place(other)}" for other in hit.sections if other.score)
    return [*lines, f"   next in this article: {others}"] if others else lines


def _place(found: Hit | ResultSection) -> str:
    return f"#{found.location.rpartition('#')[2]}" if "#" in found.location else "its beginning"


def _card(card: AnswerCard) -> list[str]:
    """The answer itself, a line for each piece; `>` marks what decides."""
    lines = [f"   {' › '.join(card.breadcrumb)}"] if card.breadcrumb else []
    for block in card.blocks:
        for number, piece in enumerate(block.pieces, start=block.first):
            lead = f"{number}. " if block.kind == "steps" else "- " if block.kind == "items" else ""
            lead = f"{piece.heading}: " if piece.heading else lead
            text = f"{lead}{piece.text}{' …' if piece.cut else ''}"
            lines += [f"   {'>' if piece.decisive else ' '} {line}" for line in text.split("\n")]
        if block.left:
            lines.append(f"     and {block.left} more")
    return lines


def _plain(snippet: str) -> str:
    return unescape(re.sub(r"</?mark>", "", snippet))
