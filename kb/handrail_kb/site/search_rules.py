"""Which pages are excluded from search or included in it, by the patterns in mkdocs.yml.

The settings `exclude_from_search` and `include_in_search`. The patterns are those of `exclude_docs` in mkdocs.yml,
which are those of a `.gitignore`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pathspec.gitignore import GitIgnoreSpec

from handrail_kb.config.table import SettingValue
from handrail_kb.errors import ConfigError

EXCLUDE, INCLUDE = "exclude_from_search", "include_in_search"


@dataclass(frozen=True)
class SearchRules:
    """Patterns as they were written. Excluding counts more than including."""

    exclude: GitIgnoreSpec
    include: GitIgnoreSpec

    def excludes(self, *paths: str) -> bool:
        """Whether a page is kept out that has one of these paths, relative to the docs folder or the site."""
        return _fits(self.exclude, paths)

    def includes(self, *paths: str) -> bool:
        """Whether a page is taken in that would not be an article otherwise."""
        return _fits(self.include, paths) and not self.excludes(*paths)


def read_rules(values: Mapping[str, SettingValue]) -> SearchRules:
    """The rules that the settings say. Raises ConfigError for what is no pattern."""
    return SearchRules(_patterns(values, EXCLUDE), _patterns(values, INCLUDE))


def paths_of_article(source: str, location: str) -> tuple[str, ...]:
    """What a pattern can name an article by: its Markdown file, or its address where that is a folder.

    Not its built file: `*.html` is meant for pages that were HTML from the beginning.
    """
    return tuple(path for path in (source, location if location.endswith("/") else "") if path)


def _fits(patterns: GitIgnoreSpec, paths: Iterable[str]) -> bool:
    """What the first path says that a pattern speaks of: one with a `!` takes a page out again."""
    told = (patterns.check_file(path).include for path in paths)
    return next((bool(fits) for fits in told if fits is not None), False)


def _patterns(values: Mapping[str, SettingValue], name: str) -> GitIgnoreSpec:
    lines = [line.strip() for line in str(values.get(name) or "").split(",")]
    try:
        return GitIgnoreSpec.from_lines([line for line in lines if line])
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", "Write patterns such as drafts/ or **/*.html.") from error


NO_RULES = read_rules({})
