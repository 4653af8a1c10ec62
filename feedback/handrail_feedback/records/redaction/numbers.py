"""Numbers that identify a person: bank accounts, cards, national numbers, phones.

Pure. National numbers are told by their check digits (python-stdnum) or by a way to write them that is only theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from phonenumbers import Leniency, PhoneNumberMatcher
from stdnum import iban, luhn
from stdnum.be import nn
from stdnum.br import cpf
from stdnum.ch import ssn
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.es import dni, nie
from stdnum.eu import vat
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.ie import pps
from stdnum.in_ import pan
from stdnum.it import codicefiscale
from stdnum.mx import curp, rfc
from stdnum.nl import bsn

from handrail_feedback.records.redaction.announced import take_out_announced
from handrail_feedback.records.redaction.harmless import hide_harmless, hide_public
from handrail_feedback.records.redaction.networks import IPV4, ipv4
from handrail_feedback.records.redaction.rewriting import SPACED, Rewriting, Rules

_REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "CH", "NL", "AT")
_PHONE_TRIES = 20

_ENOUGH_DIGITS = re.compile(r"(?:\d\D{0,30}){4}")
_GAP = r"[ \u00a0.\u2009\u202f-]?"
_IBAN = re.compile(r"(?i)(?:(?<![a-z0-9])|(?<=iban))[a-z]{2}\d{2}(?:[ \u00a0.-]?[a-z0-9]){8,30}(?![a-z0-9])")
# In groups of four with any one sign between, as forms and other programs write them.
_IBAN_IN_GROUPS = re.compile(
    r"(?i)(?:(?<![a-z0-9])|(?<=iban))[a-z]{2}\d{2}(?P<sign>[^\w\s]|_)[a-z0-9]{4}(?:(?P=sign)[a-z0-9]{4}){1,6}"
    r"(?:(?P=sign)[a-z0-9]{1,4})?(?![a-z0-9])"
)
_CARD_IN_GROUPS = re.compile(
    r"(?<!\d)\d{4}(?P<sign>[^\w\n]{1,3}|_)(?:\d{4}(?P=sign)\d{4}(?P=sign)\d{4}|\d{6}(?P=sign)\d{5})(?!\d)"
)
_CARD = re.compile(rf"(?<![\d.,])\d(?:{_GAP}\d){{12,18}}(?![\d]|[.,]\d)")
_LONG_NUMBER = re.compile(rf"(?<![{SPACED}.,])(?:\+|\()?\d(?:[ \u00a0()/-]{{0,2}}\d){{7,10000}}(?![{SPACED}])")
_DATE = re.compile(
    r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?\b"
    r"|\b(?:19|20)\d{2}([-/. ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])\b(?:[T ]{1,2}\d{1,2}(?!\d))?"
    r"|\b(?:0?[1-9]|[12]\d|3[01])([-/. ])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d{2}\b(?: {1,2}\d{1,2}(?!\d))?"
)
_YEARS = re.compile(r"(?:(?:19|20)\d{2}\D{0,3})+")
_PHONE_CUE = re.compile(
    r"(?i)(?:phone|mobile|cell|tel|call|ring|sms|text|whatsapp|fax|number|handy|anruf|ruf|nummer|mobil"
    r"|téléphone|telephone|portable|appel|numéro|teléfono|móvil|llam|número)[^\d]{0,25}$"
)


def take_out(text: Rewriting, public: Sequence[str] = ()) -> None:
    """Put placeholders in place of numbers that tell who somebody is; those that stand in articles do not."""
    take_out_announced(text)
    if not _ENOUGH_DIGITS.search(text.form):
        return
    hide_public(text, public)
    hide_harmless(text)
    text.sub_all(_NUMBERS)
    text.sub(_PHONE_WITH_SIGNS, "[phone]")
    _phones(text)
    text.sub(_LONG_NUMBER, _long_number)
    text.sub(_GROUPED, _grouped)


# --- accounts and cards


def _iban(match: re.Match[str]) -> str:
    """The account number at the beginning of the match; words that follow it were only caught by the pattern."""
    text = match[0]
    for end in range(len(text), 14, -1):
        whole_words = text[end - 1].isalnum() and not text[end : end + 1].isalnum()
        if whole_words and iban.is_valid(text[:end], check_country=False):
            return f"[iban]{text[end:]}"
    text, dot, rest = text.partition(".")  # with points only where it is certain
    head = text.split()[0] if " " in text else text
    groups = sum(character.isdigit() for character in text)
    looks = groups >= 12 and len(head) <= 34
    return f"{_DIGITS_TAIL.sub('[iban]', text, count=1) if looks else text}{dot}{rest}"


def _iban_in_groups(match: re.Match[str]) -> str:
    return "[iban]" if iban.is_valid(re.sub(r"[\W_]", "", match[0]), check_country=False) else match[0]


_DIGITS_TAIL = re.compile(r"(?i)^[a-z]{2}\d{2}(?:[ \u00a0-]?[a-z]{0,4}\d[a-z0-9]{0,3}){2,12}")


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    issued = (not _DATE.fullmatch(match[0]) and digits[0] in "3456") or "22" <= digits[:2] <= "27"
    return "[card]" if issued and luhn.is_valid(digits) else match[0]


# --- secrets that are long and mixed

_TOKEN = re.compile(rf"(?<![{SPACED}/+.:-])[A-Za-z0-9_+][A-Za-z0-9_+/-]{{19,1999}}={{0,2}}(?![{SPACED}/+-])")


def _token(match: re.Match[str]) -> str:
    """Long hexadecimal or base64 text; file names, paths and long words stay."""
    text = match[0]
    if re.fullmatch(r"[0-9a-fA-F]{32,}", text):
        return "[secret]"
    return "[secret]" if any(map(_mixed, re.split(r"[/_+-]", text))) else text


def _mixed(piece: str) -> bool:
    """Whether capitals, small letters and digits stand mixed in one long piece, as nobody writes words."""
    digits = sum(character.isdigit() for character in piece)
    return len(piece) >= 16 and digits >= 2 and piece.lower() != piece and piece.upper() != piece


# --- national numbers

# Of letters and digits; each is looked at by its check letter.
_PERSON_NUMBER = re.compile(
    rf"(?i)(?<![{SPACED}-])"
    r"(?:[a-ceghj-prtw-z]{2} ?\d{2} ?\d{2} ?\d{2} ?[a-d]|[xyz]?-?\d{7,8}-?[a-z]{1,2}"
    r"|\d{1,2}\.\d{3}\.\d{3}-?[\da-z]|[a-z]{3} ?[a-z]{3} ?[\da-z]{2}[a-z][\da-z]{2} ?[a-z][\da-z]{3}[a-z]"
    r"|\d{6}[-+a-fu-y]\d{3}[\da-z]|[a-z]{5}\d{4}[a-z]|[a-z]{4}\d{6}[hm][a-z]{5}[\da-z]\d|\d{17}x"
    r"|[stfg]\d{7}[a-z]|[a-z][1289]\d{8}|[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?2[ab] ?\d{3} ?\d{3} ?\d{2}"
    r"|[a-zñ&]{3,4}\d{6}[\da-z]{3}|(?:at|be|bg|cy|cz|d[ek]|e[els]|f[ir]|h[ru]|i[et]|l[tuv]|mt|nl|p[lt]|ro|s[eik])u?\d[\da-z]{6,11})"
    rf"(?![{SPACED}-])"
)
_CHECKED = (dni, nie, codicefiscale, hetu, pps, pan, curp, ric, nir, rut, vat)
# German pension numbers, identity cards of Hong Kong, parcels of UPS and of the post: their form is theirs alone.
_BY_FORM = re.compile(
    rf"(?i)(?<![{SPACED}-])(?:1Z[\dA-Z]{{16}}|(?-i:[A-Z]{{2}}\d{{9}}[A-Z]{{2}})|"
    r"\d{2} ?(?:0[1-9]|[1-8]\d)(?:0[1-9]|1[0-2])\d{2} ?[a-z] ?\d{3}|[a-z]{1,2}\d{6}\([\da]\))"
    rf"(?![{SPACED}-])"
)
# Groups that are one country's way to write its number: 756.9217.0769.85, 529.982.247-25, 85.07.30-033.28, 1234.56.789.
_BY_GROUPS = re.compile(
    rf"(?<![{SPACED}.,-])"
    r"(?:756\.\d{4}\.\d{4}\.\d{2}|\d{3}\.\d{3}\.\d{3}-\d{2}|\d{2}\.\d{2}\.\d{2}[-.]\d{3}[-.]\d{2}"
    r"|\d{4}\.\d{2}\.\d{3}|\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2})"
    rf"(?![{SPACED}-]|[.,]\d)"
)
# Nine digits or more with points or other signs among them.
_GROUPED = re.compile(rf"(?<![{SPACED}.,+-])\d{{1,6}}(?:[ .\u00b7/_-]\d{{1,6}}){{1,7}}(?![{SPACED}-]|[.,]\d)")
_FOUR_PARTS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")  # judged as an address
_THOUSANDS = re.compile(r"\d{1,3}(?:\.\d{3})+|\d{1,3}(?: \d{3})+")
# 11 22621.2861: numbers apart, the last with a part behind its point.
_WITH_FRACTION = re.compile(r"[\d ]+ \d+\.\d+")
_NUMBER_OF_ALL = (bsn, cpf, ssn, nn)
_ENOUGH = 9


def _person_number(match: re.Match[str]) -> str:
    """A national number whose check letter is right, or one that only looks British."""
    text = re.sub(r"[ .-]", "", match[0])
    if re.fullmatch(r"(?i)[a-z]{2}\d{6}[a-d]", text):
        return "[number]"
    valid = any(kind.is_valid(text) or kind.is_valid(match[0]) for kind in _CHECKED)
    valid = valid or rfc.is_valid(text, validate_check_digits=True)
    valid = valid or _is_of_singapore(text.upper()) or _is_of_taiwan(text.upper())
    return "[number]" if valid else match[0]


def _is_of_singapore(text: str) -> bool:
    """An identity card of Singapore, by its check letter."""
    if not re.fullmatch(r"[STFG]\d{7}[A-Z]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
    letters = "JZIHGFEDCBA" if text[0] in "ST" else "XWUTRQPNMLK"
    return letters[(total + (4 if text[0] in "TG" else 0)) % 11] == text[8]


def _is_of_taiwan(text: str) -> bool:
    """An identity card of Taiwan, by its check digit."""
    if not re.fullmatch(r"[A-Z][1289]\d{8}", text):
        return False
    area = 10 + "ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0])
    digits = [area // 10, area % 10, *map(int, text[1:])]
    return (
        sum(digit * weight for digit, weight in zip(digits, (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), strict=True)) % 10 == 0
    )


def _grouped(match: re.Match[str]) -> str:
    """Nine digits or more in groups, unless they are a date, a version or an amount."""
    text = match[0]
    digits = re.sub(r"\D", "", text)
    if len(digits) < _ENOUGH or "." not in text or _DATE.search(text) or _FOUR_PARTS.fullmatch(text):
        return text
    if _WITH_FRACTION.fullmatch(text):
        return text
    if _THOUSANDS.fullmatch(text):
        return "[number]" if any(kind.is_valid(digits) for kind in _NUMBER_OF_ALL) else text
    groups = re.split(r"\D", text)
    return text if any(len(group) < 2 for group in groups[:-1]) or len(groups) < 3 else "[number]"


_NUMBERS: Rules = (
    (IPV4, ipv4),
    (_IBAN, _iban),
    (_IBAN_IN_GROUPS, _iban_in_groups),
    (_CARD_IN_GROUPS, _card),
    (_TOKEN, _token),
    (_BY_GROUPS, "[number]"),
    (_CARD, _card),
    (_BY_FORM, "[number]"),
    (_PERSON_NUMBER, _person_number),
)


# --- phones, and what else is long

# 0171·2345678, 0171*2345678: with signs that no way to write phones has.
_PHONE_WITH_SIGNS = re.compile(
    rf"(?<![{SPACED}.,+-])(?:\+|00?)[1-9](?=[\d\u00b7\u2022\u2219*|~_ ]{{8,24}})\d{{0,5}}"
    rf"(?:[ ]?[\u00b7\u2022\u2219*|~_][ ]?\d{{2,9}}){{1,5}}"
    rf"(?![{SPACED}-]|[.,]\d)"
)
_PHONE_LIKE = re.compile(rf"(?<![{SPACED}.])\+?\(?\d(?:[\s().\u2010-\u2013/-]{{0,3}}\d){{6}}")


def _phones(text: Rewriting) -> None:
    """Phone numbers of several countries: international ones, and local ones written or introduced as such."""
    if not _may_hold_phone(text.form):
        return
    for region in _REGIONS:
        found = [
            (match.start, match.end, "[phone]")
            for match in PhoneNumberMatcher(text.form, region, leniency=Leniency.VALID, max_tries=_PHONE_TRIES)
            if _is_phone(text.form, match.start, match.raw_string)
        ]
        text.put(found)
        if not _may_hold_phone(text.form):
            break


def _may_hold_phone(text: str) -> bool:
    """Asked before the matcher, which is slow, looks for the numbers of every region."""
    return bool(_PHONE_LIKE.search(_DATE.sub(" ", text)))


def _is_phone(text: str, start: int, raw: str) -> bool:
    """Whether a possible number is meant as one: dates, order numbers and versions are possible numbers too."""
    digits = sum(character.isdigit() for character in raw)
    if raw.startswith(("+", "00")):
        return True
    if _DATE.search(raw) or digits < 7:
        return False
    before = text[max(0, start - 40) : start]
    groups = len(re.findall(r"\d+", raw))
    written_as_phone = groups >= 3 or (digits >= 9 and raw.startswith(("0", "(")))
    return written_as_phone or bool(_PHONE_CUE.search(before))


def _long_number(match: re.Match[str]) -> str:
    """Nine digits or more are an account, an order, a person; dates and rows of years are not."""
    opened = match[0].rfind("(")
    if opened > 0 and ")" not in match[0][opened:]:  # 12345678 (2 items): what is in brackets is another number
        head = match[0][:opened].rstrip()
        return f"[number]{match[0][len(head) :]}" if sum(map(str.isdigit, head)) >= _ENOUGH else match[0]
    without_dates = _DATE.sub(" ", match[0])
    if _YEARS.fullmatch(match[0]) or _is_windows_error(match):
        return match[0]
    digits = sum(character.isdigit() for character in without_dates)
    return "[number]" if digits >= 9 else match[0]


def _is_windows_error(match: re.Match[str]) -> bool:
    """-2147024894 and its like: an error as Windows counts them, a negative number of 32 bits."""
    before = match.string[max(0, match.start() - 2) : match.start()]
    return before in ("-", " -") and match[0].isdigit() and len(match[0]) == 10 and int(match[0]) <= 2**31
