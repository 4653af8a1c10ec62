"""The home page: a large search field, what people ask most, all topics, and the ways to reach a person.

Everything is in the page: without JavaScript the field is a form, and without the service only its answers are missing.
Search leaves the part that Handrail adds out, or every question would find the home page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from handrail_kb.site.pages.choices import NO_CHOICES, Choices, choice_fields
from handrail_kb.site.pages.forms import MAX_QUERY, NOTICE
from handrail_kb.site.pages.most_asked import Asked
from handrail_kb.texts import html_text as _

# Articles of a topic that stand there at once, and those behind "Show more"; the menu has the rest.
SHOWN = 5
_MOST = 100
# The heading of the page, and a sentence below it, come before what Handrail adds.
_TOP = re.compile(r"\s*<h1\b.*?</h1>(?:\s*<p>.*?</p>)?", re.S)


@dataclass(frozen=True)
class Topic:
    """A card of the home page. `articles` are titles and addresses; all addresses are relative to the page."""

    title: str
    address: str
    articles: Sequence[tuple[str, str]]


def says_more(content: str) -> bool:
    """Whether a home page says more than its heading and first sentence, so that search may find it as an article."""
    top = _TOP.match(content)
    return bool(content[top.end() if top else 0 :].strip())


def home_main(
    lang: str,
    content: str,
    *,
    title: str,
    find: str,
    choices: Choices = NO_CHOICES,
    asked: Sequence[Asked],
    topics: Sequence[Topic],
    reach: str,
) -> str:
    """The page: its own heading and first sentence, what Handrail adds, and the rest of its own `content`.

    `reach` is the HTML of the ways to a person. The addresses in `asked` are relative to the page.
    """
    top = _TOP.match(content)
    heading = top[0] if top else "" if "<h1" in content else f"<h1>{escape(title) or _(lang, 'home.title')}</h1>"
    rest = content[top.end() :] if top else content
    parts = "\n".join(
        filter(None, (NOTICE, _search(lang, find, choices), _asked(lang, asked), _topics(lang, topics), reach))
    )
    return f'{heading}\n<div class="handrail-home" data-search-exclude>\n{parts}\n</div>\n{rest}'


def _search(lang: str, find: str, choices: Choices) -> str:
    return f"""<form class="handrail-form handrail-home-search" action="{escape(find)}" method="get" role="search">
<label for="handrail-home-q">{_(lang, "find.label")}</label>
<div class="handrail-home-field">
<input id="handrail-home-q" name="q" type="search" maxlength="{MAX_QUERY}" required autocomplete="off">
<button type="submit">{_(lang, "find.button")}</button>
</div>
{choice_fields(lang, choices, prefix="handrail-home")}
</form>"""


def _asked(lang: str, asked: Sequence[Asked]) -> str:
    if not asked:
        return ""
    items = "".join(f'<li><a href="{escape(one.address)}">{escape(one.question)}</a></li>' for one in asked)
    return _section(lang, "asked", f'<ul class="handrail-asked">{items}</ul>')


def _topics(lang: str, topics: Sequence[Topic]) -> str:
    if not topics:
        return ""
    if len(topics) == 1 and not topics[0].title:  # a site without sections has no topics to choose from
        return _section(lang, "articles", f'<ul class="handrail-topics"><li>{_list(lang, topics[0])}</li></ul>')
    cards = "\n".join(_card(lang, topic) for topic in topics)
    return _section(lang, "topics", f'<ul class="handrail-topics">\n{cards}\n</ul>')


def _card(lang: str, topic: Topic) -> str:
    count = len(topic.articles)
    title = escape(topic.title) or _(lang, "home.other")
    said = _(lang, "find.count_one" if count == 1 else "find.count_many", count=count)
    return (
        f'<li><h3><a href="{escape(topic.address)}">{title}</a></h3><p class="handrail-hint">{said}</p>'
        f"{_list(lang, topic)}</li>"
    )


def _list(lang: str, topic: Topic) -> str:
    """The articles of a topic, the rest behind "Show more"."""
    more, count = topic.articles[SHOWN:_MOST], len(topic.articles)
    # One more row takes no more room than "Show 1 more article".
    shown, more = (topic.articles, ()) if len(more) == 1 else (topic.articles[:SHOWN], more)
    behind = _(lang, "find.more_many", count=len(more))
    # The page of the topic has them all in its menu.
    rest = _links([(_(lang, "home.all", count=count), topic.address)]) if count > _MOST else ""
    hidden = f"<details><summary>{behind}</summary><ul>{_links(more)}{rest}</ul></details>" if more else ""
    return f"<ul>{_links(shown)}</ul>{hidden}"


def _links(articles: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<li><a href="{escape(address)}">{escape(title)}</a></li>' for title, address in articles)


def _section(lang: str, name: str, content: str) -> str:
    heading = f'<h2 id="handrail-home-{name}">{_(lang, f"home.{name}")}</h2>'
    return f'<section aria-labelledby="handrail-home-{name}">\n{heading}\n{content}\n</section>'
