from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import SearchEvent, Vote
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_feedback.topics.facts import Facts
from handrail_feedback.topics.listing import find_topic, list_topics, read_book
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.text import why_not_helped

from ..conftest import NOON, Asked, search

DAY = timedelta(days=1)
WEEK = Period(NOON - DAY, NOON + 6 * DAY)
PASSWORD = ("forgot my password", "how do I reset my password", "lost my password", "password does not work")


class Site:
    """Articles that know next to nothing: of one it is known that it leaves its matter to people."""

    asked: Mapping[str, int] = {}
    lang = "en"

    def spelled(self, words: str) -> str:
        return words.replace("pasword", "password")

    def title(self, location: str) -> str:
        return location.strip("/").title()

    def people_only(self, location: str) -> bool:
        return location == "bereavement/"

    def lacks(self, location: str, queries: Mapping[str, int]) -> tuple[str, ...]:
        self.asked = queries
        return ("forgot",) if location == "guide/reset/" else ()


@pytest.fixture
def facts(store: Store, log: SearchLog, asked: Asked):
    """What is told of everything that was searched."""

    def tell_all(period: Period = WEEK, **more: Any) -> list[Facts]:
        assert log.flush()
        refresh(store, Meaning("test", asked), NOON, regroup=True)
        found = list_topics(read_book(store), Site(), period, NOON, **more)
        return [one.facts for one in found.topics]

    return tell_all


def ask(log: SearchLog, query: str, tab: str | None, seconds: float = 0, **more: Any) -> str:
    one = search(query, seconds, tab, **{"verdict": "weak", **more})
    log.record(one)
    return one.search_id


def happen(log: SearchLog, search_id: str, *types: str, seconds: float = 10, location: str | None = None) -> None:
    for type_ in types:
        log.event(SearchEvent(search_id, type_, NOON + timedelta(seconds=seconds), location, 1 if location else None))  # type: ignore[arg-type]


def test_a_topic_is_named_with_words_that_a_customer_typed_short_and_often(log, facts) -> None:
    ask(log, "since yesterday evening I cannot remember my password and so I am not able to log in any more", "tab-1")
    for number in range(4):
        ask(log, "Forgot my password", f"tab-2{number}", 100)
    ask(log, "password", "tab-3", 200)
    [topic] = facts()
    assert topic.name == "Forgot my password"
    assert [(one.query, one.people) for one in topic.examples][:2] == [("Forgot my password", 4), ("password", 1)]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ({"password": 6, "how do I reset my password": 1}, "how do I reset my password"),
        ({"password": 9, "new password": 3, "send me a new password": 1}, "send me a new password"),
        ({"password": 3}, "password"),
        ({"{{ 7*7 }} --> password": 3, "forgot my password": 3}, "forgot my password"),
        ({"forgot my old password": 8, "I forgot my password": 2}, "forgot my old password"),
    ],
)
def test_a_topic_is_named_with_words_that_tell_something_before_a_frequent_short_one(log, facts, typed, name) -> None:
    for query, often in typed.items():
        for number in range(often):
            ask(log, query, f"tab-{query[:12]}{number}", 100 * number)
    [topic] = facts()
    assert topic.name == name


def test_a_topic_is_named_in_the_language_of_the_site_where_somebody_used_it(log, facts) -> None:
    for number in range(9):
        ask(log, "he olvidado mi password", f"tab-es{number}", 100 * number, lang="es")
    assert [topic.name for topic in facts()] == ["he olvidado mi password"]
    ask(log, "I forgot the password", "tab-en", 1000, lang="en-GB")
    assert [topic.name for topic in facts()] == ["I forgot the password"]


def test_a_name_is_spelled_as_the_articles_spell(log, facts) -> None:
    ask(log, "forgot my pasword password", "tab-a")
    [topic] = facts()
    assert topic.name == "forgot my password password"
    assert topic.examples[0].query == "forgot my pasword password"


def test_people_are_tabs_and_a_search_without_a_tab_is_one_more(log, facts) -> None:
    ask(log, PASSWORD[0], "tab-a")
    ask(log, PASSWORD[1], "tab-a", 600)
    ask(log, PASSWORD[2], None)
    ask(log, PASSWORD[3], None, 60)
    [topic] = facts()
    assert (topic.people, topic.searches) == (3, 4)
    assert topic.three_at == NOON + timedelta(seconds=60)


def test_each_search_has_one_next_step_and_they_add_up(log, facts) -> None:
    happen(log, ask(log, PASSWORD[0], "tab-a"), "click", "contact", location="guide/reset/")
    happen(log, ask(log, PASSWORD[1], "tab-b"), "click", location="guide/reset/")
    happen(log, ask(log, PASSWORD[2], "tab-c"), "left")
    ask(log, PASSWORD[3], "tab-d")
    log.record(search("sign in link", 45, "tab-d"))
    ask(log, "reset password", "tab-e")
    [topic] = facts()
    assert topic.next == {"contacted": 1, "clicked": 1, "left": 1, "rephrased": 1, "nothing known": 1}
    assert topic.searched_next == ("sign in link",)
    assert sum(topic.next.values()) == topic.searches == sum(topic.kinds.values())


def test_the_nearest_articles_come_with_their_mean_score_sections_taken_together(log, facts) -> None:
    ask(log, PASSWORD[0], "tab-a", results=("guide/reset/#one", "guide/reset/#two", "vat/"), scores=(0.6, 0.5, 0.2))
    ask(log, PASSWORD[1], "tab-b", results=("guide/reset/", "b/", "c/", "d/"), scores=(0.4, 0.3, 0.2, 0.1))
    [topic] = facts()
    first = topic.nearest[0]
    assert (first.location, first.title, first.shown, first.score) == ("guide/reset/", "Guide/Reset", 2, 0.5)
    assert "d/" not in [one.location for one in topic.nearest]


def test_an_article_behind_more_is_near_no_topic(log, facts) -> None:
    for number, query in enumerate(PASSWORD[:2]):
        ask(log, query, f"tab-{number}", results=("vat/", "guide/reset/"), scores=(0.6, 0.5), fits=(False, True))
    [topic] = facts()
    assert [(one.location, one.shown) for one in topic.nearest] == [("guide/reset/", 2)]


def test_searches_whose_list_showed_nothing_ask_for_an_article(log, facts) -> None:
    for number, query in enumerate(PASSWORD):
        ask(log, query, f"tab-{number}", verdict="weak", fits=(False, False))
    [topic] = facts()
    assert (topic.nearest, topic.suggestion, topic.article) == ((), "write", None)


@pytest.mark.parametrize(
    ("more", "suggestion", "article"),
    [
        ({"verdict": "none"}, "write", "guide/reset/"),
        ({"verdict": "none", "results": (), "scores": ()}, "write", None),
        ({"verdict": "weak"}, "reword", "guide/reset/"),
        ({"results": ("bereavement/",), "scores": (0.9,)}, "people", "bereavement/"),
    ],
)
def test_what_could_be_done_follows_from_what_was_near(log, facts, more, suggestion, article) -> None:
    for number, query in enumerate(PASSWORD):
        ask(log, query, f"tab-{number}", **more)
    [topic] = facts()
    assert (topic.suggestion, topic.article) == (suggestion, article)
    assert topic.lacks == (("forgot",) if suggestion == "reword" else ())


def test_an_article_that_was_read_and_did_not_help_is_to_be_fixed(log, facts) -> None:
    for number, query in enumerate(PASSWORD):
        one = ask(log, query, f"tab-{number}", verdict="answered")
        happen(log, one, "click", location="billing/vat/#how", seconds=3)
        happen(log, one, "said_no")
    [topic] = facts()
    assert (topic.suggestion, topic.article, topic.kinds) == ("fix", "billing/vat/", {"said_no": 4})


def test_what_half_of_the_people_write_about_is_one_for_people(log, facts) -> None:
    for number, query in enumerate(PASSWORD):
        one = ask(log, query, f"tab-{number}", verdict="none")
        if number < 2:
            happen(log, one, "contact")
    [topic] = facts()
    assert topic.suggestion == "people"


@pytest.mark.parametrize(
    ("before", "now", "trend"),
    [(0, 12, "new"), (4, 8, "growing"), (60, 4, "falling"), (40, 12, "steady"), (6, 3, "not enough data")],
)
def test_a_week_has_a_trend_beside_the_four_weeks_before_when_chance_would_hardly_do_it(
    log, facts, before: int, now: int, trend: str
) -> None:
    week = 7 * 86_400
    log.record(search("long before all of this", -5 * week, "tab-x"))
    for number in range(before):
        ask(log, PASSWORD[number % 4], f"tab-before-{number}", -4 * week + 6000 * number)
    for number in range(now):
        ask(log, PASSWORD[number % 4], f"tab-now-{number}", 60 * number)
    [topic] = facts()
    assert (topic.people, topic.trend) == (now, trend)
    assert topic.grew == now - before / 4


def test_numbers_are_shown_beside_as_long_a_time_and_chance_is_judged_by_a_longer_one(log, facts) -> None:
    week = 7 * 86_400
    log.record(search("long before all of this", -5 * week, "tab-x"))
    for number in range(30):
        ask(log, PASSWORD[number % 4], f"tab-before-{number}", -4 * week + 60 * number)
    for number in range(3):
        ask(log, PASSWORD[number % 4], f"tab-lately-{number}", -3 * 86_400 + 60 * number)
        ask(log, PASSWORD[number % 4], f"tab-now-{number}", 60 * number)
    [topic] = facts()
    assert (topic.people, topic.people_before) == (3, 3)
    assert topic.grew == 3 - 33 / 4


def test_a_period_is_beside_as_long_a_time_or_the_same_days_of_last_year() -> None:
    assert WEEK.before == Period(WEEK.since - timedelta(days=7), WEEK.since)
    assert WEEK.baseline == Period(WEEK.since - timedelta(days=28), WEEK.since)
    month = Period(NOON - timedelta(days=30), NOON)
    assert month.before == month.baseline == Period(NOON - timedelta(days=60), month.since)
    last_year = Period(WEEK.since, WEEK.until, year_before=True).before
    assert last_year.length == WEEK.length
    assert last_year.since.weekday() == WEEK.since.weekday()
    assert WEEK.since - last_year.since == timedelta(days=364)


def test_there_is_no_trend_where_nothing_is_known_of_the_period_before(log, facts) -> None:
    for number in range(30):
        ask(log, PASSWORD[number % 4], f"tab-{number}", 60 * number)
    assert facts()[0].trend == "not enough data"


def test_topics_of_fewer_people_than_asked_for_are_not_told_and_the_others_come_by_people(log, facts) -> None:
    ask(log, "where is my invoice", "tab-i")
    for number, query in enumerate(PASSWORD):
        ask(log, query, f"tab-{number}")
    ask(log, "program crashes at startup", "tab-c1")
    ask(log, "program crashes when it starts up", "tab-c2")
    assert [topic.people for topic in facts()] == [4, 2, 1]
    assert [topic.people for topic in facts(least=2)] == [4, 2]


def test_a_topic_that_nobody_searched_in_this_period_can_be_told_by_its_number(store, log, facts) -> None:
    ask(log, PASSWORD[0], "tab-a")
    later = Period(NOON + 20 * DAY, NOON + 27 * DAY)
    assert facts(later) == []
    found = find_topic(read_book(store), Site(), 1, later, NOON)
    assert found
    assert (found.facts.people, found.facts.name) == (0, PASSWORD[0])
    assert found.facts.examples[0].query == PASSWORD[0]
    assert find_topic(read_book(store), Site(), 99, later, NOON) is None


def test_a_topic_says_why_the_article_did_not_help(store: Store, log: SearchLog, facts) -> None:
    for number, query in enumerate(PASSWORD):
        search_id = ask(log, query, f"tab-{number}", verdict="answered")
        happen(log, search_id, "click", "said_no", location="guide/reset/")
        reasons = ("outdated",) if number < 3 else ("outdated", "rule")
        keep_vote(store, Vote("guide/reset/", False, NOON, search_id=search_id, tab=f"tab-{number}", reasons=reasons))
    [one] = facts()
    assert why_not_helped(one, 3) == (
        "4 said: It is wrong or out of date; <3 said: I understand it, but I do not like the rule"
    )
