"""Installing: the wheel by itself builds other people's sites, also ones with folders named like ours."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from .install.lowest import lowest

ROOT = Path(__file__).parents[2]
QUIET = ("--quiet", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt"))


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def write(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def their_site(tmp_path):
    """A site with its own overrides, hooks, and folders named `search`, `kb` and `feedback`."""

    def make(theme, *, line="  - handrail\n"):
        root = tmp_path / f"site-{len(list(tmp_path.iterdir()))}"
        write(root / "docs" / "index.md", "# Home\n\nHello.\n")
        write(root / "docs" / "guide" / "reset.md", "# Reset\n\nForgot it?\n")
        for name in ("search", "kb", "feedback"):
            write(root / name / "__init__.py", "MINE = True\n")
            write(root / "docs" / name / "index.md", f"# Our {name}\n\nOurs.\n")
        write(root / "hooks.py", "import search\n\ndef on_config(config):\n    assert search.MINE\n    return config\n")
        overrides = ""
        if "material" in theme:
            write(root / "overrides" / "main.html", '{% extends "base.html" %}{% block announce %}Ours!{% endblock %}')
            write(root / "overrides" / "partials" / "copyright.html", "<p>Our own copyright</p>")
            overrides = ", custom_dir: overrides, font: false"
        write(
            root / "mkdocs.yml",
            f"site_name: Theirs\nsite_url: https://example.org/help/\ntheme: {{name: {theme}{overrides}}}\n"
            f"hooks: [hooks.py]\nplugins:\n  - search\n{line}",
        )
        return root

    return make


def builds(python, root):
    """Build with MkDocs itself, strictly, and look at what came out."""
    run(python, "-m", "mkdocs", "build", "--strict", "--quiet", cwd=root)
    facts = json.loads((root / "site" / "handrail" / "site.json").read_text(encoding="utf-8"))
    assert facts["base_path"] == "/help/"
    assert {"", "guide/reset/", "search/", "kb/", "feedback/"} <= set(facts["articles"])
    home = (root / "site" / "index.html").read_text(encoding="utf-8")
    assert 'href="contact/"' in home
    return home


def test_the_distribution_can_be_built(tmp_path):
    run(sys.executable, "-m", "hatchling", "build", "-d", tmp_path, cwd=ROOT)
    assert {file.suffix for file in tmp_path.iterdir()} == {".whl", ".gz"}


def test_one_line_in_a_site_that_has_everything_named_like_ours(their_site):
    pytest.importorskip("material", reason="mkdocs-material is not installed")
    without = their_site("material", line="")
    run(sys.executable, "-m", "mkdocs", "build", "--quiet", cwd=without)
    home = builds(sys.executable, their_site("material"))
    for theirs in ("Ours!", "Our own copyright"):
        assert theirs in home
        assert theirs in (without / "site" / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_an_installation_without_extras_builds_other_peoples_sites(tmp_path, their_site, editable):
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    if editable:
        run(python, "-m", "pip", "install", *QUIET, "--editable", ROOT)
    else:
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist", cwd=ROOT)
        [wheel] = (tmp_path / "dist").glob("*.whl")
        run(python, "-m", "pip", "install", *QUIET, wheel)
    installed = json.loads(run(python, "-m", "pip", "list", "--format", "json").stdout)
    assert not {"flask", "torch", "numpy", "faiss-cpu"} & {package["name"].lower() for package in installed}
    run(python, "-m", "pip", "check")
    assert "handrail" in run(home / "bin" / "handrail", "--help").stdout
    builds(python, their_site("mkdocs"))
    run(python, "-m", "pip", "install", *QUIET, "handrail[site]")
    assert "Our own copyright" in builds(python, their_site("material"))
    installed = json.loads(run(python, "-m", "pip", "list", "--format", "json").stdout)
    assert not {"flask", "torch", "numpy", "faiss-cpu"} & {package["name"].lower() for package in installed}


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["mkdocs", "material"])
def test_pages_are_made_with_the_lowest_versions_that_they_need(tmp_path, their_site, theme):
    extras = ("site",) * (theme == "material")
    (tmp_path / "lowest.txt").write_text(lowest(*extras), encoding="utf-8")
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    what = f"{ROOT}[{','.join(extras)}]" if extras else ROOT
    run(python, "-m", "pip", "install", *QUIET[:2], "-c", tmp_path / "lowest.txt", what)
    builds(python, their_site(theme))
