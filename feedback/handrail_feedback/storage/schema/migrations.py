"""The migrations: steps from an empty or older store to the tables of this version.

One that was released is never edited: add another one below, and its tables where the others of its subject are.
"""

from __future__ import annotations

import re

from handrail_feedback.storage.engines.sqlite import Database, Migrations
from handrail_feedback.storage.schema import tables, topic_tables

migrations = Migrations("handrail")


@migrations()
def m001_searches_votes_and_messages(db: Database) -> None:
    """The first tables."""
    for statement in tables.FIRST.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m002_learned_questions(db: Database) -> None:
    """What is known to answer what, and a number that says when that has changed."""
    for statement in tables.LEARNED:
        db.execute(statement)


@migrations()
def m003_outbox(db: Database) -> None:
    """What is being delivered to a person, the state of the channels, and which messages belong together."""
    for statement in tables.OUTBOX:
        db.execute(statement)


@migrations()
def m004_when_to_call_back(db: Database) -> None:
    """A message may ask for a call at a chosen time."""
    for statement in tables.CALLBACK:
        db.execute(statement)


@migrations()
def m005_what_goes_along(db: Database) -> None:
    """A message may bring searches and articles that its writer ticked."""
    for statement in tables.ALONG:
        db.execute(statement)


@migrations()
def m006_replies_and_attachments(db: Database) -> None:
    """When a person first answered a message, and the files that came with it."""
    for statement in tables.REPLIES_AND_ATTACHMENTS:
        db.execute(statement)


@migrations()
def m007_receipts(db: Database) -> None:
    """Which customers get their reference code by mail."""
    for statement in tables.RECEIPTS:
        db.execute(statement)


@migrations()
def m010_accounts_of_staff(db: Database) -> None:
    """Who may sign in to answer."""
    for statement in tables.STAFF:
        db.execute(statement)


@migrations()
def m011_answers(db: Database) -> None:
    """What became of messages."""
    for statement in tables.ANSWERS:
        db.execute(statement)


@migrations()
def m012_outcomes(db: Database) -> None:
    """The article that answers a message, or that one is needed."""
    for statement in tables.OUTCOMES:
        db.execute(statement)


@migrations()
def m020_topics(db: Database) -> None:
    """Failed searches that mean the same, and what became of such topics."""
    for statement in topic_tables.TOPICS:
        db.execute(statement)


@migrations()
def m021_topic_decisions(db: Database) -> None:
    """What was decided on topics, by whom, when and why."""
    for statement in topic_tables.DECISIONS:
        db.execute(statement)


@migrations()
def m022_decision_tokens(db: Database) -> None:
    """Which form a decision came from."""
    for statement in topic_tables.DECISION_TOKENS:
        db.execute(statement)


@migrations()
def m023_topics_proven(db: Database) -> None:
    """How search answers topics now, when they were proven answered, and messages that need an article in them."""
    for statement in topic_tables.PROVEN:
        db.execute(statement)


@migrations()
def m030_tell(db: Database) -> None:
    """Who wants to hear when there is an answer to a question."""
    for statement in tables.TELL:
        db.execute(statement)


@migrations()
def m040_reasons_of_votes(db: Database) -> None:
    """Why an article helped or not, who voted by mistake, and every article that was opened from a search."""
    for statement in tables.VOTE_REASON_COLUMNS:
        db.execute(statement)


@migrations()
def m041_votes_by_tab(db: Database) -> None:
    """A vote takes the place of its tab's earlier one, however many votes an article has."""
    for statement in tables.VOTES_BY_TAB:
        db.execute(statement)


@migrations()
def m050_report_mails(db: Database) -> None:
    """When the weekly report was mailed, so that it is mailed once."""
    for statement in tables.WEEKLY_MAIL:
        db.execute(statement)


@migrations()
def m060_no_number_is_used_twice(db: Database) -> None:
    """A row's number is never given to another one, even when it was the highest and is erased.

    What is being delivered is noted by number, and addresses of the desk hold numbers: what comes after an erased
    message must not be taken for it. Tables are made again, since SQLite cannot change them so. Foreign keys must be
    off meanwhile.
    """
    triggers = _statements(db, "trigger")
    for name, _ in triggers:
        db.execute(f"DROP TRIGGER {name}")
    for table, statement in _statements(db, "table"):
        new = statement.replace("id INTEGER PRIMARY KEY,", "id INTEGER PRIMARY KEY AUTOINCREMENT,", 1)
        if new != statement and "topic_id INTEGER PRIMARY KEY," not in statement:
            _make_anew(db, table, new)
    for _, statement in triggers:
        db.execute(statement)


@migrations()
def m061_mail_that_nobody_confirmed(db: Database) -> None:
    """How often an address was written to, and who wants no such mail, whatever is erased."""
    for statement in tables.QUOTA:
        db.execute(statement)


@migrations()
def m062_answers_in_the_outbox(db: Database) -> None:
    """Which row of the outbox sends which answer."""
    for statement in tables.ANSWERS_IN_OUTBOX:
        db.execute(statement)


def _make_anew(db: Database, table: str, statement: str) -> None:
    """Give a table another definition and the same rows and indexes."""
    indexes = _statements(db, "index", table)
    named = re.sub(r"^CREATE TABLE \S+", "CREATE TABLE made_anew", statement)
    db.execute(named)
    db.execute(f"INSERT INTO made_anew SELECT * FROM {table}")  # noqa: S608 (our own words)
    db.execute(f"DROP TABLE {table}")
    db.execute(f"ALTER TABLE made_anew RENAME TO {table}")
    for _, index in indexes:
        db.execute(index)


def _statements(db: Database, kind: str, table: str = "") -> list[tuple[str, str]]:
    """Names and definitions of what is in the store: of a kind, and of one table where it is named."""
    found = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = :kind AND sql IS NOT NULL AND :table IN ('', tbl_name) "
        "ORDER BY rowid",
        {"kind": kind, "table": table},
    )
    return [(str(row[0]), str(row[1])) for row in found.fetchall()]
