"""Messages that the desk shows as similar: how often they have the same answer, on half of the messages of each site.

The numbers of the product were chosen on the other half. A label is the article that somebody named as the answer, or
the company's intent. All messages of a half stand side by side, as many as a busy site has in a month.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from places import DEFAULT_ENCODER, EVALDATA, say
from sets import THUNDERBIRD, searcher

from handrail_search.adapters import similar
from handrail_search.embedding.weights import PACKAGED
from handrail_search.evaluation.judged import read_collection

Half = Literal["tune", "test"]
HALVES: tuple[Half, ...] = ("tune", "test")
_GERMAN_ENCODER = "multilingual-e5-small"


@dataclass(frozen=True)
class Site:
    """Messages of a site, those of one half; `labels` are what answers each, empty where nobody knows."""

    name: str
    texts: tuple[similar.Read, ...]
    labels: tuple[frozenset[str], ...]


def sites(half: Half) -> Iterator[Site]:
    """Every site's half: on a forum the earlier or the later one, else drawn from the words."""
    hint3 = EVALDATA / "hint3"
    yield _site("Thunderbird, forum posts", THUNDERBIRD, half)
    yield _site("CureKart", hint3 / "curekart", half)
    yield _site("PowerPlay11", hint3 / "powerplay11", half)
    yield _site("StackExchange FAQ", EVALDATA / "stackfaq", half)
    if _GERMAN_ENCODER in PACKAGED:
        yield _site(f"German FAQ, {_GERMAN_ENCODER}", EVALDATA / "german-covid-faq", half, _GERMAN_ENCODER)


def _site(name: str, folder: Path, half: Half, encoder: str = DEFAULT_ENCODER) -> Site:
    say(f"similar messages of {name}")
    collection = read_collection(folder)
    engine = searcher(collection, encoder)
    known = {question.id: frozenset(question.relevant) for question in collection.questions}
    rows = [row for row in _lines(folder / "queries.jsonl") if row["_id"] in known]
    if folder != THUNDERBIRD:  # whose other questions were asked about another program
        rows += _lines(folder / "oos_queries.jsonl")
    chosen = _half(rows, half)
    centre = engine.index.vectors.all_vectors().mean(axis=0)
    encode = engine.index.encoder().encode_query
    texts = (similar.beginning(f"{row['text']} {row.get('body', '')}") for row in chosen)
    read = tuple(similar.read(engine.index, encode(text), centre) for text in texts)
    return Site(name, read, tuple(known.get(row["_id"], frozenset()) for row in chosen))


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _half(rows: Sequence[dict[str, Any]], half: Half) -> list[dict[str, Any]]:
    if all("created" in row for row in rows):
        middle = len(rows) // 2
        ordered = sorted(rows, key=lambda row: (row["created"], row["_id"]))
        return ordered[:middle] if half == "tune" else ordered[middle:]
    return [row for row in rows if (zlib.crc32(row["text"].encode()) & 1) == (half == "test")]


def outcome(site: Site) -> dict[str, Any]:
    """What the desk shows of a site: the pairs, how many are right, and how many messages have any.

    Pairs of two messages without a label are left out. `right_at_least` takes all that has none for wrong.
    """
    found = similar.pairs_alike(site.texts)
    pairs = [(here, there) for here, near in enumerate(found) for there, _ in near]
    labels = [(site.labels[one], site.labels[other]) for one, other in pairs]
    judged = [bool(one & other) for one, other in labels if one and other]
    half_judged = [bool(one & other) for one, other in labels if one or other]
    return {
        "name": site.name,
        "messages": len(site.texts),
        "labelled": sum(map(bool, site.labels)),
        "pairs": len(judged),
        "right": float(np.mean(judged)) if judged else 0.0,
        "right_at_least": float(np.mean(half_judged)) if half_judged else 0.0,
        "have_any": float(np.mean([bool(near) for near in found])),
    }


def table_of(tuned: Sequence[dict[str, Any]], tested: Sequence[dict[str, Any]]) -> str:
    """The table of the help article."""
    columns = ("Messages of", "Messages", "Pairs", "Same answer", "At least", "Have any", "Where chosen")
    rows = (
        f"| {one['name']} | {one['messages']:,} ({one['labelled']:,}) | {one['pairs']:,} | **{one['right']:.2f}** | "
        f"{one['right_at_least']:.2f} | {one['have_any']:.2f} | {before['right']:.2f} |"
        for before, one in zip(tuned, tested, strict=True)
    )
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *rows])
