"""The inbox: which messages it lists, finds by a code or words, and what it says of how long they wait."""

import re
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, Message
from handrail_feedback.records.reference_codes import codes_in
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.messages import keep_message

from ..desks import Desk, hire, texts

# --- By code ---------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "said",
    [
        "Q9Z-7K6-RHQ",
        "092 7K6 RH0",
        "o527k6rho",
        "\uff31\uff19\uff12\uff0d\uff17\uff2b\uff16\uff0d\uff32\uff28\uff31",
        "Q92\u2212\u200b7K6\u2212RHQ",
    ],
)
def test_a_code_is_known_when_it_was_misread_and_in_full_width(said):
    assert codes_in(said) == ["Q92-7K6-RHQ"]


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


# --- What waits ------------------------------------------------------------------------------------------------------


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

    from ..desks import Client, site_with_shell

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


# --- Human reach -----------------------------------------------------------------------------------------------------


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
