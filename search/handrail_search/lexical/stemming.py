"""Words as stored in the index: lower case, without marks, reduced to the stem by the rules of their language. Pure.

Stems are Snowball's (https://snowballstem.org); words of other languages keep their endings.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence

import Stemmer

from handrail_kb.language.normal_form import MARKS, plain
from handrail_kb.language.segments import split_words
from handrail_kb.language.spoken_language import SMALL_WORDS, clear_language, languages_by_word

_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
# Marks are part of a word: Hindi and Tamil write vowels with them.
_MARKED_WORD = re.compile(rf"[\w{MARKS}]+")
# Marks removed from words: accents, vowel signs of Hebrew and Arabic, dots below letters of India's scripts.
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc]+")
# Letters that cannot be decomposed into a letter and a mark.
_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ı": "i",
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ة": "ه",
        "ς": "σ",
    }
)
# Arabic writes its article, and "and", "with" or "as" before it, as one word with the next: العنوان is عنوان.
# Snowball's rules for Arabic give these two different stems.
_ARABIC_ARTICLE = re.compile("^[وفبك]?ال(?=[\u0621-\u064a]{3})")
_ALGORITHMS = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "sv": "swedish",
}
_LANGUAGES = languages_by_word(SMALL_WORDS)
# So many small words tell the language of a page.
_ENOUGH = 5
# Two threads must not use one of the library's stemmers at the same time.
_local = threading.local()


def words_in(text: str) -> list[str]:
    """The words of a text in normal form (`normal_form.plain`), accents kept, in order."""
    form = plain(text)
    if form.isascii():
        return _WORD.findall(form)
    found: list[str] = []
    for run in _MARKED_WORD.findall(form):
        found += [word for piece in split_words(run) if (word := piece.strip("_")) and _WORD.search(word)]
    return found


def fold(word: str) -> str:
    """A word in lower case without accents and umlauts, `ß` as `ss`: as typed by people without those keys."""
    if word.isascii():
        return word.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFKD", word.lower().translate(_LETTERS)))
    return unicodedata.normalize("NFC", plain)


def stem(word: str, lang: str) -> str:
    """A word in lower case as stored in the index: stemmed where the language is known, and folded."""
    algorithm = _ALGORITHMS.get(lang)
    if algorithm is None or not word.isalpha():
        return _ARABIC_ARTICLE.sub("", fold(word))
    stemmers: dict[str, Stemmer.Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if algorithm not in stemmers:
        stemmers[algorithm] = Stemmer.Stemmer(algorithm)
    return fold(stemmers[algorithm].stemWord(word))


def languages_of(texts: Sequence[str], declared: Sequence[str]) -> list[str]:
    """The language of each text: by its small words, else that of most texts declared alike, else the declared one.

    Sites are often declared English because a setting was never changed; stemming needs the actual language.
    """
    found = [clear_language(words_in(text), _LANGUAGES, least=_ENOUGH) for text in texts]
    votes: dict[str, Counter[str]] = {}
    for detected, said in zip(found, declared, strict=True):
        if detected:
            votes.setdefault(said, Counter())[detected] += 1
    usual = {said: counts.most_common(1)[0][0] for said, counts in votes.items()}
    return [detected or usual.get(said, said) for detected, said in zip(found, declared, strict=True)]


def small_words(words: Sequence[str], languages: Collection[str]) -> tuple[int, int]:
    """How many of the words are small words of these languages, and the highest number for any other language."""
    hits = Counter(lang for word in words for lang in _LANGUAGES.get(word, ()))
    ours = max((hits[lang] for lang in languages), default=0)
    return ours, max((count for lang, count in hits.items() if lang not in languages), default=0)
