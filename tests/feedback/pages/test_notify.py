"""Tell me: from a failed search to the one mail that says where the answer stands, and nothing left afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from handrail_feedback.delivery.answer_notices import AnswerNotifier
from handrail_feedback.delivery.channels import can_notify
from handrail_feedback.delivery.customer_mail import NotificationMail
from handrail_feedback.delivery.smtp import MailServer
from handrail_feedback.pages.blueprint import SiteSeen, customer_pages
from handrail_feedback.records.mailings import LONGEST_NOTIFIED_QUESTION, AnsweringArticle, Notification, Wish, token_of
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.human_reach import human_reach
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.mail_quota import Recipient
from handrail_feedback.storage.messages.mailings import (
    answer_searches,
    ask_to_be_told,
    claim_notification,
    confirm,
    expire,
    find_notification,
    notification_figures,
)
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.cli.group import main
from handrail_kb.config.settings import Settings, load_settings
from handrail_kb.errors import DeliveryFailed

from ..conftest import NOON, search
from ..stores import Away, everything_in

ANNA = "anna@acme.test"
QUESTION = "how do I feed the walrus"
KEY = "a key that is not in the store, at all"
ANSWER = AnsweringArticle("care/walrus/#feeding", "Feed a walrus")
PAGE, CONFIRM, WITHDRAW = "/help/tell/", "/help/tell/confirm/", "/help/tell/withdraw/"


class Searching:
    """Search as the teller sees it: `knows` holds what it can answer."""

    def __init__(self) -> None:
        self.knows: dict[str, AnsweringArticle] = {}
        self.asked: list[str] = []
        self.number = 1

    def state(self) -> str:
        return f"index {self.number}" if self.number else ""

    def prove(self, question: str, lang: str) -> AnsweringArticle | None:
        self.asked.append(question)
        return self.knows.get(question)

    def learn(self, question: str = QUESTION) -> None:
        self.knows[question] = ANSWER
        self.number += 1


class Postbox(NotificationMail):
    """Keeps what would be sent, or fails as it is told to."""

    mails: list[tuple[str, EmailMessage]]
    failing: DeliveryFailed | None

    def _send(self, telling: Notification, mail: EmailMessage) -> None:
        if self.failing:
            raise self.failing
        self.mails.append((telling.address, mail))


@pytest.fixture
def post() -> Postbox:
    box = Postbox(MailServer("localhost", 25, "none"), Address("Acme", "help", "acme.test"),
                  "https://acme.test/help/", (Address(addr_spec="team@acme.test"),))  # fmt: skip
    object.__setattr__(box, "mails", [])
    object.__setattr__(box, "failing", None)
    return box


@pytest.fixture
def searching() -> Searching:
    return Searching()


@pytest.fixture
def work(store: Store, post: Postbox, searching: Searching) -> Callable[..., int]:
    """Does all that is due at a moment, and says how many steps that took."""
    teller = AnswerNotifier(post, searching, lambda: KEY)

    def work(at: datetime) -> int:
        return next(number for number in range(1000) if not teller.step(store, at))

    return work


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    shell = tmp_path / "site" / "find" / "index.html"
    shell.parent.mkdir(parents=True)
    shell.write_text("<html><body>ACME LOOK <handrail-main>static</handrail-main></body></html>")
    (tmp_path / "mkdocs.yml").write_text(
        "site_name: Acme\nsite_url: https://acme.test/help/\n"
        "plugins: [{handrail: {smtp_host: localhost, smtp_security: none, mail_from: help@acme.test}}]\n"
    )
    return load_settings(tmp_path / "mkdocs.yml", environ={})


@pytest.fixture
def client(store: Store, log: SearchLog, settings: Settings) -> FlaskClient:
    return browse(store, log, settings)


def browse(store: Store, log: SearchLog, settings: Settings) -> FlaskClient:
    app = Flask("acme")
    app.register_blueprint(customer_pages(store, log, settings, SiteSeen(base_path="/help/", key=lambda: KEY)))
    return app.test_client()


def wish(question: str = QUESTION, address: str = ANNA, at: datetime = NOON, **more: str) -> Wish:
    return Wish(question, address, more.pop("lang", "en"), at, **more)


def token(post: Postbox, mail: int = -1) -> str:
    found = re.search(r"token=([\w-]+)", post.mails[mail][1].get_content())
    assert found
    return found[1]


def waiting(store: Store, post: Postbox, work: Callable[..., int], at: datetime = NOON, **more: str) -> str:
    """Somebody who asked and confirmed; gives the token of their links."""
    ask_to_be_told(store, wish(at=at, **more), KEY)
    work(at)
    known = token(post)
    found = find_notification(store, known, at)
    assert found
    confirm(store, found, at, 180)
    return known


def left(store: Store) -> bytes:
    """All that the store holds."""
    return everything_in(store)


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


# --- the pages


def test_the_page_shows_the_words_of_the_search_in_the_sites_look(
    client: FlaskClient, log: SearchLog, store: Store
) -> None:
    log.record(search("walrus of anna@acme.test", at=now(), search_id="search-of-anna"))
    assert log.flush()
    page = client.get(f"{PAGE}?search=search-of-anna")
    assert "ACME LOOK" in page.text
    assert 'value="walrus of [email]"' in page.text
    assert 'value="as &#34;typed&#34;"' in client.get(PAGE, query_string={"q": 'as "typed"'}).text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.text.count('href="/help/contact/"') == 1


@pytest.mark.parametrize(("lang", "said"), [("de-CH", "Bescheid"), ("fr", "Prévenez"), ("xx", "Tell me"), ("", "Tell")])
def test_the_page_speaks_the_language_of_the_search(client: FlaskClient, lang: str, said: str) -> None:
    assert said in client.get(PAGE, query_string={"lang": lang, "q": "x"}).text


def test_links_of_mails_can_be_opened_by_anything_without_doing_anything(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    client.post(PAGE, data={"q": QUESTION, "address": ANNA})
    work(now())
    link = token(post)
    page = client.get(f"{CONFIRM}?token={link}")
    assert QUESTION in page.text
    assert ANNA in page.text
    assert store.read("SELECT state FROM tellings") == [{"state": "unconfirmed"}]
    for _ in range(2):
        assert "We will write to you" in client.post(CONFIRM, data={"token": link}).text
    assert store.read("SELECT state FROM tellings") == [{"state": "waiting"}]
    assert notification_figures(store, now(), now())["confirmed"] == 1


def test_what_is_kept_is_redacted_and_no_token_is(client: FlaskClient, store: Store) -> None:
    client.post(PAGE, data={"q": "my password is hunter22 and my mail eve@acme.test", "address": ANNA, "search": "s-1"})
    [row] = store.read("SELECT * FROM tellings")
    assert "hunter22" not in row["question"]
    assert "eve@acme.test" not in row["question"]
    assert row["search_id"] == "s-1"
    assert token_of(row["seed"], KEY).encode() not in left(store)
    assert token_of(row["seed"], KEY) != token_of(row["seed"], "another key")


def test_nobody_learns_whether_an_address_is_known(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    waiting(store, post, work, now())
    answers = {client.post(PAGE, data={"q": QUESTION, "address": ANNA}).text for _ in range(6)}
    answers.add(client.post(PAGE, data={"q": QUESTION, "address": "bert@acme.test"}).text.replace("bert@", "anna@"))
    assert len(answers) == 1


def test_an_address_gets_three_mails_a_day_that_nobody_has_asked_for_receipts_among_them(
    store: Store, post: Postbox, work: Callable[..., int]
) -> None:
    keep_message(store, Message("Hi", "", ANNA, "en", NOON), receipt_to=Recipient(ANNA, KEY))
    for number in range(5):
        ask_to_be_told(store, wish(f"question {number}", ANNA.upper() if number % 2 else ANNA), KEY)
    work(NOON)
    assert len(post.mails) == 2
    keep_message(store, Message("Again", "", ANNA, "en", NOON), receipt_to=Recipient(ANNA, KEY))
    assert len(store.read("SELECT * FROM receipts")) == 1
    ask_to_be_told(store, wish("tomorrow", at=NOON + timedelta(days=1, minutes=1)), KEY)
    work(NOON + timedelta(days=1, minutes=1))
    assert len(post.mails) == 3


def test_the_same_question_waits_once_however_often_it_was_asked(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    ask_to_be_told(store, wish(), KEY)
    ask_to_be_told(store, wish(), KEY)
    work(NOON)
    first, second = token(post, 0), token(post, 1)
    found = find_notification(store, first, NOON)
    assert found
    confirm(store, found, NOON, 180)
    assert find_notification(store, second, NOON) is None
    ask_to_be_told(store, wish(), KEY)
    searching.learn()
    work(NOON)
    assert len(post.mails) == 3


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"q": " ", "address": ANNA}, "Please say what you are looking for."),
        ({"q": "x", "address": ""}, "This is no e-mail address"),
        ({"q": "x", "address": "anna"}, "This is no e-mail address"),
        ({"q": "x", "address": "a@acme.test, b@acme.test"}, "This is no e-mail address"),
        ({"q": "x", "address": ANNA, "leave_empty": "http://robot"}, "to stop robots"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost_or_kept(
    client: FlaskClient, store: Store, sent: dict[str, str], said: str
) -> None:
    answer = client.post(PAGE, data=sent)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{sent["address"]}"' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    assert store.read("SELECT * FROM tellings") == []


def test_whatever_is_sent_is_escaped_and_bounded(client: FlaskClient, store: Store) -> None:
    evil = "<script>alert(1)</script>\0"
    for method in (client.get, client.post):
        page = method(PAGE, **{"query_string" if method == client.get else "data": dict.fromkeys(
            ("q", "address", "search", "lang", "token"), evil)}).text  # fmt: skip
        assert "<script>alert" not in page
    client.post(PAGE, data={"q": "x" * 9000, "address": ANNA, "search": "s" * 900})
    [row] = store.read("SELECT * FROM tellings")
    assert len(row["question"]) == LONGEST_NOTIFIED_QUESTION
    assert len(row["search_id"]) == 64


@pytest.mark.parametrize("link", ["", "x", "<b>", "\0", "9" * 5000])
def test_a_link_that_leads_nowhere_says_so(client: FlaskClient, link: str) -> None:
    assert client.get(CONFIRM, query_string={"token": link}).status_code == 404
    assert client.post(CONFIRM, data={"token": link}).status_code == 404
    assert "It is erased" in client.post(WITHDRAW, data={"token": link}).text


@pytest.mark.parametrize("missing", ["smtp_host", "mail_from", "tell_days", "site_url"])
def test_nothing_is_promised_where_no_mail_can_be_sent(
    store: Store, log: SearchLog, settings: Settings, missing: str
) -> None:
    values = {**settings.values, **({missing: 0 if missing == "tell_days" else ""} if missing != "site_url" else {})}
    less = replace(settings, values=values, **({"site_url": ""} if missing == "site_url" else {}))
    assert can_notify(settings)
    assert not can_notify(less)
    client = browse(store, log, less)
    assert client.get(PAGE).status_code == 404
    assert client.post(PAGE, data={"q": QUESTION, "address": ANNA}).status_code == 404
    assert store.read("SELECT * FROM tellings") == []


def test_without_a_store_nothing_is_promised_and_nothing_typed_is_lost(client: FlaskClient, away: Away) -> None:
    with away():
        answer = client.post(PAGE, data={"q": QUESTION, "address": ANNA})
        assert answer.status_code == 503
        assert "nothing was changed" in answer.text
        assert QUESTION in answer.text
        assert ANNA in answer.text
        for path in (CONFIRM, WITHDRAW):
            assert client.get(f"{path}?token=t").status_code == 503
        assert client.get(f"{PAGE}?search=s").status_code == 200


def test_no_words_and_no_address_are_logged(
    client: FlaskClient, store: Store, post: Postbox, work: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        client.post(PAGE, data={"q": QUESTION, "address": ANNA})
        object.__setattr__(post, "failing", DeliveryFailed("No.", "Wait.", said=f"{ANNA} is unknown"))
        work(now())
    assert "was not sent (attempt 1)" in caplog.text
    assert not any(secret in caplog.text for secret in (QUESTION, ANNA))


# --- what leads see


def test_leads_see_how_many_were_told_of_how_many_who_wanted_it(
    store: Store, post: Postbox, work: Callable[..., int], searching: Searching
) -> None:
    waiting(store, post, work)
    waiting(store, post, work, address="bert@acme.test", question="another")
    searching.learn()
    work(NOON + timedelta(minutes=6))
    figures = {one.name: one for one in human_reach(store, NOON - timedelta(days=30), NOON + timedelta(days=1), NOON)}
    figure = figures["told when there was an answer"]
    assert (figure.value, figure.of) == ("1", "1 of 2")
    earlier = human_reach(store, NOON - timedelta(days=30), NOON.replace(hour=0), NOON)
    assert earlier[-1].of == "0 of 0"
