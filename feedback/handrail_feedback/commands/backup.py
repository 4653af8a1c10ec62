"""`handrail backup` and `handrail restore`: the store as a file, made while the service runs, and put back."""

from __future__ import annotations

from pathlib import Path

import click

from handrail_feedback.accounts.sessions import given_key
from handrail_feedback.records.stamps import now
from handrail_feedback.storage import backups
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import load_settings
from handrail_kb.texts.amounts import counted

_file = click.Path(path_type=Path)


@click.command()
@config_option
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=14,
    show_default=True,
    help="How many backups of this store stay in the folder; older ones are removed.",
)
@click.argument("where", metavar="[FILE or FOLDER]", required=False, type=_file)
def backup(config_file: Path, where: Path | None, keep: int) -> None:
    """Back up the store while the service runs, and verify the backup.

    Without an argument, into the folder `backups` in the state folder. A FILE ends in .db for an SQLite store, in .dump
    for PostgreSQL; it is never overwritten, and no other backup is removed.
    """
    settings = load_settings(config_file)
    done = backups.back_up(settings.store_place, where or settings.state_dir / "backups", keep, now())
    rows = counted(sum(done.contents.rows.values()), "row")
    click.echo(f"{done.file}  {done.file.stat().st_size / 1e6:.1f} MB, {rows}, verified")
    for file in done.removed:
        click.echo(f"Removed {file}")
    if not done.noted:
        click.echo("It was not noted in the store, which is of an older version, or busy: monitoring does not see it.")
    key = settings.state_dir / "secret.key"
    if key.exists() and not given_key():
        click.echo(f"Not in it, and needed as well: keep a copy of {key} in another place.")


@click.command()
@config_option
@click.option("--yes", is_flag=True, help="Replace a store that holds something; it is kept as a file.")
@click.argument("file", type=_file)
def restore(config_file: Path, file: Path, *, yes: bool) -> None:
    """Put the backup FILE in the place of the store, once it is verified. Stop the service first.

    All or nothing: where FILE is damaged, of another kind or of a newer version, nothing is changed.
    """
    place = load_settings(config_file).store_place
    contents, kept = backups.restore(place, file, now(), overwrite=yes)
    click.echo(f"Restored {counted(sum(contents.rows.values()), 'row')} from {file}.")
    if kept:
        click.echo(f"What was there is in {kept}: erase it when you are content, it holds customers' words.")
    click.echo("Messages that waited when the backup was made are delivered again. See them: handrail outbox")
    click.echo("See that all is well, and start the service: handrail doctor")
