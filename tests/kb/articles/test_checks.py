"""What `handrail check` says of articles."""

from __future__ import annotations

from datetime import date

import pytest

from handrail_kb.articles.article import parse_article
from handrail_kb.articles.checks import check_articles

FRONT = "---\ntitle: Feeds\n---\n"


def said(body):
    problems = check_articles([parse_article("feeds.md", FRONT + body)], date(2026, 11, 22))
    return [(problem.line, problem.what) for problem in problems]


def test_a_tag_that_hides_the_rest_of_an_article_is_named_with_its_line():
    [(line, what)] = said("First.\n\nAlso, <title> and <link> are needed.\n\nNever seen.\n")
    assert line == 6
    assert "<title> is never closed" in what and "`<title>` in backticks" in what


@pytest.mark.parametrize(
    "body",
    [
        "`<title>` in backticks",
        "```html\n<title>\n```\n",
        "    <title>\n",
        "<textarea>closed</textarea>",
        "<titles> and <link>",
        "<!-- <script> -->",
    ],
)
def test_tags_that_hide_nothing_are_left_alone(body):
    assert said(body) == []


def test_a_draft_whose_gaps_are_still_there_is_named_before_customers_find_it():
    [(line, what)] = said("# Shipping\n\nHow we ship.\n\n## Step by step\n\n1. …\n")
    assert line == 10
    assert "where words should be" in what
    assert [line for line, _ in said("# Shipping\n\n…\n")] == [6]
    assert said("Look in … the folder, then wait …\n\n```\n…\n```\n") == []
