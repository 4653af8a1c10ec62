"""Site and index are one: switched together while customers ask, and brought to nodes in each documented way."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.searches.learned import keep
from handrail_kb.config.generations import current_site, site_in
from handrail_kb.config.settings import load_settings
from handrail_kb.site.built.passages import read_site
from handrail_search.commands.doctor import examine
from handrail_search.index.build import build_index
from handrail_search.index.generation import current_generation
from handrail_search.service.app import create_app, parts_of
from handrail_search.service.gunicorn_server import reporter_of
from waiting import until

from ...acme import ARTICLES, _write, article, page, write_site
from ...conftest import MODEL, Client, start, stop
from ..test_serving import free_port, get

DOCS = Path(__file__).parents[4] / "docs" / "operators" / "copy-the-index.md"


def asset(edition):
    """A file that is named by its contents."""
    return f"app.{hashlib.sha256(edition.encode()).hexdigest()[:16]}.min.js"


def publish(root, edition, *more):
    """Build one edition of a site, which every page of it names, and the generation that holds it; its name."""
    site = root / "work"
    shutil.rmtree(site, ignore_errors=True)
    pages = [
        article(one.location, f"{one.title} {edition}", one.body, *one.facts["questions"])
        for one in (*ARTICLES[:3], *more)
    ]
    write_site(site, pages)
    shell = page(f"Find {edition}", f"<p>Edition {edition}</p><handrail-main>without</handrail-main>")
    _write(site / "find" / "index.html", shell)
    _write(site / "assets" / asset(edition), f"'{edition}'")
    return build_index(list(read_site(site)), root / "state", MODEL, site=site).folder.name


@pytest.fixture
def root(tmp_path, lend_encoder):
    """The machine that builds."""
    lend_encoder(tmp_path / "builder" / "state")
    publish(tmp_path / "builder", "first")
    return tmp_path / "builder"


@pytest.fixture
def node(tmp_path):
    """Makes nodes, each with a state of its own; `site` is a folder that none of them has."""
    made = []

    def make(index_dir, name="node"):
        state = tmp_path / name
        state.mkdir(exist_ok=True)
        flags = {"state_dir": str(state), "index_dir": str(index_dir), "search_rate": "1000000 per minute"}
        made.append(create_app(load_settings(flags=flags, environ={})))
        made[-1].test_client_class = Client
        return made[-1].test_client()

    yield make
    for app in made:
        stop(app)


def edition_of(client):
    """The edition of a page, of the shell around results, and of the results in it."""
    found = client.get("/find/?q=I+forgot+my+password").text
    return (
        re.search(r"Reset your password (\w+)", client.get("/account/password/").text)[1],
        re.search(r"Edition (\w+)", found)[1],
        re.search(r"Reset your password (\w+)", found)[1],
    )


def served(client):
    return client.get("/readyz").json["generation"]


def tree(folder):
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


# --- switched together


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


# --- brought to nodes


def commands(section):
    """The commands that the documentation gives in a section."""
    return re.search(r"\{ #" + section + r" \}.*?```sh\n(.*?)```", DOCS.read_text(), re.S)[1]


def rsync(root, folder, lines):
    """Run documented lines, with nodes that are folders of this machine."""
    script = re.sub(r"(node\d):/srv/help", lambda match: shlex.quote(str(folder / match[1])), lines)
    work = root / "checkout"
    work.mkdir(exist_ok=True)
    if not (work / ".handrail").exists():
        (work / ".handrail").symlink_to(root / "state")
    subprocess.run(["bash", "-eu", "-c", script], cwd=work, check=True, capture_output=True)


needs_rsync = pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed: apt-get install rsync")


@needs_rsync
def test_rsync_as_documented_brings_a_generation_first_and_its_name_last(root, node, tmp_path):
    first, last = commands("rsync").split("\n\n")
    for name in ("node1", "node2"):
        (tmp_path / name / ".handrail" / "index").mkdir(parents=True)
    rsync(root, tmp_path, first)
    rsync(root, tmp_path, last)
    nodes = [node(tmp_path / name / ".handrail" / "index", f"state-{name}") for name in ("node1", "node2")]
    assert [edition_of(client) for client in nodes] == [("first",) * 3] * 2
    name = publish(root, "second")
    rsync(root, tmp_path, first)
    for client in nodes:
        parts_of(client.application).live.look()
    assert [edition_of(client) for client in nodes] == [("first",) * 3] * 2, "used before it was named"
    assert nodes[0].get(f"/assets/{asset('second')}").status_code == 200
    rsync(root, tmp_path, last)
    until(lambda: {served(client) for client in nodes} == {name})
    assert [edition_of(client) for client in nodes] == [("second",) * 3] * 2
    there = tmp_path / "node1" / ".handrail" / "index"
    assert (there / "site").resolve() == (there / name / "site").resolve()
    model = [path.stat().st_ino for path in there.glob("*/encoder/*.onnx")]
    assert len(model) == 2
    assert len(set(model)) == 1, "what did not change was sent and kept again"
    for edition in ("third", "fourth", "fifth"):
        name = publish(root, edition)
        rsync(root, tmp_path, first)
        rsync(root, tmp_path, last)
        until(lambda: {served(client) for client in nodes} == {name})  # noqa: B023
    until(lambda: len(list(there.glob("2*-*"))) == 3)


def test_nodes_share_one_folder_write_nothing_there_and_change_together(root, node):
    index_dir = root / "state" / "index"
    nodes = [node(index_dir, name) for name in ("one", "two")]
    before = tree(index_dir)
    for client in nodes:
        assert edition_of(client) == ("first",) * 3
        assert client.post("/api/contact", json={"message": "Help!"}).status_code == 201
    assert tree(index_dir) == before
    name = publish(root, "second")
    until(lambda: {served(client) for client in nodes} == {name})
    assert [edition_of(client) for client in nodes] == [("second",) * 3] * 2


def test_an_image_that_holds_a_generation_serves_it_without_any_other_folder(root, tmp_path):
    """As `handrail run` in a container: what was baked in cannot be written, what is kept is elsewhere."""
    baked, data, empty = tmp_path / "srv" / "help" / "index", tmp_path / "data", tmp_path / "empty"
    shutil.copytree(root / "state" / "index", baked, symlinks=True)
    for folder in (data, empty):
        folder.mkdir()
    before = tree(baked)
    port = free_port()
    where = {"HANDRAIL_INDEX_DIR": str(baked), "HANDRAIL_STATE_DIR": str(data), "HANDRAIL_PORT": str(port)}
    run = [sys.executable, "-m", "handrail_kb.cli", "run", "--workers", "1"]
    if not subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:  # a mount that cannot be written
        mount = f"mount --bind {baked} {baked} && mount -o remount,ro,bind {baked}"
        run = ["unshare", "-rm", "sh", "-c", f"{mount} && exec {shlex.join(run)}"]
    process = subprocess.Popen(run, cwd=empty, env={**os.environ, **where}, stdout=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/"
        until(lambda: get(f"{address}readyz")[0] == 200, "ready")
        assert "Reset your password first" in get(f"{address}account/password/")[1]
        assert json.loads(get(f"{address}api/search?q=I+forgot+my+password")[1])["results"]
        assert get(f"{address}contact/")[0] == 200
    finally:
        process.terminate()
        assert process.wait(20) == 0
    assert tree(baked) == before
    assert list(empty.iterdir()) == []
    assert (data / "store.db").exists()


# --- for a minute, nodes have different ones


def test_what_customers_do_with_a_page_that_this_node_does_not_serve_yet_is_kept(root, node):
    old = (root / "state" / "index" / "CURRENT").read_text()
    client = node(root / "state" / "index")
    fresh = article("new/", "New article", "<p>Quinces are sold in winter.</p>", "when are quinces sold")
    publish(root, "second", fresh)
    (root / "state" / "index" / "CURRENT").write_text(old)
    parts = parts_of(client.application)
    parts.live.look()
    assert client.get("/new/").status_code == 404
    vote = {"url": "/new/", "helpful": True, "tab": "tab-of-a-customer"}
    assert client.post("/api/feedback", json=vote).status_code in (200, 201, 202, 204)
    assert client.post("/api/feedback", json={**vote, "url": "/never/"}).status_code == 400
    search_id = client.get("/api/search?q=quinces").json["search_id"]
    click = {"search_id": search_id, "type": "click", "url": "/new/", "position": 1}
    assert client.post("/api/events", json=click).status_code in (200, 202, 204)
    assert parts.searches.flush()
    [kept] = parts.store.read("SELECT location FROM votes")
    assert kept["location"] == "new/"


def test_a_learned_question_about_a_page_of_another_generation_waits_for_it(root, node):
    client = node(root / "state" / "index")
    parts = parts_of(client.application)
    keep(parts.store, [TaughtQuestion("which fruit comes with snow", "new/", "agent", now(), "anna")])
    parts.teaching.look_once()
    assert client.get("/api/search?q=which+fruit+comes+with+snow").status_code == 200
    fresh = article("new/", "New article", "<p>Quinces are sold in winter.</p>", "when are quinces sold")
    name = publish(root, "second", fresh)
    until(lambda: served(client) == name)
    parts.teaching.look_once()
    first = client.get("/api/search?q=which+fruit+comes+with+snow").json["results"][0]
    assert first["url"] == "/new/"


def test_which_generation_serves_is_seen_in_metrics_and_by_the_doctor(root, node, monkeypatch, tmp_path):
    client = node(root / "state" / "index")
    name = served(client)
    [info] = [line for line in client.get("/metrics").text.splitlines() if line.startswith("handrail_build_info{")]
    assert f'generation="{name}"' in info
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_INDEX_DIR", str(root / "state" / "index"))
    found = {one.part: one for one in examine(Path("mkdocs.yml"))}
    assert name in found["site"].state
    assert name in found["index"].state
    assert not found["site"].mend
