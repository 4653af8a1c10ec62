"""Texts that mean nearly the same, by the encoder that serves. Only vectors are kept, and only in memory."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from handrail_search.embedding.vectors import Vectors
from handrail_search.ranking.live import LiveIndex
from handrail_search.ranking.searcher import Searcher

# Of two questions this near to each other, three in four have the same answer (CureKart 0.88, PowerPlay11 0.75). A
# lower threshold would join unrelated questions, a higher one find too few: at 0.75 two thirds have no neighbour.
ALIKE = 0.65
MOST = 5
_KEPT = 2000
_LONGEST = 300


class SimilarMessages:
    """Finds neighbours among a few hundred texts; each is encoded once for as long as the encoder does not change."""

    def __init__(self, live: LiveIndex) -> None:
        """Use the encoder of the generation that serves."""
        self._live = live
        self._vectors: OrderedDict[bytes, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def near(self, texts: Sequence[str]) -> list[list[tuple[int, float]]]:
        """For each text the places of those that mean nearly the same, the nearest first; none without an encoder."""
        searcher = self._live.searcher()
        nobody: list[list[tuple[int, float]]] = [[] for _ in texts]
        if searcher is None or searcher.missing or len(texts) < 2:
            return nobody
        found = [self._vector(searcher, text) for text in texts]
        known = [place for place, vector in enumerate(found) if vector is not None]
        if len(known) < 2:
            return nobody
        matrix = np.stack([vector for vector in found if vector is not None])
        alike = matrix @ matrix.T
        np.fill_diagonal(alike, 0.0)
        for row, place in zip(alike, known, strict=True):
            nearest = np.argsort(-row, kind="stable")[:MOST]
            nobody[place] = [(known[other], float(row[other])) for other in nearest if row[other] >= ALIKE]
        return nobody

    def _vector(self, searcher: Searcher, text: str) -> Vectors | None:
        text = " ".join(text.split())[:_LONGEST]
        if not text:
            return None
        recipe = searcher.index.manifest.recipe.fingerprint
        key = hashlib.sha256(f"{recipe}\0{text}".encode("utf-8", "replace")).digest()
        with self._lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector = searcher.vector_of(text)
        if vector is not None:
            with self._lock:
                self._vectors[key] = vector
                while len(self._vectors) > _KEPT:
                    self._vectors.popitem(last=False)
        return vector
