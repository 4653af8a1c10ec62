"""Which section of the right article a result opens."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from handrail_kb.site.built.passages import Page, Passage, read_page
from handrail_kb.site.built.site_info import SiteInfo
from handrail_search.commands.search import as_text
from handrail_search.embedding.encoder import Encoder
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index
from handrail_search.index.manifest import PassageRow
from handrail_search.ranking import sections as ranked
from handrail_search.ranking.learned import KnownAnswer
from handrail_search.ranking.searcher import Searcher
from handrail_search.ranking.sections import ScoredPassage, whole_first
from handrail_search.scoring.sections import NEARLY

from ..conftest import MODEL

TEXTS = {
    "": "A coffee machine needs care. This article describes all of it.",
    "clean": "Run the coffee machine empty with a spoon of citric acid, then twice with water.",
    "leak": "The coffee machine drips where the seal is worn. Order a new seal by its number, E-77.",
    "loud": "The coffee machine is noisy while it grinds. Tighten the two screws below the mill.",
}


def machine(**more) -> Page:
    passages = [
        Passage(f"coffee/#{anchor}" if anchor else "coffee/", anchor.title(), (), text)
        for anchor, text in TEXTS.items()
    ]
    return Page("coffee/", "Care of the coffee machine", (*more.pop("before", ()), *passages), **more)


@pytest.fixture
def opened(state):
    """Where a question leads: `opened(question, page)`; the page is indexed beside another one."""

    def at(question: str, page: Page, *known: KnownAnswer) -> str:
        other = Page("tea/", "Make tea", (Passage("tea/", "", (), "Boil water."),))
        searcher = Searcher.open(build_index([page, other], state, MODEL).folder)
        searcher.teach(known)
        [hit] = [one for one in searcher.search(question).hits if one.location.startswith("coffee/")]
        return hit.location

    return at


def test_the_section_that_holds_what_no_other_one_does_is_opened(opened):
    assert opened("coffee machine citric acid", machine()) == "coffee/#clean"
    assert opened("which screws of the coffee machine", machine()) == "coffee/#loud"
    assert opened("E-77", machine()) == "coffee/#leak"


def test_a_question_that_says_no_more_than_the_title_opens_the_beginning(opened):
    for question in ("Care of the coffee machine", "coffee machine care", "how do I care for a coffee machine"):
        assert opened(question, machine()) == "coffee/"


def test_a_section_of_links_alone_never_wins(opened):
    links = Passage("coffee/#see", "Which screws of the coffee machine", (), "The screws of the machine", True)
    assert opened("which screws of the coffee machine", machine(before=(links,))) == "coffee/#loud"


QUESTION = "water runs over the kitchen table in the morning"


def test_a_question_like_one_of_the_article_opens_the_section_that_its_writer_named(opened):
    page = machine(questions=(QUESTION,), answered_in=((QUESTION, "coffee/#loud"),))
    assert opened(QUESTION, page) == "coffee/#loud"
    assert opened("in the morning water runs over the table of my kitchen", page) == "coffee/#loud"
    assert opened("coffee machine citric acid", page) == "coffee/#clean"


def test_a_writer_may_name_the_beginning(opened):
    question = "the seal drips"
    page = machine(questions=(question,), answered_in=((question, "coffee/"),))
    assert opened(question, page) == "coffee/"


def test_a_section_that_is_not_there_is_as_if_none_was_named(opened):
    question = "the seal drips"
    page = machine(questions=(question,), answered_in=((question, "coffee/#gone"),))
    assert opened(question, page) == "coffee/#leak"


def test_each_question_of_an_article_has_the_section_nearest_to_it(state):
    page = machine(questions=("it drips", "the mill is so loud", "citric acid"))
    index = Searcher.open(build_index([page], state, MODEL).folder).index
    rows = [index.row_of_question(0, question) for question in page.questions]
    places = index.passages(index.answered_in[rows].tolist())
    assert [places[passage].location for passage in index.answered_in[rows]] == [
        "coffee/#leak",
        "coffee/#loud",
        "coffee/#clean",
    ]
    assert not index.answer_is_given[rows].any()


def test_a_question_near_a_learned_one_opens_its_section(state):
    """Asked alone, the question is as near to one section as to another; a learned one in clearer words tells."""
    index = Searcher.open(build_index([machine()], state, MODEL).folder)
    known = KnownAnswer("the seal drips in the morning", "coffee/", "agent", datetime(2026, 11, 22, tzinfo=UTC))
    asked = "morning drips"
    before = {one.location: one.score for one in index.search(asked).hits[0].sections}
    index.teach([known])
    hit = index.search(asked).hits[0]
    assert hit.location == "coffee/#leak"
    assert {one.location for one in hit.sections} <= {"coffee/", *(f"coffee/#{anchor}" for anchor in TEXTS)}
    assert before.keys() != set()


def test_a_page_without_any_text_is_still_a_result(state):
    empty = Page("coffee/", "Coffee machine", (), questions=("it drips",))
    hits = Searcher.open(build_index([empty], state, MODEL).folder).search("it drips").hits
    assert [hit.location for hit in hits] == ["coffee/"]


def test_front_matter_leads_to_a_section_from_the_page_to_the_result(opened):
    html = (
        '<html><body><main><h1 id="care">Care of the coffee machine</h1><p>All of it.</p>'
        '<h2 id="clean">Clean</h2><p>Citric acid.</p><h2 id="leak">Leaks</h2><p id="seal">A new seal.</p></main>'
    )
    facts = {"title": "Care of the coffee machine", "questions": [QUESTION], "sections": {QUESTION: "seal"}}
    page = read_page(html, "coffee/", SiteInfo(articles={"coffee/": facts}))
    assert page is not None
    assert opened(QUESTION, page) == "coffee/#leak"


PARTS = {
    "Prices": "A month costs five euros, a year fifty.",
    "When to call": "Somebody is there from nine to five.",
    "What goes wrong": "The light blinks red when the filter is full.",
    "Throw it away": "Bring it to the yard; it must not go into the bin.",
}


def appliances() -> list[Page]:
    return [
        Page(
            f"{name}/",
            f"Your {name}",
            tuple(
                Passage(f"{name}/#{number}", heading, (), f"{text} This is so for each {name}.")
                for number, (heading, text) in enumerate(PARTS.items())
            ),
        )
        for name in ("kettle", "toaster", "fridge", "oven", "lamp")
    ]


def margin(index: Index, encoder: Encoder, *, taught: bool) -> float:
    """How much nearer a question is to the section that answers it than to the others of its article."""
    asked = {"how much money": 0, "opening hours of your people": 1, "an alarm lamp flashes": 2, "recycling": 3}
    found = []
    for page in index.pages:
        for question, section in asked.items():
            vector = encoder.encode_query(f"{question} {page.title}")
            cosines = index.cosines_within(page.id, index.towards_sections(vector) if taught else vector)
            found.append(cosines[section] - np.delete(cosines, section).max())
    return float(np.mean(found))


def test_the_headings_of_a_site_teach_to_tell_its_sections_apart(state):
    searcher = Searcher.open(build_index(appliances(), state, MODEL).folder)
    assert margin(searcher.index, searcher.encoder, taught=True) > margin(
        searcher.index, searcher.encoder, taught=False
    )


def test_headings_that_were_encoded_before_are_not_encoded_again(state, monkeypatch):
    texts: list[str] = []
    encode = Encoder.encode_passages
    monkeypatch.setattr(Encoder, "encode_passages", lambda self, found: encode(self, _noted(found, texts)))
    first, *others = appliances()
    before = build_index([first, *others], state, MODEL)
    assert "Your kettle › Prices" in texts
    texts.clear()
    again = build_index([first, *others, machine()], state, MODEL)
    assert [text for text in texts if text.startswith("Your")] == []
    assert "Care of the coffee machine › Clean" in texts
    maps = [Searcher.open(built.folder).index for built in (before, again)]
    vector = np.eye(maps[0].vectors.dimensions, dtype=np.float32)[0]
    assert (maps[0].towards_sections(vector) != maps[1].towards_sections(vector)).any()


def _noted(found, texts):
    for text in found:
        texts.append(text)
        yield text


def test_explain_says_why_this_section_opens(state):
    page = machine(questions=(QUESTION,), answered_in=((QUESTION, "coffee/#loud"),))
    searcher = Searcher.open(build_index([page], state, MODEL).folder)

    def explained(question: str) -> str:
        return as_text(searcher.search(question), searcher, in_full=True)

    assert "a known question like this one leads here" in explained(QUESTION)
    said = explained("which seal by number E-77")
    assert "opens #leak with " in said
    assert "words that tell it from the other sections" in said
    assert "the code or quote stands here" in said
    assert "next in this article: " in said
    assert "opens its beginning with" in explained("care of the coffee machine")
    hit = searcher.search("which seal by number E-77").hits[0]
    assert sum(hit.why_section.values()) > hit.sections[0].score


# --- sections that others stand below


def scored(*sections: tuple[str, float], links: str = "-") -> list[ScoredPassage]:
    """Sections of an article by their trails, with what each reached; the one called `links` holds links only."""
    return [
        ScoredPassage(PassageRow(number, 0, f"x/#{number}", trail, "Text."), {"meaning": reached}, trail == links)
        for number, (trail, reached) in enumerate(sections)
    ]


def trails(sections: list[ScoredPassage]) -> list[str]:
    return [one.passage.heading for one in whole_first(sections)]


LITTLE, MUCH = NEARLY - 0.01, NEARLY + 0.01


def test_a_section_that_fits_nearly_as_well_as_one_below_it_opens():
    assert trails(scored(("Move › Back up", 0.5), ("Copy", 0.49), ("Move", 0.5 - LITTLE))) == [
        "Move",
        "Move › Back up",
        "Copy",
    ]


def test_a_section_that_fits_clearly_better_than_the_one_above_it_opens():
    found = scored(("Move › Back up", 0.5), ("Move", 0.5 - MUCH))
    assert whole_first(found) == found


def test_of_several_sections_above_the_best_the_outermost_opens():
    found = scored(("Move › Back up › By hand", 0.5), ("Move › Back up", 0.49), ("Move", 0.48))
    assert trails(found)[0] == "Move"
    apart = scored(("Move › Back up › By hand", 0.5), ("Move › Back up", 0.49), ("Move", 0.4))
    assert trails(apart)[0] == "Move › Back up"


def test_only_a_section_that_the_best_one_stands_below_takes_its_place():
    for other in ("Moving", "Move › Back up › By hand", "Copy", ""):
        found = scored(("Move › Back up", 0.5), (other, 0.49))
        assert whole_first(found) == found


def test_links_alone_do_not_open_for_what_stands_below_them():
    found = scored(("Move › Back up", 0.5), ("Move", 0.49), links="Move")
    assert whole_first(found) == found


def test_sections_that_much_speaks_against_are_compared_as_far_as_they_are_apart():
    found = scored(("Move › Back up", -0.1), ("Move", -0.4))
    assert whole_first(found) == found
    assert whole_first([]) == []


def test_explain_says_that_what_fits_best_stands_below_the_section_that_opens(state, monkeypatch):
    monkeypatch.setattr(ranked, "NEARLY", 1.0)
    page = Page(
        "coffee/",
        "Care of the coffee machine",
        (
            Passage("coffee/#mill", "The mill", (), "The mill has two parts."),
            Passage("coffee/#loud", "It is loud", ("The mill",), TEXTS["loud"]),
            Passage("coffee/#clean", "Clean", (), TEXTS["clean"]),
        ),
    )
    searcher = Searcher.open(build_index([page], state, MODEL).folder)
    results = searcher.search("which screws of the coffee machine")
    assert results.hits[0].location == "coffee/#mill"
    assert results.hits[0].sections[0].location == "coffee/#loud"
    assert "what fits best stands below it" in as_text(results, searcher, in_full=True)
