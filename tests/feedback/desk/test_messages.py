import re
from datetime import timedelta

import pytest

from handrail_feedback.records.stamps import now

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, Message, read_file
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.records.reference_codes import codes_in
from handrail_feedback.records.stamps import stamp
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.messages.threads import find_case

from .desks import Desk, hire


@pytest.fixture
def write(store):
    """Keeps a message that was written so many minutes ago, and gives its code."""

    def write(text="I cannot log in.", subject="Login", reply_to="cora@acme.test", ago=0, deliver="", **more):
        message = Message(text, subject, reply_to, "en", now() - timedelta(minutes=ago), **more)
        return keep_message(store, message, parse_routes(deliver))

    return write


def texts(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# --- By code ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["{code}", " {lower} ", "{spaced}", "{joined}", "[{code}] Re: my bill", "{heard}", "The code is {code}, thank you"],
)
def test_a_code_opens_its_message_however_it_is_said(desk, write, said):
    code = write()
    heard = code.translate(str.maketrans("PMFA", "BNS8"))
    typed = said.format(
        code=code, lower=code.lower(), spaced=" ".join(code.replace("-", "")), joined=code.replace("-", ""), heard=heard
    )
    answer = desk.get("", query_string={"code": typed})
    assert answer.headers["Location"] == f"/help/desk/m/{code}/"


def test_one_wrong_sign_opens_nothing_but_names_the_code_that_may_be_meant(desk, write):
    code = write()
    wrong = next(sign for sign in "234679" if sign != code[0]) + code[1:]
    assert codes_in(wrong) == []
    assert desk.get("", query_string={"code": wrong}).status_code == 404
    assert f'href="/help/desk/m/{code}/"' in desk.page


@pytest.mark.parametrize("typed", ["96H-9MK-WHX", "nonsense", "<b>x</b>", "' OR 1=1", "\0", "9" * 10_000])
def test_a_code_of_nobody_is_told_and_shown_as_text(desk, typed):
    assert desk.get("", query_string={"code": typed}).status_code == 404
    assert "There is no message with this code" in desk.page
    assert "<b>x</b>" not in desk.page


def test_the_one_field_takes_words_a_sender_or_a_code(desk, write):
    code = write("The printer hums.", "Noise", "dora@acme.test")
    write("I cannot log in.", "Login", "cora@acme.test")
    assert desk.get("", query_string={"q": code.lower()}).headers["Location"] == f"/help/desk/m/{code}/"
    for words in ("DORA@", "printer hums", "noise"):
        desk.get("", query_string={"q": words})
        assert re.findall(r'class="desk-code">([^<]+)<', desk.page) == [code]
    assert desk.get("", query_string={"q": "no such words"}).status_code == 404
    assert "No message in this view has these words" in desk.page


def test_a_message_is_unread_until_somebody_opens_it_and_says_who_did(app, store, desk, write):
    code = write()
    desk.get("")
    assert "desk-unread" in desk.page and '>Unread <span class="desk-count">1</span>' in desk.page
    desk.get(f"m/{code}/")
    assert "first opened by anna" in texts(desk.page)
    desk.get("")
    assert "desk-unread" not in desk.page
    hire(store, "bert")
    other = Desk(app.test_client())
    other.sign_in("bert")
    other.get("")
    assert "anna has it open" in texts(other.page)
    other.get(f"m/{code}/")
    assert "anna has this message open, too." in texts(other.page)


def test_a_message_is_assigned_and_the_inbox_is_filtered_by_it(app, desk, write):
    mine, other = write(ago=1), write("Another.", "Other", along=(Along("product", "Acme Pro"),))
    desk.get(f"m/{mine}/")
    desk.post(f"m/{mine}/assign", assignee="anna")
    desk.get("", query_string={"assignee": "anna"})
    assert re.findall(r'class="desk-code">([^<]+)<', desk.page) == [mine]
    desk.get("", query_string={"assignee": "-", "product": "Acme Pro"})
    assert re.findall(r'class="desk-code">([^<]+)<', desk.page) == [other]
    desk.get(f"m/{mine}/")
    assert desk.post(f"m/{mine}/assign", assignee="mallory").status_code == 404
    desk.get(f"m/{mine}/")
    desk.post(f"m/{mine}/assign", assignee="")
    assert '>Assigned to me <span class="desk-count desk-nought">0</span>' in desk.get("").get_data(as_text=True)


def test_a_long_inbox_has_pages_of_fifty(desk, write):
    for number in range(52):
        write(f"Question {number}", f"Question {number}", ago=number)
    desk.get("")
    assert desk.page.count('class="desk-code"') == 50 and "1 to 50 of 52" in desk.page
    desk.get("", query_string={"page": "2"})
    assert desk.page.count('class="desk-code"') == 2


# --- The page --------------------------------------------------------------------------------------------------


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


# --- What waits --------------------------------------------------------------------------------------------------


def test_the_oldest_open_message_stands_first(desk, write):
    codes = [write(f"Question {ago}", f"Question {ago}", ago=ago) for ago in (10, 300, 60)]
    desk.get("")
    assert re.findall(r'class="desk-code">([^<]+)<', desk.page) == [codes[1], codes[2], codes[0]]
    assert '>Open <span class="desk-count">3</span>' in desk.page


@pytest.fixture
def promising(tmp_path):
    """Starts the service of a site whose contact form promises an answer within some time."""
    from handrail_kb.config.settings import load_settings
    from handrail_search.service.app import create_app

    from .desks import Client, site_with_shell

    started = []

    def start(promise: str):
        (tmp_path / "mkdocs.yml").write_text(
            "site_name: Acme\nplugins:\n  - handrail:\n      contact:\n        channels:\n"
            f"          - form:\n            promise: {promise}\n"
        )
        site, flags = site_with_shell(tmp_path), {"base_path": "/help"}
        app = create_app(load_settings(tmp_path / "mkdocs.yml", site_dir=site, flags=flags, environ={}))
        app.test_client_class = Client
        started.append(app.extensions["handrail"])
        return app

    yield start
    for service in started:
        service.teaching.stop()
        service.searches.close()
        service.store.close()


def written_before(app, *minutes):
    store = app.extensions["handrail"].store
    hire(store)
    for ago in minutes:
        keep_message(store, Message("Help", f"Since {ago}", "a@acme.test", "en", now() - timedelta(minutes=ago)))


def test_waiting_is_measured_against_the_promise(promising):
    app = promising("2 hours")
    written_before(app, 30, 180)
    desk = Desk(app.test_client())
    desk.sign_in()
    assert desk.page.count("promised until") == 2
    late = re.search(r"Since 180.*?</tr>", desk.page, re.S)[0]
    table = re.search(r"<table.*?</table>", desk.page, re.S)[0]
    assert late.count("desk-late") == table.count("desk-late") == 2
    assert ">Overdue <span" in desk.page


def test_the_inbox_reckons_a_promise_once_and_a_service_started_anew_by_the_new_promise(promising, monkeypatch):
    from handrail_feedback.desk import blueprint

    reckoned = []
    due = blueprint.due
    monkeypatch.setattr(blueprint, "due", lambda contact, at: reckoned.append(at) or due(contact, at))
    app = promising("2 hours")
    written_before(app, 30, 180)
    desk = Desk(app.test_client())
    desk.sign_in()
    desk.get("")
    assert len(reckoned) == len(set(reckoned)) == 2
    assert re.search(r"Overdue <span[^>]*>1<", desk.page)
    anew = Desk(promising("4 hours").test_client())
    anew.sign_in()
    assert re.search(r"Overdue <span[^>]*>0<", anew.page)


# --- Answered elsewhere ------------------------------------------------------------------------------------------


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


# --- The link in the mail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head, flags, address",
    [
        ("site_url: https://help.acme.test/help\n", {}, "https://help.acme.test/help/desk/"),
        ("site_url: https://help.acme.test/\n", {"desk_url": "https://desk.acme.test/x"}, "https://desk.acme.test/x/"),
        ("", {}, ""),
    ],
)
def test_a_mail_brings_the_link_to_its_message_where_the_address_is_known(tmp_path, head, flags, address):
    from handrail_feedback.delivery.channels import desk_of
    from handrail_feedback.delivery.letters import message_text as as_text
    from handrail_feedback.delivery.letters import payload
    from handrail_feedback.records.messages import KeptMessage
    from handrail_kb.config.settings import load_settings

    (tmp_path / "mkdocs.yml").write_text(f"site_name: Acme\n{head}plugins: [handrail]\n")
    desk = desk_of(load_settings(tmp_path / "mkdocs.yml", flags=flags, environ={}))
    assert desk == address
    message = KeptMessage("96H-9MK-WHX", "Help", "", "", "en", now(), "waiting")
    link = f"{address}m/96H-9MK-WHX/" if address else None
    assert payload(message, desk)["desk_url"] == link
    assert ("Open it: " in as_text(message, desk)) == bool(link)
    assert link is None or f"Open it: {link}\n" in as_text(message, desk)


# --- Files ------------------------------------------------------------------------------------------------------

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


# --- Human reach -------------------------------------------------------------------------------------------------


def test_human_reach_is_told_with_its_definitions(desk, write):
    write(deliver="folder")
    opened = write("Something else.")
    desk.get(f"m/{opened}/")
    desk.get("")
    said = texts(desk.page)
    assert "Messages that reached a person not enough data 1 of 2" in said
    assert "Queued 1 1 of 2" in said
    assert "that somebody opened at the desk" in said


def test_messages_of_the_form_are_counted_by_what_became_of_them(app, caplog, away):
    client = app.test_client()
    sent = {"message": "Help me please"}
    assert client.post("/help/api/contact", json=sent).status_code == 201
    assert client.post("/help/api/contact", json={"message": ""}).status_code == 422
    with away():
        assert client.post("/help/api/contact", json={"message": "Something else"}).status_code == 503
    told = client.get("/help/metrics").text
    for outcome in ("kept", "refused", "failed"):
        assert f'handrail_contact_total{{outcome="{outcome}"}} 1.0' in told
    app.extensions["handrail"].form.tell(None, now())
    assert "could not keep 1 message." in caplog.text
