"""Answers every question with a list of articles and a verdict; what failed is named in the answer."""

from __future__ import annotations

import re
from collections.abc import MutableMapping, Sequence, Set
from dataclasses import replace
from pathlib import Path

import numpy as np

from handrail_kb.contact.sensitive_topics import PERSON
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.texts import short_language
from handrail_kb.texts.log.logger import Log
from handrail_search.embedding.encoder import Encoder
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.index.manifest import TRUSTED, PageRow, PassageRow
from handrail_search.index.twin_pages import related_to
from handrail_search.lexical.snippets import Marking, snippet
from handrail_search.lexical.stemming import words_in
from handrail_search.lexical.swearing import swears
from handrail_search.lexical.vocabulary import look_up
from handrail_search.ranking.answer.card import AnswerCard, card_blocks
from handrail_search.ranking.asking_back import what_it_may_mean
from handrail_search.ranking.evidence import Evidence
from handrail_search.ranking.learned import (
    ENOUGH_KNOWN_QUESTIONS,
    KnownAnswer,
    LearnedModel,
    LearnedQuestions,
    encode_known,
)
from handrail_search.ranking.list_end import best_in_another_language, end_of_list, with_strong_others
from handrail_search.ranking.results import Hit, Results, ResultSection, Verdict
from handrail_search.ranking.sections import ScoredPassage
from handrail_search.ranking.understanding import EncodeQuestion, Reader, Understood
from handrail_search.scoring.fusion import FULL, Scores, contributions, fuse, lifts, weights
from handrail_search.scoring.popularity import Popularity
from handrail_search.scoring.verdict import Bands, bands, confidence

log = Log(__name__)

MAX_QUESTION = 500
MAX_LIMIT = 50
MORE_SECTIONS = 2
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")


def clean_question(text: str) -> str:
    """A question as search reads it: no control characters or lone surrogates, one line, MAX_QUESTION characters."""
    return " ".join(_CONTROL.sub(" ", text[: 4 * MAX_QUESTION]).split())[:MAX_QUESTION].strip()


class Searcher:
    """Answers questions from one generation of the index. Thread-safe."""

    def __init__(self, index: Index, encoder: Encoder | None, *, missing: str | None = None) -> None:
        """Search `index`; without an `encoder` only words are searched and `missing` says why.

        `lesson` is what known questions taught last time, to be handed to a new Searcher of the same index.
        """
        self.index = index
        self._encoder = encoder
        self._missing = missing or (None if encoder else "encoder_unavailable")
        self._learned: LearnedQuestions | None = None
        self.lesson = LearnedModel()
        self.popularity: Popularity | None = None
        self.reader = Reader(index, encoder)
        pages, langs = index.pages, index.languages
        self._foreign_to = {lang: frozenset(one.id for one in pages if one.lang != lang) for lang in langs}

    @property
    def taught(self) -> int:
        """How many learned questions, of articles that are in the index, are in use."""
        return len(self._learned.known) if self._learned is not None else 0

    def teach(self, known: Sequence[KnownAnswer], *, known_vectors: MutableMapping[str, Vectors] | None = None) -> None:
        """Use these known questions from now on, replacing those taught before.

        Takes seconds for the first hundreds, because they are asked to find out what learning is worth on this site.
        `known_vectors` keeps the questions' vectors by text from one call to the next.
        """
        self.reader = Reader(self.index, self._encoder, [one.question for one in known])
        if self._encoder is None or not known:
            self._learned = None
            return
        vectors = encode_known(known, self._encoder, known_vectors)
        learned = LearnedQuestions(known, self.index, vectors, self.lesson)
        if not self.lesson.holds_for(learned.vouched):
            self.lesson = self._take_lesson(learned)
            learned = LearnedQuestions(known, self.index, vectors, self.lesson)
        self._learned = learned

    def _take_lesson(self, learned: LearnedQuestions) -> LearnedModel:
        """Ask each known question as if it were unknown, to find what learning is worth and where answers end."""
        if learned.vouched < ENOUGH_KNOWN_QUESTIONS:
            return LearnedModel()
        rows = learned.sample()
        base, nearness, coverages = [], [], []
        for row in rows:
            question = learned.known[row].question
            vector, _ = self._encode(question)
            finding = self._with_popularity(Evidence(self.index, question, vector, None))
            base.append(self._fuse(finding, vector))
            nearness.append(finding.nearness)
            coverages.append(finding.coverage())
        mix = learned.choose(rows, np.array(base), np.array(nearness))
        reached = map(confidence, nearness, coverages, learned.familiarity_without(rows))
        return LearnedModel(mix, bands(np.array(list(reached))), learned.vouched)

    @classmethod
    def open(cls, folder: Path) -> Searcher:
        """Open a generation; with a broken encoder only words are searched. Raises IndexUnusable."""
        index = Index(folder)
        try:
            return cls(index, index.encoder())
        except EncoderUnavailable as error:
            log("encoder.unavailable", reason=error)
            return cls(index, None, missing="encoder_unavailable")

    @property
    def encoder(self) -> Encoder | None:
        """The encoder of questions; None while only words are searched."""
        return self._encoder

    @property
    def missing(self) -> str | None:
        """Why meaning is not searched; None when it is."""
        return self._missing

    def vector_of(self, text: str) -> Vectors | None:
        """The vector of a question; None when it cannot be encoded."""
        return self._encode(text)[0]

    def search(
        self, question: str, *, limit: int = 10, lang: str = "", left_out: Set[str] = frozenset(), only_lang: str = ""
    ) -> Results:
        """The best articles for a question, at most `limit`, and whether they are an answer.

        Those in `lang`, or the question's own, come first. Those `left_out`, or not in `only_lang`, are none.
        """
        question, limit = clean_question(question), max(1, min(limit, MAX_LIMIT))
        if not self.index.pages or not words_in(question):  # signs alone ask for nothing
            return Results(question, "none", "hybrid", ())
        understood = self.reader.read(question, self._encode)
        vector, finding = understood.vector, self._evidence(understood, left_out, only_lang)
        scores, lifted, others, order, twins = self._rank(finding, vector, limit, self._foreign(only_lang, lang))
        verdict, confident, limits = self._verdict(finding, understood, order)
        topic, wants_person = self._topic(question, understood)
        may_mean = () if topic else what_it_may_mean(finding, understood, scores, others, near=verdict != "none")
        verdict = "weak" if may_mean else verdict  # there are articles, but which one?
        end = end_of_list(finding, order, scores, lifted, others, (verdict, topic), unreadable=understood.unreadable)
        hits = tuple(
            replace(self._hit(finding, page, scores, lifted, vector, twins.get(page, ()), page in others), fits=fits)
            for page, fits in zip(order, end.fits, strict=True)
        )
        return Results(
            query=question,
            verdict=verdict,
            mode="hybrid" if vector is not None else "words",
            hits=hits,
            degraded=understood.failed is not None,
            fallback_reason=understood.failed,
            corrected=understood.corrected,
            confidence=confident,
            bands=limits,
            sensitive_topic=topic,
            wants_person=wants_person,
            may_be_sensitive=vector is not None and self.index.sensitive_topics.notices(vector),
            end=end,
            answer=self._card(finding, order[0], hits[0]) if verdict == "answered" and topic is None else None,
            may_mean=may_mean,
            public=finding.public_numbers(),
        )

    def related(self, location: str) -> tuple[PageRow, ...]:
        """The pages that the reader of a page may want next, nearest first; none for an unknown page."""
        return tuple(self.index.pages[other] for other in related_to(self.index.db, location))

    def pages(self, question: str, *, limit: int = 10, without: int | None = None) -> tuple[str, ...]:
        """The pages that `search` would find, best first, without details: in a third of the time.

        `without` is a page that lists this very question: it is asked as if the page did not.
        """
        question = clean_question(question)
        if not question or not self.index.pages:
            return ()
        understood = self.reader.read(question, self._encode if without is None else self._known(without))
        finding = self._with_popularity(
            Evidence(self.index, understood.text, understood.vector, self._learned, understood.words, without)
        )
        _, _, _, order, _ = self._rank(finding, understood.vector, limit)
        return tuple(self.index.pages[page].location for page in order)

    def _with_popularity(self, finding: Evidence) -> Evidence:
        if self.popularity is not None and self.popularity.worth:
            finding.evidence["popularity"] = self.popularity.points
        return finding

    def _evidence(self, understood: Understood, left_out: Set[str], only_lang: str) -> Evidence:
        evidence = Evidence(self.index, understood.text, understood.vector, self._learned, understood.words)
        finding = self._with_popularity(evidence)
        foreign = self._foreign(only_lang)
        if left_out or foreign:
            finding.leave_out([one.id for one in self.index.pages if one.id in foreign or one.location in left_out])
        return finding

    def _rank(
        self, finding: Evidence, vector: Vectors | None, limit: int, foreign: Set[int] = frozenset()
    ) -> tuple[Scores, Scores, Set[int], list[int], dict[int, list[int]]]:
        """Every page's score, the boost's share of it, pages in other languages, the best `limit`, and near-duplicates.

        Others are those in other languages than the question where it is plainly in one, or else the `foreign` ones.
        """
        scores = self._fuse(finding, vector)
        lifted = self._lifts(finding, scores, vector)
        scores = scores + lifted
        best = best_in_another_language(finding, scores, foreign) if foreign else None
        others = foreign if best is None else self._foreign(self.index.pages[best].lang)
        order, twins = self._fold([page for page in self._order(scores, others) if finding.relevant[page]])
        return scores, lifted, others, with_strong_others(order, scores, others, limit), twins

    def _fuse(self, finding: Evidence, vector: Vectors | None) -> Scores:
        return fuse(finding.evidence, self._trust(vector), len(self.index.pages), self.index.manifest.endings)

    def _lifts(self, finding: Evidence, scores: Scores, vector: Vectors | None) -> Scores:
        """What boosts add: in full where an answer is certain, nothing where there is none."""
        if not self.index.boosted:
            return np.zeros_like(scores)
        confident, limits = self._confidence(finding, vector)
        sure = limits.confident - limits.none
        fit = (confident - limits.none) / sure if sure > 0 else float(confident >= limits.none)
        return lifts(finding.evidence, scores, self.index.boost, min(max(fit, 0.0), 1.0))

    def _foreign(self, lang: str, or_else: str = "") -> frozenset[int]:
        """Pages that are not in a language, where the site has pages that are; or else those not in the second one."""
        return self._foreign_to.get(short_language(lang)) or self._foreign_to.get(short_language(or_else), frozenset())

    def _order(self, scores: Scores, others: Set[int]) -> list[int]:
        """Pages best first, those in the reader's language before others; among equals the shortest address first."""
        order: list[int] = np.lexsort((self.index.address_lengths, -scores.round(9))).tolist()
        return sorted(order, key=lambda page: page in others)

    def _fold(self, order: Sequence[int]) -> tuple[list[int], dict[int, list[int]]]:
        """The best of each group of near-duplicates; the others by that one."""
        shown: dict[int, int] = {}
        folded: dict[int, list[int]] = {}
        for page in order:
            first = self.index.twin_of.get(page, page)
            if first in shown:
                folded.setdefault(shown[first], []).append(page)
            else:
                shown[first] = page
        return list(shown.values()), folded

    def _encode(self, question: str) -> tuple[Vectors | None, str | None]:
        if self._encoder is None:
            return None, self._missing
        try:
            return self._encoder.encode_query(question), None
        except EncoderUnavailable as error:
            log("encoder.failed", reason=error)
            return None, "encoder_failed"

    def _known(self, page_id: int) -> EncodeQuestion:
        """As `_encode`, but reuses the vector of a question of this page that was encoded when the index was made."""
        recipe = self.index.manifest.recipe

        def encode(text: str) -> tuple[Vectors | None, str | None]:
            row = self.index.row_of_question(page_id, text) if recipe.query_prefix == recipe.passage_prefix else None
            return (self.index.vectors.vector(row), None) if row is not None else self._encode(text)

        return encode

    def _trust(self, vector: Vectors | None) -> float:
        return self.index.manifest.trust if vector is not None else 0.0

    def _verdict(self, finding: Evidence, understood: Understood, order: Sequence[int]) -> tuple[Verdict, float, Bands]:
        """The verdict, its confidence, and the bands it was judged by."""
        verdict, confident, limits = self._judge(finding, order, understood.vector)
        named = order and (finding.is_keyword_of(order[0]) or finding.holds_error(order[0]))
        if verdict == "none" and (understood.unfinished or named):
            verdict = "weak"  # half a word is no question yet, and a keyword is an article's own name for its subject
        if understood.unreadable and confident < 1.0:
            verdict = "none"
        return verdict, confident, limits

    def _judge(self, finding: Evidence, order: Sequence[int], vector: Vectors | None) -> tuple[Verdict, float, Bands]:
        """The verdict on a question whose words are whole and can be read."""
        confident, limits = self._confidence(finding, vector)
        if not order:
            return "none", 0.0, limits
        first = order[0]
        if finding.is_asked_by_name(first) or finding.holds_what_is_asked(first):
            return "answered", 1.0, limits
        if finding.is_unknown_code:
            return "none", 0.0, limits
        certain = confident >= limits.confident and not finding.asks_for_unknown_code
        certain = certain and not finding.holds_another_code(first) and not finding.says_little
        verdict: Verdict = "none" if confident < limits.none else "answered" if certain else "weak"
        return verdict, round(confident, 4), limits

    def _topic(self, question: str, understood: Understood) -> tuple[str | None, bool]:
        """The sensitive topic of a question, and whether it asks for a person, which is its topic if it has no other.

        It is sensitive by its meaning; or it is anger where it curses and means none of the others.
        """
        topics, vector = self.index.sensitive_topics, understood.vector
        topic = topics.topic_of(vector) if vector is not None else None
        if topic is None and "anger" in topics.names and swears(question, self._is_word_of_site):
            topic = "anger"
        wants_person = self.reader.wants_person(question, understood)
        return topic or (PERSON if wants_person else None), wants_person

    def _is_word_of_site(self, folded: str) -> bool:
        return bool(look_up(self.index.db, [folded]))

    def _confidence(self, finding: Evidence, vector: Vectors | None) -> tuple[float, Bands]:
        """The confidence that there is an answer, and the bands for it: by words where meaning cannot be trusted."""
        floor = self.index.manifest.floor
        if vector is None or self._trust(vector) < TRUSTED:
            covered = max(finding.coverage().values(), default=0.0)
            return covered, Bands(floor.words_none, floor.words_confident)
        coverage = finding.coverage()
        learned = self._learned
        if learned is not None and learned.lesson.bands is not None:
            return confidence(finding.nearness, coverage, finding.familiarity), learned.lesson.bands
        return confidence(finding.nearness, coverage), Bands(floor.none, floor.confident)

    def _hit(
        self,
        finding: Evidence,
        page_id: int,
        scores: Scores,
        lifted: Scores,
        vector: Vectors | None,
        twins: Sequence[int],
        other_language: bool,
    ) -> Hit:
        page = self.index.pages[page_id]
        sections = finding.best_passages(page_id)
        first = sections[0].passage if sections else None
        marked = finding.marking
        share = weights(self._trust(vector), self.index.manifest.endings)
        return Hit(
            location=first.location if first else page.location,
            title=page.title,
            heading=first.heading.rpartition(" › ")[2] if first else "",
            breadcrumb=page.breadcrumb,
            snippet=snippet(_shown(first, page), marked),
            score=round(max(0.0, min(float(scores[page_id]) / FULL, 1.0)), 4),
            lang=page.lang,
            people_only=page.people_only,
            why={
                name: round(value, 4)
                for name, value in contributions(finding.evidence, page_id, share, float(lifted[page_id])).items()
            },
            sections=(*self._further(sections, marked), *(self._twin(twin) for twin in twins[:MORE_SECTIONS])),
            other_language=other_language,
            why_section={name: round(value, 4) for name, value in sections[0].why.items()} if sections else {},
        )

    def _card(self, finding: Evidence, page_id: int, first_hit: Hit) -> AnswerCard | None:
        """The answer itself, from the section that the first result opens; None where that section says nothing.

        Nor is there one where the first result is for people only, or waits behind the end of the list.
        """
        sections = finding.best_passages(page_id)
        if not sections or not first_hit.fits or first_hit.people_only:
            return None
        page, first = self.index.pages[page_id], sections[0].passage
        blocks = card_blocks(self.index.blocks_of(first.id), finding.asked_terms(), first.text)
        if not blocks:
            return None
        heading = first.heading.rpartition(" › ")[2]
        return AnswerCard(first.location, page.title, heading, page.breadcrumb, page.lang, blocks)

    def _further(self, sections: Sequence[ScoredPassage], marked: Marking | None) -> tuple[ResultSection, ...]:
        """What fits next in an article, after the section that opens."""
        return tuple(
            ResultSection(
                other.passage.location,
                other.passage.heading.rpartition(" › ")[2],
                snippet(other.passage.text, marked),
                round(other.score, 4),
            )
            for other in sections[1 : 1 + MORE_SECTIONS]
        )

    def _twin(self, page_id: int) -> ResultSection:
        """A near-duplicate page, as a further section of a result."""
        page = self.index.pages[page_id]
        return ResultSection(page.location, page.title, "", 0.0)


def _shown(passage: PassageRow | None, page: PageRow) -> str:
    return (passage.text if passage else "") or page.description
