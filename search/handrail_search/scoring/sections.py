"""Which section of an article answers: the evidence for each passage as one score. Pure.

Chosen on one half of the labelled questions about Handrail's own help, reported on the other:
docs/architecture/ranking/0080-right-section.md and 0091-section-above.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from handrail_search.scoring.fusion import Scores, weights

# Words that tell the sections of the article apart, as a multiple of their weight in `fusion`: 0.25 next to a cosine,
# which counts 1, where the encoder knows the language. Codes and quotes to the letter.
_WORDS, _LETTERS = 1.25, 2.0
# The beginning speaks of all that is in the article, so that it resembles every question: it stands back a little.
# A question that says no more than the title asks for it, and adds so much.
_BEGINNING, TITLE = -0.08, 0.4
# A section that others stand below opens in place of the best one of these where it fits worse by less than this.
NEARLY = 0.05
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
) -> dict[str, Scores]:
    """What each kind of evidence adds to each passage; their sums are compared with others of the article.

    `meaning` are cosines on the usual scale with the question as headings taught to ask it, see `heading_lesson`,
    `words` what `tell_apart` found, `letters` how many codes and quotes stand there, `known` what `known_question`
    added; `begins` is set where the passage is of the article's beginning. Meaning and words weigh by `trust` and
    `endings` as in `fusion`.
    """
    share = weights(trust, endings)
    return {
        "meaning": share["meaning_best"] * meaning,
        "words": _WORDS * share["passage_words"] * words,
        "letters": _LETTERS * letters,
        "known": known,
        "beginning": np.where(begins, _BEGINNING, 0.0),
    }


def numbered_sections(sections: Sequence[object]) -> npt.NDArray[np.int64]:
    """A number for the section of each passage, in rising order, from what names it: pieces of one are neighbours."""
    begun = [number == 0 or section != sections[number - 1] for number, section in enumerate(sections)]
    return np.cumsum(begun, dtype=np.int64) - 1


def sections_of_pages(section_of: npt.NDArray[np.int64], page_of: npt.NDArray[np.int64]) -> Scores:
    """How many sections each page has, by the section and the page of each passage."""
    begun = np.diff(section_of, prepend=-1) != 0
    return np.bincount(page_of[begun]).astype(np.float64)
