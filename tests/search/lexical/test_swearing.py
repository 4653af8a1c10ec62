"""Swear words are heard in any spelling, and nothing else is taken for one."""

from __future__ import annotations

import pytest

from handrail_search.lexical.swearing import swears


def nothing(_word: str) -> bool:
    return False


@pytest.mark.parametrize(
    "question",
    [
        "fuck you",
        "your FUCKING website does not work",
        "this is bullshit!!!",
        "what the f*ck is this",
        "f**king login again",
        "sh*t app",
        "fuuuuck",
        "wtf",
        "piece of crap",
        "Arseholes took my money",
        "Scheiß App",
        "scheisse geht wieder nicht",
        "SCHEIẞLADEN",
        "ihr Arschlöcher",
        "verf*ckt nochmal",
        "fuck",  # full width
        "quelle merde",
        "enculés",
        "vaya mierda de servicio",
        "cabrón",
    ],
)
def test_a_curse_is_heard(question):
    assert swears(question, nothing)


@pytest.mark.parametrize(
    "question",
    [
        "", "crop a picture", "shiitake", "Scunthorpe United tickets", "hello", "a*b*c", "***", "2*3*4", "c++ and c#",
        "me@example.org", "p@ssword", "the class is assessed", "shell command", "Dickinson", "cockpit view", "Essex",
        "Ausschuss", "Marschkolonne", "Geschoss", "fickle", "how do I suck in air", "damn slow", "putting it together",
        "computador", "reputation", "idiot proof guide", "x" * 10_000, "*" * 10_000, "f" * 10_000,
    ],
)  # fmt: skip
def test_what_only_looks_like_one_is_none(question):
    assert not swears(question, nothing)


def test_a_word_that_the_site_itself_uses_is_none():
    assert not swears("my bitch has puppies", lambda word: word == "bitch")
    assert swears("my bitch has puppies, you bastards", lambda word: word == "bitch")
