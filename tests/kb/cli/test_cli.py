"""The command line: light to start, clear about mistakes, and a new site that works at once."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.storage.database import Store
from handrail_kb.cli.group import COMMANDS, main


def handrail(*arguments, cwd, **env):
    """The command as a person starts it."""
    command = [sys.executable, "-m", "handrail_kb.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **env})


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


def refused(result, *parts):
    """One clear message and exit code 1, nothing of Python's."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.output
    assert len(result.output.strip().splitlines()) <= 4, result.output
    return True


# --- help


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
    assert refused(run("build"), "theme 'elsewhere' is not installed", "Install the package that has it")


def test_the_check_and_the_doctor_name_a_theme_that_is_not_installed(run, site, themeless):
    (site / "mkdocs.yml").write_text("site_name: Acme\ntheme: {name: material}\nplugins: [search, handrail]\n")
    checked = run("check").output
    assert "mkdocs.yml:2: theme: 'material' is not installed." in checked
    assert "pip install 'handrail[site]'" in checked
    assert "Unrecognised theme name" not in checked
    assert re.search(
        r"BAD +theme +'material' is not installed.*\n.*pip install 'handrail\[site\]'", run("doctor").output
    )
    (site / "site").mkdir()  # a machine that answers with what another one built needs no theme
    assert re.search(r"note +theme +'material' is not installed", run("doctor").output)


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


# --- mistakes


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


# --- a new site


def test_a_new_site_builds_at_once_without_a_warning(new_site):
    root, (made, built) = new_site
    assert made.returncode == 0, made.stderr
    assert "handrail serve" in made.stdout
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    assert "2 articles" in built.stdout
    assert (root / "site" / "index.html").is_file()
    assert not list(root.glob(".site*"))


def test_a_new_site_answers(new_site):
    root, _ = new_site
    answer = json.loads(handrail("search", "--json", "forgot", "password", cwd=root).stdout)
    assert answer["hits"][0]["title"] == "Reset your password"
    assert answer["mode"] == "hybrid"
    shown = handrail("search", "forgot password", cwd=root).stdout
    assert "1. Reset your password" in shown
    assert "<mark>" not in shown


def test_the_checks_of_a_new_site_find_nothing(new_site):
    root, _ = new_site
    checked = handrail("check", cwd=root)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "2 articles and 3 questions checked: nothing to mend." in checked.stdout
    assert json.loads(handrail("check", "--json", cwd=root).stdout) == {
        "format": 1, "faults": 0, "hints": 0, "articles": 2, "questions": 3, "problems": [], "left_out": None
    }  # fmt: skip


def test_the_settings_of_a_new_site_are_shown(new_site):
    root, _ = new_site
    assert json.loads(handrail("settings", "--json", cwd=root, HANDRAIL_PORT="9999").stdout)["port"] == 9999
    shown = handrail("settings", cwd=root, HANDRAIL_PORT="9999").stdout
    assert "port = 9999  (from HANDRAIL_PORT)" in shown
    assert "workers = 2  (default)" in shown


def test_the_doctor_finds_a_new_site_well(new_site):
    root, _ = new_site
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = handrail("doctor", cwd=root, HANDRAIL_PORT=str(port))
    assert told.returncode == 0, told.stdout
    assert "BAD" not in told.stdout
    assert "2 articles" in told.stdout


def test_a_new_site_has_a_report(new_site):
    root, _ = new_site
    with contextlib.closing(Store(root / ".handrail" / "store.db")) as store:
        store.check()  # makes it, as the service does when it starts
    assert handrail("report", cwd=root).returncode == 0
    report = handrail("report", "--json", cwd=root)
    assert report.returncode == 0
    json.loads(report.stdout)
    assert json.loads(handrail("contact", "list", "--json", cwd=root).stdout) == []


# --- checks and the doctor tell what is wrong


@pytest.fixture
def own_site(new_site, tmp_path):
    shutil.copytree(new_site[0], tmp_path / "own", symlinks=True)
    return tmp_path / "own"


def test_a_question_that_does_not_find_its_article_is_told_with_its_place(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    article = own_site / "docs" / "index.md"
    article.write_text(article.read_text().replace("---\n", "---\nquestions: [I forgot my password]\n", 1))
    result = run("check", "--rank", "1")
    assert result.exit_code == 1
    assert re.search(r"docs/index\.md:2: 'I forgot my password' does not find this article", result.output)
    assert "it is at rank 2, behind docs/reset-password.md" in result.output


def test_the_doctor_changes_nothing(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    (own_site / ".handrail" / "store.db").unlink(missing_ok=True)
    before = sorted(own_site.rglob("*"))
    assert "none yet" in run("doctor").output
    assert sorted(own_site.rglob("*")) == before


def test_the_doctor_names_what_is_wrong_and_the_command_that_mends_it(own_site, run, monkeypatch):
    monkeypatch.chdir(own_site)
    (own_site / ".handrail" / "index" / "CURRENT").write_text("gone")
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"BAD +index", result.output)
    assert "handrail build" in result.output


def test_a_build_that_fails_leaves_site_and_index_as_they_were(own_site):
    before = (own_site / "site" / "index.html").read_text()
    current = (own_site / ".handrail" / "index" / "CURRENT").read_text()
    (own_site / "docs" / "index.md").write_text("# Changed\n\n[nowhere](gone.md)\n")
    failed = handrail("build", "--strict", cwd=own_site)
    assert failed.returncode == 1
    assert "gone.md" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert (own_site / "site" / "index.html").read_text() == before
    assert (own_site / ".handrail" / "index" / "CURRENT").read_text() == current


def test_only_what_changed_is_encoded_again(own_site):
    (own_site / "docs" / "more.md").write_text("# More\n\nA new article.\n")
    built = handrail("build", cwd=own_site)
    assert re.search(r"3 articles, \d+ passages, 1 encoded", built.stdout), built.stdout


def test_the_version_is_that_of_the_package():
    from handrail_kb import __version__

    assert __version__ in CliRunner().invoke(main, ["--version"]).output
    assert Path(__file__).parents[3].joinpath("CHANGELOG.md").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("HANDRAIL_SEARCH_RATE", "lots"), ("HANDRAIL_WORKERS", "0"), ("HANDRAIL_CONTACT_EMAIL", "nobody")],
)
def test_a_value_that_would_do_harm_is_refused(run, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    assert refused(run("settings"), variable)


def test_an_agent_sees_when_to_call_and_what_the_customer_ticked(run, site):
    from datetime import UTC, datetime

    from handrail_feedback.records.messages import Along, Message
    from handrail_feedback.storage.database import Store
    from handrail_feedback.storage.messages.messages import keep_message

    store = Store(site / ".handrail" / "store.db")
    ticked = (Along("search", "reset\x1b[2J pasword"), Along("article", "VAT number", "billing/vat/"))
    at = datetime(2026, 11, 22, tzinfo=UTC)
    sent = Message("Help!", "", "030 123456", "en", at, callback="Tuesday 10:00", along=ticked)
    code = keep_message(store, sent)
    store.close()
    shown = run("contact", "show", code).output
    assert "Call: Tuesday 10:00" in shown
    assert "The customer sent along:\n  searched: reset [2J pasword\n  read: VAT number (billing/vat/)" in shown
    [message] = json.loads(run("contact", "list", "--json").output)
    assert message["along"][1] == {"kind": "article", "text": "VAT number", "location": "billing/vat/"}


def test_an_agent_is_told_what_a_customer_added_to_a_message(run, site):
    from datetime import UTC, datetime

    from handrail_feedback.records.messages import Message
    from handrail_feedback.storage.messages.messages import keep_message

    with contextlib.closing(Store(site / ".handrail" / "store.db")) as store:
        at = datetime(2026, 11, 22, tzinfo=UTC)
        first = keep_message(store, Message("My parcel.", "", "", "en", at))
        added = keep_message(store, Message("It was blue.", "", "", "en", at, follows=first))
    assert f"The customer added: {added}\n\nIt was blue." in run("contact", "show", first).output
    assert f"Adds to: {first}" in run("contact", "show", added).output


@pytest.mark.parametrize(("value", "meant"), [(" no ", False), ("OFF", False), ("Yes\n", True)])
def test_yes_and_no_of_the_environment_may_have_spaces_and_capitals(value, meant):
    from handrail_kb.config.settings import values_in

    assert values_in({"HANDRAIL_HELPFUL": value}) == {"helpful": meant}
