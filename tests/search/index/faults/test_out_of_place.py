"""A folder, a pipe or a link to nothing in the place of a file is waited for by nobody, and named with what to do."""

from __future__ import annotations

import multiprocessing
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from handrail_feedback.storage.database import Store
from handrail_kb.config.state_folder import out_of_place
from handrail_search.index.generation import current_generation

from .small_site import write_small_site

KINDS = {
    "a folder": lambda path: path.mkdir(),
    "a named pipe": os.mkfifo,
    "a link that leads nowhere": lambda path: path.symlink_to("nowhere/at/all"),
}
IN_STATE_FOLDER = ("secret.key", "store.db", "learned-vectors.db", "build.lock", "index/.lock", "index/CURRENT")
IN_GENERATION = ("manifest.json", "passages.db", "site.list", "encoder/encoder.json", "site/handrail/site.json")
# A lock is made where a link leads, and where a store was, a link to nothing is a store that is gone.
SHORT_FORM = {
    ("secret.key", "a named pipe"),
    ("index/CURRENT", "a named pipe"),
    ("index/CURRENT", "a folder"),
    ("store.db", "a folder"),
    ("build.lock", "a named pipe"),
    ("passages.db", "a named pipe"),
}


@contextmanager
def within(seconds):
    """Fail instead of waiting for ever."""

    def too_long(*_):
        raise AssertionError(f"nothing came of it within {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    """A site with its index, a store with a backup, a key and a cache of vectors."""
    root = write_small_site(tmp_path_factory.mktemp("places") / "help")
    state = lend_encoder(root / ".handrail")
    subprocess.run([sys.executable, "-m", "handrail_kb.cli", "build"], cwd=root, check=True, capture_output=True)
    store = Store(state / "store.db")
    store.check()
    store.shred()
    store.close()
    (state / "secret.key").write_text("k" * 48 + "\n")
    (state / "learned-vectors.db").touch()
    subprocess.run([sys.executable, "-m", "handrail_kb.cli", "backup"], cwd=root, check=True, capture_output=True)
    return root


def replaced(path, kind):
    path.unlink()
    KINDS[kind](path)


def seen(path):
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_mtime_ns, found.st_ctime_ns


def asked_the_doctor(run):
    with within(30):
        done = run("doctor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def cases(names):
    return [
        pytest.param(
            name, kind, id=f"{name} is {kind}", marks=() if (name, kind) in SHORT_FORM else pytest.mark.torture
        )
        for name in names
        for kind in KINDS
    ]


@pytest.mark.parametrize(("name", "kind"), cases(IN_STATE_FOLDER))
def test_what_stands_in_the_place_of_a_file_is_named_and_moved_away_by_the_command_that_stands_there(
    project, run, name, kind
):
    path = project / ".handrail" / name
    replaced(path, kind)
    before = seen(path)
    done = asked_the_doctor(run)
    assert done.exit_code == 1
    assert seen(path) == before, "the doctor changes nothing"
    named = next(line for line in done.output.splitlines() if line.startswith("BAD   folder"))
    assert f"{path} is {kind}, not a file" in named
    with within(60):
        said = run("build")
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    if said.exit_code:
        assert f"{path} is {kind}, not a file" in said.output
    for command in re.findall(r"\b(?:mv \S+ \S+?\.old|rm \S+\w)", asked_the_doctor(run).output)[:1]:
        subprocess.run(shlex.split(command), check=True)
    if name == "store.db":
        [backup] = (project / ".handrail" / "backups").glob("*.db")
        assert run("restore", backup).exit_code == 0
    assert run("build").exit_code == 0
    done = asked_the_doctor(run)
    assert done.exit_code == 0, done.output


@pytest.mark.long
@pytest.mark.parametrize(("name", "kind"), cases(IN_GENERATION))
def test_what_stands_in_the_place_of_a_file_of_a_generation_is_named_and_mended_by_a_build(project, run, name, kind):
    path = current_generation(project / ".handrail" / "index") / name
    replaced(path, kind)
    done = asked_the_doctor(run)
    assert done.exit_code == 1
    assert any(name in line for line in done.output.splitlines() if line.startswith("BAD")), done.output
    with within(60):
        assert run("build").exit_code == 0
    assert path.parent not in current_generation(project / ".handrail" / "index").parents


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_goes_on_while_something_else_stands_where_the_generation_is_named(make_app, own_acme, kind):
    app = make_app(own_acme)
    client = app.test_client()
    assert client.get("/api/search?q=forgotten password").status_code == 200
    replaced(own_acme / "state" / "index" / "CURRENT", kind)
    with within(20):
        app.extensions["handrail"].live.look()
        assert client.get("/api/search?q=forgotten password").status_code == 200
        ready = client.get("/readyz")
    assert "CURRENT" in ready.json["problems"][0]["what"]


def names_found(state):
    return [path.name for path, _ in out_of_place(state, state / "index")]


def test_what_another_user_owns_in_the_folder_of_the_service_is_named():
    if os.geteuid() != 0:
        pytest.skip("files are given away by root alone")
    with tempfile.TemporaryDirectory() as folder:  # others may not look into pytest's
        Path(folder).chmod(0o755)
        look_at_what_others_own(Path(folder) / "state")


def look_at_what_others_own(state):
    (state / "index").mkdir(parents=True)
    (state / "index" / "CURRENT").write_text("none\n")
    (state / "build.lock").touch(0o644)
    for path in (state, state / "index", state / "index" / "CURRENT"):
        os.chown(path, 65534, 65534)
    assert names_found(state) == ["build.lock"]
    with multiprocessing.get_context("fork").Pool(1, os.setuid, (65534,)) as nobody:
        assert nobody.apply(names_found, (state,)) == ["build.lock"]
        os.chown(state / "build.lock", 65534, 65534)
        assert nobody.apply(names_found, (state,)) == []
        (state / "index" / "CURRENT").chmod(0)
        assert nobody.apply(names_found, (state,)) == ["CURRENT"]
