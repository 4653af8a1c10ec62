"""`handrail draft`: begins an article for a topic, or adds the customers' words to an existing one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from handrail_feedback.records.period import Period
from handrail_feedback.records.stamps import now
from handrail_feedback.topics.draft import DRAFT_DAYS, LONGEST_QUESTION, draft_of, questions_of, sources_of
from handrail_kb.articles.article import read_articles
from handrail_kb.articles.draft import draft_text, file_name, write_draft
from handrail_kb.articles.front_matter import add_questions
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import docs_dir_of
from handrail_kb.config.shown import path_below, shown_folder
from handrail_kb.errors import HandrailError
from handrail_kb.site.built.site_info import site_info_or_defaults
from handrail_kb.texts.amounts import counted
from handrail_search.commands.options import find_settings, setting_options
from handrail_search.commands.topics import OpenStore, known_topic, open_site


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
    facts = known_topic(site, topic, Period.last(DRAFT_DAYS, at), at).facts
    docs_dir = docs_dir_of(config_file)
    questions = _questions(site, facts.topic, docs_dir)
    if into:
        _add(docs_dir, into, facts.topic, questions, only_show=only_show)
        return
    path, folder = path_below(docs_dir, to or file_name(facts.name)), shown_folder(docs_dir)
    info = site_info_or_defaults(site.settings.served_site)
    content = draft_text(draft_of(site.book, facts, questions, info, site.least), path)
    if only_show:
        click.echo(content, nl=False)
        return
    file = f"{folder}/{write_draft(docs_dir, path, content).relative_to(docs_dir).as_posix()}"
    click.echo(f"{file}: a draft with {counted(len(questions), 'question')}.")
    if facts.suggestion in ("reword", "fix") and (near := sources_of(info).get(facts.article or "")):
        click.echo(f"{folder}/{near} is near. If it answers this: handrail draft {topic} --into {near}")
    click.echo(f"Keep that it is being written: handrail topics decide {facts.topic} writing --link {file}")


def _questions(site: OpenStore, topic: int, docs_dir: Path) -> list[str]:
    """Those that fit, and that no article on the disk has."""
    articles, _ = read_articles(docs_dir)
    return questions_of(site.book, topic, [question for article in articles for question in article.questions])


def _add(docs_dir: Path, into: str, topic: int, questions: list[str], *, only_show: bool) -> None:
    path, folder = path_below(docs_dir, into), shown_folder(docs_dir)
    if not (docs_dir / path).resolve().is_relative_to(docs_dir.resolve()):
        raise HandrailError(f"{into} is not in {folder}.", f"Name an article of it: --into {folder}/…")
    addition = add_questions(docs_dir, path, questions)
    if not addition.added:
        click.echo(
            f"{addition.shown} is as it was: all that customers typed stands in an article already, is one word, has "
            f"more than {LONGEST_QUESTION} characters, or was redacted. See it: handrail topics show {topic}"
        )
        return
    if only_show:
        click.echo(addition.text, nl=False)
        return
    addition.write()
    done = f"{addition.shown}: {counted(addition.added, 'question')} added."
    click.echo(f"{done} Look at the change, then: handrail check")
