"""What the built site says about its articles, for commands that run without an index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from handrail_kb.site.built.site_info import SiteInfo


@dataclass(frozen=True)
class KnownArticles:
    """The site's articles as `contracts.Articles`, without their texts.

    Without a built site, only their locations are known.
    """

    site: SiteInfo = field(default_factory=SiteInfo)

    @property
    def lang(self) -> str:
        """The site's language."""
        return self.site.lang

    def spelled(self, words: str) -> str:
        """The words as typed, because the texts are unknown."""
        return words

    def title(self, location: str) -> str:
        """The article's title; its location if the title is unknown."""
        return str(self.site.articles.get(location, {}).get("title") or location)

    def people_only(self, location: str) -> bool:
        """Whether the article leaves its subject to people."""
        return bool(self.site.articles.get(location, {}).get("people_only"))

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        """Empty, because the texts are unknown."""
        return ()
