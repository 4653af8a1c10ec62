"""The index: written whole, verified, then named; a broken one is refused by name, and the old one goes on serving."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import re
import shutil
import sqlite3

import pytest

from handrail_kb.errors import EncoderUnavailable, IndexUnusable
from handrail_kb.site.built.passages import PASSAGE_RULES, Page, Passage, read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index, current_generation, open_current
from handrail_search.index.manifest import INDEX_FORMAT
from handrail_search.ranking.searcher import Searcher

from ..conftest import MODEL, rewrite


def page(name, text="Some words.", **more):
    return Page(f"{name}/", more.pop("title", name.title()), (Passage(f"{name}/", "", (), text),), **more)


PAGES = [page("reset", "Choose a new password."), page("invoice", "A PDF each month."), page("refund", "Money back.")]


@pytest.fixture
def built(own_acme):
    """The folder of the generation that serves, in a copy that may be broken."""
    return current_generation(own_acme / "state" / "index")


def change_manifest(folder, **values):
    file = folder / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def refused(folder):
    with pytest.raises(IndexUnusable) as told:
        Index(folder)
    assert str(folder) in told.value.what
    assert "handrail build" in told.value.mend
    return told.value.what


# --- a good one


def test_a_generation_holds_what_it_says(acme, searcher):
    index = searcher.index
    pages = list(read_site(acme / "site"))
    assert [row.location for row in index.pages] == [page.location for page in pages]
    assert index.manifest.passages == sum(len(page.passages) for page in pages)
    assert index.manifest.rows == index.manifest.passages + sum(len(page.questions) for page in pages)
    assert index.vectors.rows == index.manifest.rows
    assert index.manifest.recipe.model == MODEL
    assert {"manifest.json", "passages.db", "vectors.faiss", "encoder"} == {
        file.name for file in index.folder.iterdir()
    }
    assert index.manifest.floor.probes >= 20
    assert index.manifest.floor.none <= index.manifest.floor.confident


def test_nothing_in_a_generation_is_a_pickle(searcher):
    for file in searcher.index.folder.rglob("*"):
        if file.is_file():
            assert not file.read_bytes()[:2].startswith(b"\x80")


def test_a_generation_is_opened_for_reading_only(searcher):
    with pytest.raises(sqlite3.OperationalError):
        searcher.index.db.execute("DELETE FROM pages")


def test_current_is_named_last(state):
    def not_named_yet(done, total):
        assert not (state / "index" / "CURRENT").exists()

    built = build_index(PAGES, state, MODEL, progress=not_named_yet)
    assert (state / "index" / "CURRENT").read_text().strip() == built.folder.name
    assert open_current(state / "index").folder == built.folder


def test_a_copy_in_another_folder_serves_without_being_written(acme, tmp_path):
    copy = tmp_path / "elsewhere"
    shutil.copytree(acme / "state" / "index", copy)
    for file in [copy, *copy.rglob("*")]:
        file.chmod(0o555 if file.is_dir() else 0o444)
    before = sorted(copy.rglob("*"))
    results = Searcher.open(current_generation(copy)).search("forgotten password")
    assert results.hits[0].title == "Reset your password"
    assert not results.degraded
    assert sorted(copy.rglob("*")) == before
    for folder in [copy, *(file for file in copy.rglob("*") if file.is_dir())]:
        folder.chmod(0o755)


@pytest.mark.parametrize(
    "pages",
    [
        [],
        [Page("a/", "Only a title", ())],
        [Page("a/", "", (Passage("a/", "", (), ""),))],
        [page("a"), page("a")],
        [page("a", "x" * 50_000, questions=("q" * 5000,), keywords=("k",) * 500)],
        [page("a", "half \x00 text", title="\N{ZERO WIDTH SPACE}")],
    ],
    ids=["no page", "no text", "nothing", "twice", "long", "strange"],
)
def test_any_pages_can_be_indexed_and_searched(state, pages):
    searcher = Searcher.open(build_index(pages, state, MODEL).folder)
    results = searcher.search("only a title")
    assert len(results.hits) <= len(pages)
    assert results.verdict in ("answered", "weak", "none")


def test_half_characters_from_front_matter_do_not_end_the_build(tmp_path, state):
    (tmp_path / "site" / "handrail").mkdir(parents=True)
    facts = {"title": "Half \ud800", "questions": ["\udfff"], "description": "\ud800"}
    (tmp_path / "site" / "handrail" / "site.json").write_text(json.dumps({"articles": {"": facts}}))
    (tmp_path / "site" / "index.html").write_text("<h1>Half</h1><p>Words.")
    assert build_index(list(read_site(tmp_path / "site")), state, MODEL).pages == 1


# --- building


def test_only_changed_passages_are_encoded_again(state):
    first = build_index(PAGES, state, MODEL)
    assert (first.encoded, first.reused) == (3, 0)
    again = build_index(PAGES, state, MODEL)
    assert (again.encoded, again.reused) == (0, 3)
    changed = [*PAGES[:2], page("refund", "No money back."), page("new")]
    third = build_index(changed, state, MODEL)
    assert (third.encoded, third.reused) == (2, 2)
    assert build_index(changed, state, MODEL, full=True).encoded == 4


def test_reused_vectors_are_those_that_encoding_gives(state):
    build_index(PAGES, state, MODEL)
    reused = open_current(state / "index")
    build_index(PAGES[::-1], state, MODEL)
    build_index(PAGES, state, MODEL)
    again = open_current(state / "index")
    build_index(PAGES, state, MODEL, full=True)
    fresh = open_current(state / "index")
    assert (reused.vectors.all_vectors() == again.vectors.all_vectors()).all()
    assert (reused.vectors.all_vectors() == fresh.vectors.all_vectors()).all()


def test_a_crash_while_building_leaves_the_old_index_serving(state):
    old = build_index(PAGES, state, MODEL).folder

    def crash(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index([page("other", "Quite other words.")], state, MODEL, progress=crash)
    assert open_current(state / "index").folder == old
    assert [file.name for file in (state / "index").iterdir() if file.is_dir()] == [old.name]
    assert build_index([page("other", "Quite other words.")], state, MODEL).folder != old


def test_what_a_killed_build_left_is_neither_served_nor_kept_for_ever(state):
    old = build_index(PAGES, state, MODEL).folder
    (state / "index" / "20000101T000000-dead00").mkdir()
    assert open_current(state / "index").folder == old
    build_index(PAGES, state, MODEL)
    build_index(PAGES, state, MODEL)
    assert not (state / "index" / "20000101T000000-dead00").exists()


def test_a_second_build_at_the_same_time_is_told(state):
    (state / "index").mkdir()
    with (state / "index" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(IndexUnusable) as told:
            build_index(PAGES, state, MODEL)
    assert "Another build" in told.value.what
    assert "run this again" in told.value.mend
    build_index(PAGES, state, MODEL)


def test_a_build_in_the_middle_of_another_is_told(state):
    told = []

    def build_too(done, total):
        with pytest.raises(IndexUnusable) as refused:
            build_index(PAGES, state, MODEL)
        told.append(refused.value.what)

    build_index(PAGES, state, MODEL, progress=build_too)
    assert told
    assert open_current(state / "index").manifest.pages == 3


def test_old_generations_are_removed_but_the_last_two(state):
    names = [build_index(PAGES[:n], state, MODEL).folder.name for n in (1, 2, 3, 2)]
    left = {file.name for file in (state / "index").iterdir() if file.is_dir()}
    assert left == set(names[-3:])


def test_a_damaged_former_index_is_no_hindrance(state):
    built = build_index(PAGES, state, MODEL)
    (built.folder / "vectors.faiss").write_bytes(b"damaged")
    again = build_index(PAGES, state, MODEL)
    assert (again.encoded, again.reused) == (3, 0)
    assert open_current(state / "index").folder == again.folder


def test_an_encoder_that_is_not_there_leaves_no_half_index(tmp_path):
    with pytest.raises(EncoderUnavailable):
        build_index(PAGES, tmp_path, "no-such-model")
    assert [file.name for file in (tmp_path / "index").iterdir()] == [".lock"]


# --- what is refused


@pytest.mark.parametrize(
    "name",
    ["passages.db", "vectors.faiss", "encoder/encoder.onnx", "encoder/tokenizer.json", "encoder/encoder.json"],
)
def test_a_half_written_generation_is_refused(built, name):
    (built / name).unlink()
    told = refused(built)
    assert name in told
    assert "half-written" in told


def test_a_generation_without_manifest_was_never_finished(built):
    (built / "manifest.json").unlink()
    assert "never finished" in refused(built)


@pytest.mark.parametrize("name", ["passages.db", "vectors.faiss", "encoder/encoder.onnx"])
def test_a_single_changed_bit_is_refused_with_both_digests(built, name):
    content = bytearray((built / name).read_bytes())
    content[len(content) // 2] ^= 1
    rewrite(built / name, content)
    told = refused(built)
    assert name in told
    assert len(re.findall(r"\b[0-9a-f]{16}…", told)) == 2


def test_counts_that_differ_are_refused_with_both(built):
    rows = json.loads((built / "manifest.json").read_text())["rows"]
    change_manifest(built, rows=rows + 7)
    told = refused(built)
    assert str(rows) in told
    assert str(rows + 7) in told


@pytest.mark.parametrize(("name", "ours"), [("format", INDEX_FORMAT), ("passage_rules", PASSAGE_RULES)])
def test_another_format_is_refused_with_both(built, name, ours):
    change_manifest(built, **{name: 99})
    told = refused(built)
    assert name in told
    assert "99" in told
    assert str(ours) in told


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"format": 1}', "\xff\xfe"])
def test_a_manifest_that_cannot_be_read_is_refused(built, content):
    (built / "manifest.json").write_text(content, encoding="latin-1")
    refused(built)


def test_a_manifest_that_lacks_something_is_refused(built):
    manifest = json.loads((built / "manifest.json").read_text())
    del manifest["floor"]
    (built / "manifest.json").write_text(json.dumps(manifest))
    assert "floor" in refused(built)


def test_an_encoder_of_another_recipe_is_refused_with_both(built):
    index = Index(built)
    recipe = dataclasses.asdict(index.manifest.recipe)
    change_manifest(built, recipe={**recipe, "query_prefix": "query: "})
    with pytest.raises(EncoderUnavailable) as told:
        Index(built).encoder()
    assert index.manifest.recipe.fingerprint in told.value.what
    assert Index(built).manifest.recipe.fingerprint in told.value.what
    assert "handrail build" in told.value.mend
    # Words still answer.
    assert Searcher.open(built).search("forgotten password").fallback_reason == "encoder_unavailable"


@pytest.mark.parametrize("name", ["", "../index", "/etc", "..", ".", "gone", "a/b", "\x00"])
def test_current_may_only_name_a_generation_beside_it(built, name):
    (built.parent / "CURRENT").write_text(name)
    with pytest.raises(IndexUnusable) as told:
        open_current(built.parent)
    assert "CURRENT" in told.value.what
    assert "handrail build" in told.value.mend


def test_no_index_is_told_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(IndexUnusable) as told:
        open_current(tmp_path / "index")
    assert told.value.mend == "Build it: handrail build"
