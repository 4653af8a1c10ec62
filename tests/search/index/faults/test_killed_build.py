"""A build that is killed at any place leaves a site and an index that serve, and nothing for ever."""

from __future__ import annotations

import shutil

import pytest

from handrail_search.index.generation import open_current
from handrail_search.ranking.searcher import Searcher

from .killing import killer, some_places
from .small_site import write_small_site


@pytest.fixture(scope="module")
def commands():
    with killer() as one:
        yield one


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder, commands):
    """A site that was built, of which an article is written anew since."""
    root = write_small_site(tmp_path_factory.mktemp("killed") / "help", "Old words about")
    lend_encoder(root / ".handrail")
    commands.run(root, "build")
    (root / "docs" / "pears.md").write_text("# Pears\n\nNew words about pears.\n")
    return root


def tree(root):
    """What lies there, in which generations are as many as they are."""
    found = []
    for file in root.rglob("*"):
        parts = ["GENERATION" if part[:2] == "20" and "T" in part else part for part in file.relative_to(root).parts]
        found.append("/".join(parts))
    return sorted(found)


def whole(root):
    """What a customer would meet: every page is whole, and search answers with the articles of one build."""
    for page in (root / "site").rglob("*.html"):
        assert "</html>" in page.read_text(), page
    searcher = Searcher.open(open_current(root / ".handrail" / "index").folder)
    found = searcher.search("words about pears").hits[0]
    assert found.title == "Pears"
    assert searcher.missing is None


@pytest.mark.parametrize(
    ("most", "last"), [(2, 5), pytest.param(25, 15, marks=pytest.mark.torture)], ids=["some places", "many places"]
)
@pytest.mark.long
def test_a_build_that_is_killed_anywhere_leaves_what_serves_and_the_next_one_tidies_up(
    built, commands, tmp_path, most, last, record_property
):
    undisturbed = shutil.copytree(built, tmp_path / "undisturbed" / "help", symlinks=True)
    places = commands.run(undisturbed, "build")
    assert places > 50
    wanted = tree(undisturbed.parent)
    killed = 0
    for place in some_places(places, most, last):
        root = shutil.copytree(built, tmp_path / "killed" / "help", symlinks=True)
        killed += commands.kill(root, place, "build")
        whole(root)
        commands.run(root, "build")
        whole(root)
        assert "New words" in (root / "site" / "pears" / "index.html").read_text(), place
        left = sorted(set(tree(root.parent)) - set(wanted))
        assert not left, f"after a kill at place {place} of {places}"
        shutil.rmtree(root.parent)
    assert killed
    record_property("tried", killed)
