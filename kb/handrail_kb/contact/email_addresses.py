"""E-mail addresses as people type them: which are valid, and which are plainly mistyped.

Letters beyond ASCII are accepted in the domain, which has a form that every mail server knows. Before the @ they are
refused with a reason: every mail server on the way would have to support them (SMTPUTF8).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import OSA

from handrail_kb.texts import text

Fault = Literal["wrong", "letters", "unsure"]

LONGEST_ADDRESS = 254
_SHOWN = 80
_LONGEST_LOCAL, _LONGEST_LABEL = 64, 63
# Plain addresses only. No question mark, because mail programs read =?…?= as encoded words.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=^_{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=^_{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_TOP = re.compile(r"[a-z]{2,}|xn--[a-z0-9-]+")
_BETWEEN = re.compile(r"[\s<>()\[\]\";:]+")
# Forms that the standard allows and hardly any mail server takes: `"anna b"@example.com`, `anna(home)@example.com`.
_QUOTED = re.compile(r"[^\W_][\")\]>]@[^\s@]{1,63}\.")
# What phones and word processors put in place of the plain sign; none of it is part of any address.
_TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("\u3002\uff0e\uff61", ".")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u2039\u203a", '"')
    | dict.fromkeys("\u300c\u300d\u300e\u300f\u3008\u3009\u300a\u300b\u3010\u3011", '"')
    | {"\u3001": ","}
)
_COM = ("gmail", "googlemail", "hotmail", "outlook", "yahoo", "icloud", "protonmail")
# The providers of most mailboxes. A typo is not looked for in short names, which resemble other real ones.
_ELSEWHERE = """
    t-online.de freenet.de posteo.de mailbox.org hotmail.de outlook.de yahoo.de hotmail.fr yahoo.fr orange.fr
    wanadoo.fr laposte.net hotmail.es yahoo.es telefonica.net hotmail.co.uk yahoo.co.uk btinternet.com comcast.net
    verizon.net
"""
_PROVIDERS = (*(f"{name}.com" for name in _COM), *_ELSEWHERE.split())
_REAL_NEIGHBOURS = ("mail.com", "ymail.com", "email.com", "hotmail.ch", "hotmail.it", "yahoo.it", "yahoo.ca")
# In a shorter name, one other letter often makes another real one.
_LEAST_NAME = 5
_COM_MISTYPED = ("con", "cmo", "ocm", "om", "cm", "co", "comm", "coom", "vom", "xom", "cim", "cpm", "cop", "cob")
# Endings that no domain has: whatever stands before them, no mail arrives.
_NO_ENDING = dict.fromkeys((one for one in _COM_MISTYPED if one not in ("om", "cm", "co")), "com")
_NO_ENDING |= {"nte": "net", "ent": "net", "nett": "net", "ogr": "org", "rog": "org", "orgg": "org"}


@dataclass(frozen=True)
class Mailbox:
    """What somebody typed for an address, without invisible characters.

    `address` is the form that mail servers accept; it is empty if the address is invalid, and `fault` says why. `meant`
    is the address that was plainly meant. An `unsure` address is valid, but looks mistyped.
    """

    typed: str
    address: str = ""
    fault: Fault | None = None
    meant: str = ""


def plain(words: str) -> str:
    """The text without invisible and full-width characters, with dots, hyphens and quotation marks as on a keyboard."""
    seen = "".join(
        character
        for character in words
        if unicodedata.category(character) not in ("Cf", "Cc", "Co") or character in "\t\n\r"
    )
    return unicodedata.normalize("NFKC", seen).translate(_TYPOGRAPHIC)


def read_mailbox(typed: str, own: Collection[str] = ()) -> Mailbox:
    """One address as it was typed. `own` are the company's domains, whose customers and staff often have mailboxes."""
    word = plain(typed).strip()
    address = _ascii(word)
    if address:
        meant = _slip(address, own)
        return Mailbox(word, address, "unsure" if meant else None, meant)
    local = word.rpartition("@")[0]
    if local and not local.isascii() and _ascii(f"x@{word.rpartition('@')[2]}"):
        return Mailbox(word, fault="letters")
    return Mailbox(word, fault="wrong", meant=_meant(word, own))


def mailboxes_in(words: str, own: Collection[str] = ()) -> list[Mailbox]:
    """Every address in a line such as `anna@example.com or 0171 2345678`; a name such as `@anna` is not an address."""
    seen = plain(words)
    if seen.count("@") == 1:
        seen = re.sub(r"(?<=\S)[ \t]{0,3}@[ \t]{1,3}(?=\S)|(?<=\S)[ \t]{1,3}@(?=[ \t])[ \t]{0,3}", "@", seen)
    found = []
    if _QUOTED.search(seen):
        found.append(Mailbox(seen.strip(), fault="wrong"))
    before = ""
    for word in _BETWEEN.split(seen):
        trimmed = word.strip("'`*,").removesuffix(".").rstrip("!?,")
        if "@" in trimmed[1:]:
            if not trimmed.startswith("@"):
                found.extend(_apart(trimmed, own))
        elif before and trimmed[:1] == "@" and trimmed[1:].lower() in _PROVIDERS:  # others are names on a platform
            found.append(Mailbox(f"{before} {trimmed}", fault="wrong", meant=_ascii(f"{before}{trimmed}")))
        elif trimmed == "@":
            found.append(Mailbox(trimmed, fault="wrong"))
        before = word
    return found


def fault_in_words(lang: str, box: Mailbox) -> str:
    """A sentence for the customer: what is wrong with an address, and what was meant if that is plain."""
    typed = box.typed if len(box.typed) <= _SHOWN else f"{box.typed[:_SHOWN]}…"
    key = "meant" if box.fault == "wrong" and box.meant else box.fault
    return text(lang, f"address.{key}", typed=typed, meant=box.meant)


def same_mailbox(address: str) -> str:
    """A key that all addresses of one mailbox share, so that one person counts once.

    Ignores case and what follows a plus. Ignores dots at Gmail only: elsewhere they may make a difference.
    """
    local, _, domain = address.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _apart(word: str, own: Collection[str]) -> list[Mailbox]:
    """The addresses in a word whose commas may separate addresses or be mistyped dots."""
    parts = [part for part in re.split(r"[,/]", word) if "@" in part]
    read = [read_mailbox(part, own) for part in parts]
    if "," in word and any(one.fault == "wrong" for one in read):
        return [read_mailbox(word, own)] if len(parts) == 1 else read
    return read if "," in word or not _ascii(word) else [read_mailbox(word, own)]


def _ascii(word: str) -> str:
    """The address as mail servers write it; empty if it is not an address."""
    local, at, domain = word.rpartition("@")
    labels = [_label(label) for label in domain.split(".")]
    right = (
        at
        and _LOCAL.fullmatch(local)
        and len(local) <= _LONGEST_LOCAL
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) and len(label) <= _LONGEST_LABEL for label in labels)
        and _TOP.fullmatch(labels[-1])
    )
    address = f"{local}@{'.'.join(labels)}"
    return address if right and len(address) <= LONGEST_ADDRESS else ""


def _label(label: str) -> str:
    """One part of a domain as mail servers write it; empty if it has no such form."""
    lower = label[: _LONGEST_LABEL + 1].lower()
    if lower.isascii():
        return lower
    if not lower.replace("-", "").isalnum() and not any(unicodedata.category(one).startswith("M") for one in lower):
        return ""
    try:
        # Python's codec predates the rule that makes these two letters of their own.
        if "ß" in lower or "ς" in lower:
            return f"xn--{lower.encode('punycode').decode('ascii')}"
        return lower.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _slip(address: str, own: Collection[str] = ()) -> str:
    """The address at a well-known provider or at one of the company's domains that this one looks like a typo of.

    Empty if there is none.
    """
    local, _, domain = address.rpartition("@")
    name, _, top = domain.partition(".")
    if domain in _PROVIDERS or domain in _REAL_NEIGHBOURS or domain in own:
        return ""
    if name in _COM and top in _COM_MISTYPED:
        return f"{local}@{name}.com"
    alike = f"{name}.com" if top in _COM_MISTYPED else domain
    near = [one for one in _PROVIDERS if one.endswith(alike[len(name) :]) and OSA.distance(alike, one) <= 1]
    near += [one for one in own if len(one.partition(".")[0]) >= _LEAST_NAME and OSA.distance(domain, one) <= 1]
    if len(near) == 1:
        return f"{local}@{near[0]}"
    before, _, ending = domain.rpartition(".")
    return f"{local}@{before}.{_NO_ENDING[ending]}" if ending in _NO_ENDING else ""


def _meant(word: str, own: Collection[str]) -> str:
    """The address that was plainly meant where an invalid one was typed; empty if that is uncertain."""
    mended = re.sub(r"\.{2,}", ".", word[:LONGEST_ADDRESS].replace(",", "."))
    mended = re.sub(r"@{2,}", "@", mended).strip(".")
    mended = mended.replace(".@", "@").replace("@.", "@")
    local, at, domain = mended.rpartition("@")
    if at and "." not in domain and domain.lower() in _COM:
        mended = f"{local}@{domain.lower()}.com"
    address = _ascii(mended)
    return (_slip(address, own) or address) if address and mended != word else ""
