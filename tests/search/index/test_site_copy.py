"""A generation holds the site that its index was made from, whole, and neither changes without the other."""

from __future__ import annotations

import os

import pytest

from handrail_kb.config.generations import SITE, site_in
from handrail_kb.errors import IndexUnusable
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation, open_current
from handrail_search.index.site_copy import check_site, keep_site

from ..acme import write_site
from ..conftest import MODEL


@pytest.fixture
def site(tmp_path):
    return write_site(tmp_path / "site")


def made(site, state):
    return build_index(list(read_site(site)), state, MODEL, site=site).folder


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_generation_holds_the_site_it_was_made_from(site, state):
    folder = made(site, state)
    assert files(folder / SITE) == files(site)
    assert open_current(state / "index").site == folder / SITE


def test_writing_into_the_built_site_changes_no_generation(site, state):
    folder = made(site, state)
    was = files(folder / SITE)
    for file in site.rglob("*.html"):
        with file.open("ab") as stream:  # in place, as some tools do
            stream.write(b"changed")
    assert files(folder / SITE) == was
    again = made(site, state)
    assert files(folder / SITE) == was, "a former generation was changed"
    assert files(again / SITE) == files(site)


def test_files_that_did_not_change_are_on_disk_once(site, state):
    first = made(site, state)
    page = next(site.rglob("index.html"))
    page.write_text(page.read_text() + "<p>new</p>")
    second = made(site, state)
    same = [name for name in files(site) if (first / SITE / name).samefile(second / SITE / name)]
    assert len(same) == len(files(site)) - 1


@pytest.mark.parametrize("harm", ["missing", "short", "listing", "no listing"])
def test_a_site_that_is_half_copied_is_refused_and_named(site, state, harm):
    folder = made(site, state)
    victim = folder / SITE / "contact" / "index.html"
    if harm == "missing":
        victim.unlink()
    elif harm == "short":
        os.truncate(victim, 10)
    elif harm == "listing":
        (folder / "site.list").write_text("3 a\n")
    else:
        (folder / "site.list").unlink()
    with pytest.raises(IndexUnusable, match="half-copied") as refused:
        open_current(state / "index")
    assert folder.name in refused.value.message


def test_a_site_that_is_arriving_has_one_reason_to_be_refused_however_much_of_a_file_is_there(site, state):
    folder = made(site, state)
    victim = folder / SITE / "contact" / "index.html"
    told = set()
    for size in (20, 10, 0):
        os.truncate(victim, size)
        with pytest.raises(IndexUnusable) as refused:
            check_site(folder)
        told.add(refused.value.message)
    victim.unlink()
    with pytest.raises(IndexUnusable) as refused:
        check_site(folder)
    assert told == {refused.value.message}


ODD = "para\u2028graph\x85.html"


def test_links_loops_odd_names_and_the_state_folder_are_no_trap(tmp_path):
    site, generation = tmp_path / "site", tmp_path / "site" / ".handrail" / "index" / "g"
    (site / "deep").mkdir(parents=True)
    generation.mkdir(parents=True)
    (site / ".handrail" / "store.db").write_text("what customers wrote")
    (site / "a b ü.html").write_text("page")
    (site / os.fsdecode(b"raw\xff.html")).write_text("page")
    (site / "line\nbreak.html").write_text("page")
    (site / ODD).write_text("page")
    (site / "latest").symlink_to("deep")
    (site / "deep" / "page.html").write_text("page")
    (site / "deep" / "up").symlink_to(site)
    (site / "gone").symlink_to("nowhere")
    os.mkfifo(site / "pipe")
    keep_site(site, generation, without={(site / ".handrail").resolve()})
    kept = {os.fsencode(name) for name in files(generation / SITE)}
    assert kept == {"a b ü.html".encode(), b"raw\xff.html", b"latest/page.html", b"deep/page.html", ODD.encode()}
    check_site(generation)


def test_an_index_alone_has_no_site(acme):
    folder = current_generation(acme / "state" / "index")
    assert site_in(folder) is None
    check_site(folder)


def test_three_generations_are_kept_and_the_link_leads_to_the_one_that_serves(site, state):
    names = [made(site, state).name for _ in range(5)]
    index_dir = state / "index"
    assert sorted(entry.name for entry in index_dir.iterdir() if entry.is_dir() and entry.name != "site") == names[-3:]
    assert (index_dir / "site").resolve() == (index_dir / names[-1] / SITE).resolve()
    assert str((index_dir / "site").readlink()) == f"{names[-1]}/site"


def test_what_is_newer_than_the_one_that_serves_is_left_alone(site, state):
    from handrail_search.index.generation import remove_old

    names = [made(site, state).name for _ in range(3)]
    index_dir = state / "index"
    (index_dir / "99991231T000000-abcdef").mkdir()  # arrives just now
    (index_dir / "CURRENT").write_text(f"{names[1]}\n")  # put back
    (index_dir / "20000101T000000-abcdef").mkdir()  # left by a copy that was broken off
    (index_dir / "notes").mkdir()
    remove_old(index_dir)
    left = {entry.name for entry in index_dir.iterdir() if entry.is_dir()}
    assert left == {*names, "99991231T000000-abcdef", "notes", "site"}
