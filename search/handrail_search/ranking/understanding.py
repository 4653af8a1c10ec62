"""Interprets a question: corrects slips where that helps, and completes a word that is being typed.

Never changed are codes, text in quotes, the site's own words (learned questions included), words the encoder knows, and
very short words. Corrections are always shown.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from handrail_kb.language.normal_form import placed
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.lexical import literals, vocabulary
from handrail_search.lexical.spelling import SHORTEST_WORD, RealWords, Speller, SpellingSuggestion, replace, suggestions
from handrail_search.lexical.stemming import fold, words_in
from handrail_search.lexical.words import AskedWord
from handrail_search.ranking.asking_for_person import asks_for_person

# How many of a site's words are kept in memory as candidates; on a bigger site the commonest.
_CANDIDATES = 60_000
# The doubt up to which a word is corrected, and how much doubt is offset when the best passage comes nearer.
_DOUBT, _GAIN = -0.7, 6.0
# The doubt up to which a word is corrected where nothing shows whether another would be nearer to what is meant.
_SURE = -1.1
# A question of so few words is probably still being typed.
_FEW_WORDS = 3

# The share of so many of the site's usual words that an encoder for its language knows (English sites: 0.87 to 0.96),
# and the share at which an unknown word is no sign of a slip (German with the multilingual one: 0.72).
_USUAL, _SEES, _BLIND = 1000, 0.85, 0.7
_NAME = re.compile(r"[A-Z][A-Z]+[a-z]")
# Letters a word piece below which an encoder does not know a word (asdfghjkl 1.8, qwertz 2, cryptocurrency 2.8), and
# the fewest letters that say so.
_LETTERS_A_PIECE, _SHORTEST_NOISE = 2.3, 4
# The share of pieces from which a question the encoder does not know is as any other: 发票 is two unknown pieces, and
# every word of two such letters has the same vector.
_MOSTLY_UNKNOWN = 0.5

# Encodes a text: its vector, or None with the reason.
EncodeQuestion = Callable[[str], tuple[Vectors | None, str | None]]


@dataclass(frozen=True)
class Understood:
    """A question as search asks it. `corrected` is its text where that is not what was typed.

    `vector` is that of the question with its last word completed; `failed` says why there is none. With `unfinished`
    somebody seems to be typing still, and it is too early to say that there is no article. `unreadable` is a question
    in which neither the site nor the encoder knows a word: keys hit at random, or a name that stands in no article.
    """

    text: str
    words: tuple[AskedWord, ...]
    vector: Vectors | None
    failed: str | None = None
    corrected: str | None = None
    unfinished: bool = False
    unreadable: bool = False


class Reader:
    """Interprets questions to one index. Thread-safe; the site's words are read when the first unknown word comes."""

    def __init__(self, index: Index, encoder: Encoder | None, learned: Iterable[str] = ()) -> None:
        """`learned` are questions whose words count as the site's own."""
        self._index = index
        self._encoder = encoder
        self._learned = tuple(learned)
        self._lock = threading.Lock()
        self._speller: Speller | None = None

    def read(self, question: str, encode: EncodeQuestion) -> Understood:
        """The question, corrected where that helps."""
        words = self._index.words.read(self._index.db, question)
        vector, failed = encode(_finished(question, words))
        unfinished, unreadable = self._is_unfinished(words), self._is_unreadable(words)
        plain = Understood(question, words, vector, failed, unfinished=unfinished, unreadable=unreadable)
        found = self._suggestions(question, words)
        if not found:
            return plain
        corrected = self._with(question, found, encode)
        gain = self._gain(vector, corrected.vector) / len(found)
        kept = {word: one for word, one in found.items() if one.doubt - _GAIN * gain <= _DOUBT}
        if not kept:
            return plain
        return corrected if len(kept) == len(found) else self._with(question, kept, encode)

    def spelled(self, question: str) -> str:
        """The question with what is surely misspelled corrected, whatever it means. Raises sqlite3.Error."""
        found = self._suggestions(question, self._index.words.read(self._index.db, question))
        return replace(question, {word: one.word for word, one in found.items() if one.doubt <= _SURE})

    def wants_person(self, question: str, understood: Understood) -> bool:
        """Whether a question asks for a person; with slips, too, where an encoder says which words are real."""
        asks = asks_for_person(question) or asks_for_person(understood.text)
        return asks or (self._encoder is not None and asks_for_person(question, self._is_real))

    def _is_real(self, word: str) -> bool:
        return bool(vocabulary.look_up(self._index.db, [fold(word)])) or self._open_speller().is_word(word)

    def _suggestions(self, question: str, words: Sequence[AskedWord]) -> dict[str, SpellingSuggestion]:
        meant = set(chain.from_iterable(words_in(token) for token in _to_the_letter(question)))
        unknown = [word.text for word in words if not word.known and word.text not in meant]
        seldom = [word.text for word in words if word.seldom and word.text not in meant]
        if not any(len(word) >= SHORTEST_WORD for word in (*unknown, *seldom)):
            return {}
        return suggestions(
            self._open_speller(), [word.text for word in words], unknown, seldom, self._index.words.languages
        )

    def _with(self, question: str, found: dict[str, SpellingSuggestion], encode: EncodeQuestion) -> Understood:
        text = replace(question, {word: suggestion.word for word, suggestion in found.items()})
        words = self._index.words.read(self._index.db, text)
        return Understood(text, words, *encode(_finished(text, words)), text, self._is_unfinished(words))

    def _is_unfinished(self, words: Sequence[AskedWord]) -> bool:
        """Whether the last word is only the beginning of one; in a sentence, a word the encoder knows is complete."""
        if not words or not (words[-1].unfinished or words[-1].may_go_on):
            return False
        return len(words) <= _FEW_WORDS or (words[-1].unfinished and not self._open_speller().is_word(words[-1].text))

    def _is_unreadable(self, words: Sequence[AskedWord]) -> bool:
        """Whether the site has none of these words, and the encoder neither: it cuts them up, or has no such piece."""
        if self._encoder is None or not words or any(word.known for word in words):
            return False
        texts = [word.text for word in words]
        if self._encoder.share_unknown(" ".join(texts)) >= _MOSTLY_UNKNOWN:
            return True
        if not all(map(_in_cased_letters, texts)) or sum(map(len, texts)) < _SHORTEST_NOISE:
            return False
        pieces = [self._encoder.count_pieces(text) for text in texts]
        return all(count > 1 for count in pieces) and sum(map(len, texts)) <= _LETTERS_A_PIECE * sum(pieces)

    def _gain(self, vector: Vectors | None, corrected: Vectors | None) -> float:
        """How much nearer the best passage comes, as far as the encoder knows the language."""
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
                usual = [shown for word, shown, _ in site if len(word) >= SHORTEST_WORD and word.isalpha()][:_USUAL]
                self._speller = Speller([*learned, *site], is_word, blindness(usual, is_word))
            return self._speller


def blindness(usual: Sequence[str], is_word: Callable[[str], bool]) -> float:
    """How little the encoder's vocabulary says about this site's language, 0..1, by its share of the usual words."""
    if not usual:
        return 1.0
    share = sum(map(is_word, usual)) / len(usual)
    return min(max((_SEES - share) / (_SEES - _BLIND), 0.0), 1.0)


def _finished(question: str, words: Sequence[AskedWord]) -> str:
    """The question with its last word completed as is most likely: an encoder cannot interpret half a word."""
    if not words or not words[-1].unfinished:
        return question
    last = words[-1]
    typed = placed(question)
    at = typed.form.rfind(last.text)
    return question[: typed.starts[at]] + last.meant[0] if at >= 0 else question


def _to_the_letter(question: str) -> list[str]:
    """Text that is meant as written: quotes, codes, and names with capitals inside, such as TBird."""
    odd = (token for token in literals.tokens(question) if literals.is_code(token) or _NAME.search(token))
    return [*literals.quoted_words(question), *odd]


def _in_cased_letters(word: str) -> bool:
    """Whether a word is of letters in a script with capitals; in others, a piece of one or two letters is a word."""
    return word.isalpha() and all(letter.lower() != letter.upper() for letter in word)
