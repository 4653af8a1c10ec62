"""From pages to a new generation of the index: only what changed is encoded again.

The same code serves `handrail build`, `handrail index SITE_DIR` and `handrail evaluate`.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from handrail_kb.errors import IndexUnusable, LockHeld
from handrail_kb.matters import Matters
from handrail_kb.passages import PASSAGE_RULES, Page, Passage
from handrail_kb.state_folder import made
from handrail_search import matters, vectors, words
from handrail_search.calibration import calibrate
from handrail_search.encoder import ENCODER_FILES, USUAL_REACH, Encoder, stack
from handrail_search.exporting import ensure_exported
from handrail_search.index import (
    FORMAT,
    NOTHING_ELSE,
    SCHEMA,
    TRUSTED,
    Manifest,
    Together,
    current_generation,
    digest_files,
    hash_of,
    new_generation,
    publish,
    vectors_by_hash,
)
from handrail_search.tuned import in_force
from handrail_search.twins import find_twins
from handrail_search.vectors import Vectors

# (done, total): called now and then while passages are encoded.
Progress = Callable[[int, int], None]
# Word pieces in a word where an encoder knows the language, and where it does not: English has 1.1 with an
# English vocabulary; Italian, Dutch, German, Finnish have 1.7 to 2.9.
_KNOWN, _UNKNOWN = 1.35, 1.7
_LETTERS = re.compile(r"[^\W\d_]+")
_COMMON_SHARE = 0.15
# So many of its own questions tell what a site answers itself.
_MOST_OWN = 500


@dataclass(frozen=True)
class Built:
    """What building an index came to. `trust` is how well the encoder knows the articles' language, 0..1."""

    folder: Path
    pages: int
    passages: int
    encoded: int
    reused: int
    trust: float = 1.0


@dataclass(frozen=True)
class _Row:
    """A text with a vector of its own; `passage_id` is None for a question that an article says it answers."""

    page_id: int
    passage_id: int | None
    text: str

    @property
    def hash(self) -> str:
        return hash_of(self.text)


def build_index(
    pages: Sequence[Page], state_dir: Path, model: str, *, progress: Progress | None = None, full: bool = False,
    encoders: Path | None = None, looked_out_for: Matters | None = None, together: Together = NOTHING_ELSE,
) -> Built:  # fmt: skip
    """Write, verify and name a new generation below `state_dir`/index; it is named within `together`, or not at all.

    An encoder that was tuned from `model` for this site takes its place, see `tuned`. With `full`, nothing of the
    former generation is reused. `encoders` is where exported encoders are kept, by default `state_dir`/encoder;
    `looked_out_for` are matters that should stay with people, by default none.
    Raises EncoderUnavailable, IndexUnusable.
    """
    index_dir = state_dir / "index"
    made(state_dir)
    index_dir.mkdir(parents=True, exist_ok=True)
    with only_one(index_dir / ".lock"):
        exported = ensure_exported(in_force(model, state_dir), encoders or state_dir / "encoder")
        encoder = Encoder(exported)
        former = {} if full else _former_vectors(index_dir, encoder.recipe.fingerprint)
        folder = new_generation(index_dir)
        try:
            return _write(pages, folder, exported, encoder, former, looked_out_for or {}, progress, together)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def _write(pages: Sequence[Page], folder: Path, exported: Path, encoder: Encoder, former: dict[str, Vectors],
           looked_out_for: Matters, progress: Progress | None, together: Together) -> Built:  # fmt: skip
    trust = language_trust(pages, encoder)
    rows = _write_database(pages, folder / "passages.db", fragments=trust < 1.0)
    encoded, fresh = _encode(rows, encoder, former, progress)
    vectors.write(encoded, folder / "vectors.faiss")
    _copy_encoder(exported, folder / "encoder")
    passages = sum(row.passage_id is not None for row in rows)
    owner = np.array([row.page_id for row in rows], dtype=np.int64)
    means = vectors.means(encoded, owner, len(pages))
    _write_twins(find_twins(pages, means), folder / "passages.db")
    known = _asked_before(rows, encoded, encoder)
    floor = calibrate(
        pages,
        owner,
        encoded,
        means,
        lambda question: known[question] if question in known else encoder.encode_query(question),
        folder / "passages.db",
    )
    if trust >= TRUSTED:
        sense = _sense(pages, looked_out_for, encoder, folder.parent)
        own = [known[text] if text in known else encoder.encode_query(text) for text in _own_questions(pages)]
        matters.write(sense.fitted(stack(own, encoder.recipe.dimensions)) if sense.names else sense,
                      folder / "passages.db")  # fmt: skip
    manifest = Manifest(
        format=FORMAT,
        passage_rules=PASSAGE_RULES,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        recipe=encoder.recipe,
        pages=len(pages),
        passages=passages,
        rows=len(rows),
        trust=trust,
        floor=floor if floor.probes else floor.on_scale(encoder.recipe.reach / USUAL_REACH),
        files=digest_files(folder),
        endings=words.endings_known(passage.text for page in pages for passage in page.passages[:2]),
    )
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    publish(folder, together)
    return Built(folder, len(pages), passages, fresh, len(rows) - fresh, manifest.trust)


def passage_text(page: Page, passage: Passage) -> str:
    """What is encoded of a passage: the headings above it tell what it is about."""
    trail = " › ".join((page.title, *passage.path, *([passage.heading] if passage.heading else [])))
    return f"{trail}\n{passage.text}"


def _write_database(pages: Sequence[Page], file: Path, *, fragments: bool) -> list[_Row]:
    """Keep pages, passages and their words; give back what has to be encoded, in the order of vectors.

    With `fragments`, pieces of words are kept too.
    """
    rows: list[_Row] = []
    db = sqlite3.connect(file)
    db.execute("PRAGMA journal_mode = OFF")
    db.executescript(SCHEMA)
    words.write(db, pages, fragments=fragments)
    passage_id = 0
    for page_id, page in enumerate(pages):
        asked = "\n".join((*page.questions, *page.keywords))
        db.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (page_id, page.location, page.title, page.description, page.lang, json.dumps(page.breadcrumb), page.boost,
             page.people_only, page.source, asked),
        )  # fmt: skip
        db.executemany("INSERT INTO other_titles VALUES (?, ?)", [(page_id, title) for title in page.other_titles])
        says_something = any(passage.text and not passage.only_links for passage in page.passages)
        for passage in page.passages:
            only_links = passage.only_links and says_something
            heading = " › ".join((*passage.path, passage.heading)) if passage.heading else ""
            db.execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)",
                       (passage_id, page_id, passage.location, heading, passage.text, only_links))  # fmt: skip
            rows.append(_Row(page_id, passage_id, passage_text(page, passage)))
            passage_id += 1
        rows.extend(_Row(page_id, None, text) for text in dict.fromkeys((*_questions(page), *page.other_titles)))
        if not page.passages:
            rows.append(_Row(page_id, None, page.title))
    db.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)",
                   [(number, row.page_id, row.passage_id, row.hash) for number, row in enumerate(rows)])  # fmt: skip
    db.executemany("INSERT INTO common_words VALUES (?)", [(word,) for word in _common_words(pages)])
    db.commit()
    db.close()
    return rows


def _questions(page: Page) -> tuple[str, ...]:
    """What a page says it answers: its `questions`, and its title where that is a question."""
    asks = page.title.rstrip().endswith(("?", "？", "؟"))
    return tuple(dict.fromkeys((*page.questions, page.title))) if asks else page.questions


def _sense(pages: Sequence[Page], looked_out_for: Matters, encoder: Encoder, index_dir: Path) -> matters.Sense:
    """What tells matters that stay with people; learnt anew only when sentences or encoder changed."""
    if not looked_out_for:
        return matters.NO_SENSE
    if encoder.multilingual:
        langs = matters.languages()
    else:  # sentences that it does not know would blur those that it knows
        langs = frozenset(lang for lang, _ in Counter(page.lang for page in pages).most_common(1))
    taught = matters.lesson(looked_out_for, langs)
    digest = taught.digest(encoder.recipe.fingerprint)
    try:
        former = matters.read_former(current_generation(index_dir), digest)
    except IndexUnusable:
        former = None
    return former or matters.learn(taught, encoder.encode_query, digest)


def _own_questions(pages: Sequence[Page]) -> list[str]:
    """What this site answers itself: questions and titles, but not of articles that lead to a person."""
    texts = (text for page in pages if not page.people_only for text in (*page.titles, *page.questions))
    found = list(dict.fromkeys(texts))
    return found[:: len(found) // _MOST_OWN + 1]


def _write_twins(first: Sequence[int], file: Path) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.executemany(
            "INSERT INTO twins VALUES (?, ?)", [(page, twin) for page, twin in enumerate(first) if twin != page]
        )


def _common_words(pages: Sequence[Page]) -> list[str]:
    """Words that stand in a large share of all passages: articles, pronouns, and the product's own name."""
    passages = [passage for page in pages for passage in page.passages]
    counts = Counter(word for passage in passages for word in words.word_set(passage.text))
    return sorted(word for word, count in counts.items() if count >= max(_COMMON_SHARE * len(passages), 5))


def _encode(
    rows: Sequence[_Row], encoder: Encoder, former: dict[str, Vectors], progress: Progress | None
) -> tuple[Vectors, int]:
    """Vectors of all rows, shape (rows, dimensions), and how many of them were not known before."""
    fresh = {row.hash: row.text for row in rows if row.hash not in former}
    known = dict(former)
    for done, (key, vector) in enumerate(zip(fresh, encoder.encode_passages(fresh.values()), strict=True), start=1):
        known[key] = vector
        if progress and (done % 25 == 0 or done == len(fresh)):
            progress(done, len(fresh))
    return stack([known[row.hash] for row in rows], encoder.recipe.dimensions), len(fresh)


def _former_vectors(index_dir: Path, fingerprint: str) -> dict[str, Vectors]:
    """Vectors of the generation that serves, by hash of their text; none when it is damaged or of another encoder."""
    try:
        return vectors_by_hash(current_generation(index_dir), fingerprint)
    except IndexUnusable:
        return {}


def _copy_encoder(exported: Path, target: Path) -> None:
    target.mkdir()
    for name in ENCODER_FILES:
        try:
            os.link(exported / name, target / name)  # the same bytes, once on disk
        except OSError:
            shutil.copyfile(exported / name, target / name)


@contextmanager
def only_one(lock_file: Path) -> Iterator[None]:
    """Hold a lock. Two builds at once would both be right and one would be lost: the second gets LockHeld.

    Raises IndexUnusable where nothing can be locked.
    """
    try:
        made(lock_file.parent)
        lock = lock_file.open("w")
    except OSError as error:
        raise _no_lock(lock_file, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockHeld(
                f"Another build is running: it holds {lock_file}.", "Wait for it, then run this again."
            ) from error
        except OSError as error:
            raise _no_lock(lock_file, error) from error
        yield


def _no_lock(lock_file: Path, error: OSError) -> IndexUnusable:
    return IndexUnusable(
        f"{lock_file} cannot be locked: {error.strerror or error}.",
        f"Give whoever runs this a folder on a local disk to write to: ls -ld {lock_file.parent}",
    )


def language_trust(pages: Sequence[Page], encoder: Encoder) -> float:
    """How far meaning can be trusted on these pages, 0..1, by how finely the encoder has to cut their words.

    An encoder that meets a language it never learnt cuts its words to crumbs, and its vectors tell little.
    """
    if encoder.multilingual:  # more pieces in a word mean nothing there
        return 1.0
    sample = _LETTERS.findall(" ".join(passage.text for page in pages for passage in page.passages[:2])[:200_000])
    if len(sample) < 50:
        return 1.0
    pieces = sum(encoder.count_pieces(" ".join(sample[start : start + 200])) for start in range(0, len(sample), 200))
    return float(np.clip((_UNKNOWN - pieces / len(sample)) / (_UNKNOWN - _KNOWN), 0.0, 1.0))


def _asked_before(rows: Sequence[_Row], encoded: Vectors, encoder: Encoder) -> dict[str, Vectors]:
    """Vectors of questions that are in the index already, where the encoder reads questions and passages alike."""
    if encoder.recipe.query_prefix != encoder.recipe.passage_prefix:
        return {}
    return {row.text: encoded[number] for number, row in enumerate(rows) if row.passage_id is None}
