"""Builds a new generation of the index from pages; only what changed is encoded again.

The same code serves `handrail build`, `handrail index SITE_DIR` and `handrail evaluate`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from handrail_kb.config.plain_files import make_folder
from handrail_kb.config.state_folder import made
from handrail_kb.contact.sensitive_topics import SensitiveTopics
from handrail_kb.errors import IndexUnusable
from handrail_kb.site.built.blocks import to_json
from handrail_kb.site.built.passages import PASSAGE_RULES, Page, Passage
from handrail_search.background import only_one
from handrail_search.embedding import vectors
from handrail_search.embedding.encoder import ENCODER_FILES, USUAL_REACH, Encoder, Recipe, stack
from handrail_search.embedding.export import ensure_exported
from handrail_search.embedding.seal import refuse_others
from handrail_search.embedding.tuned import tuned_encoder_for
from handrail_search.embedding.vectors import Vectors
from handrail_search.index import sensitive_topics
from handrail_search.index.calibration import calibrate
from handrail_search.index.generation import (
    INDEX_SCHEMA,
    NO_TRANSACTION,
    Transaction,
    current_generation,
    hash_of,
    new_generation,
    publish,
    vectors_by_hash,
)
from handrail_search.index.manifest import INDEX_FORMAT, TRUSTED, Floor, Manifest, digest_files
from handrail_search.index.sections import (
    EncodedSite,
    ListedQuestion,
    trail_of,
    trails_of,
    write_headings,
    write_sections,
)
from handrail_search.index.site_copy import keep_site
from handrail_search.index.twin_pages import find_related, find_twins
from handrail_search.lexical import words
from handrail_search.lexical.word_tables import write_words

# (done, total): called now and then while passages are encoded.
Progress = Callable[[int, int], None]
# Word pieces in a word where an encoder knows the language, and where it does not: English has 1.1 with an English
# vocabulary; Italian, Dutch, German and Finnish have 1.7 to 2.9.
_KNOWN, _UNKNOWN = 1.35, 1.7
_LETTERS = re.compile(r"[^\W\d_]+")
_COMMON_SHARE = 0.15
# The number of a site's own questions that are used to set the floor for sensitive topics.
_MOST_OWN = 500


@dataclass(frozen=True)
class Built:
    """The result of building an index. `trust` is how well the encoder knows the articles' language, 0..1."""

    folder: Path
    pages: int
    passages: int
    encoded: int
    reused: int
    trust: float = 1.0


@dataclass(frozen=True)
class _Inherited:
    """What is not made again: vectors by the hash of their text, and the generation that they are from."""

    vectors: Mapping[str, Vectors]
    folder: Path | None = None


@dataclass(frozen=True)
class _Row:
    """A text with its own vector; `passage_id` is None for a question that an article says it answers."""

    page_id: int
    passage_id: int | None
    text: str

    @property
    def hash(self) -> str:
        return hash_of(self.text)


def build_index(
    pages: Sequence[Page],
    state_dir: Path,
    model: str,
    *,
    progress: Progress | None = None,
    full: bool = False,
    encoders: Path | None = None,
    sensitive: SensitiveTopics | None = None,
    within: Transaction = NO_TRANSACTION,
    index_dir: Path | None = None,
    site: Path | None = None,
) -> Built:
    """Write, verify and publish a new generation below `index_dir`, inside the context `within`.

    `index_dir` is by default `state_dir`/index. `site` is the built site that the pages were read from; the generation
    gets a copy, so that both are replaced together.

    An encoder that was tuned from `model` for this site takes its place, see `embedding.tuned`. With `full`, nothing of
    the former generation is reused. `encoders` is where exported encoders are kept, by default `state_dir`/encoder;
    `sensitive` are the sensitive topics to recognise, by default none. Raises EncoderUnavailable, IndexUnusable.
    """
    index_dir = index_dir or state_dir / "index"
    made(state_dir)
    make_folder(index_dir)
    with only_one(index_dir / ".lock"):
        exported = ensure_exported(tuned_encoder_for(model, state_dir), encoders or state_dir / "encoder")
        encoder = Encoder(exported)
        inherited = _Inherited({}) if full else _inherit(index_dir, encoder.recipe.fingerprint)
        folder = new_generation(index_dir)
        try:
            if site:
                keep_site(site, folder, _former(index_dir), without={state_dir.resolve(), index_dir.resolve()})
            return _write(pages, folder, exported, encoder, inherited, sensitive or {}, progress, within)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _write(
    pages: Sequence[Page],
    folder: Path,
    exported: Path,
    encoder: Encoder,
    inherited: _Inherited,
    sensitive: SensitiveTopics,
    progress: Progress | None,
    within: Transaction,
) -> Built:
    database = folder / "passages.db"
    trust = language_trust(pages, encoder)
    rows = _write_database(pages, database, fragments=trust < 1.0)
    known = _encode([*(row.text for row in rows), *trails_of(pages)], encoder, inherited.vectors, progress)
    encoded = stack([known[row.hash] for row in rows], encoder.recipe.dimensions)
    fresh = len({row.hash for row in rows} - inherited.vectors.keys())
    vectors.write_vectors(encoded, folder / "vectors.faiss")
    _copy_encoder(exported, folder / "encoder")
    owner = np.array([row.page_id for row in rows], dtype=np.int64)
    _write_sections(pages, rows, encoded, known, database, trust=trust, reach=encoder.recipe.reach)
    means = vectors.means(encoded, owner, len(pages))
    first = find_twins(pages, means)
    _write_neighbours(first, find_related(pages, means, first), database)
    asked = _asked_before(rows, encoded, encoder)

    def encode_query(question: str) -> Vectors:
        return asked[question] if question in asked else encoder.encode_query(question)

    floor = calibrate(pages, owner, encoded, means, encode_query, database)
    if trust >= TRUSTED:
        classifier = _classifier(pages, sensitive, encoder, inherited.folder)
        if classifier.names:
            own = [encode_query(text) for text in _own_questions(pages)]
            classifier = classifier.fitted(stack(own, encoder.recipe.dimensions))
        sensitive_topics.write_sensitive_topics(classifier, database)
    manifest = _manifest(pages, rows, encoder.recipe, trust, floor, folder)
    refuse_others(exported, {name: manifest.files[f"encoder/{name}"] for name in ENCODER_FILES})
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    publish(folder, within)
    return Built(folder, len(pages), manifest.passages, fresh, len(rows) - fresh, manifest.trust)


def _manifest(
    pages: Sequence[Page], rows: Sequence[_Row], recipe: Recipe, trust: float, floor: Floor, folder: Path
) -> Manifest:
    """The manifest of the generation, once all its other files are written."""
    return Manifest(
        format=INDEX_FORMAT,
        passage_rules=PASSAGE_RULES,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=recipe,
        pages=len(pages),
        passages=sum(row.passage_id is not None for row in rows),
        rows=len(rows),
        trust=trust,
        floor=floor if floor.probes else floor.on_scale(recipe.reach / USUAL_REACH),
        files=digest_files(folder),
        endings=words.endings_known(passage.text for page in pages for passage in page.passages[:2]),
    )


def passage_text(page: Page, passage: Passage) -> str:
    """The text that is encoded for a passage: the headings above it say what it is about."""
    return f"{trail_of(page, passage)}\n{passage.text}"


def _write_database(pages: Sequence[Page], file: Path, *, fragments: bool) -> list[_Row]:
    """Write pages, passages and their words; return what has to be encoded, in the order of vectors.

    With `fragments`, pieces of words are written too.
    """
    rows: list[_Row] = []
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode = OFF")
    db.executescript(INDEX_SCHEMA)
    write_words(db, pages, fragments=fragments)
    first_passage = 0
    for page_id, page in enumerate(pages):
        rows += _write_page(db, page_id, page, first_passage)
        first_passage += len(page.passages)
    numbered = [(number, row.page_id, row.passage_id, row.hash) for number, row in enumerate(rows)]
    db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", numbered)
    db.executemany("INSERT INTO common_words VALUES (?)", [(word,) for word in _common_words(pages)])
    db.commit()
    db.close()
    return rows


def _write_page(db: sqlite3.Connection, page_id: int, page: Page, first_passage: int) -> list[_Row]:
    """Write a page and its passages, numbered from `first_passage`; return what has to be encoded for it."""
    asked = "\n".join((*page.questions, *page.keywords))
    facts = (page.location, page.title, page.description, page.lang, json.dumps(page.breadcrumb), page.boost)
    db.execute(
        "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (page_id, *facts, page.people_only, page.source, asked),
    )
    db.executemany("INSERT INTO other_titles VALUES (?, ?)", [(page_id, title) for title in page.other_titles])
    sections = [(page_id, number, to_json(blocks)) for number, blocks in enumerate(page.sections)]
    db.executemany("INSERT INTO sections VALUES (?, ?, ?)", sections)
    says_something = any(passage.text and not passage.only_links for passage in page.passages)
    rows = []
    for passage_id, passage in enumerate(page.passages, start=first_passage):
        only_links = passage.only_links and says_something
        heading = " › ".join((*passage.path, passage.heading)) if passage.heading else ""
        db.execute(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)",
            (passage_id, page_id, passage.location, heading, passage.text, only_links, passage.section),
        )
        rows.append(_Row(page_id, passage_id, passage_text(page, passage)))
    rows.extend(_Row(page_id, None, text) for text in dict.fromkeys((*_questions(page), *page.other_titles)))
    if not page.passages:
        rows.append(_Row(page_id, None, page.title))
    return rows


def _questions(page: Page) -> tuple[str, ...]:
    """The questions a page says it answers: its `questions`, and its title where that is a question."""
    asks = page.title.rstrip().endswith(("?", "？", "؟"))
    return tuple(dict.fromkeys((*page.questions, page.title))) if asks else page.questions


def _classifier(
    pages: Sequence[Page], sensitive: SensitiveTopics, encoder: Encoder, former: Path | None
) -> sensitive_topics.TopicClassifier:
    """The classifier of sensitive topics; trained again only when sentences or encoder changed."""
    if not sensitive:
        return sensitive_topics.NO_TOPICS
    if encoder.multilingual:
        langs = sensitive_topics.languages()
    else:  # sentences in languages it does not know would blur the others
        langs = frozenset(lang for lang, _ in Counter(page.lang for page in pages).most_common(1))
    taught = sensitive_topics.lesson(sensitive, langs)
    digest = taught.digest(encoder.recipe.fingerprint)
    kept = sensitive_topics.reuse_sensitive_topics(former, digest) if former else None
    return kept or sensitive_topics.learn_sensitive_topics(taught, encoder.encode_queries, digest)


def _own_questions(pages: Sequence[Page]) -> list[str]:
    """Questions and titles that this site answers itself, without those of articles that lead to a person."""
    texts = (text for page in pages if not page.people_only for text in (*page.titles, *page.questions))
    found = list(dict.fromkeys(texts))
    return found[:: len(found) // _MOST_OWN + 1]


def _write_neighbours(first: Sequence[int], related: Sequence[Sequence[int]], file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO twins VALUES (?, ?)", [(page, twin) for page, twin in enumerate(first) if twin != page]
        )
        rows = [(page, place, other) for page, others in enumerate(related) for place, other in enumerate(others)]
        db.executemany("INSERT INTO related VALUES (?, ?, ?)", rows)


def _common_words(pages: Sequence[Page]) -> list[str]:
    """Words found in a large share of all passages: articles, pronouns, and the product's own name."""
    passages = [passage for page in pages for passage in page.passages]
    counts = Counter(word for passage in passages for word in words.word_set(passage.text))
    return sorted(word for word, count in counts.items() if count >= max(_COMMON_SHARE * len(passages), 5))


def _write_sections(
    pages: Sequence[Page],
    rows: Sequence[_Row],
    encoded: Vectors,
    known: Mapping[str, Vectors],
    database: Path,
    *,
    trust: float,
    reach: float,
) -> None:
    """Write what leads questions to sections, from the vectors of rows and, by hash, of headings."""
    row_of_passage = [number for number, row in enumerate(rows) if row.passage_id is not None]
    headings = {trail: known[hash_of(trail)] for trail in trails_of(pages)}
    listed = (
        ListedQuestion(number, row.page_id, row.text)
        for number, row in enumerate(rows)
        if row.passage_id is None and row.text in pages[row.page_id].questions
    )
    write_sections(pages, EncodedSite(encoded, row_of_passage, headings, trust, reach), listed, database)
    write_headings({hash_of(trail): vector for trail, vector in headings.items()}, database)


def _encode(
    texts: Sequence[str], encoder: Encoder, former: Mapping[str, Vectors], progress: Progress | None
) -> dict[str, Vectors]:
    """The vectors of all texts by their hashes; those of `former` are not encoded again."""
    hashed = {hash_of(text): text for text in texts}
    fresh = {key: text for key, text in hashed.items() if key not in former}
    known = {key: former[key] for key in hashed if key in former}
    for done, (key, vector) in enumerate(zip(fresh, encoder.encode_passages(fresh.values()), strict=True), start=1):
        known[key] = vector
        if progress and (done % 25 == 0 or done == len(fresh)):
            progress(done, len(fresh))
    return known


def _former(index_dir: Path) -> Path | None:
    try:
        return current_generation(index_dir)
    except IndexUnusable:
        return None


def _inherit(index_dir: Path, fingerprint: str) -> _Inherited:
    """What may be taken over from the generation that serves; nothing where any file of it is not what was written."""
    try:
        folder = current_generation(index_dir)
        return _Inherited(vectors_by_hash(folder, fingerprint), folder)
    except IndexUnusable:
        return _Inherited({})


def _copy_encoder(exported: Path, target: Path) -> None:
    target.mkdir()
    for name in ENCODER_FILES:
        try:
            os.link(exported / name, target / name)  # the same bytes, once on disk
        except OSError:
            shutil.copyfile(exported / name, target / name)


def language_trust(pages: Sequence[Page], encoder: Encoder) -> float:
    """How far meaning can be trusted on these pages, 0..1, by how finely the encoder has to cut their words.

    An encoder cuts words of a language it never learned into small pieces, and its vectors then say little.
    """
    if encoder.multilingual:  # there more pieces in a word mean nothing
        return 1.0
    sample = _LETTERS.findall(" ".join(passage.text for page in pages for passage in page.passages[:2])[:200_000])
    if len(sample) < 50:
        return 1.0
    pieces = sum(encoder.count_pieces(" ".join(sample[start : start + 200])) for start in range(0, len(sample), 200))
    return float(np.clip((_UNKNOWN - pieces / len(sample)) / (_UNKNOWN - _KNOWN), 0.0, 1.0))


def _asked_before(rows: Sequence[_Row], encoded: Vectors, encoder: Encoder) -> dict[str, Vectors]:
    """Vectors of questions that are in the index already, where the encoder treats questions and passages alike."""
    if encoder.recipe.query_prefix != encoder.recipe.passage_prefix:
        return {}
    return {row.text: encoded[number] for number, row in enumerate(rows) if row.passage_id is None}
