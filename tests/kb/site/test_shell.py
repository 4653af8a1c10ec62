"""How a site looks, for pages of another layout."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import patch

import pytest

from handrail_kb.site.shell import Appearance, appearance, fill

PAGE = """<html><head><link rel="stylesheet" href="assets/own.css"><link rel="icon" href="//cdn.test/icon.png">
</head><body data-md-color-primary="indigo" dir="ltr"></body></html>"""


@pytest.mark.parametrize(("name", "address"), [("find/index.html", "/help/find/assets/"), ("find.html", "/assets/")])
def test_other_pages_look_like_the_site_and_load_nothing_from_other_servers(
    tmp_path: Path, name: str, address: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(PAGE)
    found = appearance(tmp_path, "find", base_path=address.removesuffix("assets/").removesuffix("find/"))
    own = f'<link rel="stylesheet" href="{address}own.css">'
    assert found == Appearance(own, ' data-md-color-primary="indigo"')
    assert appearance(tmp_path, "contact") == Appearance()


def test_a_page_is_read_once_for_how_the_site_looks_and_again_once_it_was_built_anew(tmp_path: Path) -> None:
    page = tmp_path / "find.html"
    page.write_text(PAGE)
    before = appearance(tmp_path, "find")
    with patch.object(Path, "read_text", side_effect=AssertionError("read again")):
        assert appearance(tmp_path, "find") == before
    page.write_text(PAGE.replace("indigo", "teal"))
    os.utime(page, ns=(1, 1))
    assert appearance(tmp_path, "find").colours == ' data-md-color-primary="teal"'


@pytest.mark.parametrize(
    ("built", "shown"),
    [
        ("Search - Help", "A &lt;b&gt; &amp; c - Help"),
        ("Search - Us - Help", "A &lt;b&gt; &amp; c - Us - Help"),
        ("Search", "A &lt;b&gt; &amp; c"),
    ],
)
def test_each_page_that_is_filled_says_in_its_title_what_it_is(tmp_path: Path, built: str, shown: str) -> None:
    page = f"<html><head><title>{built}</title></head><body><handrail-main></handrail-main></body></html>"
    (tmp_path / "find.html").write_text(page)
    assert f"<title>{shown}</title>" in fill(tmp_path, "find", "<svg><title>Logo</title></svg>", title="A <b> & c")
