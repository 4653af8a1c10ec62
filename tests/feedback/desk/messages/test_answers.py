import re
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.answers import answers_of, note_bounce, settle
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.messages.threads import find_case

from ..desks import Desk, hire, service

MAIL = {"smtp_host": "localhost", "smtp_security": "none", "mail_from": "help@acme.test"}


@pytest.fixture
def app(tmp_path, store_place):
    with service(tmp_path, **MAIL, store=str(store_place)) as app:
        yield app


@pytest.fixture
def write(store):
    def write(reply_to="Cora <cora@acme.test>", text="I cannot log in."):
        return keep_message(store, Message(text, "Login", reply_to, "en", now() - timedelta(minutes=9)))

    return write


def queued(store):
    return store.read("SELECT code, route FROM outbox")


def test_an_answer_is_queued_to_the_address_that_the_customer_left(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    assert "Mail to cora@acme.test" in desk.page
    assert desk.post(f"m/{code}/answer", body="Dear Cora,\r\n\r\nit works.", token="t1").status_code == 200
    [answer] = answers_of(store, code)
    assert (answer.to, answer.words, answer.who) == ("cora@acme.test", "Dear Cora,\n\nit works.", "anna")
    assert queued(store) == [{"code": code, "route": f"answer {answer.id}"}]
    assert "to cora@acme.test, queued" in desk.page and "it works." in desk.page
    assert not find_case(store, code).is_open
    [row] = store.read("SELECT first_reply_at FROM messages")
    assert row["first_reply_at"]


@pytest.mark.inputs
@pytest.mark.parametrize("address", ["", "+49 30 1234567", "a@b.test or c@d.test", "nobody"])
def test_without_one_address_nothing_can_be_mailed(desk, write, store, address):
    code = write(address)
    desk.get(f"m/{code}/")
    assert 'name="body"' not in desk.page
    assert desk.post(f"m/{code}/answer", body="x", token="t1").status_code == 404
    assert queued(store) == []


def test_nobody_but_the_customer_can_be_written_to(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(
        f"m/{code}/answer", body="x", token="t1", to="victim@acme.test", address="victim@acme.test", recipient="v@a.t"
    )
    assert [one.to for one in answers_of(store, code)] == ["cora@acme.test"]


def test_without_a_mail_server_the_page_says_how_to_answer(tmp_path):
    with service(tmp_path) as app:
        store = app.extensions["handrail"].store
        hire(store)
        code = keep_message(store, Message("Help", "", "cora@acme.test", "en", now()))
        desk = Desk(app.test_client())
        desk.sign_in()
        desk.get(f"m/{code}/")
        assert "from your mail program" in desk.page and 'name="body"' not in desk.page
        assert desk.post(f"m/{code}/answer", body="x", token="t1").status_code == 404


@pytest.mark.inputs
@pytest.mark.parametrize(
    "body, says", [("", "write an answer"), (" \n", "write an answer"), ("x" * 20_001, "longer than")]
)
def test_an_answer_that_cannot_be_sent_is_shown_again_with_the_reason(desk, write, store, body, says):
    code = write()
    desk.get(f"m/{code}/")
    assert desk.post(f"m/{code}/answer", body=body, token="t1").status_code == 422
    assert says in re.search(r'id="body-error"[^>]*>([^<]*)', desk.page)[1]
    assert answers_of(store, code) == []


@pytest.mark.parametrize("deed", ["", "answered", "article", "needs"])
def test_whatever_else_is_done_an_answer_that_is_begun_is_kept(desk, write, deed):
    code = write()
    desk.get(f"m/{code}/")
    values = {"way": "elsewhere", "location": "guide/reset/", "questions": "reset it", "token": "t1"}
    desk.post(f"m/{code}/{deed}", body="Dear Cora,\n<b>wait</b>", **values)
    assert re.search(r"<textarea[^>]*name=\"body\"[^>]*>\nDear Cora,\n&lt;b&gt;wait&lt;/b&gt;</textarea>", desk.page)


def test_when_the_session_ends_while_somebody_writes_their_words_are_shown_to_copy(app, desk, write, store):
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import sessions

    code = write()
    desk.get(f"m/{code}/")
    sessions.end_others(store, "anna", 0, now())
    assert desk.post(f"m/{code}/answer", body="Dear <Cora>,", token="t1").status_code == 401
    assert "Dear &lt;Cora&gt;," in desk.page and answers_of(store, code) == []
    desk.sign_in()
    desk.client.delete_cookie("handrail_desk", path="/help/desk/")
    assert desk.post(f"m/{code}/answer", body="Dear <Cora>,", token="t1").status_code == 401
    assert "Dear &lt;Cora&gt;," in desk.page


@pytest.fixture
def answer(desk, write, store):
    """An answer that anna has sent by mail; she reads its message."""
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/answer", body="Dear Cora", token="t1")
    [answer] = answers_of(store, code)
    return answer


def test_an_answer_that_came_back_is_seen_in_the_list_and_on_the_page(desk, store, answer):
    note_bounce(store, answer.id, answer.code, now())
    for path in ("", f"m/{answer.code}/"):
        desk.get(path)
        assert "answer bounced" in desk.page
    assert "refused it for cora@acme.test" in desk.page


def test_a_mailed_answer_cannot_be_taken_back(desk, store, answer):
    assert "/open" not in desk.page
    desk.post(f"m/{answer.code}/open", answer=str(answer.id))
    assert answers_of(store, answer.code)[0].undone_at is None


def test_one_can_write_again_after_an_answer(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    for number in range(2):
        desk.post(f"m/{code}/answer", body=f"Answer {number}", token=f"t{number}")
    assert len(answers_of(store, code)) == 2 and "Write again" in desk.page


def test_no_word_of_an_answer_or_a_message_is_in_the_log(desk, write, caplog):
    code = write(text="secret-of-cora")
    with caplog.at_level("DEBUG"):
        desk.get(f"m/{code}/")
        desk.post(f"m/{code}/answer", body="secret-of-anna", token="t1")
        desk.get("", query_string={"code": "secret-code"})
        desk.sign_in(password="secret-password")
    assert "secret-" not in caplog.text


def test_an_answer_is_not_sent_over_one_that_a_colleague_sent_meanwhile_unless_wanted(app, desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    [seen] = re.findall(r'name="seen" value="(\d+)"', desk.page)
    hire(store, "bert")
    bert = Desk(app.test_client())
    bert.sign_in("bert")
    bert.get(f"m/{code}/")
    bert.post(f"m/{code}/answer", body="From Bert", token="b1", seen=seen)
    assert desk.post(f"m/{code}/answer", body="From Anna", token="a1", seen=seen).status_code == 422
    assert "bert has answered meanwhile" in desk.page and "From Bert" in desk.page and "From Anna" in desk.page
    [seen] = re.findall(r'name="seen" value="(\d+)"', desk.page)
    assert desk.post(f"m/{code}/answer", body="From Anna", token="a2", seen=seen).status_code == 200
    assert [one.words for one in answers_of(store, code)] == ["From Bert", "From Anna"]


@pytest.mark.parametrize(("way", "told"), [("elsewhere", "has answered meanwhile"), ("nothing", "has closed this")])
def test_an_answer_waits_however_a_colleague_answered_meanwhile(app, desk, write, store, way, told):
    code = write()
    desk.get(f"m/{code}/")
    [seen] = re.findall(r'name="seen" value="(\d+)"', desk.page)
    settle(store, code, way, "bert", now(), "b1")
    assert desk.post(f"m/{code}/answer", body="From Anna", token="a1", seen=seen).status_code == 422
    assert f"bert {told}" in desk.page and re.search(r"<textarea id=.body[^>]* autofocus", desk.page)
    desk.post(f"m/{code}/answered", way="nothing", token="a2", seen=seen)
    assert "Nothing was changed: bert has answered or closed this meanwhile" in desk.page
    assert [one.who for one in answers_of(store, code)] == ["bert"]


def test_messages_from_before_the_desk_are_settled_at_the_command_line(tmp_path, store_place, monkeypatch):
    from click.testing import CliRunner

    from handrail_feedback.storage.database import Store
    from handrail_feedback.storage.messages.threads import inbox_cases
    from handrail_kb.cli.group import main

    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nplugins: [handrail]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    for days in (40, 30, 1):
        keep_message(store, Message(f"{days} days ago", "", "a@b.test", "en", now() - timedelta(days=days)))
    day = f"{now() - timedelta(days=5):%Y-%m-%d}"
    result = CliRunner().invoke(main, ["contact", "settle", "--before", day])
    assert (result.exit_code, result.output.startswith("Settled 2 messages.")) == (0, True), result.output
    assert [case.message.message for case in inbox_cases(store) if case.is_open] == ["1 days ago"]
    assert store.read("SELECT count(first_reply_at) AS n FROM messages")[0]["n"] == 0
    assert CliRunner().invoke(main, ["contact", "settle", "--before", day]).output.startswith("Settled 0 messages.")
    store.close()


def test_naming_an_article_puts_its_link_into_the_answer(desk, write):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/", body="Dear Cora,", insert="guide/reset/")
    assert "Dear Cora,\n/help/guide/reset/\n</textarea>" in desk.page
    desk.post(f"m/{code}/", body="Dear Cora,", insert="javascript:alert(1)")
    assert "alert(1)" not in re.search(r"<textarea id=.body.*?</textarea>", desk.page, re.S)[0]
