"""The contact page as a build leaves it: right without JavaScript and without the service."""

import json
import re
from datetime import UTC, datetime
from html import unescape

import pytest

from handrail_kb.site.built.site_info import read_site_info

CONTACT = {
    "timezone": "Europe/Berlin",
    "country": "DE",
    "subdivision": "BE",
    "who": "our <support> team",
    "languages": ["Deutsch", "English"],
    "hours": {"mon-fri": "09:00-18:00"},
    "closed": [{"2027-08-02 to 2027-08-04": "Moving <house>"}],
    "special_hours": {"2027-08-06": "09:00-12:00"},
    "channels": [
        {"form": None, "promise": "4 working hours"},
        {"phone": "+49 30 901820", "hours": {"mon-thu": "09:00-12:00, 13:00-18:00", "fri": "09:00-15:00"}},
        {"phone": "+49 800 1234567", "name": "Cards lost", "hours": "always", "open_on_holidays": True},
        {"callback": None},
        {"email": "help@example.org"},
        {"chat": "https://chat.example.org/?a=1&b=2"},
        {"post": "Acme GmbH\n10115 Berlin"},
    ],
}


@pytest.fixture
def contact_page(build, monkeypatch):
    """Builds the contact page on 22 November 2026."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795348800")

    def run(contact=None, lang="en", articles=None):
        theme = {"name": "material", "font": False, "language": lang}
        site = build(articles, theme=theme, handrail={"contact": CONTACT if contact is None else contact})
        assert site.warnings == []
        return site.page("contact/index.html")

    return run


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def data_of(page):
    return json.loads(unescape(re.search(r'id="handrail-hours" data-handrail="(.*?)"', page, re.S)[1]))


def test_each_channel_stands_there_with_its_hours_in_the_companys_time(contact_page):
    said = words(contact_page())
    assert "A person answers within 4 working hours." in said
    assert "Open (local time in Berlin) Monday–Thursday 09:00–12:00, 13:00–18:00 Friday 09:00–15:00" in said
    assert "Saturday–Sunday closed" in said
    assert "Cards lost +49 800 1234567 Every day day and night" in said
    assert "Acme GmbH 10115 Berlin" in said
    assert said.count("Answered by our &lt;support&gt; team · Languages: Deutsch, English") == 1
    page = contact_page()
    assert 'href="tel:+4930901820"' in page
    assert 'href="mailto:help@example.org"' in page
    assert 'href="https://chat.example.org/?a=1&amp;b=2"' in page
    assert 'name="callback"' in page


def test_hours_that_several_channels_share_are_said_once(contact_page):
    page = contact_page()
    said = words(page)
    assert said.count("Monday–Thursday 09:00–12:00, 13:00–18:00") == 1  # phone and call back
    assert "Hours: Phone, Call back" in said
    assert said.count("Monday–Friday 09:00–18:00") == 1  # message, e-mail and chat
    assert "Hours: Message, E-mail, Chat" in said
    for way in (2, 4, 6):  # whether somebody is there now stands at each channel that answers at once
        card = page[page.index(f'id="handrail-way-{way}"') :].partition("</li>")[0]
        assert 'class="handrail-status"' in card
        assert "<dl>" not in card
    alone = page[page.index('id="handrail-way-3"') :].partition("</li>")[0]
    assert "<dl>" in alone


def test_hours_with_and_without_holidays_are_not_the_same(contact_page):
    hours = {"mon-fri": "09:00-18:00"}
    channels = [{"phone": "+49 30 901820", "hours": hours}, {"phone": "+49 30 901821", "open_on_holidays": True}]
    page = words(contact_page({"timezone": "UTC", "who": "Ann", "hours": hours, "channels": channels}))
    assert page.count("Monday–Friday 09:00–18:00") == 2


def test_holidays_and_closed_days_are_listed_when_somebody_would_be_there(contact_page):
    said = words(contact_page())
    assert re.search(r"25 December 2026 : Christmas Day", said)
    assert "26 December 2026" not in said  # a Saturday
    assert re.search(r"2 August 2027 – 4 August 2027 : Moving &lt;house&gt;", said)
    assert re.search(r"6 August 2027 : 09:00–12:00", said)


def test_the_browser_is_given_all_days_until_the_end_of_next_year(contact_page):
    data = data_of(contact_page())
    assert (data["zone"], data["until"]) == ("Europe/Berlin", "2027-12-31")
    assert data["days"]["2027-12-25"] == {"spans": [], "why": "Christmas Day"}
    assert data["days"]["2027-08-06"]["spans"] == [[540, 720]]
    assert data["ways"]["handrail-way-2"]["week"][4] == [[540, 900]]
    assert data["ways"]["handrail-way-3"]["always"] is True
    assert data["ways"]["handrail-way-1"]["promise"] == [4, "working_hours"]
    assert "handrail-way-7" not in data["ways"]


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("de", ["Montag–Donnerstag", "Ein Mensch antwortet innerhalb von 4 Arbeitsstunden.", "Erster Weihnachtstag",
                "25. Dezember 2026", "geschlossen"]),
        ("fr", ["lundi–jeudi", "Une personne répond sous 4 heures ouvrées.", "25 décembre 2026", "fermé"]),
        ("es", ["lunes–jueves", "en un plazo de 4 horas laborables", "25 de diciembre de 2026", "cerrado"]),
    ],
)  # fmt: skip
def test_hours_and_holidays_are_in_the_language_of_the_page(contact_page, lang, said):
    page = words(contact_page(lang=lang))
    assert [part for part in said if part not in page] == []


def test_a_site_that_names_nothing_has_the_form_alone(contact_page):
    page = contact_page({})
    assert "handrail-channels" not in page
    assert 'name="callback"' not in page
    assert "<textarea" in page


def test_a_site_with_only_a_form_can_promise_and_say_its_hours(contact_page):
    page = contact_page({"timezone": "UTC", "who": "Ann", "promise": "1 working hour", "hours": {"mon": "09:00-10:00"}})
    assert "How and when to reach us" in page
    assert "A person answers within 1 working hour." in page


def test_a_sites_own_contact_page_gets_the_channels_too(contact_page):
    page = contact_page(articles={"contact.md": "# Write to us\n\nWelcome.\n"})
    assert page.index("Welcome") < page.index("<textarea") < page.index("+49 800")
    assert page.count("<h1") == 1


def test_the_same_year_is_built_alike_every_day(contact_page, monkeypatch):
    contact = {**CONTACT, "closed": [], "special_hours": {}}
    first = data_of(contact_page(contact))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795435200")
    assert data_of(contact_page(contact)) == first


def test_a_broken_channel_stops_the_build_and_says_where(build, caplog):
    from mkdocs.exceptions import Abort

    with pytest.raises(Abort):
        build(handrail={"contact": {"who": "Ann", "channels": [{"phone": "nobody"}, {"chat": "http://x.test"}]}})
    assert re.search(r"mkdocs\.yml:\d+: 'nobody' is no phone number", caplog.text)
    assert "is no safe link" in caplog.text


def test_a_channel_without_a_person_is_a_warning_with_its_line(build):
    site = build(handrail={"contact": {"channels": [{"phone": "+49 30 901820"}]}})
    assert len(site.warnings) == 1
    assert re.match(r"mkdocs\.yml:\d+: nobody is behind 'phone'", site.warnings[0])


def test_the_service_keeps_what_the_build_wrote_above_the_form(build):
    from handrail_kb.site.shell import fill

    site = build(handrail={"contact": CONTACT})
    filled = fill(site.dir, "contact", "<h1>Hi</h1><handrail-expect></handrail-expect><form></form>", title="T")
    assert "A person answers within 4 working hours." in filled
    assert filled.index("4 working hours") < filled.index("<form></form>") < filled.index("+49 800")
    assert "4 working hours" not in fill(site.dir, "find", "<handrail-expect></handrail-expect>", title="T")


def test_the_service_is_told_when_somebody_answers_at_once(build, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795348800")
    site = build(handrail={"contact": CONTACT})
    opening = read_site_info(site.dir).opening
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)  # 10 o'clock in Berlin
    assert opening.fastest(monday).address == "tel:+4930901820"
    night = monday.replace(hour=23)
    assert opening.fastest(night, "grief") is None, "the other line is for lost cards"


def test_a_channel_that_a_site_names_for_a_matter_is_the_one_that_is_shown(build, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795348800")
    channels = [*CONTACT["channels"], {"email": "estates@example.org", "name": "Estates"}]
    topics = {"fraud": {"channels": ["Cards lost"]}, "grief": {"channels": ["Estates"]}}
    site = build(handrail={"contact": {**CONTACT, "channels": channels}, "stay_with_people": topics})
    opening = read_site_info(site.dir).opening
    night = datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert opening.fastest(night, "fraud").title == "Cards lost +49 800 1234567"
    assert opening.fastest(night, "grief").address == "mailto:estates@example.org"
    assert opening.fastest(night, "safety") is None


@pytest.mark.parametrize("lang", ["en", "de", "es", "fr"])
def test_people_who_do_not_hear_are_reached_by_text_relay_service_and_sign_language(contact_page, lang):
    channels = [
        {"text": "+49 170 1234567"},
        {"relay": "https://relay.example.org/acme?a=1&b=2", "hours": {"mon-fri": "08:00-20:00"}},
        {"video": "https://video.example.org/", "languages": ["DGS"]},
    ]
    page = contact_page({**CONTACT, "channels": channels}, lang=lang)
    assert '<a href="sms:+491701234567">+49 170 1234567</a>' in page
    assert re.search(r'<a href="https://relay\.example\.org/acme\?a=1&amp;b=2" rel="noopener">[^<]+</a>', page)
    assert re.search(r'<a href="https://video\.example\.org/" rel="noopener">[^<]+</a>', page)
    assert "channels." not in words(page)
    assert data_of(page)["ways"]["handrail-way-3"]["live"] is True
