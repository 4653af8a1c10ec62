"""The check and a crawl of the built pages agree link by link; what one of them does not see is counted."""

from __future__ import annotations

import yaml
from mkdocs.commands.build import build
from mkdocs.config import load_config
from tests.adoption import crawl

ARTICLES = {
    "index.md": "# Home\n\n[a](one.md) [b](gone.md) [c](one.md#nowhere)\n\n[the two]: Of paper, and of glass.\n",
    "one.md": "# One\n\n## Part\n\n<a href='index.md'>x</a> <img src='shot.png' alt=''> [y](#part) ![z](shot.png)\n\n"
    "[k](my page.md) [l](other/) [m](#nowhere) `[n](no.md)`\n",
    "my page.md": "# My page\n\n[a](one.md#part)\n", "other.md": "# Other\n\n\\[a](no.md) [b](../one/)\n",
}  # fmt: skip


def site(tmp_path):
    for name, text in ARTICLES.items():
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(text)
    (tmp_path / "docs" / "shot.png").write_bytes(b"png")
    config = {"site_name": "Help", "theme": {"name": "mkdocs"}, "plugins": ["handrail"]}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump(config))
    build(load_config(str(tmp_path / "mkdocs.yml")))
    return tmp_path / "mkdocs.yml"


def test_the_check_and_the_crawl_find_the_same_dead_links(tmp_path):
    result = crawl.compared(site(tmp_path))
    assert (result["false alarms"], result["misses"]) == ([], [])
    assert result["dead"] == result["told"] == 6


def test_what_only_one_of_them_finds_is_counted(tmp_path):
    config = site(tmp_path)
    page = tmp_path / "site" / "other" / "index.html"
    page.write_text(page.read_text().replace("../one/", "../lost/"))
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[a](never-built.md)\n")
    result = crawl.compared(config)
    assert len(result["false alarms"]) == 1 and len(result["misses"]) == 2
