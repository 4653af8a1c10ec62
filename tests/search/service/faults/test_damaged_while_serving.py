"""A generation that is damaged while it serves: the one before answers, and readyz says why."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from handrail_kb.config.generations import generations_before
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import IndexUnusable
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation, open_current
from handrail_search.service.app import create_app

from ...conftest import MODEL, Client, stop


@pytest.fixture
def twice_built(own_acme):
    """The small site with two generations of its index, in a copy that may be broken."""
    build_index(list(read_site(own_acme / "site")), own_acme / "state", MODEL)
    return own_acme


def flipped(file):
    content = bytearray(file.read_bytes())
    for place in range(4096, len(content), 512):  # the head, with the list of tables, is in memory
        content[place] ^= 0xFF
    with file.open("r+b") as opened:
        opened.write(content)


def cut(file):
    os.truncate(file, 4096)


def emptied(file):
    os.truncate(file, 0)


HARMS = [flipped, cut, emptied, os.unlink]


def asked(client):
    return client.get("/api/search?q=forgotten password")


@pytest.mark.parametrize("harm", HARMS)
def test_search_goes_on_with_the_generation_before_and_readyz_says_why(make_app, twice_built, harm):
    app = make_app(twice_built)
    client: Client = app.test_client()
    index = twice_built / "state" / "index"
    assert asked(client).status_code == 200
    damaged = current_generation(index)
    before = client.get("/readyz").json["generation"]
    harm(damaged / "passages.db")
    for path in ("/api/search?q=forgotten password", "/find/?q=where is my bill", "/api/search?q=close my account"):
        assert client.get(path).status_code == 200
    ready = client.get("/readyz")
    app.extensions["handrail"].live.look()
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["generation"] != before
    assert "passages.db" in ready.json["problems"][0]["what"]
    assert "handrail build" in ready.json["problems"][0]["mend"]
    mended = build_index(list(read_site(twice_built / "site")), twice_built / "state", MODEL).folder
    app.extensions["handrail"].live.look()
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["generation"]) == (200, mended.name)


@pytest.mark.parametrize("harm", HARMS)
def test_without_a_generation_before_search_says_so_and_pages_go_on(make_app, own_acme, harm):
    app = make_app(own_acme)
    client = app.test_client()
    file = current_generation(own_acme / "state" / "index") / "passages.db"
    shutil.copyfile(file, own_acme / "whole.db")
    assert asked(client).status_code == 200
    harm(file)
    app.extensions["handrail"].live.look()
    answer = asked(client)
    assert answer.status_code == 503
    assert "passages.db" in answer.json["error"]["what"]
    assert client.get("/account/password/").status_code == 200
    assert client.get("/find/?q=password").status_code == 503
    file.unlink(missing_ok=True)
    shutil.copyfile(own_acme / "whole.db", file)
    app.extensions["handrail"].live.look()
    assert asked(client).status_code == 200, "a file that is put back is used at once"
    assert client.get("/readyz").status_code == 200


@pytest.fixture
def twice_built_with_pages(own_acme):
    """The small site with two generations that hold its pages as well."""
    for _ in range(2):
        build_index(list(read_site(own_acme / "site")), own_acme / "state", MODEL, site=own_acme / "site")
    return own_acme


def test_the_generation_before_answers_with_pages_and_search_once_a_generation_is_removed(
    make_app, twice_built_with_pages
):
    root = twice_built_with_pages
    app = make_app(root)
    client = app.test_client()
    index = root / "state" / "index"
    assert asked(client).status_code == 200
    removed = current_generation(index)
    shutil.rmtree(removed)
    for path in ("/api/search?q=close my account", "/account/password/", "/find/?q=where is my bill"):
        app.extensions["handrail"].live.look()
        assert client.get(path).status_code == 200, path
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json["generation"] < removed.name
    assert removed.name in ready.json["problems"][0]["what"]
    assert "handrail build" in ready.json["problems"][0]["mend"]
    again = make_app(root).test_client()
    assert (asked(again).status_code, again.get("/readyz").status_code) == (200, 503), "after a restart, too"
    shutil.rmtree(index)
    app.extensions["handrail"].live.look()
    assert asked(client).status_code == 503
    assert client.get("/account/password/").status_code == 200, "from the folder that was built"


@pytest.mark.parametrize("gone", ["", "site", "never arrived"])
def test_a_machine_with_generations_alone_starts_on_the_one_before_where_the_one_that_is_named_is_gone(
    twice_built_with_pages, request, gone
):
    root, index = twice_built_with_pages, twice_built_with_pages / "state" / "index"
    named = current_generation(index)
    settings = load_settings(flags={"state_dir": str(root / "state")}, environ={})
    assert settings.served_site == named / "site"
    if gone == "never arrived":
        (index / "CURRENT").write_text("99990101T000000-abcdef\n")
        expected = named
    else:
        shutil.rmtree(named / gone)
        expected = generations_before(named)[0]
    shutil.rmtree(root / "site")
    assert settings.served_site == expected / "site", "what `handrail run` looks for before it starts"
    app = create_app(settings)
    request.addfinalizer(lambda: stop(app))
    app.test_client_class = Client
    client = app.test_client()
    assert client.get("/account/password/").status_code == 200
    assert asked(client).status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "rsync -a" in ready.json["problems"][0]["mend"], "where nothing is built, it is copied again"


PAGE = "account/password/index.html"


@pytest.mark.parametrize("harm", ["gone", "not to be read"])
@pytest.mark.parametrize("elsewhere", ["the generation before", "the folder that was built", ""])
def test_a_page_that_is_lost_while_it_serves_is_shown_from_where_else_it_is_and_readyz_says_so(
    twice_built_with_pages, request, monkeypatch, harm, elsewhere
):
    monkeypatch.chdir(twice_built_with_pages)
    app = create_app(load_settings(flags={"state_dir": str(twice_built_with_pages / "state")}, environ={}))
    request.addfinalizer(lambda: stop(app))
    app.test_client_class = Client
    client = app.test_client()
    generation = current_generation(twice_built_with_pages / "state" / "index")
    if elsewhere != "the generation before":
        shutil.rmtree(generations_before(generation)[0])
    if elsewhere != "the folder that was built":
        shutil.rmtree(twice_built_with_pages / "site")
    assert client.get("/account/password/").status_code == 200
    lost, may = generation / "site" / PAGE, os.access
    if harm == "gone":
        lost.rename(f"{generation}.html")
    else:
        monkeypatch.setattr(os, "access", lambda path, how: path != lost and may(path, how))
    page = client.get("/account/password/")
    assert page.status_code == (200 if elsewhere else 503)
    assert "contact/" in page.text, "a person"
    assert client.get("/no/such/page/").status_code == 404
    monkeypatch.setattr("handrail_search.ranking.live._SITE_EVERY", 0.0)
    monkeypatch.setattr("handrail_search.ranking.live._SITE_REST", 0.0)
    live = app.extensions["handrail"].live
    monkeypatch.setattr(live, "_site_again", 0.0)
    live.look()
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert str(lost) in ready.json["problems"][0]["what"]
    assert "handrail build" in ready.json["problems"][0]["mend"] or harm != "gone"
    monkeypatch.setattr(os, "access", may)
    if harm == "gone":
        Path(f"{generation}.html").rename(lost)
    live.look()
    assert (client.get("/account/password/").status_code, client.get("/readyz").status_code) == (200, 200)


def test_nothing_that_is_not_named_yet_serves_in_the_place_of_an_index_that_is_not_there(make_app, twice_built):
    (twice_built / "state" / "index" / "CURRENT").unlink()
    assert asked(make_app(twice_built).test_client()).status_code == 503


def test_a_service_that_starts_on_a_damaged_generation_serves_the_one_before(make_app, twice_built):
    cut(current_generation(twice_built / "state" / "index") / "vectors.faiss")
    client = make_app(twice_built).test_client()
    assert asked(client).status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "vectors.faiss" in ready.json["problems"][0]["what"]


def test_a_searcher_that_is_opened_again_is_taught_again(make_app, own_acme):
    app = make_app(own_acme)
    teaching = app.extensions["handrail"].teaching
    app.extensions["handrail"].store.check()
    teaching.look()
    before = app.extensions["handrail"].live.searcher()
    file = current_generation(own_acme / "state" / "index") / "passages.db"
    os.utime(file, ns=(0, 0))
    app.extensions["handrail"].live.look()
    teaching.look()
    after = app.extensions["handrail"].live.searcher()
    assert after is not before
    assert teaching._pupil() is after  # noqa: SLF001 (which of two alike is meant)


NAMED_WRONGLY = {
    "empty": lambda name: b"",
    "zeros, as after a power cut": lambda name: bytes(len(name) + 1),
    "UTF-16, as some shells write": lambda name: f"\ufeff{name}\r\n".encode("utf-16-le"),
    "two lines": lambda name: f"{name}\n{name}\n".encode(),
    "a path": lambda name: f"./{name}/\n".encode(),
    "what is not there": lambda name: b"99990101T000000-abcdef\n",
}


@pytest.mark.parametrize("wrong", NAMED_WRONGLY)
def test_where_current_names_nothing_the_command_that_stands_there_names_what_is_there(own_acme, wrong):
    index = own_acme / "state" / "index"
    generation = current_generation(index)
    (index / "CURRENT").write_bytes(NAMED_WRONGLY[wrong](generation.name))
    with pytest.raises(IndexUnusable) as told:
        current_generation(index)
    assert told.value.what.isprintable()
    assert str(index / "CURRENT") in told.value.what
    subprocess.run(told.value.mend.rpartition(": ")[2], shell=True, check=True)
    assert current_generation(index) == generation


def test_a_mark_before_the_name_and_an_end_of_line_of_another_system_are_no_part_of_it(own_acme):
    index = own_acme / "state" / "index"
    generation = current_generation(index)
    (index / "CURRENT").write_bytes(f"\ufeff{generation.name}\r\n".encode())
    assert current_generation(index) == generation


@pytest.mark.parametrize("name", ["passages.db", "vectors.faiss", "encoder/tokenizer.json", "site.list"])
def test_a_generation_of_which_a_file_may_not_be_read_is_named_and_the_one_before_serves(
    make_app, twice_built_with_pages, monkeypatch, name
):
    """As a build by another user leaves it, with rights for nobody else."""
    index = twice_built_with_pages / "state" / "index"
    refused = current_generation(index) / name
    opened = os.open

    def not_this_one(path, *more, **named):
        if str(path) == str(refused):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *more, **named)

    monkeypatch.setattr(os, "open", not_this_one)
    client = make_app(twice_built_with_pages).test_client()
    assert asked(client).status_code == 200
    [problem] = client.get("/readyz").json["problems"]
    assert problem["what"] == f"{refused} cannot be read: Permission denied."
    assert problem["mend"].endswith(f"ls -ld {refused.parent} {refused}")


def test_a_page_that_may_not_be_read_keeps_a_generation_from_serving(twice_built_with_pages, monkeypatch):
    generation = current_generation(twice_built_with_pages / "state" / "index")
    page = generation / "site" / "account" / "password" / "index.html"
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, how: path != page and may(path, how))
    with pytest.raises(IndexUnusable, match=r"index\.html cannot be read: Permission denied"):
        open_current(generation.parent)
