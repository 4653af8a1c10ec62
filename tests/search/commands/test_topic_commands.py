"""`handrail topics`, as support leads and writers use it at the terminal."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import timedelta

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.searches import Search
from handrail_feedback.records.stamps import now
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import needs_article
from handrail_feedback.storage.messages.messages import keep_message
from handrail_kb.articles.article import read_article
from handrail_kb.errors import EncoderUnavailable
from handrail_kb.site.built.passages import read_site
from handrail_search.index.build import build_index
from handrail_search.index.generation import Index

from ..acme import article, write_site
from ..conftest import MODEL
from .project import indexed_project

BODIES = {
    "account/password/": (
        "Reset your password",
        "<p>Choose a new secret on the sign-in page. A mail brings a link.</p>",
    ),
    "mail/signature/": ("Add a signature", "<p>A signature is put below each message you write.</p>"),
    "billing/invoices/": ("Invoices", "<p>A PDF file for each month.</p>"),
    "people/bereavement/": ("When a customer has died", "<p>A person takes care of this.</p>"),
}
SITE = [
    article(location, title, body, source=location.strip("/") + ".md", people_only=location.startswith("people/"))
    for location, (title, body) in BODIES.items()
]
PASSWORD = ("I forgot my password", "forgot password", "password forgotten, what now", "forgot my password again")
ICELAND = ("do you ship to Iceland", "delivery to Iceland", "shipping cost Iceland")


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    """A project with a built site and its index. Not to be changed."""
    return indexed_project(tmp_path_factory.mktemp("project"), SITE, lend_encoder)


@pytest.fixture
def fail(store_place, monkeypatch):
    """Keeps failed searches of so many days ago, each from a tab of its own."""
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    log = SearchLog(store, retention_days=365)
    numbers = iter(range(1, 10_000))

    def record(queries, *, days=1.0, verdict="weak", results=("account/password/",)):
        for query in queries:
            number = next(numbers)
            at = now() - timedelta(days=days, seconds=-number)
            log.record(
                Search(
                    search_id=f"search-{number:08d}", tab=f"tab-{number:06d}", query=query, lang="en", verdict=verdict,
                    mode="hybrid", degraded=False, fallback_reason=None, results=results,
                    scores=tuple(0.5 for _ in results), at=at,
                )
            )  # fmt: skip
        assert log.flush()

    yield record
    log.close()
    store.close()


def good(result):
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(result, *parts):
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.output
    return True


def listed(run, *more):
    return json.loads(good(run("topics", "--json", *more)))


def test_the_list_says_who_waits_for_what_and_what_could_be_done(run, fail):
    fail(PASSWORD)
    fail(ICELAND, verdict="none", results=())
    told = good(run("topics"))
    assert any(f"    1  {query}\n" in told for query in PASSWORD)
    assert "4 people" in told
    assert "suggested action: improve article: account/password/; it lacks forgot" in told
    assert "suggested action: write article" in told
    assert told.index("4 people") < told.index("3 people")
    assert "Decided within five working days: 0 of 0 (not enough data for a share)" in told
    assert "handrail topics show 1" in told


def test_topics_of_few_people_are_hidden_and_counted_and_so_are_small_numbers(run, fail):
    fail(PASSWORD)
    fail(ICELAND[:2], verdict="none", results=())
    found = listed(run)
    assert [topic["people"] for topic in found["topics"]] == [4]
    assert found["hidden"] == 1
    assert {example["people"] for example in found["topics"][0]["examples"]} == {None}
    assert "Not shown: 1 topic of <3 people" in good(run("topics"))
    assert [topic["people"] for topic in listed(run, "--topic-people", 1)["topics"]] == [4, 2]


def test_a_second_decision_to_write_keeps_the_article_unless_another_is_named(run, fail):
    fail(["forgot my password", "lost my password", "new password"])
    good(run("topics"))
    link = ("--link", "docs/account/password.md")
    assert "docs/account/password.md" in good(run("topics", "decide", 1, "writing", *link))
    assert "docs/account/password.md" in good(run("topics", "decide", 1, "reword", "--why", "…"))
    last = json.loads(good(run("topics", "show", 1, "--json")))["decisions"][-1]
    assert last["link"] == "docs/account/password.md" and last["why"] == ""
    assert "docs/account" not in good(run("topics", "decide", 1, "out-of-scope"))
    assert "docs/account" not in good(run("topics", "decide", 1, "writing"))


def test_a_decided_topic_leaves_the_list_and_comes_back_when_that_is_taken_back(run, fail):
    fail(PASSWORD)
    assert [topic["state"] for topic in listed(run)["topics"]] == ["new"]
    assert "4 people, before: not kept; not decided, to be decided by " in good(run("topics"))
    assert "| not kept | not enough data | not decided, to be decided by " in good(run("topics", "--markdown"))
    told = good(run("topics", "decide", 1, "reword", "--why", "their words", "--link", "docs/account/password.md",
                    "--who", "ana"))  # fmt: skip
    assert "Topic 1: improve article" in told
    assert "handrail topics decide 1 --undo" in told
    found = listed(run)
    assert (found["topics"], found["decided"]) == ([], 1)
    assert "Not shown: 1 decided or resolved topic. See all: --all" in good(run("topics"))
    [topic] = listed(run, "--all")["topics"]
    assert topic["state"] == "reword"
    [decision] = topic["decisions"]
    assert (decision["who"], decision["why"], decision["link"]) == ("ana", "their words", "docs/account/password.md")
    assert "Undone on topic 1: improve article" in good(run("topics", "decide", 1, "--undo", "--who", "ben"))
    assert [topic["state"] for topic in listed(run)["topics"]] == ["new"]
    assert "undone" in good(run("topics", "show", 1))


@pytest.mark.parametrize("link", ["nonsense", "docs/gone.md", "../mkdocs.yml", "http:/x", "ftp://acme.test/x"])
def test_a_decision_leads_to_an_article_a_page_or_an_address_or_is_refused(run, fail, link):
    fail(PASSWORD)
    listed(run)
    assert refused(run("topics", "decide", 1, "writing", "--link", link), "is no address, no article in docs")
    for fine in ("account/password.md", "docs/account/password.md#no-mail", "https://acme.test/issues/7"):
        good(run("topics", "decide", 1, "writing", "--link", fine))


def test_one_topic_is_shown_in_full(run, fail):
    fail([*PASSWORD, *PASSWORD[:2]])
    told = good(run("topics", "show", 1, "--topic-people", 1))
    assert "2  I forgot my password" in told
    assert "0.50  Reset your password (account/password/), shown for 6" in told
    assert "Why it failed: 6 got an answer of low confidence" in told
    assert json.loads(good(run("topics", "show", 1, "--json")))["topic"] == 1


def test_what_an_article_leaves_to_people_is_one_for_people(run, fail):
    fail(["my father died", "customer has died, close account", "close account of my dead mother"],
         results=("people/bereavement/",))  # fmt: skip
    assert {topic["suggestion"] for topic in listed(run, "--topic-people", 1)["topics"]} == {"people"}


def test_new_searches_join_the_topics_they_belong_to_at_the_next_look(run, fail):
    fail(PASSWORD)
    assert [topic["people"] for topic in listed(run)["topics"]] == [4]
    fail(["password is forgotten"], days=0.1)
    assert [(topic["topic"], topic["people"]) for topic in listed(run, "--all")["topics"]] == [(1, 5)]


@pytest.mark.sqlite
def test_a_mistake_is_one_clear_message(run, project, fail):
    assert refused(run("topics"), "There is no store", "--config")
    fail(PASSWORD)
    good(run("topics"))
    assert refused(run("topics", "show", 99), "There is no topic 99", "handrail topics --all")
    assert refused(run("topics", "decide", 99, "spam"), "There is no topic 99")
    assert refused(run("topics", "decide", 1), "No decision is named", "handrail topics decide 1 writing")
    assert refused(run("topics", "decide", 1, "--undo"), "Nothing is decided on topic 1")
    assert refused(run("topics", "decide", 1, "writing", "--link", "javascript:alert(1)"), "is no address")
    assert refused(run("topics", "decide", 1, "perhaps"), "perhaps")


def test_what_customers_typed_steers_neither_a_terminal_nor_markdown(run, fail):
    fail([f"password {number} \x1b[31m<script>|x" for number in range(3)])
    for form in ((), ("--markdown",)):
        told = good(run("topics", *form))
        assert "\x1b" not in told
        assert form == () or "<script>" not in told


def test_without_an_encoder_topics_are_shown_as_they_were_and_that_is_said(run, project, fail, monkeypatch):
    fail(PASSWORD)
    good(run("topics"))
    fail(ICELAND, verdict="none", results=())

    def broken(index):
        raise EncoderUnavailable("The encoder is broken.", "Make it again: handrail build --full")

    monkeypatch.setattr(Index, "encoder", broken)
    result = run("topics", "--json")
    assert [topic["people"] for topic in json.loads(good(result))["topics"]] == [4]
    assert "topics are as they were: The encoder is broken." in result.stderr
    assert "handrail build --full" in result.stderr


def test_the_file_of_vectors_holds_no_words_and_forgets_what_was_erased(run, project, store_place, fail):
    fail([*PASSWORD, *ICELAND])
    good(run("topics"))
    file = project / ".handrail" / "topic-vectors.db"
    assert b"Iceland" not in file.read_bytes()
    assert b"iceland" not in file.read_bytes()

    def kept():
        with sqlite3.connect(file) as db:
            return db.execute("SELECT count(*) FROM sealed_vectors").fetchone()[0]

    assert kept() == 7
    store = Store(store_place)
    with store.transaction() as db:
        db.execute("DELETE FROM intents WHERE query LIKE '%Iceland%'")
    store.close()
    good(run("topics", "--regroup"))
    assert kept() == 4


def test_a_draft_has_the_customers_questions_and_passes_the_check_of_front_matter(run, project, fail):
    fail([*ICELAND, "my mail is ana@acme.test, ship to Iceland"], verdict="none", results=("billing/invoices/",))
    told = good(run("draft", 1))
    [file] = list((project / "docs").glob("*.md"))
    assert f"docs/{file.name}: a draft with 3 questions." in told
    assert f"handrail topics decide 1 writing --link docs/{file.name}" in told
    article = read_article(project / "docs", file.name)
    assert sorted(article.questions) == sorted(ICELAND)
    assert article.problems == ()
    text = file.read_text()
    assert "ana@acme.test" not in text
    assert "4 people looked for topic 1" in text
    assert "[Invoices](billing/invoices.md)" in text
    assert refused(run("draft", 1), "is there already", "--to")


def test_an_article_that_is_near_can_get_the_words_instead(run, project, fail):
    fail(PASSWORD)
    assert "docs/account/password.md is near. If it answers this: handrail draft 1 --into account/password.md" in good(
        run("draft", 1, "--to", "new.md")
    )
    (project / "docs" / "new.md").unlink()
    assert " added. Look" in good(run("draft", 1, "--into", "docs/account/password.md"))
    assert PASSWORD[1] in read_article(project / "docs", "account/password.md").questions
    again = good(run("draft", 1, "--into", "docs/account/password.md"))
    assert "is as it was: all that customers typed stands in an article already" in again
    assert refused(run("draft", 1, "--into", "../mkdocs.yml"), "is not in docs")


def test_a_draft_can_be_looked_at_before_anything_is_written(run, project, fail):
    fail(PASSWORD)
    before = sorted((project / "docs").rglob("*"))
    assert "title: " in good(run("draft", 1, "--show"))
    assert PASSWORD[0] in good(run("draft", 1, "--into", "account/password.md", "--show"))
    assert sorted((project / "docs").rglob("*")) == before
    assert refused(run("draft", 77), "There is no topic 77")


def test_what_is_answered_now_is_proven_and_told_in_every_form(run, project, fail):
    asked = ["reset your password", "reset your password please", "how do I reset your password"]
    fail(asked, results=("billing/invoices/",))
    assert "Nothing needs triage." in good(run("topics"))
    told = good(run("topics", "--all"))
    day = f"{now():%Y-%m-%d}"
    assert f"verified resolved {day}" in told
    assert "3 of 3 people would get an answer now: account/password/" in told
    assert "at least 80% would get an answer now" in told
    assert f"{day}  verified resolved, 3 of 3 people (index " in good(run("topics", "show", 1))
    assert "3 of 3 people would get an answer now" in good(run("topics", "--all", "--markdown"))
    [topic] = listed(run, "--all")["topics"]
    assert (topic["state"], topic["asked"]["answered"], topic["asked"]["location"]) == (
        "proven",
        3,
        "account/password/",
    )
    assert [proof["change"] for proof in topic["proofs"]] == ["proven"]
    assert listed(run, "--all", "--topic-people", 4)["topics"] == []


def test_an_index_that_loses_a_topic_opens_it_again(run, project, fail, lend_encoder):
    fail(["reset your password", "reset your password please", "how do I reset your password"],
         results=("billing/invoices/",))  # fmt: skip
    assert listed(run)["topics"] == []
    shutil.rmtree(project / "site")
    write_site(project / "site", [one for one in SITE if "password" not in one.location])
    build_index(list(read_site(project / "site")), project / ".handrail", MODEL)
    [topic] = listed(run)["topics"]
    assert (topic["state"], topic["reopened_at"]) == ("reopened", topic["proofs"][-1]["at"])
    assert "reopened: it was proven on" in good(run("topics"))


def test_a_message_that_needs_an_article_is_in_the_topic_and_all_its_questions_in_the_draft(run, store_place, fail):
    fail(ICELAND[:2], verdict="none", results=())
    store = Store(store_place)
    code = keep_message(store, Message("Dear all, …", "", "", "en", now(), "token-1"))
    needs_article(store, code, [ICELAND[2], "is there customs duty"], "ben", now(), "token-2")
    store.close()
    [topic] = listed(run)["topics"]
    assert (topic["people"], topic["suggestion"]) == (3, "write")
    drafted = good(run("draft", topic["topic"], "--show"))
    assert all(f"  - {question}\n" in drafted for question in (*ICELAND, "is there customs duty"))
