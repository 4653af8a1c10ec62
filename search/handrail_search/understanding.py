"""A question as it is understood: slips put right where that helps, a word that is being typed brought to its end.

Never touched are codes, what stands in quotes, the site's own words (learned questions included), words the encoder
knows, and very short words. What was put right is always said.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from handrail_kb.text_form import placed
from handrail_search import codes, vocabulary
from handrail_search.encoder import Encoder
from handrail_search.index import Index
from handrail_search.spelling import SHORTEST, RealWords, Speller, Suggestion, replace, suggestions
from handrail_search.stemming import fold, words_in
from handrail_search.vectors import Vectors
from handrail_search.words import AskedWord

# Words of a site that are kept in memory as candidates; the commonest of a bigger one.
_CANDIDATES = 60_000
# The doubt up to which a word is corrected, and how much doubt it takes away when the best passage comes nearer.
_DOUBT, _GAIN = -0.7, 6.0
# A question of so few words is probably being typed.
_FEW_WORDS = 3

# Of so many of the site's usual words, an encoder holds this share or more in its own language (English sites: 0.87 to
# 0.96), and this share or less where an unknown word is no sign of a slip (German with the multilingual one: 0.72).
_USUAL, _SEES, _BLIND = 1000, 0.85, 0.7
_NAME = re.compile(r"[A-Z][A-Z]+[a-z]")

# A text to its vector, or to None and why there is none.
Encode = Callable[[str], tuple[Vectors | None, str | None]]


@dataclass(frozen=True)
class Understood:
    """A question as search asks it. `corrected` is its text where that is not what was typed.

    `vector` is that of the question with its last word brought to an end; `failed` says why there is none. With
    `unfinished` somebody seems to be typing still, and it is too early to say that there is no article.
    """

    text: str
    words: tuple[AskedWord, ...]
    vector: Vectors | None
    failed: str | None = None
    corrected: str | None = None
    unfinished: bool = False


class Reader:
    """Understands questions to one index. Thread-safe; the site's words are read when the first unknown word comes."""

    def __init__(self, index: Index, encoder: Encoder | None, learned: Iterable[str] = ()) -> None:
        """`learned` are questions whose words count as the site's own."""
        self._index = index
        self._encoder = encoder
        self._learned = tuple(learned)
        self._lock = threading.Lock()
        self._speller: Speller | None = None

    def read(self, question: str, encode: Encode) -> Understood:
        """The question, put right where that helps."""
        words = self._index.words.read(self._index.db, question)
        vector, failed = encode(_finished(question, words))
        plain = Understood(question, words, vector, failed, unfinished=self._is_unfinished(words))
        found = self._suggestions(question, words)
        if not found:
            return plain
        corrected = self._with(question, found, encode)
        gain = self._gain(vector, corrected.vector) / len(found)
        kept = {word: one for word, one in found.items() if one.doubt - _GAIN * gain <= _DOUBT}
        if not kept:
            return plain
        return corrected if len(kept) == len(found) else self._with(question, kept, encode)

    def _suggestions(self, question: str, words: Sequence[AskedWord]) -> dict[str, Suggestion]:
        meant = set(chain.from_iterable(words_in(token) for token in _to_the_letter(question)))
        unknown = [word.text for word in words if not word.known and word.text not in meant]
        seldom = [word.text for word in words if word.seldom and word.text not in meant]
        if not any(len(word) >= SHORTEST for word in (*unknown, *seldom)):
            return {}
        return suggestions(
            self._open_speller(), [word.text for word in words], unknown, seldom, self._index.words.languages
        )

    def _with(self, question: str, found: dict[str, Suggestion], encode: Encode) -> Understood:
        text = replace(question, {word: suggestion.word for word, suggestion in found.items()})
        words = self._index.words.read(self._index.db, text)
        return Understood(text, words, *encode(_finished(text, words)), text, self._is_unfinished(words))

    def _is_unfinished(self, words: Sequence[AskedWord]) -> bool:
        """Whether the last word is only the beginning of one; in a sentence, a word that the encoder knows is none."""
        if not words or not (words[-1].unfinished or words[-1].may_go_on):
            return False
        return len(words) <= _FEW_WORDS or (words[-1].unfinished and not self._open_speller().is_word(words[-1].text))

    def _gain(self, vector: Vectors | None, corrected: Vectors | None) -> float:
        """How much nearer the best passage comes, in the encoder's opinion, as far as it knows the language."""
        if vector is None or corrected is None:
            return 0.0
        before, after = (float(self._index.vectors.nearest(one)[1][:1].sum()) for one in (vector, corrected))
        return self._index.manifest.trust * (after - before)

    def _open_speller(self) -> Speller:
        with self._lock:
            if self._speller is None:
                learned = ((fold(word), word, 1) for question in self._learned for word in words_in(question))
                site = vocabulary.commonest(self._index.db, _CANDIDATES)
                is_word = RealWords(self._encoder.whole_words() if self._encoder else (), self._index.words.languages)
                usual = [shown for word, shown, _ in site if len(word) >= SHORTEST and word.isalpha()][:_USUAL]
                self._speller = Speller([*learned, *site], is_word, blindness(usual, is_word))
            return self._speller


def blindness(usual: Sequence[str], is_word: Callable[[str], bool]) -> float:
    """How little the encoder's words say of this site's language, 0..1, by how many of its usual words they hold."""
    if not usual:
        return 1.0
    share = sum(map(is_word, usual)) / len(usual)
    return min(max((_SEES - share) / (_SEES - _BLIND), 0.0), 1.0)


def _finished(question: str, words: Sequence[AskedWord]) -> str:
    """The question with its last word as it will probably be: an encoder makes nonsense of half a word."""
    if not words or not words[-1].unfinished:
        return question
    last = words[-1]
    typed = placed(question)
    at = typed.form.rfind(last.text)
    return question[: typed.starts[at]] + last.meant[0] if at >= 0 else question


def _to_the_letter(question: str) -> list[str]:
    """What is meant as it is written: quotes, codes, and names with capitals inside, such as TBird."""
    odd = (token for token in codes.tokens(question) if codes.is_code(token) or _NAME.search(token))
    return [*codes.quoted_words(question), *odd]
