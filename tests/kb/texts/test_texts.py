"""The words customers see are there in every language."""

import string
from pathlib import Path

import pytest
import yaml

from handrail_kb import texts
from handrail_kb.texts import LANGUAGES, known_language, text

FOLDER = Path(texts.__file__).parent


def words_of(lang):
    return yaml.safe_load((FOLDER / f"{lang}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_has_every_key_as_words(lang):
    assert list(words_of(lang)) == list(words_of("en"))
    assert all(isinstance(words, str) and words.strip() for words in words_of(lang).values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_translation_fills_in_the_same_values(lang):
    def names(words):
        return {name for _, name, _, _ in string.Formatter().parse(words) if name}

    assert {key: names(words) for key, words in words_of(lang).items()} == {
        key: names(words) for key, words in words_of("en").items()
    }


def test_an_unknown_language_speaks_english_and_a_regional_one_its_own():
    assert text("tlh", "find.button") == "Search"
    assert known_language("de-CH") == known_language("de_AT") == known_language("DE") == "de"
    assert text("fr", "find.heading", query="TVA") == "Résultats pour « TVA »"
