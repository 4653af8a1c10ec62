"""The forms of the find and contact pages, as HTML that works without JavaScript and without the service.

Returns pieces of HTML for the `<handrail-main>` element, which the service replaces when it answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from handrail_kb.site.pages.choices import NO_CHOICES, Choices, choice_fields
from handrail_kb.site.patch import data_element
from handrail_kb.texts import html_text as _
from handrail_kb.texts import text

MAX_MESSAGE = 5000
MAX_SUBJECT = 200
MAX_REPLY_TO = 200
MAX_CALLBACK = 200
MAX_QUERY = 500
FILES = ".png,.jpg,.jpeg,.gif,.webp,.pdf"
MAX_FILES = 5
# Where the service notice stands, which nobody knows when the page is built.
NOTICE = "<handrail-notice></handrail-notice>"


def find_main(
    lang: str,
    *,
    action: str,
    contact: str,
    contact_text: str = "",
    heading: bool = True,
    choices: Choices = NO_CHOICES,
) -> str:
    """A search form, and a link to a person for those who would rather not search.

    Includes the heading, which the service replaces with the rest. `heading` is False if a site's own page has one.
    """
    label = contact_text or text(lang, "contact.link")
    return f"""<handrail-main>{_heading(lang, "find.title", heading)}
{NOTICE}
{find_form(lang, action=action, choices=choices)}
<p class="handrail-hint">{_(lang, "find.needs_service")}</p>
<p><a href="{escape(contact)}">{escape(label)}</a></p>
</handrail-main>"""


def find_form(lang: str, *, action: str, choices: Choices = NO_CHOICES) -> str:
    """The search form of the find page."""
    return f"""<form class="handrail-form" action="{escape(action)}" method="get" role="search">
<label for="handrail-q">{_(lang, "find.label")}</label>
<input id="handrail-q" name="q" type="search" maxlength="{MAX_QUERY}" required autocomplete="off">
{choice_fields(lang, choices)}
<button type="submit">{_(lang, "find.button")}</button>
</form>"""


def missing_main(lang: str, *, find: str) -> str:
    """The content of the page for addresses that do not exist."""
    title, body = _(lang, "missing.title"), _(lang, "missing.body")
    return f"<h1>{title}</h1>\n<p>{body}</p>\n{find_form(lang, action=find)}"


def contact_main(
    lang: str,
    *,
    action: str,
    code: str,
    expect: str = "",
    callback: bool = False,
    megabytes: int = 0,
    heading: bool = True,
) -> str:
    """When to expect an answer, the form for a message, and a link to the page `code` for earlier messages.

    With `callback`, customers may ask to be called; they may attach files of `megabytes` in total.
    """
    return f"""<handrail-main>{_heading(lang, "contact.title", heading)}
{NOTICE}
<p>{_(lang, "contact.intro")}</p>
{expect}
{contact_form(lang, action=action, callback=callback, megabytes=megabytes)}
<p class="handrail-hint"><a href="{escape(code)}">{_(lang, "code.link")}</a></p>
</handrail-main>"""


def contact_form(lang: str, *, action: str, callback: bool = False, megabytes: int = 0) -> str:
    """The form for a message, with files of `megabytes` in total.

    The field `leave_empty` is a trap for robots, hidden from people. Browsers and password managers do not fill in a
    field of this name.
    """
    # Not checked by the browser, whose rules and language are others than ours.
    how = f'method="post" accept-charset="utf-8" novalidate{" enctype=multipart/form-data" if megabytes else ""}'
    return f"""<form class="handrail-form" action="{escape(action)}" {how}>
<label for="handrail-message">{_(lang, "contact.message")}</label>
<span class="handrail-hint" id="handrail-message-hint">{_(lang, "contact.message_hint")}</span>
<textarea id="handrail-message" name="message" rows="8" maxlength="{MAX_MESSAGE}" required \
aria-describedby="handrail-message-hint"></textarea>
<label for="handrail-subject">{_(lang, "contact.subject")} ({_(lang, "contact.optional")})</label>
<input id="handrail-subject" name="subject" maxlength="{MAX_SUBJECT}" autocomplete="off">
<label for="handrail-reply-to">{_(lang, "contact.reply_to")}</label>
<span class="handrail-hint" id="handrail-reply-to-hint">{_(lang, "contact.reply_to_hint")}</span>
<input id="handrail-reply-to" name="reply_to" maxlength="{MAX_REPLY_TO}" autocomplete="email" \
aria-describedby="handrail-reply-to-hint">
{_callback(lang) if callback else ""}
{_files(lang, megabytes) if megabytes else ""}
<div class="handrail-trap" aria-hidden="true">\
<label for="handrail-leave-empty">{_(lang, "contact.leave_empty")}</label>\
<input id="handrail-leave-empty" name="leave_empty" tabindex="-1" autocomplete="off"></div>
<button type="submit">{_(lang, "contact.send")}</button>
</form>"""


def _files(lang: str, megabytes: int) -> str:
    """A field for files, with a hint about what is accepted."""
    hint = _(lang, "files.hint", megabytes=megabytes)
    return f"""<label for="handrail-files">{_(lang, "files.label")} ({_(lang, "contact.optional")})</label>
<span class="handrail-hint" id="handrail-files-hint">{hint}</span>
<input id="handrail-files" name="files" type="file" multiple accept="{FILES}" aria-describedby="handrail-files-hint">"""


def _callback(lang: str) -> str:
    """A field for when to call; with JavaScript, a choice of hours (`handrail-hours.js`)."""
    return f"""<label for="handrail-callback">{_(lang, "contact.callback")} ({_(lang, "contact.optional")})</label>
<span class="handrail-hint" id="handrail-callback-hint">{_(lang, "contact.callback_hint")}</span>
<input id="handrail-callback" name="callback" maxlength="{MAX_CALLBACK}" autocomplete="off" \
aria-describedby="handrail-callback-hint">"""


# The texts of the contact page's scripts, by the short names that the scripts use.
_SCRIPT_WORDS = {
    "sent_title": "contact.sent_title",
    "sent_body": "contact.sent_body",
    "sent_next": "sent.next",
    "sent_answer": "sent.answer",
    "sent_answer_by": "sent.answer_by",
    "sent_answer_today": "sent.answer_today",
    "sent_mailed": "sent.mailed",
    "sent_call": "sent.call",
    "sent_copy": "sent.copy",
    "sent_copied": "sent.copied",
    "sent_kept": "sent.kept",
    "sent_before": "sent.before",
    "sent_show": "sent.show",
    "sent_another": "sent.another",
    "use": "address.use",
    "sent_no_reply_to": "contact.sent_no_reply_to",
    "code": "contact.code",
    "code_hint": "contact.code_hint",
    "code_later": "code.later",
    "print": "contact.print",
    "errors": "contact.errors",
    "mend": "contact.mend",
    "service_down": "contact.unreached",
    "sending": "contact.sending",
    "lost": "contact.lost",
    "offline": "contact.offline",
    "online": "contact.online",
    "other_ways": "contact.other_ways",
    "draft_kept": "draft.kept",
    "draft_restored": "draft.restored",
    "draft_discard": "draft.discard",
    "draft_discarded": "draft.discarded",
    "draft_undo": "draft.undo",
    "along_legend": "along.legend",
    "along_hint": "along.hint",
    "along_search": "along.search",
    "along_article": "along.article",
    "along_said_no": "along.said_no",
    "along_product": "along.product",
    "along_language": "along.language",
    "along_went": "along.went",
    "files_kind": "files.error_kind",
    "files_again": "files.again",
}


def contact_scripts(
    lang: str, scripts: Iterable[str], *, product: str = "", choices: Choices = NO_CHOICES, megabytes: int = 0
) -> str:
    """The scripts that only the contact page loads, with their texts, so that other pages stay light.

    Material runs scripts in the content whenever a reader arrives, also by instant navigation. Customers may share
    which `product` they ask about, and what they have chosen among `choices`.
    """
    later = {
        name: f"{{{name}}}" for name in ("time", "text", "name", "day", "address", "code", "meant")
    }  # the scripts fill these in
    words = {short: text(lang, key, **later) for short, key in _SCRIPT_WORDS.items()}
    files = {
        "megabytes": megabytes,
        "files_size": text(lang, "files.error_size", megabytes=megabytes),
        "files_count": text(lang, "files.error_count", count=MAX_FILES),
        "most_files": MAX_FILES,
    }
    said = data_element("handrail-words", {**words, **files, "product": product, "choices": choices.of_each_kind()})
    return f"{said}\n{script_elements(scripts)}"


def script_elements(scripts: Iterable[str]) -> str:
    """The elements that load scripts from within the content of a page."""
    return "\n".join(f'<script src="{escape(address)}" defer></script>' for address in scripts)


def _heading(lang: str, key: str, wanted: bool) -> str:
    return f"\n<h1>{_(lang, key)}</h1>" if wanted else ""
