"""A site that names parts which are not installed, or that MkDocs cannot use, is told what brings or mends them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from .test_help import refused

pytest.importorskip("faiss", reason="the service is not installed")

LACKING = """site_name: Acme
theme: readthedocs
plugins:
  - search
  - handrail
  - macros-of-nobody
  - /second-of-nobody: {deep: true}
markdown_extensions:
  - admonition
  - toc: {permalink: true}
  - markdown_of_nobody.include:
      base_path: docs
  - pymdownx.superfences:
      custom_fences:
        - name: d2
          class: d2
          format: !!python/name:fences_of_nobody.d2
"""
COMMANDS = ("build", "serve")


def test_everything_that_is_not_installed_is_named_at_once_with_the_sites_own_list(run, site):
    (site / "mkdocs.yml").write_text(LACKING)
    (site / "requirements.txt").write_text("mkdocs==1.6.1\nmkdocs-of-nobody[all]==1 --hash=sha256:0  # plugins\n")
    for command in COMMANDS:
        result = run(command)
        assert refused(result, "mkdocs.yml: the plugins 'macros-of-nobody', '/second-of-nobody', the Markdown "
                       "extension 'markdown_of_nobody.include' and the Python module 'fences_of_nobody' are not "
                       "installed.", "pip install -r requirements.txt")  # fmt: skip
        assert "Aborted" not in result.output
    checked = run("check").output
    for line, names in (
        (6, "plugins: 'macros-of-nobody', '/second-of-nobody' are not installed."),
        (11, "markdown_extensions: 'markdown_of_nobody.include' is not installed."),
        (17, "!!python/name: 'fences_of_nobody' is not installed."),
    ):
        assert re.search(rf"mkdocs\.yml:{line}: {re.escape(names)}.*pip install -r requirements\.txt", checked)
    assert "ModuleNotFoundError" not in checked
    examined = run("doctor").output
    assert re.search(r"BAD +mkdocs +the plugins 'macros-of-nobody'.*\n +Install.*-r requirements\.txt\n", examined)
    (site / "site").mkdir()  # to serve what another machine has built, none of it is needed
    assert re.search(r"note +mkdocs +the plugins", run("doctor").output)


def test_what_a_site_inherits_is_named_with_the_file_where_it_stands(run, site):
    (site / "base.yml").write_text("theme: {name: mkdocs}\nplugins:\n  of-nobody: {}\n")
    (site / "mkdocs.yml").write_text("INHERIT: base.yml\nsite_name: Acme\nplugins: {search: {}, handrail: {}}\n")
    assert "base.yml:3: plugins: 'of-nobody' is not installed." in run("check").output
    (site / "mkdocs.yml").write_text("INHERIT: base.yml\nsite_name: Acme\nplugins: [search, handrail]\n")  # replaces it
    assert "is not installed" not in run("check").output


@pytest.mark.parametrize("listed", [None, "mkdocs\n-e .\nclick # here\n", "of-nobody; python_version < '3'\n", "\0{"])
def test_where_no_list_brings_it_the_catalogue_of_mkdocs_is_asked(run, site, listed):
    (site / "mkdocs.yml").write_text("site_name: Acme\ntheme: mkdocs\nplugins: [search, handrail, of-nobody]\n")
    if listed is not None:
        (site / "requirements.txt").write_text(listed)
    result = run("build")
    assert refused(result, "the plugin 'of-nobody' is not installed", "pip install $(")
    asked = re.search(r"\$\((.*)\)", result.output)[1]
    catalogue = site / "projects.yaml"
    catalogue.write_text("projects: [{name: it, mkdocs_plugin: of-nobody, pypi_id: mkdocs-of-nobody}]\n")
    given = [*shlex.split(asked), "--projects-file", str(catalogue)]
    told = subprocess.run(given, capture_output=True, text=True, check=True, cwd=site)
    assert told.stdout.splitlines() == ["mkdocs", "mkdocs-of-nobody"]


def test_an_extension_that_lies_beside_mkdocs_yml_is_found_by_the_command_that_is_told(run, site):
    (site / "mkdocs.yml").write_text(
        "site_name: Acme\ntheme: mkdocs\nplugins: [search, handrail]\nmarkdown_extensions: [ours.blue]\n"
    )
    (site / "ours").mkdir()
    (site / "ours" / "blue.py").write_text("")
    assert refused(run("build"), "'ours.blue' is not installed", "PYTHONPATH=. handrail build")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("nav: 12\n", "nav"),
        ("site_url: [1]\n", "site_url"),
        ("markdown_extensions: [fenced_code: 12]\n", "markdown_extensions"),
        ("hooks: [gone.py]\n", "hooks"),
        ("validation: 3\n", "validation"),
        ("validation: {links: 3}\n", "validation"),
    ],
)
def test_a_mistake_in_a_setting_of_mkdocs_ends_with_the_command_that_shows_its_line(run, site, more, what):
    (site / "mkdocs.yml").write_text(f"site_name: Acme\ntheme: mkdocs\nplugins: [search, handrail]\n{more}")
    for command in COMMANDS:
        result = run(command)
        assert refused(result, "MkDocs cannot use mkdocs.yml", "See each with its line: handrail check")
    assert f"mkdocs.yml:4: {what}: " in run("check").output
    assert re.search(
        rf"BAD +mkdocs +mkdocs\.yml:4: {what}: .*\n(.*\n)*? +See each.*handrail check\n", run("doctor").output
    )


@pytest.mark.parametrize("line", ["import package_of_nobody", "1 / 0", "raise RuntimeError('ours')"])
def test_a_hook_that_fails_is_told_without_its_traceback(run, site, line):
    settings = "site_name: A\ntheme: mkdocs\nplugins: [search, handrail]\nhooks: "
    (site / "loaded.py").write_text(f"{line}\n")
    (site / "called.py").write_text(f"def on_files(files, **kwargs):\n    {line}\n")
    for hook in ("loaded.py", "called.py"):
        (site / "mkdocs.yml").write_text(f"{settings}[{hook}]\n")
        assert refused(run("build"), "A plugin, hook or Markdown extension fails: ", "mkdocs build -d")
    (site / "mkdocs.yml").write_text(f"{settings}[loaded.py]\n")
    checked = run("check")
    assert "A plugin, hook or Markdown extension fails: " in checked.output
    assert checked.exit_code == 1


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("open('fetched/fonts.css')", "FileNotFoundError"),
        ("raise ConnectionError('no way to fonts.example')", "ConnectionError: no way to fonts.example"),
        ("raise TimeoutError", "TimeoutError"),
    ],
)
def test_a_hook_that_cannot_fetch_something_is_named_and_not_the_disk(run, site, line, what):
    settings = "site_name: A\ntheme: mkdocs\nplugins: [search, handrail]\nhooks: [called.py]\n"
    (site / "mkdocs.yml").write_text(settings)
    (site / "called.py").write_text(f"def on_page_markdown(text, **kwargs):\n    {line}\n")
    result = run("build")
    assert refused(result, f"called.py fails: {what}", "mkdocs build -d")
    assert "dmesg" not in result.output and "reaches it" in result.output


@pytest.mark.parametrize("plugins", ["3", "true", "[[search]]", "2020-01-01"])
def test_plugins_that_are_no_list_are_told(run, site, plugins):
    (site / "mkdocs.yml").write_text(f"site_name: Acme\ntheme: mkdocs\nplugins: {plugins}\n")
    assert "mkdocs.yml:3: plugins: " in run("check").output
    assert refused(run("build"), "MkDocs cannot use mkdocs.yml")


def test_a_mkdocs_yml_of_another_name_is_named_in_the_command(run, site):
    (site / "our help.yml").write_text("site_name: A\ntheme: mkdocs\nplugins: [search, handrail]\nnav: 12\n")
    assert refused(run("build", "--config", "our help.yml"), "handrail check --config 'our help.yml'")


def test_the_extensions_that_are_here_are_not_called_missing(run, site):
    (site / "mkdocs.yml").write_text(
        f"site_name: A\ntheme: material\nplugins: [search, handrail, material/tags]\nmarkdown_extensions: "
        f"[toc, markdown.extensions.abbr, 'markdown.extensions.toc:TocExtension', pymdownx.emoji: {{emoji_index: "
        f"!!python/name:material.extensions.emoji.twemoji }}]\n# {sys.version}\n".replace("\n(", " (")
    )
    assert "not installed" not in run("check").output
