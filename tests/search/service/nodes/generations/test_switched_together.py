"""Site and index are one, and are switched together while customers ask."""

from __future__ import annotations

import re
import shutil
import threading

import pytest

from handrail_feedback.delivery.channels import read_delivery
from handrail_kb.config.generations import current_site, site_in
from handrail_kb.config.settings import load_settings
from handrail_search.index.generation import current_generation
from handrail_search.service.app import parts_of
from handrail_search.service.gunicorn_server import reporter_of
from waiting import until

from ....acme import article, write_site
from ....conftest import start, stop
from .editions import asset, edition_of, publish, served


def test_pages_shells_and_results_are_of_one_generation_before_while_and_after_it_is_replaced(root, node):
    client = node(root / "state" / "index")
    assert edition_of(client) == ("first",) * 3
    mixed, editions, ended = [], set(), threading.Event()

    def ask():
        while not ended.is_set():
            text = client.get("/find/?q=I+forgot+my+password").text
            shell, result = re.search(r"Edition (\w+)", text)[1], re.search(r"Reset your password (\w+)", text)[1]
            editions.add(shell)
            if shell != result:
                mixed.append((shell, result))

    asking = threading.Thread(target=ask)
    asking.start()
    for edition in ("second", "third"):
        name = publish(root, edition)
        until(lambda name=name: served(client) == name)
    until(lambda: editions >= {"first", "third"})
    ended.set()
    asking.join()
    assert mixed == []
    assert edition_of(client) == ("third",) * 3


def test_a_request_in_flight_ends_on_the_generation_it_began_with(root, node):
    client = node(root / "state" / "index")
    parts = parts_of(client.application)
    with client.application.test_request_context("/find/?q=password"):
        began = parts.site.folder
        searcher = parts.site.searcher()
        publish(root, "second")
        parts.live.look()
        assert parts.site.folder == began
        assert parts.site.searcher() is searcher
        assert "Edition first" in (parts.site.folder / "find" / "index.html").read_text()
    with client.application.test_request_context("/"):
        assert parts.site.folder != began
        assert parts.site.folder == parts.site.searcher().index.site


def test_open_pages_find_the_assets_of_the_generation_they_came_from_and_of_the_next(root, node):
    client = node(root / "state" / "index")
    second = publish(root, "second")
    until(lambda: served(client) == second)
    assert client.get(f"/assets/{asset('first')}").text == "'first'"
    assert client.get(f"/assets/{asset('first')}").headers["Cache-Control"].endswith("immutable")
    # The next one's files are here, and CURRENT comes last: another node may send its pages already.
    publish(root, "third")
    (root / "state" / "index" / "CURRENT").write_text(second)
    until(lambda: served(client) == second)
    assert client.get(f"/assets/{asset('third')}").text == "'third'"
    assert client.get("/assets/none.0123.js").status_code == 404
    assert client.get("/assets/../handrail/site.min.json").status_code == 404


def test_a_page_that_was_taken_away_is_gone_half_a_minute_after_the_generation_that_had_it(root, node, monkeypatch):
    secret = article("draft/", "A draft", "<p>Not for everybody.</p>", "what is planned")
    publish(root, "second", secret)
    client = node(root / "state" / "index")
    assert client.get("/draft/").status_code == 200
    name = publish(root, "third")
    until(lambda: served(client) == name)
    monkeypatch.setattr(parts_of(client.application).live, "seconds_since_switch", lambda: 30.0)
    assert client.get("/draft/").status_code == 404


def test_pages_are_served_when_the_index_beside_them_cannot_be_used(root, node):
    index_dir = root / "state" / "index"
    (index_dir / (index_dir / "CURRENT").read_text().strip() / "vectors.faiss").write_bytes(b"damaged")
    client = node(index_dir)
    assert "Reset your password first" in client.get("/account/password/").text
    assert client.get("/readyz").status_code == 503
    assert client.get("/contact/").status_code == 200


def test_a_folder_that_is_named_is_served_as_it_is(root):
    other = write_site(root / "other", [article("only/", "Only here", "<p>Words.</p>")])
    (root / "site").symlink_to(other)
    app = start(root)
    try:
        assert "Only here" in app.test_client().get("/only/").text
    finally:
        stop(app)


def test_a_generation_that_is_half_copied_is_refused_and_the_former_one_goes_on_whole(root, node):
    client = node(root / "state" / "index")
    name = publish(root, "second")
    until(lambda: served(client) == name)
    broken = root / "state" / "index" / "99990101T000000-abcdef"
    shutil.copytree(root / "state" / "index" / name, broken)
    (broken / "site" / "account" / "password" / "index.html").unlink()
    (root / "state" / "index" / "CURRENT").write_text(broken.name)
    until(lambda: client.get("/readyz").status_code == 503)
    assert "half-copied" in client.get("/readyz").json["problems"][0]["what"]
    assert edition_of(client) == ("second",) * 3


def test_the_weekly_report_is_about_the_site_that_serves_while_a_new_generation_is_refused(root, node):
    client = node(root / "state" / "index")
    serving = parts_of(client.application).site.folder
    broken = root / "state" / "index" / "99990101T000000-abcdef"
    shutil.copytree(serving.parent, broken)
    (broken / "passages.db").unlink()
    (root / "state" / "index" / "CURRENT").write_text(broken.name)
    until(lambda: client.get("/readyz").status_code == 503)
    settings = load_settings(
        flags={
            "state_dir": str(root / "state"),
            "report_to": "lead@acme.test",
            "smtp_host": "127.0.0.1",
            "mail_from": "help@acme.test",
        },
        environ={},
    )
    assert settings.served_site == broken / "site"
    reporter = reporter_of(settings, read_delivery(settings), parts_of(client.application).site)
    assert reporter.site_dir() == serving


@pytest.mark.parametrize("harm", ["no listing", "no site", "no folder", "leads out", "too long", "no text", "none"])
def test_commands_read_the_site_of_the_generation_that_every_other_reader_finds(root, harm):
    index_dir = root / "state" / "index"
    folder, current = current_generation(index_dir), index_dir / "CURRENT"
    settings = load_settings(flags={"state_dir": str(root / "state")}, environ={})
    assert settings.served_site == folder / "site"
    if harm == "no listing":
        (folder / "site.list").unlink()
        assert site_in(folder) is None
    elif harm == "no site":
        (folder / "site.list").unlink()
        shutil.rmtree(folder / "site")
    elif harm == "no folder":
        shutil.rmtree(folder)
    elif harm == "leads out":
        current.write_text("../index/" + folder.name)
    elif harm == "too long":
        current.write_text("x" * 81)
    elif harm == "no text":
        current.write_bytes(b"\xff\xfe")
    else:
        current.unlink()
    assert settings.served_site == settings.site_dir
    assert current_site(index_dir) is None


def test_a_generation_with_a_dot_in_its_name_is_read_by_commands_as_it_is_served(root, node):
    index_dir = root / "state" / "index"
    current_generation(index_dir).rename(index_dir / "release-1.2")
    (index_dir / "CURRENT").write_text("release-1.2\n")
    client = node(index_dir)
    settings = load_settings(flags={"state_dir": str(root / "state")}, environ={})
    assert settings.served_site == parts_of(client.application).site.folder == index_dir / "release-1.2" / "site"


def test_what_did_not_change_is_not_sent_again_after_a_build_or_from_another_node(root, node, tmp_path):
    client = node(root / "state" / "index")
    before = {path: client.get(path) for path in ("/assets/app.0123abcd.js", "/")}
    name = publish(root, "second")
    until(lambda: served(client) == name)
    shutil.copytree(root / "state" / "index", tmp_path / "elsewhere", symlinks=True)  # as rsync -a does, with times
    for one in (client, node(tmp_path / "elsewhere", "other")):
        for path, answer in before.items():
            again = one.get(path, headers={"If-None-Match": answer.headers["ETag"]})
            assert (path, again.status_code) == (path, 304)
        changed = one.get("/account/password/", headers={"If-None-Match": before["/"].headers["ETag"]})
        assert changed.status_code == 200
