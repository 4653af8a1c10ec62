"""Writes the figures about articles for a terminal, and as Markdown, CSV and JSON. Pure.

Hides numbers of people and votes below the setting `topic_people`; what customers typed has no effect as markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import stamp, stamp_or_none
from handrail_feedback.reports.article_facts import ENOUGH_READERS, SOON, Tally, Words
from handrail_feedback.reports.articles import ArticleList, OneArticle, ReadArticle
from handrail_feedback.text_tables import as_markdown, as_table, to_csv
from handrail_feedback.topics.text import shown_count
from handrail_kb.language.printable import printable
from handrail_kb.site.vote_form import NO_REASONS, YES_REASONS, reason_text
from handrail_kb.texts.amounts import percent
from handrail_kb.texts.staff import STAFF_WORDS

ARTICLES_FORMAT = 1
_LANG = "en"
UNKNOWN = STAFF_WORDS.text(_LANG, "articles.unknown")
_DAY = "%Y-%m-%d"
MINUTES = int(SOON.total_seconds() // 60)
_NO_WORDS = "none"


def article_notes(least: int, lang: str = _LANG, *, exact: bool = False) -> list[str]:
    """Notes on what the numbers mean and what they leave out; `exact` where small numbers are shown."""
    text = partial(STAFF_WORDS.text, lang)
    return [
        text("articles.note_readers"),
        text("articles.note_asked", minutes=MINUTES),
        text("articles.note_helped", enough=ENOUGH_READERS),
        text("articles.note_exact" if exact else "articles.note_words", least=least),
    ]


def helped(tally: Tally, least: int, lang: str = _LANG) -> str:
    """The share of votes that say yes, with the number of votes."""
    votes = votes_in_words(tally, least, lang)
    share = STAFF_WORDS.text(lang, "articles.unknown") if tally.helped is None else percent(tally.helped)
    return f"{votes} ({share})" if tally.votes else votes


def votes_in_words(tally: Tally, least: int, lang: str = _LANG) -> str:
    """How many votes said yes, and how many no."""
    if not tally.votes:
        return STAFF_WORDS.text(lang, "article.no_votes")
    yes, no = shown_count(tally.yes, least), shown_count(tally.no, least)
    return STAFF_WORDS.text(lang, "articles.votes", yes=yes, no=no)


def people_and_before(number: int, before: int, least: int, *, comparable: bool) -> str:
    """A number of people, and the number in the period before."""
    earlier = shown_count(before, least) if comparable else UNKNOWN
    return f"{shown_count(number, least)}, before {earlier}"


def reasons_in_words(one: ReadArticle, least: int, lang: str = _LANG) -> list[tuple[str, str, bool]]:
    """The number of votes, the text of the reason, and whether it belongs to a yes; reasons for a no come first."""
    given = one.facts.reasons
    codes = [code for kind in (NO_REASONS, YES_REASONS) for code in sorted(kind, key=lambda code: -given.get(code, 0))]
    return [
        (shown_count(given[code], least), reason_text(lang, code), code in YES_REASONS)
        for code in codes
        if given.get(code)
    ]


def _window(period: Period) -> str:
    return f"{period.first_day} to {period.last_day} {period.zone}"


def _kept_up(one: ReadArticle) -> str:
    about = one.about
    owner = f"owner {printable(about.owner)}" if about.owner else "no owner"
    return f"{owner}, {f'review by {about.review_by:{_DAY}}' if about.review_by else 'no review date'}"


# --- Terminal ------------------------------------------------------------------------------------------------------


def articles_as_text(found: ArticleList) -> str:
    """The list for a terminal."""
    lines = [f"Articles and their readers, {_window(found.period)}", ""]
    lines += [*(f"  {note}" for note in article_notes(found.least)), ""]
    for one in found.articles:
        now, before = one.facts.now, one.facts.before
        readers = people_and_before(now.readers, before.readers, found.least, comparable=found.comparable)
        lines += [
            f"{printable(one.about.title)}  ({_place(one)})",
            f"    readers {readers}; asked a person: {shown_count(now.asked, found.least)}; {helped(now, found.least)}",
            f"    {_kept_up(one)}",
        ]
    return "\n".join([*lines, "" if found.articles else "No article was read or voted on.\n"])


def article_as_text(found: OneArticle) -> str:
    """One article in full, for a terminal."""
    one, least = found.article, found.least
    lines = [printable(one.about.title), f"  {_place(one)}; {_kept_up(one)}", "", f"  {_window(found.period)}", ""]
    lines += [f"  {name}: {value}" for name, value in _numbers(found)]
    for title, words in _all_words(found):
        lines += ["", f"  {title}", *(f"    {line}" for line in _lines(words, least))]
    reasons = [f"{number} said: {words}" for number, words, _ in reasons_in_words(one, least)]
    lines += ["", "  Reasons", *(f"    {line}" for line in reasons or [_NO_WORDS])]
    sentences = [
        f"{said.at:{_DAY}}  {_answer(said.helpful)}: {printable(said.words)}" for said in found.words.sentences
    ]
    lines += ["", "  What they wrote", *(f"    {line}" for line in sentences or [_NO_WORDS])]
    return "\n".join([*lines, "", *(f"  {note}" for note in article_notes(least)), ""])


def _place(one: ReadArticle) -> str:
    return printable(one.about.location or "home") + (", this page is gone" if one.about.gone else "")


def _answer(helpful: bool) -> str:
    return "yes" if helpful else "no"


def _numbers(found: OneArticle) -> list[tuple[str, str]]:
    now, before = found.article.facts.now, found.article.facts.before

    def both(name: str) -> str:
        return people_and_before(getattr(now, name), getattr(before, name), found.least, comparable=found.comparable)

    return [
        ("Readers", both("readers")),
        (f"Asked a person within {MINUTES} minutes", both("asked")),
        ("Helped", helped(now, found.least)),
        ("Helped, the period before", helped(before, found.least) if found.comparable else UNKNOWN),
    ]


def _all_words(found: OneArticle) -> list[tuple[str, Words]]:
    return [
        ("Came from searches for", found.words.came),
        (f"Searched next, within {MINUTES} minutes", found.words.searched_next),
    ]


def _lines(words: Words, least: int) -> list[str]:
    lines = [f"{one.people} people: {printable(one.query)}" for one in words.shown]
    if words.other_people:
        lines.append(f"{shown_count(words.other_people, least)} people: words of <{least} people each")
    return lines or [_NO_WORDS]


# --- Markdown, CSV and JSON ----------------------------------------------------------------------------------------


def articles_as_markdown(found: ArticleList) -> str:
    """The list as Markdown."""
    lines = [f"# Articles and their readers, {_window(found.period)}", ""]
    lines += [*(f"- {as_markdown(note)}" for note in article_notes(found.least)), ""]
    head = ["Article", "Address", "Readers", "Before", "Asked a person", "Helped", "Owner", "Review by"]
    return "\n".join([*lines, *as_table(head, [_markdown_row(one, found) for one in found.articles]), ""])


def _markdown_row(one: ReadArticle, found: ArticleList) -> Sequence[str]:
    now, before, about = one.facts.now, one.facts.before, one.about
    return [
        about.title,
        _place(one),
        shown_count(now.readers, found.least),
        shown_count(before.readers, found.least) if found.comparable else UNKNOWN,
        shown_count(now.asked, found.least),
        helped(now, found.least),
        about.owner or "-",
        f"{about.review_by:{_DAY}}" if about.review_by else "-",
    ]


def article_as_markdown(found: OneArticle) -> str:
    """One article as Markdown, in which what customers typed has no effect as markup."""
    one = found.article
    lines = [f"# {as_markdown(one.about.title)}", "", f"{as_markdown(_place(one))}; {as_markdown(_kept_up(one))}", ""]
    lines += [f"## {_window(found.period)}", "", *as_table(["Number", "Value"], _numbers(found))]
    for title, words in _all_words(found):
        lines += ["", f"## {title}", "", *(f"- {as_markdown(line)}" for line in _lines(words, found.least))]
    lines += ["", "## Reasons", ""]
    lines += as_table(["Votes", "Said"], [[number, words] for number, words, _ in reasons_in_words(one, found.least)])
    lines += ["", "## What they wrote", ""]
    rows = [[f"{said.at:{_DAY}}", _answer(said.helpful), said.words] for said in found.words.sentences]
    lines += as_table(["Day", "Helped", "Sentence"], rows)
    return "\n".join([*lines, "", *(f"- {as_markdown(note)}" for note in article_notes(found.least)), ""])


_NUMBERS = ("readers", "readers_before", "asked", "yes", "no", "yes_before", "no_before", "helped")


def list_as_csv(found: ArticleList) -> str:
    """The list as CSV; hidden numbers are empty."""
    about = ("location", "title", "owner", "review_by")
    rows = []
    for one in found.articles:
        row = article_for_programs(one, found.least, comparable=found.comparable)
        rows.append([*(row[name] for name in (*about, *_NUMBERS)), *(row["reasons"].get(code, 0) for code in _CODES)])
    return to_csv((*about, *_NUMBERS, *_CODES), rows)


_CODES = (*NO_REASONS, *YES_REASONS)


def articles_as_json(found: ArticleList) -> str:
    """The list as JSON of a stable form; fields are added, never changed, while `format` stays 1.

    {"format": 1, "since", "until", "known_since": UTC, "least": people from which numbers are shown, "notes": [text],
     "articles": [see `article_for_programs`]}. Numbers of people and votes below `least`, but 0, are null.
    """
    document = {
        "format": ARTICLES_FORMAT,
        "since": stamp(found.period.since),
        "until": stamp(found.period.until),
        "known_since": stamp_or_none(found.known_since),
        "least": found.least,
        "notes": article_notes(found.least),
        "articles": [article_for_programs(one, found.least, comparable=found.comparable) for one in found.articles],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def article_as_json(found: OneArticle) -> str:
    """One article as JSON: the fields of the list, and `came`, `searched_next` and `sentences`."""
    document = {
        "format": ARTICLES_FORMAT,
        "since": stamp(found.period.since),
        "until": stamp(found.period.until),
        "least": found.least,
        "notes": article_notes(found.least),
        **article_for_programs(found.article, found.least, comparable=found.comparable),
        "came": [{"query": one.query, "people": one.people} for one in found.words.came.shown],
        "searched_next": [{"query": one.query, "people": one.people} for one in found.words.searched_next.shown],
        "sentences": [
            {"at": stamp(said.at), "helpful": said.helpful, "words": said.words, "reasons": list(said.reasons)}
            for said in found.words.sentences
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def article_for_programs(one: ReadArticle, least: int, *, comparable: bool) -> dict[str, Any]:
    """An article as plain values for JSON; None is what is hidden, or unknown about the period before."""
    about, now, before = one.about, one.facts.now, one.facts.before

    def people(number: int) -> int | None:
        return number if number == 0 or number >= least else None

    return {
        "location": about.location,
        "title": about.title,
        "source": about.source,
        "owner": about.owner,
        "review_by": about.review_by.isoformat() if about.review_by else None,
        "gone": about.gone,
        "readers": people(now.readers),
        "readers_before": people(before.readers) if comparable else None,
        "asked": people(now.asked),
        "yes": people(now.yes),
        "no": people(now.no),
        "yes_before": people(before.yes) if comparable else None,
        "no_before": people(before.no) if comparable else None,
        "helped": now.helped,
        "reasons": {code: people(number) for code, number in one.facts.reasons.items()},
    }
