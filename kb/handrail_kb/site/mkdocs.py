"""What MkDocs knows of a site: its language, its articles, its theme, and where it is served."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.utils import dirname_to_title
from mkdocs.utils.meta import get_data

from handrail_kb.addresses import address_of, base_of, location_of_path
from handrail_kb.articles.article import Article, parse_article, read_article, unreadable
from handrail_kb.articles.draft import first_gap
from handrail_kb.config.shown import shown_folder
from handrail_kb.errors import ArticleError
from handrail_kb.language.markup import as_seen, safe
from handrail_kb.problems import Problem
from handrail_kb.site.pages.home import Topic, says_more
from handrail_kb.site.pages.most_asked import Answering
from handrail_kb.site.search_rules import SearchRules, paths_of_article
from handrail_kb.texts import html_text, short_language
from handrail_kb.texts.amounts import date_in_words

# `contact.md`, `contact/index.md`, and their translations for static-i18n: `contact.de.md`, `de/contact.md`.
_LANG = r"[a-z]{2}(?:[-_][A-Za-z]+)?"
_OUR_PAGE = re.compile(rf"(?:{_LANG}/)?(find|contact)(?:\.{_LANG})?(?:/index(?:\.{_LANG})?)?\.md")
# Links in a heading that are no words of it.
_MARK_IN_HEADING = re.compile(r'<a class="(?:headerlink|footnote-ref)"[^<>]*+>[^<>]*+</a>')
# Fields that a plugin may give a page; titles, descriptions and authors are each article's own.
_GIVEN = ("questions", "keywords", "tags", "people_only", "search", "owner", "review_by")


def name_of_ours(path: str) -> str:
    """`find` or `contact`, for the path of one of Handrail's own pages in any language; empty for other pages."""
    match = _OUR_PAGE.fullmatch(path)
    return match[1] if match else ""


def language(config: MkDocsConfig) -> str:
    """The language of the site being built: Material's `language`, or the `locale` of MkDocs' own themes."""
    locale = config.theme.get("language") or config.theme.get("locale") or "en"
    return str(getattr(locale, "language", locale)).replace("_", "-")


def language_folder(config: MkDocsConfig) -> str:
    """The folder in which static-i18n puts the pages of the current language; empty for the default language."""
    i18n = config.plugins.get("i18n")
    current, default = getattr(i18n, "current_language", None), getattr(i18n, "default_language", None)
    return f"{current}/" if current and current != default else ""


def switch_languages(config: MkDocsConfig, page: Page) -> None:
    """Let the theme's choice of languages lead to this page in the others.

    static-i18n knows only pages that are files of the site: on others it leaves the addresses of the page before.
    """
    i18n = config.plugins.get("i18n")
    ours, built = page.url.removeprefix(language_folder(config)), getattr(i18n, "build_languages", ())
    links = [
        {**one, "link": one["link"].removesuffix("index.html") + ours} if one["lang"] in built else one
        for one in getattr(i18n, "extra_alternate", None) or ()
    ]
    if links:  # as an attribute, too, which is what static-i18n sets and templates find first
        config.extra["alternate"] = vars(config.extra)["alternate"] = links


def languages(config: MkDocsConfig) -> tuple[tuple[str, str], ...]:
    """The languages that static-i18n builds the site in, each with its code and its name; empty if it is only one.

    Search tells languages apart by the first part of their codes, so that of `zh-CN` and `zh-TW` the first counts.
    """
    plugin = config.plugins.get("i18n")
    if plugin is None or not plugin.config.get("enabled", True):
        return ()
    found: dict[str, tuple[str, str]] = {}
    for one in plugin.config.get("languages") or ():
        code = str(one.locale).replace("_", "-")
        if one.build:
            found.setdefault(short_language(code), (code, str(one.name)))
    return tuple(found.values()) if len(found) > 1 else ()


def base_path(config: MkDocsConfig) -> str:
    """The path that the site is served under, with its slashes."""
    return base_of(urlsplit(config.site_url or "/").path)


def has_dialog(config: MkDocsConfig) -> bool:
    """Whether pages have Material's search dialog."""
    return config.theme.name == "material" and any(
        name in config.plugins and getattr(config.plugins[name].config, "enabled", True)
        for name in ("material/search", "search")
    )


def is_offline(config: MkDocsConfig) -> bool:
    """Whether the site is built to be opened from a disk, where pages cannot reach a service."""
    offline = config.plugins.get("material/offline")
    return bool(offline and offline.config.enabled)


def is_text(file: File) -> bool:
    """Whether an article is an ordinary UTF-8 text file: not a broken link, nor a pipe, which never ends."""
    if not file.abs_src_path:  # a plugin made it
        return True
    try:
        if not Path(file.abs_src_path).is_file():
            return False
        Path(file.abs_src_path).read_bytes().decode("utf-8-sig")
    except (OSError, RuntimeError, UnicodeDecodeError):
        return False
    return True


def article_problems(docs_dir: Path, path: str) -> tuple[Problem, ...]:
    """The problems of one article."""
    try:
        return read_article(docs_dir, path).problems
    except ArticleError as error:
        return (unreadable(f"{shown_folder(docs_dir)}/{path}", error),)


def title_of(page: Page) -> str:
    """The title as readers see it. One that MkDocs makes of a file's name gives way to the page's only first heading.

    MkDocs makes one where HTML or a comment stands before the heading, or the heading is HTML.
    """
    title = as_seen(str(page.title or ""))
    content = page.content or ""
    made_up = "title" not in vars(page) and "title" not in page.meta
    if made_up and title in ("Home", dirname_to_title(page.file.name)) and content.count("<h1") == 1:
        heading = content.partition("<h1")[2].partition(">")[2].partition("</h1")[0]
        return as_seen(_MARK_IN_HEADING.sub("", heading)) or title
    return title


def page_facts(page: Page, lang: str) -> dict[str, Any]:
    """The facts about a page for the service. The check of the articles has reported unusable values."""
    article, given = _as_article(page), _given(page)
    review_by = article.review_by or given.review_by
    return {
        "source": page.file.src_uri,
        "title": title_of(page),
        "description": article.description,
        "questions": list(dict.fromkeys((*article.questions, *given.questions))),
        "sections": {**given.sections, **article.sections},
        "keywords": list(dict.fromkeys((*article.keywords, *given.keywords))),
        "tags": list(dict.fromkeys((*article.tags, *given.tags))),
        "own_title": article.title,
        "people_only": article.people_only or given.people_only,
        "boost": given.boost if article.boost == Article.boost else article.boost,
        "exclude": _is_excluded(page),
        "owner": article.owner or given.owner,
        "review_by": review_by.isoformat() if review_by else "",
        "lang": lang,
        "breadcrumb": [as_seen(str(section.title)) for section in reversed(list(page.ancestors))],
    }


def tell_when_reviewed(page: Page, lang: str, today: date) -> None:
    """Tell at the end of an article when somebody last checked it, if its front matter says so. No search reads it."""
    article = _as_article(page)
    if article.reviewed and article.reviewed <= today and not article.home:
        shown = safe(date_in_words(lang, article.reviewed))
        day = f'<time datetime="{article.reviewed.isoformat()}">{shown}</time>'
        said = html_text(lang, "article.reviewed", date="{date}").replace("{date}", day)
        page.content = (
            f'{page.content or ""}\n<p class="handrail-hint handrail-reviewed" data-search-exclude>{said}</p>'
        )


@dataclass(frozen=True)
class Category:
    """An entry of the site's menu with its articles. `address` is its first page, `title` empty for loose articles."""

    title: str
    address: str
    articles: tuple[Answering, ...]

    def as_topic(self, near: Callable[[str], str]) -> Topic:
        """The card of a home page; `near` makes an address relative to that page."""
        return Topic(self.title, near(self.address), [(one.title, near(one.address)) for one in self.articles])


def answering(pages: Iterable[Page]) -> Iterator[Answering]:
    """The pages that are articles, without home pages, lists of a blog, and pages that a plugin made."""
    for page in pages:
        article = _as_article(page)
        if page.file.generated_by or page.is_homepage or article.home or _is_archive(page):
            continue
        yield Answering(article, title_of(page), address_of_page(page), not _is_excluded(page))


def home_of(pages: Iterable[Page]) -> Article | None:
    """The home page's article: the first that says so, or else the page that MkDocs takes for it."""
    homes = [page for page in pages if page.is_homepage or _as_article(page).home]
    article = next((found for page in homes if (found := _as_article(page)).home), None)
    return article or next(map(_as_article, homes), None)


def is_home(page: Page) -> bool:
    """Whether a page asks to be made a home page, with `home: true` in its front matter."""
    return _as_article(page).home


def categories(nav: Navigation) -> tuple[Category, ...]:
    """The menu as categories of the articles that are offered, in its order; articles outside of any come last.

    Where all articles are in one category, its own categories count instead.
    """
    items: Sequence[StructureItem] = nav.items
    while True:
        sections = [item for item in items if isinstance(item, Section)]
        inner = [item for item in sections[0].children if isinstance(item, Section)] if len(sections) == 1 else []
        if not inner or _offered(item for item in items if isinstance(item, Page)):
            break
        items = sections[0].children
    found = [_category(section) for section in sections]
    loose = _offered(item for item in items if isinstance(item, Page))
    found += [Category("", loose[0].address, loose)] if loose else []
    return tuple(one for one in found if one.articles)


def _category(section: Section) -> Category:
    articles = _offered(_pages_in(section))
    return Category(as_seen(str(section.title)), articles[0].address if articles else "", articles)


def _offered(pages: Iterable[Page]) -> tuple[Answering, ...]:
    return tuple(one for one in answering(pages) if one.offered)


def _pages_in(section: Section) -> Iterator[Page]:
    for item in section.children:
        if isinstance(item, Page):
            yield item
        elif isinstance(item, Section):
            yield from _pages_in(item)


def edit_base(pages: Iterable[Page]) -> str:
    """The address at which articles are edited, without their paths; empty where pages are not edited at one place."""
    for page in pages:
        path = page.file.src_uri
        if page.edit_url and page.file.generated_by is None and page.edit_url.endswith(f"/{path}"):
            return page.edit_url.removesuffix(path)
    return ""


def make_words_safe(page: Page) -> None:
    """Escape the texts of the front matter, because themes put them into HTML as they are."""
    written = _as_article(page)
    title = page.meta.get("title")
    if "title" in page.meta and (isinstance(title, list | dict) or not str(title or "").strip()):
        del page.meta["title"]  # else MkDocs would take it instead of the heading, and no theme can show a list
    for name in ("title", "description", "author"):
        words = getattr(written, name, "") or page.meta.get(name)
        if isinstance(words, str | int | float):
            page.meta[name] = safe(str(words))


def make_title_quotable(page: Page) -> None:
    """Escape quotes in a title, because themes put the titles of neighbouring pages into attributes unescaped."""
    if '"' in str(page.title or ""):
        page.title = str(page.title).replace('"', "&quot;")


def make_title_safe(page: Page) -> None:
    """Escape a title: Material strips tags and then resolves entities, so that an escaped tag would become one."""
    seen = as_seen(str(page.title or ""))
    if "<" in seen and "title" not in page.meta:
        page.meta["title"] = safe(seen)


def _given(page: Page) -> Article:
    """The fields that a plugin added to the page's own front matter, such as those in the `.meta.yml` of its folder."""
    own = get_data(_text_of(page))[1]
    given: dict[str, Any] = {}
    for name in _GIVEN:
        value, written = page.meta.get(name), own.get(name)
        if isinstance(value, list) and isinstance(written, list):
            value = [one for one in value if one not in written]
        elif isinstance(value, dict) and isinstance(written, dict):
            value = {key: one for key, one in value.items() if key not in written}
        elif written is not None:
            continue
        if value:
            given[name] = value
    if not given:
        return Article(page.file.src_uri, "")
    try:
        front = yaml.safe_dump(given, allow_unicode=True)
    except yaml.YAMLError:  # a plugin may put anything there
        return Article(page.file.src_uri, "")
    return parse_article(page.file.src_uri, f"---\n{front}---\n")


def nav_files(config: MkDocsConfig) -> frozenset[str]:
    """The names of files that are written as menus, for literate-nav or another generator; MkDocs builds them, too."""
    plugin = config.plugins.get("literate-nav")
    own = str(plugin.config.get("nav_file") or "") if plugin is not None else ""
    return frozenset({"SUMMARY.md", own}) - {"", "index.md", "README.md"}


def keep_from_search(page: Page, content: str, rules: SearchRules, menus: Set[str]) -> None:
    """Keep a page that helps nobody out of every search of the site, as `search: {exclude: true}` does.

    These are unwritten articles, empty home pages, lists that a blog makes, files named in `menus` that hold one, and
    what the site's own rules exclude.
    """
    article = _as_article(page)
    paths = paths_of_article(page.file.src_uri, location_of_path(page.file.dest_uri))
    if (
        article.exclude
        or rules.excludes(*paths)
        or first_gap(article) is not None
        or ((_is_archive(page) or _is_menu(page, article, content, menus)) and not rules.includes(*paths))
        or (article.home and not article.questions and not says_more(content))
    ):
        search = page.meta.get("search")
        page.meta["search"] = {**(search if isinstance(search, dict) else {}), "exclude": True}


def _is_excluded(page: Page) -> bool:
    search = page.meta.get("search")
    return isinstance(search, dict) and bool(search.get("exclude"))


def _is_archive(page: Page) -> bool:
    """Whether a blog made the page as a list of excerpts: by year, by category, by author, or page by page."""
    return any(kind.__name__ == "View" and ".blog" in kind.__module__ for kind in type(page).__mro__)


def _is_menu(page: Page, article: Article, content: str, menus: Set[str]) -> bool:
    if posixpath.basename(page.file.src_uri) not in menus or article.questions:
        return False
    beside_links = "".join(part.partition("<a ")[0] for part in content.split("</a>"))
    return "<a " in content and 2 * len(as_seen(beside_links)) <= len(as_seen(content))


def _as_article(page: Page) -> Article:
    return _parsed(page.file.src_uri, _text_of(page))


def _text_of(page: Page) -> str:
    try:
        return page.file.content_string
    except (OSError, UnicodeDecodeError):
        return ""


@lru_cache(2000)  # used twice: before the page is rendered and after
def _parsed(path: str, text: str) -> Article:
    return parse_article(path, text)


def address_of_page(page: Page) -> str:
    """The address by which the service knows a page: that of its file, whatever plugins made of `page.url`."""
    return address_of(location_of_path(page.file.dest_uri))
