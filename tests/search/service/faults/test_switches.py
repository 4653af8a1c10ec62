"""Builds while customers search: no request fails, no file stays open, and memory is given back."""

from __future__ import annotations

import json
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation, new_generation
from handrail_search.service.app import create_app, parts_of
from waiting import until

from ...acme import write_site
from ...conftest import MODEL, Client, stop


@pytest.fixture
def with_site(tmp_path, lend_encoder):
    """A small site whose generation holds its pages, too."""
    write_site(tmp_path / "site")
    lend_encoder(tmp_path / "state")
    publish(tmp_path)
    return tmp_path


@pytest.fixture
def make_node(with_site):
    """Makes processes that serve what the generations hold."""
    made = []

    def make(**flags):
        values = {"state_dir": str(with_site / "state"), "search_rate": "1000000 per minute", **flags}
        made.append(create_app(load_settings(flags=values, environ={})))
        made[-1].test_client_class = Client
        return made[-1]

    yield make
    for app in made:
        stop(app)


def publish(root):
    return build_index(list(read_site(root / "site")), root / "state", MODEL, site=root / "site").folder


def another_generation(index):
    """Publish the generation that serves under another name, as if nothing had changed."""
    new, current = new_generation(index), current_generation(index)
    shutil.rmtree(new)
    shutil.copytree(current, new, copy_function=lambda a, b: os.link(a, b) if "encoder" in a else shutil.copyfile(a, b))
    named = index / ".CURRENT-test"
    named.write_text(f"{new.name}\n")
    named.replace(index / "CURRENT")
    return new.name


def deleted_files_that_are_open():
    found = []
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += [target for target in [str(opened.readlink())] if target.endswith("passages.db (deleted)")]
    return found


def megabytes():
    with Path("/proc/self/smaps_rollup").open() as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


@pytest.mark.long
@pytest.mark.parametrize(
    "switches", [pytest.param(8, id="8 switches"), pytest.param(100, id="100 switches", marks=pytest.mark.torture)]
)
def test_switches_under_load_fail_no_request_and_leave_no_handle_of_a_deleted_file(
    make_node, with_site, switches, record_property
):
    record_property("tried", switches)
    app = make_node()
    live, index, ended, failed, answered = parts_of(app).live, with_site / "state" / "index", threading.Event(), [], []

    def customer():
        client = app.test_client()
        while not ended.wait(0.002):
            for path in ("/api/search?q=forgotten password", "/find/?q=refund", "/account/password/"):
                status = client.get(path).status_code
                (answered if status == 200 else failed).append(status)

    customers = [threading.Thread(target=customer) for _ in range(6)]
    for one in customers:
        one.start()
    sizes = []
    try:
        for _ in range(switches):
            name = another_generation(index)
            until(lambda name=name: live.look() and live.searcher().index.name == name)
            live.look()
            sizes.append(megabytes())
    finally:
        ended.set()
        for one in customers:
            one.join()
    assert failed == []
    assert len(answered) > switches
    until(lambda: deleted_files_that_are_open() == [], seconds=5)
    if switches >= 100:
        assert sum(sizes[-20:]) / 20 - sum(sizes[20:40]) / 20 < 50, f"memory grows: {sizes}"


def test_a_page_that_a_build_removed_is_there_until_all_processes_have_changed_over(make_node, with_site, monkeypatch):
    behind, ahead = make_node(), make_node()
    page, notes = with_site / "site" / "billing" / "refund", with_site / "site" / "handrail" / "site.json"
    shutil.rmtree(page)
    told = json.loads(notes.read_text())
    del told["articles"]["billing/refund/"]
    notes.write_text(json.dumps(told))
    new = page.parent / "chargeback"
    shutil.copytree(page.parent / "invoice", new)
    publish(with_site)
    parts_of(ahead).live.look()
    assert ahead.test_client().get("/billing/refund/").status_code == 200, "in a list that another process made"
    assert behind.test_client().get("/billing/chargeback/").status_code == 200, "in a list that another process made"
    assert behind.test_client().get("/billing/refund/").status_code == 200
    assert ahead.test_client().get("/nowhere/").status_code == 404
    monkeypatch.setattr(parts_of(ahead).live, "seconds_since_switch", lambda: 60.0)
    assert ahead.test_client().get("/billing/refund/").status_code == 404, "it was removed, after all"


def test_what_is_being_built_is_not_shown_before_it_is_published(make_node, with_site):
    app = make_node()
    unfinished = new_generation(with_site / "state" / "index")
    (unfinished / "site" / "draft").mkdir(parents=True)
    (unfinished / "site" / "draft" / "index.html").write_text("<h1>Not yet</h1>")
    (unfinished / "site.list").write_text("")
    assert app.test_client().get("/draft/").status_code == 404
