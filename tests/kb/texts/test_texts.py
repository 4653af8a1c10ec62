"""The words customers see are there in every language."""

import re
import string
from pathlib import Path

import pytest
import yaml

from handrail_feedback import desk, reports
from handrail_kb import texts
from handrail_kb.texts import LANGUAGES, known_language, text
from handrail_kb.texts.staff import STAFF_WORDS

CUSTOMERS = Path(texts.__file__).parent
FILES = [(CUSTOMERS, lang) for lang in LANGUAGES]
FILES += [(STAFF_WORDS.folder, lang) for lang in STAFF_WORDS.languages]


def words_of(folder, lang):
    return yaml.safe_load((folder / f"{lang}.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("folder", "lang"), FILES)
def test_every_language_has_every_key_as_words(folder, lang):
    words = words_of(folder, lang)
    assert list(words) == list(words_of(folder, "en"))
    assert all(isinstance(value, str) and value.strip() for value in words.values())


@pytest.mark.parametrize(("folder", "lang"), FILES)
def test_a_translation_fills_in_the_same_values(folder, lang):
    def names(words):
        return {name for _, name, _, _ in string.Formatter().parse(words) if name}

    assert {key: names(words) for key, words in words_of(folder, lang).items()} == {
        key: names(words) for key, words in words_of(folder, "en").items()
    }


def test_every_word_that_a_page_of_the_desk_asks_for_is_there():
    asked = set()
    rooms = (Path(desk.__file__).parent, Path(reports.__file__).parent)
    for template in (found for room in rooms for kind in ("*.html", "*.txt") for found in room.rglob(kind)):
        asked |= set(re.findall(r"""\bt\(\s*["']([\w.]+)["']""", template.read_text(encoding="utf-8")))
    assert asked
    known = set(words_of(STAFF_WORDS.folder, "en"))
    assert {key for key in asked if not key.endswith(".")} <= known
    for beginning in (key for key in asked if key.endswith(".")):  # the rest of the key is a value
        assert any(key.startswith(beginning) for key in known), beginning


def test_an_unknown_language_speaks_english_and_a_regional_one_its_own():
    assert text("tlh", "find.button") == "Search"
    assert known_language("de-CH") == known_language("de_AT") == known_language("DE") == "de"
    assert text("fr", "find.heading", query="TVA") == "Résultats pour « TVA »"
