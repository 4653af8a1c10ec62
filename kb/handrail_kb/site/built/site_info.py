"""Reads what the plugin wrote about a site into `handrail/site.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from handrail_kb.addresses import Known, location_of_address
from handrail_kb.config.shown import as_typed
from handrail_kb.contact.open_now import OpeningTimes, read_opening
from handrail_kb.errors import SiteError
from handrail_kb.site.pages.choices import NO_CHOICES, Choices, choices_of_site

MANIFEST = "handrail/site.json"


@dataclass(frozen=True)
class SiteInfo:
    """The facts about the whole site. `contact_url` is relative to the site.

    `channels` names the channels to a person in one line of text; `opening` says when somebody answers at once.
    `edit_base` is the address at which articles are edited, without their paths; empty where the site names none.
    """

    name: str = ""
    base_path: str = "/"
    lang: str = "en"
    contact_url: str = "contact/"
    contact_label: str = ""
    channels: str = ""
    opening: OpeningTimes = field(default_factory=OpeningTimes)
    articles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    choices: Choices = NO_CHOICES
    edit_base: str = ""

    def about_other_products(self, product: str) -> frozenset[str]:
        """The locations of articles with the tag of a product, but not of this one; empty for an unknown product."""
        asked = product.strip().casefold()
        if asked not in self._known_products:
            return frozenset()
        return frozenset(location for location, names in self._products_of.items() if asked not in names)

    @cached_property
    def _known_products(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.choices.products)

    @cached_property
    def _products_of(self) -> Mapping[str, Set[str]]:
        """The products that articles are about, by location; without articles that are about none. Asked per search."""
        tags = {
            location: self._known_products.intersection(str(tag).casefold() for tag in facts.get("tags") or ())
            for location, facts in self.articles.items()
        }
        return {location: names for location, names in tags.items() if names}


def read_site_info(site_dir: Path) -> SiteInfo:
    """The facts that the plugin wrote, or defaults for a site that another generator built."""
    file = site_dir / MANIFEST
    if not file.is_file():
        return SiteInfo()
    try:
        data = json.loads(
            replace_surrogates(json.dumps(json.loads(file.read_text(encoding="utf-8")), ensure_ascii=False))
        )
        contact = data.get("contact", {})
        return SiteInfo(
            name=str(data.get("site_name", "")),
            base_path=str(data.get("base_path", "/")),
            lang=str(data.get("lang", "en")),
            contact_url=str(contact.get("url", "contact/")),
            contact_label=str(contact.get("label", "")),
            channels=str(contact.get("ways", "")),
            opening=read_opening(contact.get("opening")),
            choices=choices_of_site(data),
            edit_base=str(data.get("edit_base") or ""),
            articles=Known((location_of_address(url), facts) for url, facts in data.get("articles", {}).items()),
        )
    except OSError as error:
        raise SiteError(
            f"{file} cannot be read: {error.strerror or error}.",
            f"Let the user of the service read it: ls -ld {as_typed(file.parent)} {as_typed(file)}",
        ) from error
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError) as error:
        raise SiteError(f"{file} is not what the plugin writes: {error}.", "Build it again: handrail build") from error


def site_info_or_defaults(site_dir: Path) -> SiteInfo:
    """The facts that the plugin wrote, or defaults where they cannot be read."""
    try:
        return read_site_info(site_dir)
    except SiteError:
        return SiteInfo()


def replace_surrogates(text: str) -> str:
    """The text with lone surrogates, which JSON allows and SQLite does not, replaced by question marks."""
    return text.encode("utf-8", "replace").decode()
