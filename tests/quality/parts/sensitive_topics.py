"""Sensitive topics: sentences that nothing was learned from or tuned on, and customers' ordinary questions.

The sentences (`tests/golden/sensitive_topics`) were written by somebody who had not seen those that come with
Handrail; half of the ordinary ones sound alike on purpose. The stories tell what happened to somebody, in places that
no sentence of those that come with Handrail is about. Real customers' questions are those of Thunderbird's forum, with
the floor that its own titles give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from places import DEFAULT_ENCODER, EVALDATA, ROOT, say, state

from handrail_kb.contact.sensitive_topics import BUILT_IN
from handrail_kb.errors import EncoderUnavailable
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.export import ensure_exported
from handrail_search.embedding.weights import PACKAGED
from handrail_search.evaluation.judged import read_collection
from handrail_search.evaluation.metrics import Sample, intervals
from handrail_search.index.sensitive_topics import TopicClassifier, learn_sensitive_topics, lesson

GOLDEN = ROOT / "tests" / "golden" / "sensitive_topics"
_NAMES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}


def sensitive_topics() -> dict[str, Any]:
    """How often they are noticed in each language, and how often what is ordinary is taken for one."""
    rows = []
    for model in PACKAGED:
        try:
            encoder = Encoder(ensure_exported(model, state("encoder")))
        except EncoderUnavailable as error:
            say(f"sensitive topics, {model}: skipped. {error.what}")
            continue
        langs = ("en",) if model == DEFAULT_ENCODER else tuple(_NAMES)
        sense = learn_sensitive_topics(lesson(dict.fromkeys(BUILT_IN, ()), langs), encoder.encode_queries, "")
        titles, asked = _thunderbird(encoder)
        site = sense.fitted(titles)
        rows += [_row(model, lang, site, encoder, asked if lang == "en" else None) for lang in langs]
    return {"topics": rows}


def _row(model: str, lang: str, sense: TopicClassifier, encoder: Encoder, asked: np.ndarray | None) -> dict[str, Any]:
    say(f"sensitive topics, {model}, {_NAMES[lang]}")
    sentences, stories = _told(encoder, lang, "sentences"), _told(encoder, lang, "stories")
    row = {"encoder": model, "language": _NAMES[lang]}
    for name, told in (("", sentences), ("stories_", stories)):
        meant = [vector for topic, vector in told if topic != "none"]
        ordinary = [vector for topic, vector in told if topic == "none"]
        row |= {
            f"{name}caught": _share([sense.notices(vector) for vector in meant]),
            f"{name}surely": _share([sense.topic_of(vector) is not None for vector in meant]),
            f"{name}ordinary": _share([sense.notices(vector) for vector in ordinary]),
            f"{name}told": _share([sense.topic_of(vector) is not None for vector in ordinary]),
        }
    if asked is not None:
        row["asked"] = _share([sense.notices(vector) for vector in asked])
        row["asked_told"] = _share([sense.topic_of(vector) is not None for vector in asked])
    return row


def _told(encoder: Encoder, lang: str, name: str) -> list[tuple[str, np.ndarray]]:
    """The topic and the vector of each sentence of a file in one language."""
    rows = [line.split("\t") for line in (GOLDEN / f"{name}.tsv").read_text(encoding="utf-8").splitlines()]
    return [(topic, encoder.encode_query(text)) for topic, spoken, text in rows if spoken == lang]


def _share(found: Sequence[bool]) -> dict[str, Any]:
    noticed = np.array(found, dtype=float)
    share = intervals(Sample({"share": noticed}, {}, np.zeros(len(noticed)), np.zeros(0)))["share"]
    return {**asdict(share), "of": len(noticed)}


def _thunderbird(encoder: Encoder) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of the articles' titles and of customers' questions; none of either where there are no such data."""
    if not EVALDATA.is_dir():
        return np.zeros((0, encoder.recipe.dimensions)), np.zeros((0, encoder.recipe.dimensions))
    collection = read_collection(EVALDATA / "sumo-thunderbird-dev")
    titles = [page.title for page in collection.pages]
    asked = [question.text for question in collection.questions]
    return tuple(np.stack([encoder.encode_query(text) for text in texts]) for texts in (titles, asked))
