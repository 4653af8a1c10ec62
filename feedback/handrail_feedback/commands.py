"""`handrail report`, `handrail contact` and `handrail forget`: the store at the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from handrail_feedback.answers import Answer, answers_of, settle_before
from handrail_feedback.channels import desk_of, read_report_mail
from handrail_feedback.contact import (
    EXAMPLE_CODE,
    KeptMessage,
    added_to,
    find_message,
    forget_message,
    list_messages,
    normalise,
)
from handrail_feedback.db import Store, now
from handrail_feedback.letters import said_along
from handrail_feedback.monday import monday_of
from handrail_feedback.monday_render import to_html
from handrail_feedback.render import to_csv, to_json, to_markdown, to_text
from handrail_feedback.report import build_report
from handrail_feedback.reporter import Reporter
from handrail_feedback.tellings import forget_address
from handrail_feedback.topic_facts import Period
from handrail_kb.counting import counted
from handrail_kb.errors import HandrailError, StoreUnavailable
from handrail_kb.flags import config_option
from handrail_kb.passages import read_site_info
from handrail_kb.reach import one_click
from handrail_kb.settings import load_settings

_WRITERS = {"text": to_text, "json": to_json, "csv": to_csv, "markdown": to_markdown}
_FORMS = [*_WRITERS, "html"]


@click.command()
@config_option
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day, in UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day, in UTC; today by default.")
@click.option(
    "--days", type=click.IntRange(1, 3660), default=30, show_default=True, help="Days, when --since is not given."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Most lines to show.")
@click.option(
    "--all", "include_degraded", is_flag=True, help="Count searches answered while a part of search was down, too."
)
@click.option("--format", "form", type=click.Choice(_FORMS), help="How it is written; html: one file with charts.")
@click.option("--json", "form", flag_value="json", help="Write JSON.")
@click.option("--csv", "form", flag_value="csv", help="Write CSV.")
@click.option("--markdown", "form", flag_value="markdown", help="Write Markdown.")
@click.option("--mail", "by_mail", is_flag=True, help="Mail the report of the last seven days now, to `report_to`.")
def report(
    config_file: Path,
    since: datetime | None,
    until: datetime | None,
    days: int,
    limit: int,
    include_degraded: bool,
    form: str | None,
    by_mail: bool,
) -> None:
    """Show what customers looked for and did not find, most people first.

    With --format html: the page that leads see at the desk, as one file; --limit and --all do not count there.
    """
    if by_mail:
        _mail_report(config_file)
        return
    end = until.replace(tzinfo=UTC) + timedelta(days=1) if until else now()
    if form == "html":
        end = min(end, now())
    start = since.replace(tzinfo=UTC) if since else end - timedelta(days=days)
    if start >= end:
        raise HandrailError(
            f"--since {start:%Y-%m-%d} is after the last day.", "Give an earlier day: --since YYYY-MM-DD"
        )
    if form == "html":
        click.echo(_as_page(config_file, Period(start, end)), nl=False)
        return
    near = one_click(load_settings(config_file).site_dir)
    found = build_report(
        _store(config_file), start, end, include_degraded=include_degraded, limit=limit, one_click=near
    )
    click.echo(_WRITERS[form or "text"](found), nl=False)


def _as_page(config_file: Path, period: Period) -> str:
    settings, store = load_settings(config_file), _store(config_file)
    monday = monday_of(store, settings.site_dir, period, settings.number("topic_people"), now())
    return to_html(monday, desk_of(settings), read_site_info(settings.site_dir).name)


def _mail_report(config_file: Path) -> None:
    """Mail it, whenever it was mailed before. The weekly mail comes all the same."""
    settings, store, at = load_settings(config_file), _store(config_file), now()
    to = read_report_mail(settings)
    reporter = Reporter(to, settings.site_dir, settings.number("topic_people"))
    to.send(reporter.letter(store, at, f"report-{at:%Y-%m-%d-%H%M%S}", at))
    click.echo(f"Mailed the report to {', '.join(address.addr_spec for address in to.mail.recipients)}.")


@click.command()
@config_option
@click.argument("code")
def forget(config_file: Path, code: str) -> None:
    """Erase the message with the reference CODE and what was added to it, for good.

    With an e-mail address in place of the code: all questions of which somebody wants to hear there.
    """
    if "@" in code:
        erased = forget_address(_store(config_file), code.strip(), now())
        click.echo(
            f"Erased {erased} {'question' if erased == 1 else 'questions'} waiting to be answered by mail there."
        )
        return
    known = _known(code, "handrail forget CODE")
    if not forget_message(_store(config_file), known):
        raise HandrailError(f"There is no message {known}.", "It may have been erased already.")
    click.echo(f"Erased the message {known}. Back-ups made before still hold it.")


@click.group()
def contact() -> None:
    """List and read the messages that customers sent."""


@contact.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON, with the messages in full.")
def list_(config_file: Path, as_json: bool) -> None:
    """List the messages, the newest first."""
    messages = list_messages(_store(config_file))
    if as_json:
        click.echo(json.dumps([_as_json(message) for message in messages], indent=1, ensure_ascii=False, default=str))
        return
    for message in messages:
        about = _one_line(message.subject or message.message)
        click.echo(
            f"{message.code}  {message.at:%Y-%m-%d %H:%M}  {_one_line(message.reply_to) or 'no address'}  {about}"
        )
    told = f"{counted(len(messages), 'message')}. Read one: handrail contact show CODE"
    click.echo(told if messages else "No messages.")


@contact.command()
@config_option
@click.option(
    "--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The first day, in UTC, that stays open."
)
def settle(config_file: Path, before: datetime) -> None:
    """Take messages from before a day off the desk's list, as nothing to answer.

    For messages that were answered before there was a desk. They count neither as answered nor as slow.
    """
    settled = settle_before(_store(config_file), before.replace(tzinfo=UTC), now())
    click.echo(f"Settled {counted(settled, 'message')}. A lead can open each again at the desk.")


def _as_json(message: KeptMessage) -> dict[str, Any]:
    files = [{"name": one.name, "type": one.type, "size": one.size} for one in message.attachments]
    return asdict(message) | {"attachments": files}


@contact.command()
@config_option
@click.argument("code")
@click.option("--files", type=click.Path(path_type=Path, file_okay=False), help="Write the files of the message here.")
def show(config_file: Path, code: str, files: Path | None) -> None:
    """Show the message with the reference CODE, and what else was written in its thread."""
    known = _known(code, "handrail contact show CODE")
    store = _store(config_file)
    message = find_message(store, known, contents=files is not None)
    if message is None:
        raise HandrailError(f"There is no message {known}.", "List them: handrail contact list")
    click.echo(f"{message.code}, {message.at:%Y-%m-%d %H:%M} UTC, in '{message.lang}'")
    if message.follows:
        click.echo(f"Adds to: {message.follows}")
    click.echo(f"Answer to: {_printable(message.reply_to) or 'no address was given'}")
    if message.callback:
        click.echo(f"Call: {_printable(message.callback)}")
    click.echo(f"Subject: {_printable(message.subject) or '-'}\n\n{_printable(message.message)}")
    if message.along:
        click.echo("\nThe customer sent along:")
    for one in message.along:
        click.echo(f"  {said_along(one)}")
    if message.attachments:
        click.echo("\nFiles:" if not files else f"\nFiles, written to {files}:")
    for number, file in enumerate(message.attachments, start=1):
        name = f"{message.code}-{number}-{file.name}"
        click.echo(f"  {name if files else _printable(file.name)} ({file.type}, {file.size} bytes)")
        if files:
            _write_file(files / name, file.content)
    if message.attachments and not files:
        click.echo(f"Write them to a folder: handrail contact show {message.code} --files FOLDER")
    _show_thread(store, message)


def _show_thread(store: Store, message: KeptMessage) -> None:
    """What else stands in the thread of a message: other messages and all answers, the oldest first."""
    first = message.follows or message.code
    found = (find_message(store, code) for code in (first, *added_to(store, first)) if code != message.code)
    written: list[KeptMessage | Answer] = [*(one for one in found if one), *answers_of(store, first)]
    for one in sorted(written, key=lambda each: each.at):
        if isinstance(one, Answer):
            click.echo(f"\n{_of_answer(one)}" + (f"\n\n{_printable(one.words)}" if one.words else ""))
            continue
        added = "The customer added" if one.follows else "It adds to"
        click.echo(f"\n--- {one.at:%Y-%m-%d %H:%M} UTC, {added}: {one.code}\n\n{_printable(one.message)}")
        if one.attachments:
            click.echo(f"It has files: handrail contact show {one.code}")


def _of_answer(one: Answer) -> str:
    """When, by whom and how a message was answered, and what became of that."""
    how = {"mail": f"answered by mail to {_one_line(one.to)}", "elsewhere": "answered by phone or in person",
           "nothing": "there is nothing to answer"}[one.way]  # fmt: skip
    line = f"--- {one.at:%Y-%m-%d %H:%M} UTC, {_one_line(one.who)}: {how}"
    if one.bounced_at:
        line += f"; refused for good {one.bounced_at:%Y-%m-%d %H:%M} UTC, so the message is open again"
    elif one.way == "mail":
        line += (
            f"; sent {one.sent_at:%Y-%m-%d %H:%M} UTC"
            if one.sent_at
            else f"; it waits: handrail outbox --retry {one.code}"
        )
    if one.undone_at:
        line += f"; taken back {one.undone_at:%Y-%m-%d %H:%M} UTC by {_one_line(one.undone_by)}"
    return line


def _write_file(path: Path, content: bytes) -> None:
    """Write a customer's file for its reader alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
    except OSError as error:
        raise HandrailError(f"{path} cannot be written: {error.strerror}.", "Name a folder of yours.") from error


def _printable(words: str) -> str:
    """A customer's words without what could steer a terminal."""
    return "".join(character for character in words if character in "\n\t" or character.isprintable())


def _one_line(words: str) -> str:
    line = " ".join(_printable(words).split())
    return line if len(line) <= 60 else line[:59] + "…"


def _known(code: str, command: str) -> str:
    """The code as it is stored. Raises HandrailError when it cannot be one of ours."""
    known = normalise(code)
    if known is None:
        raise HandrailError(
            f"'{code}' is not a reference code: it has nine letters and digits, such as {EXAMPLE_CODE}, "
            "and the last one tells whether the others are right.",
            f"Read it again from the customer's page, then: {command}",
        )
    return known


def _store(config_file: Path) -> Store:
    """The store of this site. A mistyped folder must not leave an empty store behind."""
    store = Store(load_settings(config_file).store_file)
    if not store.path.exists():
        raise StoreUnavailable(
            f"There is no store at {store.path}: no search and no message was kept yet.",
            "Start the service, or name the right site: --config PATH/mkdocs.yml",
        )
    return store
