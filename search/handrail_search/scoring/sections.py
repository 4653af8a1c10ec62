"""Which section of an article answers: the evidence for each passage as one score. Pure.

Chosen on one half of the labelled questions about Handrail's own help, reported on the other:
docs/architecture/ranking/0080-right-section.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from handrail_search.scoring.fusion import Scores, weights

# Words that tell the sections of the article apart, as a multiple of their weight in `fusion`: 0.5 next to a cosine,
# which counts 1, where the encoder knows the language. Codes and quotes to the letter.
_WORDS, _LETTERS = 2.5, 2.0
# The beginning speaks of all that is in the article, so that it resembles every question: it stands back a little.
# A question that says no more than the title asks for it, and adds so much.
_BEGINNING, TITLE = -0.06, 0.18
# From this cosine on, a known question leads to its section: by what it has over that, and by who named the section.
_NEAR = 0.7
FOUND, GIVEN = 1.0, 6.0


def known_question(cosines: Scores, vouched: Scores | float = FOUND) -> Scores:
    """What known questions of these cosines, on the usual scale, add to the sections that answer them.

    `vouched` is GIVEN where the writer named the section; by default it was found.
    """
    added: Scores = np.maximum(cosines - _NEAR, 0.0) * vouched
    return added


def section_scores(
    meaning: Scores,
    words: Scores,
    letters: Scores,
    known: Scores,
    begins: npt.NDArray[np.bool_],
    *,
    trust: float,
    endings: float = 1.0,
) -> Scores:
    """The score of each passage, to be compared with the others of its article.

    `meaning` are cosines on the usual scale, `words` what `tell_apart` found, `letters` how many codes and quotes
    stand there, `known` what `known_question` added; `begins` is set where the passage is of the article's beginning.
    Meaning and words weigh by `trust` and `endings` as in `fusion`.
    """
    share = weights(trust, endings)
    scores: Scores = share["meaning_best"] * meaning + _WORDS * share["passage_words"] * words
    scores = scores + _LETTERS * letters + known
    return scores + _BEGINNING * begins
