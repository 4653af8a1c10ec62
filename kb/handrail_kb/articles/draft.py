"""Drafts of missing articles: their first lines, and where a draft still has gaps.

The first lines are title, questions, headings, related articles, and what the article has to answer. Knows nothing of
topics and search: the caller gives what customers asked. What they typed has no effect as YAML or as Markdown. An
existing file is never overwritten.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from handrail_kb.articles.article import Article
from handrail_kb.articles.front_matter import quoted, with_questions
from handrail_kb.articles.prose import line_at, prose
from handrail_kb.config.shown import shown_folder
from handrail_kb.errors import ArticleError
from handrail_kb.language.markup import without_markup
from handrail_kb.language.printable import as_markdown, one_line
from handrail_kb.texts import text

_LONGEST_NAME = 60
# What begins and ends a template of Jinja, also with the signs that mkdocs-macros proposes instead of its braces.
_TEMPLATE = re.compile(r"[{}]|\[[\[%#]|[\]%#]\]")
_GAP = re.compile(r"^ {0,3}(?:\d+\. +|[-*] +)?…[ \t]*$", re.M)


@dataclass(frozen=True)
class CustomerQuestion:
    """A question as customers typed it, and how many did, as text; empty if too few did for the number to be shown."""

    question: str
    people: str


@dataclass(frozen=True)
class ArticleDraft:
    """What is known of an article before it is written.

    `why` says in a line who needs it; `must_answer` are searches that failed; `related` holds the file, relative to the
    docs folder, and the title of each related article; `lang` is the site's language.
    """

    title: str
    why: str
    questions: tuple[str, ...]
    must_answer: tuple[CustomerQuestion, ...]
    related: tuple[tuple[str, str], ...]
    lang: str = "en"


def draft_text(draft: ArticleDraft, path: str) -> str:
    """The draft as Markdown, for a file at `path` relative to the docs folder."""
    title = _title(draft.title)
    # Comments go into the front matter, because HTML comments would be published.
    lines = [
        "---",
        f"title: {quoted(title)}",
        f"# Draft. {one_line(draft.why)}",
        "# It has to answer these searches:",
        *(
            f"#   {one_line(asked.question)}{f' ({asked.people})' if asked.people else ''}"
            for asked in draft.must_answer
        ),
        "# Say the answer in the first sentence. Give it a description. Keep those of the questions that it answers.",
        "# Then: handrail check. Take these comments out at the end.",
        "---",
        "",
        f"# {as_markdown(title)}",
        "",
        "…",
        "",
        f"## {text(draft.lang, 'draft.steps')}",
        "",
        "1. …",
        "",
        f"## {text(draft.lang, 'draft.not_helped')}",
        "",
        text(draft.lang, "draft.write"),
        "",
    ]
    if draft.related:
        lines += [f"## {text(draft.lang, 'draft.related')}", ""]
        lines += [f"- [{as_markdown(name)}]({_link(file, path)})" for file, name in draft.related]
        lines += [""]
    return with_questions("\n".join(lines), [one_line(question) for question in draft.questions], path)[0]


def _title(words: str) -> str:
    """Somebody's words as a title, without what a theme would show as HTML, or a plugin run as a template."""
    title = one_line(_TEMPLATE.sub(" ", without_markup(one_line(words))))
    return title[:1].upper() + title[1:]


def file_name(title: str) -> str:
    """A name for the article's file: words of the title, in characters that are safe in every address."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain)
    name = "-".join(words)[:_LONGEST_NAME].strip("-")
    return f"{name or 'article'}.md"


def write_draft(docs_dir: Path, path: str, content: str) -> Path:
    """Write the draft to `path` below the docs folder. Raises ArticleError if that is not allowed or not possible."""
    file, shown = docs_dir / path, f"{shown_folder(docs_dir)}/{path}"
    inside = file.resolve().is_relative_to(docs_dir.resolve())
    if not inside or file.suffix != ".md":
        folder = shown_folder(docs_dir)
        raise ArticleError(f"{shown} is no place for an article.", f"Name a .md file in {folder}: --to new.md")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(content)
    except FileExistsError as error:
        raise ArticleError(f"{shown} is there already; nothing was written.", "Name another: --to new.md") from error
    except OSError as error:
        raise ArticleError(f"{shown} cannot be written: {error.strerror}.", "Name another: --to new.md") from error
    return file


def _link(file: str, path: str) -> str:
    """The relative path from the draft to another article."""
    return PurePosixPath(os.path.relpath(file, PurePosixPath(path).parent)).as_posix().replace(" ", "%20")


def different(questions: Sequence[str], there: Sequence[str], most: int) -> list[str]:
    """The first `most` questions, without those that repeat each other or one in `there`."""
    seen = {_words(question) for question in there}
    found = []
    for question in questions:
        words = _words(question)
        if len(words) > 1 and words not in seen:
            seen.add(words)
            found.append(question)
    return found[:most]


def _words(question: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", question.casefold()))


def first_gap(article: Article) -> int | None:
    """The first line on which a draft has '…' in place of words; None in a finished article."""
    if "…" not in article.body:  # spares the search below, since the build calls this for every article
        return None
    seen = prose(article.body)
    gap = _GAP.search(seen)
    return line_at(seen, gap.start(), article.body_line) if gap else None
