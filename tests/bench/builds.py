"""Sites and indexes to measure, in .cache/bench: used again while nothing they are made of has changed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import corpus
from corpus import ROOT, Corpus

from handrail_kb.policy.fit import write_csp
from handrail_kb.site.built.passages import Page, read_site
from handrail_search.index.build import build_index

CACHE = ROOT / ".cache" / "bench"
MODEL = "all-MiniLM-L6-v2"
_BIN = Path(sys.executable).parent
_CONFIG = """\
site_name: Bench
site_url: http://127.0.0.1/
docs_dir: docs
theme:
  name: material
  font: false
  features: [navigation.prune, navigation.indexes, search.highlight, search.suggest]
plugins: [{plugins}]
"""


@dataclass(frozen=True)
class Sites:
    """The same articles built twice, with one index. `reused` names what an earlier run had built."""

    corpus: Corpus
    plain: Path
    handrail: Path
    state: Path
    index: dict[str, Any]
    reused: tuple[str, ...]

    @property
    def config(self) -> Path:
        """The mkdocs.yml of the site with Handrail."""
        return self.handrail.parent / "mkdocs.yml"

    def seconds(self) -> dict[str, float]:
        """What MkDocs took for each site when it was built."""
        sites = {"plain_seconds": self.plain, "handrail_seconds": self.handrail}
        return {name: _read(site.parent / "built.json")["seconds"] for name, site in sites.items()}


def prepare(pages: int, *, index_pages: int | None = None) -> Sites:
    """Articles, both sites and the index for `pages` articles; the index of `index_pages` of them, if that is given."""
    home = CACHE / str(pages)
    reused: list[str] = []
    articles = _articles(pages, home, reused)
    plain = _site(home, articles, "plain", "search", [], reused)
    ours = _site(home, articles, "handrail", "search, handrail", [ROOT / "kb" / "handrail_kb"], reused)
    state = home / "state"
    record = _index(ours, state, index_pages, reused)
    return Sites(articles, plain, ours, state, record, tuple(reused))


def shared_encoder(state: Path) -> None:
    """Let a state folder use the encoder that was exported once for all of them."""
    exported = CACHE / "encoder"
    exported.mkdir(parents=True, exist_ok=True)
    state.mkdir(parents=True, exist_ok=True)
    if not (state / "encoder").exists():
        (state / "encoder").symlink_to(exported)


def _articles(pages: int, home: Path, reused: list[str]) -> Corpus:
    source = corpus.REAL_ARTICLES if corpus.have_real() else ROOT / "docs"
    key = digest([Path(corpus.__file__), source])
    record = _read(home / "articles.json")
    if record.get("key") == key:
        reused.append("articles")
        return Corpus(record["pages"], home / "docs", record["kind"])
    say(f"writing {pages} articles")
    written = corpus.write(pages, home)
    _write(home / "articles.json", {"key": key, "pages": written.pages, "kind": written.kind})
    return written


def _site(home: Path, articles: Corpus, name: str, plugins: str, code: list[Path], reused: list[str]) -> Path:
    """Build the articles with these plugins, unless that was done with the same articles, Material and plugin code."""
    folder = home / name
    site = folder / "site"
    config = _CONFIG.format(plugins=plugins).replace(
        "docs_dir: docs", f"docs_dir: {os.path.relpath(articles.docs, folder)}"
    )
    key = digest([articles.docs, *code], config, version("mkdocs-material"), version("mkdocs"))
    if _read(folder / "built.json").get("key") == key and site.is_dir():
        reused.append(f"{name} site")
        return site
    say(f"building the {name} site of {articles.pages} articles")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    began = time.perf_counter()
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [_BIN / "mkdocs", "build", "--quiet", "--config-file", folder / "mkdocs.yml"]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if built.returncode:
        raise SystemExit(f"The {name} site was not built:\n{built.stderr[-2000:]}")
    write_csp(site)  # without it, the service's policy would forbid Material's inline scripts
    _write(folder / "built.json", {"key": key, "seconds": round(time.perf_counter() - began, 1)})
    return site


def _index(site: Path, state: Path, index_pages: int | None, reused: list[str]) -> dict[str, Any]:
    """Index the site. What a whole index took is kept beside it: bringing one up to date tells nothing of that."""
    key = digest([site.parent / "built.json", ROOT / "search" / "handrail_search"], str(index_pages))
    record = _read(state / "bench.json")
    if record.get("key") == key:
        reused.append("index")
        return record
    shared_encoder(state)
    pages = list(read_site(site))[:index_pages]
    began, load = time.perf_counter(), os.getloadavg()[0]
    built = build_index(pages, state, MODEL, progress=_progress)
    seconds = round(time.perf_counter() - began, 1)
    fresh = {"seconds": seconds, "passages": built.passages, "on": time.strftime("%Y-%m-%d"), "load": round(load, 1)}
    full = fresh if built.reused < built.passages // 10 else record.get("full")
    record = {
        "key": key,
        "pages": built.pages,
        "passages": built.passages,
        "bytes": folder_bytes(built.folder),
        "full": full,
    }
    _write(state / "bench.json", record)
    return record


def _progress(done: int, total: int) -> None:
    if done % 500 == 0 or done == total:
        say(f"encoded {done} of {total} passages")


def pages_of(sites: Sites) -> list[Page]:
    """The articles of a built site as the index reads them."""
    return list(read_site(sites.handrail))


def folder_bytes(folder: Path) -> int:
    """What a folder's files hold."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def digest(places: Iterable[Path], *words: str) -> str:
    """A digest over the content of files and folders, and some words."""
    total = hashlib.sha256("\0".join(words).encode())
    for place in places:
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(str(file.relative_to(place)).encode())
                total.update(file.read_bytes())
    return total.hexdigest()[:16]


def say(words: str) -> None:
    """One line for the person who waits."""
    sys.stderr.write(f"  {words}\n")
    sys.stderr.flush()


def empty_state(name: str) -> Path:
    """A state folder without an index: search answers 503, pages are served."""
    folder = CACHE / "no-index" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _write(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content), encoding="utf-8")
