"""The language of a text, by the little words that every sentence of it has.

Names, products and addresses in a text have no effect. An empty answer means that it is not sure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 2000
_WORD = re.compile(r"[^\W\d_]+")
# So many times the words of any other language make sure.
_TIMES = 1.5
# So many make sure in an answer of a few sentences.
_LEAST = 3
# Words that any text of some length contains, and that texts in the other languages hardly contain: enough for a page.
SMALL_WORDS = {
    "da": "og ikke jeg det af er til kan du med hvis eller",
    "de": "der die und das ist nicht ein zu mit sie auf wenn",
    "en": "the and of to is you for that with your are this",
    "es": "el los las una para con por del como más puede su",
    "fr": "le les des et est une dans pour vous du pas sur",
    "it": "il che di è per non un gli della con sono nel",
    "nl": "het een van en niet dat op voor met je zijn wordt",
    "pt": "o os as um uma não para com do da em você",
    "sv": "och inte att det som är för med kan du av eller",
}
# Further ones, for a text of a few sentences. No Danish or Swedish: so short, Norwegian cannot be told from them.
_MORE = {
    "ca": "amb els les una és per que què no aquest aquesta però més seu seva vostè vostra ens hem pot gràcies bon dia",
    "de": "den dem des sind ihr ihre ihnen für von zum zur wir ich haben wird bitte eine einen im es dass noch",
    "en": "was were these have has had please can will would not from we it in on be been our if",
    "es": "usted sus está están es son no que se muy pero hemos gracias cuando nos desde al y",
    "fr": "sont votre vos nous notre avec un être avez avons merci cette ce que qui au si plus",
    "it": "una del grazie può questo questa anche abbiamo suo sua lei dal alla se ma più",
    "nl": "u uw is wij we kunt kan dit deze de heeft hebben als aan naar bij er ook",
    "pt": "obrigado obrigada está são seu sua pode mas mais dos que se e foi nós temos quando ao",
}
SPOKEN = tuple(_MORE)


def languages_by_word(words: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
    """The languages that have a word, by the word; `words` are those of each language, with spaces between them."""
    found: dict[str, list[str]] = {}
    for lang, of_language in words.items():
        for word in frozenset(of_language.split()):
            found.setdefault(word, []).append(lang)
    return found


_LANGUAGES = languages_by_word({lang: f"{SMALL_WORDS.get(lang, '')} {_MORE[lang]}" for lang in SPOKEN})


def spoken_language(text: str) -> str:
    """The language of a text of several sentences, such as `de`; empty where it is not sure, as with a single line."""
    return clear_language(_WORD.findall(text[:_LONGEST].casefold()), _LANGUAGES, least=_LEAST)


def clear_language(words: Iterable[str], languages: Mapping[str, Sequence[str]], *, least: int) -> str:
    """The language with `least` of the words, and clearly more of them than any other; empty where there is none.

    `languages` is from `languages_by_word`.
    """
    counts: Counter[str] = Counter()
    for word in words:
        counts.update(languages.get(word, ()))
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= least and most >= _TIMES * next_most else ""
