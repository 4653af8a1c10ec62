"""From a topic to its article: the draft as a file, and the address at which the site's forge begins it."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass

from flask import Blueprint
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from handrail_feedback.desk.downloads import send_file
from handrail_feedback.desk.forges import NewFile, new_file
from handrail_feedback.desk.reports.topic_cache import CachedTopics, TopicCache
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.lineage import merged_into
from handrail_feedback.topics.draft import DRAFT_DAYS, draft_of, questions_of, questions_there, sources_of
from handrail_kb.articles.draft import draft_text, file_name
from handrail_kb.site.built.site_info import SiteInfo


@dataclass(frozen=True)
class Draft:
    """The draft of an article: the name of its file, and its text."""

    name: str
    text: str


@dataclass(frozen=True)
class Drafts:
    """Makes drafts for topics. Everybody at the desk may have them."""

    store: Store
    cache: TopicCache
    site: Callable[[], SiteInfo]

    def register(self, blueprint: Blueprint, home: str) -> None:
        """Add the address of a topic's draft below that of the desk."""
        blueprint.add_url_rule(f"{home}topics/<int:topic>.md", "topic_draft", self.file)

    def file(self, topic: int) -> AnyResponse:
        """GET desk/topics/TOPIC.md."""
        alive = merged_into(self.store).get(topic, topic)
        draft = self.of(self.cache.take_with(alive), alive)
        if draft is None:
            raise NotFound
        # What is noted has no words of customers.
        name = draft.name.removesuffix(".md")
        return send_file(self.store, name, "md", draft.text, noted=f"topic {alive}")

    def of(self, cached: CachedTopics, topic: int) -> Draft | None:
        """The draft, as `handrail draft` writes it; None if there is no such topic."""
        at, site = now(), self.site()
        # A period that ends with the reading is the same until topics are read again, and so are the facts.
        found = cached.find(topic, Period.last(DRAFT_DAYS, cached.reading.at), at)
        if found is None:
            return None
        name = _free(file_name(found.facts.name), set(sources_of(site).values()))
        questions = questions_of(cached.book, topic, questions_there(site))
        return Draft(name, draft_text(draft_of(cached.book, found.facts, questions, site, cached.least), name))

    def in_forge(self, cached: CachedTopics, topic: int) -> NewFile | None:
        """Where the forge begins the file of a topic's draft; None where the site does not say which forge it has."""
        edit_base = self.site().edit_base
        draft = self.of(cached, topic) if edit_base else None
        return new_file(edit_base, draft.name, draft.text) if draft else None


def _free(name: str, taken: Set[str]) -> str:
    """The name, with a number where an article has it already."""
    stem = name.removesuffix(".md")
    return next(
        one for one in (name, *(f"{stem}-{number}.md" for number in range(2, len(taken) + 3))) if one not in taken
    )
