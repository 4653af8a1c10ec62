"""The draft of the article that a topic lacks: its title, customers' questions, and the searches it must answer. Pure.

What customers typed is kept redacted, and few people are never counted, so that a draft may be handed on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from handrail_feedback.records.topics import Member, MessageMember
from handrail_feedback.topics.facts import Facts, people
from handrail_feedback.topics.listing import Book
from handrail_kb.articles.draft import ArticleDraft, CustomerQuestion, different
from handrail_kb.site.built.site_info import SiteInfo
from handrail_kb.texts.amounts import counted

# A draft is made of the searches of so many days.
DRAFT_DAYS = 366
LONGEST_QUESTION = 120
# As many as help in `questions:`, and as many as a writer reads.
_QUESTIONS, _MUST_ANSWER = 8, 20
_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]")


def draft_of(book: Book, facts: Facts, questions: Sequence[str], site: SiteInfo, least: int) -> ArticleDraft:
    """The draft with these `questions`, see `questions_of`; numbers of fewer than `least` people are not told."""
    sources = sources_of(site)
    asked = [
        CustomerQuestion(wording, _count(count, least) if count >= least else "")
        for wording, count in _wordings(book, facts.topic)
    ]
    # The home page is near to every question and answers none.
    related = [near for near in facts.nearest if near.location and sources.get(near.location)]
    return ArticleDraft(
        title=facts.name,
        why=f"{_count(facts.people, least)} looked for topic {facts.topic} from {facts.first_at:%Y-%m-%d} to "
        f"{facts.last_at:%Y-%m-%d} and did not find it.",
        questions=tuple(questions),
        must_answer=tuple(asked[:_MUST_ANSWER]),
        related=tuple((sources[near.location], near.title) for near in related),
        lang=site.lang,
    )


def questions_of(book: Book, topic: int, there: Sequence[str]) -> list[str]:
    """Wordings fit for an article: of several words, nothing redacted, and in no other article yet (`there`)."""
    wordings = [query for query, _ in _wordings(book, topic)]
    fit = [query for query in wordings if len(query) <= LONGEST_QUESTION and not _PLACEHOLDER.search(query)]
    return different(fit, there, _QUESTIONS)


def sources_of(site: SiteInfo) -> Mapping[str, str]:
    """The Markdown file of each article that has one, by location."""
    return {location: str(facts.get("source") or "") for location, facts in site.articles.items()}


def questions_there(site: SiteInfo) -> list[str]:
    """The questions of all articles, as the site was built."""
    found: Iterable[object] = (facts.get("questions") for facts in site.articles.values())
    return [str(question) for questions in found if isinstance(questions, list) for question in questions]


def _wordings(book: Book, topic: int) -> list[tuple[str, int]]:
    """What was typed, with the number of people; most people first, then those nearest to the topic's centre.

    Last come the further questions of messages that need an article.
    """
    members = book.by_topic[topic]
    by_shape: dict[str, list[Member]] = defaultdict(list)
    for one in members:
        by_shape[one.shape].append(one)
    found = [(group[-1].query, people(group), book.places[group[-1].key].nearness) for group in by_shape.values()]
    found.sort(key=lambda one: (-one[1], -one[2], one[0]))
    other = {query: 1 for one in members if isinstance(one, MessageMember) for query in one.questions[1:]}
    return [*((query, count) for query, count, _ in found), *other.items()]


def _count(number: int, least: int) -> str:
    return f"<{least} people" if number < least else counted(number, "person", "people")
