"""The settings of delivery: refused early and by name when something is missing or would do harm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handrail_feedback.delivery.channels import desk_of, read_delivery
from handrail_feedback.delivery.letters import message_text, payload
from handrail_feedback.records.messages import KeptMessage
from handrail_feedback.records.stamps import now
from handrail_kb.config.settings import load_settings
from handrail_kb.config.table import SETTINGS
from handrail_kb.errors import ConfigError

MAIL = {"deliver": "mail", "smtp_host": "mail.acme.test", "mail_from": "help@acme.test", "mail_to": "team@acme.test"}
HOOK = {"deliver": "webhook", "webhook_url": "https://tickets.acme.test/in"}
SECRETS = {"HANDRAIL_SMTP_PASSWORD": "right one", "HANDRAIL_WEBHOOK_SECRET": "0123456789abcdef"}


@pytest.fixture
def read(tmp_path):
    """The delivery that these settings mean: `read({"deliver": "folder"})`."""

    def read(values, environ=SECRETS):
        return read_delivery(load_settings(tmp_path / "mkdocs.yml", flags=values, environ={}), environ)

    (tmp_path / "mkdocs.yml").write_text("site_name: Acme\n")
    return read


def refused(read, values, *parts, environ=SECRETS):
    with pytest.raises(ConfigError) as raised:
        read(values, environ)
    for part in parts:
        assert part in raised.value.message
    assert raised.value.mend
    assert not set(raised.value.message.split()) & {"right one", "0123456789abcdef"}


def test_without_settings_nothing_is_delivered_and_nothing_is_asked_for(read):
    delivery = read({}, {})
    assert (delivery.routes, delivery.channels, delivery.alarm_mail) == ((), {}, None)


def test_only_what_is_named_has_to_be_set(read, tmp_path):
    delivery = read({"deliver": "folder"}, {})
    assert delivery.channels["folder"].path == tmp_path / ".handrail" / "outbox"
    assert read({"deliver": "folder", "outbox_dir": "post"}, {}).channels["folder"].path == tmp_path / "post"


def test_several_ways_are_made_of_several_settings(read):
    delivery = read({**HOOK, **MAIL, "deliver": "mail > webhook, folder"})
    assert sorted(delivery.channels) == ["folder", "mail", "webhook"]
    assert [str(route) for route in delivery.routes] == ["mail > webhook", "folder"]


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465)])
def test_the_port_follows_from_how_it_is_encrypted(read, security, port):
    server = read({**MAIL, "smtp_security": security}).channels["mail"].server
    assert (server.host, server.port, server.security) == ("mail.acme.test", port, security)
    assert read({**MAIL, "smtp_port": 2525}).channels["mail"].server.port == 2525


def test_names_and_several_recipients_are_understood(read):
    mail = read(
        {**MAIL, "mail_from": "Acme Hilfe <help@acme.test>", "mail_to": "a@acme.test, B <b@acme.test>"}
    ).channels["mail"]
    assert str(mail.sender) == "Acme Hilfe <help@acme.test>"
    assert [address.addr_spec for address in mail.recipients] == ["a@acme.test", "b@acme.test"]


def test_times_become_what_the_outbox_waits(read):
    delivery = read({"deliver": "folder", "delivery_seconds": 20, "failover_minutes": 3, "alarm_minutes": 7})
    assert delivery.patience.lease > timedelta(seconds=20)
    assert delivery.patience.failover == timedelta(minutes=3)
    assert delivery.alarm_after == timedelta(minutes=7)


def test_alarms_by_mail_need_no_delivery_by_mail(read):
    delivery = read({**MAIL, "deliver": "folder", "alarm_to": "boss@acme.test"})
    assert [address.addr_spec for address in delivery.alarm_mail.recipients] == ["boss@acme.test"]
    refused(read, {"deliver": "folder", "alarm_to": "boss@acme.test"}, "alarms by mail needs smtp_host, mail_from")


@pytest.mark.parametrize("name", ["smtp_host", "mail_from", "mail_to"])
def test_what_is_missing_is_named(read, name):
    refused(read, {**MAIL, name: ""}, f"deliver: mail needs {name}, which is not set")


@pytest.mark.parametrize(
    "address", ["team", "team@", "@acme.test", "<team@acme.test", "a@acme.test b@acme.test", "t\u00e4m@acme.test", ","]
)
def test_what_is_no_address_is_refused(read, address):
    refused(read, {**MAIL, "mail_to": address}, "mail_to:", "is no e-mail address")


def test_a_message_has_one_sender(read):
    refused(read, {**MAIL, "mail_from": "a@acme.test, b@acme.test"}, "mail_from: expected one address")


def test_a_login_needs_its_password_from_the_environment(read):
    assert read({**MAIL, "smtp_user": "robot"}).channels["mail"].server.password == "right one"
    refused(read, {**MAIL, "smtp_user": "robot"}, "HANDRAIL_SMTP_PASSWORD", environ={})


def test_a_password_that_no_mail_server_could_get_is_refused(read):
    refused(
        read, {**MAIL, "smtp_user": "robot"}, "cannot be used to log in", environ={"HANDRAIL_SMTP_PASSWORD": "\u00e4h"}
    )


def test_messages_are_never_mailed_in_the_clear_to_another_machine(read):
    refused(read, {**MAIL, "smtp_security": "none"}, "for anybody to read")
    assert read({**MAIL, "smtp_security": "none", "smtp_host": "localhost"}).channels["mail"].server.port == 25
    with pytest.raises(ConfigError, match="does not fit"):
        read({**MAIL, "smtp_security": "ssl"})


@pytest.mark.parametrize("url", ["http://tickets.acme.test/in", "http://192.168.1.2/in", "http://localhost.acme.test/"])
def test_messages_are_never_posted_in_the_clear_to_another_machine(read, url):
    refused(read, {**HOOK, "webhook_url": url}, "for anybody to read")


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/in", "http://127.0.0.1/in", "http://[::1]:80/", "https://acme.test"]
)
def test_a_program_on_this_machine_or_behind_https_is_fine(read, url):
    assert read({**HOOK, "webhook_url": url}).channels["webhook"]


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "acme.test",
        "ftp://acme.test/",
        "https://acme.test/ a\n",
        "https://:443/",
        "https://acme.test:port/",
        "https://b\u00fccher.test/",
        "https://[::1/",
    ],
)
def test_what_is_no_web_address_is_refused(read, url):
    refused(read, {**HOOK, "webhook_url": url}, "webhook_url")


def test_a_password_in_an_address_is_refused_and_not_repeated(read):
    refused(read, {**HOOK, "webhook_url": "https://robot:hunter2@acme.test/"}, "webhook_url holds a name or a password")
    with pytest.raises(ConfigError) as raised:
        read({**HOOK, "webhook_url": "https://robot:hunter2@acme.test/"})
    assert "hunter2" not in raised.value.message


@pytest.mark.parametrize("secret", ["", "too short"])
def test_messages_are_always_signed(read, secret):
    refused(read, HOOK, "HANDRAIL_WEBHOOK_SECRET", environ={"HANDRAIL_WEBHOOK_SECRET": secret})


def test_an_attempt_has_bounds(read):
    refused(read, {"deliver": "folder", "delivery_seconds": 601}, "at most 600")
    with pytest.raises(ConfigError, match="at least 5"):
        read({"deliver": "folder", "delivery_seconds": 4})


def test_no_setting_can_hold_a_secret():
    assert not [setting.name for setting in SETTINGS if "password" in setting.name or "secret" in setting.name]


@pytest.mark.parametrize(
    "head, flags, address",
    [
        ("site_url: https://help.acme.test/help\n", {}, "https://help.acme.test/help/desk/"),
        ("site_url: https://help.acme.test/\n", {"desk_url": "https://desk.acme.test/x"}, "https://desk.acme.test/x/"),
        ("", {}, ""),
    ],
)
def test_a_mail_brings_the_link_to_its_message_where_the_address_is_known(tmp_path, head, flags, address):
    (tmp_path / "mkdocs.yml").write_text(f"site_name: Acme\n{head}plugins: [handrail]\n")
    desk = desk_of(load_settings(tmp_path / "mkdocs.yml", flags=flags, environ={}))
    assert desk == address
    message = KeptMessage("96H-9MK-WHX", "Help", "", "", "en", now(), "waiting")
    link = f"{address}m/96H-9MK-WHX/" if address else None
    assert payload(message, desk)["desk_url"] == link
    assert ("Open it: " in message_text(message, desk)) == bool(link)
    assert link is None or f"Open it: {link}\n" in message_text(message, desk)
