"""A site that is not built, a new one that is, and commands run in their folders."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from handrail_kb.cli.group import main

from .started import handrail


@pytest.fixture(scope="module")
def new_site(tmp_path_factory, lend_encoder):
    """What `handrail new` and `handrail build` leave, with what they said. Not to be changed."""
    root = tmp_path_factory.mktemp("new") / "help"
    told = [handrail("new", root, cwd=root.parent)]
    lend_encoder(root / ".handrail")
    told.append(handrail("build", "--strict", cwd=root))
    return root, told


@pytest.fixture
def site(tmp_path):
    """A folder with mkdocs.yml and an article, not built."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Hello\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: Help\nplugins: [search, handrail]\n")
    return tmp_path


@pytest.fixture
def run(site, monkeypatch):
    """Runs a command in this process, in the folder of `site`."""
    monkeypatch.chdir(site)
    return lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments])
