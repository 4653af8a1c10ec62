"""The languages of pages, whose words are stemmed by the rules of each."""

import pytest

from handrail_search.lexical.stemming import languages_of

GERMAN = "Das Passwort ist nicht richtig? Sie setzen es auf der Seite zurück, und die Adresse ist dieselbe."
FRENCH = "Le mot de passe est refusé : vous le changez dans les réglages, et une adresse est demandée pour vous."
DANISH = "Hvis du ikke kan logge ind, er det fordi adressen er forkert, og jeg kan ikke se det af listen."


@pytest.mark.parametrize("lang, words", [("de", GERMAN), ("fr", FRENCH), ("da", DANISH)])
def test_a_page_has_the_language_of_its_words_whatever_is_declared(lang, words):
    assert languages_of([words], ["en"]) == [lang]


def test_a_page_of_few_words_has_the_language_of_most_pages_that_are_declared_alike():
    assert languages_of([GERMAN, GERMAN, FRENCH, "Router X200", "Router X300"], ["en"] * 4 + ["fr"]) == [
        "de",
        "de",
        "fr",
        "de",
        "fr",
    ]


def test_a_page_in_two_languages_has_the_one_that_is_declared():
    assert languages_of([f"{GERMAN} {FRENCH}"], ["es"]) == ["es"]
