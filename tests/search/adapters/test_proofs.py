"""What proves an answer, and what is mailed as one, is what the list shows at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handrail_feedback.contracts import Past, PastAnswer
from handrail_search.adapters.proofs import answer_of, asking, may_notify, outcome_of

# Each has an answer, and fewer articles that fit than search has found.
ASKED = ("I forgot my password", "where are my invoices", "can I have a refund")


def pages(hits):
    return list(dict.fromkeys(hit.location.partition("#")[0] for hit in hits))


@pytest.fixture(params=ASKED)
def results(request, searcher):
    found = searcher.search(request.param, limit=10)
    assert 0 < len(found.shown) < len(found.hits)
    return found


def test_no_article_behind_show_more_is_mailed_to_whoever_asked(results):
    mailed = {article.location for article in may_notify(results, len(results.hits))}
    assert mailed
    assert mailed <= {hit.location for hit in results.shown}


def test_what_the_list_ends_before_is_not_found(results):
    assert list(outcome_of(results).pages) == pages(results.shown)


@pytest.mark.parametrize("question", ASKED)
def test_a_past_question_is_answered_with_what_its_list_shows_today(searcher, question):
    past = Past(question, "en", 1, 1, 1, None, PastAnswer("none", ()))
    shown = searcher.search(question, limit=10, lang="en").shown
    answer = answer_of(searcher, past)
    assert list(answer.outcome.pages) == list(asking(searcher)(past).pages) == pages(shown)
    assert {article.location for article in answer.may_tell} <= {hit.location for hit in shown}


def test_where_nothing_is_shown_nothing_is_found_however_sure_the_verdict(results):
    hidden = replace(results, hits=tuple(replace(hit, fits=False) for hit in results.hits))
    assert (results.verdict, may_notify(hidden, 3)) == ("answered", ())
    past = Past(results.query, "en", 1, 1, 1, None, PastAnswer("none", ()))
    assert past.is_good(outcome_of(results))
    assert not past.is_good(outcome_of(hidden))
