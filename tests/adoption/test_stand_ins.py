"""Small sites in our own words, one for each kind of trouble that public sites gave: each takes the one line."""

from __future__ import annotations

import importlib
import json
import logging
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

pytest.importorskip("material", reason="mkdocs-material is not installed")
pytest.importorskip("selectolax", reason="the service is not installed")

from handrail_kb.site.built.passages import read_site

HERE = Path(__file__).parent
SITES = HERE.parent / "sites"
NEEDS = {"languages": "mkdocs_static_i18n"}
KINDS = ["blog", "languages", "mapping", "names", "raw", "strict"]


@dataclass(frozen=True)
class Stand:
    """A stand-in, built with the line. `warnings` are all of the build, whoever gave them."""

    kind: str
    site: Path
    docs: Path
    warnings: list[str]

    @property
    def facts(self) -> dict[str, dict]:
        return json.loads((self.site / "handrail" / "site.json").read_text(encoding="utf-8"))["articles"]

    def pages(self) -> dict[str, str]:
        """What MkDocs rendered, by name: neither what it only copied nor stubs that lead on."""
        found = {file.relative_to(self.site).as_posix(): file for file in sorted(self.site.rglob("*.html"))}
        texts = {name: file.read_text(encoding="utf-8") for name, file in found.items()}
        return {
            name: text
            for name, text in texts.items()
            if not (self.docs / name).is_file() and "http-equiv=" not in text.replace('http-equiv="x-ua', "")
        }


@pytest.fixture(scope="module")
def part():
    """A module of the job, which are imported by their bare names."""
    before = set(sys.modules)
    sys.path.insert(0, str(HERE))
    yield importlib.import_module
    sys.path.remove(str(HERE))
    for name in set(sys.modules) - before:
        if str(HERE) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture(scope="module", params=KINDS)
def stand(request, tmp_path_factory, part):
    """Each stand-in in turn, built once."""
    if needed := NEEDS.get(request.param):
        pytest.importorskip(needed, reason=f"{needed} is not installed")
    return _built(request.param, tmp_path_factory.mktemp("stand"), part)


def _built(kind: str, root: Path, part) -> Stand:
    from mkdocs.commands.build import build
    from mkdocs.config import load_config

    home = root / kind
    shutil.copytree(SITES / kind, home)
    config = home / "mkdocs.yml"
    config.write_text(part("one_line").with_handrail(config.read_text(encoding="utf-8")), encoding="utf-8")
    heard = _Heard()
    logger = logging.getLogger("mkdocs")
    logger.addHandler(heard)
    try:
        loaded = load_config(str(config))
        build(loaded)
    finally:
        logger.removeHandler(heard)
    return Stand(kind, home / "site", Path(loaded.docs_dir), heard.lines)


class _Heard(logging.Handler):
    """Keeps what is warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def test_every_page_leads_to_a_person(stand, part):
    found = part("site_pages").reach(stand.site, stand.docs)
    assert found.lost == ()
    assert found.pages >= 5  # the articles, 404, find, contact
    assert found.stubs == (70 if stand.kind == "languages" else 0)
    assert found.copied == (1 if stand.kind == "raw" else 0)


def test_every_page_asks_in_materials_dialog(stand):
    for name, text in stand.pages().items():
        config = json.loads(re.search(r'<script id="?__config"?[^>]*>(.*?)</script>', text, re.S)[1])
        assert "handrail-worker." in config["search"], name
        assert "data-md-component=search-query" in text.replace('"', ""), name


def test_every_article_is_known_to_the_service(stand):
    known = {facts["source"]: url for url, facts in stand.facts.items()}
    articles = {file.relative_to(stand.docs).as_posix() for file in stand.docs.rglob("*.md")} - {"drafts.md"}
    assert articles - set(known) == set()
    for source in articles:
        place = stand.site / unquote(known[source])
        assert (place / "index.html" if place.is_dir() else place).is_file(), source


def test_every_article_can_be_found_with_what_it_says_of_itself(stand):
    pages = {page.source: page for page in read_site(stand.site)}
    for facts in stand.facts.values():
        if facts["exclude"]:
            assert facts["source"] not in pages
            continue
        page = pages[facts["source"]]
        assert page.passages, facts["source"]
        assert list(page.questions) == facts["questions"]
        assert page.people_only == facts["people_only"]


def test_nothing_is_warned_of_that_a_strict_build_would_stop_at(stand):
    assert [line for line in stand.warnings if "handrail" in line.lower()] == []


def test_a_page_with_a_space_or_an_accent_in_its_name_keeps_its_front_matter(tmp_path, part):
    stand = _built("names", tmp_path, part)
    pages = {page.source: page for page in read_site(stand.site)}
    assert pages["My Help/lost & found.md"].questions == ("I left my towel behind",)
    assert pages["My Help/réclamations+more.md"].people_only
    assert "My Help/old prices (2024).md" not in pages
    assert "Öffnungszeiten/über den Winter.md" in pages


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("site_name: A\n", "site_name: A\n\nplugins:\n  - search\n  - handrail\n"),
        ("plugins: []\nsite_name: A\n", "site_name: A\n\nplugins:\n  - search\n  - handrail\n"),
        ("plugins: [search, tags]\n", "plugins: [search, tags, handrail]\n"),
        ("plugins: {search: {}}\n", "plugins: {search: {}, handrail: {}}\n"),
        ("plugins:\n- search\n# end\nnav: []\n", "plugins:\n- search\n- handrail\n# end\nnav: []\n"),
        (
            "plugins:\n  - search\n  - a:\n      b: |\n        c\n        d\n\nnav: []\n",
            "plugins:\n  - search\n  - a:\n      b: |\n        c\n        d\n\n  - handrail\nnav: []\n",
        ),
        ("plugins:\n  search:\n  tags: {}\n", "plugins:\n  search:\n  tags: {}\n  handrail: {}\n"),
        ("plugins:\n  - search", "plugins:\n  - search\n  - handrail\n"),
        (
            "plugins:\n  - a:\n      b: !ENV [C, d]\nx: 1\n",
            "plugins:\n  - a:\n      b: !ENV [C, d]\n  - handrail\nx: 1\n",
        ),
    ],
)
def test_the_line_is_put_where_a_writer_would_put_it(part, before, after):
    assert part("one_line").with_handrail(before) == after


def test_every_checkout_of_a_folder_is_taken_and_what_it_needs_is_read_beside_it(part, tmp_path):
    for name in ("plain", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mkdocs.yml").write_text("site_name: A\n", encoding="utf-8")
    (tmp_path / "no-site").mkdir()
    assert [recipe.name for recipe in part("recipes").read(tmp_path)] == ["other", "plain"]
    beside = tmp_path / "sites.yml"
    beside.write_text(
        "named: {repository: acme/other, packages: [mkdocs-material, x], environment: {A: b}}\ngone: {folder: docs}\n",
        encoding="utf-8",
    )
    found = {recipe.name: recipe for recipe in part("recipes").read(tmp_path)}
    assert set(found) == {"named", "gone", "plain"}
    assert found["named"].checkout(tmp_path) == tmp_path / "other"
    assert found["named"].packages == ("mkdocs-material", "x")
    assert found["gone"].checkout(tmp_path) is None
    beside.write_text("named: {question: [a]}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="no other fields"):
        part("recipes").read(tmp_path)
    beside.write_text("named: {questions: [a]}\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="has 1 questions"):
        part("recipes").read(tmp_path)


def test_a_site_without_questions_is_asked_for_its_own_titles(part):
    made = part("recipes").questions_from(["Start", "", "Prices", "Start", *(f"Page {n}" for n in range(8))])
    assert made == ("Start", "Page 0", "Page 2", "Page 4", "Page 6")
    assert part("recipes").questions_from(["Only one"]) == ("Only one",) * 5
    assert part("recipes").questions_from([]) == ()


def test_a_site_that_fails_does_not_end_the_run(part, tmp_path, monkeypatch):
    run, recipe = part("run"), part("recipes").Recipe("broken")

    def fails(*_):
        raise TimeoutError("nothing came\nin time")

    monkeypatch.setattr(run, "measure", fails)
    found = run.measured(recipe, tmp_path, 1)
    assert found["summary"] == {"built": "not measured", "why": "nothing came"}
    told = part("table").to_markdown({"broken": recipe}, {"broken": found})
    assert "0 sites, 0 skipped. Not measured: broken (nothing came)." in told


def test_what_is_not_there_is_counted_as_skipped(part):
    table, recipe = part("table"), part("recipes").Recipe
    recipes = {name: recipe(name, f"acme/{name}") for name in ("httpx", "gone", "away")}
    summary = {
        "built": "yes", "seconds": [2.0, 2.2], "warnings": 0, "pages": 9, "lost": 0, "dialog": 5, "answered": 5,
        "slowest": 400, "console": [0, 2, 0], "indexed": [7, 7, 90], "check": [1, 3],
    }  # fmt: skip
    results = {name: {"skipped": True} for name in recipes}
    results["httpx"] = {"summary": summary, "overhead": 0.124, "commit": "a" * 40, "date": "2026-11-28"}
    told = table.to_markdown(recipes, results)
    assert f"1 sites, {len(recipes) - 1} skipped" in told
    assert "| httpx | yes | 0 | 5 of 5 | 0.4 s | 9 | all | 0 | 2 | 2.0 | 2.2 | 12 % | 1 | 3 |" in told
    assert "`aaaaaaaaaaaa`" in told
