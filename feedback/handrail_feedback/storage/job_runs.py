"""When jobs that run by themselves last succeeded, so that monitoring sees it whoever ran them, and after a restart."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

from handrail_feedback.records.stamps import moment, stamp
from handrail_feedback.storage.database import Store

JobName = Literal["backup", "delivery", "erasure", "restore", "topics", "weekly_report"]
JOBS: tuple[JobName, ...] = get_args(JobName)


def note_success(store: Store, job: JobName, at: datetime, file: str = "") -> None:
    """Note that a job succeeded; of a restore, the backup that was put back. Raises StoreUnavailable."""
    note_moment(store, job, at, file)


def note_moment(store: Store, name: str, at: datetime, file: str = "") -> None:
    """Note a moment under a name that is none of a job. Raises StoreUnavailable."""
    with store.transaction() as db:
        db.execute(
            """INSERT INTO job_runs (name, succeeded_at, file) VALUES (:name, :at, :file)
               ON CONFLICT (name) DO UPDATE SET succeeded_at = excluded.succeeded_at, file = excluded.file""",
            {"name": name, "at": stamp(at), "file": file},
        )


def last_successes(store: Store) -> dict[str, datetime]:
    """When each job last succeeded, and other moments; those that never were are missing. Raises StoreUnavailable."""
    return {row["name"]: moment(row["succeeded_at"]) for row in store.read("SELECT name, succeeded_at FROM job_runs")}


def restored_from(store: Store) -> str:
    """The backup that was put back last; empty where none was. Raises StoreUnavailable."""
    return next((row["file"] for row in store.read("SELECT file FROM job_runs WHERE name = 'restore'")), "")
