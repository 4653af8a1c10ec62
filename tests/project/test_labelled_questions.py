"""Labelled questions about Handrail's own help stay true: their sections exist and say the labelled answers.

Articles change; what was labelled has to follow. A failure names the file and line to mend.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("material", reason="mkdocs-material is not installed")
pytest.importorskip("selectolax", reason="the service is not installed")

from mkdocs.commands.build import build
from mkdocs.config import load_config
from selectolax.lexbor import LexborHTMLParser, LexborNode

ROOT = Path(__file__).parents[2]
SECTIONS = ROOT / "tests" / "golden" / "docs-sections"
SENTENCES = SECTIONS / "answers.jsonl"
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
BLOCKS = ("p", "li", "tr", "pre", "summary")
INNER = "p, ul, ol, pre, table, div, details, a.headerlink"


@dataclass(frozen=True)
class Row:
    """A line of a labelled file, and where it stands."""

    place: str
    fields: dict[str, str]


def rows(file: Path) -> list[Row]:
    lines = enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
    return [Row(f"{file.relative_to(ROOT)}:{number}", json.loads(line)) for number, line in lines]


def judgements() -> list[Row]:
    file = SECTIONS / "qrels.tsv"
    names, *lines = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
    place = file.relative_to(ROOT)
    return [Row(f"{place}:{number}", dict(zip(names, line, strict=True))) for number, line in enumerate(lines, start=2)]


def split(section: str) -> tuple[str, str]:
    page, _, anchor = section.partition("#")
    return page, anchor


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=False))
    return folder


@pytest.fixture(scope="module")
def texts(site):
    """The texts of a page by anchor, each page read once: paragraphs, list items, code, and rows of tables."""
    read: dict[str, dict[str, list[str]]] = {}

    def of(page: str) -> dict[str, list[str]]:
        if page not in read:
            path = Path(page)
            file = (
                site / path.with_name("index.html")
                if path.stem == "index"
                else site / path.with_suffix("") / "index.html"
            )
            read[page] = sections(file.read_text(encoding="utf-8")) if file.exists() else {}
        return read[page]

    return of


def sections(html: str) -> dict[str, list[str]]:
    """What stands below each heading with an id, up to the next; below "" what stands before the first section."""
    found: dict[str, list[str]] = {"": []}
    anchor = ""
    article = LexborHTMLParser(html).css_first("article.md-content__inner")
    for node in article.traverse():
        if node.tag in HEADINGS and node.id:
            anchor = "" if node.tag == "h1" else node.id
            found.setdefault(anchor, [])
        elif node.tag in BLOCKS and (text := own_text(node)):
            found[anchor].append(text)
    return found


def own_text(node: LexborNode) -> str:
    """The words of a block without those of blocks inside it; the cells of a row with ` | ` between."""
    if node.tag == "tr":
        return " | ".join(flat(cell.text()) for cell in node.css("td, th"))
    copy = LexborHTMLParser(node.html).css_first(node.tag) if node.tag == "li" else node
    if node.tag == "li":
        for inner in copy.css(INNER):
            inner.decompose()
    return flat(copy.text())


def flat(text: str) -> str:
    return " ".join(text.split())


def faults(asked: list[Row], answers: list[Row], texts) -> list[str]:
    """What does not fit the built site: the line to mend, and what is there instead."""
    found = []
    for row in asked:
        page, anchor = split(row.fields["corpus-id"])
        found += missing(row.place, page, anchor, texts(page))
    for row in answers:
        page, anchor, answer = (row.fields[name] for name in ("page", "anchor", "answer"))
        there = texts(page)
        if lost := missing(row.place, page, anchor, there):
            found += lost
        elif not any(answer in text for text in there[anchor]):
            found.append(f"{row.place}: {page}#{anchor} no longer says {answer!r}. It says: {there[anchor]}")
    return found


def missing(place: str, page: str, anchor: str, there: dict[str, list[str]]) -> list[str]:
    if not there:
        return [f"{place}: {page} is no article of the site. Name the one that answers now, or remove the question."]
    if anchor not in there:
        return [f"{place}: {page} has no section #{anchor}. Name one of {', '.join(filter(None, there))}."]
    return []


def test_every_labelled_section_and_answer_stands_in_the_built_site(texts):
    found = faults(judgements(), rows(SENTENCES), texts)
    assert not found, "\n".join(found)


def test_what_no_longer_fits_is_named_with_its_line(texts):
    page = "customers/search.md"
    asked = [
        Row("q:1", {"corpus-id": f"{page}#ask"}),
        Row("q:2", {"corpus-id": f"{page}#gone"}),
        Row("q:3", {"corpus-id": "gone.md"}),
        Row("q:4", {"corpus-id": page}),
    ]
    answers = [
        Row("a:1", {"page": page, "anchor": "ask", "answer": "A typing mistake hardly matters."}),
        Row("a:2", {"page": page, "anchor": "ask", "answer": "A typing mistake matters."}),
        Row("a:3", {"page": page, "anchor": "share", "answer": "A typing mistake hardly matters."}),
    ]
    found = faults(asked, answers, texts)
    assert [fault.split(": ")[0] for fault in found] == ["q:2", "q:3", "a:2", "a:3"]
    assert "ask, results" in found[0]


def test_the_beginning_of_an_article_ends_at_its_first_section():
    html = (
        '<article class="md-content__inner"><h1 id="t">T</h1><p>One <b>two</b>.</p>'
        '<h2 id="s">S</h2><ol><li>Do <code>it</code><ul><li>inner</li></ul></li></ol>'
        "<table><tr><td>a</td><td>b  c</td></tr></table></article>"
    )
    assert sections(html) == {"": ["One two."], "s": ["Do it", "inner", "a | b c"]}


def test_no_article_is_in_both_halves():
    half = {row.fields["_id"]: row.fields["half"] for row in rows(SECTIONS / "queries.jsonl")}
    halves = defaultdict(set)
    for row in judgements():
        halves[split(row.fields["corpus-id"])[0]].add(half[row.fields["query-id"]])
    assert [page for page, of in halves.items() if len(of) > 1] == []
    assert set(half.values()) == {"tune", "test"}


def test_every_question_has_one_answering_section_and_no_article_more_than_five():
    asked = {row.fields["_id"]: row.fields["text"] for row in rows(SECTIONS / "queries.jsonl")}
    first: dict[str, str] = {}
    for row in judgements():
        first.setdefault(row.fields["query-id"], row.fields["corpus-id"])
    assert first.keys() == asked.keys()
    assert len(set(asked.values())) == len(asked) >= 220
    pages = [split(section)[0] for section in first.values()]
    assert [page for page in set(pages) if pages.count(page) > 5] == []


def test_every_labelled_answer_belongs_to_a_labelled_question():
    asked = {row.fields["_id"]: row.fields["text"] for row in rows(SECTIONS / "queries.jsonl")}
    answering = {(row.fields["query-id"], row.fields["corpus-id"]) for row in judgements()}
    answers = rows(SENTENCES)
    assert len(answers) >= 100
    for row in answers:
        label = row.fields
        section = label["page"] + (f"#{label['anchor']}" if label["anchor"] else "")
        assert asked[label["_id"]] == label["query"], row.place
        assert (label["_id"], section) in answering, row.place
