"""A draft that a writer builds as it was downloaded: whatever customers typed is shown, and nothing in it is obeyed."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser

import pytest

pytest.importorskip("material", reason="mkdocs-material is not installed")

from mkdocs.commands.build import build
from mkdocs.config import load_config

from handrail_kb.articles.draft import ArticleDraft, CustomerQuestion, draft_text

HARMLESS = "how do I get my money back"
HOSTILE = (
    "<script>pwned()</script> refund",
    "&lt;/title&gt;&lt;script&gt;pwned()&lt;/script&gt; refund",
    '"><img src=x onerror=pwned()> refund',
    "{{ 7*191 }} {% for a in [1] %}{{ 7*191 }}{% endfor %} {# x #} refund",
    "{% include 'x' %} refund",
    "[[ 7*191 ]] [% if 1 %][[ 7*191 ]][% endif %] refund",
    "{: onclick=pwned() } refund {: onclick=pwned() }",
    "refund { onclick=pwned() .evil #evil }",
    '--8<-- "secret.txt"',
    '# --8<-- "secret.txt"',
    ";--8<-- secret.txt",
    "[refund](javascript:pwned()) [money][1]",
    "![refund](https://evil.example/pixel.png)",
    "https://evil.example/refund www.evil.example ftp://evil.example",
    "<https://evil.example/refund> <mailto:a@evil.example>",
    "refund :smile: ++ctrl+alt++ ==mark== ^^ins^^ ~~del~~ {++add++} H~2~O a^2^",
    r"$\href{javascript:pwned()}{refund}$ \(\href{javascript:pwned()}{x}\) $$x$$",
    "[TOC] [^1] refund *[HTML]: pwned",
    "![[secret]] [[refund]] `code` refund",
    "/// html | script pwned()",
    "!!! danger pwned",
    "[=50% pwned] refund",
    "--- owner: eve --- refund",
    "refund\u2028owner: eve\u0085owner: eve\x0bowner: eve",
    "!ENV HOME",
    "&anchor *alias refund",
    "refund \\{{ 7*191 }} \\<b>",
)
CONFIG = """
site_name: Help
site_url: https://help.acme.test/
theme: {name: material, font: false}
plugins: [search, handrail]
hooks: [templates.py]
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {permalink: true}
  - pymdownx.arithmatex: {generic: true}
  - pymdownx.blocks.html
  - pymdownx.caret
  - pymdownx.critic
  - pymdownx.details
  - pymdownx.emoji
  - pymdownx.keys
  - pymdownx.magiclink
  - pymdownx.mark
  - pymdownx.progressbar
  - pymdownx.smartsymbols
  - pymdownx.snippets: {base_path: [.]}
  - pymdownx.superfences
  - pymdownx.tilde
"""
# What mkdocs-macros does with a page: both its text and its title are templates of Jinja, by either pair of signs.
TEMPLATES = """
from jinja2 import Environment

SIGNS = {"variable_start_string": "[[", "variable_end_string": "]]",
         "block_start_string": "[%", "block_end_string": "%]"}

def on_page_markdown(markdown, page, **_):
    for made in (Environment(), Environment(**SIGNS)):
        markdown = made.from_string(markdown).render()
        page.meta["title"] = page.title = made.from_string(page.title).render()
    return markdown
"""


class Seen(HTMLParser):
    """What a page is made of: its elements with the names of their attributes, addresses, scripts, and its heading."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.addresses: list[str] = []
        self.scripts, self.heading = "", ""
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self._inside.append(tag)
        self.elements.append((tag, *sorted(name for name, _ in attrs)))
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]

    def handle_endtag(self, tag):
        if tag in self._inside:
            del self._inside[len(self._inside) - 1 - self._inside[::-1].index(tag) :]

    def handle_data(self, data):
        if "script" in self._inside:
            self.scripts += data
        if "h1" in self._inside and "a" not in self._inside:
            self.heading += data


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The page of each draft, by the words that customers typed."""
    root = tmp_path_factory.mktemp("drafts")
    (root / "docs").mkdir()
    (root / "docs" / "index.md").write_text("# Home\n\nAsk us.\n")
    (root / "secret.txt").write_text("the secret")
    (root / "mkdocs.yml").write_text(CONFIG)
    (root / "templates.py").write_text(TEMPLATES)
    pages = {}
    for number, words in enumerate((HARMLESS, *HOSTILE)):
        asked = (CustomerQuestion(words, "3 people"),)
        draft = ArticleDraft(words, "3 people looked for it.", (words,), asked, (("index.md", words),))
        (root / "docs" / f"draft{number}.md").write_text(draft_text(draft, f"draft{number}.md"), encoding="utf-8")
        pages[words] = root / "site" / f"draft{number}" / "index.html"
    logging.getLogger("mkdocs").setLevel(logging.CRITICAL)
    build(load_config(str(root / "mkdocs.yml"), site_dir=str(root / "site")))
    return {words: page.read_text(encoding="utf-8") for words, page in pages.items()}


def article(page: str) -> Seen:
    return Seen(re.search(r"<article\b.*?</article>", page, re.S)[0])


@pytest.mark.parametrize("words", HOSTILE)
def test_an_article_has_the_elements_of_any_other_whatever_customers_typed(built, words):
    assert article(built[words]).elements == article(built[HARMLESS]).elements


@pytest.mark.parametrize("words", (HARMLESS, *HOSTILE))
def test_no_page_of_the_site_runs_loads_or_links_to_what_customers_typed(built, words):
    page = Seen(built[words])
    assert not [one for one in page.elements if any(name.startswith("on") for name in one[1:])]
    assert not [one for one in page.addresses if "evil.example" in one or one.startswith("javascript:")]
    assert "pwned" not in page.scripts
    assert not re.search(r"1337|the secret", built[words])


@pytest.mark.parametrize("words", HOSTILE)
def test_the_heading_shows_what_they_typed_without_tags_and_templates(built, words):
    shown = article(built[words]).heading.strip()
    plain = re.sub(r"<[^<>]*>|[<>{}\[\]%#]", " ", words)
    kept = re.sub(r"[\[\]%#]", " ", shown)
    assert " ".join(kept.split()).casefold() == " ".join(plain.split()).casefold()
