"""The ways to reach a person, as mkdocs.yml says them: read, and every fault named with its line and what mends it."""

import sys
from datetime import date

import pytest
import yaml

from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.contact.channels import Promise, read_contact
from handrail_kb.contact.hours import ALWAYS, NEVER, group_days, read_week
from handrail_kb.contact.phones import dialled, phone_fault

GOOD = """\
timezone: Europe/Berlin
who: Support
hours: {mon-fri: "09:00-18:00"}
channels:
  - form: {promise: 4 working hours}
"""


def read(tmp_path, contact, **old):
    """The contact that these lines say, below the four lines that come before them in mkdocs.yml."""
    lines = "".join(f"        {line}\n" for line in contact.splitlines())
    file = tmp_path / "mkdocs.yml"
    file.write_text(f"site_name: Acme\nplugins:\n  - handrail:\n      contact:\n{lines}", encoding="utf-8")
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))["plugins"][0]["handrail"]["contact"]
    return read_contact(raw, places=yaml_lines(file), **old)


def faults(tmp_path, contact):
    return [str(problem) for problem in read(tmp_path, contact)[1]]


BASE = "timezone: Europe/Berlin\nwho: Support\n"


@pytest.mark.parametrize(
    ("contact", "said"),
    [
        (BASE + "channels:\n  - phone: call me", ":8: 'call me' is no phone number."),
        (BASE + "channels:\n  - phone: 030 901820", ":8: '030 901820' has no country code"),
        (BASE + "channels:\n  - phone: '+1 23 45'", "8: '+1 23 45' is too short or too long"),
        (BASE + "channels:\n  - email: help.example.org", ":8: 'help.example.org' is no e-mail address."),
        (BASE + "channels:\n  - email: a@b", ":8: 'a@b' is no e-mail address."),
        (BASE + "channels:\n  - email:", ":8: 'email' is empty."),
        (BASE + "channels:\n  - chat: http://chat.example.org/", "is no safe link. Write one that begins with https://"),
        (BASE + "channels:\n  - chat: 'javascript:alert(1)'", "is no safe link."),
        (BASE + "channels:\n  - video: http://v.example.org/", "is no safe link. Write one that begins with https://"),
        (BASE + "channels:\n  - relay: 'javascript:alert(1)'", "is no safe link."),
        (BASE + "channels:\n  - relay:", ":8: 'relay' is empty."),
        (BASE + "channels:\n  - text: call me", ":8: 'call me' is no phone number."),
        (BASE + "channels:\n  - callback:", ":8: nobody can be called back without hours. Add 'hours:'"),
        (BASE + "channels:\n  - fone: +49 30 901820", "Did you mean 'phone'?"),
        (BASE + "channels:\n  - phone: +49 30 901820\n    hour: x", ":9: 'hour' is not known here. Did you mean"),
        (BASE + "chanels: []", ":7: 'chanels' is not known here. Did you mean 'channels'?"),
        (BASE + "channels: [form, form]", "there are two channels 'form'. Keep one."),
        (BASE + "hours:\n  mon-fri: 09:00-12:00, 11:00-18:00", ":8: 09:00–12:00 and 11:00–18:00 overlap."),
        (BASE + "hours:\n  mon: 18:00-09:00", ":8: '18:00-09:00' ends before it begins."),
        (BASE + "hours:\n  mon: 09:00-25:00", ":8: '09:00-25:00' is no time of a day"),
        (BASE + "hours:\n  mon: nine to five", ":8: 'nine to five' is no time."),
        (BASE + "hours:\n  mon: 09:00-12:00\n  mon-tue: 10:00-11:00", ":9: Monday stands twice."),
        (BASE + "hours:\n  wednsday: 09:00-12:00", ":8: 'wednsday' is no day of the week. Did you mean 'wednesday'?"),
        (BASE + "hours: 9 to 5", ":7: hours should be days with times, or 'always'"),
        ("timezone: Europe/Berln\nwho: S", ":5: 'Europe/Berln' is no time zone. Did you mean"),
        ("who: S\nhours: {mon: '09:00-10:00'}", "there are hours, but no time zone"),
        (BASE + "country: XX", ":7: 'XX' is no country whose holidays are known."),
        (BASE + "country: DE\nsubdivision: XX", ":8: 'XX' is no part of DE whose holidays are known. There"),
        (BASE + "closed:\n  - 24 December", ":8: '24 December' is no day. Write 2026-12-24"),
        (BASE + "closed:\n  - 2026-12-31 to 2026-12-24", "is no stretch of days"),
        (BASE + "special_hours:\n  2026-12-24: noon", ":8: 'noon' is no time."),
        (BASE + "channels:\n  - form:\n    promise: soon", ":9: 'soon' is no time. Write '4 working hours'"),
        (BASE + "channels:\n  - form:\n    promise: 4 working hours", ":9: working time is promised"),
        ("channels:\n  - phone: +49 30 901820", ":6: nobody is behind 'phone'. Say who answers"),
        ("channels:\n  - phone: +49 30 901820\n    who: ''", "nobody is behind 'phone'."),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line_and_what_mends_it(tmp_path, contact, said):
    found = faults(tmp_path, contact)
    assert any(said in fault for fault in found), found


def test_all_faults_are_told_at_once(tmp_path):
    found = faults(tmp_path, "who: S\nchannels:\n  - phone: x\n  - email: y\n  - chat: z\n")
    assert len(found) == 3


def test_only_a_channel_without_a_person_is_a_warning(tmp_path):
    _, problems = read(tmp_path, "channels:\n  - phone: +49 30 901820\n  - email: nowhere\n")
    assert [problem.severity for problem in problems] == ["warning", "error"]


def test_what_a_company_says_of_itself_is_taken_over_by_each_channel(tmp_path):
    text = """\
    timezone: Europe/Berlin
    country: DE
    who: Support
    languages: [Deutsch, English]
    promise: 1 working day
    hours:
      mon-thu: 09:00-12:00, 13:00-18:00
      fri: [09:00-12:00, 12:30-15:00]
      sat, sun: closed
    channels:
      - phone: 030 901820
        who: Ann and Bob
        hours: {sat-sun: "10:00-12:00"}
      - callback
      - email: help@example.org
      - post: "Acme\\nBerlin"
    """
    contact, problems = read(tmp_path, "\n".join(line[4:] for line in text.splitlines()))
    assert problems == ()
    form, phone, callback, email, post = contact.channels
    assert [channel.kind for channel in contact.channels] == ["form", "phone", "callback", "email", "post"]
    assert (form.who, phone.who, email.languages) == ("Support", "Ann and Bob", ("Deutsch", "English"))
    assert form.promise == email.promise == Promise(1, "working_days")
    assert phone.promise is None
    assert form.hours[0] == ((540, 720), (780, 1080))
    assert phone.hours[5] == phone.hours[6] == ((600, 720),)
    assert callback.hours == phone.hours
    assert post.hours == NEVER


def test_the_old_settings_are_channels_of_their_own(tmp_path):
    contact, problems = read_contact(None, places=yaml_lines(tmp_path / "x"), email="a@b.test", phone="0800 11 22")
    assert [(channel.kind, channel.value) for channel in contact.channels] == [
        ("form", ""), ("email", "a@b.test"), ("phone", "0800 11 22"),
    ]  # fmt: skip
    assert problems == ()
    contact, _ = read(tmp_path, BASE + "channels: [{email: new@example.org}]", email="old@example.org")
    assert [channel.value for channel in contact.channels] == ["", "new@example.org"]


def test_an_old_phone_number_that_is_none_is_never_dialled(tmp_path):
    contact, [problem] = read_contact(None, places=yaml_lines(tmp_path / "x"), phone="ask Ann")
    assert (problem.severity, "'ask Ann' is no phone number" in problem.what) == ("error", True)
    assert not contact.has("phone")


def test_closed_days_may_be_stretches_with_a_reason(tmp_path):
    contact, problems = read(
        tmp_path,
        BASE + "closed:\n  - 2026-12-24\n  - 2026-12-28 to 2026-12-30: Stocktaking\n"
        "special_hours:\n  2026-12-31: 09:00-12:00\n",
    )  # fmt: skip
    assert problems == ()
    assert [(day.day, what.why) for day, what in sorted(contact.days.items())] == [
        (24, ""), (28, "Stocktaking"), (29, "Stocktaking"), (30, "Stocktaking"), (31, ""),
    ]  # fmt: skip
    assert [what.spans for _, what in sorted(contact.days.items())] == [(), (), (), (), ((540, 720),)]


def test_day_and_night_is_one_word():
    assert read_week("always", (), lambda *_: None) == ALWAYS
    assert group_days(ALWAYS) == [(0, 6, ((0, 1440),))]


def test_hours_may_go_over_the_end_of_a_week():
    week = read_week({"sat-mon": "10:00-12:00"}, (), lambda *_: None)
    assert [bool(spans) for spans in week] == [True, False, False, False, False, True, True]


def test_neighbouring_days_that_are_alike_are_shown_together():
    week = read_week({"mon-wed, fri": "09:00-12:00"}, (), lambda *_: None)
    assert [group[:2] for group in group_days(week)] == [(0, 2), (3, 3), (4, 4), (5, 6)]


@pytest.mark.parametrize(
    ("number", "country", "link"),
    [
        ("+49 (0)30 901820", "", "+4930901820"),
        ("+49 30/90 18-20", "", "+4930901820"),
        ("030 901820", "DE", "+4930901820"),
        ("115", "DE", "115"),
    ],
)
def test_a_number_is_dialled_as_it_should_be(number, country, link):
    assert phone_fault(number, country) == ""
    assert dialled(number, country) == link


def test_without_the_library_numbers_are_still_checked_and_dialled(monkeypatch):
    monkeypatch.setitem(sys.modules, "phonenumbers", None)
    assert "is no phone number" in phone_fault("nobody home")
    assert "has no country code" in phone_fault("030 901820")
    assert phone_fault("+49 30 901820") == ""
    assert dialled("+49 (0)30 901820") == "+4930901820"


def test_a_country_without_the_library_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "holidays", None)
    [fault] = faults(tmp_path, BASE + "country: DE\n")
    assert "pip install 'handrail[contact]'" in fault


def test_a_line_is_found_in_the_file_that_the_plugins_are_inherited_from(tmp_path):
    (tmp_path / "base.yml").write_text("plugins:\n  - search\n  - handrail:\n      contact:\n        who: S\n")
    (tmp_path / "mkdocs.yml").write_text("INHERIT: base.yml\nsite_name: Acme\n")
    places = yaml_lines(tmp_path / "mkdocs.yml")
    assert (places.file.name, places.line(("contact", "who"))) == ("base.yml", 5)


def test_public_holidays_speak_the_language_of_the_reader():
    from handrail_kb.contact.holidays import last_day, public_holidays

    day = date(2026, 11, 22)
    assert public_holidays("DE", "BE", day, "de")[date(2026, 12, 25)] == "Erster Weihnachtstag"
    assert public_holidays("DE", "BE", day, "en")[date(2027, 3, 8)] == "Women's Day"
    assert date(2027, 3, 8) not in public_holidays("DE", "BY", day, "en")
    assert public_holidays("FR", "", day, "es")[date(2026, 12, 25)]
    assert last_day(date(2026, 12, 31)) == date(2027, 12, 31)
