"""Titles that do not help in a list of results: too general, or with words that are nowhere in the article."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from handrail_kb.articles.article import Article
from handrail_kb.articles.prose import Heading, headings, line_at, prose
from handrail_kb.language.markup import acting_markup_in, heading_as_seen, markup_in
from handrail_kb.problems import Problem

# Good headings for a section, but as titles they fit any article. In the languages of the customers' texts.
_STANDARD = frozenset(
    """
    about | article | basics | details | documentation | faq | faqs | frequently asked questions | general | help | info
    information | introduction | misc | miscellaneous | more | more information | new article | new page | notes
    other | overview | page | questions | summary | test | title | tips | todo | troubleshooting | untitled
    | allgemein | allgemeines | artikel | details | einführung | einleitung | fragen | fragen und antworten
    häufige fragen | häufig gestellte fragen | hilfe | hinweise | informationen | mehr | neue seite | neuer artikel
    ohne titel | seite | sonstiges | überblick | übersicht | verschiedenes | weitere informationen | zusammenfassung
    | aide | aperçu | article | divers | foire aux questions | généralités | informations | introduction
    nouvel article | nouvelle page | page | présentation | questions fréquentes | résumé | sans titre
    vue d'ensemble
    | artículo | ayuda | general | generalidades | información | introducción | más información | nueva página
    nuevo artículo | página | preguntas frecuentes | resumen | sin título | varios | visión general | vista general
    """.replace("\n", "|").split("|")
)
_STANDARD_WORDS = frozenset(word.strip() for word in _STANDARD if word.strip())
_WORD = re.compile(r"\w+")
# Words whose first letters, this many, are the same count as forms of one word.
_STEM = 4
_FEW_WORDS = 20


def unclear_titles(articles: Sequence[Article]) -> Iterator[Problem]:
    """Titles that say nothing about their article. Index pages of folders are left out: they may be overviews."""
    for article in articles:
        if article.exclude or PurePosixPath(article.path).stem.split(".")[0].lower() in ("index", "readme"):
            continue
        text = prose(article.body)
        heading = next((one for one in headings(text) if one.level == 1), None)
        title = article.title or (heading_as_seen(_as_written(article, heading)) if heading else "")
        if fault := _fault(title, article, text[heading.end :] if heading else text):
            line = article.lines.get("title") if article.title else None
            own = line_at(text, heading.begin, article.body_line) if heading else 1
            yield Problem(article.path, line or own, "warning", fault, "unclear-title")


def markup_in_titles(articles: Sequence[Article]) -> Iterator[Problem]:
    """Titles with tags in them: lists, tabs and menus show such tags as letters at best."""
    for article in articles:
        if tag := markup_in(article.title):
            what = f"{tag} stands in the title. A title is text: write it without tags."
            yield Problem(article.path, article.lines.get("title", 1), "error", what, "markup-in-title")
        text = prose(article.body)
        heading = next((one for one in headings(text) if one.level == 1), None)
        if heading and (tag := acting_markup_in(heading.text)):
            line = line_at(text, heading.begin, article.body_line)
            what = f"{tag} stands in the heading. Write it without, or in backticks if you mean the word: `{tag}`."
            yield Problem(article.path, line, "error", what, "markup-in-title")


def _as_written(article: Article, heading: Heading) -> str:
    """A heading as written, with the code that prose leaves out."""
    line = article.body[heading.begin : heading.end]
    return next((one.text for one in headings(line)), heading.text)


def _fault(title: str, article: Article, body: str) -> str:
    plain = " ".join(title.casefold().split()).strip(" .:!?…")
    if not plain:
        return ""
    if plain in _STANDARD_WORDS:
        return f"'{title}' could stand over any article. Say what a customer wants to do, or sees."
    if len(plain) == 1:
        return f"'{title}' is too short to tell what it is about. Say what a customer wants to do, or sees."
    said = _folded(" ".join((body, article.description, *article.questions, *article.keywords)))
    words = _WORD.findall(_folded(title))
    # Too few words to judge, or a script without spaces.
    if not words or any(word[:_STEM] in said for word in words) or len(_WORD.findall(said)) < _FEW_WORDS:
        return ""
    return f"no word of '{title}' stands in the article. Use the words that customers and the article use."


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in folded if not unicodedata.combining(letter))
