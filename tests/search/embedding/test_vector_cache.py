"""The file of vectors is believed only where it holds what was written: no damage to it makes an answer wrong."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from handrail_search.embedding.vector_cache import KnownVectors

DIMENSIONS = 24


@pytest.fixture
def known():
    rows = np.random.default_rng(7).normal(size=(12, DIMENSIONS)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return {f"question {number}": row for number, row in enumerate(rows)}


@pytest.fixture
def file(tmp_path, known):
    cache = KnownVectors(tmp_path / "v.db", "encoder", DIMENSIONS)
    cache.write(known)
    cache.write_lesson("generation", '{"mix": 0.25}')
    return tmp_path / "v.db"


@pytest.mark.parametrize("bit", [0, 3, 6, 7])
def test_whichever_byte_of_the_file_is_damaged_no_other_vector_is_read_than_was_written(file, known, bit, tmp_path):
    whole, damaged = file.read_bytes(), tmp_path / "damaged.db"
    missed = 0
    for place in range(bit, len(whole), 61):
        content = bytearray(whole)
        content[place] ^= 1 << bit
        damaged.unlink(missing_ok=True)
        damaged.write_bytes(content)
        cache = KnownVectors(damaged, "encoder", DIMENSIONS)
        found = cache.read(known)
        assert all((found[question] == known[question]).all() for question in found), place
        assert cache.read_lesson("generation") in ("", '{"mix": 0.25}')
        missed += len(found) < len(known)
    assert missed, "some of the damage was to vectors"


def test_a_damaged_vector_is_written_anew_and_the_others_stay(file, known, tmp_path):
    content = file.read_bytes()
    spoilt = known["question 5"].tobytes()
    assert content.count(spoilt) == 1
    file.write_bytes(content.replace(spoilt, spoilt[:8] + b"\xff\xff\xff\x7f" + spoilt[12:]))
    cache = KnownVectors(file, "encoder", DIMENSIONS)
    assert cache.read(known).keys() == known.keys() - {"question 5"}
    cache.write(known)
    assert cache.read(known).keys() == known.keys()


@pytest.mark.parametrize("harm", [np.nan, np.inf, 0.0, 3.0])
def test_what_is_no_vector_of_length_one_is_not_read_even_where_it_was_written(file, known, harm):
    cache = KnownVectors(file, "encoder", DIMENSIONS)
    cache.write({"spoilt": known["question 1"] * np.float32(harm)}, keep_others=True)
    assert "spoilt" not in cache.read(["spoilt", *known])


def test_a_file_of_the_version_before_is_used_no_more_and_makes_room(tmp_path, known):
    import sqlite3

    old = tmp_path / "old.db"
    with sqlite3.connect(old) as db:
        db.execute("CREATE TABLE vectors (question BLOB PRIMARY KEY, encoder TEXT NOT NULL, vector BLOB NOT NULL)")
        db.execute("CREATE TABLE lessons (generation TEXT PRIMARY KEY, lesson TEXT NOT NULL)")
    db.close()
    cache = KnownVectors(old, "encoder", DIMENSIONS)
    assert cache.read(known) == {}
    cache.write(known)
    assert cache.read(known).keys() == known.keys()
    shutil.copyfile(old, tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    db.close()
    assert "vectors" not in names
