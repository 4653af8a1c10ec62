"""`handrail learn` and `handrail learned`, as writers and operators use them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from handrail_feedback.records.learned import TaughtQuestion
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.searches.learned import keep, known_questions
from handrail_search.evaluation import effect
from handrail_search.evaluation.effect import held_out
from handrail_search.ranking.learned import KnownAnswer

from ..acme import ARTICLES, article
from .project import indexed_project

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SOURCES = {one.location: one.location.rstrip("/") + ".md" for one in ARTICLES}
SITE = [article(one.location, one.title, one.body, source=SOURCES[one.location]) for one in ARTICLES]


@pytest.fixture(scope="module")
def built(tmp_path_factory, lend_encoder):
    """A project: mkdocs.yml, docs, the built site and its index. Not to be changed."""
    return indexed_project(tmp_path_factory.mktemp("project"), SITE, lend_encoder, base_path="/help/")


@pytest.fixture
def store(store_place, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", str(store_place))
    store = Store(store_place)
    yield store
    store.close()


def good(result):
    assert result.exit_code == 0, result.output
    return result.output


def known(store):
    return sorted((one.question, one.location) for one in known_questions(store))


# --- handrail learn


def tickets(project, *rows, name="tickets.csv"):
    file = project / name
    file.write_text("question,url\n" + "".join(f"{question},{url}\n" for question, url in rows))
    return file


def test_an_import_is_used_by_search_at_once(run, project, store):
    question = "where did my paperwork from last quarter go"
    file = tickets(project, (question, "https://acme.example/help/mail/settings/#addons"))
    output = good(run("learn", file))
    assert "1 new question, 0 known before." in output
    assert "Too few to tell" in output
    assert known(store) == [(question, "mail/settings/")]
    found = json.loads(good(run("search", question, "--json")))
    assert found["hits"][0]["location"].startswith("mail/settings/")


def test_importing_twice_changes_nothing(run, project, store):
    file = tickets(project, ("why tax", "billing/invoice/"), ("Why tax?", "docs/billing/invoice.md"))
    assert "1 new question, 1 known before." in good(run("learn", file))
    file.rename(project / "tomorrow.csv")
    again = run("learn", project / "tomorrow.csv")
    assert "0 new questions, 2 known before." in good(again)
    assert "encoding questions" not in again.output  # a bar of nothing
    assert len(known(store)) == 1


@pytest.mark.sqlite
def test_a_bad_line_stops_the_import_unless_it_is_to_be_left_out(run, project, store):
    file = tickets(project, ("why tax", "billing/invoice/"), ("who", "billing/invoces/"))
    result = run("learn", file)
    assert result.exit_code == 1
    assert f"{file}:3: 'billing/invoces/' is not a page of this site. Did you mean 'billing/invoice" in result.output
    assert "nothing was imported" in result.output
    assert "--skip-bad" in result.output
    assert not store.at.exists(), "no store is made for nothing"
    assert "1 new question, 0 known before, 1 line left out." in good(run("learn", file, "--skip-bad"))
    assert len(known(store)) == 1


def test_what_was_removed_is_not_imported_again(run, project, store):
    file = tickets(project, ("why tax", "billing/invoice/"))
    good(run("learn", file))
    good(run("learned", "--remove", "1"))
    assert "0 new questions, 0 known before, 1 that were removed stay so." in good(run("learn", file))
    assert known(store) == []


def test_an_import_without_an_index_says_what_to_do(run, project):
    shutil.rmtree(project / ".handrail" / "index")
    result = run("learn", tickets(project, ("why tax", "billing/invoice/")))
    assert result.exit_code == 1
    assert "handrail build" in result.output


def test_what_an_import_changes_is_measured_on_questions_that_were_not_taught(run, project, monkeypatch):
    monkeypatch.setattr(effect, "ENOUGH_HELD_OUT", 4)
    months = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october")
    wrong = [(f"where did my paperwork from {month} go", "mail/settings/") for month in months]
    right = [(f"I forgot my password in {month}", "account/password/") for month in months]
    file = tickets(project, *wrong, *right)
    told = json.loads(run("learn", file, "--json").stdout)
    assert told["new"] == 20
    measured = told["effect"]
    assert measured["asked"] == 4
    assert measured["first_before"] == 2
    assert measured["first_after"] > measured["first_before"]
    assert "their article first" in good(run("learn", file))


def test_a_question_that_is_held_out_is_held_out_with_all_its_twins():
    taught = [KnownAnswer(f"question {number % 50}", f"page {number // 50}/", "import", NOW) for number in range(100)]
    held = held_out(taught)
    assert list(held) == [f"question {number}" for number in range(4, 50, 5)]
    assert held["question 4"] == {"page 0/", "page 1/"}
    assert held_out([]) == {}


def test_no_more_than_some_hundred_questions_are_asked():
    taught = [KnownAnswer(f"question {number}", "page/", "import", NOW) for number in range(20_000)]
    assert 250 < len(held_out(taught)) <= 500


# --- handrail learned


@pytest.fixture
def taught(store):
    """Two questions of an agent and one of an article that is gone."""
    yesterday = NOW - timedelta(days=300)
    keep(store, [
        TaughtQuestion("cannot get in: why", "account/password/", "agent", yesterday, "anna"),
        TaughtQuestion("I am locked out", "account/password/", "agent", yesterday + timedelta(hours=1), "anna"),
        TaughtQuestion("how do I fax", "mail/fax/", "import", yesterday + timedelta(hours=2), "old.csv"),
    ])  # fmt: skip
    return store


def test_what_was_learned_is_listed_with_who_said_so_and_when(run, taught):
    output = good(run("learned"))
    assert output.splitlines()[:4] == [
        "how do I fax",
        "    3 · mail/fax/ · import, old.csv · 2026-01-26 · not used: the article is gone",
        "I am locked out",
        "    2 · account/password/ · agent, anna · 2026-01-26",
    ]
    assert output.endswith("3 learned questions.\n")


@pytest.mark.parametrize(
    "name", ["account/password/", "docs/account/password.md", "https://acme.example/help/account/password/#no-mail"]
)
def test_what_an_article_learned_is_listed_by_any_name_of_it(run, taught, name):
    rows = json.loads(good(run("learned", name, "--json")))
    assert [(row["id"], row["question"], row["used"]) for row in rows] == [
        ("2", "I am locked out", True), ("1", "cannot get in: why", True),
    ]  # fmt: skip
    assert rows[0]["at"].startswith("2026-01-26T")


def test_an_article_that_is_gone_is_listed_by_its_own_name(run, taught):
    rows = json.loads(good(run("learned", "mail/fax/", "--json")))
    assert [(row["id"], row["used"]) for row in rows] == [("3", False)]


def test_the_list_can_be_narrowed(run, taught):
    assert good(run("learned", "--source", "import")).startswith("how do I fax")
    assert good(run("learned", "--since", "2026-11-01")) == "No learned questions.\n"
    assert "3 learned questions, 1 of them shown" in good(run("learned", "--limit", "1"))


def test_removed_questions_are_out_of_force_until_they_are_put_back(run, taught):
    output = good(run("learned", "--remove", "1", "3"))
    assert "Removed 2 questions." in output
    assert "handrail learned --restore 1 3" in output
    assert known(taught) == [("I am locked out", "account/password/")]
    assert good(run("learned")).endswith("1 learned question.\n")
    assert "removed 20" in good(run("learned", "--all"))
    good(run("learned", "--restore", "1"))
    assert len(known(taught)) == 2


@pytest.mark.parametrize("task", ["--remove", "--restore", "--promote"])
def test_an_id_that_is_not_there_changes_nothing(run, taught, task):
    result = run("learned", task, "1", "99")
    assert result.exit_code == 1
    assert "There is no question 99." in result.output
    assert len(known(taught)) == 3
    assert run("learned", task).exit_code == 1


def test_a_promoted_question_stands_in_its_article(run, taught, project):
    output = good(run("learned", "--promote", "1", "2"))
    assert "docs/account/password.md: 2 added" in output
    assert "handrail build" in output
    file = project / "docs" / "account" / "password.md"
    assert file.read_text() == (
        '---\ntitle: Reset your password\nquestions:\n  - "cannot get in: why"\n  - I am locked out\n---\n\ntext\n'
    )
    assert "in the article since 20" in good(run("learned"))
    assert "0 added, 2 stood there before" in good(run("learned", "--promote", "1", "2"))


def test_no_article_is_touched_when_one_of_them_cannot_be(run, taught, project):
    keep(taught, [TaughtQuestion("my mail is stuck", "mail/send/", "agent", NOW, "anna")])
    (project / "docs" / "mail" / "send.md").write_text("---\nquestions: [a]\n---\n")
    before = (project / "docs" / "account" / "password.md").read_text()
    result = run("learned", "--promote", "1", "4")
    assert result.exit_code == 1
    assert "docs/mail/send.md:2: 'questions' is not a list" in result.output
    assert (project / "docs" / "account" / "password.md").read_text() == before
    gone = run("learned", "--promote", "3")
    assert gone.exit_code == 1
    assert "comes from no Markdown file" in gone.output


def test_without_a_store_there_is_nothing_to_list_and_none_is_made(run, project):
    result = run("learned")
    assert result.exit_code == 1
    assert "nothing was learned yet" in result.output
    assert not (project / ".handrail" / "store.db").exists()


def test_without_an_index_questions_are_listed_all_the_same(run, taught, project):
    shutil.rmtree(project / ".handrail" / "index")
    assert "not used" not in good(run("learned"))
    assert json.loads(good(run("learned", "--json")))[0]["used"] is None


# --- search and check at the command line


def test_check_answers_as_the_service_does(run, project, taught):
    file = project / "docs" / "mail" / "settings.md"
    file.write_text(f"---\ntitle: Advanced settings\nquestions: [{(question := 'where did my paperwork go')}]\n---\n")
    lost = run("check", "--rank", "1")
    assert f"'{question}' does not find this article" in lost.output
    keep(taught, [TaughtQuestion(question, "mail/settings/", "writer", NOW, "wanda")])
    assert f"'{question}' does not find this article" not in run("check", "--rank", "1").output


def test_search_answers_without_a_store_that_cannot_be_read(run, project):
    (project / ".handrail" / "store.db").write_text("my shopping list\n" * 100)
    result = run("search", "forgot password")
    assert result.exit_code == 0
    assert "Reset your password" in result.output
    assert "learned questions are left out" in result.output
