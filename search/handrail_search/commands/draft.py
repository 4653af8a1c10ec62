"""`handrail draft`: begins an article for a topic, or adds the customers' words to an existing one."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import click

from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.records.topics import Member, MessageMember
from handrail_feedback.topics.facts import Facts, people
from handrail_kb.articles.article import read_articles
from handrail_kb.articles.draft import ArticleDraft, CustomerQuestion, different, draft_text, file_name, write_draft
from handrail_kb.articles.front_matter import add_questions
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import Settings, docs_dir_of
from handrail_kb.config.shown import path_below, shown_folder
from handrail_kb.errors import HandrailError
from handrail_kb.site.built.site_info import site_info_or_defaults
from handrail_kb.texts.amounts import counted
from handrail_search.commands.options import find_settings, setting_options
from handrail_search.commands.topics import OpenStore, known_topic, open_site

_DAYS = 366
# As many as help in `questions:`, and as many as a writer reads.
_QUESTIONS, _MUST_ANSWER = 8, 20
_LONGEST_QUESTION = 120
_PLACEHOLDER = re.compile(r"\[[a-z]{2,8}\]")


@click.command()
@click.argument("topic", type=int)
@config_option
@click.option("--to", "to", metavar="FILE", help="The new file, in the folder of articles; by default from the title.")
@click.option("--into", metavar="FILE", help="Add the customers' questions to this article instead.")
@click.option("--show", "only_show", is_flag=True, help="Write nothing; show what would be written.")
@setting_options("state_dir", "topic_people")
def draft(topic: int, config_file: Path, to: str | None, into: str | None, only_show: bool, **flags: Any) -> None:
    """Begin the article for a topic: title, customers' questions, headings, and the searches it must answer.

    TOPIC is a number of `handrail topics`. With --into, an existing article gets the questions.
    """
    find_settings(config_file, flags)
    site = open_site(config_file, flags, now())
    at = now()
    facts = known_topic(site, topic, Period.last(_DAYS, at), at).facts
    docs_dir = docs_dir_of(config_file)
    questions = _questions(site, facts.topic, docs_dir)
    if into:
        _add(docs_dir, into, facts.topic, questions, only_show=only_show)
        return
    path, folder = path_below(docs_dir, to or file_name(facts.name)), shown_folder(docs_dir)
    content = draft_text(_draft(site, facts, questions), path)
    if only_show:
        click.echo(content, nl=False)
        return
    file = f"{folder}/{write_draft(docs_dir, path, content).relative_to(docs_dir).as_posix()}"
    click.echo(f"{file}: a draft with {counted(len(questions), 'question')}.")
    if facts.suggestion in ("reword", "fix") and (near := _sources(site.settings).get(facts.article or "")):
        click.echo(f"{folder}/{near} is near. If it answers this: handrail draft {topic} --into {near}")
    click.echo(f"Keep that it is being written: handrail topics decide {facts.topic} writing --link {file}")


def _draft(site: OpenStore, facts: Facts, questions: list[str]) -> ArticleDraft:
    sources = _sources(site.settings)
    asked = [
        CustomerQuestion(wording, _count(count, site.least) if count >= site.least else "")
        for wording, count in _wordings(site, facts.topic)
    ]
    # The home page is near to every question and answers none.
    related = [near for near in facts.nearest if near.location and sources.get(near.location)]
    return ArticleDraft(
        title=facts.name,
        why=f"{_count(facts.people, site.least)} looked for topic {facts.topic} from {facts.first_at:%Y-%m-%d} to "
        f"{facts.last_at:%Y-%m-%d} and did not find it.",
        questions=tuple(questions),
        must_answer=tuple(asked[:_MUST_ANSWER]),
        related=tuple((sources[near.location], near.title) for near in related),
        lang=site_info_or_defaults(site.settings.served_site).lang,
    )


def _wordings(site: OpenStore, topic: int) -> list[tuple[str, int]]:
    """What was typed, with the number of people; most people first, then those nearest to the topic's centre.

    Last come the further questions of messages that need an article.
    """
    members = site.book.by_topic[topic]
    by_shape: dict[str, list[Member]] = defaultdict(list)
    for one in members:
        by_shape[one.shape].append(one)
    found = [(group[-1].query, people(group), site.book.places[group[-1].key].nearness) for group in by_shape.values()]
    found.sort(key=lambda one: (-one[1], -one[2], one[0]))
    other = {query: 1 for one in members if isinstance(one, MessageMember) for query in one.questions[1:]}
    return [*((query, count) for query, count, _ in found), *other.items()]


def _questions(site: OpenStore, topic: int, docs_dir: Path) -> list[str]:
    """Wordings fit for an article: of several words, nothing redacted, and in no other article yet."""
    articles, _ = read_articles(docs_dir)
    there = [question for article in articles for question in article.questions]
    wordings = [query for query, _ in _wordings(site, topic)]
    fit = [query for query in wordings if len(query) <= _LONGEST_QUESTION and not _PLACEHOLDER.search(query)]
    return different(fit, there, _QUESTIONS)


def _add(docs_dir: Path, into: str, topic: int, questions: list[str], *, only_show: bool) -> None:
    path, folder = path_below(docs_dir, into), shown_folder(docs_dir)
    if not (docs_dir / path).resolve().is_relative_to(docs_dir.resolve()):
        raise HandrailError(f"{into} is not in {folder}.", f"Name an article of it: --into {folder}/…")
    addition = add_questions(docs_dir, path, questions)
    if not addition.added:
        click.echo(
            f"{addition.shown} is as it was: all that customers typed stands in an article already, is one word, has "
            f"more than {_LONGEST_QUESTION} characters, or was redacted. See it: handrail topics show {topic}"
        )
        return
    if only_show:
        click.echo(addition.text, nl=False)
        return
    addition.write()
    done = f"{addition.shown}: {counted(addition.added, 'question')} added."
    click.echo(f"{done} Look at the change, then: handrail check")


def _count(number: int, least: int) -> str:
    if number < least:
        return f"<{least} people"
    return counted(number, "person", "people")


def _sources(settings: Settings) -> dict[str, str]:
    """The Markdown file of each article that has one, by location."""
    articles = site_info_or_defaults(settings.served_site).articles
    return {url: str(facts.get("source") or "") for url, facts in articles.items()}
