"""Words for people: what customers see, one YAML file for each language, and what operators read in the log.

A new language is a new file with the same keys. Knows nothing of where the words are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from html import escape
from pathlib import Path

import yaml

FALLBACK_LANGUAGE = "en"
# The parser in C, where PyYAML has it: every build reads these files.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Words:
    """The words in a folder with one YAML file for each language; English completes the others, key by key."""

    folder: Path

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages there are files for, such as `de`."""
        return tuple(sorted(file.stem for file in self.folder.glob("*.yml")))

    def known(self, lang: str, otherwise: str = FALLBACK_LANGUAGE) -> str:
        """The language whose file is used for `lang` (`de` for `de-CH`, `de_AT` and `DE`), or `otherwise`."""
        short = short_language(lang)
        return short if short in self.languages else otherwise

    def of(self, lang: str) -> Mapping[str, str]:
        """All words of a language, completed with English."""
        return _complete(self.folder, self.known(lang))

    def text(self, lang: str, key: str, **values: object) -> str:
        """The words of `key`, with `{name}` filled from `values`: plain text, see `html` where it becomes HTML.

        Raises KeyError for a key that does not exist.
        """
        return self.of(lang)[key].format(**values)

    def html(self, lang: str, key: str, **values: object) -> str:
        """`text`, escaped for HTML."""
        return escape(self.text(lang, key, **values))


def short_language(lang: str) -> str:
    """The language of `de-CH` or `de_AT`: `de`."""
    return lang.replace("_", "-").split("-")[0].lower()


@cache
def _complete(folder: Path, lang: str) -> Mapping[str, str]:
    return {**_read(folder, FALLBACK_LANGUAGE), **_read(folder, lang)}


@cache
def _read(folder: Path, lang: str) -> dict[str, str]:
    written = (folder / f"{lang}.yml").read_text(encoding="utf-8")
    words: dict[str, str] = yaml.load(written, Loader=_LOADER)  # noqa: S506 (a safe loader)
    return words


_CUSTOMERS = Words(Path(__file__).parent)
LANGUAGES = _CUSTOMERS.languages
text, html_text, texts = _CUSTOMERS.text, _CUSTOMERS.html, _CUSTOMERS.of
known_language = _CUSTOMERS.known
