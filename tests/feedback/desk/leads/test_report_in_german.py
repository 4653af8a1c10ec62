"""The report in German: at the desk, as a file and by mail, with none of its English left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from selectolax.lexbor import LexborHTMLParser

from handrail_feedback.delivery.channels import read_report_mail
from handrail_feedback.delivery.weekly_mail import Reporter
from handrail_feedback.records import decisions
from handrail_feedback.records.messages import Message
from handrail_feedback.records.period import Period
from handrail_feedback.records.searches import Vote
from handrail_feedback.records.stamps import now
from handrail_feedback.reports.weekly import weekly_report_of
from handrail_feedback.reports.weekly_pages import DeskLinks, body, to_html, to_mail
from handrail_feedback.storage.messages.messages import keep_message
from handrail_feedback.storage.searches import decisions as searches_decisions
from handrail_feedback.storage.searches.decisions import decide
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_kb.texts.amounts import in_days, in_one_unit
from handrail_kb.texts.staff import in_language

from ..desks import DAY, Desk, failing, hire, lasting_service, number, service, settings_for

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
# Alike in both languages: names, a setting and a command.
ALIKE = {"handrail draft", "Acme", "spam", "Spam", "topic_people", "UTC", "min", "h"}
ENGLISH_WORDS = re.compile(r"\b(the|of|and|people|before|not|were|that|with|is|are|searche?s?|weeks?|late)\b", re.I)
THINGS = ("Rechnung", "Walross", "Drucker", "Lampe", "Rose", *"ABCDEFGHIJ")


def by_last_word(questions: Sequence[str]) -> np.ndarray:
    """A direction for each thing that is asked for, and one for all else."""
    places = {thing.lower(): place for place, thing in enumerate(THINGS)}
    axes = np.eye(len(THINGS) + 1, dtype=np.float32)
    return np.stack([axes[places.get(one.split()[-1].lower(), len(THINGS))] for one in questions])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A German site whose customers, in a quarter, gave the report something for each of its parts."""
    root = tmp_path_factory.mktemp("german")
    with lasting_service(root) as app:
        (root / "site" / "handrail").mkdir(exist_ok=True)
        (root / "site" / "handrail" / "site.json").write_text(json.dumps({"name": "Acme", "lang": "de-CH"}))
        store = app.extensions["handrail"].store
        hire(store, "ana", "lead")
        fail = failing(app, by_last_word, found_then=True)

        for name in THINGS[:5]:
            fail(*[f"meine {name}"] * 4, ago=70)
        for name, verdict, ago in (("Walross", "writing", 45), ("Drucker", "reword", 40), ("Lampe", "writing", 3)):
            decide(store, number(store, name), verdict, "ana", now() - ago * DAY)
        asked = decisions.ReplayResult("of", now() - 20 * DAY, "g1", decisions.Figures(4, 4, "", 4))
        searches_decisions.note(store, number(store, "Rose"), asked, "proven", None)
        fail(*["meine Rechnung"] * 3, ago=20)
        fail(*["meine Rechnung"] * 30, *["mein Walross"] * 4, ago=5)
        for name in THINGS[5:]:
            fail(*[f"Teil {name}"] * 3, ago=3)
        fail(*["gefunden"] * 20, ago=2, verdict="answered")
        fail("wo", "was", ago=2, verdict="weak")
        fail("Roboter", ago=2, bot=True)
        for each in range(12):
            keep_message(store, Message("Hilfe", "Hallo", "eva@kunde.example", "de", now() - 2 * DAY, f"m{each}"))
            keep_vote(store, Vote("reset/", each > 0, now() - DAY, tab=f"vote-{each}"))
        yield SimpleNamespace(app=app, store=store, root=root)


@pytest.fixture
def desk(site) -> Desk:
    desk = Desk(site.app.test_client())
    desk.sign_in("ana")
    return desk


def said(page: str) -> Iterator[str]:
    """What a page says, node by node and with what is read aloud or shown on a pointer, without numbers and signs."""
    tree = LexborHTMLParser(page)
    for style in tree.css("style"):
        style.decompose()
    found = [node.text_content or "" for node in tree.root.traverse(include_text=True) if node.tag == "-text"]
    found += [
        node.attributes.get(name) or ""
        for node in tree.css("[title], [aria-label]")
        for name in ("title", "aria-label")
    ]
    for text in found:
        if words := " ".join(re.sub(r"[\d<>%·.,:;()–-]+", " ", text).split()):
            yield words


def is_german(english: str, german: str, names: set[str]) -> None:
    left = set(said(english)) & set(said(german)) - ALIKE - names
    assert left == set()
    for words in set(said(german)) - names:
        assert not ENGLISH_WORDS.search(words), words


def names(report) -> set[str]:
    lines = [line for part in (report.new, report.growing, report.again, report.waiting) for line in part.lines]
    return {line.topic.facts.name for line in [*lines, *(one.line for one in report.fixed)]}


@pytest.mark.parametrize("days", [1, 7, 28, 60, 100])
@pytest.mark.parametrize("inside", [True, False])
def test_no_sentence_of_the_report_is_left_in_english(site, days, inside):
    report = weekly_report_of(site.store, site.root / "site", Period(now() - days * DAY, now()), 3, now())
    links = DeskLinks("/desk/", f"span={days}") if inside else DeskLinks("")
    english, german = (body(report, links, inside=inside, words=in_language(lang)) for lang in ("en", "de"))
    is_german(english, german, names(report))
    assert len(set(said(german))) > 80


def test_the_report_of_this_week_has_all_of_its_parts(site):
    """Otherwise the test above would compare less than it says."""
    report = weekly_report_of(site.store, site.root / "site", Period(now() - 7 * DAY, now()), 3, now())
    assert report.new.of > len(report.new.lines) and report.growing.of and report.again.of and report.late
    assert {one.state for one in report.fixed} == {"reopened", "held", "proven", "written"}


@pytest.mark.parametrize("days", [1, 7, 100])
def test_no_sentence_of_the_file_and_the_mail_is_left_in_english(site, days):
    report = weekly_report_of(site.store, site.root / "site", Period(now() - days * DAY, now()), 3, now())
    for desk in ("", "https://help.test/desk/"):
        english, german = (to_html(report, desk, "Acme", lang) for lang in ("en", "de-CH"))
        is_german(english, german, names(report))
        assert '<html lang="de">' in german
        for part, (english, german) in enumerate(
            zip(to_mail(report, desk, "Acme"), to_mail(report, desk, "Acme", "de"), strict=True)
        ):
            if part < 2:  # plain text: a line is a node
                english, german = (f"<p>{text}</p>".replace("\n", "</p><p>") for text in (english, german))
            is_german(english, german, names(report) | {"https //help test/desk/topics/ /"})


def test_at_the_desk_it_is_in_the_language_of_whoever_reads_and_the_file_in_that_of_the_site(desk):
    desk.get("report/")
    english = desk.page
    assert "What we fixed, and whether it held" in english
    desk.get("report/", headers=GERMAN)
    assert "Was wir gelöst haben, und ob es hielt" in desk.page
    main = (LexborHTMLParser(page).css_first("main").html for page in (english, desk.page))
    left = set.intersection(*(set(said(page)) for page in main)) - ALIKE
    assert not any(ENGLISH_WORDS.search(words) for words in left)
    desk.get("report.html", headers={"Accept-Language": "en"})
    assert '<html lang="de">' in desk.page and "Was wir gelöst haben" in desk.page


def test_the_weekly_mail_is_in_the_language_of_the_site(site):
    to = read_report_mail(
        settings_for(site.root, smtp_host="127.0.0.1", mail_from="hilfe@acme.test", report_to="lea@acme.test"), {}
    )
    mail = Reporter(to, lambda: site.root / "site", 3).letter(site.store, Period.last(7, now()), "report", now())
    assert "zu entscheiden" in mail["Subject"] and "triage" not in mail["Subject"]
    for part in mail.iter_parts():
        assert "Was wir gelöst haben, und ob es hielt" in part.get_content()
        assert "What we fixed" not in part.get_content()


def test_why_a_topic_failed_is_said_in_german_on_its_page(desk, site):
    def why() -> str:
        of = {
            row.css_first("dt").text(): row.css_first("dd").text()
            for row in LexborHTMLParser(desk.page).css("dl > div")
        }
        return of.get("Why it failed") or of["Warum nicht gefunden"]

    address = f"topics/{number(site.store, 'Walross')}/"
    desk.get(address)
    assert why() == "4 found nothing"
    desk.get(address, headers=GERMAN)
    assert why() == "nichts gefunden: 4"


QUEUES = ("open", "late", "new", "growing", "reopened", "decided", "proven", "all")


@pytest.mark.parametrize(
    "address", [*(f"topics/?stands={name}&span=90" for name in QUEUES), *(f"topics/{n}/" for n in range(1, 7))]
)
def test_no_sentence_of_the_pages_of_topics_is_left_in_english(desk, address):
    english, german = (
        LexborHTMLParser(desk.get(address, headers=headers).get_data(as_text=True)).css_first("main").html
        for headers in ({"Accept-Language": "en"}, GERMAN)
    )
    # Customers' words, and what a word alone says, such as a key of the keyboard or a name: alike in both.
    alone = {words for words in said(english) if " " not in words or words.split()[-1] in {*THINGS, "UTC"}}
    is_german(english, german, alone)


@pytest.mark.parametrize(
    ("lang", "said_so"),
    [
        ("en", r"Waiting for a decision: the longest for \d\d days, \d+ late\."),
        ("de", r"Warten auf eine Entscheidung: am längsten seit \d\d Tagen, \d+ überfällig\."),
    ],
)
def test_the_queue_says_once_how_long_the_longest_waits(desk, lang, said_so):
    desk.get("topics/?span=90", headers={"Accept-Language": lang})
    [line] = [one.text() for one in LexborHTMLParser(desk.page).css("main li") if re.search(said_so, one.text())]
    assert len(re.findall(r"(?i)longest|längste", line)) == 1


def test_whether_people_are_reached_is_said_in_german_on_the_first_page(desk):
    reach = "section[aria-labelledby=reach]"
    english, german = (
        LexborHTMLParser(desk.get("", headers=headers).get_data(as_text=True)).css_first(reach).html
        for headers in ({}, GERMAN)
    )
    is_german(english, german, set())
    assert "zu wenige Daten" in german


def test_a_site_without_searches_says_so_in_german(tmp_path):
    with service(tmp_path) as app:
        report = weekly_report_of(
            app.extensions["handrail"].store, tmp_path / "site", Period(now() - DAY, now()), 3, now()
        )
    english, german = (body(report, DeskLinks(""), words=in_language(lang)) for lang in ("en", "de"))
    is_german(english, german, set())
    assert "Es ist noch keine Suche gespeichert: was neu ist, lässt sich nicht sagen." in german


def test_a_language_without_words_for_staff_gets_the_english_report(site):
    report = weekly_report_of(site.store, site.root / "site", Period(now() - 7 * DAY, now()), 3, now())
    assert to_html(report, "", "Acme", "fr") == to_html(report, "", "Acme", "en")


def test_times_are_written_as_germans_write_them():
    german = in_language("de")
    assert [in_one_unit(timedelta(minutes=minutes), german) for minutes in (12, 186, 3168)] == [
        "12 Min.",
        "3,1 Std.",
        "2,2 Tg.",
    ]
    assert [in_days(timedelta(days=days), german) for days in (0, 1, 3)] == ["seit heute", "seit 1 Tag", "seit 3 Tagen"]
