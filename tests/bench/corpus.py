"""Articles and questions to measure with: real ones where they are at hand, recombined paragraphs otherwise.

Real articles are never part of the project: they are in the folder that HANDRAIL_EVALDATA names, see CONTRIBUTING.md.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from handrail_kb.config.yaml_files import read_yaml

ROOT = Path(__file__).parents[2]
EVALDATA = Path(os.environ.get("HANDRAIL_EVALDATA") or os.devnull)  # without it there are none
REAL_ARTICLES = EVALDATA / "md-sumo-kb" / "docs"
REAL_QUESTIONS = EVALDATA / "sumo-thunderbird-dev"
SMALL, MIDDLE, LARGE = 183, 709, 3000
SEED = 20261122
QUESTIONS = 300
PAGE_CHARS = 5000
FOLDER_OF = 50  # articles; Material writes the whole of a section into each of its pages

_FRONT = re.compile(r"\A---\n(.*?)\n---\n", re.S)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)(\{[^}]*\})?")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_HEADING = re.compile(r"^#{1,4} +(.+?)(?: *\{[^}]*\})? *$", re.M)


@dataclass(frozen=True)
class Corpus:
    """A folder of articles; `kind` says whether somebody wrote them for customers or we mixed them."""

    pages: int
    docs: Path
    kind: str


def have_real() -> bool:
    """Whether real articles and questions are at hand."""
    return REAL_ARTICLES.is_dir() and (REAL_QUESTIONS / "queries.jsonl").is_file()


def questions() -> list[str]:
    """What customers ask: 300 real questions, or those that Handrail's own articles say they answer."""
    if have_real():
        lines = (REAL_QUESTIONS / "queries.jsonl").read_text(encoding="utf-8").splitlines()[:QUESTIONS]
        return [json.loads(line)["text"] for line in lines]
    fronts = [_FRONT.match(file.read_text(encoding="utf-8")) for file in sorted((ROOT / "docs").rglob("*.md"))]
    asked = [question for front in fronts if front for question in read_yaml(front[1]).get("questions") or []]
    return asked[:QUESTIONS]


def write(pages: int, target: Path) -> Corpus:
    """Write `pages` articles and a home page into `target`/docs, which is emptied first."""
    docs = target / "docs"
    shutil.rmtree(docs, ignore_errors=True)
    docs.mkdir(parents=True)
    if pages <= MIDDLE and have_real():
        count, kind = _copy_real(docs, small=pages <= SMALL), "real articles"
    else:
        kind = "articles mixed from real paragraphs" if have_real() else "articles mixed from the paragraphs of docs/"
        count = _mix(docs, pages)
    home = "---\nsearch:\n  exclude: true\n---\n\n# Help\n\nWhat can we help you with?\n"
    (docs / "index.md").write_text(home, encoding="utf-8")
    return Corpus(count, docs, kind)


def _copy_real(docs: Path, *, small: bool) -> int:
    """All real articles, or those that the questions are about."""
    with (REAL_QUESTIONS / "corpus.jsonl").open(encoding="utf-8") as lines:
        wanted = {json.loads(line)["_id"] for line in lines}
    files = [file for file in sorted(REAL_ARTICLES.rglob("*.md")) if not small or file.stem in wanted]
    for file in files:
        target = docs / file.relative_to(REAL_ARTICLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    return len(files)


def _mix(docs: Path, pages: int) -> int:
    """Articles of 3 to 6 sections and about 5 kB, the same ones each time."""
    paragraphs, headings = _material(REAL_ARTICLES if have_real() else ROOT / "docs")
    chance = random.Random(SEED)
    for number in range(pages):
        folder = docs / f"topic-{number // FOLDER_OF:03}"
        folder.mkdir(exist_ok=True)
        text = _article(chance, paragraphs, headings)
        (folder / f"article-{number:04}.md").write_text(text, encoding="utf-8")
    return pages


def _article(chance: random.Random, paragraphs: list[str], headings: list[str]) -> str:
    sections = chance.randint(3, 6)
    size = PAGE_CHARS // sections
    parts = [f"# {chance.choice(headings)}: {chance.choice(headings)}"]
    for section in range(sections):
        if section:
            parts.append(f"## {chance.choice(headings)}")
        written = 0
        while written < size:
            parts.append(chance.choice(paragraphs))
            written += len(parts[-1])
    return "\n\n".join(parts) + "\n"


def _material(folder: Path) -> tuple[list[str], list[str]]:
    """Paragraphs and headings of all articles in a folder, without links and images."""
    paragraphs: dict[str, None] = {}
    headings: dict[str, None] = {}
    for file in sorted(folder.rglob("*.md")):
        body = _FRONT.sub("", file.read_text(encoding="utf-8"))
        body = _LINK.sub(r"\1", _IMAGE.sub("", body))
        headings.update(dict.fromkeys(_HEADING.findall(body)))
        blocks = (" ".join(block.split()) for block in body.split("\n\n"))
        paragraphs.update(dict.fromkeys(block for block in blocks if 60 <= len(block) <= 900 and block[0].isalnum()))
    return list(paragraphs), list(headings)
