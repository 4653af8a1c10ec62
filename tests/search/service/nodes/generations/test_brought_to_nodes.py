"""A generation is brought to nodes in each documented way, and for a minute they may have different ones."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.searches.learned import keep
from handrail_search.commands.doctor import examine
from handrail_search.service.app import parts_of
from waiting import until

from ....acme import article
from ...test_serving import free_port, get
from .editions import asset, edition_of, publish, served

DOCS = Path(__file__).parents[5] / "docs" / "operators" / "copy-the-index.md"


def tree(folder):
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


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


@pytest.mark.long
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
