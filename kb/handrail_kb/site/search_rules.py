"""The patterns in mkdocs.yml that exclude pages from search or include them.

The settings `exclude_from_search` and `include_in_search`. As in `exclude_docs`, patterns are written as in a
`.gitignore`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pathspec.gitignore import GitIgnoreSpec

from handrail_kb.config.table import SettingValue
from handrail_kb.errors import ConfigError

# More is no choice that anybody makes in a list.
_MOST_PRODUCTS = 50
EXCLUDE, INCLUDE = "exclude_from_search", "include_in_search"


@dataclass(frozen=True)
class SearchRules:
    """The patterns of both settings. Excluding takes precedence over including."""

    exclude: GitIgnoreSpec
    include: GitIgnoreSpec

    def excludes(self, *paths: str) -> bool:
        """Whether a page with these paths, relative to the docs folder or to the site, is kept out of search."""
        return _fits(self.exclude, paths)

    def includes(self, *paths: str) -> bool:
        """Whether a page with these paths is included, even if it would not count as an article."""
        return _fits(self.include, paths) and not self.excludes(*paths)


def read_rules(values: Mapping[str, SettingValue]) -> SearchRules:
    """The rules in the settings. Raises ConfigError for an invalid pattern."""
    return SearchRules(_patterns(values, EXCLUDE), _patterns(values, INCLUDE))


def paths_of_article(source: str, location: str) -> tuple[str, ...]:
    """The paths by which a pattern can name an article: its Markdown file, and its address if that is a folder.

    Its built file does not count: `*.html` is meant for pages that were HTML from the beginning.
    """
    return tuple(path for path in (source, location if location.endswith("/") else "") if path)


def _fits(patterns: GitIgnoreSpec, paths: Iterable[str]) -> bool:
    """The result for the first path that any pattern matches. A pattern with `!` reverses an earlier one."""
    told = (patterns.check_file(path).include for path in paths)
    return next((bool(fits) for fits in told if fits is not None), False)


def _patterns(values: Mapping[str, SettingValue], name: str) -> GitIgnoreSpec:
    lines = [line.strip() for line in str(values.get(name) or "").split(",")]
    try:
        return GitIgnoreSpec.from_lines([line for line in lines if line])
    except ValueError as error:
        raise ConfigError(f"{name}: {error}", "Write patterns such as drafts/ or **/*.html.") from error


def products_in(setting: str) -> tuple[str, ...]:
    """The names in the setting `products`, each once."""
    return tuple(dict.fromkeys(name.strip() for name in setting.split(",") if name.strip()))[:_MOST_PRODUCTS]


NO_RULES = read_rules({})
