"""Texts that ask for the same, by the encoder that serves. Only vectors are kept, and only in memory."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from handrail_feedback.topics.grouping import centred
from handrail_kb.texts.log.logger import thread_of_request
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import Searcher

# The cosine, without what all texts of the site have in common, from which two texts ask for the same if the article
# nearest to each is also among so many nearest to the other. Chosen on half of the messages of four sites, so that
# more than four pairs in five have the same answer on each (docs/architecture/desk/0093-similar-by-article.md);
# `make topics-quality` measures the other half.
ALIKE, AMONG_NEAREST = 0.65, 2
MOST = 5
KEPT = 2000
_LONGEST = 300
# Texts encoded while somebody waits for a page, about 10 ms each; a thread encodes the others for the next page.
AT_ONCE = 8


@dataclass(frozen=True)
class Read:
    """A text as it is compared: its centred vector, and its nearest articles, the nearest first."""

    vector: Vectors
    nearest: tuple[int, ...]


def read(index: Index, vector: Vectors, centre: Vectors) -> Read:
    """A text's vector as it is compared; `centre` is the mean of the site's passages."""
    rows, _ = index.vectors.nearest(vector)
    pages = dict.fromkeys(index.owner[rows].tolist())
    return Read(centred(vector[None, :], centre)[0], tuple(pages)[:AMONG_NEAREST])


def pairs_alike(texts: Sequence[Read]) -> list[list[tuple[int, float]]]:
    """For each text the places of those that ask for the same, with their cosine, nearest first, at most MOST."""
    if len(texts) < 2:
        return [[] for _ in texts]
    matrix = np.stack([one.vector for one in texts])
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, 0.0)
    found = []
    for here, row in enumerate(cosines):
        near = np.flatnonzero(row >= ALIKE)
        near = near[np.argsort(-row[near], kind="stable")]
        same = [(there, float(row[there])) for there in near.tolist() if _lead_to_the_same(texts[here], texts[there])]
        found.append(same[:MOST])
    return found


def _lead_to_the_same(one: Read, other: Read) -> bool:
    return set(one.nearest[:1]) <= set(other.nearest) and set(other.nearest[:1]) <= set(one.nearest)


class SimilarMessages:
    """Finds neighbours among a few hundred texts; each is encoded once for as long as the index does not change."""

    def __init__(self, live: LiveIndex) -> None:
        """Use the encoder of the generation that serves."""
        self._live = live
        self._known: OrderedDict[bytes, Read] = OrderedDict()
        self._centre: tuple[str, Vectors] = ("", np.zeros(0, np.float32))
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def near(self, texts: Sequence[str]) -> list[list[tuple[int, float]]]:
        """For each text the places of those that ask for the same, the nearest first; none without an encoder.

        Encodes a few new texts at once, the first ones first; the others are compared from one of the next calls on.
        """
        searcher = self._live.searcher()
        found: list[list[tuple[int, float]]] = [[] for _ in texts]
        if searcher is None or searcher.missing or len(texts) < 2:
            return found
        compared = [beginning(text) for text in texts]
        keys = [_key(searcher, text) for text in compared]
        with self._lock:
            fresh = {key: text for key, text in zip(keys, compared, strict=True) if text and key not in self._known}
        for key, text in islice(fresh.items(), AT_ONCE):
            self._read(searcher, key, text)
        if later := dict(islice(fresh.items(), AT_ONCE, None)):
            self._read_later(searcher, later)
        with self._lock:
            known = [(place, self._known[key]) for place, key in enumerate(keys) if key in self._known]
            for place, _ in known:  # what a page still shows is forgotten last
                self._known.move_to_end(keys[place])
        for (place, _), alike in zip(known, pairs_alike([one for _, one in known]), strict=True):
            found[place] = [(known[other][0], cosine) for other, cosine in alike]
        return found

    def _read(self, searcher: Searcher, key: bytes, text: str) -> None:
        vector = searcher.vector_of(text)
        if vector is None:
            return
        found = read(searcher.index, vector, self._mean_of(searcher))
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def _read_later(self, searcher: Searcher, texts: dict[bytes, str]) -> None:
        def read_all() -> None:
            for key, text in texts.items():
                self._read(searcher, key, text)

        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = thread_of_request(read_all, "handrail-similar-messages")
                self._thread.start()

    def _mean_of(self, searcher: Searcher) -> Vectors:
        known, centre = self._centre
        if known != searcher.index.name:
            rows = searcher.index.vectors.all_vectors()
            centre = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1], np.float32)
            self._centre = (searcher.index.name, centre)
        return centre


def beginning(text: str) -> str:
    """What of a text is compared, in one line: the subject and the first sentences."""
    return " ".join(text.split())[:_LONGEST]


def _key(searcher: Searcher, text: str) -> bytes:
    """What the beginning of a text is known by: another index has other vectors, another centre and other articles."""
    return hashlib.sha256(f"{searcher.index.name}\0{text}".encode("utf-8", "replace")).digest()
