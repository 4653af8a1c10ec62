"""What leads do to topics lasts: whatever is grouped anew, a merge, a split, a move and a name stay."""

from __future__ import annotations

from itertools import count

import pytest

from handrail_feedback.records.topics import Member
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.decisions import decide, history
from handrail_feedback.storage.searches.intents import erase_old
from handrail_feedback.storage.searches.lineage import lineage_state, merged_into, recorded
from handrail_feedback.storage.searches.topic_edits import EditedMeanwhile, merge, move, names, rename, split, undo_edit
from handrail_feedback.storage.searches.topics import failed_searches, last_grouping, members, write_grouping
from handrail_feedback.storage.searches.triage import comment, comments
from handrail_kb.errors import HandrailError

from ..conftest import NOON, Asked
from .test_topics import CRASH, DAY, INVOICE, PASSWORD, topic_with, update, words_by_topic

_forms = count(1)


def token() -> str:
    return f"form-{next(_forms)}"


@pytest.fixture
def three(store: Store, fail, asked: Asked) -> None:
    fail([*PASSWORD, *INVOICE, *CRASH])
    update(store, asked)


def searches(store: Store, *words: str) -> list[Member]:
    return [one for one in failed_searches(store) if one.query in words]


def keys(store: Store, *words: str) -> set:
    return {one.key for one in searches(store, *words)}


def do_merge(store: Store, topic: int, other: int) -> int:
    return merge(store, topic, other, "ana", NOON, token=token())


def do_split(store: Store, *words: str) -> int:
    """The number of the topic that these words are taken into."""
    split(store, topic_with(store, words[0]), keys(store, *words), "ana", NOON, token=token())
    return topic_with(store, words[0])


def do_move(store: Store, other: int, *words: str) -> int:
    return move(store, topic_with(store, words[0]), other, keys(store, *words), "ana", NOON, token=token())


def test_a_merge_lasts_through_regrouping_and_takes_in_what_is_searched_later(store, fail, asked, three):
    crash, invoice = topic_with(store, CRASH[0]), topic_with(store, INVOICE[0])
    do_merge(store, crash, invoice)
    assert words_by_topic(store)[invoice] == {*CRASH, *INVOICE} and merged_into(store) == {crash: invoice}
    fail(["crash after the update"], day=1)
    assert update(store, asked, day=1).how == "joined"
    assert topic_with(store, "crash after the update") == invoice
    for day in (2, 3):
        update(store, asked, day=day, regroup=True)
        assert words_by_topic(store)[invoice] == {*CRASH, *INVOICE, "crash after the update"}


def test_what_was_said_and_decided_on_a_merged_topic_counts_for_the_other_and_comes_back_with_it(store, asked, three):
    crash, invoice = topic_with(store, CRASH[0]), topic_with(store, INVOICE[0])
    comment(store, crash, "seen on Windows", "ben", NOON, token())
    decide(store, crash, "writing", "ben", NOON)
    deed = do_merge(store, crash, invoice)
    assert list(history(store)) == [invoice] and len(comments(store, invoice)) == 1
    update(store, asked, day=1, regroup=True)
    assert undo_edit(store, deed, "ana", NOON)
    assert list(history(store)) == [crash] and comments(store, invoice) == []
    assert words_by_topic(store)[crash] == set(CRASH)
    update(store, asked, day=2, regroup=True)
    assert words_by_topic(store)[crash] == set(CRASH)


def test_a_merge_of_a_merge_is_one_topic_and_is_undone_one_by_one(store, asked, three):
    password, invoice, crash = (topic_with(store, words[0]) for words in (PASSWORD, INVOICE, CRASH))
    first, second = do_merge(store, crash, invoice), do_merge(store, invoice, password)
    update(store, asked, day=1, regroup=True)
    assert words_by_topic(store) == {password: {*PASSWORD, *INVOICE, *CRASH}}
    undo_edit(store, second, "ana", NOON)
    assert words_by_topic(store)[invoice] == {*INVOICE, *CRASH}
    undo_edit(store, first, "ana", NOON)
    assert set(words_by_topic(store)) == {password, invoice, crash}


def test_a_split_lasts_through_regrouping_and_keeps_the_same_words_searched_later(store, fail, asked, three):
    old = topic_with(store, PASSWORD[0])
    made = do_split(store, PASSWORD[0], PASSWORD[1])
    assert made not in (old, *map(int, range(1, old)))
    fail([PASSWORD[0]], day=1)
    update(store, asked, day=1)
    update(store, asked, day=2, regroup=True)
    assert words_by_topic(store)[made] == {PASSWORD[0], PASSWORD[1]}
    assert words_by_topic(store)[old] == {PASSWORD[2]}
    assert sum(place.topic == made for place in members(store).values()) == 3


def test_a_split_that_is_undone_is_one_topic_again_with_what_came_since(store, fail, asked, three):
    old = topic_with(store, PASSWORD[0])
    made = do_split(store, PASSWORD[0])
    decide(store, made, "spam", "ben", NOON)
    fail([PASSWORD[0]], day=1)
    update(store, asked, day=1)
    [event] = recorded(store)
    undo_edit(store, event.id, "ben", NOON)
    update(store, asked, day=2, regroup=True)
    assert words_by_topic(store)[old] == set(PASSWORD)
    assert list(history(store)) == [old]
    [event] = recorded(store)
    assert (event.who, event.undone_by) == ("ana", "ben")


def test_a_search_that_was_moved_stays_where_it_was_moved(store, fail, asked, three):
    password, invoice = topic_with(store, PASSWORD[0]), topic_with(store, INVOICE[0])
    deed = do_move(store, invoice, PASSWORD[2])
    update(store, asked, day=1, regroup=True)
    fail([PASSWORD[2]], day=2)
    update(store, asked, day=2)
    assert words_by_topic(store)[invoice] == {*INVOICE, PASSWORD[2]}
    undo_edit(store, deed, "ana", NOON)
    update(store, asked, day=3, regroup=True)
    assert words_by_topic(store)[password] == set(PASSWORD)


def test_a_search_that_was_moved_twice_goes_back_once(store, asked, three):
    password, invoice, crash = (topic_with(store, words[0]) for words in (PASSWORD, INVOICE, CRASH))
    do_move(store, invoice, PASSWORD[2])
    second = do_move(store, crash, PASSWORD[2])
    undo_edit(store, second, "ana", NOON)
    update(store, asked, day=1, regroup=True)
    assert words_by_topic(store)[invoice] == {*INVOICE, PASSWORD[2]} and password in words_by_topic(store)


def test_a_topic_with_nothing_left_but_what_was_moved_into_it_lives(store, fail, asked, log):
    fail(INVOICE)
    fail(PASSWORD, day=20)
    update(store, asked, day=20)
    invoice = topic_with(store, INVOICE[0])
    do_move(store, invoice, PASSWORD[2])
    erase_old(store, NOON + 10 * DAY, NOON + 30 * DAY)
    update(store, asked, day=21, regroup=True)
    assert words_by_topic(store)[invoice] == {PASSWORD[2]}
    assert decide(store, invoice, "spam", "ana", NOON).topic == invoice


def test_erased_searches_leave_nothing_in_what_was_split(store, fail, asked, three):
    made = do_split(store, PASSWORD[0])
    erase_old(store, NOON + 10 * DAY, NOON + 30 * DAY)
    assert made not in words_by_topic(store) and members(store) == {}
    fail(INVOICE, day=11)
    update(store, asked, day=11, regroup=True)
    assert list(words_by_topic(store).values()) == [set(INVOICE)]


def test_grouping_that_began_before_a_lead_changed_topics_is_not_written(store, three):
    deeds, last = lineage_state(store), last_grouping(store)
    do_split(store, PASSWORD[0])
    assert last and not write_grouping(store, [], [], [], last, last, deeds)
    assert len(members(store)) == 9


def test_whoever_comes_second_is_told_and_changes_nothing(store, three):
    password, invoice, crash = (topic_with(store, words[0]) for words in (PASSWORD, INVOICE, CRASH))
    before = keys(store, PASSWORD[0])
    merge(store, crash, invoice, "ben", NOON, token=token())
    with pytest.raises(EditedMeanwhile, match=f"ben merged topic {crash} into topic {invoice}"):
        do_merge(store, crash, password)
    with pytest.raises(EditedMeanwhile, match=f"ben merged topic {crash}"):
        do_move(store, crash, PASSWORD[0])
    made = do_split(store, PASSWORD[0])
    with pytest.raises(EditedMeanwhile, match=f"went to topic {made}"):
        move(store, password, invoice, before, "ben", NOON, token=token())
    assert len(recorded(store)) == 2


def test_the_same_form_twice_is_one_deed(store, three):
    password, invoice, crash = (topic_with(store, words[0]) for words in (PASSWORD, INVOICE, CRASH))
    chosen = keys(store, PASSWORD[0])
    made = [split(store, password, chosen, "ana", NOON, token="one") for _ in range(2)]
    merged = [merge(store, crash, invoice, "ana", NOON, token="two") for _ in range(2)]
    for _ in range(2):
        rename(store, invoice, "Invoices", "ana", NOON, token="three", seen=0)
    assert made[0] == made[1] and merged[0] == merged[1] and len(recorded(store)) == 2


@pytest.mark.parametrize("which", ["all", "none", "nobody's"])
def test_a_topic_is_never_left_without_searches_by_a_split(store, three, which):
    chosen = {"all": keys(store, *PASSWORD), "none": set(), "nobody's": set()}[which]
    with pytest.raises(HandrailError):
        split(store, topic_with(store, PASSWORD[0]), chosen, "ana", NOON, token=token())
    with pytest.raises(HandrailError, match="same topic"):
        do_merge(store, topic_with(store, CRASH[0]), topic_with(store, CRASH[0]))
    with pytest.raises(HandrailError, match="no topic 999"):
        do_merge(store, topic_with(store, CRASH[0]), 999)
    assert recorded(store) == []


def test_deeds_that_stand_on_each_other_are_undone_in_their_order(store, asked, three):
    old = topic_with(store, PASSWORD[0])
    made = do_split(store, PASSWORD[0])
    [first] = recorded(store)
    second = do_merge(store, old, made)
    with pytest.raises(HandrailError, match=r"Topic \d+ was merged"):
        undo_edit(store, first.id, "ana", NOON)
    assert words_by_topic(store)[made] == set(PASSWORD)
    assert undo_edit(store, second, "ana", NOON) and undo_edit(store, first.id, "ana", NOON)
    assert undo_edit(store, first.id, "ana", NOON) is None
    update(store, asked, day=1, regroup=True)
    assert words_by_topic(store)[old] == set(PASSWORD)


def test_a_name_lasts_and_the_second_to_give_one_is_told(store, asked, three):
    password, invoice = topic_with(store, PASSWORD[0]), topic_with(store, INVOICE[0])
    rename(store, password, "  Forgotten\n password ", "ana", NOON, token=token(), seen=0)
    with pytest.raises(EditedMeanwhile, match="ana named this topic 'Forgotten password'"):
        rename(store, password, "Login", "ben", NOON, token=token(), seen=0)
    update(store, asked, day=1, regroup=True)
    assert names(store) == {password: "Forgotten password"}
    do_merge(store, password, invoice)
    assert names(store) == {invoice: "Forgotten password"}
    rename(store, invoice, "Accounts", "ana", NOON, token=token(), seen=0)
    assert names(store) == {invoice: "Accounts"}


def test_an_empty_name_gives_back_that_of_the_searches(store, three):
    password = topic_with(store, PASSWORD[0])
    rename(store, password, "Login", "ana", NOON, token=token(), seen=0)
    rename(store, password, " ", "ana", NOON, token=token(), seen=1)
    assert names(store) == {}


def test_a_name_keeps_no_address_of_a_customer(store, three):
    password = topic_with(store, PASSWORD[0])
    rename(store, password, "login of jane@example.com", "ana", NOON, token=token(), seen=0)
    assert "jane" not in names(store)[password]
