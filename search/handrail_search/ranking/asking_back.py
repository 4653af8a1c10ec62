"""What to ask back where a question is too broad for one answer: which of several things it means.

"Emails", "error" and "it does not work" fit many articles nearly equally. That is no missing article, and no answer
either. Such a question is short, its words stand in many articles, and no article stands out. How this was found, and
how well it works: docs/architecture/ranking/0074-asking-back.md.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

import numpy as np

from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.manifest import TRUSTED
from handrail_search.lexical.function_words import subjects
from handrail_search.lexical.words import AskedWord
from handrail_search.ranking.evidence import Evidence
from handrail_search.ranking.results import Meaning
from handrail_search.ranking.understanding import Understood
from handrail_search.scoring.drop import background, ordinary, reach
from handrail_search.scoring.fusion import WEIGHTS, Scores

# A question names its subject in so many words at most, and has so many in all; without a subject it may be longer.
_MOST_SUBJECTS, _MOST_WORDS, _MOST_WITHOUT_SUBJECT = 2, 3, 6
# The share of all articles, and their number, that contain the subject of a broad question. Where no more than so many
# name both words of one in their titles or questions, these are what is meant.
_SHARE, _LEAST, _NAMED = 0.05, 3, 2
# An article stands out when the fifth best one's cosine is lower by this much, on the usual scale; none does when it is
# lower by no more than the second figure.
_STANDS_OUT, _LEVEL, _COMPARED = 0.26, 0.10, 5
# What is asked back: so many things, from so many of the best articles, each with this share of the best one's points
# above the background. How like each other two of them may be weighs against what they fit.
_FEWEST, _MOST, _LOOKED_AT, _FITS, _ALIKE = 2, 4, 12, 0.4, 0.3


def what_it_may_mean(
    finding: Evidence, understood: Understood, scores: Scores, others: Set[int], *, near: bool
) -> tuple[Meaning, ...]:
    """Two to four things that a broad question may mean, the likeliest first; nothing for any other question.

    `others` are pages in other languages than the reader's. `near` says that the best article is above the floor.
    """
    if not _may_be_broad(finding, understood, scores):
        return ()
    named = set(subjects([word.text for word in understood.words], finding.index.words.languages))
    about = [word for word in understood.words if word.text in named]
    if not _is_broad(finding, understood, about, near=near):
        return ()
    found = _articles(finding, scores, others, least=0 if about else _FEWEST)
    return found if len(found) >= _FEWEST else ()


def _may_be_broad(finding: Evidence, understood: Understood, scores: Scores) -> bool:
    """Whether meaning can be trusted, and the question is none of those that are precise, or unfinished."""
    if understood.vector is None or finding.index.manifest.trust < TRUSTED:
        return False
    typing = understood.words[-1].unfinished
    precise = finding.is_asked_by_name(int(np.argmax(scores))) or finding.asks_for_letters
    return not (typing or precise or understood.unreadable or finding.says_little)


def _is_broad(finding: Evidence, understood: Understood, about: Sequence[AskedWord], *, near: bool) -> bool:
    """Whether the words, of which those `about` name the subject, fit many articles, and none of these stands out."""
    index, lead = finding.index, _lead(finding)
    if lead >= _STANDS_OUT:
        return False
    if not about:
        return len(understood.words) <= _MOST_WITHOUT_SUBJECT
    if len(about) > _MOST_SUBJECTS or len(understood.words) > _MOST_WORDS:
        return False
    if len(about) > 1 and 1 <= index.words.heads_holding(index.db, about) <= _NAMED:
        return False
    if index.words.articles_holding(index.db, about) >= max(_LEAST, _SHARE * len(index.pages)):
        return True
    # A word that the articles seldom use, for what many of them are about: "emails" where they write "messages".
    return len(about) == 1 and about[0].known and near and lead <= _LEVEL


def _lead(finding: Evidence) -> float:
    """How much nearer in meaning the best article is than the fifth best, on the usual scale."""
    nearest = np.sort(finding.nearness)[::-1][:_COMPARED]
    return float(nearest[0] - nearest[-1]) * USUAL_REACH / finding.index.manifest.recipe.reach


def _articles(finding: Evidence, scores: Scores, others: Set[int], *, least: int) -> tuple[Meaning, ...]:
    """The articles to choose from, by how well they fit, and unlike each other; at `least` so many, fitting or not."""
    index = finding.index
    # A keyword names one article for a word that stands in many: without it, the others stand beside that one.
    points = ordinary(scores, finding.evidence["exact"]) - WEIGHTS["keywords"] * finding.evidence["keywords"]
    zero, best = background(points), float(points.max())
    pages: list[int] = []
    for page in np.argsort(-points, kind="stable").tolist():
        copy = index.twin_of.get(page, page) in {index.twin_of.get(one, one) for one in pages}
        if not copy and page not in others and (finding.relevant[page] or len(pages) < least):
            pages.append(page)
        if len(pages) == _LOOKED_AT:
            break
    fit = {page: reach(float(points[page]), best, zero) for page in pages}
    pages = [page for place, page in enumerate(pages) if fit[page] >= _FITS or place < least]
    chosen = _unlike([fit[page] for page in pages], [_vector_of(finding, page) for page in pages])
    titles = {index.pages[pages[place]].title: index.pages[pages[place]] for place in reversed(chosen)}
    return tuple(Meaning(page.location, page.title, page.lang) for page in reversed(titles.values()))


def _vector_of(finding: Evidence, page: int) -> Vectors:
    return finding.index.vectors.mean(np.flatnonzero(finding.index.owner == page))


def _unlike(fit: Sequence[float], vectors: Sequence[Vectors]) -> list[int]:
    """Places of those that fit well and are unlike the ones chosen before (Carbonell and Goldstein 1998)."""
    if not fit:
        return []
    centred = np.stack(vectors) - np.mean(vectors, axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    likeness = centred @ centred.T
    chosen = [0]
    while len(chosen) < min(_MOST, len(fit)):
        left = [place for place in range(len(fit)) if place not in chosen]
        worth = {place: fit[place] - _ALIKE * float(likeness[place, chosen].max()) for place in left}
        chosen.append(max(left, key=worth.__getitem__))
    return sorted(chosen)
