"""What is redacted of customers' words, and what a writer still reads of them."""

from __future__ import annotations

import pytest

from handrail_feedback.records.redaction.redact import redact, says_nothing
from handrail_feedback.records.searches import shape

GONE = {
    "my email is bob.miller@example.com please": "my email is [email] please",
    "écrivez à jean-pierre.dupont@société.fr svp": "écrivez à [email] svp",
    "bob at example dot com": "[email]",
    "bob (at) example (dot) com": "[email]",
    "call me on +44 20 7946 0958": "call me on [phone]",
    "+1 (415) 555-2671 is my number": "[phone] is my number",
    "415-555-2671": "[phone]",
    "(415) 555-2671": "[phone]",
    "ruf mich an 030 1234567": "ruf mich an [phone]",
    "030/901820": "[phone]",
    "0171 2345678": "[phone]",
    "06 12 34 56 78": "[phone]",
    "06.12.34.56.78": "[phone]",
    "+33 6 12 34 56 78": "[phone]",
    "612 34 56 78": "[phone]",
    "tel 912345678": "tel [phone]",
    "020 7946 0958": "[phone]",
    "07700 900123": "[phone]",
    "+41 44 668 18 00": "[phone]",
    "044 668 18 00": "[phone]",
    "4111 1111 1111 1111": "[card]",
    "card 5500-0000-0000-0004 declined": "card [card] declined",
    "378282246310005": "[card]",
    "4111111111111111 exp 12/27": "[card] exp 12/27",
    "DE89 3704 0044 0532 0130 00 is my iban": "[iban] is my iban",
    "GB82WEST12345698765432": "[iban]",
    "FR14 2004 1010 0505 0001 3M02 606": "[iban]",
    "es91 2100 0418 4502 0005 1332": "[iban]",
    "NL91ABNA0417164300": "[iban]",
    "CH93 0076 2011 6238 5295 7": "[iban]",
    "DE89 3704 0044 0532 0130 01 wrong iban": "[iban] wrong iban",
    "123-45-6789": "[number]",
    "12345678Z": "[number]",
    "AB123456C": "[number]",
    "RSSMRA85T10A562S": "[number]",
    "2 85 05 78 006 084 36": "[number]",
    "order 1234567890": "order [number]",
    "my name is Bob Miller and I cannot log in": "my name is [name] and I cannot log in",
    "my name is bob miller and i cannot log in": "my name is [name] and i cannot log in",
    "ich heiße Jürgen Müller": "ich heiße [name]",
    "Je m'appelle Amélie Poulain": "Je m'appelle [name]",
    "me llamo José García": "me llamo [name]",
    "Mein Name ist Schmidt, ich": "Mein Name ist [name], ich",
    "Frau Müller hat gesagt": "Frau [name] hat gesagt",
    "password: hunter2": "password: [secret]",
    "my password is Tr0ub4dor&3 help": "my password is [secret] help",
    "passwort: geheim": "passwort: [secret]",
    "Mot de passe : azerty123": "Mot de passe : [secret]",
    "Authorization: Bearer abcdef1234567890": "Authorization: [secret] [secret]",
    "token=abc": "token=[secret]",
    "ghp_1234567890abcdefghij1234567890abcdef": "[secret]",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5": "[secret]",
    "d41d8cd98f00b204e9800998ecf8427e": "[secret]",
    "https://user:pw@host.com/a?token=1&x=2": "https://[secret]@host.com/a?[query]",
    "https://example.com/reset?token=abc": "https://example.com/reset?[query]",
    "93.184.216.34 does not answer": "[ip] does not answer",
    "2001:db8::ff00:42:8329": "[ip]",
    "fe80::1ff:fe23:4567:890a": "[ip]",
    "/home/bob/x.txt": "/home/[name]/x.txt",
    "/Users/bob/Library": "/Users/[name]/Library",
    "c:\\users\\bob\\appdata": "c:\\users\\[name]\\appdata",
    "C:\\Users\\bob\\Desktop": "C:\\Users\\[name]\\Desktop",
    "born on 12.03.1985": "born on [date]",
    "00:1A:2B:3C:4D:5E": "[number]",
    "Call 1 800 555 0199 or": "Call [phone] or",
}


# Numbers that people have from their country, and ways to write others that hide them from simple patterns.
GONE |= {
    "756.9217.0769.85": "[number]",
    "my AHV is 756.9217.0769.86": "my AHV is [number]",
    "529.982.247-25": "[number]",
    "cpf 529.982.247-26 refused": "cpf [number] refused",
    "1234.56.789": "[number]",
    "bsn 123456782": "bsn [number]",
    "bsn 123.456.782": "bsn [number]",
    "85.07.30-033.28": "[number]",
    "12.345.678-5": "[number]",
    "11.222.333/0001-81": "[number]",
    "44051401359": "[number]",
    "RSS MRA 85T10 A562S": "[number]",
    "131052-308T": "[number]",
    "1 85 05 2A 006 084 35": "[number]",
    "12.345.678-Z": "[number]",
    "12345678-Z": "[number]",
    "X-1234567-L": "[number]",
    "15 070649 C 103": "[number]",
    "A123456(3)": "[number]",
    "11010519491231002X": "[number]",
    "12.34.56.78.90.12": "[number]",
    "（０１７１）１２３４５６７": "[phone]",
    "ruf （０１７１）１２３４５６７ an": "ruf [phone] an",
    "ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ ist meine": "[email] ist meine",
    "４１１１ １１１１ １１１１ １１１１": "[card]",
    "my card 4111\u20111111\u20111111\u20111111": "my card [card]",
    "tel\u200b 0171\u00ad2345678": "tel\u200b [phone]",
    "pass\u200bword: hunter2": "pass\u200bword: [secret]",
    "رقمي ٠١٢٣٤٥٦٧٨٩": "رقمي [phone]",
    "bob@163.com": "[email]",
    "bob@1und1.de": "[email]",
    "Ms Miller called": "Ms [name] called",
    "password 401abc": "password [secret]",
    "pin 404": "pin [secret]",
    "error 4111111111111111": "error [card]",
    "fehler 0171 2345678": "fehler [phone]",
    "ping 5.9.12.4": "ping [ip]",
    "2a02:908:e842:aac0::1": "[ip]",
}


STAYS = r"""
CVE-2021-44228
cve-2014-0160 in openssl
RHSA-2024:12345
token 401 unauthorized
token: 403 forbidden
otp 6-digit code
otp 6 digits
password 128 characters
passwort 12-stellig
token oauth2 refresh
password 2fa
the secret sha256 hash
Ms Teams
Ms Teams call has no sound
MS Word crashes
Dr Web finds a virus
react@18.2.0
npm install lodash@latest
actions/checkout@v4
vite@5.0.0-beta.1
192.168.1.1
192.168.1.20 does not answer
127.0.0.1:8080
10.0.0.5
172.16.4.9
fd12:3456:789a::1
::1
255.255.255.0
8.8.8.8
7.4.2.3
version 7.4.2.3
update 81.12.200.7
error 2024-11-0001
error 2147942402
Fehlercode 2024-11-0001
exit code 3221225477
status code 1603.2.1
12.345.678
1.234.567,89
0x80070057
error E-1042
version 115.3.1
firefox 115.3.1esr crash
in 2023 and 2024
2019 2020 2021 taxes
port 8080
localhost:8080
report-2024-01-15.pdf
2024-01-15 10:30
15.01.2024 10:30:22
windows build 10.0.19041.1110
version 1.2.3.4
KB5034441 update failed
ORA-00600
password is wrong
my password is not accepted
forgot my password
reset token expired
my name is misspelled on the invoice
my name is wrong
12:30:45
std::vector
PIN vergessen
invoice 1042
RTX 4090 vs 3080
$1,000,000.00
1,234,567,890
ISO 27001
5 to 10 000 items
office365 e3 license
thunderbird-115.3.1.tar.bz2
IMG_20240115_103022.jpg
how to split a 1920x1080 screen
my name is not shown
size 3840 x 2160 at 60 hz
article 12345678
net::ERR_CERT_DATE_INVALID
SSL_ERROR_RX_RECORD_TOO_LONG
MOZILLA_PKIX_ERROR_SELF_SIGNED_CERT
https://example.com/page
chrome 120.0.6099.129
sha256 checksum
2024/2025
ticket 12345
what is a pin code
Wie ändere ich mein Passwort?
3.14159265358979
tls 1.3 tls 1.2
ips 10.0
c:/Users/Public/x
call 911
it does not open at the point of the latest message
https://www.example.de/DE/Presse/2020/corona-virus-arbeitsrechtliche-auswirkungen.html
/de/users/auth
build id 20191031083309
1-2-3
24/7 support
error 0xc000021a
error 800700
status code 1603
how do I get to the fair at dot com event
p2p 2fa mp3 h264
2,5 gb 12 gb 128 gb 256 gb
1. open 2. click 3. save 4. done
12 34 56 78
what does code 43 mean
""".strip().splitlines()


@pytest.mark.parametrize(("text", "expected"), GONE.items())
def test_what_tells_who_someone_is_goes(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", STAYS)
def test_what_a_writer_needs_to_read_stays(text: str) -> None:
    assert redact(text) == text


def test_two_weaknesses_stay_two_questions() -> None:
    one, other = (shape(redact(f"is cve-2021-{number} mended")) for number in (44228, 45046))
    assert one != other
    assert shape("CVE-2021-44228") == shape("cve-2021-44228")


@pytest.mark.parametrize("words", ["ｐａｓｓｗｏｒｄ is gone", "مَرحبا", "می\u200cخواهم", "half \u00bd and ™ stay"])
def test_what_is_kept_is_kept_as_it_was_written(words: str) -> None:
    assert redact(f"{words} bob@example.com") == f"{words} [email]"


@pytest.mark.parametrize("words", ["[email]", "[email], [phone]", " [secret]!", "([number])"])
def test_placeholders_alone_say_nothing(words: str) -> None:
    assert says_nothing(words)


@pytest.mark.parametrize("words", ["mail [email]", "10054", "?", "", "[draft] page", "E-1042 [number]"])
def test_words_beside_placeholders_say_something(words: str) -> None:
    assert says_nothing(words) is False


@pytest.mark.parametrize("end", range(len("bob.miller@example.com")))
def test_an_address_is_hidden_at_every_keystroke_after_the_at_sign(end: int) -> None:
    typed = "bob.miller@example.com"[: end + 1]
    assert redact(typed) == ("[email]" if "@" in typed else typed)


@pytest.mark.parametrize("words", ["password hunter2", "PIN 1234", "pw: hunter2", "cvv 123", "otp 482913"])
def test_a_secret_without_a_sign_before_it_goes(words: str) -> None:
    assert redact(f"why does my {words} not work") == f"why does my {words.rpartition(' ')[0]} [secret] not work"


def test_invisible_characters_hide_no_number() -> None:
    assert redact("my card 4111\u200b1111\u200b1111\u200b1111") == "my card [card]"


@pytest.mark.parametrize("words", ["reset pass", "pin a tab", "password manager is gone", "forgot passwords for imap"])
def test_ordinary_words_about_passwords_stay(words: str) -> None:
    assert redact(words) == words
