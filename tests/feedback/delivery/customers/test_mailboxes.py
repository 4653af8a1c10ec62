"""E-mail addresses as people type them: one rule on the form, in JSON, for notices and in settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from handrail_feedback.delivery.channels import read_delivery
from handrail_feedback.delivery.letters import reply_address
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import list_messages
from handrail_kb.config.settings import load_settings
from handrail_kb.contact.email_addresses import mailboxes_in, plain, read_mailbox, same_mailbox
from handrail_kb.errors import ConfigError

from ...pages.notify.wishes import browse


@pytest.fixture
def client(store: Store, log: SearchLog, tmp_path: Path) -> FlaskClient:
    """A service that mails."""
    for name in ("find", "contact"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "index.html").write_text("<html><handrail-main>static</handrail-main></html>")
    flags = {"smtp_host": "localhost", "smtp_security": "none", "mail_from": "help@acme.test"}
    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\nsite_url: https://acme.test/help/\n")
    return browse(store, log, load_settings(tmp_path / "mkdocs.yml", flags=flags, environ={}))


# What is typed, what mail servers take, what is wrong, and what was meant.
CASES = [
    ("anna@example.com", "anna@example.com", None, ""),
    ("anna+help@sub.example.co.uk", "anna+help@sub.example.co.uk", None, ""),
    ("o'neil@example.ie", "o'neil@example.ie", None, ""),
    ("anna@müller.de", "anna@xn--mller-kva.de", None, ""),
    ("anna@straße.de", "anna@xn--strae-oqa.de", None, ""),
    ("anna@MÜLLER.DE", "anna@xn--mller-kva.de", None, ""),
    ("an\u200bna@exam\u00adple.com\ufeff", "anna@example.com", None, ""),
    ("\u202aanna@example.com\u202c", "anna@example.com", None, ""),
    ("ａｎｎａ＠ｅｘａｍｐｌｅ．ｃｏｍ", "anna@example.com", None, ""),
    ("anna@例え。jp", "anna@xn--r8jz45g.jp", None, ""),
    ("anna.o\u2019hara@example.ie", "anna.o'hara@example.ie", None, ""),
    ("anna\u2010b@exam\u2011ple.com", "anna-b@exam-ple.com", None, ""),
    ("me@gmail..com", "", "wrong", "me@gmail.com"),
    ("me..you@example.com", "", "wrong", "me.you@example.com"),
    ("me@gmail", "", "wrong", "me@gmail.com"),
    ("me@Hotmail", "", "wrong", "me@hotmail.com"),
    ("me@gmail,com", "", "wrong", "me@gmail.com"),
    ("me,you@example,com", "", "wrong", "me.you@example.com"),
    ("me.@example.com", "", "wrong", "me@example.com"),
    ("me@@example.com", "", "wrong", "me@example.com"),
    ("me@.example.com", "", "wrong", "me@example.com"),
    ("me@example.com..", "", "wrong", "me@example.com"),
    ("me@.com", "", "wrong", ""),
    ("me@example", "", "wrong", ""),
    ("me@example.c", "", "wrong", ""),
    ("me@192.168.1.1", "", "wrong", ""),
    ("me@-example.com", "", "wrong", ""),
    ("me@example-.com", "", "wrong", ""),
    ("me@exam_ple.com", "", "wrong", ""),
    ("me@" + "a" * 64 + ".com", "", "wrong", ""),
    ("a" * 65 + "@example.com", "", "wrong", ""),
    ("ärger@müller.de", "", "letters", ""),
    ("アンナ@example.jp", "", "letters", ""),
    ("me@gmial.com", "me@gmial.com", "unsure", "me@gmail.com"),
    ("me@gmai.com", "me@gmai.com", "unsure", "me@gmail.com"),
    ("me@gmaill.com", "me@gmaill.com", "unsure", "me@gmail.com"),
    ("me@gmail.con", "me@gmail.con", "unsure", "me@gmail.com"),
    ("me@hotmial.con", "me@hotmial.con", "unsure", "me@hotmail.com"),
    ("me@yaho.fr", "me@yaho.fr", "unsure", "me@yahoo.fr"),
    ("me@t-onlin.de", "me@t-onlin.de", "unsure", "me@t-online.de"),
    ("me@shop.example.con", "me@shop.example.con", "unsure", "me@shop.example.com"),
    ("me@example.nett", "me@example.nett", "unsure", "me@example.net"),
    ("me@example.rog", "me@example.rog", "unsure", "me@example.org"),
    ("me@example.co", "me@example.co", None, ""),
    ("me@example.om", "me@example.om", None, ""),
    ("me@mail.com", "me@mail.com", None, ""),
    ("me@ymail.com", "me@ymail.com", None, ""),
    ("me@gmx.net", "me@gmx.net", None, ""),
    ("me@web.de", "me@web.de", None, ""),
]


@pytest.mark.parametrize(("typed", "address", "fault", "meant"), CASES)
def test_one_rule_says_what_can_be_written_to_and_what_was_meant(
    typed: str, address: str, fault: str | None, meant: str
) -> None:
    box = read_mailbox(typed)
    assert (box.address, box.fault, box.meant) == (address, fault, meant)
    assert [(one.address, one.fault, one.meant) for one in mailboxes_in(typed)] == [(address, fault, meant)]


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("exampel.org", "example.org"),
        ("example.rog", "example.org"),
        ("example.or", "example.org"),
        ("exmaple.org", "example.org"),
        ("example.org", ""),
        ("sample.org", ""),
        ("example.net", ""),
        ("acm.de", ""),  # one letter off a short name is another name
    ],
)
def test_a_typo_in_the_companys_own_domain_is_asked_about(domain: str, meant: str) -> None:
    box = read_mailbox(f"me@{domain}", ["example.org", "acme.de"])
    assert (box.address, box.meant) == (f"me@{domain}", f"me@{meant}" if meant else "")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("anna @gmail.com", "anna@gmail.com"),
        ("Anna: anna.b+x @GMAIL.com", "anna.b+x@gmail.com"),
        ("0171 anna @t-online.de", "anna@t-online.de"),
        ('"anna b"@example.com', ""),
        ('"anna"@example.com', ""),
        ("anna(home)@example.com", ""),
        ("<anna>@example.com", ""),
    ],
)
def test_an_address_that_fell_apart_is_asked_about_once_more(words: str, meant: str) -> None:
    assert [(one.fault, one.meant) for one in mailboxes_in(words)] == [("wrong", meant)]


@pytest.mark.parametrize("words", ["insta @anna.lena", "@gmail.com", 'insta:"@anna.lena"', "(@anna) on telegram", "@@"])
def test_a_name_on_some_platform_is_no_wrong_address(words: str) -> None:
    assert [one for one in mailboxes_in(words) if one.meant] == []
    assert [one for one in mailboxes_in(words) if one.fault] == [] or words == "@@"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Anna <anna@example.com>, 0171 2345678", "anna@example.com"),
        ("mailto:anna@example.com", "anna@example.com"),
        ("anna@example.com or call me", "anna@example.com"),
        ("Write to anna@example.com.", "anna@example.com"),
        ("anna @ example.com", "anna@example.com"),
        ("anna@example.com/0171 2345678", "anna@example.com"),
        ("anna@example.com,0171 2345678", "anna@example.com"),
        ("\u201eanna@example.com\u201c", "anna@example.com"),
        ("\u00abanna@example.com\u00bb, \u2018Anna\u2019", "anna@example.com"),
        ("\u300canna@example.com\u300d", "anna@example.com"),
        ("anna@example.com\u30010312345678", "anna@example.com"),
        ("anna@example.com, bert@example.com", ""),
        ("telegram @anna or 0171 2345678", ""),
        ("@anna@chaos.social", ""),
        ("0171 2345678", ""),
    ],
)
def test_an_address_is_found_among_other_words(words: str, found: str) -> None:
    assert reply_address(words) == found
    assert [one for one in mailboxes_in(words) if one.fault] == []


@given(st.text(max_size=300))
def test_whatever_is_typed_is_read_and_what_can_be_written_to_is_plain(words: str) -> None:
    for one in [*mailboxes_in(words), read_mailbox(words)]:
        assert bool(one.address) == (one.fault in (None, "unsure"))
        if one.address:
            assert one.address.isascii() and one.address.isprintable() and " " not in one.address
            assert read_mailbox(one.address).address == one.address
        if one.meant:
            assert read_mailbox(one.meant).address
    assert not any(character in plain(words) for character in "\u200b\u00ad\u2060\ufeff\u202e")


def test_a_hostile_line_is_read_at_once() -> None:
    for piece in ("a@", "@", "a.", "a@b,", "ä@", " @ ", "a@b.c,", "<", "..@"):
        mailboxes_in(piece * 10_000)


def test_one_mailbox_is_one_whatever_follows_a_plus() -> None:
    one = {same_mailbox(each) for each in ("Anna.B+1@gmail.com", "annab@googlemail.com", "a.n.n.a.b+2@GMAIL.com")}
    assert one == {"annab@gmail.com"}
    assert same_mailbox("anna.b@example.com") != same_mailbox("annab@example.com")
    assert same_mailbox("+x@example.com") == "+x@example.com"


FORM, JSON, TELL = "form", "json", "tell"


def send(client: FlaskClient, way: str, address: str, **more: str):  # type: ignore[no-untyped-def]
    if way == TELL:
        return client.post("/help/tell/", data={"q": "how do I feed it", "address": address, **more})
    written = {"message": "Help!", "reply_to": address, **more}
    return client.post("/help/api/contact", **({"json": written} if way == JSON else {"data": written}))


@pytest.mark.parametrize("way", [FORM, JSON, TELL])
@pytest.mark.parametrize(("typed", "address", "fault", "meant"), CASES)
def test_every_way_in_keeps_the_same_rule(
    client: FlaskClient,
    store: Store,
    way: str,
    typed: str,
    address: str,
    fault: str | None,
    meant: str,
) -> None:
    answer = send(client, way, typed)
    expected = 422 if fault else 201 if way == JSON else 200
    assert answer.status_code == expected, answer.text
    if expected == 422:
        assert list_messages(store) == [] and store.read("SELECT * FROM tellings") == []
        assert not meant or meant in answer.text
    elif way == TELL:
        assert store.read("SELECT address FROM tellings") == [{"address": address}]
    else:
        [message] = list_messages(store)
        assert reply_address(message.reply_to) == (address or meant)
        assert "\u200b" not in message.reply_to


@pytest.mark.parametrize("way", [FORM, JSON])
@pytest.mark.parametrize("typed", ["anna @ example.com", "anna@ example.com", "\u201canna@example.com\u201d"])
def test_an_address_that_can_be_answered_is_taken_with_spaces_and_quotes(
    client: FlaskClient, store: Store, way: str, typed: str
) -> None:
    assert send(client, way, typed).status_code in (200, 201)
    assert [reply_address(message.reply_to) for message in list_messages(store)] == ["anna@example.com"]


@pytest.mark.parametrize("way", [FORM, JSON, TELL])
def test_who_says_that_an_odd_address_is_right_is_believed(client: FlaskClient, way: str) -> None:
    asked = send(client, way, "me@gmial.com")
    assert asked.status_code == 422 and "Did you mean me@gmail.com?" in asked.text
    if way != JSON:
        assert 'name="sure" value="me@gmial.com"' in asked.text
    assert send(client, way, "me@gmial.com", sure="me@gmial.com").status_code in (200, 201)
    assert send(client, way, "me@hotmial.com", sure="me@gmial.com").status_code == 422
    assert send(client, way, "me@gmail..com", sure="me@gmail..com").status_code == 422


@pytest.mark.parametrize(
    ("lang", "words"),
    [("de", "Meinten Sie me@gmail.com?"), ("fr", "Vouliez-vous dire me@"), ("en", "Did you")],
)
def test_what_was_meant_is_said_in_the_language_of_the_page(client: FlaskClient, lang: str, words: str) -> None:
    assert words in send(client, TELL, "me@gmail..com", lang=lang).text


@pytest.mark.parametrize("name", ["mail_to", "mail_from", "alarm_to", "report_to"])
def test_settings_keep_the_same_rule(name: str, tmp_path: Path) -> None:
    right = dict.fromkeys(("mail_to", "mail_from", "alarm_to", "report_to"), "help@acme.test")

    def as_shown(address: str) -> str:
        username, _, domain = address.partition("@")
        return f"username={username!r}, domain={domain!r}"

    def read(value: str, **more: str) -> object:
        flags = {"deliver": "mail", "smtp_host": "mail.acme.test", **right, name: value, **more}
        return read_delivery(load_settings(site_dir=tmp_path, flags=flags, environ={}), {})

    for typed, address, fault, meant in CASES:
        if not fault and typed.isascii():
            assert as_shown(address) in str(read(typed))
        elif fault in ("wrong", "letters") and "," not in typed:
            with pytest.raises(ConfigError, match=name) as told:
                read(typed)
            assert meant in told.value.mend
    assert as_shown("help@xn--mller-kva.de") in str(read("Hilfe <help@müller.de>"))
    with pytest.raises(ConfigError):
        read("root@mailhost")
    assert as_shown("root@mailhost") in str(read("root@mailhost", smtp_host="localhost", smtp_security="none"))
