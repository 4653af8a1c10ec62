"""Search by meaning: a FAISS index of passages and of the questions that articles answer.

An exact index: at a help site's size it answers in a millisecond, and an approximate one would only lose results.
"""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from handrail_kb.errors import IndexUnusable

# Rows of length 1, shape (n, dimensions), or one such row.
Vectors = npt.NDArray[np.float32]
# Rows looked at for one question; on a bigger site the other rows are too far away to matter.
MAX_ROWS = 4096
# 4-bit encoders give lengths that are off by a millionth; a flipped bit of an exponent by far more.
_LENGTH_TOLERANCE = 1e-3


def write_vectors(vectors: Vectors, file: Path) -> None:
    """Write vectors of length 1, shape (rows, dimensions): their inner product is the cosine."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(file))


def is_of_length_one(vector: Vectors) -> bool:
    """Whether a vector, shape (dimensions,), can be one: damaged ones hold no numbers, or are of another length."""
    return bool(abs(float(np.linalg.norm(vector)) - 1.0) < _LENGTH_TOLERANCE)


def means(vectors: Vectors, owner: npt.NDArray[np.int64], owners: int) -> Vectors:
    """The mean of each owner's vectors, of length 1, shape (owners, dimensions). `owner` maps rows to owners."""
    total = np.zeros((owners, vectors.shape[1]), dtype=np.float32)
    np.add.at(total, owner, vectors)
    total /= np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
    return total


class VectorIndex:
    """Vectors opened for search. Thread-safe."""

    def __init__(self, file: Path) -> None:
        """Open what `write_vectors` wrote. Raises IndexUnusable when the file is damaged."""
        try:
            self._index = faiss.read_index(str(file))
        except RuntimeError as error:
            raise IndexUnusable(
                f"{file} cannot be read as vectors.", "Build it again: handrail build --full"
            ) from error

    @property
    def rows(self) -> int:
        """How many vectors there are."""
        return int(self._index.ntotal)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def nearest(self, query: Vectors) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Row numbers and cosines, best first, at most MAX_ROWS of them."""
        wanted = min(self.rows, MAX_ROWS)
        if not wanted:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        cosines, rows = self._index.search(query[None, :], wanted)
        return rows[0], cosines[0]

    def vector(self, row: int) -> Vectors:
        """One row, shape (dimensions,)."""
        vector: Vectors = np.asarray(self._index.reconstruct(row), dtype=np.float32)
        return vector

    def at(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """Some rows, shape (rows, dimensions)."""
        vectors: Vectors = self._index.reconstruct_batch(rows) if len(rows) else self.all_vectors()[:0]
        return vectors

    def mean(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """The mean of some rows, shape (dimensions,)."""
        mean: Vectors = np.mean([self._index.reconstruct(int(row)) for row in rows], axis=0, dtype=np.float32)
        return mean

    def all_vectors(self) -> Vectors:
        """Every vector, shape (rows, dimensions): for building the next generation and for calibration."""
        if not self.rows:
            return np.zeros((0, self.dimensions), np.float32)
        kept: Vectors = self._index.reconstruct_n(0, self.rows)
        return kept
