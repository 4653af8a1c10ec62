"""Tells by meaning whether a search is about a matter that should stay with people: a death, a fraud, a danger, anger.

One linear map over question vectors, learnt when the index is made from sentences (`matters.yml`, and the site's own):
multinomial logistic regression against everyday questions that sound alike (scikit-learn). How much is enough is found
by leaving a sixth of the sentences out at a time, and by what the site's own questions reach.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from handrail_kb.matters import BUILT_IN, Matters
from handrail_search.vectors import Vectors

SCHEMA = """
-- One row for each matter that stays with people. A question is about the one with the highest w·q + bias, from its
-- floor on. `left_out` and `sentences` are what the floor was found with, `digest` what all was learnt from.
CREATE TABLE matters (name TEXT PRIMARY KEY, weights BLOB NOT NULL, bias REAL NOT NULL, floor REAL NOT NULL,
  left_out REAL NOT NULL, sentences REAL NOT NULL, digest TEXT NOT NULL);
"""
# A prior as strong as the sentences: tried with half, twice and three times as much, which is the same or worse.
_STRENGTH = 1.0
_FOLDS = 6
# Of everyday questions that were left out at most a twentieth is taken for a matter, and fewer where an encoder tells
# them apart so well that an eighth of a matter's own sentences may be missed for it.
_EVERYDAY, _MISSED = 0.95, 0.12
# Of the site's own questions at most a hundredth is taken for one, while no more than so many sentences are missed.
_OWN, _GIVEN_UP = 0.99, 0.3

# Log odds by which the likeliest matter is ahead of the next where it is called by its name.
_APART = 0.8
UNSURE = "unsure"

Encode = Callable[[str], Vectors]
_Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sense:
    """What tells matters apart; `weights` is of shape (matters, dimensions), `names` and `bias` in the same order."""

    names: tuple[str, ...]
    weights: Vectors
    bias: _Scores
    floor: float
    left_out: float
    sentences: float
    digest: str

    def matter_of(self, vector: Vectors) -> str | None:
        """The matter that a question is about, by its vector; none for nearly all questions.

        UNSURE where it is one for people, but two matters are about as likely: condolences to a victim of fraud are
        worse than none.
        """
        if not self.names:
            return None
        reached = self.weights @ vector + self.bias
        *others, best = reached.argsort().tolist()
        if reached[best] < self.floor:
            return None
        return UNSURE if others and reached[best] - reached[others[-1]] < _APART else self.names[best]

    def fitted(self, own: Vectors) -> Sense:
        """The same with a floor that few of the site's own questions, given as vectors, reach."""
        floor = self.left_out
        if len(own):
            reached = (own @ self.weights.T + self.bias).max(axis=1)
            floor = max(floor, min(float(np.quantile(reached, _OWN)), self.sentences))
        return replace(self, floor=floor)


NO_SENSE = Sense((), np.zeros((0, 0), dtype=np.float32), np.zeros(0), 0.0, 0.0, 0.0, "")


@cache
def _examples() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = resources.files(__package__).joinpath("matters.yml").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(text)
    return found


def languages() -> frozenset[str]:
    """The languages that the built-in sentences are in."""
    return frozenset(_examples()["everyday"])


@dataclass(frozen=True)
class Lesson:
    """Sentences by matter, and everyday ones that are about none."""

    sentences: Mapping[str, tuple[str, ...]]
    everyday: tuple[str, ...]

    def digest(self, encoder: str) -> str:
        """Of all that is learnt from, with the fingerprint of the encoder."""
        text = json.dumps([encoder, self.sentences, self.everyday, _STRENGTH, _FOLDS, _EVERYDAY, _MISSED, _GIVEN_UP])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def lesson(matters: Matters, langs: Iterable[str]) -> Lesson:
    """What to learn from: the site's own sentences, and those that come with Handrail in `langs`."""
    known = sorted(set(langs) & languages())
    given = _examples()

    def in_langs(name: str) -> tuple[str, ...]:
        return tuple(sentence for lang in known for sentence in given[name][lang]) if name in given else ()

    built_in = {name: in_langs(name) for name in BUILT_IN}
    sentences = {name: (*built_in.get(name, ()), *own) for name, own in matters.items()}
    return Lesson({name: found for name, found in sentences.items() if found}, in_langs("everyday"))


def learn(taught: Lesson, encode: Encode, digest: str) -> Sense:
    """Learn to tell matters; `encode` gives a question's vector. Takes seconds."""
    names = tuple(sorted(taught.sentences))
    if not names or not taught.everyday:
        return NO_SENSE
    texts = [(number, text) for number, name in enumerate(names) for text in taught.sentences[name]]
    texts += [(len(names), text) for text in taught.everyday]
    vectors = np.stack([encode(text) for _, text in texts])
    labels = np.array([number for number, _ in texts])
    weights, bias = _fit(vectors, labels)
    left_out = _left_out(vectors, labels)
    everyday = labels == len(names)
    floor = max(np.quantile(left_out[everyday], _EVERYDAY), np.quantile(left_out[~everyday], _MISSED))
    return Sense(
        names,
        weights.astype(np.float32),
        bias,
        floor=float(floor),
        left_out=float(floor),
        sentences=float(np.quantile(left_out[~everyday], _GIVEN_UP)),
        digest=digest,
    )


def _fit(vectors: Vectors, labels: npt.NDArray[np.int64]) -> tuple[_Scores, _Scores]:
    """Weights and biases of each matter, as log odds against everyday questions, which have the last label."""
    from sklearn.linear_model import LogisticRegression  # here and not above: serving does without

    model = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=1000).fit(vectors, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # a single matter: scikit-learn keeps one row for two classes, for the second of them
        return -coefficients, -intercepts
    return coefficients[:-1] - coefficients[-1], intercepts[:-1] - intercepts[-1]


def _left_out(vectors: Vectors, labels: npt.NDArray[np.int64]) -> _Scores:
    """What each sentence reaches at most when it was not learnt from."""
    reached = np.empty(len(labels))
    # Every sixth of each label is left out together, so that no fold is without a matter.
    fold = np.array([int((labels[:row] == labels[row]).sum()) % _FOLDS for row in range(len(labels))])
    for number in range(_FOLDS):
        out = fold == number
        if out.any():
            weights, bias = _fit(vectors[~out], labels[~out])
            reached[out] = (vectors[out] @ weights.T + bias).max(axis=1)
    return reached


# --- kept in a generation


def write(sense: Sense, file: Path) -> None:
    """Keep it in the database of a generation that is being made."""
    rows = zip(sense.names, sense.weights, sense.bias.tolist(), strict=True)
    same = (sense.floor, sense.left_out, sense.sentences, sense.digest)
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO matters VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(name, row.astype("<f4").tobytes(), bias, *same) for name, row, bias in rows],
        )


def read(db: sqlite3.Connection) -> Sense:
    """What a generation keeps."""
    rows = db.execute(
        "SELECT name, weights, bias, floor, left_out, sentences, digest FROM matters ORDER BY name"
    ).fetchall()
    if not rows:
        return NO_SENSE
    weights = np.stack([np.frombuffer(row[1], dtype="<f4") for row in rows]).astype(np.float32)
    return Sense(tuple(row[0] for row in rows), weights, np.array([row[2] for row in rows]), *rows[0][3:])


def read_former(generation: Path, digest: str) -> Sense | None:
    """What an older generation learnt from the same sentences, if it did."""
    try:
        with closing(sqlite3.connect(f"{(generation / 'passages.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
            sense = read(db)
    except sqlite3.DatabaseError:
        return None
    return sense if sense.digest == digest else None
