"""Encodes text to vectors with an exported encoder, run by onnxruntime without torch.

An exported encoder is a folder of three files: `encoder.onnx` (weights in 8 or 4 bits, pooling and normalisation
included), `tokenizer.json` and `encoder.json` (the Recipe). Knows nothing of passages, indexes or exporting.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice, repeat
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from handrail_kb.config.plain_files import plain_text
from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.vectors import Vectors

ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
Kind = Literal["question", "passage"]
_AT_A_TIME = 32
# What WordPiece and other tokenizers call a piece that they do not know.
_UNKNOWN_PIECES = frozenset({"[UNK]", "<unk>"})
_MULTILINGUAL_VOCABULARY = 100_000
# The built-in encoder's `reach`: thresholds for cosines are given on its scale.
USUAL_REACH = 0.48


@dataclass(frozen=True)
class Recipe:
    """What determines an encoder's vectors. Prefixes go before the text, as the model was trained to see it.

    The graph of a `centred` encoder has two outputs, `question` and `passage`, see `export`; that of others one,
    `embedding`. `reach` is the mean cosine of a question and the passage that answers it.
    """

    model: str
    weights_sha256: str
    dimensions: int
    max_tokens: int
    query_prefix: str = ""
    passage_prefix: str = ""
    weights: str = "int8"
    centred: bool = False
    reach: float = USUAL_REACH

    @property
    def fingerprint(self) -> str:
        """A short digest of everything that determines the vectors."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


class Encoder:
    """An exported encoder, ready to run. Thread-safe."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        """Open the exported encoder in `folder`. Raises EncoderUnavailable when a file is missing or broken."""
        try:
            self.recipe = read_recipe(folder)
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._tokenizer.no_padding()
            self._tokenizer.enable_truncation(self.recipe.max_tokens)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            # Without this, a worker keeps the memory used for the longest text it ever encoded.
            options.enable_cpu_mem_arena = False
            self._session = onnxruntime.InferenceSession(
                str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except EncoderUnavailable:
            raise
        except Exception as error:  # onnxruntime and tokenizers raise their own classes for each kind of damage
            raise EncoderUnavailable(
                f"The encoder in {folder} cannot be opened: {error}.", "Make it again: handrail build --full"
            ) from error

    def encode_query(self, text: str) -> Vectors:
        """The vector of a question: shape (dimensions,), length 1."""
        return self._encode(self.recipe.query_prefix + text, "question")

    def encode_queries(self, texts: Iterable[str]) -> Iterator[Vectors]:
        """A vector for each question, in order, as they are ready; on all cores, so for builds alone."""
        return self._encode_all((self.recipe.query_prefix + text for text in texts), "question")

    def encode_passages(self, texts: Iterable[str]) -> Iterator[Vectors]:
        """A vector for each text, in order, as they are ready."""
        return self._encode_all((self.recipe.passage_prefix + text for text in texts), "passage")

    @property
    def vocabulary(self) -> int:
        """How many word pieces the encoder knows."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def multilingual(self) -> bool:
        """Whether it was made for many languages: an encoder for one language needs far fewer word pieces."""
        return self.vocabulary >= _MULTILINGUAL_VOCABULARY

    def whole_words(self) -> frozenset[str]:
        """The words it knows as one piece, in lower case."""
        pieces = self._tokenizer.get_vocab()
        # WordPiece marks pieces that continue a word, other tokenizers those that begin one.
        start = next((mark for mark in ("▁", "Ġ") if f"{mark}the" in pieces), "")
        words = (piece[len(start) :] for piece in pieces if piece.startswith(start))
        return frozenset(word.lower() for word in words if word.isalpha())

    def count_pieces(self, text: str) -> int:
        """How many word pieces the encoder cuts a text into."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing)

    def share_unknown(self, text: str) -> float:
        """The share of a text's pieces that the encoder has no vector for, 0..1: letters of scripts it never saw."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False).tokens
        return sum(piece in _UNKNOWN_PIECES for piece in pieces) / len(pieces) if pieces else 0.0

    def _encode_all(self, waiting: Iterator[str], kind: Kind) -> Iterator[Vectors]:
        # One text a run: with weights in 8 bits a text's vector would otherwise depend on the others in the batch.
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            # A few at a time: stopping a build must not wait for thousands that are queued.
            while few := list(islice(waiting, _AT_A_TIME)):
                yield from pool.map(self._encode, few, repeat(kind))

    def _encode(self, text: str, kind: Kind) -> Vectors:
        encoding = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        inputs = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
        }
        try:
            (vectors,) = self._session.run([kind if self.recipe.centred else "embedding"], inputs)
        except Exception as error:  # onnxruntime has no common class for errors while it runs
            raise EncoderUnavailable(f"The encoder failed: {type(error).__name__}.", "Ask: handrail doctor") from error
        vector: Vectors = np.asarray(vectors[0], dtype=np.float32)
        return vector


def read_recipe(folder: Path) -> Recipe:
    """The recipe of an exported encoder. Raises EncoderUnavailable when there is none."""
    try:
        return Recipe(**json.loads(plain_text(folder / "encoder.json")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise EncoderUnavailable(f"{folder} holds no exported encoder.", "Make it: handrail build") from error


def stack(vectors: Sequence[Vectors], dimensions: int) -> Vectors:
    """Vectors as one array of shape (n, dimensions), even when there are none."""
    return np.stack(vectors) if vectors else np.zeros((0, dimensions), dtype=np.float32)
