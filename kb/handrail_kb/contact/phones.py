"""Checks phone numbers, and writes them as links dial them.

The library `phonenumbers` decides where it is installed (`handrail[contact]`, `handrail[service]`); elsewhere a
cautious pattern does. The pattern would rather accept a wrong number than refuse a right one.
"""

from __future__ import annotations

import re

_SIGNS = re.compile(r"\+?[\d\s()./\u2010-\u2013-]+")
_LONGEST = 15  # digits, by ITU-T E.164
_SHORTEST = 3  # 115, the German authorities


def phone_fault(number: str, country: str = "") -> str:
    """What is wrong with a number, and how to fix it; empty if it can be called.

    `country` is the country in which a number without +, such as 030 901820, is dialled.
    """
    if not is_phone_like(number):
        return f"'{number}' is no phone number. Write one such as +49 30 901820."
    if not number.startswith("+") and not country:
        return f"'{number}' has no country code, so that nobody abroad can call it. Write +49 30 901820, or 'country:'."
    try:
        import phonenumbers
    except ImportError:
        return ""
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return f"'{number}' is no phone number. Write one such as +49 30 901820."
    # Three digits, such as 115 of the German authorities, can be dialled within the country only.
    is_short = not number.startswith("+") and phonenumbers.is_possible_short_number(parsed)
    if is_short or phonenumbers.is_possible_number(parsed):
        return ""
    return f"'{number}' is too short or too long for a phone number. Write one such as +49 30 901820."


def is_phone_like(number: str) -> bool:
    """Whether a text has the characters and the length of a phone number."""
    digits = re.sub(r"\D", "", number)
    return bool(_SIGNS.fullmatch(number)) and _SHORTEST <= len(digits) <= _LONGEST


def dialled(number: str, country: str = "") -> str:
    """The number as it is written in a `tel:` link."""
    # The zero in +49 (0)30 is for calls within the country only.
    plain = re.sub(r"[^\d+]", "", number.replace("(0)", "") if number.startswith("+") else number)
    try:
        import phonenumbers
    except ImportError:
        return plain
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return plain
    valid = phonenumbers.is_valid_number(parsed)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)) if valid else plain
