"""Many new tabs of one network within minutes count as one person; whoever searches there is answered as ever."""

from __future__ import annotations

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from datetime import timedelta

from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.failed_searches import build_report
from handrail_feedback.storage.searches.votes import votes
from handrail_search.service.app import parts_of
from handrail_search.service.rate_limits import people
from handrail_search.service.rate_limits.people import ALONE, MOST_NETWORKS, People, network_of
from handrail_search.service.rate_limits.rules import client_of

BURST, WITHIN = ALONE[0]
A_DAY = ALONE[1][0]


class Clock:
    def __init__(self):
        self.at = 1000.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock():
    return Clock()


def crowds(counted, tabs, address="8.8.4.4"):
    return [counted.crowd_of(tab, client_of(address)) for tab in tabs]


def tabs(count, begin=0):
    return [f"tab-number-{number}" for number in range(begin, begin + count)]


@pytest.mark.parametrize(
    "addresses",
    [
        ["8.8.4.4"],
        ["8.8.4.4", "8.8.4.200", "8.8.4.7:4711"],
        ["2a00:1450::1", "2a00:1450::ffff:1", "[2a00:1450::2]:443"],
        ["::ffff:8.8.4.4", "64:ff9b::8.8.4.5", "8.8.4.6"],
    ],
)
def test_new_tabs_of_one_network_within_minutes_count_as_one_person(clock, addresses):
    counted = People(clock)
    found = [
        counted.crowd_of(tab, client_of(addresses[number % len(addresses)])) for number, tab in enumerate(tabs(100))
    ]
    assert found[:BURST] == [None] * BURST
    assert len(set(found[BURST:])) == 1
    assert found[-1] is not None


def test_a_tab_that_counts_for_itself_does_so_all_day_and_neighbours_are_untouched(clock):
    counted = People(clock)
    crowds(counted, tabs(100))
    clock.at += WITHIN / 2
    assert crowds(counted, tabs(BURST)) == [None] * BURST
    assert crowds(counted, tabs(1, 500), "8.8.5.4") == [None]


def test_a_network_adds_few_people_in_a_day_however_slowly_they_come(clock):
    counted, alone = People(clock), 0
    for number in range(140):
        alone += crowds(counted, tabs(1, number)) == [None]
        clock.at += WITHIN
    assert alone == A_DAY


def test_what_comes_without_a_tab_is_new_each_time(clock):
    counted = People(clock)
    assert len(set(crowds(counted, [None] * 50))) == 2


def test_after_a_day_nothing_is_left_of_networks_tabs_and_key(clock):
    counted = People(clock)
    crowds(counted, tabs(100))
    before, key = counted.crowd_of("tab-unseen", "8.8.4.4"), counted._key  # noqa: SLF001 (there must be none left)
    clock.at += 24 * 3600
    assert crowds(counted, tabs(BURST)) == [None] * BURST
    assert counted.crowd_of("tab-unseen", "8.8.4.4") != before
    assert counted._key != key  # noqa: SLF001


def test_no_address_and_no_tab_is_in_memory(clock):
    counted = People(clock)
    crowds(counted, tabs(3), "8.8.4.4")
    assert "8.8.4" not in str(vars(counted))
    assert "tab-number" not in str(vars(counted))


def test_made_up_networks_fill_no_memory(clock, monkeypatch):
    monkeypatch.setattr(people, "MOST_NETWORKS", 50)
    counted = People(clock)
    for number in range(200):
        counted.crowd_of("tab-tab-tab", f"8.8.{number}.1")
    assert len(counted._networks) == 50  # noqa: SLF001
    assert MOST_NETWORKS == 10_000


@pytest.mark.parametrize("client", ["unknown", "127.0.0.1", client_of("::1"), ""])
def test_where_no_network_is_known_everybody_counts_for_themselves(clock, client):
    assert network_of(client) is None
    counted = People(clock)
    assert {counted.crowd_of(tab, client) for tab in tabs(100)} == {None}


def test_a_script_with_a_hundred_tabs_is_few_people_and_is_answered_as_anybody(own_client, kept):
    answers = [
        own_client.get(
            "/api/search",
            query_string={"q": "purple elephants on ice", "tab": tab},
            environ_base={"REMOTE_ADDR": f"8.8.4.{number}"},
        )
        for number, tab in enumerate(tabs(100))
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({str(answer.json["results"]) for answer in answers}) == 1
    assert len(kept("intents")) == 100, "each search is kept"
    assert "8.8.4" not in str(kept("intents"))
    store, at = parts_of(own_client.application).store, now()
    [found] = build_report(store, Period(at - timedelta(hours=1), at + timedelta(hours=1))).failed
    assert (found.people, found.searches) == (BURST + 1, 100)


def test_a_hundred_votes_of_one_network_on_an_article_are_few_and_those_of_others_are_all_there(own_client):
    store = parts_of(own_client.application).store

    def vote(tab, address, helpful):
        sent = {"url": "/account/password/", "helpful": helpful, "tab": tab}
        answer = own_client.post("/api/feedback", json=sent, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 204

    for number, tab in enumerate(tabs(100)):
        vote(tab, "8.8.4.4", False)
        if number < 3:
            vote(f"neighbour-{number}", f"8.8.{number + 10}.4", True)
    counted = votes(store, now() - timedelta(hours=1), now() + timedelta(hours=1))
    assert sum(not one.helpful for one in counted) == BURST + 1
    assert sum(one.helpful for one in counted) == 3
