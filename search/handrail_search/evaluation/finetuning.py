"""Trains an encoder on a site's own questions, so that each comes nearer to the passage that answers it.

Each question is compared with the passages of the others in its batch (MultipleNegativesRankingLoss of
sentence-transformers; Henderson et al. 2017). docs/architecture/learning/0022-tuning.md has the measurements for
the parameters. Knows neither stores nor whether the result is any better.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handrail_kb.site.built.passages import Page
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.export import load_original
from handrail_search.index.build import Progress, passage_text
from handrail_search.index.generation import Index
from handrail_search.ranking.learned import KnownAnswer

# The cosine given to passages that must not count against a question.
_HIDDEN = -1.0
_BEST_PASSAGES = 2
_WARM_UP = 0.1
_SEED = 20261122


@dataclass(frozen=True)
class TrainingExample:
    """A question and passages of one article that answer it, best first; `articles` are all that answer it."""

    question: str
    passages: tuple[str, ...]
    article: int
    articles: frozenset[int]


@dataclass(frozen=True)
class Course:
    """The parameters of training. Passages are cut to `tokens` word pieces, because they take most of the time."""

    rounds: int = 2
    batch: int = 16
    rate: float = 2e-5
    tokens: int = 128
    minutes: float = 10.0
    most_steps: int = 2_000
    threads: int = 2

    def steps(self, examples: int) -> int:
        """How many steps the training takes if there is time."""
        return min(self.rounds * math.ceil(examples / self.batch), self.most_steps)


def examples(
    known: Sequence[KnownAnswer], pages: Sequence[Page], index: Index, encoder: Encoder
) -> list[TrainingExample]:
    """Examples to learn from: known questions, and those that articles list, with their best passages.

    `pages` are those that the index was made of, in the same order.
    """
    page_of = {page.location: number for number, page in enumerate(pages)}
    answers: dict[str, set[int]] = {}
    for one in known:
        if one.location in page_of:
            answers.setdefault(one.question, set()).add(page_of[one.location])
    for number, page in enumerate(pages):
        for question in page.questions:
            answers.setdefault(question, set()).add(number)
    texts = [passage_text(page, passage) for page in pages for passage in page.passages]
    rows = np.flatnonzero(index.passage_of_row >= 0)
    vectors, owner = index.vectors.all_vectors()[rows], index.owner[rows]
    found = []
    for question, articles in answers.items():
        cosines = vectors @ encoder.encode_query(question)
        for article in sorted(articles):
            own = np.flatnonzero(owner == article)
            best = own[np.argsort(-cosines[own], kind="stable")][:_BEST_PASSAGES].tolist()
            if best:
                passages = tuple(texts[row] for row in best)
                found.append(TrainingExample(question, passages, article, frozenset(articles)))
    return found


def train(
    source: Path,
    target: Path,
    lessons: Sequence[TrainingExample],
    course: Course,
    prefixes: tuple[str, str],
    progress: Progress,
) -> int:
    """Train the sentence-transformers model in `source`, write it to `target`, and say how many steps it took.

    `prefixes` go before questions and before passages. Ends when the time is up. Raises EncoderUnavailable.
    """
    # Threads that spin while they wait take the processor away from the service on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    model = load_original(source)
    import torch  # imported here because it takes seconds to load and nothing else needs it

    torch.manual_seed(_SEED)
    torch.set_num_threads(max(1, min(course.threads, os.cpu_count() or 1)))
    longest, model.max_seq_length = model.max_seq_length, min(course.tokens, model.max_seq_length or course.tokens)
    steps = _run(model, lessons, course, prefixes, progress)
    model.max_seq_length = longest
    model.eval().save_pretrained(str(target), create_model_card=False)
    return steps


def _run(
    model: Any, lessons: Sequence[TrainingExample], course: Course, prefixes: tuple[str, str], progress: Progress
) -> int:
    import torch

    loss = _Loss(model)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=course.rate, weight_decay=0.01)
    total, began = course.steps(len(lessons)), time.monotonic()
    model.train()
    for step, batch in enumerate(_batches(lessons, course.batch, total)):
        # Whether the steps or the time run out first, the learning rate becomes small towards the end.
        spent = max(step / total, (time.monotonic() - began) / (60 * course.minutes))
        if spent >= 1:
            return step
        for group in optimizer.param_groups:
            group["lr"] = course.rate * min((spent + 1 / total) / _WARM_UP, (1 - spent) / (1 - _WARM_UP), 1.0)
        optimizer.zero_grad()
        loss(batch, prefixes).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        progress(step + 1, total)
    return total


_Chosen = tuple[TrainingExample, str]


def _batches(lessons: Sequence[TrainingExample], size: int, count: int) -> Iterator[list[_Chosen]]:
    """The given number of batches: all examples in a new order each round, each time with one of its best passages."""
    chance = random.Random(_SEED)  # noqa: S311 (no secret)
    waiting: list[TrainingExample] = []
    for _ in range(count):
        if not waiting:
            waiting = chance.sample(list(lessons), len(lessons))
        batch, waiting = waiting[:size], waiting[size:]
        yield [(example, chance.choice(example.passages)) for example in batch]


class _Loss:
    """The loss of a batch. Other passages of an article that answers a question do not count against it."""

    def __init__(self, model: Any) -> None:
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        self._model = model
        self._hidden: Any = None
        self._loss = MultipleNegativesRankingLoss(model, similarity_fct=self._similarity)

    def __call__(self, batch: Sequence[_Chosen], prefixes: tuple[str, str]) -> Any:
        import torch

        columns = ([example.question for example, _ in batch], [passage for _, passage in batch])
        self._hidden = torch.tensor(
            [
                [other.article in example.articles and row != column for column, (other, _) in enumerate(batch)]
                for row, (example, _) in enumerate(batch)
            ]
        )
        features = [
            dict(self._model.preprocess([prefix + text for text in column]))
            for prefix, column in zip(prefixes, columns, strict=True)
        ]
        return self._loss(features, None)

    def _similarity(self, questions: Any, passages: Any) -> Any:
        from sentence_transformers.util import cos_sim

        return cos_sim(questions, passages).masked_fill(self._hidden, _HIDDEN)
