"""Swear words, in any spelling that people give them: whoever types one is angry, whatever else the search means.

A sentence is recognised by its meaning (`index.sensitive_topics`), but a bare curse has too little of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from handrail_kb.language.normal_form import plain
from handrail_search.lexical.stemming import fold

# Without accents; a `*` stands for any ending. Words that also have an innocent meaning in one of these languages
# (hell, damn, suck, arsch- as a part of names) are left out.
_LISTED = """
fuck* motherfuck* wtf stfu shit shits shitty shite bullshit* crap crappy asshole* arsehole* arse bastard bastards
bitch bitches dickhead* wanker* bollocks idiots morons
scheiss* beschissen* fick fickt fickst ficken gefickt verfickt* arschloch* arschlocher* arsch verarsch* verpiss*
hurensohn* wichser* kotzt drecksladen dreckladen drecksverein saftladen* vollidiot* idioten bescheuert*
merde merdes merdique* putain* connard* connasse* encule* salaud* salopard* foutez
mierda* puta puto putas joder jodido* jodida* cabron* gilipollas pendejo*
"""
_WORDS = _LISTED.split()
_WHOLE = frozenset(word for word in _WORDS if not word.endswith("*"))
_BEGINNINGS = tuple(word[:-1] for word in _WORDS if word.endswith("*"))
_TOKEN = re.compile(r"[^\W_][\w*#@$!]*")
_HIDING = "*#@$!"
_STRETCHED = re.compile(r"(.)\1{2,}")
_MOST = 100


def swears(question: str, is_word_of_site: Callable[[str], bool]) -> bool:
    """Whether a question holds a swear word that is not also a word of the site's own articles."""
    return any(_is_one(word) and not is_word_of_site(word) for word in _read(question))


def _read(question: str) -> Iterator[str]:
    """The words, folded; `fuuuck` also without the stretched letters."""
    for token in _TOKEN.findall(plain(question))[:_MOST]:
        word = fold(token).rstrip("!")
        yield word
        if _STRETCHED.search(word):
            yield _STRETCHED.sub(r"\1", word)


def _is_one(word: str) -> bool:
    if not any(sign in word for sign in _HIDING):
        return word in _WHOLE or word.startswith(_BEGINNINGS)
    if sum(letter.isalpha() for letter in word) < 2:
        return False
    return any(len(word) == len(one) and _may_be(word, one) for one in _WHOLE) or any(
        len(word) >= len(one) and _may_be(word, one) for one in _BEGINNINGS
    )


def _may_be(hidden: str, word: str) -> bool:
    """Whether `f**k` may be `fuck`, as far as the word goes."""
    return all(letter in (meant, *_HIDING) for letter, meant in zip(hidden, word, strict=False))
