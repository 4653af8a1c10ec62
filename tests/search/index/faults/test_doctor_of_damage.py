"""Whichever file is damaged, `handrail doctor` names it and the command that mends it, which does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from handrail_feedback.storage.database import Store
from handrail_search.index.generation import current_generation

from ...conftest import rewrite
from .small_site import write_small_site


def flipped(content):
    return content[: len(content) // 2] + bytes([content[len(content) // 2] ^ 0x40]) + content[len(content) // 2 + 1 :]


HARMS = {
    "a bit": flipped,
    "cut short": lambda content: content[: len(content) // 3],
    "emptied": lambda _content: b"",
    "gone": None,
}
IN_GENERATION = (
    "manifest.json",
    "passages.db",
    "vectors.faiss",
    "site.list",
    "site.sha256",
    "encoder/encoder.onnx",
    "encoder/encoder.json",
    "encoder/tokenizer.json",
    "site/index.html",
    "site/contact/index.html",
    "site/handrail/csp.json",
    "site/handrail/site.json",
    "site/assets/handrail/*.js",
)
SHORT_FORM = {
    ("passages.db", "a bit"),
    ("site.sha256", "gone"),
    ("site/contact/index.html", "a bit"),
    ("site/handrail/site.json", "cut short"),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    """A site with its index, a store and a key."""
    root = write_small_site(tmp_path_factory.mktemp("damage") / "help")
    lend_encoder(root / ".handrail")
    subprocess.run([sys.executable, "-m", "handrail_kb.cli", "build"], cwd=root, check=True, capture_output=True)
    store = Store(root / ".handrail" / "store.db")
    store.check()
    store.close()
    return root


def harmed(file, harm):
    """Another file in its place: names of the same bytes elsewhere keep theirs."""
    if harm is None:
        file.unlink()
    else:
        rewrite(file, harm(file.read_bytes()))


def found_bad(run):
    done = run("doctor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done, [line for line in done.output.splitlines() if line.startswith("BAD")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, id=f"{name} {kind}", marks=() if (name, kind) in SHORT_FORM else pytest.mark.torture)
        for name in IN_GENERATION
        for kind in HARMS
    ],
)
def test_a_damaged_file_of_a_generation_is_named_and_mended_by_the_command_that_stands_there(project, run, name, kind):
    folder = current_generation(project / ".handrail" / "index")
    file = next(folder.glob(name))
    harmed(file, HARMS[kind])
    done, bad = found_bad(run)
    assert done.exit_code == 1
    if name == "manifest.json" and kind == "a bit":
        assert any(folder.name in line for line in bad), bad  # whatever the bit says is wrong
    else:
        assert any(str(file.relative_to(folder)) in line for line in bad), bad
    assert "handrail build" in done.output
    assert run("build").exit_code == 0
    done, bad = found_bad(run)
    assert (done.exit_code, bad) == (0, [])


@pytest.mark.parametrize("kind", HARMS)
def test_a_damaged_name_of_the_generation_is_told_and_mended_by_a_build(project, run, kind):
    harmed(project / ".handrail" / "index" / "CURRENT", HARMS[kind])
    done, bad = found_bad(run)
    assert done.exit_code == 1
    assert "handrail build" in done.output
    assert bad
    assert run("build").exit_code == 0
    assert found_bad(run)[0].exit_code == 0


# A bit in an unused part of a page harms nothing; damaged pages have tests of their own, beside the store.
@pytest.mark.parametrize("kind", ["cut short", "emptied", "gone"])
def test_a_damaged_store_is_told_with_the_way_back_to_a_backup(project, run, kind):
    assert run("backup", project / "kept.db").exit_code == 0
    harmed(project / ".handrail" / "store.db", HARMS[kind])
    done, bad = found_bad(run)
    assert done.exit_code == 1
    assert any("store.db" in line for line in bad), bad
    assert "handrail restore" in done.output
    assert run("restore", "--yes", project / "kept.db").exit_code == 0
    assert found_bad(run)[0].exit_code == 0
