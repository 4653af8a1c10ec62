"""Help is light to load and complete, and a part that is not installed is named with what brings it."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_kb.cli.group import COMMANDS, main

from .started import refused


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom handrail_kb.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'flask', 'torch', 'faiss', 'onnxruntime', 'numpy', 'mkdocs', 'sqlite3', 'selectolax', 'rich'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "LOADED []" in told
    assert all(f"  {name} " in told for name in COMMANDS)


def command(name):
    module, _, attribute = COMMANDS[name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    first = command(name).help.strip().split("\n\n")[0].replace("\n", " ")
    assert COMMANDS[name][1] == re.match(r".*?\.(?=\s|$)", first)[0]


def leaves(name, found):
    if isinstance(found, click.Group):
        for child, below in found.commands.items():
            yield from leaves(f"{name} {child}", below)
    else:
        yield name, found


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "new"])
def test_every_command_can_be_pointed_at_a_site(name):
    for path, leaf in leaves(name, command(name)):
        options = {option for parameter in leaf.params for option in parameter.opts}
        assert "--config" in options, path


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_flag_explains_itself(name):
    for path, leaf in leaves(name, command(name)):
        assert leaf.help, path
        for parameter in leaf.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.opts}"


@pytest.mark.parametrize(
    ("command", "extra"), [("doctor", "service"), ("run", "service"), ("serve", "index"), ("build", "index")]
)
def test_a_part_that_is_not_installed_is_named_with_what_brings_it(tmp_path, command, extra):
    # `missing` is told too: the package itself is here, only its module is not.
    code = (
        "import sys; sys.modules['faiss'] = None; from handrail_kb.cli import group as cli; "
        f"cli.missing = lambda extra: ['faiss-cpu']; cli.main(['{command}'])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert f"'handrail {command}' needs faiss, which is not installed." in told.stderr
    assert f"{sys.executable} -m pip install 'handrail[{extra}]'" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.fixture
def themeless(monkeypatch):
    """An environment in which Material is not installed."""
    monkeypatch.setattr("mkdocs.utils.get_theme_names", lambda: {"mkdocs", "readthedocs"})


def test_a_site_whose_theme_is_not_installed_is_told_what_brings_it(run, site, themeless):
    (site / "mkdocs.yml").write_text("site_name: Acme\ntheme: {name: material}\nplugins: [search, handrail]\n")
    for command in ("build", "serve"):
        result = run(command)
        assert refused(result, "theme 'material' is not installed", "pip install 'handrail[site]'")
        assert "Unrecognised theme name" not in result.output
    (site / "base.yml").write_text("theme: elsewhere\n")
    (site / "mkdocs.yml").write_text("INHERIT: base.yml\nsite_name: Acme\nplugins: [search, handrail]\n")
    assert refused(run("build"), "theme 'elsewhere' is not installed", "mkdocs get-deps -f mkdocs.yml")


def test_the_check_and_the_doctor_name_a_theme_that_is_not_installed(run, site, themeless):
    (site / "mkdocs.yml").write_text("site_name: Acme\ntheme: {name: material}\nplugins: [search, handrail]\n")
    checked = run("check").output
    assert "mkdocs.yml:2: theme: 'material' is not installed." in checked
    assert "pip install 'handrail[site]'" in checked
    assert "Unrecognised theme name" not in checked
    assert re.search(
        r"BAD +mkdocs +the theme 'material' is not installed.*\n.*pip install 'handrail\[site\]'", run("doctor").output
    )
    (site / "site").mkdir()  # a machine that answers with what another one built needs no theme
    assert re.search(r"note +mkdocs +the theme 'material' is not installed", run("doctor").output)


def test_the_doctor_names_each_package_that_is_missing_and_what_brings_it(run, site, monkeypatch):
    monkeypatch.setattr(
        "handrail_search.commands.doctor.missing", lambda extra: ["flask", "rich"] * (extra == "service")
    )
    output = run("doctor").output
    assert re.search(r"BAD +packages +missing or too old: flask, rich\n.*pip install 'handrail\[service\]'", output)


def test_a_new_site_says_what_must_be_installed_to_see_it(run, site, monkeypatch):
    assert "pip" not in run("new", "complete").output
    monkeypatch.setattr("handrail_kb.cli.new.missing", lambda extra: ["mkdocs-material"])
    output = run("new", "bare").output
    assert "pip install 'handrail[index]'" in output
    assert output.index("pip install") < output.index("handrail serve")
    monkeypatch.setattr("handrail_kb.cli.new.missing", lambda extra: ["torch"] * (extra == "index"))
    assert "pip" not in run("new", "other-language").output


def test_the_version_is_that_of_the_package():
    from handrail_kb import __version__

    assert __version__ in CliRunner().invoke(main, ["--version"]).output
    assert Path(__file__).parents[3].joinpath("CHANGELOG.md").exists()
