"""The second factors of accounts: what their app's secret is made from, the last code used, and recovery codes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from handrail_feedback.records.staff import AT_COMMAND_LINE, Doer
from handrail_feedback.storage.accounts import events
from handrail_feedback.storage.database import Connection, Store


def turn_on(store: Store, name: str, salt: str, step: int, recovery: Iterable[str], at: datetime, by: Doer) -> None:
    """Require codes from now on, none before the one of this step again; `recovery` are hashes."""
    with store.transaction(durable=True) as db:
        _forget(db, name)
        db.execute(
            "INSERT INTO staff_second_factors (name, salt, last_step) VALUES (:name, :salt, :step)",
            {"name": name, "salt": salt, "step": step},
        )
        db.executemany(
            "INSERT INTO staff_recovery_codes (name, code) VALUES (:name, :code)",
            [{"name": name, "code": code} for code in recovery],
        )
        events.note(db, "second_factor_on", name, at, by)


def turn_off(store: Store, name: str, at: datetime, by: Doer = AT_COMMAND_LINE) -> bool:
    """Require no codes any more; False when none were."""
    with store.transaction(durable=True) as db:
        was_on = _forget(db, name)
        if was_on:
            events.note(db, "second_factor_off", name, at, by)
    return was_on


def salt_of(store: Store, name: str) -> str:
    """What the secret of this account's app is made from; empty where there is no second factor."""
    rows = store.read("SELECT salt FROM staff_second_factors WHERE name = :name", name=name)
    return str(rows[0]["salt"]) if rows else ""


def use_step(store: Store, name: str, step: int) -> bool:
    """Use the code of this step of time up; False when it or a later one was used before."""
    with store.transaction(durable=True) as db:
        used = db.execute(
            "UPDATE staff_second_factors SET last_step = :step WHERE name = :name AND last_step < :step",
            {"name": name, "step": step},
        )
        return bool(used.rowcount)


def use_recovery_code(store: Store, name: str, code: str, at: datetime, by: Doer) -> bool:
    """Use up the recovery code with this hash; False when there is none."""
    with store.transaction(durable=True) as db:
        used = db.execute(
            "DELETE FROM staff_recovery_codes WHERE name = :name AND code = :code", {"name": name, "code": code}
        ).rowcount
        if used:
            events.note(db, "recovery_code_used", name, at, by)
    return bool(used)


def codes_left(store: Store, name: str) -> int:
    """How many recovery codes are left."""
    rows = store.read("SELECT count(*) AS number FROM staff_recovery_codes WHERE name = :name", name=name)
    return int(rows[0]["number"])


def _forget(db: Connection, name: str) -> bool:
    db.execute("DELETE FROM staff_recovery_codes WHERE name = :name", {"name": name})
    return bool(db.execute("DELETE FROM staff_second_factors WHERE name = :name", {"name": name}).rowcount)
