"""A help site of a made-up mail service, as a generator would leave it: HTML files, and what the plugin writes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

INLINE = "document.documentElement.className='js'"
INLINE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
# The link to a person on a page that the service makes.
PERSON = re.compile(r'<a [^>]*href="/contact/[^"]*"[^>]*>Talk to a human</a>')


@dataclass(frozen=True)
class Article:
    """An article of the made-up site: `body` is what stands under the title."""

    location: str
    title: str
    body: str
    facts: dict = field(default_factory=dict)


def article(location: str, title: str, body: str, *questions: str, **facts) -> Article:
    return Article(location, title, body, {"title": title, "questions": list(questions), **facts})


ARTICLES = (
    article(
        "account/password/",
        "Reset your password",
        "<p>Choose <b>Forgot password</b> on the sign-in page and follow the link in the mail.</p>"
        '<h2 id="no-mail">The mail does not arrive</h2><p>Look into the folder for spam. The link is good for one '
        "hour; after that ask for another one.</p>",
        "I forgot my password",
        "I cannot log in any more",
        "how do I get a new password",
        breadcrumb=["Account"],
    ),
    article(
        "account/delete/",
        "Delete your account",
        "<p>Everything you stored is erased after thirty days. Until then you can come back.</p>"
        '<h2 id="erase">What is erased</h2><p>Messages, contacts, calendars and your profile picture.</p>',
        "close my account for good",
        "remove my profile and all data",
        breadcrumb=["Account"],
        people_only=True,
    ),
    article(
        "account/two-factor/",
        "Sign in with two steps",
        "<p>A second step asks for a six-digit code from an app on your telephone.</p>"
        '<h2 id="lost">You lost the telephone</h2><p>Use one of the ten recovery codes you printed.</p>',
        "turn on two-factor authentication",
        "I lost the phone with my authenticator",
        breadcrumb=["Account"],
    ),
    article(
        "billing/invoice/",
        "Find your invoices",
        "<p>Invoices stand under <i>Billing</i> as PDF files, one for each month you paid.</p>"
        '<h2 id="vat">VAT number</h2><p>Your VAT number is printed when you enter it before the month ends.</p>',
        "download a receipt",
        "where do I see what I paid",
        breadcrumb=["Billing"],
    ),
    article(
        "billing/refund/",
        "Get your money back",
        "<p>Within fourteen days we pay back the whole price of a subscription. The money arrives on the card you "
        "paid with.</p>",
        "can I have a refund",
        "cancel my subscription and get the money back",
        breadcrumb=["Billing"],
    ),
    article(
        "billing/card/",
        "Pay with another card",
        "<p>Add the new credit card first, then remove the old one.</p>",
        "my credit card has expired",
        "change the payment method",
        breadcrumb=["Billing"],
    ),
    article(
        "mail/send/",
        "Messages are not sent",
        "<p>Check that the outgoing server is <code>smtp.acme.example</code> with port 587.</p>"
        '<h2 id="e-1042">Error E-1042</h2><p>E-1042 means that the attachment is larger than 25 MB. Windows shows '
        "the same as 0x80070057.</p>",
        "my email stays in the outbox",
        "sending failed",
        breadcrumb=["Mail"],
    ),
    article(
        "mail/settings/",
        "Advanced settings",
        "<p>Open <code>about:config</code> and set <code>browser.tabs.max</code> to the number of tabs you want. The "
        "file <code>profiles.ini</code> says where the profile folder is.</p>"
        '<h2 id="addons">Write an add-on</h2><p>Add-ons are written in C++ or in Rust.</p>',
        "how many tabs can be open",
        "where is my profile folder",
        breadcrumb=["Mail"],
    ),
    article(
        "mail/filter/",
        "Sort messages into folders",
        "<p>A rule moves every message that fits into a folder of your choice, also while you sleep.</p>",
        "move newsletters automatically",
        "make a filter",
        breadcrumb=["Mail"],
    ),
    article(
        "mail/calendar/",
        "Share your calendar",
        "<p>Colleagues see when you are busy, or all of your appointments, as you choose.</p>",
        "let my team see my appointments",
        "invite someone to a meeting",
        breadcrumb=["Mail"],
    ),
    article(
        "mail/signature/",
        "Add a signature",
        "<p>A signature is put below each message you write: your name, your role, a link.</p>",
        "put my name under every email",
        "company footer in emails",
        breadcrumb=["Mail"],
    ),
    article(
        "phone/notifications/",
        "Notifications on your phone",
        "<p>Allow notifications in the settings of the phone, then choose which folders may ring.</p>",
        "my phone does not ring when mail comes",
        "stop the sound at night",
        breadcrumb=["Phone"],
        boost=1.5,
    ),
)


def page(title: str, body: str, *, head: str = "", lang: str = "en") -> str:
    """A whole page as Material lays it out, with what search has to leave out."""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title} - Acme</title>'
        f"<script>{INLINE}</script>{head}</head><body><nav><a href='/'>Everything else in the menu</a></nav>"
        f'<main><article class="md-content__inner"><h1>{title}<a class="headerlink" href="#x">¶</a></h1>{body}'
        '</article></main><footer><a href="/contact/">Contact a person</a></footer></body></html>'
    )


def write_site(folder: Path, articles=ARTICLES, *, base_path: str = "/") -> Path:
    """Write the site's files; gives back the folder."""
    for one in articles:
        _write(folder / one.location / "index.html", page(one.title, one.body))
    for name in ("find", "contact"):
        shell = page(name.title(), "<handrail-main>works without the service</handrail-main>")
        _write(folder / name / "index.html", shell)
    _write(folder / "404.html", page("Nothing here", "<p>Acme has lost this page.</p>"))
    _write(folder / "assets" / "app.0123abcd.js", "'use strict';" + "// long enough to be compressed\n" * 60)
    known = {one.location: one.facts for one in articles}
    if "" not in known:
        _write(folder / "index.html", page("Acme Help", "<p>Ask in your own words.</p>"))
        known[""] = {"title": "Acme Help", "exclude": True}
    site = {
        "format": 1,
        "site_name": "Acme",
        "base_path": base_path,
        "lang": "en",
        "contact": {"url": "contact/", "label": "Talk to a human"},
        "find": "find/",
        "articles": known,
    }
    _write(folder / "handrail" / "site.json", json.dumps(site))
    _write(folder / "handrail" / "csp.json", json.dumps({"script": [INLINE_HASH], "style": []}))
    return folder


def _write(file: Path, words: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words, encoding="utf-8")
