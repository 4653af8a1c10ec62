"""Further spellings of what is redacted, and of what only looks like it: secrets, addresses, names and numbers."""

from __future__ import annotations

import pytest

from handrail_feedback.records.redaction.redact import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("client_secret=xyz", "client_secret=[secret]"),
        ("export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "export AWS_SECRET_ACCESS_KEY=[secret]"),
        ("sessionid=abcdef", "sessionid=[secret]"),
        ("wachtwoord: geheim", "wachtwoord: [secret]"),
        ("hasło: tajne", "hasło: [secret]"),
        ("пароль: тайна", "пароль: [secret]"),
        ("我的密码：abc123", "我的密码：[secret]"),
        ("パスワードはhunter2", "パスワードは[secret]"),
        ("my verification code is 482913", "my verification code is [secret]"),
        ("glpat-ABCDEFGHIJKLMNOPQRST", "[secret]"),
        ("AIzaSyA-1234567890abcdefghijklmnopqrstuv", "[secret]"),
        ("whsec_abcdefghijklmnopqrstuvwxyz012345", "[secret]"),
        ("npm_abcdefghijklmnopqrstuvwxyz0123456789", "[secret]"),
        ("-----BEGIN RSA PRIVATE KEY----- MIIEpAIBAAKCAQEA -----END RSA PRIVATE KEY----- help", "[secret] help"),
    ],
)
def test_a_secret_goes_in_any_language_and_of_any_maker(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password: where do I change it", None),
        ("passwort: vergessen was nun", None),
        ("token 2026-11-28 expired", None),
        ("password: where", "password: [secret]"),
        ("password: hunter2 fails", "password: [secret] fails"),
    ],
)
def test_a_question_behind_the_word_password_is_kept(text, expected):
    assert redact(text) == (expected or text)


@pytest.mark.parametrize(
    "text",
    [
        "react@next", "typescript@beta fails", "vite@5 and node@20", "docker pull nginx@sha256", "root@localhost",
        "git clone git@github.com:org/repo.git", "git@gitlab.example.org:org/repo",
    ],
)  # fmt: skip
def test_what_is_written_like_an_address_and_is_nobodys_is_kept(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("anna @ example.org", "[email]"),
        ("anna.smith at gmail.com", "[email]"),
        ('"anna smith"@example.org', "[email]"),
        ("anna@10.0.0.5:/srv", "[email]:/srv"),
        ("anna@github.com", "[email]"),
    ],
)
def test_an_address_goes_with_spaces_quotes_and_numbers_for_its_host(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Herr Dr. Müller", "Herr Dr. [name]"),
        ("Frau Prof. Dr. Weber fragt", "Frau Prof. Dr. [name] fragt"),
        ("MR SMITH", "MR [name]"),
        ("it fails. Thanks, Anna", "it fails. Thanks, [name]"),
        ("this is Anna Smith speaking", "this is [name] speaking"),
        ("mi chiamo Anna Rossi", "mi chiamo [name]"),
        ("nazywam się Anna Kowalska", "nazywam się [name]"),
        ("меня зовут Анна", "меня зовут [name]"),
        ("我叫王小明", "我叫[name]"),
        ("私の名前は山田です", "私の名前は[name]です"),
        (r"C:\Users\Anna Smith\Desktop", r"C:\Users\[name]\Desktop"),
        (r"\\server\users$\anna\x", r"\\server\users$\[name]\x"),
        ("/var/home/anna/x", "/var/home/[name]/x"),
        ("thanks, it works", "thanks, it works"),
        ("MS TEAMS", "MS TEAMS"),
        ("this is Windows 11", "this is Windows 11"),
    ],
)
def test_a_name_goes_whole_behind_titles_thanks_and_cues_of_other_languages(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("::ffff:81.2.69.142", "[ip]"),
        ("::ffff:192.168.0.1", "::ffff:192.168.0.1"),
        ("fe80::1 gateway", "fe80::1 gateway"),
        ("fe80::21a:2bff:fe3c:4d5e", "[ip]"),
        ("001A.2B3C.4D5E", "[number]"),
        ("born on February 14, 1990", "born on [date]"),
        ("geboren am 14. Februar 1990", "geboren am [date]"),
        ("DE89.3704.0044.0532.0130.00", "[iban]"),
        ("S1234567D", "[number]"),
        ("S1234567A", "S1234567A"),
        ("A123456789", "[number]"),
        ("A123456788", "A123456788"),
    ],
)
def test_a_number_of_a_person_or_a_machine_goes_whole(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ISBN 978-3-16-148410-0", "EAN 4006381333931", "part number 12-3456-789", "unix time 1700000000",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 breaks", "ports 8080 8443 9090", "HTTP 500 502 503 504",
        "401 403 404 500", "1-2-3-4-5-6-7-8-9", "1 2 3 4 5 6 7 8 9 10", "max 2147483647", "4294967295 limit",
        "100000000 rows",
    ],
)  # fmt: skip
def test_a_number_of_a_thing_is_kept(text):
    assert redact(text) == text


@pytest.mark.parametrize("text", ["01 23 45 67 89", "123 456 782", "1234 5678 9012", "12 13 14 15 16 17 1712345"])
def test_a_number_that_only_looks_like_counting_goes(text):
    assert redact(text) != text
