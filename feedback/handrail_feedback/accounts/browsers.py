"""The kind of a browser, such as `Firefox, Linux`, from what it says of itself: enough to know one's own device by."""

from __future__ import annotations

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
