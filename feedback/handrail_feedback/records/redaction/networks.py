"""Addresses in networks: those of somebody's line or machine go, those that are everybody's stay. Pure."""

from __future__ import annotations

import ipaddress
import re

from handrail_feedback.records.redaction.rewriting import SPACED, Rules

IPV4 = re.compile(
    rf"(?i)(?<![{SPACED}.-])(v|version|ver\.?|release|build|firmware|update|upgrade|patch|driver|treiber|bios|sdk"
    rf"|client)?"
    r"(\s{0,2})(?<![\d.])((?:\d{1,3}\.){3}\d{1,3})(?![\d]|\.\d)"
)
_ADDRESS_CUE = re.compile(
    r"(?i)\b(?:ip|ips|ipv4|address|adresse|dirección|host|server|gateway|ping|dns)\W{0,3}(?:\w{1,4}\s)?$"
)
# Addresses inside a company or a machine, masks, and servers of names that everybody knows.
_OPEN_NETWORKS = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "100.64.0.0/10",
            "0.0.0.0/32",
            "224.0.0.0/3",
            "8.8.8.8/32",
            "8.8.4.4/32",
            "1.1.1.1/32",
            "1.0.0.1/32",
            "9.9.9.9/32",
        ),
    )
)
_PARTS, _SMALL_PART = 4, 30


def is_open(text: str) -> bool:
    """Whether this is an address of version 4 that everybody may have."""
    if not is_ipv4(text):
        return False
    address = ipaddress.IPv4Address(".".join(str(int(part)) for part in text.split(".")))
    return any(address in network for network in _OPEN_NETWORKS)


def ipv4(match: re.Match[str]) -> str:
    """An address of four parts up to 255, unless it is a version or is everybody's."""
    parts = [int(part) for part in match[3].split(".")]
    if match[1] or any(part > 255 for part in parts) or is_open(match[3]):
        return match[0]
    called = _ADDRESS_CUE.search(match.string[max(0, match.start(3) - 30) : match.start(3)])
    if all(part < _SMALL_PART for part in parts) and not called:
        return match[0]  # 7.4.2.3: hardly one address in five thousand is of such parts, and most versions are
    return f"{match[2]}[ip]"


def is_ipv4(text: str) -> bool:
    """Whether a text is four numbers up to 255, with points between."""
    parts = text.split(".")
    return len(parts) == _PARTS and all(part.isdecimal() and int(part) <= 255 for part in parts)


_IPV6 = re.compile(
    rf"(?i)(?<![{SPACED}:.])[0-9a-f]{{0,4}}(?::[0-9a-f]{{0,4}}){{2,7}}(?:(?:\.\d{{1,3}}){{3}})?(?:%\w{{1,16}})?(?![{SPACED}:])"
)
_MAC = re.compile(
    rf"(?i)(?<![{SPACED}:-])[0-9a-f]{{2}}(?:([:-])[0-9a-f]{{2}})(?:\1[0-9a-f]{{2}}){{4}}(?![{SPACED}:-])"
    rf"|(?<![{SPACED}.])[0-9a-f]{{4}}\.[0-9a-f]{{4}}\.[0-9a-f]{{4}}(?![{SPACED}]|\.\w)"
)
# Addresses inside a company, as 10.0.0.1 is one.
_UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")


def _ipv6(match: re.Match[str]) -> str:
    """An address, but not the time `12:30:45` nor the `::` of a programming language."""
    text = match[0].split("%")[0]
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return match[0]
    # Of a link alone, and too short to hold the number of a network card.
    router = address.is_link_local and int(address) % 2**64 < 2**32
    mapped = address.ipv4_mapped
    if address.is_loopback or address.is_multicast or address in _UNIQUE_LOCAL or router:
        return match[0]
    if mapped is not None and mapped.is_private:
        return match[0]
    return "[ip]" if any(character.isdigit() for character in text) else match[0]


def _mac(match: re.Match[str]) -> str:
    """The number of a network card; one that is all zeros or ones is everybody's."""
    return match[0] if set(match[0].lower()) <= set("0:-.") or set(match[0].lower()) <= set("f:-.") else "[number]"


RULES: Rules = ((_MAC, _mac), (_IPV6, _ipv6))
