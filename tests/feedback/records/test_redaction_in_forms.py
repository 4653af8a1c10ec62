"""What forms, links and people who spell things out give away, and what only looks like it."""

from __future__ import annotations

import pytest

from handrail_feedback.records.redaction.redact import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name: Anna Lee", "Name: [name]"),
        ("invoice is wrong, Name: Anna Lee, order 4", "invoice is wrong, Name: [name], order 4"),
        ("Full name: Anna B. Lee", "Full name: [name]"),
        ("First name: Anna", "First name: [name]"),
        ("Nachname: Müller", "Nachname: [name]"),
        ("Nom et prénom : Anne Dupont", "Nom et prénom : [name]"),
        ("Apellidos: García", "Apellidos: [name]"),
        ("Имя: Анна", "Имя: [name]"),
        ("姓名：王小明", "姓名：[name]"),
        ("氏名:山田太郎", "氏名:[name]"),
        ("이름: 김철수", "이름: [name]"),
    ],
)
def test_a_name_in_a_field_of_a_form_goes(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hunter2 is my password", "[secret] is my password"),
        ("4711 is my PIN", "[secret] is my PIN"),
        ("geheim99 ist mein Passwort", "[secret] ist mein Passwort"),
        ("azerty12 est mon mot de passe", "[secret] est mon mot de passe"),
        ("i used hunter2 as my password", "i used [secret] as my password"),
        ("https://example.org/reset/Ab12Cd34Ef", "https://example.org/reset/[secret]"),
        ("https://example.org/verify/482913 is old", "https://example.org/verify/[secret] is old"),
        ("example.org/join?token=abc", "example.org/join?[query]"),
        ("https://example.org/s/9f8a7b6c5d4e3f2a1b0c/view", "https://example.org/s/[secret]/view"),
        ("0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae", "[secret]"),
        ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "[secret]"),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "[secret]"),
    ],
)
def test_a_secret_goes_before_its_word_in_a_link_and_as_a_wallet(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ann at example.org", "[email]"),
        ("write to ann.lee at example.co.uk please", "write to [email] please"),
        ("ann dot lee at example dot org", "[email]"),
        ("ann at mail dot example dot org", "[email]"),
        ("anna klammeraffe example punkt de", "[email]"),
        ("anna arroba ejemplo.es", "[email]"),
        ("annATexampleDOTorg", "[email]"),
        ("ann @ example . org", "[email]"),
        ("ann@example dot org", "[email]"),
    ],
)
def test_an_address_that_is_spelt_out_goes_whole(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account 12345678", "account [number]"),
        ("Konto 1234 5678", "Konto [number]"),
        ("customer 4711081", "customer [number]"),
        ("serial number C02XK0AAJG5J", "serial number [number]"),
        ("S/N: 5CD1234XYZ", "S/N: [number]"),
        ("Seriennummer 123-456-789", "Seriennummer [number]"),
        ("numéro de série AB12345", "numéro de série [number]"),
        ("序列号 AB12345", "序列号 [number]"),
        ("phone 61234567", "phone [phone]"),
        ("call me on 6123 4567", "call me on [phone]"),
        ("my number is 61234567", "my number is [phone]"),
        ("cellphone 2012 3456", "cellphone [phone]"),
        ("0171·2345678", "[phone]"),
        ("+49*171*2345678", "[phone]"),
    ],
)
def test_a_number_behind_its_word_or_between_odd_signs_goes(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    "text",
    r"""
file name: Report
Name: Windows
name: required
display name: is wrong
windows11 is my password manager's system
2fa as password
lastpass2 is my password manager
sign in at example.org
crash at kernel32.dll
where do i log in at portal.example.com
the shop at example.org is slow
error at main.py
https://example.org/articles/reset-the-password-of-2024
https://example.org/2026/11/29/release-12-4
example.org/docs/version-2024
account 2
account 2024
serial port 115200
serial 9600 baud
phone 14 15 16 17
phone 12/13/14/15
Dr. Watson
Dr. Martens
token 2048
token 8000
token limit 128k
pin D13
pin GPIO14
E_FAIL 2147500037
STATUS_ACCESS_DENIED (3221225506)
call 911
call 2024-11-28 10:15
0x8007000E
""".strip().splitlines(),
)
def test_what_only_looks_like_it_is_kept(text):
    assert redact(text) == text
