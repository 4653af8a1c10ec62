"""`handrail store`: moves what is kept from one database to another."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import click

from handrail_feedback.records.stamps import now
from handrail_feedback.storage.database import Store, existing_store, whole_store
from handrail_feedback.storage.move import Copied, move
from handrail_feedback.storage.upkeep.withdrawal import take_back, undo_withdrawal, withdrawals
from handrail_kb.cli.flags import config_option
from handrail_kb.config.database_address import has_password, is_database, refuse_other_database
from handrail_kb.config.settings import load_settings
from handrail_kb.errors import ConfigError
from handrail_kb.texts.amounts import counted


@click.group()
def store() -> None:
    """Bring the store up to date, move it to another database, or begin a new one where it was lost."""


@store.command()
@config_option
def upgrade(config_file: Path) -> None:
    """Bring a store that an older Handrail made up to date.

    Starting the service does it, too. An older Handrail that runs meanwhile goes on.
    """
    settings = load_settings(config_file)
    with closing(existing_store(settings.store_place, "nothing to bring up to date", "Start the service")) as found:
        steps = found.upgrade()
        click.echo(f"{found.place} is up to date: {', '.join(steps) or 'it was before'}.")


@store.command()
@config_option
def new(config_file: Path) -> None:
    """Begin an empty store where one was lost and there is no backup.

    Handrail does not do that by itself. A store that holds anything is not touched.
    """
    with closing(Store(load_settings(config_file).store_place)) as begun:
        left = begun.begin_anew()
        for file in left:
            click.echo(f"What was left of the old one is in {file}")
        click.echo(f"{begun.place} is a new store, and empty.")


@store.command("move")
@config_option
@click.option(
    "--while-in-use",
    is_flag=True,
    help="Copy although a service is running, to see how long it takes; what it writes later is not in the copy.",
)
@click.argument("places", metavar="[FROM] TO", nargs=-1, required=True)
def move_(config_file: Path, places: tuple[str, ...], *, while_in_use: bool) -> None:
    """Copy the store into an empty one, compare both, and say how to use the new one.

    FROM and TO are files, or addresses such as postgresql://handrail@db.example.com/handrail, with the password in
    HANDRAIL_STORE_PASSWORD or ~/.pgpass. Without FROM the store of this site is copied. Stop the service first: FROM is
    only read. It is all or nothing: when it was interrupted, run it again.
    """
    if len(places) > 2:
        raise ConfigError("There are more than two places.", "Name where to copy to: handrail store move [FROM] TO")
    present = load_settings(config_file).store_place
    from_, to = _place(places[0]) if len(places) == 2 else present, _place(places[-1])
    if _same(from_, to):
        raise ConfigError(
            f"{whole_store(to).place} is where the store is.", "Name another place: handrail store move TO"
        )
    source, target = whole_store(from_), whole_store(to)
    click.echo(f"From  {source.place}\nTo    {target.place}\n")
    rows = 0

    def told(copied: Copied) -> None:
        nonlocal rows
        rows += copied.rows
        click.echo(f"{copied.table:<16} {counted(copied.rows, 'row'):>14}  {copied.digest[:16]}")

    move(source, target, told, while_in_use=while_in_use)
    click.echo(f"\nCopied {counted(rows, 'row')}. Counts and digests of every table are the same in both.")
    _tell_how_to_go_on(source.place, target.place, default=_same(to, load_settings(config_file).state_dir / "store.db"))


@store.command("take-back")
@config_option
@click.option("--since", type=click.DateTime(), help="When the script began, in UTC: 2026-03-02T11:00:00")
@click.option("--until", type=click.DateTime(), help="When it ended, in UTC; what came at that moment stays.")
@click.option("--undo", "number", type=int, help="Let what was taken back under this number count again.")
def take_back_(config_file: Path, since: datetime | None, until: datetime | None, number: int | None) -> None:
    """Let all searches and votes of a span of time count for nothing, such as those of a script; or say what was.

    They stay in no figure, topic, learned question or order of results. Messages are untouched.
    """
    place = load_settings(config_file).store_place
    with closing(existing_store(place, "there is nothing to take back", "Start the service")) as found:
        if number is not None:
            if not undo_withdrawal(found, number, now()):
                raise ConfigError(f"Nothing is taken back under {number}.", "See: handrail store take-back")
            click.echo(f"What was taken back under {number} counts again.")
        elif since and until:
            if until <= since:
                raise ConfigError("--until is not after --since.", "Name a span: handrail store take-back --help")
            span = (since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))
            done = take_back(found, *span, who="command line", at=now())
            what = f"{counted(done.searches, 'search', 'searches')} and {counted(done.votes, 'vote')}"
            click.echo(f"{what} count for nothing now. Undo it: handrail store take-back --undo {done.id}")
        elif since or until:
            raise ConfigError("A span has two ends.", "Name both: handrail store take-back --since TIME --until TIME")
        else:
            _list_withdrawals(found)


def _list_withdrawals(found: Store) -> None:
    listed = withdrawals(found)
    for one in listed:
        undone = f", undone {one.undone_at:%Y-%m-%d %H:%M}" if one.undone_at else ""
        what = f"{counted(one.searches, 'search', 'searches')}, {counted(one.votes, 'vote')}"
        click.echo(
            f"{one.id}  {one.since:%Y-%m-%d %H:%M:%S} to {one.until:%Y-%m-%d %H:%M:%S}  {what}, by {one.who}{undone}"
        )
    if not listed:
        click.echo("Nothing was ever taken back.")


def _tell_how_to_go_on(source: str, target: str, *, default: bool) -> None:
    click.echo(f"{source} is as it was; keep it until you are content, then erase it: it holds customers' words.")
    if default:
        click.echo("Use the new one: take `store` out of mkdocs.yml, or out of HANDRAIL_STORE, wherever it is set.")
        click.echo("Then see that all is well, and start the service: handrail doctor")
        return
    click.echo(f"Use the new one: in mkdocs.yml, below plugins: handrail, write  store: {target}")
    click.echo("(or set HANDRAIL_STORE, where it is set already), on every node. Then start the service.")
    click.echo(f"See first that all is well: HANDRAIL_STORE='{target}' handrail doctor")


def _place(typed: str) -> Path | str:
    """A file, or the address of a database. Raises ConfigError for a password, which others would see."""
    if not is_database(typed):
        refuse_other_database(typed, "the new store")
        if not Path(typed).name:
            raise ConfigError(f"'{typed}' is no file.", "Name a file, or postgresql://HOST/NAME")
        return Path(typed)
    if has_password(typed):
        raise ConfigError(
            "A password does not belong on a command line: every user of this machine can read it.",
            "Take it out, and give it in HANDRAIL_STORE_PASSWORD, or in a line of ~/.pgpass",
        )
    return typed


def _same(one: Path | str, other: Path | str) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return one.resolve() == other.resolve()
    return one == other
