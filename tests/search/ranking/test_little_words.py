"""A question of words that every question holds asks for nothing: it has no answer, and such words are not marked."""

from __future__ import annotations

import pytest

from handrail_kb.site.built.passages import Page, Passage
from handrail_search.index.build import build_index
from handrail_search.lexical.function_words import is_greeting, little_among, says_little
from handrail_search.lexical.stemming import words_in
from handrail_search.ranking.evidence import Evidence
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL


@pytest.mark.parametrize(
    "question",
    ["how to", "how do i", "can i", "who are you", "what is this", "the", "and the", "i want", "what", "is it",
     "HOW TO?", "hello", "thanks", "a l 3 0 7", "p a s s w o r d", "x y"],
)  # fmt: skip
def test_little_words_alone_are_never_answered_and_find_few(searcher, question):
    for engine in (searcher, Searcher(searcher.index, None)):
        results = engine.search(question)
        assert results.verdict != "answered"
        assert len(results.shown) <= 3


@pytest.mark.parametrize(
    "question",
    [
        "bonjour",
        "Hola!",
        "Guten Tag",
        "你好",
        "buenos días",
        "dzień dobry",
        "Здравствуйте",
        "こんにちは",
        "thank you very much",
    ],
)
def test_a_greeting_in_any_language_has_no_answer(searcher, question):
    assert is_greeting(words_in(question))
    assert searcher.search(question).verdict != "answered"


def test_a_greeting_that_stands_in_articles_is_judged_by_them(state):
    texts = ("The word hola is how people of Spain greet.", "Bread of rye and of wheat.")
    pages = [Page(f"a{n}/", f"Lesson {n}", (Passage(f"a{n}/", "", (), text),)) for n, text in enumerate(texts)]
    searcher = Searcher.open(build_index(pages, state, MODEL).folder)
    assert not Evidence(searcher.index, "hola", None, None).says_little
    assert Evidence(searcher.index, "bonjour", None, None).says_little
    assert not is_greeting(["tag"])


@pytest.mark.parametrize("question", ["?", "...", "!!!", "-", "🙂", "。", "(", '""', "∞", " \u200b "])
def test_signs_alone_find_nothing(searcher, question):
    results = searcher.search(question)
    assert (results.verdict, results.hits) == ("none", ())


@pytest.mark.parametrize("question", ["how do i reset my password", "password", "can i get my money back"])
def test_a_question_with_little_words_in_it_is_answered_as_ever(searcher, question):
    assert searcher.search(question).verdict == "answered"


def test_an_article_called_by_little_words_is_found_by_them(state):
    pages = [
        Page("who/", "Who we are", (Passage("who/", "", (), "A company of bakers in a small town."),)),
        Page("bread/", "Bread", (Passage("bread/", "", (), "Bread of rye and of wheat."),)),
    ]
    results = Searcher.open(build_index(pages, state, MODEL).folder).search("who we are")
    assert (results.verdict, results.hits[0].location) == ("answered", "who/")


def test_little_words_are_not_marked_beside_others(state):
    text = "You can add a signature. You can send it. When nothing helps, talk to a human: a person can call you."
    pages = [
        Page("a/", "Ways to us", (Passage("a/", "", (), text),)),
        *(Page(f"b{n}/", f"Lamp {n}", (Passage(f"b{n}/", "", (), f"The lamp {n} blinks."),)) for n in range(12)),
    ]
    searcher = Searcher.open(build_index(pages, state, MODEL).folder)
    snippet = searcher.search("can i talk to a human").hits[0].snippet
    assert "<mark>talk</mark>" in snippet
    assert "<mark>human</mark>" in snippet
    assert "<mark>can</mark>" not in snippet
    assert "<mark>can</mark>" in searcher.search("can you").hits[0].snippet


def test_a_word_is_little_in_the_language_that_the_question_is_in():
    asked = ["why", "does", "the", "app", "die"]
    assert little_among(asked, ("de", "en")) == {"why", "does", "the"}
    assert says_little(["wie", "kann", "ich"], ("de", "en"))
    assert not says_little(["wie", "kann", "ich", "zahlen"], ("de", "en"))
    assert not says_little(["how"], ("ja",))


@pytest.mark.parametrize(
    ("language", "question", "subject"),
    [
        ("cs", "jak mohu změnit heslo", {"změnit", "heslo"}),
        ("pl", "jak mogę zmienić hasło", {"zmienić", "hasło"}),
    ],
)
def test_little_words_of_czech_and_polish_are_known(language, question, subject):
    asked = question.split()
    assert set(asked) - little_among(asked, (language,)) == subject
    assert says_little(asked[:2], (language,))
