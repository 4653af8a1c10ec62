"""The weekly page: at the desk, as a file, and what of it may leave the company."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from html import unescape
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

pytest.importorskip("faiss", reason="the service is not installed")

from selectolax.lexbor import LexborHTMLParser

from handrail_feedback.contracts import Meaning
from handrail_feedback.desk.reports.period import RequestedPeriod
from handrail_feedback.records import decisions
from handrail_feedback.records.messages import Message
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.charts import nice_top, shares, stacked
from handrail_feedback.reports.weekly import weekly_report_of
from handrail_feedback.reports.weekly_pages import to_html, to_mail
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches import decisions as searches_decisions
from handrail_feedback.storage.searches.decisions import decide
from handrail_feedback.storage.searches.topics import failed_searches, members
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_feedback.topics.refresh import refresh
from handrail_feedback.topics.status import HeldShare, TopicStatus, held
from handrail_kb.cli.group import main

from ..conftest import by_last_word, search
from .desks import DAY, Desk, failing, hire, lasting_service, service, texts, views

EVIL = "<script>alert(1)</script> password"
RARE = "zanzibar"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A service with a lead, and a quarter of searches. Not to be changed."""
    root = tmp_path_factory.mktemp("weekly")
    with lasting_service(root) as app:
        store = app.extensions["handrail"].store
        hire(store, "ana", "lead")
        fail = failing(app, found_then=True)

        fail(*["my invoice"] * 3, ago=80)  # nobody decided on it
        fail(*["a walrus"] * 3, ago=60)
        fail(*["my printer"] * 4, ago=50)
        places = members(store)
        of = {one.query.split()[-1]: places[one.key].topic for one in failed_searches(store)}
        decide(store, of["walrus"], "writing", "ana", now() - 45 * DAY)
        decide(store, of["printer"], "reword", "ana", now() - 40 * DAY)
        fail(*["the walrus"] * 4, ago=5)
        fail(EVIL, f"{RARE} password", "new password", "new password", "new password", ago=3)
        fail(*["found it"] * 20, ago=2, verdict="answered")
        fail("where", "what", ago=2, verdict="weak")
        fail("robot", ago=2, bot=True)
        for number in range(3):
            keep_message(store, Message("Help", "Hello", "eva@customer.example", "en", now() - 2 * DAY, f"m{number}"))
            keep_vote(store, Vote("reset/", number > 0, now() - DAY, tab=f"weekly-vote-{number}"))
        yield SimpleNamespace(app=app, store=store, root=root, of=of)


@pytest.fixture
def desk(site) -> Desk:
    desk = Desk(site.app.test_client())
    desk.sign_in("ana")
    return desk


@pytest.fixture(scope="module")
def weekly(site):
    at = now()
    return weekly_report_of(site.store, site.root / "site", Period(at - 7 * DAY, at), 3, at)


def section(page: str, anchor: str) -> str:
    return texts(LexborHTMLParser(page).css_first(f"section[aria-labelledby={anchor}]").html)


def test_in_one_look_it_tells_what_is_new_came_back_waits_and_was_fixed(desk):
    desk.get("report/")
    look = section(desk.page, "look")
    for said in ("1 new", "1 reopened", "3 need triage", "1 of 2 resolution held"):
        assert said in look
    assert "password" in section(desk.page, "new")
    assert "the walrus" in section(desk.page, "again") and "reopened 20" in section(desk.page, "again")
    assert "my invoice" in section(desk.page, "waiting") and "late" in section(desk.page, "waiting")
    fixed = section(desk.page, "fixed")
    assert (
        "my printer" in fixed
        and "resolution held: 4 people in the four weeks before the decision; 0 in the 4 weeks" in fixed
    )
    assert "reopened: 3 people in the four weeks before the decision; 4 in the 4 weeks" in fixed


def test_what_an_article_answers_now_is_fixed_whoever_decided(site, tmp_path):
    with closing(sqlite3.connect(site.store.at)) as original, closing(sqlite3.connect(tmp_path / "s.db")) as copy:
        original.backup(copy)
    store, at = Store(tmp_path / "s.db"), now()
    figures = decisions.Figures(3, 3, "invoices/", 3)
    asked = decisions.ReplayResult("of", at - 14 * DAY, "g1", figures)
    searches_decisions.note(store, site.of["invoice"], asked, "proven", None)
    page = texts(to_html(weekly_report_of(store, site.root / "site", Period(at - 7 * DAY, at), 3, at), "", "Acme"))
    assert "verified resolved: 0 people in the four weeks before the proof; 0 in the 2 weeks since" in page
    assert "verified resolved, 3 of 3 people (index g1) on" in page
    assert "2 of 3 resolution held" in page
    store.close()


def test_every_section_leads_to_its_topics(desk, site):
    desk.get("report/")
    assert f'href="/help/desk/topics/{site.of["walrus"]}/"' in desk.page
    assert desk.get(f"topics/{site.of['walrus']}/").status_code == 200


def test_nobody_reads_the_report_without_signing_in(site):
    stranger = Desk(site.app.test_client())
    assert stranger.get("report/").status_code == 401
    assert "walrus" not in stranger.page


def test_every_number_stands_with_its_definition_and_what_was_counted(desk):
    desk.get("report/")
    numbers = LexborHTMLParser(desk.page).css(".weekly-numbers details")
    assert len(numbers) > 12
    for one in numbers:
        assert "Counted: " in one.text() or "As of " in one.text()
    failed = next(one.text() for one in numbers if "Failed searches" in one.text())
    assert "11 of 31" in failed and "before: 0 of 0" in failed
    assert "35%" in failed and "not enough data" in failed


def test_numbers_of_fewer_people_than_the_least_are_hidden_outside_the_desk(desk, weekly):
    def weak(page: str) -> str:
        numbers = LexborHTMLParser(page).css(".weekly-numbers details")
        return next(one.text() for one in numbers if "Failed: got an answer of low confidence" in one.text())

    outside = weak(to_html(weekly, "https://help.test/desk/", "Acme"))
    assert "<3 of 31" in outside
    assert "2 of" not in outside and "6%" not in outside
    desk.get("report/")
    assert "2 of 31" in weak(desk.page) and "6%" in weak(desk.page)


def rows_of(desk: Desk, address: str) -> int:
    """How many rows a list has, on all of its pages."""
    rows = 0
    while address:
        assert desk.get(unescape(address)).status_code == 200, address
        page = LexborHTMLParser(desk.page)
        rows += len(page.css("tbody tr"))
        following = page.css_first("a[rel=next]")
        address = following.attributes["href"] if following else ""
    return rows


def opened_by(page: str) -> list[tuple[str, str]]:
    """Each number of the report that opens a list: the number, and the address."""
    found = []
    for link in LexborHTMLParser(page).css("a[href]"):
        address, said = link.attributes["href"], " ".join(link.text().split())
        if "report/counted/" in address or ("topics/?stands=" in address and re.match(r"\d", said)):
            found.append((said, address))
    return found


def test_every_number_of_the_report_opens_a_list_of_exactly_that_many_rows(desk, site):
    with_a_list = {"people", "said it helped", "decided in time", "resolution held", "topics of few people", "bots"}
    with_a_list |= {"searches", "failed searches", "failed: weak", "clicked", "contacted", "asked back"}
    with_a_list |= {"messages that reached a person", "undelivered now", "first reply, half within"}
    walked, filled = set(), set()
    for asked in ("report/", "report/?span=28", "report/?span=90", "report/?beside=year"):
        desk.get(asked)
        numbers = opened_by(desk.page)
        for said, address in numbers:
            part = re.match(r"(\d+)(?!\d*%)", said)
            if part:
                assert rows_of(desk, address) == int(part[1]), (asked, said, address)
                name = parse_qs(urlsplit(address).query).get("number", ["topics"])[0]
                walked.add(name)
                filled |= {name} if part[1] != "0" else set()
    assert with_a_list <= walked
    assert {"people", "said it helped", "decided in time", "resolution held", "bots", "topics"} <= filled


def test_a_number_of_the_report_is_called_the_same_above_its_list(desk):
    desk.get("report/")
    numbers = LexborHTMLParser(desk.page).css(".weekly-numbers details")
    called = {one.css_first("span").text(): one.css("a[href*=counted]") for one in numbers}
    assert sum(map(bool, called.values())) > 12
    for name, lists in called.items():
        for link in lists:
            desk.get(link.attributes["href"])
            assert LexborHTMLParser(desk.page).css_first("h1").text() == f"What was counted: {name}"


def test_no_number_of_the_report_is_without_its_list(desk):
    desk.get("report/")
    page = LexborHTMLParser(desk.page)
    for one in page.css(".weekly-numbers details p"):
        counted = re.findall(r"(?:Counted: |before: |(?<=\d) of )(\d+)\b(?!-)", one.text())
        linked = [link.text().strip() for link in one.css("a")]
        if "who confirmed" not in one.text() and "that they want to hear of it" not in one.text():
            assert counted or "Counted: none yet" in one.text()
            assert all(number in linked for number in counted), one.text()
    for tile in page.css(".weekly-look a"):
        assert not tile.attributes["href"].startswith("#") or "none yet" in tile.text(), tile.text()
    for people in page.css(".desk-topic strong"):
        assert people.css_first("a"), people.text()


def test_what_needs_triage_is_counted_alike_on_the_report_and_in_the_queue(desk):
    desk.get("report/?span=7")
    said = re.search(r"(\d+) need triage", section(desk.page, "look"))[1]
    for span in ("7", "28", "364"):
        desk.get(f"topics/?span={span}")
        assert views(desk)["Needs triage"] == said == "3"


def test_a_list_that_a_number_does_not_have_is_not_found(desk):
    assert desk.get("report/counted/?number=<b>").status_code == 404
    assert desk.get("report/counted/").status_code == 404
    assert desk.get("report/counted/?number=people&topic=99999999999999999999").status_code == 200
    assert desk.get("report/counted/?number=searches&page=9999").status_code == 200


def test_nobody_opens_what_was_counted_without_signing_in(site):
    stranger = Desk(site.app.test_client())
    assert stranger.get("report/counted/?number=searches").status_code == 401
    assert "walrus" not in stranger.page


def test_what_was_fixed_is_called_held_only_when_its_two_weeks_are_over():
    def status(*, decided: float | None = None, proven: float | None = None) -> TopicStatus:
        figures, at = decisions.Figures(3, 3, "a/", 3), now()
        decision = decided and decisions.Decision(1, 1, "writing", at - decided * DAY, "ana", "", "", None, "")
        proofs = (decisions.Proof("proven", at - proven * DAY, "g1", figures),) if proven else ()
        return TopicStatus("proven" if proven else "writing", decision, (), None, None, False, None, None, proofs)

    at = now() + timedelta(minutes=1)
    for early in (status(decided=13), status(proven=1), status(decided=3, proven=1)):
        assert held([early], at) == HeldShare(0, 0)
    for old in (status(decided=14), status(proven=14), status(decided=15, proven=1)):
        assert held([old], at) == HeldShare(1, 1)


def test_why_searches_failed_stands_in_words_and_not_in_codes(desk, weekly):
    desk.get("report/")
    for page in (desk.page, to_html(weekly, "", "Acme")):
        numbers = section(page, "numbers")
        assert "Failed: saw results and left" in numbers and "Failed: found nothing" in numbers
        for code in ("no_click", "said_no", "failed: none", "failed: weak", "none (", "weak (", "rephrased"):
            assert code not in numbers


def test_what_customers_typed_is_shown_and_never_obeyed(desk, site, weekly):
    site_name = "<b>Acme</b>"
    desk.get("report/")
    _, _, mail = to_mail(weekly, "https://help.test/desk/", site_name)
    for page in (desk.page, to_html(weekly, "", site_name), mail):
        assert "<script>alert" not in page
        assert "<b>Acme" not in page


def test_what_leaves_the_desk_holds_no_word_that_fewer_than_three_people_typed(desk, site, weekly):
    pages = [to_html(weekly, "", "Acme"), *to_mail(weekly, "https://help.test/desk/", "Acme")]
    for page in pages:
        assert RARE not in page and "alert" not in page
    assert all("password" in page for page in pages if page != pages[1])  # the subject names nothing
    assert "new password" in texts(pages[0])


def test_words_of_a_name_that_too_few_typed_are_left_out():
    from handrail_feedback.reports.weekly import shared_words

    typed = [
        SimpleNamespace(query=query, person=f"tab-{number}")
        for number, query in enumerate(["my lost password", "the password", "password of my Bank", "my account"])
    ]
    assert shared_words("my lost old password", typed, 3) == ""
    assert shared_words("Anna lost it", typed, 3) == ""


def test_the_file_needs_nothing_else_and_asks_nobody(site):
    (site.root / "mkdocs.yml").write_text("site_name: Acme\nplugins: [search, handrail: {state_dir: state}]\n")
    done = CliRunner().invoke(main, ["report", "--config", str(site.root / "mkdocs.yml"), "--format", "html"])
    assert done.exit_code == 0, done.output
    page = LexborHTMLParser(done.output)
    assert page.css("script, link, img, iframe, object, form, base") == []
    assert "://" not in done.output.replace("http-equiv", "")
    assert "default-src 'none'" in page.css_first("meta[http-equiv]").attributes["content"]
    assert page.css_first("h1").text() == "report"
    assert len(page.css("figure svg")) >= 3


@pytest.mark.parametrize(
    ("asked", "since", "days"),
    [
        ("", 6, 6),
        ("?days=28", 27, 27),
        ("?span=90", 89, 89),
        ("?days=13&since=yesterday", 6, 6),
        ("?since=2026-02-30", 6, 6),
        ("?since=9999-01-01&until=9999-01-02", 6, 6),
        ("?since={a}&until={b}", 31, 21),
    ],
)
def test_a_time_is_chosen_by_the_address_and_nonsense_is_as_if_nothing_was_said(desk, asked, since, days):
    today = now()
    values = {"a": f"{today - 31 * DAY:%Y-%m-%d}", "b": f"{today - 10 * DAY:%Y-%m-%d}"}
    assert desk.get(f"report/{asked.format(**values)}").status_code == 200
    assert f"{(today - since * DAY).date()} to {(today - (since - days) * DAY).date()}, compared with" in texts(
        desk.page
    )


def test_a_site_without_searches_says_so(tmp_path):
    with service(tmp_path) as app:
        hire(app.extensions["handrail"].store, "ana", "lead")
        desk = Desk(app.test_client())
        desk.sign_in("ana")
        assert desk.get("report/").status_code == 200
        assert "No search was kept yet" in texts(desk.page)
        assert "not enough data" in section(desk.page, "look")
        assert "not kept" in section(desk.page, "drawn")
        empty = [one.text() for one in LexborHTMLParser(desk.page).css("figure svg .weekly-nothing")]
        assert empty == ["not enough data"] * 3


def test_a_site_that_kept_no_time_before_calls_nothing_new_anywhere(tmp_path):
    with service(tmp_path) as app:
        store, log = app.extensions["handrail"].store, app.extensions["handrail"].searches
        at = now()
        for query in ("my invoice", "the invoice", "an invoice"):
            log.record(search(query, 0, f"tab-{query}-x", verdict="none", at=at - DAY))
        assert log.flush()
        refresh(store, Meaning("test", by_last_word), at)
        weekly = weekly_report_of(store, tmp_path / "site", Period(at - 7 * DAY, at), 3, at)
        [topic] = {place.topic for place in members(store).values()}
        decide(store, topic, "writing", "ana", at)
        decided = to_html(weekly_report_of(store, tmp_path / "site", Period(at - 7 * DAY, at), 3, at), "", "Acme")
    assert "being written: before: not kept; its two weeks for writing are not over" in texts(decided)
    subject, text, mail = to_mail(weekly, "", "Acme")
    page = to_html(weekly, "", "Acme")
    assert subject.startswith("Acme: 1 to triage (")
    assert "not enough data new first searched" in texts(page) and "not enough data trending up" in texts(page)
    assert "not enough data new" in texts(mail) and "New and trending up: not enough data." in text
    for said in (texts(page), texts(mail), text):
        assert f"Searches are kept since {(at - DAY).date()} only: what is new cannot be told yet." in said
        assert "3 people, before: not kept" in said
        assert "Nothing was searched for the first time" not in said and "before 0" not in said
    assert "1 need triage: since today, none late." in text
    assert [week.kept for week in weekly.weeks] == [False, False, False, True]  # a chart of one week says nothing


def test_charts_hide_small_numbers_and_leave_gaps_where_nothing_can_be_said():
    weeks = ["2026-11-09", "2026-11-16"]
    drawn = stacked("x", "X", "", weeks, {"one": [1, 50], "two": [None, 0]}, 3, total="all")
    assert drawn.bars[0].height == 2.0 and len(drawn.bars) == 2 and not drawn.is_empty
    assert drawn.rows == (("2026-11-09", "<3", "not kept", "not kept"), ("2026-11-16", "50", "0", "50"))
    line = shares("y", "Y", "", [*weeks, "2026-11-23", "2026-11-30"], [(10, 40), (5, 19), None, (1, 40)], 20, 3,
                  what="failed")  # fmt: skip
    assert [cells[1] for cells in line.rows] == ["25% (10 of 40)", "not enough data", "not kept", "<3 of 40"]
    assert len(line.dots) == 1 and line.lines == ()


@pytest.mark.parametrize(("most", "top"), [(0, 2), (3, 4), (9, 10), (11, 20), (425, 600), (1000, 1000)])
def test_an_axis_ends_at_a_number_that_people_count_by(most, top):
    assert nice_top(most) == top


def test_charts_begin_with_the_first_week_of_which_anything_is_known(weekly):
    assert [week.kept for week in weekly.weeks] == [True] * 12
    assert weekly.weeks[-1].failed == 11 and weekly.weeks[-3].searches == 0


def test_a_day_that_has_only_begun_where_nothing_was_read_of_it_yet_is_empty():
    today = RequestedPeriod(7, date(2026, 3, 2), date(2026, 3, 2))
    before_midnight = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    assert today.period(before_midnight).length == timedelta(0)


def test_topics_are_found_by_words_from_the_report(desk):
    desk.get("topics/?stands=all&days=364&q=walrus")
    assert "walrus" in desk.page and "my invoice" not in desk.page
