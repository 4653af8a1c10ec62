"""A file of questions with their answers is read: every kind of export, and every line that cannot be used is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handrail_feedback.records.learned import TaughtQuestion
from handrail_kb.errors import ConfigError
from handrail_kb.site.built.site_info import SiteInfo
from handrail_search.adapters import question_file
from handrail_search.adapters.page_names import PageNames
from handrail_search.adapters.question_file import read_pairs

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def places():
    info = SiteInfo(base_path="/help/", articles={
        "billing/vat/": {"source": "billing/vat.md"}, "": {"source": "index.md"}, "notes/": {"exclude": True},
        "über/": {"source": "über.md"},
    })  # fmt: skip
    return PageNames(["billing/vat/", "", "über/", "old.html"], info)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://help.acme.example/help/billing/vat/?q=1#why", "billing/vat/"),
        ("http://help.acme.example/help/billing/vat", "billing/vat/"),
        ("/help/billing/vat/", "billing/vat/"),
        ("billing/vat/", "billing/vat/"),
        ("billing/vat/index.html", "billing/vat/"),
        (" billing/vat#why ", "billing/vat/"),
        ("docs/billing/vat.md", "billing/vat/"),
        ("billing/vat.md", "billing/vat/"),
        ("https://help.acme.example/help/", ""),
        ("/", ""),
        ("docs/index.md", ""),
        ("/help/%C3%BCber/", "über/"),
        ("über/", "über/"),
        ("docs/über.md", "über/"),
        ("old", "old.html"),
    ],
)
def test_a_page_is_found_under_every_name_that_people_have_for_it(places, url, location):
    assert places.find(url) == location


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://help.acme.example/help/biling/vat/", "'biling/vat/' is not a page of this site"),
        ("billing/", "is not a page"),
        ("/help/notes/", "'notes/' is kept out of search"),
        ("http://[", "is not an address"),
        ("", "is not an address"),
    ],
)
def test_what_is_no_page_is_said_to_be_none(places, url, why):
    with pytest.raises(LookupError, match=why.replace("[", r"\[")):
        places.find(url)


def written(tmp_path, text, name="tickets.csv"):
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize(
    "text",
    [
        "question,url\nwhy tax,billing/vat/\n",
        "\ufeffQuestion;Ticket;URL\r\nwhy tax;12;billing/vat/\r\n;;\r\n",
        'url\tquestion\nbilling/vat/\t"why tax"\n',
        '{"question": "why tax", "url": "/help/billing/vat/#x", "ticket": 12}\n\n',
    ],
)
def test_every_kind_of_export_is_read(tmp_path, places, text):
    [one], faults = read_pairs(written(tmp_path, text), places, NOW)
    assert faults == []
    assert one == TaughtQuestion("why tax", "billing/vat/", "import", NOW, "tickets.csv")


def test_who_when_and_from_where_are_read(tmp_path, places):
    text = 'question,url,source,who,at\n"why, oh why",/,Agent,anna,2026-01-31\nb,/,,,2026-01-31T10:00:00+02:00\n'
    (one, other), faults = read_pairs(written(tmp_path, text), places, NOW)
    assert faults == []
    assert (one.question, one.source, one.who, one.at) == (
        "why, oh why",
        "agent",
        "anna",
        datetime(2026, 1, 31, tzinfo=UTC),
    )
    assert (other.source, other.who, other.at) == ("import", "tickets.csv", datetime(2026, 1, 31, 8, tzinfo=UTC))


def test_every_line_that_cannot_be_used_is_named_with_its_reason(tmp_path, places):
    text = (
        "question,url,source,at\n"
        "why tax,billing/vat/,import,2026-01-31\n"
        "no page,biling/vat/,,\n"
        ",billing/vat/,,\n"
        "no url\n"
        '"two\nlines",nowhere at all,,\n'
        "who says so,/,customer,\n"
        "when,/,,yesterday\n"
        "the future,/,,2027-01-01\n"
        "bob@example.com,/,,\n"
        f"{'x' * 301},/,,\n"
        "\x1b[31mred,\x1b[2J,,\n"
    )
    taught, faults = read_pairs(written(tmp_path, text), places, NOW)
    assert len(taught) == 1
    assert [(fault.line, fault.what) for fault in faults] == [
        (3, "'biling/vat/' is not a page of this site. Did you mean 'billing/vat/'?"),
        (4, "'question' is missing or empty."),
        (5, "'url' is missing or empty."),
        (6, "'nowhere at all' is not a page of this site."),
        (8, "'source' is 'customer', but should be one of writer, agent, import."),
        (9, "'at' is 'yesterday', but should be a date such as 2026-01-31."),
        (10, "'at' is 2027-01-01, which is yet to come."),
        (11, "nothing is left of the question when personal data is taken out."),
        (12, "the question has 301 characters, more than 300."),
        (13, "'[2J' is not a page of this site."),
    ]


def test_lines_of_json_that_are_no_objects_are_named(tmp_path, places):
    lines = (
        '{"question": "a", "url": "/"}', '{"question": "a"', "[1]", '{"question": 5, "url": "/"}',
        '{"question": "\\ud800", "url": "\\ud800"}',
    )  # fmt: skip
    text = "\n".join(lines)
    taught, faults = read_pairs(written(tmp_path, text), places, NOW)
    assert len(taught) == 1
    assert [fault.line for fault in faults] == [2, 3, 4, 5]
    assert all(fault.what.isprintable() for fault in faults)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"question,url\n\xff,/\n", r"tickets\.csv:2: this is not text in UTF-8"),
        ("", r"tickets\.csv:1: this line has to name the columns"),
        ("frage,adresse\na,/\n", r"has to name the columns question and url, but it is 'frage,adresse'"),
        ('[{"question": "a", "url": "/"}]', "one list"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, places, text, what):
    with pytest.raises(ConfigError, match=what):
        read_pairs(written(tmp_path, text), places, NOW)


def test_a_file_that_is_too_large_is_refused(tmp_path, places, monkeypatch):
    file = written(tmp_path, "question,url\n" + "a,/\n" * 50)
    monkeypatch.setattr(question_file, "MOST_LINES", 49)
    with pytest.raises(ConfigError, match="more than 49 lines"):
        read_pairs(file, places, NOW)
    monkeypatch.setattr(question_file, "MOST_FILE_BYTES", 100)
    with pytest.raises(ConfigError, match="bytes, more than 100"):
        read_pairs(file, places, NOW)
