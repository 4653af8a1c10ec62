"""Staff members, their roles and sessions, and what is remembered of what happened to accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

from handrail_feedback.records.stamps import Row, moment, moment_or_none

Role = Literal["agent", "lead"]
ROLES: tuple[Role, ...] = get_args(Role)
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")

# A session ends after this time, however much it is used.
LONGEST_SESSION = timedelta(hours=12)
# A password that the command made for somebody is good for signing in so long, and for nothing but choosing another.
FIRST_PASSWORD = timedelta(hours=72)
# How far clocks of several machines may be apart.
_APART = timedelta(minutes=5)

# What happens to accounts. The second kind is what anybody can cause who finds the sign-in page, or an open session.
BY_STRANGERS = frozenset(
    {
        "not_allowed",
        "openid_failed",
        "openid_full",
        "openid_no_role",
        "openid_removed",
        "refused",
        "second_factor_refused",
    }
)
Happening = Literal[
    "account_made",
    "account_removed",
    "file_downloaded",
    "not_allowed",
    "openid_failed",
    "openid_full",
    "openid_no_role",
    "openid_readmitted",
    "openid_removed",
    "password_changed",
    "recovery_code_used",
    "refused",
    "role_changed",
    "second_factor_off",
    "second_factor_on",
    "second_factor_refused",
    "session_ended",
    "sessions_ended",
    "signed_in",
    "signed_out",
]
EVENTS_KEPT = timedelta(days=180)
# What somebody tries that their role does not allow is noted once in this time, however often they try it.
NOTED_AGAIN = timedelta(hours=1)


@dataclass(frozen=True)
class StaffMember:
    """A person who may sign in to the desk: with a password, or `by_provider`, who then says which role they have.

    Whose password was made by the command has `first_until`: until then it can be used to choose another.
    """

    name: str
    role: Role
    made_at: datetime
    signed_in_at: datetime | None
    second_factor: bool = False
    by_provider: bool = False
    first_until: datetime | None = None


@dataclass(frozen=True)
class Doer:
    """Who does something to an account: the name of another one or the same, and the kind of browser.

    Both are empty at the command line, and the name for somebody who has no account.
    """

    name: str = ""
    browser: str = ""


AT_COMMAND_LINE = Doer()


@dataclass(frozen=True)
class Session:
    """A session of somebody on one device. `seen_at` is right within a minute."""

    number: int
    made_at: datetime
    seen_at: datetime
    browser: str


@dataclass(frozen=True)
class StaffEvent:
    """What happened to an account: `name` is empty where there is none of that name, `detail` is such as a new role."""

    at: datetime
    what: str
    name: str
    by: Doer
    detail: str


def needs_factor(setting: str, role: Role | None) -> bool:
    """Whether whoever has this role needs a second factor, by the setting `desk_second_factor`."""
    return setting == "all" or (setting == "leads" and role == "lead")


def member_of(row: Row) -> StaffMember:
    """The account in a row of the store."""
    signed_in = moment_or_none(row["signed_in_at"])
    made, has_factor, first = moment(row["made_at"]), row["salt"] is not None, moment_or_none(row["first_until"])
    return StaffMember(row["name"], row["role"], made, signed_in, has_factor, row["by_provider"] == 1, first)


def goes_on(session: Session, at: datetime, idle: timedelta) -> bool:
    """Whether a session has not ended by itself. One from the future is no session: a clock was wrong."""
    ahead = session.made_at - at > _APART
    return not ahead and at - session.made_at < LONGEST_SESSION and at - session.seen_at < idle


def clean_name(typed: str) -> str:
    """The name as it is stored; empty if it is not a valid name."""
    name = typed.strip().lower()
    return name if _NAME.fullmatch(name) else ""
