import json
import re

import pytest

from handrail_feedback.records.stamps import now, stamp
from handrail_search.ranking.searcher import Searcher
from waiting import until

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, Message
from handrail_feedback.storage.messages.answers import find_outcome, outcomes_of, wanted_articles
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.searches import learned

from .desks import Desk, hire, indexed_site, service

CARD = "billing/card/"


@pytest.fixture(scope="module")
def acme(tmp_path_factory, lend_encoder):
    root = tmp_path_factory.mktemp("acme")
    indexed_site(root, lend_encoder)
    return root


@pytest.fixture
def app(acme, tmp_path, store_place):
    (tmp_path / "site").symlink_to(acme / "site")
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "index").symlink_to(acme / "state" / "index")
    with service(tmp_path, store=str(store_place)) as app:
        yield app


@pytest.fixture
def write(store):
    def write(text="It says no.", subject="plastic is out of date", reply_to="cora@acme.test", along=()):
        return keep_message(store, Message(text, subject, reply_to, "en", now(), along=along))

    return write


def suggested(desk):
    return re.findall(r'name="location" value="([^"]+)"', desk.page)


def offered(desk):
    """The questions that stand in the form."""
    return re.search(r'name="questions"[^>]*>\n([^<]*)</textarea>', desk.page)[1].split("\n")


def known(store):
    return [(one.question, one.location, one.source) for one in learned.known_questions(store)]


def undo(desk, code):
    [number] = re.findall(r'name="outcome" value="(\d+)"', desk.page)
    return desk.post(f"m/{code}/undo", outcome=number)


def test_what_the_customer_asks_for_is_searched_already_so_that_one_click_names_the_article(desk, write, store):
    code = write(subject="my credit card has expired")
    desk.get(f"m/{code}/")
    assert suggested(desk)[0] == CARD
    assert offered(desk) == ["my credit card has expired"]
    desk.post(f"m/{code}/article", location=CARD, questions="my credit card has expired", token="t1")
    assert "Pay with another card" in desk.page and "search learned" in desk.page
    [outcome] = outcomes_of(store, code)
    assert (outcome.kind, outcome.location, outcome.who) == ("article", CARD, "anna")
    assert known(store) == [("my credit card has expired", CARD, "agent")]


def test_the_same_question_then_finds_the_article(app, desk, write):
    code = write(subject="grumpy walrus at dawn")
    asked = "/help/api/search?q=grumpy+walrus+at+dawn"
    assert desk.client.get(asked).json["verdict"] == "none"
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="grumpy walrus at dawn", token="t1")
    app.extensions["handrail"].teaching.look()  # as its thread does every second
    answer = desk.client.get(asked).json
    assert answer["verdict"] == "answered"
    assert answer["results"][0]["url"].startswith(f"/help/{CARD}")


def test_another_search_finds_other_articles_and_keeps_what_was_filled_in(desk, write):
    code = write()
    assert desk.get(f"m/{code}/", query_string={"q": "where do I see what I paid"}).status_code == 200
    assert suggested(desk)[0] == "billing/invoice/"
    desk.post(f"m/{code}/", q="share my calendar", body="Dear <Cora>,\nplease", questions="one\ntwo")
    assert suggested(desk)[0] == "mail/calendar/"
    assert offered(desk) == ["one", "two"]


def test_what_the_customer_ticked_is_offered_to_be_taught_and_nothing_else(desk, write, store):
    ticked = (Along("search", "card run out"), Along("article", "Refunds", "billing/refund/"), Along("product", "Pro"))
    code = write(subject="card problem", along=ticked)
    desk.get(f"m/{code}/")
    assert offered(desk) == ["card problem", "card run out"]


def test_what_is_taught_is_redacted_and_the_agent_sees_it_so_before(desk, write, store):
    code = write(subject="card of cora@acme.test 4111 1111 1111 1111 refused")
    desk.get(f"m/{code}/")
    assert offered(desk) == ["card of [email] [card] refused"]
    desk.post(
        f"m/{code}/article",
        location=CARD,
        questions="ask cora@acme.test about the card\n\n" + offered(desk)[0],
        token="t1",
    )
    assert "cora@acme.test" not in json.dumps(store.read("SELECT * FROM learned"))
    assert "cora@acme.test" not in json.dumps(store.read("SELECT * FROM outcomes"))


def test_naming_is_undone_with_what_was_learned_and_can_be_done_again(desk, write, store):
    code = write()
    for number in range(3):
        desk.get(f"m/{code}/")
        desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token=f"t{number}")
        assert known(store) == [("plastic is out of date", CARD, "agent")]
        undo(desk, code)
        assert known(store) == [] and outcomes_of(store, code) == []
        [kept] = store.read("SELECT undone_by, undone_at FROM outcomes ORDER BY id DESC LIMIT 1")
        assert kept["undone_by"] == "anna"
        until(lambda undone=kept["undone_at"]: stamp(now()) > undone)  # an undo is known by its moment


def test_undoing_one_of_two_messages_leaves_what_the_other_taught(desk, write, store):
    one, other = write("One."), write("Other.")
    for number, code in enumerate((one, other)):
        desk.get(f"m/{code}/")
        desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token=f"t{number}")
    undo(desk, other)
    assert known(store) == [("plastic is out of date", CARD, "agent")]
    desk.get(f"m/{one}/")
    undo(desk, one)
    assert known(store) == []


def test_what_a_writer_took_out_stays_out_and_the_agent_is_told(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token="t1")
    learned.remove(store, [one.id for one in learned.list_questions(store)], now())
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token="t2")
    assert "A writer had taken a question out" in desk.page
    assert known(store) == []


@pytest.mark.inputs
@pytest.mark.parametrize("questions", ["", "  \n ", "cora@acme.test", "x" * 301])
def test_an_article_can_be_named_without_teaching_anything(desk, write, store, questions):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions=questions, token="t1")
    assert 'class="desk-note"' in desk.page
    assert known(store) == [] and [one.location for one in outcomes_of(store, code)] == [CARD]


@pytest.mark.inputs
@pytest.mark.parametrize("location", ["", "gone/", "../secret", "https://evil.example/", "/billing/card/", "<b>"])
def test_only_a_page_of_the_site_can_be_named(desk, write, store, location):
    code = write()
    desk.get(f"m/{code}/")
    assert desk.post(f"m/{code}/article", location=location, questions="a question", token="t1").status_code == 404
    assert known(store) == [] and outcomes_of(store, code) == []


def test_no_more_than_five_questions_are_learned_at_once(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="\n".join(f"question {'abcdefghi'[n]}" for n in range(9)),
              token="t1")  # fmt: skip
    assert len(known(store)) == 5


def test_a_double_click_names_once(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    for _ in range(2):
        desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token="t1")
    assert len(outcomes_of(store, code)) == 1


def test_an_answer_that_is_begun_is_still_there_after_an_article_was_named(desk, write):
    code = write()
    desk.get(f"m/{code}/")
    answer = desk.post(
        f"m/{code}/article", follow=False, location=CARD, questions="a b c", token="t1", body="Dear Cora,"
    )
    assert answer.status_code == 200


# --- No article ---------------------------------------------------------------------------------------------------


def test_that_an_article_is_needed_is_kept_with_its_question_and_can_be_taken_back(desk, write, store):
    code = write(subject="use it in a submarine, mail cora@acme.test")
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/needs", questions=offered(desk)[0], token="t1")
    assert "Needs an article" in desk.page
    [wanted] = wanted_articles(store)
    assert wanted.questions == ("use it in a submarine, mail [email]",) and wanted.who == "anna"
    desk.get("")
    assert "use it in a submarine" in re.search(r'id="wanted".*?</ul>', desk.page, re.S)[0]
    desk.get(f"m/{code}/")
    undo(desk, code)
    assert wanted_articles(store) == [] and known(store) == []


def test_an_agent_cannot_undo_what_a_colleague_named_but_a_lead_can(app, desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token="t1")
    [number] = re.findall(r'name="outcome" value="(\d+)"', desk.page)
    for name, role, status in (("bert", "agent", 403), ("lea", "lead", 200)):
        hire(store, name, role)
        other = Desk(app.test_client())
        other.sign_in(name)
        other.get("")
        assert other.post(f"m/{code}/undo", outcome=number).status_code == status
    assert find_outcome(store, int(number)).undone_by == "lea"


def test_with_a_message_goes_what_it_led_to_but_not_what_search_learned(desk, write, store):
    code = write()
    desk.get(f"m/{code}/")
    desk.post(f"m/{code}/article", location=CARD, questions="plastic is out of date", token="t1")
    forget_message(store, code)
    assert store.read("SELECT * FROM outcomes") == []
    assert known(store) == [("plastic is out of date", CARD, "agent")]


def test_without_an_index_the_page_is_there_and_says_that_search_cannot_answer(tmp_path):
    with service(tmp_path / "bare") as app:
        store = app.extensions["handrail"].store
        hire(store)
        code = keep_message(store, Message("It says no.", "", "", "en", now()))
        desk = Desk(app.test_client())
        desk.sign_in()
        assert desk.get(f"m/{code}/").status_code == 200
        assert "Search cannot answer at the moment" in desk.page and "No article was found" not in desk.page


# --- Together -----------------------------------------------------------------------------------------------------


def row_of(desk, code):
    """The row of a message in the inbox, as its words."""
    return next(row for row in re.findall(r"<tr.*?</tr>", desk.page, re.S) if f">{code}<" in row)


def test_the_inbox_says_how_many_messages_are_like_one(desk, write):
    first = write("Help", "I forgot my password")
    other = write("Help!", "how do I recycle old batteries")
    same = write("Help!!", "forgot the password of my account")
    desk.get("")
    assert "1 similar" in row_of(desk, first) and "1 similar" in row_of(desk, same)
    assert "similar" not in row_of(desk, other)


def test_a_message_shows_how_others_like_it_were_answered(desk, write, store):
    before = write("Help", "I forgot my password")
    desk.get(f"m/{before}/")
    desk.post(f"m/{before}/article", location="account/password/", questions="", token="t1")
    desk.post(f"m/{before}/answered", way="elsewhere", token="t2")
    now_asked = write("Help!", "forgot the password of my account")
    desk.get(f"m/{now_asked}/")
    section = re.search(r'id="same".*?</section>', desk.page, re.S)[0]
    assert before in section and "answered elsewhere by anna" in section and "Reset your password" in section


def test_a_thread_stands_together_whatever_it_is_about(desk, write):
    first = write("Help", "I forgot my password")
    second = write(f"And {first}: do you sell bicycles?", "bicycles")
    desk.get("")
    assert "1 similar" in row_of(desk, first) and f"adds to {first}" in row_of(desk, second)
    desk.get(f"m/{first}/")
    assert 'id="same"' not in desk.page


def test_without_the_encoder_threads_still_stand_together(app, desk, write, monkeypatch):
    live = app.extensions["handrail"].live
    words_alone = Searcher(live.searcher().index, None)
    monkeypatch.setattr(live, "searcher", lambda: words_alone)
    first, alike = write("Help", "I forgot my password"), write("Help", "forgot the password of my account")
    second = write(f"{first} again", "")
    desk.get("")
    assert "1 similar" in row_of(desk, first) and "1 similar" in row_of(desk, second)
    assert "similar" not in row_of(desk, alike)


def test_no_word_of_a_message_is_kept_to_find_others_like_it(app, desk, write, acme):
    write("Help", "zebra crossing in my inbox")
    write("Help", "a zebra crossing in the inbox")
    desk.get("")
    assert desk.page.count("1 similar") == 2
    for file in (acme / "state").rglob("*"):
        assert not file.is_file() or b"zebra crossing" not in file.read_bytes()


# --- Colleagues' own searches --------------------------------------------------------------------------------------


def test_what_colleagues_search_is_marked_and_what_they_look_up_for_a_customer_is_not_kept(app, desk, write):
    code = write()
    desk.get(f"m/{code}/", query_string={"q": "where do I see what I paid"})
    desk.client.get("/help/api/search?q=password")
    app.test_client().get("/help/api/search?q=invoices")
    handrail = app.extensions["handrail"]
    assert handrail.searches.flush()
    kept = {row["query"]: row["staff"] for row in handrail.store.read("SELECT query, staff FROM intents")}
    assert kept == {"password": 1, "invoices": 0}
    desk.get("")
    desk.post("logout")
    desk.client.get("/help/api/search?q=calendar")
    assert handrail.searches.flush()
    [row] = handrail.store.read("SELECT staff FROM intents WHERE query = 'calendar'")
    assert row["staff"] == 0
