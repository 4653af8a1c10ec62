"""Recognises by meaning whether a search is about a sensitive topic: a death, a fraud, a danger, anger.

One linear map over question vectors, trained when the index is made, from the sentences of `sensitive_topics.yml` and
the site's own: multinomial logistic regression against everyday questions that sound alike (scikit-learn). The
thresholds are found by leaving out a sixth of the sentences at a time, and from the scores of the site's own questions.
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

from handrail_kb.contact.sensitive_topics import BUILT_IN, SensitiveTopics
from handrail_search.embedding.vectors import Vectors

SENSITIVE_SCHEMA = """
-- One row for each topic. A question is about the one with the highest w·q + bias, from its
-- floor on. `left_out` and `sentences` are what the floor was found with, `digest` what all was learnt from.
CREATE TABLE matters (name TEXT PRIMARY KEY, weights BLOB NOT NULL, bias REAL NOT NULL, floor REAL NOT NULL,
  left_out REAL NOT NULL, sentences REAL NOT NULL, digest TEXT NOT NULL);
"""
# A prior as strong as the sentences: half, two and three times as strong were tried, and were the same or worse.
_STRENGTH = 1.0
_FOLDS = 6
# Of everyday questions that were left out at most a twentieth is taken for a sensitive topic, and fewer where an
# encoder separates them so well that an eighth of a topic's own sentences may be missed for it.
_EVERYDAY, _MISSED = 0.95, 0.12
# Of the site's own questions at most a hundredth is taken for one, while no more than so many sentences are missed.
_OWN, _GIVEN_UP = 0.99, 0.3

# The log odds by which the likeliest topic must be ahead of the next to be named.
_APART = 0.8
UNSURE = "unsure"

EncodeSentence = Callable[[str], Vectors]
_Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TopicClassifier:
    """The classifier; `weights` is of shape (topics, dimensions), `names` and `bias` in the same order."""

    names: tuple[str, ...]
    weights: Vectors
    bias: _Scores
    floor: float
    left_out: float
    sentences: float
    digest: str

    def topic_of(self, vector: Vectors) -> str | None:
        """The topic that a question is about, by its vector; none for nearly all questions.

        UNSURE where it is a sensitive one, but two topics are about equally likely: condolences to a victim of fraud
        are worse than none.
        """
        if not self.names:
            return None
        reached = self.weights @ vector + self.bias
        *others, best = reached.argsort().tolist()
        if reached[best] < self.floor:
            return None
        return UNSURE if others and reached[best] - reached[others[-1]] < _APART else self.names[best]

    def fitted(self, own: Vectors) -> TopicClassifier:
        """The same classifier with a floor that few of the site's own questions, given as vectors, reach."""
        floor = self.left_out
        if len(own):
            reached = (own @ self.weights.T + self.bias).max(axis=1)
            floor = max(floor, min(float(np.quantile(reached, _OWN)), self.sentences))
        return replace(self, floor=floor)


NO_TOPICS = TopicClassifier((), np.zeros((0, 0), dtype=np.float32), np.zeros(0), 0.0, 0.0, 0.0, "")


@cache
def _examples() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = resources.files(__package__).joinpath("sensitive_topics.yml").read_text(encoding="utf-8")
    found: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(text)
    return found


def languages() -> frozenset[str]:
    """The languages of the built-in sentences."""
    return frozenset(_examples()["everyday"])


@dataclass(frozen=True)
class TopicSentences:
    """Sentences by topic, and everyday ones that are about none."""

    sentences: Mapping[str, tuple[str, ...]]
    everyday: tuple[str, ...]

    def digest(self, encoder: str) -> str:
        """The digest of everything it is trained on, with the fingerprint of the encoder."""
        text = json.dumps([encoder, self.sentences, self.everyday, _STRENGTH, _FOLDS, _EVERYDAY, _MISSED, _GIVEN_UP])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def lesson(topics: SensitiveTopics, langs: Iterable[str]) -> TopicSentences:
    """The training sentences: the site's own, and the built-in ones in `langs`."""
    known = sorted(set(langs) & languages())
    given = _examples()

    def in_langs(name: str) -> tuple[str, ...]:
        return tuple(sentence for lang in known for sentence in given[name][lang]) if name in given else ()

    built_in = {name: in_langs(name) for name in BUILT_IN}
    sentences = {name: (*built_in.get(name, ()), *own) for name, own in topics.items()}
    return TopicSentences({name: found for name, found in sentences.items() if found}, in_langs("everyday"))


def learn_sensitive_topics(taught: TopicSentences, encode: EncodeSentence, digest: str) -> TopicClassifier:
    """Train the classifier; `encode` gives a question's vector. Takes seconds."""
    names = tuple(sorted(taught.sentences))
    if not names or not taught.everyday:
        return NO_TOPICS
    texts = [(number, text) for number, name in enumerate(names) for text in taught.sentences[name]]
    texts += [(len(names), text) for text in taught.everyday]
    vectors = np.stack([encode(text) for _, text in texts])
    labels = np.array([number for number, _ in texts])
    weights, bias = _fit(vectors, labels)
    left_out = _left_out(vectors, labels)
    everyday = labels == len(names)
    floor = max(np.quantile(left_out[everyday], _EVERYDAY), np.quantile(left_out[~everyday], _MISSED))
    return TopicClassifier(
        names,
        weights.astype(np.float32),
        bias,
        floor=float(floor),
        left_out=float(floor),
        sentences=float(np.quantile(left_out[~everyday], _GIVEN_UP)),
        digest=digest,
    )


def _fit(vectors: Vectors, labels: npt.NDArray[np.int64]) -> tuple[_Scores, _Scores]:
    """Weights and biases of each topic, as log odds against everyday questions, which have the last label."""
    from sklearn.linear_model import LogisticRegression  # imported here because serving does not need it

    model = LogisticRegression(C=_STRENGTH, class_weight="balanced", max_iter=1000).fit(vectors, labels)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(coefficients) == 1:  # with a single topic scikit-learn keeps one row for two classes, that of the second
        return -coefficients, -intercepts
    return coefficients[:-1] - coefficients[-1], intercepts[:-1] - intercepts[-1]


def _left_out(vectors: Vectors, labels: npt.NDArray[np.int64]) -> _Scores:
    """The highest score of each sentence when it was not trained on."""
    reached = np.empty(len(labels))
    # Every sixth of each label is left out together, so that no fold lacks a topic.
    fold = np.array([int((labels[:row] == labels[row]).sum()) % _FOLDS for row in range(len(labels))])
    for number in range(_FOLDS):
        out = fold == number
        if out.any():
            weights, bias = _fit(vectors[~out], labels[~out])
            reached[out] = (vectors[out] @ weights.T + bias).max(axis=1)
    return reached


# --- kept in a generation


def write_sensitive_topics(classifier: TopicClassifier, file: Path) -> None:
    """Write the classifier into the database of a generation that is being made."""
    rows = zip(classifier.names, classifier.weights, classifier.bias.tolist(), strict=True)
    same = (classifier.floor, classifier.left_out, classifier.sentences, classifier.digest)
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO matters VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(name, row.astype("<f4").tobytes(), bias, *same) for name, row, bias in rows],
        )


def read_sensitive_topics(db: sqlite3.Connection) -> TopicClassifier:
    """The classifier of a generation."""
    rows = db.execute(
        "SELECT name, weights, bias, floor, left_out, sentences, digest FROM matters ORDER BY name"
    ).fetchall()
    if not rows:
        return NO_TOPICS
    weights = np.stack([np.frombuffer(row[1], dtype="<f4") for row in rows]).astype(np.float32)
    return TopicClassifier(tuple(row[0] for row in rows), weights, np.array([row[2] for row in rows]), *rows[0][3:])


def reuse_sensitive_topics(generation: Path, digest: str) -> TopicClassifier | None:
    """The classifier that an older generation trained on the same sentences, if there is one."""
    try:
        with closing(sqlite3.connect(f"{(generation / 'passages.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
            classifier = read_sensitive_topics(db)
    except sqlite3.DatabaseError:
        return None
    return classifier if classifier.digest == digest else None
