"""Handrail's scripts and style as browsers load them."""

from __future__ import annotations

import gzip
import re

from handrail_kb.site.scripts import ASSETS, browser_files

MOST_BYTES = 14_000


def test_an_article_page_loads_at_most_14_kilobytes_of_ours(build):
    site = build({"a.md": "# A\n\nText.\n"})
    html = site.page("a/index.html")
    loaded = re.findall(r'(?:src|href)="\.\./(assets/handrail/[^"]+\.(?:js|css))"', html)
    assert {path.rpartition(".")[2] for path in loaded} == {"js", "css"}
    assert sum(len(gzip.compress((site.dir / path).read_bytes(), 6)) for path in loaded) <= MOST_BYTES


def test_comments_stay_at_home_and_code_goes_whole():
    for name, (place, text) in browser_files().items():
        assert not re.search(r"^\s*(//|/\*| \*)", text, re.M), name
        assert place.endswith(name.rpartition(".")[2])
    # Everything but comments is there: each line of code of every file, in its order.
    sent = "".join(text for _, text in browser_files().values())
    for file in ASSETS.rglob("*.css"):  # spaces apart
        code = re.sub(r"/\*.*?\*/|\s", "", file.read_text(), flags=re.S)
        assert code in re.sub(r"\s", "", sent), file.name
    for file in ASSETS.rglob("*.js"):
        code = re.sub(r"^[ \t]*/\*.*?\*/[ \t]*\n", "", file.read_text(), flags=re.M | re.S)
        for line in filter(None, map(str.strip, code.splitlines())):
            if not line.startswith("//"):
                assert re.sub(r" {4}//[^\"'`]*$", "", line) in sent, f"{file.name}: {line}"


def test_a_script_that_fails_keeps_no_other_from_running():
    _, bundle = browser_files()["handrail.js"]
    assert bundle.count("try {\n(() => {") == bundle.count("catch (error) { setTimeout(") >= 5
