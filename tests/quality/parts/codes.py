"""Codes, settings and file names of a real help site, each typed alone: the article in first place must hold it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from places import DEFAULT_ENCODER, EVALDATA, ROOT, digest, say, state

from handrail_kb.config.settings import Settings, load_settings
from handrail_kb.site.built.passages import Page, read_site
from handrail_search.evaluation.metrics import Sample, intervals
from handrail_search.index.site_build import build_site_and_index, index_site
from handrail_search.ranking.searcher import Searcher

ARTICLES = EVALDATA / "md-sumo-kb" / "docs"
FEW_ARTICLES = 3
_CONFIG = """\
site_name: Articles
site_url: http://127.0.0.1/
docs_dir: {docs}
theme: {{name: material, font: false, features: [navigation.prune, navigation.indexes]}}
plugins: [search, handrail]
"""
_TOKEN = re.compile(r"[^\s\"'“”„‘’«»()\[\]{}<>,;!?|…]+")
# Written here anew: with the pattern that search itself uses, what that overlooks would be overlooked here too.
_SHAPES = (
    re.compile(r"[^\W\d_].*\d|\d.*[^\W\d_]"),  # letters and digits: 0x80070057, utf8
    re.compile(r"\w[._:\\@]\w"),  # joined by a sign: profiles.ini, about:config, 11.0.2
    re.compile(r"[a-z][A-Z]"),  # a capital inside: userChrome
    re.compile(r"^[A-Z]+(?:-[A-Z]+)+$"),  # capitals joined: PGMP-C
    re.compile(r"^\d{4,}$"),  # a long number: 10054
)


def codes() -> dict[str, Any]:
    """The share of codes that find an article that holds them, and those that do not."""
    engine, pages = _site()
    rare = {token: held for token, held in holders(pages).items() if len(held) <= FEW_ARTICLES}
    say(f"{len(rare)} codes, each typed alone")
    missed = [token for token, held in sorted(rare.items()) if _first(engine, token) not in held]
    hits = np.array([float(token not in missed) for token in rare])
    found = intervals(Sample({"hit": hits}, {}, np.zeros(len(hits)), np.zeros(0)))["hit"]
    return {"articles": len(pages), "codes": len(rare), "first": asdict(found), "missed": missed}


def holders(pages: list[Page]) -> dict[str, set[str]]:
    """Each token that looks like a code, as first written, with the articles that hold it.

    An article holds what stands in it to the letter, capitals aside, and not within a longer run of letters and digits.
    """
    texts = {page.location: _text(page) for page in pages}
    tokens: dict[str, str] = {}
    for text in texts.values():
        for found in _TOKEN.findall(text):
            token = found.strip(".:-/*`=#&%$+_")
            if 2 <= len(token) <= 40 and "://" not in token and any(shape.search(token) for shape in _SHAPES):
                tokens.setdefault(token.lower(), token)
    lower = {location: text.lower() for location, text in texts.items()}
    return {written: _holders(token, lower) for token, written in tokens.items()}


def _holders(token: str, texts: Mapping[str, str]) -> set[str]:
    whole = re.compile(rf"(?<![^\W_]){re.escape(token)}(?![^\W_])")
    return {location for location, text in texts.items() if token in text and whole.search(text)}


def _text(page: Page) -> str:
    passages = (f"{passage.heading} {passage.text}" for passage in page.passages)
    return " ".join((page.title, page.description, *passages))


def _first(engine: Searcher, token: str) -> str | None:
    hits = engine.search(token, limit=1).hits
    return hits[0].location.partition("#")[0] if hits else None


def _site() -> tuple[Searcher, list[Page]]:
    """The articles as a site: built when they or our plugin changed, indexed anew each time."""
    home = state("articles")
    config = home / "mkdocs.yml"
    config.write_text(_CONFIG.format(docs=ARTICLES.resolve()), encoding="utf-8")
    flags = {"state_dir": str(home), "encoder": DEFAULT_ENCODER}
    settings: Settings = load_settings(config, site_dir=home / "site", flags=flags, environ={})
    made_of = digest([ARTICLES, ROOT / "kb" / "handrail_kb"])
    stamp = home / "built-of"
    if stamp.is_file() and stamp.read_text() == made_of and settings.site_dir.is_dir():
        built = index_site(settings, settings.site_dir)
    else:
        say("building the site of the articles")
        built = build_site_and_index(settings).index
        stamp.write_text(made_of)
    return Searcher.open(built.folder), list(read_site(settings.site_dir))
