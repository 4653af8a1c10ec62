"""`handrail contact` and `handrail forget`: messages of customers, listed, read and erased."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from handrail_feedback.commands.common import open_store, write_file
from handrail_feedback.delivery.letters import said_along
from handrail_feedback.records.messages import Answer, KeptMessage
from handrail_feedback.records.reference_codes import EXAMPLE_CODE, normalise
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import answers_of, settle_before
from handrail_feedback.storage.messages.mailings import forget_address
from handrail_feedback.storage.messages.messages import added_to, find_message, forget_message, list_messages
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import HandrailError
from handrail_kb.language.printable import printable_text
from handrail_kb.texts.amounts import counted


@click.command()
@config_option
@click.argument("code")
def forget(config_file: Path, code: str) -> None:
    """Erase the message with the reference CODE and all that was added to it, for good.

    With an e-mail address in place of CODE, erase all questions that this address waits to hear about.
    """
    if "@" in code:
        erased = forget_address(open_store(load_settings(config_file)), code.strip(), now())
        click.echo(f"Erased {counted(erased, 'question')} waiting to be answered by mail there.")
        return
    known = _known(code, "handrail forget CODE")
    if not forget_message(open_store(load_settings(config_file)), known):
        raise HandrailError(f"There is no message {known}.", "It may have been erased already.")
    click.echo(f"Erased the message {known}. Back-ups made before still hold it.")


@click.group()
def contact() -> None:
    """List and read the messages that customers sent."""


@contact.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON, with the messages in full.")
def list_(config_file: Path, as_json: bool) -> None:
    """List the messages, newest first."""
    messages = list_messages(open_store(load_settings(config_file)))
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
    """Take messages from before a day off the desk's list, as closed without reply.

    For messages that were answered before there was a desk. They count neither as answered nor as slow.
    """
    settled = settle_before(open_store(load_settings(config_file)), before.replace(tzinfo=UTC), now())
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
    store = open_store(load_settings(config_file))
    message = find_message(store, known, contents=files is not None)
    if message is None:
        raise HandrailError(f"There is no message {known}.", "List them: handrail contact list")
    click.echo(f"{message.code}, {message.at:%Y-%m-%d %H:%M} UTC, in '{message.lang}'")
    if message.follows:
        click.echo(f"Adds to: {message.follows}")
    click.echo(f"Answer to: {printable_text(message.reply_to) or 'no address was given'}")
    if message.callback:
        click.echo(f"Call: {printable_text(message.callback)}")
    click.echo(f"Subject: {printable_text(message.subject) or '-'}\n\n{printable_text(message.message)}")
    if message.along:
        click.echo("\nThe customer sent along:")
    for one in message.along:
        click.echo(f"  {said_along(one)}")
    if message.attachments:
        click.echo("\nFiles:" if not files else f"\nFiles, written to {files}:")
    for number, file in enumerate(message.attachments, start=1):
        name = f"{message.code}-{number}-{file.name}"
        click.echo(f"  {name if files else printable_text(file.name)} ({file.type}, {file.size} bytes)")
        if files:
            write_file(files / name, file.content)
    if message.attachments and not files:
        click.echo(f"Write them to a folder: handrail contact show {message.code} --files FOLDER")
    _show_thread(store, message)


def _show_thread(store: Store, message: KeptMessage) -> None:
    """What else is in the thread of a message: other messages and all answers, the oldest first."""
    first = message.follows or message.code
    found = (find_message(store, code) for code in (first, *added_to(store, first)) if code != message.code)
    written: list[KeptMessage | Answer] = [*(one for one in found if one), *answers_of(store, first)]
    for one in sorted(written, key=lambda each: each.at):
        if isinstance(one, Answer):
            click.echo(f"\n{_of_answer(one)}" + (f"\n\n{printable_text(one.words)}" if one.words else ""))
            continue
        added = "The customer added" if one.follows else "It adds to"
        click.echo(f"\n--- {one.at:%Y-%m-%d %H:%M} UTC, {added}: {one.code}\n\n{printable_text(one.message)}")
        if one.attachments:
            click.echo(f"It has files: handrail contact show {one.code}")


def _of_answer(one: Answer) -> str:
    """When, by whom and how a message was answered, and what became of that."""
    how = {
        "mail": f"answered by mail to {_one_line(one.to)}",
        "elsewhere": "answered by phone or in person",
        "nothing": "closed without reply",
    }[one.way]
    line = f"--- {one.at:%Y-%m-%d %H:%M} UTC, {_one_line(one.who)}: {how}"
    if one.bounced_at:
        line += f"; bounced {one.bounced_at:%Y-%m-%d %H:%M} UTC, so the message is reopened"
    elif one.way == "mail":
        line += (
            f"; sent {one.sent_at:%Y-%m-%d %H:%M} UTC"
            if one.sent_at
            else f"; it waits: handrail outbox --retry {one.code}"
        )
    if one.undone_at:
        line += f"; undone {one.undone_at:%Y-%m-%d %H:%M} UTC by {_one_line(one.undone_by)}"
    return line


def _one_line(words: str) -> str:
    line = " ".join(printable_text(words).split())
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
