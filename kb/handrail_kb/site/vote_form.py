"""The form "Was this page helpful?", and the second one for reasons and a comment.

A vote counts with one click. Reasons and a comment are asked for afterwards, below the contact link, and are optional.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from handrail_kb.texts import html_text as _
from handrail_kb.texts import text

# Codes of the reasons for a no and for a yes. Codes never change; their texts are in `texts`.
NO_REASONS = ("other", "unclear", "outdated", "failed", "rule")
YES_REASONS = ("answered", "clear", "worked")
MAX_SENTENCE = 300

_FORM = re.compile(r"""<form\b(?=[^>]*\bname=["']?feedback["'\s>])[^>]*>.*?</form>""", re.S)
_BUTTON = re.compile(r"""(<button\b[^>]*?)\bdata-md-value=["']?([01])["']?""")
_HIDDEN = re.compile(r"""\shidden(?:=["']?(?:hidden)?["']?)?(?=[\s>])""")
_OURS = "handrail-vote"


def reasons_of(helpful: bool) -> tuple[str, ...]:
    """The codes of the reasons for a yes or for a no."""
    return YES_REASONS if helpful else NO_REASONS


def reason_text(lang: str, reason: str) -> str:
    """The text that customers read for a code."""
    return text(lang, f"helpful.reason_{reason}")


def material_feedback(lang: str, *, contact: str, contact_text: str = "") -> dict[str, Any]:
    """Material's configuration of "Was this page helpful?". After a "no", it offers a person."""
    person = f'<a href="{escape(contact)}">{escape(contact_text) if contact_text else _(lang, "contact.link")}</a>'
    return {
        "handrail": True,
        "title": _(lang, "helpful.question"),
        "ratings": [
            {
                "icon": "material/thumb-up-outline",
                "name": _(lang, "helpful.yes"),
                "data": 1,
                "note": f'<span class="{_OURS}">{_(lang, "helpful.thanks_yes")}</span>',
            },
            {
                "icon": "material/thumb-down-outline",
                "name": _(lang, "helpful.no"),
                "data": 0,
                "note": f'<span class="{_OURS}">{_(lang, "helpful.thanks_no")}</span> {person}',
            },
        ],
    }


def complete(html: str, lang: str, *, action: str, url: str) -> str:
    """The page with Material's form made to work without JavaScript, and with the form for reasons below it.

    `url` is the page's address relative to the site, which a browser without JavaScript would not send. A site's own
    form stays as it is.
    """
    found = _FORM.search(html)
    if not found or _OURS not in found[0]:
        return html
    start, rest = found[0].split(">", 1)
    start = _HIDDEN.sub("", f"{start}>", count=1)[:-1] + f' action="{escape(action)}" method="post">'
    rest = _BUTTON.sub(r'\1name="helpful" value="\2" data-md-value="\2"', rest)
    asked = f"{start}{_hidden(lang, url)}{rest}"
    more = why_form(lang, None, action=action, url=url)
    return f"{html[: found.start()]}{asked}{more}{html[found.end() :]}"


def why_form(lang: str, helpful: bool | None, *, action: str, url: str, tab: str = "") -> str:
    """The form for reasons and a comment. If the vote is not known yet (`helpful` is None), a script shows the form.

    `tab` identifies the vote that it adds to, if no script does.
    """
    asked = [_reasons(lang, vote) for vote in ((False, True) if helpful is None else (helpful,))]
    known = "" if helpful is None else f'<input type="hidden" name="helpful" value="{int(helpful)}">'
    known += f'<input type="hidden" name="tab" value="{escape(tab)}">' if tab else ""
    said = {key: text(lang, f"helpful.{key}") for key in ("not_kept", "more_thanks")}
    words = " ".join(f'data-{key.replace("_", "-")}="{escape(value)}"' for key, value in said.items())
    return f"""<form class="handrail-form handrail-why" name="handrail-why" action="{escape(action)}" method="post" \
accept-charset="utf-8" {words}{" hidden" if helpful is None else ""}>{_hidden(lang, url)}{known}
<details{"" if helpful is None else " open"}><summary>{_(lang, "helpful.more")}</summary>
{"".join(asked)}
<label for="handrail-sentence">{_(lang, "helpful.sentence")}</label>
<span class="handrail-hint" id="handrail-sentence-hint">{_(lang, "helpful.sentence_hint")}</span>
<textarea id="handrail-sentence" name="comment" rows="2" maxlength="{MAX_SENTENCE}" \
aria-describedby="handrail-sentence-hint"></textarea>
<button type="submit">{_(lang, "helpful.send")}</button>
</details></form>
<p class="handrail-why-said" role="status" hidden></p>"""


def _reasons(lang: str, helpful: bool) -> str:
    boxes = "".join(
        f'<label><input type="checkbox" name="reason" value="{code}" autocomplete="off"> '
        f"<span>{escape(reason_text(lang, code))}</span></label>"
        for code in reasons_of(helpful)
    )
    legend = _(lang, "helpful.why_yes" if helpful else "helpful.why_no")
    return f'<fieldset data-vote="{int(helpful)}"><legend>{legend}</legend>{boxes}</fieldset>'


def _hidden(lang: str, url: str) -> str:
    fields = {"url": url, "lang": lang}
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in fields.items())
