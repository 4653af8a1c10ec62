"""Changes the HTML of every page: adds the contact link, the search form and the search worker.

The functions take HTML text of any generator and change as little as possible, at a few elements that Material has
kept for years. They report what they do not find, and never guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from urllib.parse import urlencode

from handrail_kb.site.pages.choices import NO_CHOICES, Choices
from handrail_kb.texts import texts

WORKER_FOLDER = "assets/javascripts/workers"

_CONFIG = re.compile(
    r"""(<script\b[^>]*\bid=(?:"__config"|'__config'|__config)(?=[\s>])[^>]*>)(.*?)(</script>)""", re.S
)
_SEARCH_FORM = re.compile(r"""<form\b(?=[^>]*\bname=["']?search["'\s>])[^>]*>""")
_SEARCH_DIALOG = re.compile(
    r"""<div\b(?=[^>]*\bdata-md-component=["']?search["'\s>])(?=[^>]*\brole=)(?![^>]*\baria-label)"""
)
_HEADER_SEARCH = re.compile(r"""<label\b(?=[^>]*\bfor=["']?__search["'\s>])(?=[^>]*md-header__button)[^>]*>""")
_HEADER_END = re.compile(r"</nav>\s*(?:<nav\b|</header>)")
_FEEDBACK_FORM = re.compile(r"""<form\b(?=[^>]*\bname=["']?feedback["'\s>])[^>]*>""")
_SWITCH = re.compile(r"<a\b[^<>]*\bhandrail-keep\b[^<>]*>")
_BODY = re.compile(r"<body\b[^>]*>", re.I)
_HEAD_ENDS = re.compile(r"</head\s*>", re.I)
_PAGE_ENDS = re.compile(r"</(?:body|html)\s*>", re.I)
# Any of these marks a page, because HTML allows pages without `<html>`, `<head>` and `<body>`.
_WHOLE = re.compile(r"<(?:!doctype|html|head|title|body)\b", re.I)
_BEGINNING = 4000
# Only pages of the theme must have a search form: a custom template, named in an article, may have none.
_OF_THE_THEME = re.compile(r"""\bid=["']?__config\b|\bmd-(?:header|container|main)\b""")
_LANG = re.compile(r"""<html\b[^>]*\blang=["']?([\w-]+)""")

_SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
# Handrail's own icons, independent of a theme's set: a person in a speech bubble, and a magnifier.
_PERSON_ICON = (
    _SVG + '<path d="M4 2h16a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H8l-4 4v-4a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2m8 3'
    "a2.5 2.5 0 0 0-2.5 2.5A2.5 2.5 0 0 0 12 10a2.5 2.5 0 0 0 2.5-2.5A2.5 2.5 0 0 0 12 5m-5 9.5v.5h10v-.5"
    'c0-1.9-2.2-3-5-3s-5 1.1-5 3Z"/></svg>'
)
_SEARCH_ICON = (
    _SVG + '<path d="M9.5 3A6.5 6.5 0 0 1 16 9.5c0 1.6-.6 3.1-1.6 4.2l.3.3h.8l5 5-1.5 1.5-5-5v-.8l-.3-.3'
    'a6.5 6.5 0 1 1-4.2-11.4m0 2a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9Z"/></svg>'
)


@dataclass(frozen=True)
class PageLinks:
    """The addresses that a page links to: relative to it, or absolute on the 404 page.

    `loaded` are Handrail's scripts and style sheet, which every page loads. `asked` is the file with what people ask
    most in the page's language; empty if there is none. `choices` are what customers choose among.
    """

    contact: str
    find: str
    api: str
    tab_script: str
    loaded: tuple[str, ...] = ()
    asked: str = ""
    stand_in: str = ""
    choices: Choices = NO_CHOICES


@dataclass(frozen=True)
class Worker:
    """The parameters of the search worker. `file` is its name in Material's folder of workers."""

    file: str
    api: str
    timeout: int
    debounce: int
    hedge: int
    lazy: bool


@dataclass(frozen=True)
class Patched:
    """The changed page, and a sentence for each part that could not be put in place."""

    html: str
    missed: tuple[str, ...] = ()


def patch(
    html: str, links: PageLinks, worker: Worker | None, *, contact_text: str = "", has_link: bool = False
) -> Patched:
    """The page with worker, search form and contact links in the page's own language.

    `worker` is None if Material's search dialog is not used. `has_link` is True for the find and contact pages, whose
    content already links to a person.
    """
    lang = language_of(html)
    words = {**texts(lang), **({"contact.link": contact_text} if contact_text else {})}
    missed: list[str] = []
    if worker and _OF_THE_THEME.search(html):
        html, found = _set_worker(html, links, worker, lang)
        if not found:
            missed.append("search is Material's own: its configuration was not found")
        html, found = _open_search_form(html, links, words)
        if not found:
            missed.append("search does not work without JavaScript: its form was not found")
        html = _add_what_is_not_loaded(html, links)
    html = _add_to_header(html, links, words)
    if not has_link:
        html = _add_to_content(html, links, words)
    return Patched(_add_facts(_name_the_switch(html, words), links, words), tuple(missed))


def _add_what_is_not_loaded(html: str, links: PageLinks) -> str:
    """Add Handrail's scripts and style if a template leaves them out: many replace the theme's block of scripts."""
    missing = [escape(address) for address in links.loaded if address.rpartition("/")[2] not in html]
    styles = "".join(f'<link rel="stylesheet" href="{link}">' for link in missing if link.endswith(".css"))
    scripts = "".join(f'<script src="{link}"></script>' for link in missing if link.endswith(".js"))
    head, end_of_head, body = html.partition("</head>")
    body, end_of_body, rest = body.rpartition("</body>")
    return f"{head}{styles}{end_of_head}{body}{scripts}{end_of_body}{rest}" if end_of_head and end_of_body else html


def is_page(html: str) -> bool:
    """Whether HTML is a whole page, not a fragment."""
    return bool(_WHOLE.search(html, 0, _BEGINNING))


def complete_404_page(html: str, main: str) -> str:
    """Replace Material's bare "404 - Not found" by `main`, a text with a search form. A site's own 404 page stays."""
    return html.replace("<h1>404 - Not found</h1>", main, 1)


def language_of(html: str) -> str:
    """The language that a page declares."""
    found = _LANG.search(html)
    return found[1] if found else "en"


def _set_worker(html: str, links: PageLinks, worker: Worker, lang: str) -> tuple[str, bool]:
    """Set Handrail's worker in Material's configuration, and load the tab script before Material reads it."""
    found = _CONFIG.search(html)
    if not found:
        return html, False
    config = _configured(found[2], worker, lang)
    if config is None:
        return html, False
    early = f'<script src="{escape(links.tab_script)}"></script>'
    return html[: found.start(2)] + config + found[3] + early + html[found.end() :], True


@lru_cache(200)  # the same on all pages of a folder
def _configured(written: str, worker: Worker, lang: str) -> str | None:
    """Material's configuration with Handrail's worker; None if it names no worker."""
    config = json.loads(unescape(written) if "&#34;" in written else written)
    address = config.get("search")
    if not isinstance(address, str):
        return None
    if worker.file not in address:
        config["search"] = _worker_address(address, worker, lang)
    return script_json(config)


def _worker_address(materials: str, worker: Worker, lang: str) -> str:
    """The address of Handrail's worker. Its parameters are in the fragment, so that one cached file fits every page."""
    folder, _, lunr = materials.rpartition("/")
    parameters = {
        "lunr": lunr,
        "api": worker.api,
        "lang": lang,
        "timeout": worker.timeout,
        "debounce": worker.debounce,
        "hedge": worker.hedge,
        "lazy": int(worker.lazy),
    }
    return f"{folder}/{worker.file}#{urlencode(parameters)}"


def script_json(value: object) -> str:
    """JSON that is safe in a script element."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&'\u2028\u2029":
        plain = plain.replace(sign, f"\\u{ord(sign):04x}")
    return plain


def data_element(name: str, value: object) -> str:
    """JSON for one of Handrail's scripts, within the content of a page.

    It is in an attribute, because Material's instant navigation runs every script element in the content as code.
    """
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return f'<span hidden id="{name}" data-handrail="{escape(plain)}"></span>'


def _open_search_form(html: str, links: PageLinks, words: Mapping[str, str]) -> tuple[str, bool]:
    """Name Material's search; without scripts its form opens the find page, which small screens get a link to."""
    found = _SEARCH_FORM.search(html)
    if not found:
        return html, False
    if not re.search(r"\saction=", found[0]):
        opened = f'{found[0][:-1]} action="{escape(links.find)}" method="get">'
        html = html[: found.start()] + opened + html[found.end() :]
    named = f'<div aria-label="{escape(words["find.title"])}"'
    html = _SEARCH_DIALOG.sub(lambda _: named, html, count=1)
    label = _HEADER_SEARCH.search(html)
    if label:
        link = (
            f'<a class="md-header__button md-icon handrail-find" href="{escape(links.find)}" '
            f'aria-label="{escape(words["find.title"])}">{_SEARCH_ICON}</a>'
        )
        html = html[: label.start()] + link + html[label.start() :]
    return html, True


def _add_to_header(html: str, links: PageLinks, words: Mapping[str, str]) -> str:
    """Add a link to a person to Material's header, before the search."""
    start = html.find("<header")
    found = _HEADER_SEARCH.search(html) or _HEADER_END.search(html, start) if start >= 0 else None
    if not found or "md-header" not in html:
        return html
    text = escape(words["contact.link"])
    link = (
        f'<a class="md-header__button handrail-person-link" data-handrail href="{escape(links.contact)}" '
        f'title="{text}">{_PERSON_ICON}<span>{text}</span></a>'
    )
    place = html.rfind('<a class="md-header__button md-icon handrail-find"', 0, found.start() + 1)
    place = place if place >= 0 else found.start()
    return html[:place] + link + html[place:]


def _add_to_content(html: str, links: PageLinks, words: Mapping[str, str]) -> str:
    """Add the link at the end of the content: above Material's "Was this page helpful?", or before the footer."""
    place = _end_of_content(html)
    block = (
        f'<p class="handrail-contact handrail-stuck">{escape(words["contact.stuck"])} '
        f'<a href="{escape(links.contact)}">{escape(words["contact.link"])}</a></p>'
    )
    return html[:place] + block + html[place:]


def _end_of_content(html: str) -> int:
    main = html.rfind("</main>")
    if main >= 0:
        feedback = _FEEDBACK_FORM.search(html)
        article = html.rfind("</article>", 0, main)
        return feedback.start() if feedback else article if article >= 0 else main
    footer = html.rfind("<footer")
    if footer >= 0:
        return footer
    end = _PAGE_ENDS.search(html)
    return end.start() if end else len(html)


# The texts of the page's script, by the short names that the script uses.
_SCRIPT_WORDS = {
    "link": "contact.link",
    "hint": "contact.hint",
    "own_words": "contact.own_words",
    "person": "contact.none",
    "none": "find.none",
    "count_one": "find.count_one",
    "count_many": "find.count_many",
    "silent": "find.silent",
    "weak": "find.weak",
    "may_mean": "find.may_mean",
    "degraded": "find.degraded",
    "fallback": "find.fallback",
    "waiting": "find.waiting",
    "better": "find.better",
    "better_show": "find.better_show",
    "corrected": "find.corrected",
    "as_written": "find.as_written",
    "nearest": "find.nearest",
    "other_languages": "find.other_languages",
    "more_one": "find.more_one",
    "more_many": "find.more_many",
    "any_one": "find.any_one",
    "any_many": "find.any_many",
    "more_came": "find.more_came",
    "tell": "tell.link",
    "said_no": "said_no.button",
    "said_no_thanks": "said_no.thanks",
    "searching": "search.searching",
    "slow": "search.slow",
    "elsewhere": "search.elsewhere",
    "related": "article.related",
    "print": "contact.print",
    "copy_link": "article.copy_link",
    "copied": "article.copied",
    "searched": "search.searched",
    "read": "search.read",
    "asked": "home.asked",
    "code_found": "search.code_found",
    "code_open": "search.code_open",
    "code_hint": "search.code_hint",
}


def _name_the_switch(html: str, words: Mapping[str, str]) -> str:
    """Give links that switch off that searches are kept their words, which instant navigation brings with them."""
    states = script_json({state: words[f"keep.{state}"] for state in ("on", "off", "gpc")})
    return _SWITCH.sub(lambda found: f'{found[0][:-1]} data-handrail-keep="{escape(states)}">', html)


def _add_facts(html: str, links: PageLinks, words: Mapping[str, str]) -> str:
    """Add the data for handrail.js, in an element that no Content-Security-Policy has to allow."""
    place = _BODY.search(html) or _HEAD_ENDS.search(html)
    facts = {
        "contact": links.contact,
        "find": links.find,
        "api": links.api,
        "asked": links.asked,
        "stand_in": links.stand_in,
        **({"choices": links.choices.in_scripts(words)} if links.choices else {}),
        "words": {short: words[key] for short, key in _SCRIPT_WORDS.items()},
    }
    element = f'<script id="__handrail" type="application/json">{script_json(facts)}</script>'
    at = place.end() if place else _end_of_content(html)
    return html[:at] + element + html[at:]
