"""A damaged encoder, or damaged weights of "stays with people", are found, not used, not inherited, and made again."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from handrail_kb.contact.sensitive_topics import BUILT_IN
from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding import export
from handrail_search.embedding.encoder import ENCODER_FILES, Encoder
from handrail_search.embedding.seal import SEAL
from handrail_search.index import build as building
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation, open_current
from handrail_search.ranking.searcher import Searcher
from waiting import until

from ...conftest import MODEL
from ..test_index import PAGES

SENSITIVE = dict.fromkeys(BUILT_IN, ())


@pytest.fixture
def exports(exported, monkeypatch):
    """An encoder is 'exported' in no time, and each time counted."""
    times = []

    def export_it(model, source, digest, folder):
        times.append(model)
        for name in ENCODER_FILES:
            shutil.copyfile(exported / name, folder / name)

    monkeypatch.setattr(export, "_export", export_it)
    monkeypatch.setattr(export, "_centre", lambda folder: None)
    return times


def flip(file, at=None):
    """Change a byte where the file lies, in every name that it has."""
    with file.open("r+b") as opened:
        place = file.stat().st_size // 2 if at is None else at
        opened.seek(place)
        byte = opened.read(1)[0]
        opened.seek(place)
        opened.write(bytes([byte ^ 0x40]))


def cut(file):
    os.truncate(file, file.stat().st_size // 3)


def empty(file):
    os.truncate(file, 0)


HARMS = {"a byte": flip, "cut short": cut, "emptied": empty, "gone": os.unlink}
SHORT_FORM = {("encoder.onnx", "a byte"), ("encoder.onnx", "gone"), ("tokenizer.json", "cut short"), (SEAL, "emptied")}


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        pytest.param(name, harm, id=f"{name} {kind}", marks=() if (name, kind) in SHORT_FORM else pytest.mark.torture)
        for name in (*ENCODER_FILES, SEAL)
        for kind, harm in HARMS.items()
    ],
)
def test_a_damaged_encoder_is_made_again_by_the_next_build(tmp_path, exports, harm, name):
    state = tmp_path / "state"
    build_index(PAGES, state, MODEL)
    assert len(exports) == 1
    [folder] = (state / "encoder").iterdir()
    harm(folder / name)
    mended = build_index(PAGES, state, MODEL)
    assert len(exports) == 2
    assert Searcher.open(mended.folder).missing is None
    build_index(PAGES, state, MODEL)
    assert len(exports) == 2, "what is whole is not exported again"


def test_an_encoder_that_loads_although_damaged_is_neither_linked_nor_used(tmp_path, exports, exported):
    state = tmp_path / "state"
    build_index(PAGES, state, MODEL)
    [folder] = (state / "encoder").iterdir()
    weights = folder / "encoder.onnx"
    damaged = weights.rename(tmp_path / "encoder.onnx")
    os.link(damaged, weights)
    wanted = Encoder(exported).encode_query("forgotten password")
    flip(weights, at=weights.stat().st_size * 2 // 3)
    built = build_index(PAGES, state, MODEL, full=True)
    assert (Searcher.open(built.folder).vector_of("forgotten password") == wanted).all()
    assert not (built.folder / "encoder" / "encoder.onnx").samefile(damaged)


def test_an_encoder_that_changes_while_it_is_copied_is_not_published(state, exports, monkeypatch, tmp_path):
    own = tmp_path / "own"
    first = build_index(PAGES, own, MODEL).folder
    copy = building._copy_encoder  # noqa: SLF001 (the moment between the check and the copy)

    def damaged_meanwhile(exported, target):
        copy(exported, target)
        flip(target / "encoder.onnx")

    monkeypatch.setattr(building, "_copy_encoder", damaged_meanwhile)
    with pytest.raises(EncoderUnavailable) as told:
        build_index(PAGES, own, MODEL)
    assert "handrail build --full" in told.value.mend
    assert current_generation(own / "index") == first


def test_weights_of_what_stays_with_people_are_not_inherited_from_a_damaged_generation(state, encoder):
    question = encoder.encode_query("my husband has died, how do I close his account")
    built = build_index(PAGES, state, MODEL, sensitive=SENSITIVE).folder
    learnt = open_current(state / "index").sensitive_topics
    assert learnt.topic_of(question) == "grief"
    with sqlite3.connect(built / "passages.db") as db:
        db.execute("UPDATE matters SET pulls = zeroblob(length(pulls))")
    db.close()
    build_index(PAGES, state, MODEL, sensitive=SENSITIVE)
    again = open_current(state / "index").sensitive_topics
    assert again.topic_of(question) == "grief"
    assert (again.pulls == learnt.pulls).all()


def test_a_full_build_learns_what_stays_with_people_anew(state, monkeypatch):
    build_index(PAGES, state, MODEL, sensitive=SENSITIVE)
    times = []
    learn = building.sensitive_topics.learn_sensitive_topics
    monkeypatch.setattr(building.sensitive_topics, "learn_sensitive_topics", lambda *a: times.append(1) or learn(*a))
    build_index(PAGES, state, MODEL, sensitive=SENSITIVE)
    assert times == []
    build_index(PAGES, state, MODEL, sensitive=SENSITIVE, full=True)
    assert times == [1]


EXPORT_AND_HANG = """
import pathlib, sys, time
from handrail_search.embedding import export
def hang(model, source, digest, folder):
    (folder / "encoder.onnx").write_bytes(bytes(1000000))
    print("begun", flush=True)
    time.sleep(600)
export._export = hang
export.ensure_exported("all-MiniLM-L6-v2", pathlib.Path(sys.argv[1]))
"""


def test_what_a_killed_export_left_is_removed_by_the_next_build_and_a_living_one_goes_on(tmp_path, exports):
    cache = tmp_path / "state" / "encoder"
    running = [
        subprocess.Popen([sys.executable, "-c", EXPORT_AND_HANG, str(cache)], stdout=subprocess.PIPE) for _ in range(2)
    ]
    try:
        for one in running:
            assert one.stdout.readline() == b"begun\n"
        running[0].send_signal(signal.SIGKILL)
        running[0].wait()
        assert len(list(cache.glob(".export-*"))) == 2
        build_index(PAGES, tmp_path / "state", MODEL)
        assert len(list(cache.glob(".export-*"))) == 1, "that of the living one"
        running[1].kill()
        running[1].wait()
        build_index(PAGES, tmp_path / "state", MODEL)  # nothing has to be exported, and still
        until(lambda: not list(cache.glob(".export-*")))
    finally:
        for one in running:
            one.kill()
            one.communicate()
