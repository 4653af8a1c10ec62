"""What the built site says of its articles, for commands that run without an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handrail_kb.site.built.site_info import SiteInfo


@dataclass(frozen=True)
class KnownArticles:
    """The articles as topics ask for them (`contracts.Articles`); their words are not known.

    Without a site all that is known of an article is where it is.
    """

    site: SiteInfo = field(default_factory=SiteInfo)

    def title(self, location: str) -> str:
        """The article's title; its location where it is not known."""
        return str(self.site.articles.get(location, {}).get("title") or location)

    def people_only(self, location: str) -> bool:
        """Whether the article says that its subject is handled by a person."""
        return bool(self.site.articles.get(location, {}).get("people_only"))

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Nothing that is known here."""
        return ()
