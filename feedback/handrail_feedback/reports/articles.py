"""The list of articles, with the figures about their readers and what the site says about each.

Pure but for `read_list` and `find_article_facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from handrail_feedback.records.period import Period
from handrail_feedback.reports.article_facts import (
    SOON,
    ArticleFacts,
    ArticleWords,
    ReaderFigures,
    Tally,
    facts_of_articles,
    words_of_article,
)
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.intents import openings, steps
from handrail_feedback.storage.searches.topics import known_since
from handrail_feedback.storage.searches.votes import votes


@dataclass(frozen=True)
class About:
    """What the site says about an article. The title of one that is gone is its address."""

    location: str
    title: str
    source: str = ""
    owner: str = ""
    review_by: date | None = None
    gone: bool = False


@dataclass(frozen=True)
class ReadArticle:
    """An article, with the figures about its readers."""

    about: About
    facts: ArticleFacts


@dataclass(frozen=True)
class ArticleList:
    """The articles in a period. `known_since` is the time of the oldest stored search."""

    period: Period
    least: int
    articles: tuple[ReadArticle, ...]
    known_since: datetime | None

    @property
    def comparable(self) -> bool:
        """Whether searches were kept for all of the period before."""
        return self.period.is_comparable(self.known_since)

    def only(self, articles: Iterable[ReadArticle]) -> ArticleList:
        """The same list with these articles only."""
        return replace(self, articles=tuple(articles))


@dataclass(frozen=True)
class OneArticle:
    """One article in full."""

    period: Period
    least: int
    article: ReadArticle
    words: ArticleWords
    comparable: bool


def about(location: str, site: Mapping[str, Mapping[str, Any]]) -> About:
    """What `site`, the facts that the build stored by location, says about an article."""
    facts = site.get(location)
    if facts is None:
        return About(location, location or "home", gone=bool(site))
    try:
        review_by = date.fromisoformat(str(facts.get("review_by") or ""))
    except ValueError:
        review_by = None
    title, source, owner = (str(facts.get(name) or "") for name in ("title", "source", "owner"))
    return About(location, title or location, source, owner, review_by)


def place_of(named: str, site: Mapping[str, Mapping[str, Any]]) -> str:
    """The location of an article, given its file (`docs/account/password.md`) or location; unknown names are kept."""
    plain = named.removeprefix("./").lstrip("/")
    for place, facts in site.items():
        source = str(facts.get("source") or "")
        if plain in (place, place.rstrip("/")) or (source and f"/{plain}".endswith(f"/{source}")):
            return place
    return plain


def read_list(store: Store, site: Mapping[str, Mapping[str, Any]], period: Period, least: int) -> ArticleList:
    """All articles of the site, also those without readers; if the site lists none, those with readers.

    Leaves out pages that are not on the site, since a request may name any page. Raises StoreUnavailable.
    """
    told = facts_of_articles(_known(store, period), period)
    places = [place for place, facts in site.items() if not facts.get("exclude") or place in told] or list(told)
    articles = (ReadArticle(about(place, site), told.get(place) or _nobody(place)) for place in places)
    return ArticleList(period, least, tuple(sorted(articles, key=_most_readers)), known_since(store))


def find_article_facts(
    store: Store, site: Mapping[str, Mapping[str, Any]], location: str, period: Period, least: int
) -> OneArticle | None:
    """One article; None if neither the site nor the store knows it. Raises StoreUnavailable."""
    known = _known(store, period, location)
    facts = facts_of_articles(known, period).get(location)
    if facts is None and location not in site:
        return None
    since = known_since(store)
    return OneArticle(
        period,
        least,
        ReadArticle(about(location, site), facts or _nobody(location)),
        words_of_article(known, period, least),
        period.is_comparable(since),
    )


def _known(store: Store, period: Period, location: str | None = None) -> ReaderFigures:
    since, until = period.before.since, period.until
    return ReaderFigures(
        openings(store, since, until, location),
        votes(store, since, until, location),
        steps(store, since, until + SOON, location),
    )


def _nobody(location: str) -> ArticleFacts:
    return ArticleFacts(location, Tally(), Tally(), {})


def _most_readers(one: ReadArticle) -> tuple[int, int, str, str]:
    return -one.facts.now.readers, -one.facts.now.votes, one.about.title.casefold(), one.about.location
