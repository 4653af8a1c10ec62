from __future__ import annotations

import json
import re
import threading
from datetime import timedelta

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.contracts import Meaning
from handrail_feedback.desk.reports import topic_cache
from handrail_feedback.desk.reports import topics as reports_topics
from handrail_feedback.records.decisions import Figures, ReplayResult
from handrail_feedback.records.messages import Message
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.charts import SPARKLINE_WEEKS, draw
from handrail_feedback.reports.site_articles import KnownArticles
from handrail_feedback.storage.messages.answers import needs_article
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches.decisions import decide, history, note
from handrail_feedback.storage.searches.topics import failed_searches, topics
from handrail_feedback.topics import listing
from handrail_feedback.topics.refresh import refresh
from handrail_kb.site.built.site_info import MANIFEST

from ..conftest import by_last_word
from .desks import DAY, Desk, form_token, hire, listed, number, signed_in, texts, views

EVIL = "<script>alert(1)</script> password"


@pytest.fixture
def passwords(fail) -> None:
    fail("forgot my password", "lost my password", "how do I reset my password", "new password")


# --- Who may look, who may decide ----------------------------------------------------------------------------------


def test_nothing_is_shown_or_done_without_signing_in(app, store, passwords):
    stranger = Desk(app.test_client())
    for path in ("topics/", f"topics/{number(store, 'password')}/"):
        assert stranger.get(path).status_code == 401
        assert "forgot" not in stranger.page
    assert stranger.post(f"topics/{number(store, 'password')}/decide", verdict="spam").status_code == 401
    assert history(store) == {}


def test_agents_read_topics_and_leads_decide(app, store, passwords):
    hire(store, "ben", "agent")
    agent, topic = signed_in(app, "ben"), number(store, "password")
    assert listed(agent)
    agent.get(f"topics/{topic}/")
    assert "Leads decide on topics" in agent.page and "/decide" not in agent.page
    agent.get()  # a page with a form to take its token from
    assert agent.post(f"topics/{topic}/decide", verdict="spam").status_code == 403
    assert "Only a lead can do this" in agent.page
    assert history(store) == {}


def test_a_form_of_another_site_decides_nothing(lead, store, passwords):
    lead.get(f"topics/{number(store, 'password')}/")
    answer = lead.post(f"topics/{number(store, 'password')}/decide", verdict="spam", csrf_token="made up")
    assert answer.status_code == 400
    assert history(store) == {}


def test_a_topic_that_another_process_lists_opens_here_at_once(app, lead, store, passwords, fail):
    assert lead.get("topics/").status_code == 200
    fail("export all contacts", "contacts as a file of contacts")
    topic = number(store, "contacts")
    assert lead.get(f"topics/{topic}/").status_code == 200, "this process has read topics before there was this one"
    lead.post(f"topics/{topic}/decide", verdict="spam", why="robots", token=form_token(lead))
    assert [one.why for one in history(store)[topic]] == ["robots"]
    assert lead.get(f"topics/{topic + 1}/").status_code == 404


# --- The list ------------------------------------------------------------------------------------------------------


def test_the_list_says_what_was_looked_for_by_how_many_and_until_when_to_decide(lead, passwords):
    [name] = listed(lead)
    said = texts(lead.page)
    assert "password" in name
    assert f"{name} 4 Write article" in said
    assert "Waiting for a decision: since today, none late" in said
    assert views(lead)["Needs triage"] == views(lead)["Unassigned"] == views(lead)["All in period"] == "1"
    assert views(lead)["Late"] == views(lead)["Assigned to me"] == "0"


@pytest.mark.parametrize(("stands", "what"), [("new", "what is new"), ("growing", "what grows")])
def test_nothing_is_called_new_or_growing_where_the_time_before_was_not_kept(lead, passwords, stands, what):
    assert listed(lead, f"topics/?stands={stands}") == []
    said = texts(lead.page)
    assert views(lead)[{"new": "New", "growing": "Trending up"}[stands]] == "–"
    assert f"Searches are kept since {(now() - DAY).date()} only: {what} cannot be told yet." in said
    assert "No topic is like that" not in said


def test_where_the_time_before_was_kept_what_is_new_is_counted(lead, fail, passwords):
    fail("long ago walrus", ago=60)
    assert len(listed(lead, "topics/?stands=new")) == 1
    assert views(lead)["New"] == "1"
    assert "4 vs 0 New" in texts(lead.page)


def test_topics_of_few_people_are_counted_and_not_shown(lead, fail, passwords):
    fail("grey walrus", "blue walrus")
    assert len(listed(lead)) == 1
    assert "walrus" not in lead.page
    assert "Not shown: 1 topic of <3 people" in texts(lead.page)


def test_each_view_is_a_link(lead, store, fail, passwords):
    fail("an invoice", "my invoice", "your invoice", verdict="weak")
    decide(store, number(store, "password"), "spam", "ana", now())
    assert [name.split()[-1] for name in listed(lead)] == ["invoice"]
    assert [name.split()[-1] for name in listed(lead, "topics/?stands=decided")] == ["password"]
    assert [name.split()[-1] for name in listed(lead, "topics/?stands=spam")] == ["password"]
    assert [name.split()[-1] for name in listed(lead, "topics/?stands=all")] == ["password", "invoice"]
    assert [name.split()[-1] for name in listed(lead, "topics/?stands=all&could=write")] == ["password"]
    assert [name.split()[-1] for name in listed(lead, "topics/?stands=all&q=INVOICE")] == ["invoice"]
    assert listed(lead, "topics/?stands=all&q=invoice+password") == []
    assert "No topic is like that" in lead.page


def test_the_order_is_chosen(lead, fail, passwords):
    fail("an invoice", "my invoice", "your invoice")
    assert [name.split()[-1] for name in listed(lead)] == ["password", "invoice"]
    assert [name.split()[-1] for name in listed(lead, "topics/?sort=name")] == ["invoice", "password"]


@pytest.mark.parametrize(
    "asked",
    ["days=9", "days=x", "stands=<b>", "could='", "sort=--", "page=0", "page=-1", "page=" + "9" * 20, "q=%00",
     "q=" + "x" * 5000],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_answered_all_the_same(lead, passwords, asked):
    assert lead.get(f"topics/?{asked}").status_code == 200
    assert "<b>" not in lead.page


def test_a_long_list_has_pages(lead, fail, passwords, monkeypatch):
    monkeypatch.setattr(reports_topics, "TOPICS_SHOWN", 1)
    fail("an invoice", "my invoice", "your invoice")
    assert [name.split()[-1] for name in listed(lead)] == ["password"]
    assert '<a rel="next" href="/help/desk/topics/?page=2">Next' in lead.page
    assert [name.split()[-1] for name in listed(lead, "topics/?page=2")] == ["invoice"]
    assert 'rel="next"' not in lead.page and '<a rel="prev" href="/help/desk/topics/">Previous' in lead.page
    assert listed(lead, "topics/?page=3") == []
    assert "See the first" in lead.page


def test_nothing_that_customers_type_becomes_a_part_of_the_page(lead, store, fail):
    fail(EVIL, EVIL + " password", "{{ 1111*1111 }} password")
    for path in ("topics/", f"topics/{number(store, 'password')}/"):
        lead.get(path)
        assert "<script>" not in lead.page and "&lt;script&gt;" in lead.page
        assert "1234321" not in texts(re.sub(r'value="[^"]*"', "", lead.page))


def test_what_was_erased_is_shown_no_more_at_once(lead, store, passwords):
    assert listed(lead)
    with store.transaction() as db:
        db.execute("DELETE FROM intents WHERE query = 'new password'")
    lead.get(f"topics/{number(store, 'password')}/")
    assert "new password" not in lead.page
    assert "3 people" in texts(lead.page)
    with store.transaction() as db:
        db.execute("DELETE FROM intents")
    assert listed(lead) == []


def test_searches_are_read_once_a_minute_and_decisions_each_time(lead, store, fail, passwords, monkeypatch):
    read = []
    monkeypatch.setattr(topic_cache, "read_book", lambda store, book=listing.read_book: read.append(1) or book(store))
    assert len(listed(lead)) == 1
    fail("an invoice", "my invoice", "your invoice")
    assert len(listed(lead)) == 1
    assert len(read) == 1
    decide(store, number(store, "password"), "spam", "ana", now())
    assert listed(lead) == []
    monkeypatch.setattr(topic_cache, "FRESH", timedelta(0))
    lead.get("topics/")
    for thread in [one for one in threading.enumerate() if one.name == "handrail-topic-cache"]:
        thread.join()
    assert [name.split()[-1] for name in listed(lead)] == ["invoice"]


def test_who_comes_to_the_desk_has_the_topics_read_beforehand(app, store, passwords, monkeypatch):
    monkeypatch.undo()
    one = topic_cache.TopicCache(store, lambda _queries: KnownArticles(), 3)
    one.warm()
    read = one.take().reading
    assert next(iter(read.described)) == read.period(topic_cache.USUAL_SPAN)
    one.warm()
    assert one.take().reading is read


def test_nobody_is_shown_on_monday_what_was_read_on_friday(store, passwords, fail, monkeypatch):
    monkeypatch.undo()
    one = topic_cache.TopicCache(store, lambda _queries: KnownArticles(), 3)
    one.warm_once()
    friday = one.take().reading
    fail("an invoice", "my invoice", "your invoice")
    one.warm_once()  # strangers make nothing be read again
    monkeypatch.setattr(topic_cache, "TOO_OLD", timedelta(0))
    monday = one.take().reading
    assert monday is not friday
    listed_then, listed_now = (one.between(one.period(topic_cache.USUAL_SPAN), 3) for one in (friday, monday))
    assert len(listed_now) == len(listed_then) + 1


# --- One topic -----------------------------------------------------------------------------------------------------


def test_a_topic_shows_what_was_typed_what_came_next_and_how_to_draft_an_article(lead, store, passwords):
    topic = number(store, "password")
    assert lead.get(f"topics/{topic}/").status_code == 200
    said = texts(lead.page)
    assert "how do I reset my password 1 1" in said and "fewer than" not in said
    assert f"handrail draft {topic}" in said
    assert '<a href="/help/guide/reset/">' in lead.page
    assert "billing/vat/ (this page is gone)" in said
    assert "Write article , because for half of the searches" in said
    assert "--into" not in said
    assert "4 found nothing" in said and "4 not known" in said
    assert "<title>Topic" in lead.page


@pytest.mark.parametrize(
    ("known", "into"), [({"guide/reset/": {"source": "guide/re set.md"}}, "'guide/re set.md'"), ({}, "…")]
)
def test_where_an_article_is_near_the_command_adds_their_words_to_it(tmp_path, lead, store, fail, known, into):
    manifest = tmp_path / "site" / MANIFEST
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text(json.dumps({"articles": known}))
    fail("an invoice", "my invoice", "your invoice", verdict="weak")
    topic = number(store, "invoice")
    lead.get(f"topics/{topic}/")
    said = texts(lead.page)
    assert f"these questions go into it: handrail draft {topic} --into {into} The draft of a new article" in said


@pytest.mark.parametrize("topic", [0, 99, 10**30])
def test_a_topic_that_is_not_there_is_told(lead, passwords, topic):
    assert lead.get(f"topics/{topic}/").status_code == 404
    lead.get()
    assert lead.post(f"topics/{topic}/decide", verdict="spam").status_code == 404


def test_a_lead_decides_and_takes_it_back(lead, store, passwords):
    topic = number(store, "password")
    lead.get(f"topics/{topic}/")
    link = "https://git.acme.test/issues/7"
    lead.post(f"topics/{topic}/decide", verdict="writing", why="<b>none</b>", link=link, token=form_token(lead))
    assert "Nothing needs triage." in texts(lead.page) and ": Write article" in texts(lead.page)
    lead.get(f"topics/{topic}/")
    assert f"Write article decided {now().date()} by ana" in texts(lead.page)
    assert "&lt;b&gt;none&lt;/b&gt;" in lead.page and f'<a href="{link}" rel="noopener noreferrer">' in lead.page
    assert 'value="&lt;b&gt;none&lt;/b&gt;"' in lead.page and f'value="{link}"' in lead.page  # it is not lost silently
    assert "checked" not in lead.page
    [one] = history(store)[topic]
    lead.post(f"topics/{topic}/undo", decision=str(one.id))
    assert f'value="{link}"' not in lead.page
    assert "Needs triage" in lead.page and "undone by ana" in texts(lead.page)


def test_a_double_click_is_one_decision_and_takes_back_one(lead, store, passwords):
    topic = number(store, "password")
    decide(store, topic, "spam", "ben", now() - DAY)
    lead.get(f"topics/{topic}/")
    token = form_token(lead)
    for _ in range(2):
        lead.post(f"topics/{topic}/decide", verdict="writing", token=token)
    first, second = history(store)[topic]
    for _ in range(2):
        lead.post(f"topics/{topic}/undo", decision=str(second.id))
    assert "Undo: Spam" in lead.page
    assert history(store)[topic][0] == first


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Please choose what is to be done"),
        ({"verdict": "burn"}, "Please choose what is to be done"),
        ({"verdict": "writing", "link": "javascript:alert(1)"}, "is no link"),
        ({"verdict": "writing", "why": "x" * 1001}, "Too long"),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_filled_in_stays(lead, store, passwords, sent, said):
    topic = number(store, "password")
    lead.get(f"topics/{topic}/")
    assert lead.post(f"topics/{topic}/decide", **{"why": "because", **sent}).status_code == 422
    assert said in texts(lead.page) and f'value="{sent.get("why", "because")}"' in lead.page
    assert history(store) == {}


def test_a_topic_that_fails_again_stands_as_open_again(lead, store, fail):
    fail("forgot my password", "lost my password", "new password", ago=60)
    topic = number(store, "password")
    decide(store, topic, "writing", "ana", now() - 40 * DAY)
    fail("that password", "this password", "my password")
    assert listed(lead, "topics/?stands=reopened")
    assert views(lead)["Reopened"] == "1" and "Resolution held: 0/1" in texts(lead.page)
    lead.get(f"topics/{topic}/")
    assert "Reopened: three people failed after it was decided" in lead.page


def test_a_merged_topic_leads_to_the_one_it_lives_on_in(lead, store, passwords):
    topic = number(store, "password")
    with store.transaction() as db:
        db.execute(
            "INSERT INTO topic_events (at, topic_id, change, other_id, searches) VALUES (:at, 77, 'merged', :into, 3)",
            {"at": now().isoformat(), "into": topic},
        )
    assert lead.get("topics/77/").headers["Location"] == f"/help/desk/topics/{topic}/"


# --- Proven --------------------------------------------------------------------------------------------------------


def test_what_is_proven_is_shown_with_its_figures_and_its_article_and_waits_for_nobody(lead, store, passwords):
    topic = number(store, "password")
    listed(lead)
    figures = Figures(4, 4, "guide/reset/", 3)
    note(store, topic, ReplayResult("g2 7 of 4 to 4", now(), "g2", figures), "proven", None)
    assert listed(lead) == []
    assert listed(lead, "topics/?stands=proven") == listed(lead, "topics/?stands=decided") != []
    assert views(lead)["Verified resolved"] == "1"
    lead.get(f"topics/{topic}/")
    assert "4 of 4 people would get an answer now, 3 of them the same: guide/reset/" in texts(lead.page)
    assert '<a href="/help/guide/reset/">guide/reset/</a>' in lead.page
    assert "Verified resolved, 4 of 4 people (index g2)" in texts(lead.page)


def test_what_is_lost_is_open_again_and_says_since_when(lead, store, passwords):
    topic = number(store, "password")
    before = ReplayResult("g1", now() - 2 * DAY, "g1", Figures(4, 4, "gone/", 4))
    after = ReplayResult("g2", now(), "g2", Figures(4, 2, "gone/", 2))
    note(store, topic, before, "proven", None)
    note(store, topic, after, "lost", before)
    assert listed(lead, "topics/?stands=reopened")
    assert "2 of 4 people would get an answer now" in texts(lead.page)
    lead.get(f"topics/{number(store, 'password')}/")
    assert f"Reopened it was proven on {before.at.date()}, lost on {after.at.date()}" in texts(lead.page)


def test_a_topic_of_messages_says_so_and_asks_for_an_article(lead, store):
    for name in "abc":
        code = keep_message(store, Message("Dear all, …", "", "", "en", now() - DAY, f"token-{name}"))
        needs_article(store, code, [f"{name} walrus"], "ben", now(), f"token-{name}")
    refresh(store, Meaning("test", by_last_word), now())
    [name] = listed(lead)
    assert name.endswith("walrus") and "Write article" in texts(lead.page)
    lead.get(f"topics/{next(iter(topics(store)))}/")
    assert "3 in a message, of which who answers it says that an article is needed" in texts(lead.page)
    assert "None was shown." in texts(lead.page)


# --- The drawing ---------------------------------------------------------------------------------------------------


def test_weeks_are_drawn_and_said_and_small_ones_look_the_same(store, fail):
    fail("a password", ago=1)
    fail("b password", "c password", ago=8)
    fail(*(f"{letter} password" for letter in "defgh"), ago=15)
    fail("i password", ago=7 * SPARKLINE_WEEKS + 1)
    drawn = draw(failed_searches(store), now(), least=3)
    assert drawn.text.endswith(": 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, <3, <3")
    high, low, lowest = drawn.bars
    assert high.height == drawn.height
    assert low.height == lowest.height
    assert lowest.x + lowest.width <= drawn.width


def test_the_drawing_needs_no_style_of_its_own(lead, passwords):
    lead.get("topics/")
    assert 'role="img" aria-label="People a week, the last 12 weeks: ' in lead.page
    assert "style=" not in lead.page
