"""What holds the house up: floors, sizes, what is shipped, and that nothing is asked from anybody else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = [ROOT / "kb" / "handrail_kb", ROOT / "search" / "handrail_search", ROOT / "feedback" / "handrail_feedback"]
PYTHON = [file for package in PACKAGES for file in sorted(package.rglob("*.py"))]
SHOWN = [
    file
    for package in PACKAGES
    for file in sorted(package.rglob("*"))
    if file.suffix in (".js", ".css", ".html", ".svg", ".md", ".yml") and "__pycache__" not in file.parts
]


def named(file):
    return str(file.relative_to(ROOT))


def test_every_module_imports_only_from_floors_below():
    lint = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-logo"], cwd=ROOT, capture_output=True, text=True
    )
    assert lint.returncode == 0, lint.stdout


@pytest.mark.parametrize("package", PACKAGES, ids=named)
def test_every_package_says_what_it_is_for(package):
    readme = (package.parent / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# ")
    assert len(readme) > 200
    assert (package / "py.typed").exists()


@pytest.mark.parametrize("file", PYTHON, ids=named)
def test_a_module_is_one_idea(file):
    source = file.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(source)) or not source.strip()


def test_nothing_is_read_that_could_run_code():
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib"}
    for file in PYTHON:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not {alias.name.split(".")[0] for alias in node.names} & forbidden, named(file)
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in forbidden, named(file)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), named(file)


# Names of languages for browsers, and addresses that nobody is asked for.
NO_REQUEST = re.compile(r"http://www\.w3\.org/|https?://(?:localhost|127\.0\.0\.1)\b|https?://[\w.]*\bexample\b")


@pytest.mark.parametrize("file", SHOWN, ids=named)
def test_nothing_that_customers_see_asks_another_company(file):
    text = file.read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/|<!--.*?-->|\{#.*?#\}", "", text, flags=re.S)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("//", "#")))
    found = [address for address in re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+[^\s\"')]*", text)
             if not NO_REQUEST.match(address)]  # fmt: skip
    assert found == []


def test_no_package_fetches_anything_when_it_runs():
    for file in PYTHON:
        source = file.read_text(encoding="utf-8")
        for library in ("requests", "httpx", "urllib.request", "urllib3", "aiohttp", "huggingface_hub"):
            assert not re.search(rf"^\s*(?:import|from) {re.escape(library)}\b", source, re.M), named(file)


def test_modules_that_print_are_commands():
    for file in PYTHON:
        assert not re.search(r"^\s*print\(", file.read_text(encoding="utf-8"), re.M), named(file)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    target = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    [file] = target.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel):
    wanted = {
        str(file.relative_to(package.parent))
        for package in PACKAGES
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_wheel_brings_the_command_the_plugin_and_the_licence(wheel):
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(entry_points).decode()
    assert "handrail = handrail_kb.cli:main" in text
    assert "handrail = handrail_kb.plugin:HandrailPlugin" in text
    assert any(name.endswith("LICENSE") for name in wheel.namelist())
    [metadata] = [name for name in wheel.namelist() if name.endswith("METADATA")]
    needed = re.findall(r"^Requires-Dist: ([\w.-]+)(?!.*extra)", wheel.read(metadata).decode(), re.M)
    assert sorted(needed) == ["click", "mkdocs", "pathspec", "pyyaml"]
