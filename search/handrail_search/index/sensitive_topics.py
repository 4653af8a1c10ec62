"""Recognises by meaning whether a search is about a sensitive topic: a death, a fraud, a danger, anger.

A question is compared with every sentence of `sensitive_topics.yml` in the languages that the encoder knows, and with
the site's own: each pulls it towards its topic or towards everyday questions, the nearer the more. How hard each pulls
is learnt when the index is made (kernel ridge regression), and the thresholds are found by leaving out a sixth of the
sentences at a time, and from the scores of the site's own questions.
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

from handrail_kb.contact.sensitive_topics import BUILT_IN, UNSURE, SensitiveTopics
from handrail_search.embedding.vectors import Vectors

SENSITIVE_SCHEMA = """
-- One row for each topic: how hard each sentence pulls towards it rather than towards everyday questions. A question
-- may be about the one towards which it is pulled most from `floor` on, and is from `surely` on. `left_out` and
-- `given_up` are what these were found with, `digest` what all was learnt from.
CREATE TABLE matters (name TEXT PRIMARY KEY, pulls BLOB NOT NULL, floor REAL NOT NULL, surely REAL NOT NULL,
  left_out REAL NOT NULL, given_up REAL NOT NULL, digest TEXT NOT NULL);
-- The vectors of all sentences, in the order of the pulls: half as many bytes as in the vectors of passages.
CREATE TABLE matter_sentences (vectors BLOB NOT NULL);
"""
# How fast a sentence's pull fades with distance, and how much an odd one among its neighbours is smoothed over.
# Measured against others in docs/architecture/ranking/0094-everyday-stories.md.
_FADES = 1.0
_SMOOTHED = 0.1
_FOLDS = 6
# Where a question begins to be perhaps about one. Of everyday sentences that were left out, which are much nearer to a
# topic than most that customers ask, at most one in twelve is; fewer where an encoder tells them apart so well that of
# a topic's own sentences no more than one in twenty is missed for it.
_EVERYDAY, _MISSED = 0.92, 0.05
# Of the site's own questions at most a fiftieth may be about one, and a hundredth surely is, while no more than so many
# sentences are missed.
_OWN, _OWN_SURELY, _GIVEN_UP = 0.98, 0.99, 0.3

# By how much a topic must be ahead, of everyday questions to be surely meant, and of the next topic to be named, where
# its own sentences are ahead by 1. Short of the first, a person comes first and nothing else changes, so that whoever
# only forgot a password still finds how to set another.
_SURELY, _APART = 0.1, 0.2

EncodeSentences = Callable[[Iterable[str]], Iterable[Vectors]]
_Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TopicClassifier:
    """The classifier: `sentences` of shape (sentences, dimensions), and their `pulls` towards each of the `names`."""

    names: tuple[str, ...]
    sentences: Vectors
    pulls: Vectors
    floor: float
    surely: float
    left_out: float
    given_up: float
    digest: str

    def notices(self, vector: Vectors) -> bool:
        """Whether a question, by its vector, may be about a sensitive topic, or surely is; hardly any question does."""
        return bool(self.names) and float(self._reached(vector).max()) >= self.floor

    def topic_of(self, vector: Vectors) -> str | None:
        """The topic that a question surely is about, by its vector.

        UNSURE where it is a sensitive one, but two topics are about equally likely: condolences to a victim of fraud
        are worse than none.
        """
        if not self.names:
            return None
        reached = self._reached(vector)
        *others, best = reached.argsort().tolist()
        if reached[best] < self.surely:
            return None
        return UNSURE if others and reached[best] - reached[others[-1]] < _APART else self.names[best]

    def fitted(self, own: Vectors) -> TopicClassifier:
        """The same classifier with thresholds that few of the site's own questions, given as vectors, reach."""
        floor, surely = self.left_out, max(_SURELY, self.left_out)
        if len(own):
            reached = np.minimum(self._reached(own).max(axis=1), self.given_up)
            floor = max(floor, float(np.quantile(reached, _OWN)))
            surely = max(surely, float(np.quantile(reached, _OWN_SURELY)))
        return replace(self, floor=floor, surely=surely)

    def _reached(self, vectors: Vectors) -> Vectors:
        """How far one question, or each of several, is pulled towards each topic: 1 as its own sentences, 0 not."""
        return _likeness(vectors, self.sentences) @ self.pulls


_NOTHING = np.zeros((0, 0), dtype=np.float32)
NO_TOPICS = TopicClassifier((), _NOTHING, _NOTHING, 0.0, 0.0, 0.0, 0.0, "")


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
        chosen = (_FADES, _SMOOTHED, _FOLDS, _EVERYDAY, _MISSED, _GIVEN_UP)
        text = json.dumps([encoder, self.sentences, self.everyday, *chosen])
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


def learn_sensitive_topics(taught: TopicSentences, encode: EncodeSentences, digest: str) -> TopicClassifier:
    """Train the classifier; `encode` gives the vector of each question. Takes seconds."""
    names = tuple(sorted(taught.sentences))
    if not names or not taught.everyday:
        return NO_TOPICS
    texts = [text for name in names for text in taught.sentences[name]] + list(taught.everyday)
    vectors = np.stack(list(encode(texts))).astype(np.float16).astype(np.float32)  # as they are kept
    counts = [*(len(taught.sentences[name]) for name in names), len(taught.everyday)]
    labels = np.repeat(np.arange(len(counts)), counts)
    pulls, left_out = _fit(vectors, labels)
    everyday = labels == len(names)
    best = left_out.max(axis=1)
    floor = float(max(np.quantile(best[everyday], _EVERYDAY), np.quantile(best[~everyday], _MISSED)))
    return TopicClassifier(
        names,
        vectors,
        pulls.astype(np.float32),
        floor=floor,
        surely=max(_SURELY, floor),
        left_out=floor,
        given_up=float(np.quantile(best[~everyday], _GIVEN_UP)),
        digest=digest,
    )


def _likeness(vectors: Vectors, others: Vectors) -> Vectors:
    """How alike the meanings are of vectors of length 1: from 1 for the same to nearly 0."""
    alike: Vectors = np.exp(2 * _FADES * (vectors @ others.T - 1))
    return alike


def _fit(vectors: Vectors, labels: npt.NDArray[np.int64]) -> tuple[_Scores, _Scores]:
    """The pull of each sentence towards each topic, and how far each is pulled by the others when it is left out.

    Everyday questions have the last label; both are of shape (sentences, topics). A sentence weighs the more the fewer
    its label has. What is left out at a time is every sixth of each label; leaving it out has a closed form, so
    nothing is solved twice.
    """
    counts = np.bincount(labels)
    means = np.eye(len(counts))[labels] - 1 / len(counts)
    like = _likeness(vectors, vectors).astype(np.float64)
    inverse = np.linalg.inv(like + np.diag(_SMOOTHED * (counts / counts.mean())[labels]))
    pulls = inverse @ means
    left_out = np.empty_like(means)
    fold = np.concatenate([np.arange(count) % _FOLDS for count in counts])
    for number in range(_FOLDS):
        out = fold == number
        left_out[out] = means[out] - np.linalg.solve(inverse[np.ix_(out, out)], pulls[out])
    return pulls[:, :-1] - pulls[:, -1:], left_out[:, :-1] - left_out[:, -1:]


# --- kept in a generation


def write_sensitive_topics(classifier: TopicClassifier, file: Path) -> None:
    """Write the classifier into the database of a generation that is being made."""
    if not classifier.names:
        return
    same = (classifier.floor, classifier.surely, classifier.left_out, classifier.given_up, classifier.digest)
    pulls = classifier.pulls.T.astype("<f4")
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO matters VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(name, row.tobytes(), *same) for name, row in zip(classifier.names, pulls, strict=True)],
        )
        db.execute("INSERT INTO matter_sentences VALUES (?)", [classifier.sentences.astype("<f2").tobytes()])


def read_sensitive_topics(db: sqlite3.Connection) -> TopicClassifier:
    """The classifier of a generation."""
    rows = db.execute(
        "SELECT name, pulls, floor, surely, left_out, given_up, digest FROM matters ORDER BY name"
    ).fetchall()
    if not rows:
        return NO_TOPICS
    pulls = np.stack([np.frombuffer(row[1], dtype="<f4") for row in rows], axis=1)
    (vectors,) = db.execute("SELECT vectors FROM matter_sentences").fetchone()
    sentences = np.frombuffer(vectors, dtype="<f2").astype(np.float32).reshape(len(pulls), -1)
    return TopicClassifier(tuple(row[0] for row in rows), sentences, pulls, *rows[0][2:])


def reuse_sensitive_topics(generation: Path, digest: str) -> TopicClassifier | None:
    """The classifier that an older generation trained on the same sentences, if there is one."""
    try:
        with closing(sqlite3.connect(f"{(generation / 'passages.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
            classifier = read_sensitive_topics(db)
    except sqlite3.DatabaseError:
        return None
    return classifier if classifier.digest == digest else None
