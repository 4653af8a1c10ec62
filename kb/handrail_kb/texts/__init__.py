"""Words for people: what customers see, one YAML file for each language, and what operators read in the log.

A new language is a new file with the same keys. Knows nothing of where the words are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

FALLBACK_LANGUAGE = "en"
_FOLDER = Path(__file__).parent
LANGUAGES = tuple(sorted(file.stem for file in _FOLDER.glob("*.yml")))
# The parser in C, where PyYAML has it: every build reads these files.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text(lang: str, key: str, **values: object) -> str:
    """The words of `key` in `lang`, or in English when that language lacks them; `{name}` is filled from `values`.

    The result is plain text: escape it where it becomes HTML. Raises KeyError for a key that does not exist.
    """
    return texts(lang)[key].format(**values)


def texts(lang: str) -> Mapping[str, str]:
    """All words of a language, completed with English. `de-CH`, `de_AT` and `DE` count as `de`."""
    return _complete(known_language(lang))


def known_language(lang: str) -> str:
    """The language whose file is used for `lang`."""
    short = lang.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else FALLBACK_LANGUAGE


@cache
def _complete(lang: str) -> Mapping[str, str]:
    return {**_read(FALLBACK_LANGUAGE), **_read(lang)}


@cache
def _read(lang: str) -> dict[str, str]:
    written = (_FOLDER / f"{lang}.yml").read_text(encoding="utf-8")
    words: dict[str, str] = yaml.load(written, Loader=_LOADER)  # noqa: S506 (a safe loader)
    return words
