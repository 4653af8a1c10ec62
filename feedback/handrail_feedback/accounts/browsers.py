"""Browsers of colleagues: their kind, such as `Firefox, Linux`, and whether somebody has signed in with one before.

Guesses at an account are limited, and anybody can make them. Those of strangers must not keep a colleague out, so each
browser in which they have signed in before is counted for itself (OWASP calls what it keeps a device cookie).
"""

from __future__ import annotations

import hmac
import secrets

# The first that is named counts: Edge and Opera say that they are Chrome, and Chrome that it is Safari.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def kind_of_browser(user_agent: str) -> str:
    """The name of browser and system; empty when neither is known. No version: it would tell people apart."""
    said = user_agent[:500]
    found = (next((name for sign, name in known if sign in said), "") for known in (_BROWSERS, _SYSTEMS))
    return ", ".join(filter(None, found))


def new_proof(key: str, name: str) -> str:
    """What a browser keeps after signing in as `name`: a random name of its own, signed together with the account's.

    Nobody can read from it whose it is.
    """
    browser = secrets.token_urlsafe(12)
    return f"{browser}.{_signature(key, name, browser)}"


def known_browser(key: str, name: str, kept: str) -> str:
    """The random name of a browser in which somebody has signed in as `name`; empty for any other."""
    browser, _, signature = kept[:200].partition(".")
    right = _signature(key, name, browser)
    return browser if hmac.compare_digest(signature.encode("utf-8", "replace"), right.encode()) else ""


def _signature(key: str, name: str, browser: str) -> str:
    return hmac.digest(key.encode(), f"known browser {name} {browser}".encode("utf-8", "replace"), "sha256").hex()
