"""From a failed search to the one mail that says where the answer stands, and nothing left afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from handrail_feedback.records.mailings import AnsweringArticle
from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.people.human_reach import human_reach
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mailings import (
    answer_searches,
    ask_to_be_told,
    claim_notification,
    expire,
    find_notification,
    notification_figures,
)
from handrail_kb.cli.group import main
from handrail_kb.config.settings import Settings
from handrail_kb.errors import DeliveryFailed

from ...conftest import NOON, search
from .wishes import (
    ANNA,
    ANSWER,
    KEY,
    QUESTION,
    WITHDRAW,
    Postbox,
    Searching,
    left,
    token,
    waiting,
    wish,
)

# --- the whole way


def test_whoever_confirmed_is_told_once_and_nothing_of_them_is_left(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    work(NOON)
    assert [address for address, _ in post.mails] == [ANNA]
    searching.learn()
    work(NOON + timedelta(minutes=6))
    [_, (address, mail)] = post.mails
    words = mail.get_content()
    assert address == ANNA
    assert all(part in words for part in (QUESTION, ANSWER.title, "https://acme.test/help/care/walrus/#feeding"))
    assert "your question helped to bring it about" in words
    assert "https://acme.test/help/contact/" in words
    assert mail["Reply-To"] == "team@acme.test"
    assert store.read("SELECT * FROM tellings") == []
    assert not any(words.encode() in left(store) for words in (ANNA, QUESTION))
    assert work(NOON + timedelta(days=1)) == 0
    assert notification_figures(store, NOON, NOON + timedelta(days=1)) == {"asked": 1, "confirmed": 1, "told": 1}


def test_whoever_did_not_confirm_is_never_told(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    ask_to_be_told(store, wish(), KEY)
    searching.learn()
    for hours in range(72):
        work(NOON + timedelta(hours=hours))
    assert len(post.mails) == 1
    assert searching.asked == []


def test_the_first_mail_goes_to_an_address_that_anybody_may_have_typed_so_it_quotes_nothing(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    ask_to_be_told(store, wish("buy watches at https://spam.test"), KEY)
    work(NOON)
    [(_, mail)] = post.mails
    assert not any(theirs in mail.as_string() for theirs in ("watches", "spam"))


def test_mails_are_known_when_they_arrive_twice_and_say_how_to_end_it(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    searching.learn()
    work(NOON)
    first, second = (mail for _, mail in post.mails)
    assert first["Message-ID"] != second["Message-ID"]
    for mail in (first, second):
        raw = mail.as_bytes().decode()
        link = re.search(
            r"^List-Unsubscribe: <(https://acme\.test/help/tell/withdraw/\?token=[\w-]{32})>\r$", raw, re.M
        )
        assert link
        assert link[1] in mail.get_content()
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_that_is_sent_again_is_the_same_byte_for_byte(store: Store, post: Postbox) -> None:
    ask_to_be_told(store, wish(), KEY)
    telling = claim_notification(store, NOON, "")
    assert telling
    again = replace(telling, attempts=7)
    assert post.confirmation_mail(telling, "t").as_bytes() == post.confirmation_mail(again, "t").as_bytes()
    told = replace(telling, proof=ANSWER, answered_at=NOON)
    assert post.answer_mail(told, "t").as_bytes() == post.answer_mail(replace(told, attempts=7), "t").as_bytes()


@pytest.mark.parametrize("lang", ["en", "de", "fr", "es"])
def test_mails_speak_the_language_of_the_search(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching, lang: str
) -> None:
    waiting(store, post, work, lang=lang)
    searching.learn()
    work(NOON)
    said = {"en": "There is an answer", "de": "Es gibt eine Antwort", "fr": "Il y a une réponse", "es": "Hay una resp"}
    assert post.mails[-1][1]["Subject"].startswith(said[lang])
    assert "{" not in "".join(mail.get_content() for _, mail in post.mails)


def test_words_in_a_mail_cannot_forge_its_head_or_its_lines(store: Store, post: Postbox) -> None:
    ask_to_be_told(store, wish("a\r\nBcc: eve@evil.test\r\n\r\nb"), KEY)
    telling = claim_notification(store, NOON, "")
    assert telling
    mail = post.answer_mail(
        replace(telling, proof=AnsweringArticle("a b/ü/", "T\r\nBcc: eve@evil.test"), answered_at=NOON), "t"
    )
    assert mail["Bcc"] is None
    assert "\nBcc" not in mail.get_content()
    assert "https://acme.test/help/a%20b/%C3%BC/" in mail.get_content()


# --- when search is asked


def test_a_question_is_asked_once_of_each_state_of_search_and_not_more_often_than_every_five_minutes(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    for minute in range(30):
        work(NOON + timedelta(minutes=minute))
    assert len(searching.asked) == 1
    for minute in range(30, 60):
        searching.number += 1
        work(NOON + timedelta(minutes=minute))
    assert len(searching.asked) == 7


def test_a_search_that_cannot_be_asked_now_is_asked_later(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    searching.knows[QUESTION] = ANSWER
    searching.number = 0
    work(NOON + timedelta(minutes=10))
    assert searching.asked == []
    searching.number = 2
    work(NOON + timedelta(minutes=20))
    assert len(post.mails) == 2


def test_a_question_that_search_fails_at_holds_up_no_other(
    store: Store, post: Postbox, searching: Searching, work: Callable[..., int]
) -> None:
    waiting(store, post, work, question="poison")
    waiting(store, post, work, address="bert@acme.test")
    searching.learn()

    def prove(question: str, lang: str) -> AnsweringArticle | None:
        if question == "poison":
            raise ValueError("what search fails at")
        return ANSWER

    searching.prove = prove  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="search fails"):
        work(NOON + timedelta(minutes=10))
    work(NOON + timedelta(minutes=10))
    assert post.mails[-1][0] == "bert@acme.test"


def test_what_is_proven_for_a_search_elsewhere_is_told_as_well(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    waiting(store, post, work, search_id="search-a")
    waiting(store, post, work, address="bert@acme.test", search_id="search-b")
    waiting(store, post, work, address="cora@acme.test")
    ask_to_be_told(store, wish(address="dora@acme.test", search_id="search-a"), KEY)
    assert answer_searches(store, ["search-a", "search-z", ""], ANSWER, NOON) == 1
    assert answer_searches(store, [], ANSWER, NOON) == 0
    work(NOON)
    told = [address for address, mail in post.mails if ANSWER.title in mail.get_content()]
    assert told == [ANNA]


def test_two_processes_do_not_take_the_same_question(store: Store) -> None:
    ask_to_be_told(store, wish(), KEY)
    assert claim_notification(store, NOON, "")
    assert claim_notification(store, NOON, "") is None


def test_killed_between_sending_and_erasing_it_is_sent_once_more_and_no_more(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting(store, post, work)
    searching.learn()
    with monkeypatch.context() as patch:
        patch.setattr(
            "handrail_feedback.delivery.answer_notices.end_told", lambda *_: (_ for _ in ()).throw(SystemExit)
        )
        with pytest.raises(SystemExit):
            work(NOON)
    work(NOON + timedelta(hours=1))
    work(NOON + timedelta(hours=5))
    answers = [mail for _, mail in post.mails if ANSWER.title in mail.get_content()]
    assert len(answers) == 2
    assert answers[0].as_bytes() == answers[1].as_bytes()
    assert notification_figures(store, NOON, NOON)["told"] == 1


def test_a_mail_that_cannot_be_sent_waits_ever_longer_and_one_refused_for_good_ends_it(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    ask_to_be_told(store, wish(), KEY)
    object.__setattr__(post, "failing", DeliveryFailed("No.", "Wait."))
    tried = [minute for minute in range(300) if work(NOON + timedelta(minutes=minute))]
    assert tried == [0, 2, 6, 14, 30, 62, 126, 246]
    object.__setattr__(post, "failing", DeliveryFailed("No such user.", "None.", final=True))
    work(NOON + timedelta(hours=9))
    assert store.read("SELECT * FROM tellings") == []
    assert notification_figures(store, NOON, NOON)["refused"] == 1


# --- erasing


def test_what_is_not_confirmed_in_two_days_or_finds_no_answer_in_time_is_erased(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    ask_to_be_told(store, wish(), KEY)
    work(NOON)
    link = token(post)
    assert find_notification(store, link, NOON + timedelta(hours=47))
    assert find_notification(store, link, NOON + timedelta(hours=48)) is None
    assert expire(store, NOON + timedelta(hours=47)) == 0
    assert expire(store, NOON + timedelta(hours=48)) == 1
    waiting(store, post, work, NOON + timedelta(days=3))
    assert expire(store, NOON + timedelta(days=182)) == 0
    assert expire(store, NOON + timedelta(days=183)) == 1
    assert not any(words.encode() in left(store) for words in (ANNA, QUESTION))
    assert notification_figures(store, NOON, NOON + timedelta(days=200))["expired"] == 2


def test_the_daily_clearing_takes_what_is_past_its_time_along(store: Store, log: SearchLog) -> None:
    ask_to_be_told(store, wish(), KEY)  # its time stands in the past
    log.record(search("anything"))
    assert log.flush()
    assert store.read("SELECT * FROM tellings") == []


def test_withdrawing_erases_at_once_with_a_button_or_at_one_click_in_a_mail_program(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    for address, send in (
        (ANNA, lambda link: client.post(WITHDRAW, data={"token": link})),
        (
            "bert@acme.test",
            lambda link: client.post(f"{WITHDRAW}?token={link}", data={"List-Unsubscribe": "One-Click"}),
        ),
    ):
        link = waiting(store, post, work, now(), address=address)
        assert "No, erase it" in client.get(f"{WITHDRAW}?token={link}").text
        assert find_notification(store, link, now())
        answer = send(link)
        assert (answer.status_code, "It is erased" in answer.text) == (200, True)
        assert not any(words.encode() in left(store) for words in (address, QUESTION))
        assert "It is erased" in client.get(f"{WITHDRAW}?token={link}").text
    assert notification_figures(store, now(), now())["withdrawn"] == 2


def test_an_operator_erases_all_that_waits_for_an_address(store: Store, settings: Settings, tmp_path: Path) -> None:
    own = Store(settings.store_place)
    for question in ("one", "two"):
        ask_to_be_told(own, wish(question, at=now()), KEY)
    ask_to_be_told(own, wish("three", "bert@acme.test", now()), KEY)
    done = CliRunner().invoke(main, ["forget", "--config", str(tmp_path / "mkdocs.yml"), "Anna@Acme.test"])
    assert (done.exit_code, done.output.startswith("Erased 2 questions")) == (0, True), done.output
    assert [row["question"] for row in own.read("SELECT question FROM tellings")] == ["three"]
    own.close()


# --- what leads see


def test_leads_see_how_many_were_told_of_how_many_who_wanted_it(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    waiting(store, post, work, address="bert@acme.test", question="another")
    searching.learn()
    work(NOON + timedelta(minutes=6))
    figures = {
        one.name: one for one in human_reach(store, Period(NOON - timedelta(days=30), NOON + timedelta(days=1)), NOON)
    }
    figure = figures["told when there was an answer"]
    assert (figure.value, figure.of) == ("1", "1 of 2")
    earlier = human_reach(store, Period(NOON - timedelta(days=30), NOON.replace(hour=0)), NOON)
    assert earlier[-1].of == "0 of 0"
