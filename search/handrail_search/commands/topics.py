"""`handrail topics`: failed searches grouped by meaning, one in full, and the decisions about them."""

from __future__ import annotations

import getpass
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast, get_args

import click

from handrail_feedback.contracts import Past, PresentAnswer
from handrail_feedback.records.decisions import MEANINGS, DecisionKind
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store, existing_store
from handrail_feedback.storage.searches import decisions
from handrail_feedback.storage.searches.learned import version
from handrail_feedback.storage.searches.lineage import merged_into
from handrail_feedback.storage.searches.topics import read_history
from handrail_feedback.topics.for_programs import topic_for_programs, topics_as_json
from handrail_feedback.topics.listing import Book, Listed, find_topic, list_topics, read_book
from handrail_feedback.topics.proving import prove_topics
from handrail_feedback.topics.status import TO_BE_WRITTEN
from handrail_feedback.topics.text import decision_in_words, topic_as_text, topics_as_markdown, topics_as_text
from handrail_kb.cli.flags import config_option
from handrail_kb.cli.terminal import bar_when_needed, log_to_terminal
from handrail_kb.config.settings import Settings, docs_dir_of
from handrail_kb.config.shown import path_below, shown_folder
from handrail_kb.contact.reply_due import contact_of
from handrail_kb.errors import EncoderUnavailable, HandrailError
from handrail_kb.language.printable import printable
from handrail_kb.texts.log.logger import Log
from handrail_search.adapters.page_names import names_of
from handrail_search.adapters.proofs import answer_of
from handrail_search.adapters.teaching import teach_from_store
from handrail_search.adapters.topics import SiteArticles, refresh_topics
from handrail_search.commands.options import find_settings, setting_options
from handrail_search.embedding.encoder import Encoder
from handrail_search.index.generation import Index, current_generation, open_current
from handrail_search.ranking.searcher import Searcher
from handrail_search.ranking.understanding import Reader

log = Log(__name__)


# The command shows what was taught just now without a long wait; the service asks the remaining ones.
_AGAIN, _MOST_ASKED = timedelta(0), 1000

_WRITERS = {"text": topics_as_text, "json": topics_as_json, "markdown": topics_as_markdown}
_DAYS = click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=28,
    show_default=True,
    help="Length of the period, and of the one before it.",
)
_VERDICTS = click.Choice([verdict.replace(" ", "-") for verdict in get_args(DecisionKind)])


@dataclass(frozen=True)
class OpenStore:
    """What the commands work on: the store of a site, its topics, and the articles."""

    settings: Settings
    store: Store
    book: Book
    articles: SiteArticles

    @property
    def least(self) -> int:
        """The least number of people for which numbers are shown."""
        return self.settings.number("topic_people")

    def last(self, days: int, at: datetime) -> Period:
        """The last so many days of the site's time zone up to a moment."""
        return Period.last(days, at, contact_of(self.settings).zone)


def open_site(config_file: Path, flags: dict[str, Any], at: datetime, *, regroup: bool = False) -> OpenStore:
    """The site with its topics up to date. Without an encoder they stay as they are, and a warning says so."""
    log_to_terminal()
    settings = find_settings(config_file, flags, needs_file=False)
    store, index = _existing(settings), open_current(settings.index_dir)
    history = read_history(store)
    encoder: Encoder | None
    try:
        encoder = index.encoder()
        with bar_when_needed("encoding searches") as advance:
            refresh_topics(store, index, encoder, settings, at, advance, regroup=regroup, history=history)
        search, names = _Serving(settings, store, index), names_of((page.location for page in index.pages), settings)
        with bar_when_needed("asking topics again") as advance:
            prove_topics(
                store, search, names.find, at, history=history, again_after=_AGAIN, most=_MOST_ASKED, progress=advance
            )
    except EncoderUnavailable as error:
        log("topics.unchanged", reason=error)
        encoder = None
    book, reader = read_book(store, history), Reader(index, encoder)
    return OpenStore(settings, store, book, SiteArticles(index, (one.query for one in book.members), reader.spelled))


class _Serving:
    """Search as the service uses it, opened when the first topic is to be asked."""

    def __init__(self, settings: Settings, store: Store, index: Index) -> None:
        self._settings = settings
        self._name = f"{index.name} {version(store)}"
        self._searcher: Searcher | None = None

    def state(self) -> str:
        """As the service names it (`adapters.proofs`), so that one does not repeat what the other has asked."""
        return self._name

    def answer(self, past: Past) -> PresentAnswer | None:
        """How a past question is answered now."""
        if self._searcher is None:
            self._searcher = Searcher.open(current_generation(self._settings.index_dir))
            teach_from_store(self._searcher, self._settings)
        return answer_of(self._searcher, past)


@click.group(invoke_without_command=True)
@config_option
@_DAYS
@click.option("--all", "decided", is_flag=True, help="List decided and proven topics, too.")
@click.option("--regroup", is_flag=True, help="Group all failed searches again now; this happens once a week anyway.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
@setting_options("state_dir", "topic_people")
@click.pass_context
def topics(
    context: click.Context,
    /,
    config_file: Path,
    days: int,
    decided: bool,
    regroup: bool,
    form: str | None,
    **flags: Any,
) -> None:
    """List the topics of failed searches that need triage, most people first.

    A topic is a group of failed searches that mean the same.
    """
    if context.invoked_subcommand:
        return
    at = now()
    site = open_site(config_file, flags, at, regroup=regroup)
    found = list_topics(site.book, site.articles, site.last(days, at), at, least=site.least, decided=decided)
    click.echo(_WRITERS[form or "text"](found), nl=False)


@topics.command()
@click.argument("topic", type=int)
@config_option
@_DAYS
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir", "topic_people")
def show(topic: int, config_file: Path, days: int, as_json: bool, **flags: Any) -> None:
    """Show one topic: what was typed, what was near, what came next, and what was decided."""
    at = now()
    site = open_site(config_file, flags, at)
    found = known_topic(site, topic, site.last(days, at), at)
    if as_json:
        click.echo(json.dumps(topic_for_programs(found, site.least), ensure_ascii=False, indent=2))
        return
    if found.facts.topic != topic:
        click.echo(f"Topic {topic} was merged into {found.facts.topic}.")
    click.echo(topic_as_text(found, site.least), nl=False)


@topics.command()
@click.argument("topic", type=int)
@click.argument("decision", type=_VERDICTS, required=False)
@config_option
@click.option("--why", default="", help="The reason, for whoever asks later.")
@click.option("--link", help="The article, issue or merge request; by default the previous decision's link.")
@click.option("--who", help="Who decides; by default the user of this machine.")
@click.option("--undo", is_flag=True, help="Undo the current decision.")
@setting_options("state_dir")
def decide(
    topic: int,
    decision: str | None,
    config_file: Path,
    why: str,
    link: str | None,
    who: str | None,
    undo: bool,
    **flags: Any,
) -> None:
    """Decide on a topic, or undo a decision.

    writing: an article is being written. reword (Improve article): an article gets the customers' words. out-of-scope:
    not ours. stays-with-people (Handle by support): a person answers this, and should. spam: nobody's question.
    """
    if undo == bool(decision):
        raise HandrailError(
            "Name a decision, or undo one." if undo else "No decision is named.",
            f"handrail topics decide {topic} writing, or: handrail topics decide {topic} --undo",
        )
    settings = find_settings(config_file, flags, needs_file=False)
    store = _existing(settings)
    name, at = who or _user(), now()
    if undo:
        taken = decisions.undo(store, topic, name, at)
        if taken is None:
            raise HandrailError(f"Nothing is decided on topic {topic}.", f"See it: handrail topics show {topic}")
        click.echo(
            f"Undone on topic {topic}: {decision_in_words(taken.verdict)}, decided {taken.at:%Y-%m-%d} by {taken.who}."
        )
        return
    verdict = cast(DecisionKind, cast(str, decision).replace("-", " "))
    if link is None:
        link = decisions.link_in_force(store, topic) if verdict in TO_BE_WRITTEN else ""
    _refuse_what_leads_nowhere(settings, link)
    why = why if any(map(str.isalnum, why)) else ""  # the line shown for copying contains "…"
    kept = decisions.decide(store, topic, verdict, name, at, why=why, link=link)
    named = f", {printable(kept.link)}" if kept.link else ""
    click.echo(f"Topic {kept.topic}: {decision_in_words(kept.verdict)} ({MEANINGS[kept.verdict]}){named}.")
    click.echo(f"Undo: handrail topics decide {kept.topic} --undo")


def known_topic(site: OpenStore, topic: int, of: Period, at: datetime) -> Listed:
    """The topic with this number, or the one that it was merged into. Raises HandrailError when there is none."""
    alive = merged_into(site.store).get(topic, topic)
    found = find_topic(site.book, site.articles, alive, of, at)
    if found is None:
        raise HandrailError(
            f"There is no topic {topic}, or its searches are erased.", "See them: handrail topics --all"
        )
    return found


def _refuse_what_leads_nowhere(settings: Settings, link: str) -> None:
    """A link is an address, an article, or a page of the site: it is what proves a topic answered later."""
    if not link or re.match(r"https?://[^\s/]+", link):
        return
    path = link.partition("#")[0].strip("/")
    config = settings.config_file
    docs_dir = docs_dir_of(config) if config and config.is_file() else settings.root / "docs"
    for folder, name in ((docs_dir, path_below(docs_dir, path)), (settings.served_site, path)):
        place = (folder / name).resolve()
        if path and place.is_relative_to(folder.resolve()) and (place.is_file() or (place / "index.html").is_file()):
            return
    raise HandrailError(
        f"'{link[:80]}' is no address, no article in {shown_folder(docs_dir)} and no page of the site.",
        "Name one: --link docs/lost-password.md, or --link https://…",
    )


def _existing(settings: Settings) -> Store:
    return existing_store(settings.store_place, "no search was kept yet", "Start the service")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container where the user has no name
        return "somebody"
