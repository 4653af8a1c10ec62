"""A mistake is told in one clear message, with what to do next."""

from __future__ import annotations

import errno
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_kb.cli.group import COMMANDS, main
from handrail_kb.cli.system_errors import of_system

from .started import refused


@pytest.mark.parametrize("arguments", [("build",), ("serve",), ("check",)])
def test_a_folder_without_mkdocs_yml_is_told(run, site, arguments):
    (site / "mkdocs.yml").unlink()
    assert refused(run(*arguments), "There is no mkdocs.yml", "handrail new")


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name not in ("new", "doctor", "contact", "users", "store")]
)
def test_a_config_file_that_is_not_there_is_told(run, site, name):
    needed = {"index": ["docs"], "evaluate": ["docs"], "search": ["words"], "forget": ["96H-9MK-WHX"],
              "learn": ["mkdocs.yml"], "draft": ["1"], "restore": ["mkdocs.yml"]}  # fmt: skip
    arguments = needed.get(name, [])
    assert refused(run(name, *arguments, "--config", "elsewhere.yml"), "There is no elsewhere.yml")


def test_an_unknown_setting_in_mkdocs_yml_is_told_with_the_nearest(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\nplugins:\n  - handrail: {search_rat: 1}\n")
    for name in ("build", "settings", "run"):
        assert refused(run(name), "mkdocs.yml", "'search_rat'", "Did you mean 'search_rate'?", "handrail settings")


def test_the_list_of_settings_that_a_mistyped_one_leads_to_can_be_shown(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\nplugins:\n  - handrail: {contact_mail: a@b.test}\n")
    assert refused(run("settings"), "'contact_mail' is not a setting", "handrail settings --defaults")
    told = run("settings", "--defaults")
    assert told.exit_code == 0 and "contact_email = ''  (default)" in told.output


def test_settings_without_a_colon_are_refused_rather_than_passed_over(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\nplugins:\n  - handrail:\n      port 8080\n")
    for name in ("build", "run", "settings"):
        assert refused(
            run(name), "mkdocs.yml: plugins: handrail: expected settings", "found 'port 8080'", "name: value"
        )


@pytest.mark.parametrize(
    ("given", "meant"),
    [("role: serch", "search"), ("csp: Report-Only", "report-only"), ("report_day: wednsday", "wednesday")],
)
def test_a_slip_in_one_of_several_words_is_told_with_the_nearest(run, site, given, meant):
    (site / "mkdocs.yml").write_text(f"site_name: Help\nplugins:\n  - handrail: {{{given}}}\n")
    assert refused(run("settings"), "mkdocs.yml", given.partition(": ")[2], f"Did you mean '{meant}'?")


def test_an_unknown_variable_in_the_environment_is_told_with_the_nearest(run, monkeypatch):
    monkeypatch.setenv("HANDRAIL_WORKER", "3")
    monkeypatch.setenv("HANDRAIL_APP_TOKEN", "of another program")
    result = run("settings")
    assert result.exit_code == 0
    assert result.output.count("HANDRAIL_WORKER,") == result.output.count("HANDRAIL_APP_TOKEN") == 1
    assert "Did you mean 'HANDRAIL_WORKERS'?" in result.output


def test_a_variable_of_another_program_does_not_stop_a_build(run, site, lend_encoder, monkeypatch):
    lend_encoder(site / ".handrail")
    monkeypatch.setenv("HANDRAIL_WORKER", "3")
    result = run("build")
    assert result.exit_code == 0
    assert result.output.count("HANDRAIL_WORKER,") == 1


@pytest.mark.parametrize("value", ["²", "--5", "-1", "0", "65536", "9" * 30, "9" * 6000, "1e3", "nan", "8_000", "٣"])
def test_a_number_that_is_none_is_told_in_one_line(run, monkeypatch, value):
    monkeypatch.setenv("HANDRAIL_PORT", value)
    result = run("settings")
    assert refused(result, "HANDRAIL_PORT", "expected")
    assert len(result.output) < 400


def test_the_other_name_of_the_configuration_is_found(run, site, lend_encoder):
    lend_encoder(site / ".handrail")
    Path("mkdocs.yml").rename("mkdocs.yaml")
    assert run("settings").exit_code == 0
    assert run("build").exit_code == 0


def test_an_unknown_flag_is_told_with_the_nearest(run):
    result = run("run", "--prot", "1")
    assert result.exit_code == 1
    assert "--port" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("variable", "value"), [("HANDRAIL_PORT", "eighty"), ("HANDRAIL_HELPFUL", "perhaps")])
def test_a_value_that_does_not_fit_is_told(run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert refused(run("settings"), variable, value, "expected")


def test_yaml_that_cannot_be_read_is_told_with_its_line(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\nplugins:\n  - handrail: {port: 1\ntheme: x\n")
    for name in ("build", "settings"):
        result = run(name)
        assert refused(result)
        assert re.search(r"mkdocs\.yml:[345]: this is not valid YAML", result.output)


@pytest.fixture
def busy_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("name", ["serve", "run"])
def test_a_port_in_use_is_told_before_anything_is_built(run, site, busy_port, name):
    assert refused(run(name, "--port", busy_port), str(busy_port), f"--port {busy_port + 1}")
    assert not (site / "site").exists()


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_that_cannot_be_is_told(run, port):
    assert refused(run("run", f"--port={port}"), "65535")


def test_running_without_a_site_is_told(run, site):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(run("run", "--port", port), "There is no built site", "handrail build")


def test_a_folder_without_articles_is_told(run, site):
    (site / "docs" / "index.md").unlink()
    assert refused(run("build"), "docs holds no Markdown article", "echo '# Welcome'")
    assert not (site / "site").exists()


def test_a_site_without_the_plugin_is_told_the_line_to_add(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\n")
    assert refused(run("build"), "does not use Handrail's plugin", "plugins: [search, handrail]")


def test_searching_without_an_index_is_told(run):
    assert refused(run("search", "password"), "There is no index", "handrail build")


def test_reporting_without_a_store_is_told_and_makes_none(run, site):
    for arguments in (("report",), ("forget", "nonsense"), ("contact", "list")):
        assert refused(run(*arguments))
    assert not (site / ".handrail").exists()


def test_a_broken_folder_of_questions_is_told(run, site):
    assert refused(run("evaluate", "docs"), "is missing", "handrail evaluate --help")


def test_an_encoder_that_is_not_there_is_told_and_nothing_is_downloaded(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\nplugins: [search, handrail]\ntheme: {name: mkdocs}\n")
    result = run("index", "docs", "--encoder", "intfloat/e5-small")
    assert result.exit_code == 1
    (site / "docs" / "index.html").write_text("<h1>Hello</h1><p>There.</p>")
    assert refused(run("index", "docs", "--encoder", "intfloat/e5-small"), "intfloat/e5-small", "Nothing is downloaded")


def test_a_site_that_is_there_is_not_overwritten(run, site):
    assert refused(run("new", "."), "already has mkdocs.yml", "nothing was written")
    assert (site / "docs" / "index.md").read_text() == "# Hello\n"


def test_a_mistake_in_the_theme_is_told(run, site):
    (site / "mkdocs.yml").write_text("site_name: Help\ntheme: {name: mterial}\nplugins: [search, handrail]\n")
    result = run("build")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HANDRAIL_SEARCH_RATE", "lots"), ("HANDRAIL_WORKERS", "0"), ("HANDRAIL_CONTACT_EMAIL", "nobody")],
)
def test_a_value_that_would_do_harm_is_refused(run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert refused(run("settings"), variable)


@pytest.mark.parametrize(("value", "meant"), [(" no ", False), ("OFF", False), ("Yes\n", True)])
def test_yes_and_no_of_the_environment_may_have_spaces_and_capitals(value, meant):
    from handrail_kb.config.settings import values_in

    assert values_in({"HANDRAIL_HELPFUL": value}) == {"helpful": meant}


# --- Started without a terminal, or where nothing is any more ---------------------------------------------------------


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_without_input_or_output_works_and_keeps_its_files(site, closed):
    """cron and some process managers start programs so: a file that is opened must not become the output."""
    write = "import os, sys; from handrail_kb.cli.group import main; sys.argv = ['handrail', 'settings']\n"
    write += "try: main()\nfinally: os.open('kept', os.O_RDWR | os.O_CREAT) > 2 or os._exit(9)"
    ended = subprocess.run(["sh", "-c", f'"$0" -c "$1" {closed}', sys.executable, write], cwd=site, check=False)
    assert ended.returncode == 0


@pytest.mark.parametrize("arguments", [("settings",), ("doctor",), ("run",), ("contact", "list")])
def test_a_folder_that_is_gone_is_told(run, site, monkeypatch, arguments):
    gone = site / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    told = CliRunner().invoke(main, arguments)
    monkeypatch.chdir(site)
    assert refused(told, "The folder that this was started in is gone")


def test_nobody_is_told_to_remove_a_device_of_the_machine():
    told = of_system(FileExistsError(errno.EEXIST, "File exists", os.devnull))
    assert os.devnull in told.what and not re.search(r"\b(?:rm|mv)\b", told.mend)
