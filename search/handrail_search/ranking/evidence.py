"""All evidence for one question, collected once: meaning, words, literals, titles, and learned questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt

from handrail_kb.language.normal_form import as_asked, same_signs
from handrail_search.embedding.encoder import USUAL_REACH
from handrail_search.embedding.vectors import Vectors
from handrail_search.index.generation import Index
from handrail_search.lexical import literals
from handrail_search.lexical.code_forms import with_any_signs, written_as
from handrail_search.lexical.function_words import is_greeting, little_among, says_little
from handrail_search.lexical.snippets import Marking, marking
from handrail_search.lexical.stemming import words_in
from handrail_search.lexical.words import AskedWord, marked
from handrail_search.ranking.answer.decisive import Asked
from handrail_search.ranking.learned import LearnedQuestions
from handrail_search.ranking.sections import ScoredPassage, SectionEvidence
from handrail_search.scoring.fusion import Scores, best_and_mean, saturate
from handrail_search.scoring.verdict import Familiarity

# Below this mean cosine, on the usual scale, the encoder's opinion is noise; an article then needs words in common.
_RELEVANT = 0.15
# Feedback from the nearest passages: one in a hundred of them, while no passage is nearer than this cosine.
_NEAR_ENOUGH = 0.7
_LEAST_FEEDBACK, _MOST_FEEDBACK = 5, 10


class Evidence:
    """All evidence for one question, collected once."""

    def __init__(
        self,
        index: Index,
        question: str,
        vector: Vectors | None,
        learned: LearnedQuestions | None,
        asked: Sequence[AskedWord] | None = None,
        without: int | None = None,
    ) -> None:
        """`asked` are the question's words where they were read before.

        `without` is a page whose listing of this very question is not counted, see `Searcher.pages`.
        """
        self.index = index
        self._without = without
        self._left_out: Set[int] = frozenset()
        self.question = question
        self.asked = index.words.read(index.db, question) if asked is None else asked
        self.sections = SectionEvidence(index, vector)
        little = little_among([word.text for word in self.asked], index.words.languages)
        self._telling = [word for word in self.asked if word.text not in little]
        pages = len(index.pages)
        self.evidence: dict[str, Scores] = {}
        # The best cosine of each page with the question as asked, on which verdicts are based.
        self.nearness = np.zeros(pages)
        self.familiarity: Familiarity | None = None
        if vector is not None:
            self._ask_meaning(vector, pages)
            if learned is not None:
                heard = learned.hear(question, vector, self.nearness)
                self.evidence |= heard.evidence
                self.familiarity = heard.familiarity
                self.sections.add_known(learned.answered_in(vector))
        self._ask_words(pages)
        self._ask_letters(pages)
        self.marking = self._marking()
        self._ask_titles(pages)
        self.relevant = self._relevant(pages)

    def leave_out(self, pages: Sequence[int]) -> None:
        """Go on as if the site did not have these pages: they are no results, and no reason to call a list answered."""
        self._left_out = frozenset(pages)
        stays = np.ones(len(self.index.pages), dtype=bool)
        stays[list(pages)] = False
        self.nearness = self.nearness * stays
        self.evidence = {name: scores * stays for name, scores in self.evidence.items()}
        self.relevant = self.relevant & stays

    def best_passages(self, page_id: int) -> list[ScoredPassage]:
        """The sections of a page that fit best, one passage each, best first; those with links only come last."""
        return self.sections.best_passages(page_id, self._telling)

    @property
    def says_little(self) -> bool:
        """Whether the question holds nothing but words that every question may hold: how to, who are you, bonjour.

        A greeting whose words all stand in articles is judged by them.
        """
        words = words_in(self.question)
        greets = is_greeting(words) and not all(word.known for word in self.asked)
        return greets or says_little(words, self.index.words.languages)

    def coverage(self) -> dict[int, float]:
        """How much of the question's words each page contains, 0..1; pages with none are left out."""
        covered = self.index.words.coverage(self.index.db, self.asked)
        return {page: share for page, share in covered.items() if page not in self._left_out}

    def is_asked_by_name(self, page_id: int) -> bool:
        """Whether the question is the page's title, or one that it is known to answer."""
        return any(
            self.evidence[name][page_id] > 0 for name in ("same_title", "same_question") if name in self.evidence
        )

    def is_keyword_of(self, page_id: int) -> bool:
        """Whether the whole question is a keyword or tag of this page and of no other: its writer expects it here."""
        return bool(self.evidence["keywords"][page_id] > 0.999)

    def asked_terms(self) -> Asked:
        """The question as it is compared with the parts of a section."""
        words, db = self.index.words, self.index.db
        little = little_among([word.text for word in self.asked], words.languages)
        told = [((*word.forms, *word.parts), words.rarity(db, word), word.text in little) for word in self.asked]
        return Asked.of(self.question, told, words.languages)

    def _marking(self) -> Marking | None:
        held = [one for code, held in self._codes if held for one in written_as(code)]
        found = marking(marked(self._telling), self.index.common_words, held)
        return found or marking(marked(self.asked), self.index.common_words, held)

    def _ask_meaning(self, vector: Vectors, pages: int) -> None:
        rows, cosines = self._nearest(vector)
        np.maximum.at(self.nearness, self.index.owner[rows], cosines)
        self.sections.add_questions(rows, cosines)
        broader = self._broaden(vector, rows, cosines)
        if broader is not None:
            rows, cosines = self._nearest(broader)
        best, mean = best_and_mean(rows, cosines, self.index.owner, pages)
        self.evidence["meaning_best"], self.evidence["meaning_mean"] = best, mean

    def _nearest(self, vector: Vectors) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Rows and cosines, best first, without that of the question that is not counted."""
        rows, cosines = self.index.vectors.nearest(vector)
        if self._without is None:
            return rows, cosines
        kept = rows != self.index.row_of_question(self._without, self.question)
        return rows[kept], cosines[kept]

    def _broaden(
        self, vector: Vectors, rows: npt.NDArray[np.int64], cosines: npt.NDArray[np.float32]
    ) -> Vectors | None:
        """The question moved towards its nearest passages, the more the less certain they are (Rocchio 1971).

        None where it is near enough already, or where the site has so few passages that a few are one article.
        """
        unsure = _NEAR_ENOUGH - float(cosines[0]) if len(cosines) else 0.0
        looked_at = min(len(self.index.owner) // 100, _MOST_FEEDBACK)
        if unsure <= 0 or looked_at < _LEAST_FEEDBACK:
            return None
        broader: Vectors = vector + unsure * self.index.vectors.mean(rows[:looked_at])
        return broader / np.linalg.norm(broader)

    def _ask_words(self, pages: int) -> None:
        unasked = None if self._without is None else (self._without, self.question)
        found = self.index.words.ask(self.index.db, self.asked, unasked)
        self.evidence["article_words"] = saturate(found.articles)
        self.evidence["title_words"] = saturate(found.titles)
        self.evidence["fragments"] = saturate(found.fragments)
        self.evidence["keywords"] = found.keywords
        bm25 = saturate(found.passages)
        best = np.zeros(pages)
        np.maximum.at(best, self.index.page_of_passage, bm25)
        self.evidence["passage_words"] = best
        self.sections.held = found.in_passages

    def _ask_letters(self, pages: int) -> None:
        """Codes, settings, file names and quotes, matched literally."""
        found = {
            literal: held
            for literal in literals.literals(self.question)
            if literal.distinguishes(held := self._find(literal), pages)
        }
        made_of = {token for literal, held in found.items() if held for token in literal.made_of}
        asked = [
            literal
            for literal, held in found.items()
            if (held or not literal.joined) and not (literal.text in made_of and not literal.phrase)
        ]
        in_letters = sum(len(set(words_in(literal.text))) for literal in asked)
        self.asks_for_letters = bool(asked) and len(self.asked) <= in_letters + 2
        self._errors = [found[literal] for literal in asked if literal.error]
        self._lacks_error = any(one.error and not found[one] and not self._stands_somewhere(one) for one in asked)
        self._codes = [(literal.text, found[literal]) for literal in asked if not literal.phrase]
        self.asks_for_unknown_code = self.asks_for_letters and not any(
            found[literal] or (not literal.phrase and literals.begins(self.index.db, literal.text, *literal.parts))
            for literal in asked
        )
        # wifi_password may be two words of the site.
        self.is_unknown_code = (
            self.asks_for_unknown_code
            and len(self.question.split()) == 1
            and not (all(word.known and not any(map(str.isdigit, word.text)) for word in self.asked))
        )
        exact = np.zeros(pages)
        for literal in asked:
            for page_id, one in found[literal].items():
                if page_id == self._without and not one.passages:  # it is the whole question
                    continue
                exact[page_id] += one.grade / len(asked)
                self.sections.letters[list(one.passages)] += 1.0
        self.evidence["exact"] = exact

    def holds_what_is_asked(self, page_id: int) -> bool:
        """Whether the question is little more than a code or quote, and the page contains it whole."""
        begun = any(held[page_id].begun for _, held in self._codes if page_id in held)
        return self.asks_for_letters and bool(self.evidence["exact"][page_id]) and not begun

    def holds_another_code(self, page_id: int) -> bool:
        """Whether the page contains a code that resembles or begins like one of the question, but not that one.

        So does any page where the question has the number or name of an error that no article holds.
        """
        if self._lacks_error:
            return True
        if self.asks_for_letters and not any(held for _, held in self._codes) and self._codes:
            return True  # at best the beginning or end of a code
        return any(
            held[page_id].begun if page_id in held else literals.holds_another(self.index.db, page_id, code)
            for code, held in self._codes
        )

    def public_numbers(self) -> tuple[str, ...]:
        """The codes of the question, with digits, that stand in an article: nobody's secret."""
        db, codes = self.index.db, (code for code, _ in self._codes)
        return tuple(one for one in codes if any(map(str.isdigit, one)) and literals.is_written(db, one))

    def holds_error(self, page_id: int) -> bool:
        """Whether the page contains the very error that the question names."""
        return any(page_id in held and not held[page_id].begun for held in self._errors)

    def _stands_somewhere(self, literal: literals.Literal) -> bool:
        """Whether any article contains the number or name of an error: so many may that it distinguishes nothing."""
        if literal.phrase:
            return any(word.known for word in self.asked if word.text == literal.error.lower())
        return literals.names_error(self.index.db, literal.error)

    def _find(self, literal: literals.Literal) -> Mapping[int, literals.LiteralMatch]:
        db, words = self.index.db, self.index.words
        if literal.phrase:
            return literals.find_phrase(db, literal.text, *words.passages_holding(db, literal.text))
        found = literals.find(db, literal, unfinished=same_signs(self.question).endswith(literal.text))
        if found or literal.joined or not (parts := with_any_signs(literal.text)):
            return found
        return literals.find_pattern(db, parts[1], *words.passages_holding(db, parts[0]))

    def _ask_titles(self, pages: int) -> None:
        same = np.zeros(pages)
        same[self.index.by_title.get(as_asked(self.question), [])] = 1.0
        self.evidence["same_title"] = same

    def _relevant(self, pages: int) -> npt.NDArray[np.bool_]:
        """Pages that have any evidence beyond the encoder's noise."""
        least = _RELEVANT * self.index.manifest.recipe.reach / USUAL_REACH
        found: npt.NDArray[np.bool_] = self.evidence.get("meaning_best", np.zeros(pages)) >= least
        for name in ("article_words", "exact", "same_question"):
            found |= self.evidence.get(name, np.zeros(pages)) > 0
        return found | (self.evidence.get("learned_near", np.zeros(pages)) >= least)
