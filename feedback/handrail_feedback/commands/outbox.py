"""`handrail outbox`: which messages wait to be delivered, why, and when they are tried again; also tries them now."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from handrail_feedback.commands.common import open_store
from handrail_feedback.delivery.alarm import count, trouble
from handrail_feedback.delivery.channels import Delivery, read_delivery
from handrail_feedback.delivery.sender import Sender
from handrail_feedback.records.outbox import Job, OutboxEntry, OutboxStatus, Route, parse_routes
from handrail_feedback.records.reference_codes import normalise
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages import outbox as queue
from handrail_feedback.storage.messages.messages import find_message
from handrail_feedback.storage.messages.outbox_status import entries, outbox_status
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import Settings, load_settings
from handrail_kb.errors import ConfigError, DeliveryFailed, HandrailError
from handrail_kb.texts.amounts import counted


@click.command()
@config_option
@click.option("--all", "everything", is_flag=True, help="List delivered messages, too.")
@click.option("--explain", "code", metavar="CODE", help="Tell everything about one message.")
@click.option(
    "--retry",
    metavar="CODE|all|unsent",
    help="Try again now: one thread with its answers, all, or messages kept before `deliver` was set.",
)
@click.option("--again", metavar="CODE", help="Deliver a message once more, for example when its mail bounced.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, without customers' words.")
def outbox(
    config_file: Path, everything: bool, code: str | None, retry: str | None, again: str | None, as_json: bool
) -> None:
    """List the messages that wait for a person, with the reason; exit code 1 when one waits too long."""
    settings = load_settings(config_file)
    store = open_store(settings, "no message was kept yet")
    if retry:
        _retry(settings, store, retry)
    if again:
        _send_again(settings, store, again)
    if code:
        _explain(settings, store, code)
        return
    at = now()
    status = outbox_status(store, at)
    listed = entries(store, everything=everything)
    after = timedelta(minutes=settings.number("alarm_minutes"))
    problems = trouble(status, after, at)
    click.echo(_as_json(listed, status, problems, at) if as_json else _as_text(listed, status, problems, settings, at))
    if problems:
        raise click.exceptions.Exit(1)


def _as_json(listed: list[OutboxEntry], status: OutboxStatus, problems: list[str], at: datetime) -> str:
    document = {
        "waiting": status.waiting,
        "oldest_seconds": int(status.age(at).total_seconds()),
        "unsent": status.unsent,
        "problems": problems,
        "channels": [asdict(channel) for channel in status.channels],
        "messages": [_for_programs(entry) for entry in listed],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, default=lambda value: value.isoformat())


def _for_programs(entry: OutboxEntry) -> dict[str, Any]:
    """The entry without what the other side said: it may quote the message."""
    return {name: value for name, value in asdict(entry).items() if name != "last_said"}


def _as_text(
    listed: list[OutboxEntry], status: OutboxStatus, problems: list[str], settings: Settings, at: datetime
) -> str:
    lines = [line for entry in listed for line in _rows(entry, at)]
    lines.append(f"{count(status.waiting)} for a person." if status.waiting else "No message waits.")
    if not settings.text("deliver").strip():
        lines.append("Nothing is set to deliver messages: read them with handrail contact list, or set deliver.")
    elif status.unsent:
        lines.append(
            f"{status.unsent} were kept while `deliver` was not set. Send them: handrail outbox --retry unsent"
        )
    if status.left_alone:
        lines.append(
            f"{status.left_alone} of them are due, and nobody works on them. Is the service running? handrail run"
        )
    return "\n".join([*lines, *(f"ALARM: {problem}" for problem in problems)])


def _rows(entry: OutboxEntry, at: datetime) -> list[str]:
    """One message on one route: a line of facts, and below it why it was not delivered and what mends that."""
    written = f"written {entry.queued_at:%Y-%m-%d %H:%M} UTC, in the log: message {entry.number}"
    facts = f"{entry.code}  {entry.state:<9}  {entry.route}  {written}"
    if entry.delivered_at:
        return [f"{facts}  by {entry.channel} {entry.delivered_at:%Y-%m-%d %H:%M} UTC"]
    lines = [f"{facts}  {_tries(entry)}  {_when(entry, at)}"]
    return lines + [f"    {line}" for line in (_error(entry), entry.last_mend) if line]


def _tries(entry: OutboxEntry) -> str:
    return {0: "not tried yet", 1: "tried once"}.get(entry.attempts, f"tried {entry.attempts} times")


def _when(entry: OutboxEntry, at: datetime) -> str:
    if entry.state == "refused":
        return "not tried again: its message is open at the desk"
    if entry.held(at):
        return f"being delivered by {entry.channel}"
    seconds = max(int((entry.next_at - at).total_seconds()), 0)
    wait = f"in {seconds} s" if seconds < 120 else f"in {seconds // 60} min"
    return f"next try {wait} by {entry.channel}" if seconds else f"due by {entry.channel}"


def _error(entry: OutboxEntry) -> str:
    return f"{entry.last_error} It said: {entry.last_said}" if entry.last_said else entry.last_error


def _explain(settings: Settings, store: Store, typed: str) -> None:
    code = _known(typed, "handrail outbox --explain CODE")
    message = find_message(store, code)
    if message is None:
        raise HandrailError(f"There is no message {code}.", "It may have been erased: handrail contact list")
    at = now()
    click.echo(f"{code}, written {message.at:%Y-%m-%d %H:%M} UTC. Read it: handrail contact show {code}")
    if message.follows:
        click.echo(f"It adds to {message.follows}, and is delivered after it.")
    listed = entries(store, code=code)
    channels = {channel.name: channel for channel in outbox_status(store, at).channels}
    for entry in listed:
        click.echo("\n".join(_rows(entry, at)))
        if entry.delivered_at:
            continue
        channel = channels.get(entry.channel)
        if channel and channel.failing_since:
            click.echo(
                f"    {entry.channel} has failed since {channel.failing_since:%H:%M} UTC, and rests between attempts."
            )
        to = entry.route.after(entry.channel)
        if to != entry.channel:
            minutes = settings.number("failover_minutes")
            click.echo(
                f"    {to} takes over once {entry.channel} has failed for {minutes} minutes, or refuses it for good."
            )
    if not listed:
        click.echo(f"It is on no way to a person. Send it: handrail outbox --retry {code}")


def _retry(settings: Settings, store: Store, which: str) -> None:
    """Make messages due, and try them here and now; the service does it where this shell lacks the secrets."""
    at, routes = now(), parse_routes(settings.text("deliver"))
    if which not in ("all", "unsent"):
        _retry_one(store, which, routes, at)
        _try_here(settings, store)
        return
    _refuse_without(routes)
    if which == "all":
        queue.adopt(store, routes, at)
        click.echo(f"{counted(queue.hurry(store, at), 'message is', 'messages are')} tried now.")
    else:
        click.echo(f"{counted(queue.send_unsent(store, routes, at), 'message is', 'messages are')} tried now.")
    _try_here(settings, store)


def _retry_one(store: Store, typed: str, routes: Sequence[Route], at: datetime) -> None:
    code = _known(typed, "handrail outbox --retry CODE")
    waiting = queue.retry(store, code, routes, at)
    if waiting is None:
        raise HandrailError(f"There is no message {code}.", "It may have been erased: handrail contact list")
    if waiting:
        return
    click.echo(f"Nothing of {code} waits.")
    for entry in entries(store, code=code):
        click.echo("\n".join(_rows(entry, at)))
    _refuse_without(routes)
    click.echo(f"Deliver the message once more: handrail outbox --again {code}")


def _send_again(settings: Settings, store: Store, typed: str) -> None:
    code, routes = _known(typed, "handrail outbox --again CODE"), parse_routes(settings.text("deliver"))
    _refuse_without(routes)
    if not queue.send_again(store, code, routes, now()):
        raise HandrailError(f"There is no message {code}.", "It may have been erased: handrail contact list")
    _try_here(settings, store)


def _refuse_without(routes: Sequence[Route]) -> None:
    if not routes:
        raise ConfigError("Nothing is set to deliver messages.", "Set deliver first, for example: deliver: mail")


def _try_here(settings: Settings, store: Store) -> None:
    try:
        delivery = read_delivery(settings)
    except ConfigError as error:
        click.echo(f"The service tries them. This shell cannot: {error.what}")
        return
    _send_here(store, delivery)


def _send_here(store: Store, delivery: Delivery) -> None:
    """Deliver what is due, and say what came of each."""

    def told(job: Job, failure: DeliveryFailed | None) -> None:
        outcome = f"not delivered by {job.channel}: {failure.what}" if failure else f"delivered by {job.channel}"
        click.echo(f"{job.code}  {outcome}")

    sender = Sender(store, delivery)
    while sender.send_next(told):
        pass


def _known(typed: str, command: str) -> str:
    code = normalise(typed)
    if code is None:
        raise HandrailError(
            f"'{typed}' is not a reference code.", f"Read it again from the customer's page, then: {command}"
        )
    return code
