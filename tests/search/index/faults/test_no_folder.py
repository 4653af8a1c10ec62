"""What stands where a folder or mkdocs.yml should is named by every command, with the command that clears it."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys

import pytest

from handrail_feedback.storage.database import Store
from handrail_kb.config.settings import load_settings
from handrail_search.index.generation import current_generation

from .small_site import write_small_site
from .test_full_disk import small_disk
from .test_out_of_place import within

KINDS = {
    "a file": lambda path: path.write_text("x\n"),
    "a named pipe": os.mkfifo,
    "a link to": lambda path: path.symlink_to("/nowhere/at/all"),
}
COMMANDS = (
    ("build",),
    ("run", "--port", "8431"),
    ("backup",),
    ("store", "new"),
    ("contact", "list"),
    ("search", "pears"),
    ("index", "site"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    root = write_small_site(tmp_path_factory.mktemp("folders") / "help")
    lend_encoder(root / ".handrail")
    subprocess.run([sys.executable, "-m", "handrail_kb.cli", "build"], cwd=root, check=True, capture_output=True)
    return root


def refused(done):
    assert done.exit_code == 1, done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def what_helps(said, path):
    """The command that stands there for what has this name."""
    line = next(line for line in said.splitlines() if line.strip().endswith((f" {path}", f" {path}.old")))
    return shlex.split(line.rpartition(": ")[2])


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_where_the_state_folder_should_is_told_by_every_command(project, run, kind):
    state = project / ".handrail"
    state.rename(project / "away")
    KINDS[kind](state)
    said = ""
    for arguments in COMMANDS:
        with within(30):
            said = refused(run(*arguments))
        assert f"{state} is {kind}" in said, arguments
    subprocess.run(what_helps(said, state), check=True)
    (project / "away").rename(state)
    assert run("doctor").exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "arguments"), [("index", ("build",)), ("encoder", ("build",)), ("backups", ("backup",))]
)
def test_what_stands_where_a_folder_of_the_state_folder_should_is_told(project, run, kind, name, arguments):
    folder = project / ".handrail" / name
    if name == "backups":
        Store(project / ".handrail" / "store.db").check()
    elif folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
    KINDS[kind](folder)
    with within(60):
        said = refused(run(*arguments))
    assert f"{folder} is {kind}" in said
    assert what_helps(said, folder)[0] in ("mv", "rm")


def test_a_file_that_has_the_name_of_the_site_is_left_where_it_is(project, run):
    site = project / "site"
    shutil.rmtree(site)
    site.write_text("my notes about the site\n")
    said = refused(run("build"))
    assert f"{site} is a file, not a folder" in said
    assert site.read_text() == "my notes about the site\n"
    subprocess.run(what_helps(said, site), check=True)
    assert run("build").exit_code == 0
    assert not (project / ".site.old").exists()
    assert run("build").exit_code == 0, "and the next one finds nothing in its way"


@pytest.mark.parametrize("there", ["nothing", "a file"])
def test_a_folder_of_articles_that_is_gone_is_told_by_whoever_needs_it(project, run, there):
    docs = project / "docs"
    docs.rename(project / "away")
    if there == "a file":
        docs.write_text("x\n")
    told = "is a file, not a folder" if there == "a file" else "There is no folder of articles"
    for command in ("build", "check"):
        assert told in refused(run(command))
    looked = run("doctor")
    assert looked.exit_code == 0, "what was built is served"
    assert told in next(line for line in looked.output.splitlines() if line.startswith("note  mkdocs"))


def listening(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


NO_CONFIG = {
    "a folder": lambda path: path.mkdir(),
    "a named pipe": os.mkfifo,
    "a link to nowhere.yml, which is not there": lambda path: path.symlink_to("nowhere.yml"),
    "a socket": lambda path: listening(path),
}


@pytest.mark.parametrize("kind", NO_CONFIG)
def test_what_stands_where_mkdocs_yml_should_is_told_and_waited_for_by_nobody(project, run, kind):
    file = project / "mkdocs.yml"
    file.rename(project / "away.yml")
    NO_CONFIG[kind](file.relative_to(project))
    for arguments in (("build",), ("check",), ("run",), ("settings",), ("contact", "list"), ("doctor",)):
        with within(20):
            said = refused(run(*arguments))
        assert f"mkdocs.yml is {kind}" in said, arguments
        assert what_helps(said, "mkdocs.yml")[0] in ("mv", "rm")


@pytest.mark.long
def test_mkdocs_yml_that_is_a_link_belongs_to_the_folder_it_lies_in(project, run):
    """As a mounted configuration is: what is beside the link is the site, for MkDocs too."""
    (project.parent / "elsewhere").mkdir()
    (project / "mkdocs.yml").rename(project.parent / "elsewhere" / "mkdocs.yml")
    (project / "mkdocs.yml").symlink_to(project.parent / "elsewhere" / "mkdocs.yml")
    settings = load_settings(project / "mkdocs.yml", environ={})
    assert (settings.root, settings.site_dir) == (project, project / "site")
    assert run("check").exit_code == 0
    assert [file.name for file in (project.parent / "elsewhere").iterdir()] == ["mkdocs.yml"]


@pytest.mark.long
def test_a_disk_that_is_read_only_is_said_to_be_and_what_only_reads_goes_on(built, tmp_path):
    with small_disk(tmp_path / "disk", 200_000) as disk:
        root = shutil.copytree(built, disk / "help", symlinks=True)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for arguments in (("build",), ("run", "--port", "8431"), ("backup",), ("store", "new"), ("index", "site")):
            done = handrail(root, *arguments)
            assert done.returncode == 1, arguments
            assert f"The disk of {root / '.handrail'}" in done.stderr, done.stderr
            assert "read-only" in done.stderr
            assert "findmnt --target" in done.stderr
        for arguments in (("search", "pears"), ("check",)):
            done = handrail(root, *arguments)
            assert done.returncode == 0, done.stderr
        assert current_generation(root / ".handrail" / "index").is_dir()


def handrail(root, *arguments):
    command = [sys.executable, "-m", "handrail_kb.cli", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)
