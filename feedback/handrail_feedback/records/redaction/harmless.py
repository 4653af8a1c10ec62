"""Numbers that nobody is behind, which stay: errors, weaknesses, goods, versions, amounts, numbers in a row. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from handrail_feedback.records.redaction.networks import IPV4, is_open
from handrail_feedback.records.redaction.rewriting import SPACED, Rewriting


def hide_harmless(text: Rewriting) -> None:
    """Keep such numbers from the rules that come."""
    for pattern in (_ADVISORY, _CONSTANT, _OF_THINGS, _MEASURE, _PRICE):
        text.hide(pattern, lambda _: True)
    text.hide(IPV4, lambda match: is_open(match[3]))
    text.hide(_ERROR, _is_error)
    text.hide(_BUILD, _is_build)
    text.hide(_POWER, _is_power)
    text.hide(_ROW, _is_row)


def hide_public(text: Rewriting, public: Sequence[str]) -> None:
    """Keep these numbers from the rules that come, whatever signs are between their parts."""
    for number in public:
        parts = r"[\W_]{0,2}".join(map(re.escape, re.findall(r"[^\W_]+", number)))
        if parts:
            whole = re.compile(rf"(?i)(?<![{SPACED}.-]){parts}(?![{SPACED}]|[.-]\d)")
            text.hide(whole, lambda _: True)


# CVE-2021-44228, RHSA-2024:1234: names of known weaknesses.
_ADVISORY = re.compile(
    r"(?i)\b(?:CVE|CAN|RH[SBE]A|EUVD|USN|DSA|DLA|ELSA|ALAS|GLSA|ZDI|JVNDB|CN?NVD|ICSA|WID-SEC|FEDORA|SUSE-SU|VU)[-#\s]"
    r"(?:[A-Z]{1,6}-)?(?:(?:19|20)\d{2}[-:\s])?\d{3,7}(?:[-:]\d{1,4})?(?![\w-])"
)
# E_FAIL 2147500037, STATUS_ACCESS_DENIED (3221225506): the names that systems give their errors.
_CONSTANT = re.compile(
    r"(?<![A-Za-z0-9_])(?=[A-Z0-9_]{0,60}(?:E_|ERR|STATUS|FAIL|EXCEPTION|FAULT|DENIED|INVALID|TIMEOUT))"
    r"[A-Z][A-Z0-9]{0,20}(?:_[A-Z0-9]{1,24}){1,8}\W{1,3}-?[1-9]\d{0,9}(?!\w|[ .,/-]\d)"
)
_ERROR = re.compile(
    rf"(?i)(?<![{SPACED}])(?:err(?:or|no|eur|ore)?s?|error[ _-]?(?:code|number)|fehler(?:[ -]?(?:code|nummer))?"
    rf"|exception|hresult"
    r"|ntstatus|bugcheck|(?:stop|exit|return|status|result|reason)[ _-]?code|event\s?id|code\s+d['\u2019]erreur"
    r"|código\s+de\s+error|erro|fout(?:code)?|błąd|chyba|fel(?:kod)?|feil(?:kode)?|hata(?:\s+kodu)?|ошибк\w{1,3}"
    r"|код\s+ошибки"
    r"|错误(?:代码|码)?|錯誤(?:代碼|碼)?|エラー(?:コード|番号)?|오류(?:\s?(?:코드|번호))?|خطأ|(?:رمز|كود)\s+الخطأ|שגיאה|ข้อผิดพลาด)"
    r"\s{0,2}[:#=(]?\s{0,2}(?:(?:no|nr|code|number|nummer)\.?\s)?"
    rf"(?P<number>-?\d{{1,10}}(?:[-.:/]\d{{1,6}}){{0,4}})(?![{SPACED}-]|[ \u00a0]{{1,2}}(?!\(\d{{1,5}}\))\(?\d|[./]\d)"
)


# What numbers of books, goods, commits and ports are called; what whole numbers end at; round numbers.
_OF_THINGS = re.compile(
    r"(?i)\b(?:ISBN(?:-1[03])?|ISSN|EAN|GTIN(?:-1[34])?|UPC|DOI|P/N|MPN|SKU|(?:spare\s)?part(?:\s(?:no|number|nr))?"
    r"|model\s(?:no|number|nr)|(?:teile|artikel|modell)(?:nummer|nr)|item\s(?:no|number)|catalog(?:ue)?\s(?:no|number)"
    r"|unix\s?time(?:stamp)?|timestamp|epoch)\.?\s{0,2}[:#]?\s{0,2}\d[\d./-]{2,24}(?!\w|[ -]\d)"
    r"|\b(?:commit|revision|checksum|git\s\w{1,10}|sha-?(?:1|256|512)?(?:sum)?"
    r"|md5(?:sum)?)\s{0,2}[:#]?\s{0,2}[0-9a-f]{7,128}\b"
    r"|\bports?\s{0,2}:?\s{0,2}\d{1,5}(?:(?:[,/]\s?|\s|\s?and\s|\s?-\s?)\d{1,5}(?!\d)){1,12}(?!\w)"
    r"|(?<![\w.,+-])-?(?:214748364[78]|429496729[56]|900719925474099[12]|922337203685477580[78]"
    r"|18446744073709551615)(?![\w-]|[.,]\d)"
    r"|(?<![\w.,+-])[1-9]0{8,17}(?![\w-]|[.,]\d)"
    r"|\brgba?\W{1,3}\d{1,3}(?:[ ,]{1,2}\d{1,3}){2}(?!\d)"
)
# What is counted or paid: 1073741824 bytes, 123456789 rows, € 1 234 567 890.
_AMOUNT = r"(?:[1-9]\d{0,17}|[1-9]\d{0,2}(?:(?P<sign>[ \u00a0.,'\u2019])\d{3})(?:(?P=sign)\d{3}){0,5})(?:[.,]\d{1,2})?"
_MEASURE = re.compile(
    rf"(?i)(?<![\w.,+(-]){_AMOUNT}[ \u00a0]?(?:[kmgtp]?i?bytes?|[kmgt]i?b|[kmg]?bits?|bps|octets?|[mµun]s|sec(?:ond)?s?"
    r"|milliseconds|microseconds|nanoseconds|sekunden|secondes|rows?|lines?|records|entries|rec|zeilen|einträge"
    r"|lignes|filas"
    r"|righe|characters|chars|zeichen|caractères|tokens|pixels?|px|hz|[kmg]hz|euros?|eur|usd|chf|gbp|jpy|dollars?|€"
    r"|\$|£|¥)"
    r"(?![^\W_])"
)
_PRICE = re.compile(rf"(?i)(?:[$€£¥₹]|(?<![^\W_])(?:eur|usd|chf|gbp|jpy|inr))[ \u00a0]?{_AMOUNT}(?![^\W_]|[ .,-]\d)")
# 16.0.4266.1001: of four parts one inside is a single digit, and one is more than an address has.
_BUILD = re.compile(r"(?<![\w.,-])(?=\d{1,6}\.(?:\d\.\d{1,6}|\d{1,6}\.\d)\.)(?:\d{1,6}\.){3}\d{1,6}(?!\w|[.,-]\d)")
_POWER = re.compile(r"(?<![\w.,+(-])[1-9]\d{4,19}(?![\w-]|[.,]\d)")
# 1 2 3 4 5 6 7 8 9, 401 403 404 500, 64 128 256 512: counting, and answers of web servers.
_ROW = re.compile(r"(?<![\w.,+(-])\d{1,5}(?:(?:[ /-]|, ?)\d{1,5}){2,40}(?![\w-]|[.,/ ]{1,2}\d)")
_ANSWERS = re.compile(r"20[0-8]|30[0-8]|4[0-3]\d|451|50[0-9]|511|52\d")


def _is_row(match: re.Match[str]) -> bool:
    """Whether numbers count: one by one, in steps, or doubling; or all are alike, or answers of web servers."""
    written = re.findall(r"\d+", match[0])
    if all(map(_ANSWERS.fullmatch, written)):
        return True
    if any(len(one) > 1 and one[0] == "0" for one in written):
        return False
    numbers = list(map(int, written))
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    alike = steps == {0} and len(written[0]) <= 3
    in_steps = len(steps) == 1 and min(steps) > 0 and (len(numbers) >= _ENOUGH_STEPS or steps == {1})
    doubling = len(numbers) >= _ENOUGH_STEPS and all(
        after == 2 * before for before, after in itertools.pairwise(numbers)
    )
    return alike or doubling or (in_steps and (steps != {1} or len(written[-1]) < 3))


_ENOUGH_STEPS = 4


def counts(text: str) -> bool:
    """Whether numbers of one or two digits count one by one: 14 15 16 17, 12/13/14/15."""
    written = re.findall(r"\d+", text)
    one_by_one = all(int(after) - int(before) == 1 for before, after in itertools.pairwise(written))
    return len(written) >= _ENOUGH_STEPS and one_by_one and all(len(one) <= 2 for one in written)


def _is_error(match: re.Match[str]) -> bool:
    """Whether what follows such a word is the number of an error, and no phone or account that stands there."""
    number = match["number"]
    digits = sum(character.isdigit() for character in number)
    first = re.split(r"[-.:/]", number.lstrip("-"))[0]
    in_one = first.isdigit() and len(first) == digits
    of_a_year = re.fullmatch(r"(?:19|20)\d{2}", first) is not None
    return (
        digits <= 8 or (digits <= 13 and of_a_year and not in_one) or (in_one and digits == 10 and first[0] in "1234")
    )


def _is_power(match: re.Match[str]) -> bool:
    """Whether a number is a power of two or one less, at which computers end."""
    number = int(match[0])
    return number & (number - 1) == 0 or number & (number + 1) == 0


def _is_build(match: re.Match[str]) -> bool:
    return any(int(part) > 255 for part in match[0].split("."))
