"""What is installed, and whether the command that a message names would mend it."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import shlex
import sys

import pytest
from packaging.utils import canonicalize_name

from handrail_kb.texts import installing
from handrail_kb.texts.installing import install_command, install_extra, missing
from project.install.lowest import named
from project.rooms import files

REQUIRES = [
    "click>=8.1",
    'handrail[b]; extra == "a"',
    'flask>=3.1; extra == "a"',
    'handrail[a]; extra == "b"',
    'torch>=2; extra == "b"',
    'rich>=13; extra == "other"',
    'pywin32>=300; sys_platform == "nowhere" and extra == "a"',
]


@pytest.fixture
def here(monkeypatch):
    """Sets what is installed, by name and version, beside a Handrail with the requirements above."""

    def install(**versions):
        def version(name):
            if name not in versions:
                raise importlib.metadata.PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(importlib.metadata, "requires", lambda _name: REQUIRES)
        monkeypatch.setattr(importlib.metadata, "version", version)

    return install


def test_what_an_extra_brings_is_looked_for_through_the_extras_it_names(here):
    here(click="8.3")
    assert missing("a") == ["flask", "torch"]
    here(click="8.3", flask="3.1", torch="2.13.0+cpu")
    assert missing("a") == missing("b") == []
    assert missing("other") == ["rich"]


def test_a_version_that_does_not_fit_is_missing(here):
    here(click="8.0", flask="3.0.9", torch="2.13")
    assert missing("a") == ["click", "flask"]


def test_nothing_is_missing_where_nobody_can_know(monkeypatch):
    def not_there(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", not_there)
    assert missing("index") == []


def test_a_command_is_for_the_environment_that_lacks_something(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/srv/my help/.venv/bin/python")
    command = install_command("handrail[service]")
    assert shlex.split(command) == ["/srv/my help/.venv/bin/python", "-m", "pip", "install", "handrail[service]"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert shlex.split(install_command("x"))[:5] == ["uv", "pip", "install", "--python", sys.executable]


def test_torch_comes_first_and_only_where_it_is_needed(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else object())
    monkeypatch.setattr(installing, "missing", lambda _extra: ["sentence-transformers"])
    torch, rest = install_extra("index").split(" && ")
    assert torch.endswith(" install torch==2.13.0")
    assert rest.endswith(" install 'handrail[index]'")
    monkeypatch.setattr(installing, "missing", lambda _extra: ["flask"])
    assert "torch" not in install_extra("service")


def nodes():
    """Each node of the packages' code, with the file that it is in."""
    for file in files(".py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file, node


def test_no_message_writes_a_command_of_pip_by_itself():
    for file, node in nodes():
        if file.name in ("installing.py", "table.py"):  # the second is a page of the help
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert "pip install" not in node.value, f"{file}:{node.lineno}"


def test_nothing_is_installed_that_no_code_of_ours_uses():
    modules, texts = set(), set()
    for _file, node in nodes():
        if isinstance(node, ast.Import):
            modules |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)  # weights are found by name, and imported by nobody
    known = importlib.metadata.packages_distributions()
    used = texts.union(*(known.get(module, ()) for module in modules))
    assert len(named()) > 30
    assert named() - set(map(canonicalize_name, used)) == set()
