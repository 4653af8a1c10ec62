"""`handrail users`: accounts of the people who answer; a password is never an argument, and first ones are random."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import click

from handrail_feedback.accounts import passwords
from handrail_feedback.accounts.password_rules import fault
from handrail_feedback.commands.common import open_store
from handrail_feedback.records.staff import FIRST_PASSWORD, ROLES, Role, clean_name
from handrail_feedback.records.stamps import clock_time, now
from handrail_feedback.storage.accounts import identities, second_factors, sessions, staff
from handrail_feedback.storage.database import Store
from handrail_kb.cli.flags import config_option
from handrail_kb.config.settings import Settings, load_settings
from handrail_kb.errors import HandrailError

_NAMES = "Use letters, digits and . _ @ + - only, such as anna or anna@example.com"


@click.group()
def users() -> None:
    """Create, list and remove accounts for the people who answer customers.

    They sign in at desk/, below the address of the site, with a first password that the command makes and shows once.
    It is good for three days, and for choosing one's own. A script may give a password as one line on standard input.
    """


@users.command()
@config_option
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True, help="What they may do.")
def add(config_file: Path, name: str, role: Role) -> None:
    """Create an account."""
    settings = load_settings(config_file)
    _refuse_wrong_place(settings)
    store, known = Store(settings.store_place), _name(name)
    if staff.find(store, known):
        raise HandrailError(
            f"There is an account {known} already.", f"Change its password: handrail users passwd {known}"
        )
    given = _password(known, settings)
    if not staff.add(store, known, role, passwords.hashed(given.password), now(), first_until=given.first_until):
        raise HandrailError(f"There is an account {known} already.", "See all: handrail users list")
    click.echo(f"Made the account {known} ({role}). They sign in at desk/, below the address of the site.")
    given.show(known)


@users.command("list")
@config_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
def list_(config_file: Path, as_json: bool) -> None:
    """List the accounts."""
    members = staff.everybody(_accounts(load_settings(config_file)))
    if as_json:
        rows = [
            {
                "name": one.name,
                "role": one.role,
                "made_at": one.made_at.isoformat(),
                "signed_in_at": one.signed_in_at.isoformat() if one.signed_in_at else None,
                "by_provider": one.by_provider,
                "first_password_until": one.first_until.isoformat() if one.first_until else None,
            }
            for one in members
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for one in members:
        seen = f"signed in {one.signed_in_at:%Y-%m-%d}" if one.signed_in_at else "never signed in"
        click.echo(f"{one.name:<24} {one.role:<6} {seen}{', by the OpenID provider' if one.by_provider else ''}")
    if not members:
        click.echo("No accounts. Make one: handrail users add NAME")


@users.command()
@config_option
@click.argument("name")
def remove(config_file: Path, name: str) -> None:
    """Remove an account; whoever uses it is signed out at once."""
    store, known = _accounts(load_settings(config_file)), _name(name)
    if not staff.remove(store, known, now()):
        raise _unknown(known)
    click.echo(f"Removed the account {known}. What they did keeps their name.")
    if known in identities.kept_out(store):
        click.echo(f"Their OpenID provider cannot let them in either. To undo that: handrail users readmit {known}")


@users.command()
@config_option
@click.argument("name")
def readmit(config_file: Path, name: str) -> None:
    """Let somebody sign in with the OpenID provider again, whose account was removed."""
    store, known = _accounts(load_settings(config_file)), _name(name)
    if not identities.readmit(store, known, now()):
        names = ", ".join(identities.kept_out(store)) or "nobody"
        raise HandrailError(
            f"{known} is not kept out. Kept out: {names}.", "See who has an account: handrail users list"
        )
    click.echo(f"The next sign-in of {known} with the OpenID provider makes an account again.")


@users.command()
@config_option
@click.argument("name")
def passwd(config_file: Path, name: str) -> None:
    """Give somebody another password; sessions of the account end at once."""
    settings, known = load_settings(config_file), _name(name)
    store = _accounts(settings)
    found = staff.find(store, known)
    if not found:
        raise _unknown(known)
    if found[0].by_provider:
        raise HandrailError(
            f"{known} signs in with the OpenID provider, and has no password here.",
            f"Change it there. To lock them out: handrail users remove {known}",
        )
    given = _password(known, settings)
    _give(store, known, given)
    click.echo(f"Changed the password of {known}, who has to sign in again.")
    given.show(known)


@users.command("sign-out")
@config_option
@click.argument("name")
def sign_out(config_file: Path, name: str) -> None:
    """End all sessions of an account, at once; the password stays."""
    store, known = _accounts(load_settings(config_file)), _name(name)
    if not staff.find(store, known):
        raise _unknown(known)
    ended = sessions.end_others(store, known, 0, now())
    click.echo(f"Ended {ended} {'session' if ended == 1 else 'sessions'} of {known}.")


@users.command("second-factor-off")
@config_option
@click.argument("name")
def second_factor_off(config_file: Path, name: str) -> None:
    """Let somebody begin anew who lost the device and the recovery codes: with a first password, and without codes.

    Hand it over as you did when you made the account, to somebody whom you know or whom you have called yourself.
    """
    store, known = _accounts(load_settings(config_file)), _name(name)
    found = staff.find(store, known)
    if not found:
        raise _unknown(known)
    if not found[0].second_factor:
        click.echo(f"{known} had no second factor.")
        return
    given = _first_password()
    _give(store, known, given)
    second_factors.turn_off(store, known, now())
    click.echo(f"{known} is asked for no code any more, and has to sign in again with another password.")
    given.show(known)


@users.command("role")
@config_option
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def role_(config_file: Path, name: str, role: Role) -> None:
    """Change the role of an account, at once."""
    store, known = _accounts(load_settings(config_file)), _name(name)
    found = staff.find(store, known)
    if not found or not staff.set_role(store, known, role, now()):
        raise _unknown(known)
    until = ", until their OpenID provider says otherwise at the next sign-in" if found[0].by_provider else ""
    click.echo(f"{known} is {'a lead' if role == 'lead' else 'an agent'} now{until}.")


@dataclass(frozen=True)
class _Given:
    """The password that an account gets; `first_until` where the command made it, until then good to choose another."""

    password: str = field(repr=False)
    first_until: datetime | None = None

    def show(self, name: str) -> None:
        """Show a first password, this once."""
        if self.first_until:
            ends = clock_time(self.first_until)
            click.echo(f"First password of {name}, shown only now: {self.password}")
            click.echo(f"It is good until {ends}, and for choosing one's own. Another: handrail users passwd {name}")


def _give(store: Store, name: str, given: _Given) -> None:
    """Change the password of an account. Raises HandrailError where it was removed meanwhile."""
    if not staff.set_password(store, name, passwords.hashed(given.password), now(), first_until=given.first_until):
        raise _unknown(name)


def _first_password() -> _Given:
    return _Given(passwords.new_first_password(), now() + FIRST_PASSWORD)


def _password(name: str, settings: Settings) -> _Given:
    """The line that a script gives on standard input; at a terminal, or without a line, a first password."""
    typed = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not typed:
        return _first_password()
    if refused := fault(typed, name, settings.site_name):
        raise HandrailError(refused.text(), "Choose a longer one; a sentence is easy to remember.")
    return _Given(typed)


def _name(typed: str) -> str:
    known = clean_name(typed)
    if not known:
        raise HandrailError(f"'{typed}' cannot be the name of an account.", _NAMES)
    return known


def _unknown(name: str) -> HandrailError:
    return HandrailError(f"There is no account {name}.", "See all: handrail users list")


def _refuse_wrong_place(settings: Settings) -> None:
    """A mistyped folder must not get a store."""
    if (
        not Store(settings.store_place).exists()
        and not settings.index_dir.exists()
        and not any((settings.root / f"mkdocs.{ending}").exists() for ending in ("yml", "yaml"))
    ):
        raise HandrailError(
            f"There is no site at {settings.root}.",
            "Go to the folder of mkdocs.yml, or name it: --config PATH/mkdocs.yml",
        )


def _accounts(settings: Settings) -> Store:
    """The store of this site, where the accounts are."""
    return open_store(settings, "no account was made yet", "Make one: handrail users add NAME")
