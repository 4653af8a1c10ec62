"""A new site and its index stand at one moment, or the old ones go on: whatever holds the folder, and whenever."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handrail_kb.config.settings import load_settings
from handrail_kb.errors import IndexUnusable, SiteError
from handrail_search.index.generation import current_generation
from handrail_search.index.site_build import build_site_and_index
from handrail_search.index.site_switch import NEW, OLD, switched, workplace


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    """A built site. Not to be changed."""
    root = tmp_path_factory.mktemp("switching") / "help"
    (root / "docs").mkdir(parents=True)
    (root / "mkdocs.yml").write_text(
        "site_name: Acme\nplugins: [search, handrail]\ntheme: {name: material, font: false}\n"
    )
    (root / "docs" / "index.md").write_text("# Feed the walrus\n\nIt eats clams, and in spring it eats crabs.\n")
    lend_encoder(root / ".handrail")
    build_site_and_index(load_settings(root / "mkdocs.yml", environ={}))
    return root


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, words in files.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "index.html").write_text(words)
    return folder


def seen(site):
    """What a reader sees; the names of all else that lies beside and within."""
    return {file.parent.name: file.read_text() for file in site.rglob("*.html")}


@pytest.fixture
def site(tmp_path):
    return put(tmp_path / "web" / "site", home="old", gone="old")


@pytest.fixture
def held(monkeypatch):
    """A folder that the system does not let be renamed, as it does with a mount."""

    def held(folder, code=errno.EBUSY):
        rename = Path.rename

        def refuse(self, target):
            if folder in (self, Path(target)):
                raise OSError(code, os.strerror(code))
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", refuse)

    return held


def build(site, **files):
    return put(workplace(site), **files)


@pytest.mark.parametrize("code", [None, errno.EBUSY, errno.EXDEV, errno.EROFS])
def test_the_new_site_stands_and_nothing_of_the_old_one_or_of_the_work_is_left(site, held, code):
    if code:
        held(site, code)
    with switched(build(site, home="new", more="new"), site):
        assert seen(site).items() >= {"home": "new", "more": "new"}.items()
    assert seen(site) == {"home": "new", "more": "new"}
    assert [file.name for file in site.parent.iterdir() if file != site] in ([], [".site.new"])
    assert sorted(file.name for file in site.iterdir()) == ["home", "more"]


@pytest.mark.parametrize("code", [None, errno.EBUSY])
def test_the_old_site_stands_again_when_its_index_cannot(site, held, code):
    if code:
        held(site, code)
    with pytest.raises(IndexUnusable), switched(build(site, home="new", more="new"), site):
        raise IndexUnusable("no room")
    assert seen(site) == {"home": "old", "gone": "old"}
    assert sorted(file.name for file in site.iterdir()) == ["gone", "home"]


def test_the_second_rename_fails_and_the_old_site_stands(site, monkeypatch):
    new, rename = build(site, home="new"), Path.rename

    def refuse(self, target):
        if self == new:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(SiteError, match=r"No space left.*The old one stands") as told, switched(new, site):
        raise AssertionError("nothing may be named")
    assert "findmnt" in told.value.mend
    assert seen(site) == {"home": "old", "gone": "old"}


def test_a_part_that_cannot_be_exchanged_leaves_every_part_as_it_was(site, held, monkeypatch):
    new = build(site, home="new", more="new", gone="new")
    held(site)
    refuse = Path.rename

    def once_more(self, target):
        if self.name == "home" and OLD in Path(target).parts:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return refuse(self, target)

    monkeypatch.setattr(Path, "rename", once_more)
    with pytest.raises(SiteError, match="cannot be put into"), switched(new, site):
        raise AssertionError("nothing may be named")
    assert seen(site) == {"home": "old", "gone": "old"}


def test_a_first_build_needs_no_site(tmp_path):
    site = tmp_path / "deep" / "site"
    with switched(build(site, home="new"), site):
        assert seen(site) == {"home": "new"}
    with pytest.raises(IndexUnusable), switched(build(tmp_path / "none", home="new"), tmp_path / "none"):
        raise IndexUnusable("no room")
    assert not (tmp_path / "none").exists()


def test_a_link_to_the_site_stays_a_link(site, tmp_path):
    link = tmp_path / "current"
    link.symlink_to(site)
    with switched(build(link, home="new"), link):
        pass
    assert link.is_symlink() and seen(site) == {"home": "new"}


def test_a_switch_that_was_killed_is_put_right_by_the_next_build(site):
    site.rename(site.with_name(".site.old"))
    workplace(site)
    assert seen(site) == {"home": "old", "gone": "old"}
    (site / OLD).mkdir()
    (site / "home").rename(site / OLD / "home")
    put(site / NEW, home="new")
    workplace(site)
    assert set(seen(site)) >= {"home", "gone"} and not (site / OLD).exists()


def test_a_site_that_is_a_mount_is_built_with_its_index(project):
    """A real mount, where this machine lets us have one of our own."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("this machine has no mounts of our own to give")
    page = project / "docs" / "index.md"
    page.write_text(page.read_text() + "\nThe zanzibar is new.\n")
    volume = project.parent / "volume"
    shutil.copytree(project / "site", volume)
    before = current_generation(project / ".handrail" / "index").name
    command = f"mount --bind '{volume}' '{project / 'site'}' && exec '{sys.executable}' -m handrail_kb.cli build"
    done = subprocess.run(["unshare", "-rm", "sh", "-c", command], capture_output=True, text=True, cwd=project)
    assert done.returncode == 0, done.stderr
    assert "zanzibar" in (volume / "index.html").read_text()
    assert current_generation(project / ".handrail" / "index").name != before
    assert not [file.name for file in volume.iterdir() if file.name.startswith(".handrail")]


@pytest.mark.parametrize("when", ["site", "index"])
def test_site_and_index_are_exchanged_together_or_neither(project, monkeypatch, when):
    settings = load_settings(project / "mkdocs.yml", environ={})
    before = current_generation(settings.index_dir).name
    home = (settings.site_dir / "index.html").read_bytes()
    page = project / "docs" / "index.md"
    page.write_text(page.read_text() + "\nThe zanzibar is new.\n")
    rename, replace = Path.rename, Path.replace

    def refuse(self, target):
        if when == "site" and self.name == ".site.new":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    def refuse_index(self, target):
        if when == "index" and Path(target).name == "CURRENT":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        patch.setattr(Path, "replace", refuse_index)
        with pytest.raises((SiteError, OSError)):
            build_site_and_index(settings)
    assert current_generation(settings.index_dir).name == before
    assert (settings.site_dir / "index.html").read_bytes() == home
    assert not [file.name for file in settings.index_dir.iterdir() if file.name.startswith(".CURRENT")]
    build_site_and_index(settings)
    assert current_generation(settings.index_dir).name != before
    assert b"zanzibar" in (settings.site_dir / "index.html").read_bytes()


def test_an_index_that_stands_apart_is_built_and_found_there_while_the_state_stays(project, monkeypatch):
    apart = load_settings(project / "mkdocs.yml", flags={"index_dir": "../apart"}, environ={})
    shutil.rmtree(apart.state_dir / "index")
    build_site_and_index(apart)
    assert current_generation(project.parent / "apart").is_dir()
    assert not (apart.state_dir / "index").exists()
    monkeypatch.setenv("HANDRAIL_INDEX_DIR", str(project.parent / "apart"))
    command = [sys.executable, "-m", "handrail_kb.cli", "search", "feed the walrus"]
    found = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert "Feed the walrus" in found.stdout, found.stderr
