"""The outbox table: in one transaction with the message, one sender at a time, never given up, in order."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import FIRST_PAUSE, LONGEST_PAUSE, Patience, pause
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox
from handrail_feedback.storage.messages.messages import find_message, forget_message, keep_message
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status
from handrail_kb.errors import DeliveryFailed, StoreUnavailable

from ..conftest import NOON
from .before import as_before
from .queue import DOWN, LATER, MAIL, NEVER, entry

# --- together with the message


def test_a_message_and_its_way_are_kept_together_or_not_at_all(store, monkeypatch):
    def break_down(*_args):
        raise StoreUnavailable("The power went.")

    monkeypatch.setattr(outbox, "put", break_down)
    with pytest.raises(StoreUnavailable):
        keep_message(store, Message("x", "", "", "en", NOON), MAIL)
    assert store.read("SELECT * FROM messages") == []


def test_a_message_goes_on_every_way_and_waits_on_each(store, write, claim, arrive):
    code = write(deliver="mail, webhook > folder")
    assert {(str(one.route), one.channel) for one in entries(store)} == {
        ("mail", "mail"),
        ("webhook > folder", "webhook"),
    }
    arrive(claim("mail, webhook > folder"))
    assert find_message(store, code).state == "waiting"
    arrive(claim("mail, webhook > folder"))
    assert find_message(store, code).state == "delivered"
    assert outbox_status(store, NOON).waiting == 0


def test_the_same_form_sent_twice_is_queued_once(store, clock):
    for _ in range(2):
        keep_message(store, Message("x", "", "", "en", clock(), "form-1"), MAIL)
    assert len(entries(store)) == 1


def test_a_forgotten_message_is_forgotten_on_its_way_too(store, write, claim, arrive, fail):
    job = claim() if write() else None
    forget_message(store, job.code)
    fail(job)
    arrive(job)
    assert entries(store, everything=True) == []
    assert claim() is None


def test_the_outbox_holds_no_word_of_a_customer(store, write, claim, fail):
    write("zanzibar", "zanzibar", "zanzibar@acme.test")
    fail(claim())
    assert "zanzibar" not in str(store.read("SELECT * FROM outbox"))


# --- one sender at a time


def test_what_one_sender_holds_no_other_gets(write, claim):
    write()
    assert claim() is not None
    assert claim() is None


def test_the_claim_of_a_killed_sender_ends_by_itself(write, claim, clock):
    first = claim() if write() else None
    clock.add(seconds=89)
    assert claim() is None
    clock.add(seconds=2)
    second = claim()
    assert (second.code, second.claim != first.claim) == (first.code, True)


def test_two_senders_at_once_never_get_the_same_message(store, write, clock):
    codes = [write(f"message {number}") for number in range(40)]
    got, lock = [], threading.Lock()

    def work():
        own = Store(store.at)
        while len(got) < 100 and (job := outbox.claim(own, MAIL, clock(), Patience())):
            with lock:
                got.append(job.code)
        own.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(codes)


def test_a_sender_that_comes_back_late_does_not_undo_what_another_did(store, write, claim, clock, fail, arrive):
    late = claim() if write() else None
    clock.add(minutes=5)
    quick = claim()
    arrive(quick)
    fail(late)
    assert entry(store).state == "delivered"


def test_a_delivery_that_took_longer_than_its_claim_counts(store, write, claim, clock, arrive, fail):
    late = claim() if write() else None
    clock.add(minutes=5)
    quick = claim()
    arrive(late)
    fail(quick)
    assert entry(store).state == "delivered"
    assert claim() is None


# --- never given up


def test_pauses_grow_to_a_quarter_of_an_hour_and_differ_by_chance():
    longest = [max(pause(failures) for _ in range(300)) for failures in range(1, 40)]
    shortest = [min(pause(failures) for _ in range(300)) for failures in range(1, 40)]
    assert FIRST_PAUSE / 2 <= shortest[0] <= longest[0] <= FIRST_PAUSE
    assert all(former <= latter * 1.1 for former, latter in pairwise(longest))
    assert LONGEST_PAUSE * 0.9 < max(longest) <= LONGEST_PAUSE
    assert shortest[-1] >= LONGEST_PAUSE / 2
    assert pause(10**9) <= LONGEST_PAUSE


@pytest.mark.parametrize("error", [DOWN, LATER, NEVER])
def test_a_message_is_never_given_up(store, write, claim, clock, fail, error):
    code = write()
    for _ in range(60):
        clock.add(minutes=16)
        fail(claim(), error)
    assert entry(store, code).state == "waiting"
    assert entry(store, code).attempts == 60
    assert entry(store, code).next_at - clock() <= LONGEST_PAUSE
    clock.add(minutes=16)
    assert claim().code == code


def test_why_it_failed_is_kept_with_what_mends_it(store, write, claim, fail, arrive, clock):
    write()
    fail(claim(), NEVER)
    assert (entry(store).last_error, entry(store).last_mend) == ("Not this one.", "Look.")
    assert entry(store).last_said == "no zanzibar here"
    clock.add(hours=1)
    arrive(claim())
    assert (entry(store).last_error, entry(store).last_said, entry(store).last_mend) == ("", "", "")


def test_a_channel_that_fails_rests_and_new_messages_wait_with_it(store, write, claim, clock, fail):
    write()
    fail(claim(), DOWN)
    write("another one")
    assert claim() is None
    clock.add(seconds=2)
    assert claim() is not None


def test_a_message_that_is_refused_holds_up_no_other(write, claim, fail):
    write()
    fail(claim(), NEVER)
    other = write("another one")
    assert claim().code == other


def test_a_message_that_brings_a_channel_down_holds_up_others_for_a_pause_only(store, write, claim, clock, fail):
    poison = write()
    fail(claim(), DOWN)
    other = write("another one")
    clock.add(seconds=2)
    assert claim().code == other
    assert entry(store, poison).attempts == 1


def test_a_busy_channel_gets_the_pause_it_asked_for_but_no_longer_than_ours(write, claim, clock, fail):
    write()
    fail(claim(), DeliveryFailed("Busy.", of_channel=True, wait=300))
    clock.add(seconds=299)
    assert claim() is None
    clock.add(seconds=2)
    fail(claim(), DeliveryFailed("Busy.", of_channel=True, wait=10**8))
    clock.add(minutes=16)
    assert claim() is not None


def test_a_clock_that_was_wrong_holds_nothing_up(store, write, claim, clock, fail, arrive):
    write()
    clock.add(days=400)
    fail(claim(), DOWN)
    claim()
    with store.transaction() as db:
        wrong = stamp(clock() + timedelta(minutes=5))
        db.execute("UPDATE outbox SET claim = 'x', claimed_until = :at, next_at = :at", {"at": wrong})
    clock.add(days=-400)
    arrive(claim())
    assert entry(store).state == "delivered"


# --- in order


def test_an_addition_waits_for_the_message_it_adds_to(store, write, claim, clock, fail, arrive):
    first = write()
    job = claim()
    second = write(f"About {first}: still broken.")
    third = write(f"{second} and one thing more")
    other = write("Somebody else.")
    assert [find_message(store, code).follows for code in (second, third, other)] == [first, first, ""]
    assert claim().code == other
    assert claim() is None
    fail(job)
    clock.add(seconds=5)
    again = claim()
    assert again.code == first
    assert claim() is None
    arrive(again)
    for code in (second, third):
        job = claim()
        assert job.code == code
        assert claim() is None
        arrive(job)


def test_order_holds_on_each_way_by_itself(store, write, claim, fail, arrive):
    both = "mail, folder"
    first = write(deliver=both)
    for job in (claim(both), claim(both)):
        (arrive if job.channel == "folder" else fail)(job)
    write(f"About {first}", deliver=both)
    assert claim(both).channel == "folder"
    assert claim(both) is None


@pytest.mark.parametrize("typed", ["{}", "re: {} please", "({})", "code {},", "{}."])
def test_an_earlier_code_is_found_however_it_is_written(store, write, typed):
    first = write()
    for form in (first, first.lower(), first.replace("-", ""), first.replace("-", " "), first.replace("-", "\u2013")):
        for texts in ({"text": typed.format(form)}, {"text": "x", "subject": typed.format(form)}):
            assert find_message(store, write(**texts)).follows == first


@pytest.mark.parametrize(
    "text", ["96H-9MK-WHX", "my order is 123-456-789", "A96H9MKWHX", "http://acme.test/96H9MKWHX1", "x" * 5000]
)
def test_what_is_no_code_of_ours_adds_to_nothing(store, write, text):
    write()
    assert find_message(store, write(text)).follows == ""


# --- by a person's word


def test_one_message_can_be_sent_again_even_a_delivered_one(store, write, claim, clock, arrive):
    code = write()
    arrive(claim())
    assert outbox.send_again(store, code, MAIL, clock())
    assert find_message(store, code).state == "waiting"
    assert claim().code == code
    assert not outbox.send_again(store, "96H-9MK-WHX", MAIL, clock())


def test_all_that_waits_can_be_tried_at_once(store, write, claim, clock, fail):
    write()
    fail(claim(), DOWN)
    write("another one")
    assert claim() is None
    assert outbox.hurry(store, clock()) == 2
    assert {claim().code, claim().code} == {one.code for one in entries(store)}


def test_messages_of_an_older_handrail_are_kept_by_the_migration(tmp_path, clock):
    """A store as it was before there was an outbox."""
    path = tmp_path / "store.db"
    with as_before("m002"):
        old = Store(path)
        with old.transaction() as db:
            db.execute("INSERT INTO messages (code, at, lang, subject, message, reply_to, fingerprint) "
                       "VALUES ('96H-9MK-WHX', :at, 'en', '', 'from before', '', '')", {"at": stamp(NOON)})  # fmt: skip
        old.close()
    store = Store(path)
    store.upgrade()
    assert find_message(store, "96H-9MK-WHX").message == "from before"
    assert outbox.adopt(store, MAIL, clock()) == 1
    assert outbox.claim(store, MAIL, clock(), Patience()).code == "96H-9MK-WHX"
