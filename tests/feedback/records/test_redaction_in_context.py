"""What the words, signs and letters beside a number tell of it: whose it is, where it ends, or that it is nobody's."""

from __future__ import annotations

import pytest

from handrail_feedback.records.redaction.redact import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我的手机号是13800138000", "我的手机号是[phone]"),
        ("订单13800138000没到", "订单[number]没到"),
        ("010-1234-5678입니다", "[phone]입니다"),
        ("身份证号110105194912310021", "身份证号[number]"),
        ("رقم الهاتف+966512345678", "رقم الهاتف[phone]"),
        ("密钥sk-proj-abcdefghijklmnop1234567890", "密钥[secret]"),
        ("我的password: abc", "我的password: [secret]"),
        ("地址2001:db8::ff00:42:8329不通", "地址[ip]不通"),
        ("设备00:1A:2B:3C:4D:5E离线", "设备[number]离线"),
        ("私のメールはann@example.comです", "私のメールは[email]です"),
        ("邮箱ann@example.com收不到", "邮箱[email]收不到"),
        ("用户@例子.中国", "[email]"),
    ],
)
def test_a_number_or_an_address_ends_where_letters_of_a_script_without_spaces_begin(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize("sign", ["_", ",", "|", "·", "/", ":", "\u2013", "~"])
@pytest.mark.parametrize(
    ("groups", "kind"),
    [
        (("4111", "1111", "1111", "1111"), "[card]"),
        (("3782", "822463", "10005"), "[card]"),
        (("DE89", "3704", "0044", "0532", "0130", "00"), "[iban]"),
    ],
)
def test_a_card_or_an_account_goes_whatever_sign_stands_between_its_groups(groups, kind, sign):
    written = sign.join(groups)
    assert redact(f"not {written}, please") == f"not {kind}, please"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("passport C01X00T47", "passport [number]"),
        ("passport no: X1234567 lost", "passport no: [number] lost"),
        ("Personalausweis L01X00T471", "Personalausweis [number]"),
        ("паспорт 4509 123456", "паспорт [number]"),
        ("nino QQ 12 34 56 C", "nino [number]"),
        ("driving licence MORGA753116SM9IJ", "driving licence [number]"),
        ("VAT DE136695976", "VAT [number]"),
        ("USt-IdNr. DE 136 695 976", "USt-IdNr. [number]"),
        ("ATU13585627 is ours", "[number] is ours"),
        ("GODE561231GR8", "[number]"),
        ("order no. 12345678", "order no. [number]"),
        ("Kundennummer 4711081", "Kundennummer [number]"),
        ("sort code 12-34-56", "sort code [number]"),
        ("numéro de client 4711081", "numéro de client [number]"),
        ("parcel 1Z999AA10123456784", "parcel [number]"),
        ("RR123456785DE", "[number]"),
        ("number plate AB12 CDE", "number plate [number]"),
        ("Kennzeichen B-MW 1234", "Kennzeichen [number]"),
        ("Tlf. 20 12 34 56", "Tlf. [phone]"),
        ("电话：6123 4567", "电话：[phone]"),
        ("nata il 3/4/1985", "nata il [date]"),
        ("geb. 03.04.1985 in Bern", "geb. [date] in Bern"),
        ("дата рождения 03.04.1985", "дата рождения [date]"),
        ("生年月日は1985年4月3日", "生年月日は[date]"),
        ("born on the 3rd of April 1985", "born on the [date]"),
        ("data urodzenia: 03.04.1985", "data urodzenia: [date]"),
    ],
)
def test_a_number_goes_behind_the_word_that_says_whose_it_is(text, expected):
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    r"""
passport application 2024
passport photo 600x600 px
VAT 19%
account number 5 digits
tin opener 3000
customer id field is 10 characters
order number format
account no longer works
born 1985
number plate recognition 4K
birthday on 24 December
social security 2025 limit
matrícula 2024-25
phone 2024-11-28 10:15
KB5029244 fails
""".strip().splitlines(),
)
def test_a_year_a_size_or_a_term_behind_such_a_word_is_kept(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"password":"hunter2"}', '{"password":[secret]'),
        ("<password>hunter2</password>", "<password>[secret]"),
        ("password => hunter2", "password => [secret]"),
        ("password - hunter2", "password - [secret]"),
        ("PIN-4711", "PIN-[secret]"),
        ("my code is 482913", "my code is [secret]"),
        ("2FA code: 482913", "2FA code: [secret]"),
        ("recovery code ABCD-EFGH-1234", "recovery code [secret]"),
        ("PHPSESSID=abc123", "PHPSESSID=[secret]"),
        ("curl -u ann:hunter2 https://example.org", "curl -u [secret] https://example.org"),
        ("VK7JG-NPHTM-C97JM-9MPGT-3V66T", "[secret]"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK----- lQOYBF -----END PGP PRIVATE KEY BLOCK-----", "[secret]"),
        ("รหัสผ่านคือ abc123", "รหัสผ่านคือ [secret]"),
        ("كلمة المرور هي abc123", "كلمة المرور هي [secret]"),
        ("ο κωδικός μου είναι abc123", "ο κωδικός μου είναι [secret]"),
        ("heslo je abc123", "heslo je [secret]"),
        ("ann.o'brien@example.com", "[email]"),
        ("ann _at_ example.org", "[email]"),
        ("ann<at>example.org", "[email]"),
        ("anna(a)example.de", "[email]"),
        ("anna (arroba) ejemplo.es", "[email]"),
        ("ann -at- example -dot- org", "[email]"),
        ("山田太郎と申します", "[name]と申します"),
        ("मेरा नाम राम है", "मेरा नाम [name]"),
        ("اسمي محمد علي ولا أستطيع", "اسمي [name] ولا أستطيع"),
        ("שמי דוד כהן", "שמי [name]"),
        ("ผมชื่อ สมชาย", "ผมชื่อ [name]"),
    ],
)
def test_a_secret_a_name_or_an_address_goes_with_other_signs_and_in_other_scripts(text, expected):
    assert redact(text) == expected
    assert redact(expected) == expected


@pytest.mark.parametrize(
    "text",
    r"""
169.254.12.7
root@10.0.0.1
pi@192.168.1.5 refused
ff02::1
ff:ff:ff:ff:ff:ff
Excel 2016 (16.0.4266.1001)
Windows 11 22621.2861
64 128 256 512
2 4 8 16 32 64 128
10 20 30 40 50
100 200 300 400
RGB 255 255 255
1073741824 bytes
2^64 = 18446744073709551616
987654321 rows
€ 1 234 567 890
1234567890 tokens
part 123-4567-89
Artikelnummer 123456789
error code 30005-39 (1392)
order 12345678 (2 items)
/home/pi/x
/home/$USER/.ssh
C:\Users\%USERNAME%\AppData
{20D04FE0-3AEA-1069-A2D8-08002B30309D}
password > settings > 2fa
token-2022 program
my code is broken
is_page_at_hand
see 0036-at-least-once.md
112 (111-114) | 158 (147-160)
エラー2147942402が出る
错误代码2147942402
ошибка 2147942402
""".strip().splitlines(),
)
def test_what_is_nobodys_is_kept_whatever_rules_come_later(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "public", "expected"),
    [
        ("is 12.4.56.78 the newest", ("12.4.56.78",), "is 12.4.56.78 the newest"),
        ("is 12.4.56.78 the newest", (), "is [ip] the newest"),
        ("is 12.4.56.79 the newest", ("12.4.56.78",), "is [ip] the newest"),
        ("12.4.56.78.9 or 312.4.56.78 or 93.184.216.34", ("12.4.56.78",), "12.4.56.78.9 or 312.4.56.78 or [ip]"),
        ("who answers 0800 123 45 67?", ("0800-123-45-67",), "who answers 0800 123 45 67?"),
        ("is part 123456789012 in stock", ("123456789012",), "is part 123456789012 in stock"),
        ("part 123456789012 for 0171 2345678", ("123456789012",), "part 123456789012 for [phone]"),
        # What somebody says is theirs goes, whoever else has it.
        ("my PIN is 123456789012", ("123456789012",), "my PIN is [secret]"),
        ("Kundennummer 123456789012", ("123456789012",), "Kundennummer [number]"),
        ("mail ann12.4.56.78@example.com", ("12.4.56.78",), "mail [email]"),
    ],
)
def test_a_number_that_stands_in_an_article_is_nobodys_unless_it_is_said_to_be(text, public, expected):
    assert redact(text, public) == expected
