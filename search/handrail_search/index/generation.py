"""The index: a folder of generations, each complete, verified and never changed; CURRENT names the one that serves.

index/CURRENT                      one line, replaced last
index/site                         a link to the site of the one that serves, for a web server
index/20261122T064312-3fa9c2/      manifest.json  passages.db  vectors.faiss  encoder/  site/  site.list

A new generation is written beside the old one, checked, then named: a crash leaves the old one serving. To serve from
another machine, copy the folder.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from handrail_kb.config.durable_files import write_down, write_down_all, write_whole
from handrail_kb.config.generations import (
    CURRENT,
    GENERATION,
    SITE,
    after_all,
    current_name,
    generation_of,
    generations_in,
    site_in,
)
from handrail_kb.errors import EncoderUnavailable, IndexUnusable
from handrail_kb.language.normal_form import as_asked
from handrail_kb.site.built.blocks import Block, from_json
from handrail_search.embedding.encoder import Encoder, Recipe
from handrail_search.embedding.vectors import VectorIndex, Vectors, is_of_length_one
from handrail_search.index import sensitive_topics
from handrail_search.index.manifest import (
    REBUILD,
    PageRow,
    PassageRow,
    check_files,
    manifest_data,
    names_nothing,
    read_manifest,
    state_of,
    unreadable,
    without_a_name,
)
from handrail_search.index.sections import SECTIONS_SCHEMA, kept_headings, read_section_map
from handrail_search.index.site_copy import check_site
from handrail_search.index.twin_pages import NEIGHBOURS_SCHEMA
from handrail_search.lexical.stemming import stem, words_in
from handrail_search.lexical.words import WORDS_SCHEMA, open_words
from handrail_search.scoring.sections import numbered_sections, sections_of_pages

# Kept besides the one that serves: their files are asked for by pages that are still open, and the way back is short.
_FORMER_KEPT = 2


INDEX_SCHEMA = f"""
CREATE TABLE pages (id INTEGER PRIMARY KEY, location TEXT NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL,
  lang TEXT NOT NULL, breadcrumb TEXT NOT NULL, boost REAL NOT NULL, people_only INTEGER NOT NULL,
  source TEXT NOT NULL, asked TEXT NOT NULL);
CREATE TABLE passages (id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL REFERENCES pages(id), location TEXT NOT NULL,
  heading TEXT NOT NULL, text TEXT NOT NULL, only_links INTEGER NOT NULL, section INTEGER NOT NULL);
-- The blocks of each section as the page shows them, as JSON.
CREATE TABLE sections (page_id INTEGER NOT NULL, number INTEGER NOT NULL, blocks TEXT NOT NULL,
  PRIMARY KEY (page_id, number)) WITHOUT ROWID;
-- Other titles of a page: its first heading, its title in front matter.
CREATE TABLE other_titles (page_id INTEGER NOT NULL REFERENCES pages(id), title TEXT NOT NULL);
-- One row for each vector, in the order of vectors.faiss. passage_id is NULL where the vector is a question.
CREATE TABLE rows (row INTEGER PRIMARY KEY, page_id INTEGER NOT NULL, passage_id INTEGER, hash TEXT NOT NULL);
-- Words in so many passages that they distinguish none.
CREATE TABLE common_words (word TEXT PRIMARY KEY);
CREATE INDEX passages_page ON passages(page_id);
{NEIGHBOURS_SCHEMA}{sensitive_topics.SENSITIVE_SCHEMA}{SECTIONS_SCHEMA}{WORDS_SCHEMA}"""


class Index:
    """One generation, opened for reading. Thread-safe."""

    def __init__(self, folder: Path, *, verify: bool = True) -> None:
        """Open a generation. Raises IndexUnusable naming what does not match, with both values."""
        self.folder = folder
        self._opened = state_of(folder)
        self.manifest = read_manifest(folder)
        # The built site that the index was made from, where the generation holds it.
        self.site = site_in(folder)
        try:
            if verify:
                self.verify()
            self.vectors = VectorIndex(folder / "vectors.faiss")
        except OSError as error:
            raise unreadable(Path(error.filename or folder), error) from error
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        # A connection refers to itself: left to Python, it would hold a file that was removed open for minutes.
        weakref.finalize(self, _close_all, self._connections)
        self._title_terms: dict[int, frozenset[str]] = {}
        try:
            self._read()
        except sqlite3.DatabaseError as error:
            raise IndexUnusable(f"{folder / 'passages.db'} cannot be read: {error}.", REBUILD) from error
        _check_counts(self)

    def verify(self) -> None:
        """Raise IndexUnusable unless the files are those that were written."""
        check_files(self.folder, self.manifest.files)
        check_site(self.folder)

    def changed(self) -> bool:
        """Whether a file has been replaced or written to since this was opened, as far as the system notes it."""
        return state_of(self.folder) != self._opened

    @property
    def name(self) -> str:
        """The generation's name, from the time it was made."""
        return self.folder.name

    @property
    def db(self) -> sqlite3.Connection:
        """This thread's read-only connection to passages.db."""
        if not hasattr(self._local, "db"):
            uri = f"{(self.folder / 'passages.db').resolve().as_uri()}?mode=ro&immutable=1"
            self._local.db = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._connections.append(self._local.db)
            self._local.db.execute("PRAGMA temp_store=MEMORY")
        connection: sqlite3.Connection = self._local.db
        return connection

    def encoder(self) -> Encoder:
        """The encoder this generation was made with. Raises EncoderUnavailable."""
        encoder = Encoder(self.folder / "encoder")
        if encoder.recipe.fingerprint != self.manifest.recipe.fingerprint:
            raise EncoderUnavailable(
                f"The encoder in {self.folder} is {encoder.recipe.model} ({encoder.recipe.fingerprint}), but the index "
                f"was made with {self.manifest.recipe.model} ({self.manifest.recipe.fingerprint}).",
                REBUILD,
            )
        return encoder

    def passages(self, ids: list[int]) -> dict[int, PassageRow]:
        """Passages by id."""
        marks = ",".join("?" * len(ids))
        found = self.db.execute(f"SELECT id, page_id, location, heading, text FROM passages WHERE id IN ({marks})", ids)  # noqa: S608 (only question marks)
        return {row[0]: PassageRow(*row) for row in found}

    def blocks_of(self, passage_id: int) -> tuple[Block, ...]:
        """The blocks of the section that a passage is part of, as the page shows them."""
        found = self.db.execute(
            "SELECT blocks FROM passages JOIN sections ON sections.page_id = passages.page_id AND number = section"
            " WHERE passages.id = ?",
            (passage_id,),
        ).fetchone()
        return from_json(found[0]) if found else ()

    def title_terms(self, page_id: int) -> frozenset[str]:
        """The terms of a page's title, in each language of the site."""
        if page_id not in self._title_terms:
            words = set(words_in(self.pages[page_id].title))
            self._title_terms[page_id] = frozenset(stem(word, lang) for word in words for lang in self.words.languages)
        return self._title_terms[page_id]

    def towards_sections(self, question: Vectors) -> Vectors:
        """A question as it is compared with the sections of one article, moved as the site's headings taught."""
        return question if self._section_map is None else question + question @ self._section_map

    def cosines_within(self, page_id: int, question: Vectors) -> npt.NDArray[np.float64]:
        """How near a question is to each passage of a page."""
        first, end = self.first_passage[page_id : page_id + 2].tolist()
        rows = self.row_of_passage[first:end]
        return (self.vectors.at(rows) @ question).astype(np.float64)

    def nearest_section(self, page_id: int, question: Vectors) -> int | None:
        """The first passage of the section of a page that is nearest to a question; None where it has no text."""
        first, end = self.first_passage[page_id : page_id + 2].tolist()
        links = self.only_links[first:end]
        if links.all():
            return None
        cosines = np.where(links, -np.inf, self.cosines_within(page_id, self.towards_sections(question)))
        section = self.section_of_passage[first + int(np.argmax(cosines))]
        return int(np.searchsorted(self.section_of_passage, section))

    def row_of_question(self, page_id: int, question: str) -> int | None:
        """The row of a question that a page says it answers."""
        found = self.db.execute(
            "SELECT row FROM rows WHERE page_id = ? AND passage_id IS NULL AND hash = ?", (page_id, hash_of(question))
        ).fetchone()
        return int(found[0]) if found else None

    def _read(self) -> None:
        """Load what every search needs into memory."""
        self.pages = tuple(self._read_pages())
        rows = self.db.execute("SELECT page_id, passage_id FROM rows ORDER BY row").fetchall()
        self.owner: npt.NDArray[np.int64] = np.array([page_id for page_id, _ in rows], dtype=np.int64)
        self.passage_of_row: npt.NDArray[np.int64] = np.array(
            [-1 if passage_id is None else passage_id for _, passage_id in rows], dtype=np.int64
        )
        self._read_passages()
        # Passages are in the order of their pages: those of page n are first_passage[n] up to first_passage[n + 1].
        self.first_passage = np.searchsorted(self.page_of_passage, np.arange(len(self.pages) + 1))
        self.boost: npt.NDArray[np.float64] = np.array([page.boost for page in self.pages])
        self.address_lengths: npt.NDArray[np.int64] = np.array(
            [len(page.location) for page in self.pages], dtype=np.int64
        )
        self.boosted = bool((self.boost != 1.0).any())
        self.languages = frozenset(page.lang for page in self.pages)
        self.common_words = frozenset(row[0] for row in self.db.execute("SELECT word FROM common_words"))
        # For each near-duplicate page the first of its group.
        self.twin_of: Mapping[int, int] = dict(self.db.execute("SELECT page_id, first FROM twins"))
        self.words = open_words(self.db)
        self.sensitive_topics = sensitive_topics.read_sensitive_topics(self.db)
        self.by_title: Mapping[str, list[int]] = self._titles()

    def _read_passages(self) -> None:
        self.row_of_passage: npt.NDArray[np.int64] = np.flatnonzero(self.passage_of_row >= 0)
        passages = self.db.execute("SELECT page_id, only_links, location FROM passages ORDER BY id").fetchall()
        self.page_of_passage: npt.NDArray[np.int64] = np.array([page_id for page_id, _, _ in passages], dtype=np.int64)
        # Passages that consist of links only, on pages that have other passages.
        self.only_links: npt.NDArray[np.bool_] = np.array([bool(links) for _, links, _ in passages], dtype=np.bool_)
        self.section_of_passage = numbered_sections([(page_id, location) for page_id, _, location in passages])
        self.sections_of_page = sections_of_pages(self.section_of_passage, self.page_of_passage)
        # Passages above the first section of their page, or below its title.
        self.begins: npt.NDArray[np.bool_] = np.array(
            [location == self.pages[page_id].location for page_id, _, location in passages], dtype=np.bool_
        )
        # The first passage of the section that answers the question of a row, and whether a writer named it.
        self.answered_in: npt.NDArray[np.int64] = np.full(len(self.owner), -1, dtype=np.int64)
        self.answer_is_given: npt.NDArray[np.bool_] = np.zeros(len(self.owner), dtype=np.bool_)
        for row, passage_id, given in self.db.execute("SELECT row, passage_id, given FROM question_sections"):
            self.answered_in[row], self.answer_is_given[row] = passage_id, bool(given)
        self._section_map = read_section_map(self.db, self.vectors.dimensions)

    def _read_pages(self) -> list[PageRow]:
        query = "SELECT id, location, title, description, lang, breadcrumb, boost, people_only FROM pages ORDER BY id"
        return [
            PageRow(i, location, title, description, lang, tuple(json.loads(breadcrumb)), boost, bool(people_only))
            for i, location, title, description, lang, breadcrumb, boost, people_only in self.db.execute(query)
        ]

    def _titles(self) -> dict[str, list[int]]:
        titles: dict[str, list[int]] = {}
        named = [(page.id, page.title) for page in self.pages]
        for page_id, title in (*named, *self.db.execute("SELECT page_id, title FROM other_titles")):
            known = titles.setdefault(as_asked(title), [])
            if page_id not in known:
                known.append(page_id)
        return titles


def _close_all(connections: list[sqlite3.Connection]) -> None:
    for connection in connections:
        connection.close()


def hash_of(text: str) -> str:
    """The key of a text that has a vector."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def vectors_by_hash(folder: Path, fingerprint: str) -> dict[str, Vectors]:
    """The vectors of a generation by the hash of their text, whatever its format; none when they are another encoder's.

    Raises IndexUnusable when the generation is damaged.
    """
    data = manifest_data(folder / "manifest.json")
    try:
        files, recipe = dict(data["files"]), Recipe(**data["recipe"])
    except (TypeError, ValueError, KeyError) as error:
        raise IndexUnusable(f"{folder / 'manifest.json'} does not hold what it should: {error}.", REBUILD) from error
    check_files(folder, files)
    if recipe.fingerprint != fingerprint:
        return {}
    try:
        with closing(sqlite3.connect(f"{(folder / 'passages.db').resolve().as_uri()}?mode=ro", uri=True)) as db:
            hashes = [row[0] for row in db.execute("SELECT hash FROM rows ORDER BY row")]
            headings = kept_headings(db)
    except sqlite3.DatabaseError as error:
        raise IndexUnusable(f"{folder / 'passages.db'} cannot be read: {error}.", REBUILD) from error
    vectors = VectorIndex(folder / "vectors.faiss").all_vectors()
    rows = {key: vector for key, vector in zip(hashes, vectors, strict=False) if is_of_length_one(vector)}
    return headings | rows


def current_generation(index_dir: Path) -> Path:
    """The folder that CURRENT names. Raises IndexUnusable when there is none."""
    try:
        name = current_name(index_dir)
    except (OSError, UnicodeDecodeError) as error:
        raise without_a_name(index_dir / CURRENT, error) from error
    folder = generation_of(index_dir, name)
    if folder is None:
        raise names_nothing(index_dir / CURRENT, name)
    return folder


def open_current(index_dir: Path) -> Index:
    """The generation that serves, opened and verified. Raises IndexUnusable."""
    return Index(current_generation(index_dir))


def new_generation(index_dir: Path) -> Path:
    """A new empty folder for the next generation; nothing serves from it before `publish`."""
    at = after_all(index_dir, datetime.now(UTC))  # names are in the order of time, within a second too
    folder = index_dir / f"{at:%Y%m%dT%H%M%S}-{at.microsecond:05x}{secrets.randbelow(16):x}"
    folder.mkdir(parents=True)
    return folder


Transaction = AbstractContextManager[object]
NO_TRANSACTION: Transaction = nullcontext()


def publish(folder: Path, within: Transaction = NO_TRANSACTION) -> None:
    """Verify a finished generation, name it in CURRENT, and remove generations that are no longer needed.

    All of it is on the disk before it has a name: after a power cut there is the old one or the new one, whole.
    CURRENT is replaced inside the context `within`, which undoes its own work when that fails; an error it raises
    leaves CURRENT unchanged.
    """
    Index(folder)
    index_dir = folder.parent
    former = _named(index_dir)
    write_down_all(folder)
    write_down(index_dir)
    with within:
        write_whole(index_dir / CURRENT, folder.name + "\n")
    _link_site(folder)
    remove_old(index_dir, former)


def _link_site(folder: Path) -> None:
    """Have the link `site` lead to this generation's, for a web server that sends pages itself."""
    new = folder.parent / f".site-{secrets.token_hex(4)}"
    with suppress(OSError):  # a disk without links; nothing of ours reads it
        if site_in(folder):
            new.symlink_to(Path(folder.name) / SITE)
            new.replace(folder.parent / SITE)
        else:
            (folder.parent / SITE).unlink(missing_ok=True)


def remove_old(index_dir: Path, also: str = "") -> None:
    """Remove generations older than the one that serves, but the last two, and but `also`. Never raises.

    Newer ones stay: they may be arriving, or CURRENT was put back to an older one.
    """
    current = _named(index_dir)
    with suppress(OSError):
        names = (entry.name for entry in index_dir.iterdir() if entry.is_dir() and not entry.is_symlink())
        older = sorted(name for name in names if GENERATION.fullmatch(name) and name < current)
        whole = [name for name in older if (index_dir / name / "manifest.json").is_file()]
        for name in {*older} - {*whole[-_FORMER_KEPT:], also}:
            shutil.rmtree(index_dir / name, ignore_errors=True)
        for unnamed in (*index_dir.glob(".CURRENT-*"), *index_dir.glob(".site-*")):  # of builds that were killed
            unnamed.unlink(missing_ok=True)


def sites_beside(generation: Path) -> list[Path]:
    """The sites of the other generations at hand, the newest first: of former ones, and of one that is arriving."""
    others = (one / SITE for one in generations_in(generation.parent) if one.name != generation.name)
    return [site for site in others if site.is_dir()]


def _named(index_dir: Path) -> str:
    """The content of CURRENT, unchecked; empty where there is none."""
    try:
        return current_name(index_dir)
    except (OSError, ValueError):
        return ""


def _check_counts(index: Index) -> None:
    manifest = index.manifest
    found = {
        "pages": len(index.pages),
        "rows": len(index.owner),
        "rows in vectors.faiss": index.vectors.rows,
        "dimensions": index.vectors.dimensions,
    }
    wanted = {
        "pages": manifest.pages,
        "rows": manifest.rows,
        "rows in vectors.faiss": manifest.rows,
        "dimensions": manifest.recipe.dimensions,
    }
    for name, value in found.items():
        if value != wanted[name]:
            raise IndexUnusable(f"{index.folder}: {name} are {value}, the manifest says {wanted[name]}.", REBUILD)
