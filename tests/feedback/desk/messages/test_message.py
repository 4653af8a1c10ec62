"""The page of one message: what it shows, its files, and that it was answered elsewhere."""

import re

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, read_file
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.messages.messages import forget_message
from handrail_feedback.storage.messages.threads import find_case

from ..desks import Desk, hire, texts


def test_one_page_shows_the_message_and_what_was_agreed_to_be_shared(desk, write):
    along = (
        Along("search", "login not possible"),
        Along("article", "Reset your password", "guide/reset/#mail"),
        Along("article", "Gone", "gone/"),
        Along("product", "Acme Pro"),
        Along("language", "Deutsch"),
    )
    code = write("I cannot\nlog in.", ago=125, along=along)
    assert desk.get(f"m/{code}/").status_code == 200
    said = texts(desk.page)
    assert "Searched login not possible" in said
    assert "Product Acme Pro" in said and "Language Deutsch" in said
    assert '<a href="/help/guide/reset/">Reset your password</a>' in desk.page
    assert "Gone" in said and 'href="/help/gone/"' not in desk.page
    assert "Waiting for 2 h 5 min" in said
    assert "cora@acme.test" in said
    assert "I cannot\nlog in." in desk.page


def test_what_was_not_shared_is_not_looked_up(desk, write):
    code = write()
    desk.get(f"m/{code}/")
    assert "Context they shared Nothing." in texts(desk.page)


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 12345*9 }}</handrail-main></textarea>"


def test_nothing_that_a_customer_writes_becomes_a_part_of_the_page(desk, write):
    along = (Along("search", EVIL), Along("article", EVIL, "guide/reset/"), Along("product", EVIL))
    code = write(EVIL, EVIL[:150], f'"><script>{EVIL[:50]}', callback=EVIL[:100], along=along)
    for path in (f"m/{code}/", ""):
        desk.get(path)
        assert "<script>" not in desk.page and "<img" not in desk.page
        assert desk.page.count("</main>") == 1
        assert "111105" not in re.sub(r'value="[^"]*"', "", desk.page).replace(code, "")


def test_messages_of_a_thread_stand_together_with_what_was_answered(desk, write):
    first = write(ago=60)
    second = write(f"More about {first}: it says error 7.", "", ago=10)
    desk.get(f"m/{second}/")
    said = texts(desk.page)
    assert said.index("I cannot log in.") < said.rindex("it says error 7")
    assert f'href="/help/desk/m/{first}/"' in desk.page
    desk.post(f"m/{second}/answered", way="elsewhere", token="t1")
    assert "anna" in desk.page and "answered elsewhere" in desk.page


def test_a_message_that_no_channel_has_taken_is_marked(desk, write):
    waiting = write(ago=5, deliver="folder")
    fresh = write("Something else.", ago=1, deliver="folder")
    for path in ("", f"m/{waiting}/"):
        desk.get(path)
        assert desk.page.count("not delivered") == 1
    desk.get(f"m/{fresh}/")
    assert "not delivered" not in desk.page


def test_who_opened_a_message_first_stays_noted(app, store, desk, write):
    code = write()
    desk.get(f"m/{code}/")
    hire(store, "bert")
    other = Desk(app.test_client())
    other.sign_in("bert")
    other.get(f"m/{code}/")
    assert find_case(store, code).opened_by == "anna"


# --- Answered elsewhere ----------------------------------------------------------------------------------------------


def first_reply(store, code):
    return store.read("SELECT first_reply_at FROM messages WHERE code = :code", code=code)[0]["first_reply_at"]


def test_answered_by_phone_is_one_click_and_can_be_taken_back(desk, write, store):
    code = write(ago=30)
    desk.get(f"m/{code}/")
    assert desk.post(f"m/{code}/answered", way="elsewhere", token="t1").status_code == 200
    assert "Answered elsewhere by anna" in re.sub(r" +", " ", texts(desk.page))
    assert find_case(store, code).answered_by == "anna" and first_reply(store, code)
    [number] = re.findall(r'name="answer" value="(\d+)"', desk.page)
    desk.post(f"m/{code}/open", answer=number)
    assert find_case(store, code).is_open and first_reply(store, code) is None
    assert "undone by anna" in texts(desk.page)


def test_a_message_with_nothing_to_answer_leaves_the_list_and_counts_as_no_reply(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/answered", way="nothing", token="t1")
    assert "Closed without reply" in desk.page
    assert not find_case(store, code).is_open
    assert first_reply(store, code) is None


def test_a_double_click_is_one_answer(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    token = re.search(r'name="token" value="([^"]+)"', desk.page)[1]
    for _ in range(2):
        desk.post(f"m/{code}/answered", way="elsewhere", token=token)
    assert store.read("SELECT count(*) AS n FROM answers")[0]["n"] == 1


def test_an_answer_answers_the_thread_but_not_what_the_customer_writes_afterwards(desk, write, store):
    first = write(ago=60)
    second = write(f"See {first}, still broken.", "", ago=30)
    desk.get(f"m/{second}/")
    desk.post(f"m/{second}/answered", way="elsewhere", token="t1")
    third = write(f"See {first}, it came back.", "")
    assert [find_case(store, code).is_open for code in (first, second, third)] == [False, False, True]
    assert first_reply(store, first) and first_reply(store, second)


def test_an_agent_takes_back_what_they_did_themselves_and_a_lead_everything(app, store, desk, write):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/answered", way="elsewhere", token="t1")
    [number] = re.findall(r'name="answer" value="(\d+)"', desk.page)
    hire(store, "bert")
    hire(store, "lea", "lead")
    bert, lea = Desk(app.test_client()), Desk(app.test_client())
    bert.sign_in("bert")
    bert.get(f"m/{code}/")
    assert 'name="answer"' not in bert.page
    assert bert.post(f"m/{code}/open", answer=number, csrf_token=Desk.token(bert) or "x").status_code in (400, 403)
    bert.get("")
    assert bert.post(f"m/{code}/open", answer=number).status_code == 403
    assert not find_case(store, code).is_open
    lea.sign_in("lea")
    lea.get(f"m/{code}/")
    assert lea.post(f"m/{code}/open", answer=number).status_code == 200
    assert find_case(store, code).is_open


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 40, "1; DROP TABLE answers", "999"])
def test_an_answer_that_is_not_there_cannot_be_taken_back(desk, write, number):
    code = write()
    desk.get(f"m/{code}/")
    assert desk.post(f"m/{code}/open", answer=number).status_code == 404


def test_an_answer_of_another_thread_cannot_be_taken_back_from_here(desk, write, store):
    one, other = write(), write("Another thing.", "Other")
    desk.get(f"m/{one}/")
    desk.post(f"m/{one}/answered", way="elsewhere", token="t1")
    [number] = re.findall(r'name="answer" value="(\d+)"', desk.page)
    assert desk.post(f"m/{other}/open", answer=number).status_code == 404
    assert not find_case(store, one).is_open


def test_with_a_message_goes_all_that_was_noted_of_it(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/answered", way="elsewhere", token="t1")
    assert forget_message(store, code)
    for table in ("answers", "opened"):
        assert store.read(f"SELECT * FROM {table}") == []
    assert desk.get(f"m/{code}/").status_code == 302


def test_an_answer_is_never_older_than_its_message(desk, write, store):
    """Clocks of two machines differ; a message from the future must not stay open for ever."""
    code = write(ago=-5)
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/answered", way="elsewhere", token="t1")
    case = find_case(store, code)
    assert not case.is_open and stamp(case.answered_at) == stamp(case.message.at)


# --- Files -----------------------------------------------------------------------------------------------------------


PNG = b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"


def test_files_are_named_and_can_be_saved_and_never_become_a_page(desk, write):
    code = write(attachments=(read_file('a"<b>.png', PNG), read_file("bill.pdf", b"%PDF-1.7")))
    desk.get(f"m/{code}/")
    assert "bill.pdf" in desk.page and "<b>.png" not in desk.page
    [first, second] = re.findall(r'href="(/help/desk/m/[^"]+/file/\d+)"', desk.page)
    answer = desk.client.get(first)
    assert answer.data == PNG and answer.mimetype == "image/png"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert desk.client.get(second).data == b"%PDF-1.7"


def test_a_file_opens_by_its_own_message_alone_and_behind_the_door(app, desk, write):
    code = write(attachments=(read_file("bill.pdf", b"%PDF-1.7"),))
    other = write("Another thing.", "Other")
    desk.get(f"m/{code}/")
    [file] = re.findall(r'href="/help/desk/m/[^"]+/file/(\d+)"', desk.page)
    assert desk.client.get(f"/help/desk/m/{other}/file/{file}").status_code == 404
    assert desk.client.get(f"/help/desk/m/{code}/file/999").status_code == 404
    assert app.test_client().get(f"/help/desk/m/{code}/file/{file}").status_code == 401
