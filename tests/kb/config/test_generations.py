from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from handrail_kb.config.generations import LISTING, SITE, after_all, current_site

OLD, NEW = "20260101T000000-000000", "20260102T000000-000000"


@pytest.fixture
def index_dir(tmp_path):
    for name in (OLD, NEW):
        (tmp_path / name / SITE).mkdir(parents=True)
        (tmp_path / name / LISTING).touch()
    (tmp_path / "CURRENT").write_text(NEW)
    return tmp_path


def test_no_folder_is_listed_for_the_site_of_a_generation_that_is_there(index_dir, monkeypatch):
    """It is asked for each page that is not there."""
    monkeypatch.setattr(Path, "iterdir", lambda _: pytest.fail("a folder was listed"))
    assert current_site(index_dir) == index_dir / NEW / SITE


def test_where_the_site_that_is_named_is_gone_that_of_the_generation_before_is_taken(index_dir):
    (index_dir / NEW / SITE).rmdir()
    assert current_site(index_dir) == index_dir / OLD / SITE
    (index_dir / NEW / LISTING).unlink()
    assert current_site(index_dir) is None, "an index alone"
    (index_dir / NEW).rmdir()
    assert current_site(index_dir) == index_dir / OLD / SITE


def test_after_a_clock_was_set_back_a_generation_is_named_after_those_that_are_older(index_dir):
    right = datetime(2026, 3, 2, tzinfo=UTC)
    assert after_all(index_dir, right) == right
    (index_dir / "20400601T000000-000000").mkdir()
    assert f"{after_all(index_dir, right):%Y%m%dT%H%M%S}" == "20400601T000001"
    (index_dir / "99991231T235959-000000").mkdir()
    assert after_all(index_dir, right) == right, "nothing comes after the end of time"
