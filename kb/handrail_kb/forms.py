"""The find and contact pages as they stand without the service: plain forms that work without JavaScript.

Gives pieces of HTML for the `<handrail-main>` element; the service replaces them once it answers.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from handrail_kb.texts import text

MAX_MESSAGE = 5000
MAX_SUBJECT = 200
MAX_REPLY_TO = 200
MAX_QUERY = 500


def find_main(lang: str, *, action: str, contact: str, contact_text: str = "", heading: bool = True) -> str:
    """A search form, and a person for those who would rather not search.

    The service changes the heading with the rest, so it is inside; a site's own page has its own (`heading`).
    """
    label = contact_text or text(lang, "contact.link")
    return f"""<handrail-main>{_heading(lang, "find.title", heading)}
{find_form(lang, action=action)}
<p class="handrail-hint">{_(lang, "find.needs_service")}</p>
<p><a href="{escape(contact)}">{escape(label)}</a></p>
</handrail-main>"""


def find_form(lang: str, *, action: str) -> str:
    """The search form of the find page."""
    return f"""<form class="handrail-form" action="{escape(action)}" method="get" role="search">
<label for="handrail-q">{_(lang, "find.label")}</label>
<input id="handrail-q" name="q" type="search" maxlength="{MAX_QUERY}" required autocomplete="off">
<button type="submit">{_(lang, "find.button")}</button>
</form>"""


def missing_main(lang: str, *, find: str) -> str:
    """What a page that does not exist has to say."""
    title, body = _(lang, "missing.title"), _(lang, "missing.body")
    return f"<h1>{title}</h1>\n<p>{body}</p>\n{find_form(lang, action=find)}"


def contact_main(lang: str, *, action: str, email: str = "", phone: str = "", heading: bool = True) -> str:
    """The channels, and the form for a message."""
    return f"""<handrail-main>{_heading(lang, "contact.title", heading)}
<p>{_(lang, "contact.intro")}</p>
{contact_form(lang, action=action)}
{channels(lang, email=email, phone=phone)}
</handrail-main>"""


def contact_form(lang: str, *, action: str) -> str:
    """The form for a message. The field named `website` is a trap for robots, out of everyone else's way."""
    return f"""<form class="handrail-form" action="{escape(action)}" method="post" accept-charset="utf-8">
<label for="handrail-subject">{_(lang, "contact.subject")} ({_(lang, "contact.optional")})</label>
<input id="handrail-subject" name="subject" maxlength="{MAX_SUBJECT}" autocomplete="off">
<label for="handrail-message">{_(lang, "contact.message")}</label>
<span class="handrail-hint" id="handrail-message-hint">{_(lang, "contact.message_hint")}</span>
<textarea id="handrail-message" name="message" rows="8" maxlength="{MAX_MESSAGE}" required \
aria-describedby="handrail-message-hint"></textarea>
<label for="handrail-reply-to">{_(lang, "contact.reply_to")}</label>
<span class="handrail-hint" id="handrail-reply-to-hint">{_(lang, "contact.reply_to_hint")}</span>
<input id="handrail-reply-to" name="reply_to" maxlength="{MAX_REPLY_TO}" autocomplete="email" \
aria-describedby="handrail-reply-to-hint">
<div class="handrail-trap" aria-hidden="true"><label for="handrail-website">{_(lang, "contact.website")}</label>\
<input id="handrail-website" name="website" tabindex="-1" autocomplete="off"></div>
<button type="submit">{_(lang, "contact.send")}</button>
</form>"""


def channels(lang: str, *, email: str = "", phone: str = "") -> str:
    """The other ways to reach a person; nothing when the site names none."""
    ways = []
    if email:
        ways.append(f'<li>{_(lang, "contact.email")}: <a href="mailto:{escape(email)}">{escape(email)}</a></li>')
    if phone:
        number = re.sub(r"[^\d+]", "", phone)
        ways.append(f'<li>{_(lang, "contact.phone")}: <a href="tel:{number}">{escape(phone)}</a></li>')
    return f"<h2>{_(lang, 'contact.other_ways')}</h2>\n<ul>{''.join(ways)}</ul>" if ways else ""


def helpful(lang: str, *, contact: str, contact_text: str = "") -> dict[str, Any]:
    """Material's configuration of "Was this page helpful?". A "no" offers a person."""
    link = f'<a href="{escape(contact)}">'
    label = escape(contact_text) if contact_text else _(lang, "contact.link")
    return {
        "handrail": True,
        "title": _(lang, "helpful.question"),
        "ratings": [
            {
                "icon": "material/thumb-up-outline",
                "name": _(lang, "helpful.yes"),
                "data": 1,
                "note": _(lang, "helpful.thanks_yes"),
            },
            {
                "icon": "material/thumb-down-outline",
                "name": _(lang, "helpful.no"),
                "data": 0,
                "note": f"{_(lang, 'helpful.thanks_no')} {link}{label}</a>",
            },
        ],
    }


def _heading(lang: str, key: str, wanted: bool) -> str:
    return f"\n<h1>{_(lang, key)}</h1>" if wanted else ""


def _(lang: str, key: str) -> str:
    return escape(text(lang, key))
