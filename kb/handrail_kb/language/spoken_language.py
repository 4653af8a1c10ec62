"""The language of a text of several sentences, by the little words that every sentence of it has.

Made for answers to customers: eight languages of Europe, and an empty answer where it is not sure, as with a single
line. Names, products and addresses in a text have no effect.
"""

from __future__ import annotations

import re
from collections import Counter

_LONGEST = 2000
_WORD = re.compile(r"[^\W\d_]+")
# So many of a language's words, and so many times those of any other, make sure.
_LEAST, _TIMES = 3, 1.5
# The most frequent words of each language, rather those that others do not have.
_WORDS = {
    "ca": "amb els les una és per que què no aquest aquesta però més seu seva vostè vostra ens hem pot gràcies bon dia",
    "de": "der die das den dem des und ist sind nicht sie ihr ihre ihnen mit auf für von zu zum zur wir ich haben "
    "wird bitte ein eine einen im es dass wenn noch",
    "en": "the and you your is are was were with this that these have has had please can will would not for from we "
    "it to of in on be been our if",
    "es": "el los las una usted su sus con por para está están es son no que se muy más pero puede hemos gracias "
    "cuando nos desde al del como y",
    "fr": "le les des est sont vous votre vos nous notre avec pour dans une un pas sur être avez avons merci cette "
    "ce et que qui du au si plus",
    "it": "il gli che per con sono una un della del nel non grazie può questo questa anche è di abbiamo suo sua lei "
    "dal alla se ma più",
    "nl": "het een en niet u uw met voor van op zijn is wij we kunt kan dit dat deze de heeft hebben als aan naar "
    "bij wordt er ook",
    "pt": "o os as uma um não você para com obrigado obrigada está são seu sua pode mas mais em do da dos que se e "
    "foi nós temos quando ao",
}
SPOKEN = tuple(_WORDS)
_HAVE = {word: [lang for lang in SPOKEN if word in _WORDS[lang].split()] for word in " ".join(_WORDS.values()).split()}


def spoken_language(text: str) -> str:
    """The language of a text, such as `de`; empty where it is not sure."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text[:_LONGEST].casefold()):
        counts.update(_HAVE.get(word, ()))
    (first, most), (_, next_most) = [*counts.most_common(2), ("", 0), ("", 0)][:2]
    return first if most >= _LEAST and most >= _TIMES * next_most else ""
