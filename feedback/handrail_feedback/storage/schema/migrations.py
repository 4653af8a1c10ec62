"""The migrations: steps from an empty or older store to the tables of this version, in SQLite and PostgreSQL alike.

One that was released is never edited: add another one below, and its tables where the others of its subject are.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from handrail_feedback.storage.engines.connection import Connection, Migration
from handrail_feedback.storage.schema import account_tables, tables, topic_tables

MIGRATIONS: list[Migration] = []

# All tables, each after those that it refers to.
TABLES = (
    "intents",
    "searches",
    "early_events",
    "openings",
    "votes",
    "vote_reasons",
    "learned",
    "learned_changes",
    "messages",
    "attachments",
    "answers",
    "outbox",
    "outbox_channels",
    "outbox_alarm",
    "receipts",
    "opened",
    "outcomes",
    "staff",
    "staff_sessions",
    "staff_events",
    "staff_second_factors",
    "staff_recovery_codes",
    "staff_identities",
    "topics",
    "topic_members",
    "topic_events",
    "topic_grouping",
    "topic_decisions",
    "topic_asked",
    "topic_proofs",
    "message_assignments",
    "message_looks",
    "topic_assignments",
    "topic_comments",
    "topic_looks",
    "topic_names",
    "tellings",
    "tellings_tally",
    "report_mails",
    "mailed",
    "unwanted",
    "job_runs",
    "service_notice",
    "withdrawals",
)


def known_migrations() -> set[str]:
    """The names of all steps that this version knows."""
    return {one.name for one in MIGRATIONS}


def migration(apply: Callable[[Connection], None]) -> Callable[[Connection], None]:
    """Add a step; the name of its function is its name in the store."""
    MIGRATIONS.append(Migration(apply.__name__, apply))
    return apply


@migration
def m001_searches_votes_and_messages(db: Connection) -> None:
    """The first tables."""
    db.define(*tables.FIRST.split(";\n"))


@migration
def m002_learned_questions(db: Connection) -> None:
    """What is known to answer what, and a number that says when that has changed."""
    db.define(*tables.LEARNED)
    # It begins anywhere, so that a store put in another one's place is seen as well.
    db.execute("INSERT INTO learned_changes VALUES (:number)", {"number": secrets.randbelow(10**12)})


@migration
def m003_outbox(db: Connection) -> None:
    """What is being delivered to a person, the state of the channels, and which messages belong together."""
    db.define(*tables.OUTBOX)


@migration
def m004_when_to_call_back(db: Connection) -> None:
    """A message may ask for a call at a chosen time."""
    db.define(*tables.CALLBACK)


@migration
def m005_what_goes_along(db: Connection) -> None:
    """A message may bring searches and articles that its writer ticked."""
    db.define(*tables.ALONG)


@migration
def m006_replies_and_attachments(db: Connection) -> None:
    """When a person first answered a message, and the files that came with it."""
    db.define(*tables.REPLIES_AND_ATTACHMENTS)


@migration
def m007_receipts(db: Connection) -> None:
    """Which customers get their reference code by mail."""
    db.define(*tables.RECEIPTS)


@migration
def m010_accounts_of_staff(db: Connection) -> None:
    """Who may sign in to answer."""
    db.define(*tables.STAFF)


@migration
def m011_answers(db: Connection) -> None:
    """What became of messages."""
    db.define(*tables.ANSWERS)


@migration
def m012_outcomes(db: Connection) -> None:
    """The article that answers a message, or that one is needed."""
    db.define(*tables.OUTCOMES)


@migration
def m020_topics(db: Connection) -> None:
    """Failed searches that mean the same, and what became of such topics."""
    db.define(*topic_tables.TOPICS)


@migration
def m021_topic_decisions(db: Connection) -> None:
    """What was decided on topics, by whom, when and why."""
    db.define(*topic_tables.DECISIONS)


@migration
def m022_decision_tokens(db: Connection) -> None:
    """Which form a decision came from."""
    db.define(*topic_tables.DECISION_TOKENS)


@migration
def m023_topics_proven(db: Connection) -> None:
    """How search answers topics now, when they were proven answered, and messages that need an article in them."""
    db.define(*topic_tables.PROVEN)


@migration
def m030_tell(db: Connection) -> None:
    """Who wants to hear when there is an answer to a question."""
    db.define(*tables.TELL)


@migration
def m040_reasons_of_votes(db: Connection) -> None:
    """Why an article helped or not, who voted by mistake, and every article that was opened from a search."""
    db.define(*tables.VOTE_REASON_COLUMNS)
    # Of searches before this, the article that was opened last is known.
    clicked = db.query("SELECT id, clicked_location, clicked_at FROM intents WHERE clicked_location IS NOT NULL")
    db.executemany(
        "INSERT INTO openings (intent_id, location, at) VALUES (:intent, :location, :at)",
        [
            {"intent": row["id"], "location": row["clicked_location"].partition("#")[0], "at": row["clicked_at"]}
            for row in clicked
            if row["clicked_at"]
        ],
    )


@migration
def m041_votes_by_tab(db: Connection) -> None:
    """A vote takes the place of its tab's earlier one, however many votes an article has."""
    db.define(*tables.VOTES_BY_TAB)


@migration
def m050_report_mails(db: Connection) -> None:
    """When the weekly report was mailed, so that it is mailed once."""
    db.define(*tables.WEEKLY_MAIL)


@migration
def m060_no_number_is_used_twice(db: Connection) -> None:
    """A row's number is never given to another one, even when it was the highest and is erased.

    What is being delivered is noted by number, and addresses of the desk hold numbers: what comes after an erased
    message must not be taken for it.
    """
    db.number_rows_for_good()


@migration
def m061_mail_that_nobody_confirmed(db: Connection) -> None:
    """How often an address was written to, and who wants no such mail, whatever is erased."""
    db.define(*tables.QUOTA)


@migration
def m062_answers_in_the_outbox(db: Connection) -> None:
    """Which row of the outbox sends which answer."""
    db.define(*tables.ANSWERS_IN_OUTBOX)


@migration
def m070_job_runs(db: Connection) -> None:
    """When jobs that run by themselves last succeeded."""
    db.define(*tables.JOB_RUNS)


@migration
def m071_files_of_jobs(db: Connection) -> None:
    """Which backup a store was put back from."""
    db.define(*tables.FILES_OF_JOBS)


@migration
def m074_asked_back(db: Connection) -> None:
    """Which searches were answered by asking what was meant."""
    db.define(*tables.ASKED_BACK)


@migration
def m077_service_notice(db: Connection) -> None:
    """What customers are told about an outage or a delay."""
    db.define(*tables.NOTICE)


@migration
def m083_triage(db: Connection) -> None:
    """Who takes care of a topic, and what staff say about it."""
    db.define(*topic_tables.TRIAGE)


@migration
def m084_handling(db: Connection) -> None:
    """Who takes care of a message, and who has it open."""
    db.define(*tables.HANDLING)


@migration
def m085_sessions_of_staff(db: Connection) -> None:
    """A session is a row of its own, with the hash of its token."""
    db.define(*account_tables.SESSIONS)


@migration
def m086_staff_events(db: Connection) -> None:
    """What happened to accounts."""
    db.define(*account_tables.EVENTS)


@migration
def m087_second_factors(db: Connection) -> None:
    """Codes of an app after the password, and recovery codes."""
    db.define(*account_tables.SECOND_FACTORS)


@migration
def m090_withdrawals(db: Connection) -> None:
    """What a script did and a lead took back, so that it counts for nothing."""
    db.define(*topic_tables.WITHDRAWALS)


@migration
def m095_topics_by_hand(db: Connection) -> None:
    """What leads renamed, split, merged and moved."""
    db.define(*topic_tables.BY_HAND)


@migration
def m096_identities(db: Connection) -> None:
    """Whom an OpenID provider vouches for."""
    db.define(*account_tables.IDENTITIES)


@migration
def m098_crowds(db: Connection) -> None:
    """Which tabs count as one person."""
    db.define(*topic_tables.CROWDS)


@migration
def m101_first_passwords(db: Connection) -> None:
    """Which passwords were made by the command, and until when they are good."""
    db.define(*account_tables.FIRST_PASSWORDS)
