"""A store with rows in every table, as customers, agents and the service write them, with awkward text."""

from __future__ import annotations

from datetime import timedelta

from handrail_feedback.contracts import Meaning
from handrail_feedback.records.mailings import Wish
from handrail_feedback.records.messages import Attachment, Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.records.searches import SearchEvent, Vote
from handrail_feedback.records.staff import Doer
from handrail_feedback.search_log import SearchLog
from handrail_feedback.storage.accounts import identities, second_factors, sessions, staff
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.answers import answer_by_mail, name_article, needs_article, note_opened
from handrail_feedback.storage.messages.mail_quota import Recipient, refuse
from handrail_feedback.storage.messages.mailings import ask_to_be_told
from handrail_feedback.storage.messages.messages import forget_message, keep_message
from handrail_feedback.storage.searches.decisions import decide
from handrail_feedback.storage.searches.topics import topics
from handrail_feedback.storage.searches.votes import keep_vote
from handrail_feedback.topics.refresh import refresh

from .conftest import NOON, by_last_word, search

AWKWARD = (
    "ends in a backslash\\, has\ta tab, 'quotes', \"more\", 100 % of :names, ⛔ \u202e Łódź 日本\r\n\\.\n\\N and NULL"
)
# What a program read, or a picture: every byte there is.
CONTENT = bytes(range(256)) * 3
KEY = "a key that is not in the store"
_BY_THEMSELVES = (
    "INSERT INTO early_events (search_id, at, event) VALUES ('nobody-wrote-it', '2026-03-02T12:00:00.000Z', '{}')",
    """INSERT INTO topic_events (at, topic_id, change, other_id, searches)
       VALUES ('2026-03-02T12:00:00.000Z', 1, 'merged', 2, 9007199254740993)""",
    """INSERT INTO topic_asked (topic_id, of, at, generation, people, answered, location, found)
       VALUES (1, 'state', '2026-03-02T12:00:00.000Z', 'g1', 3, 1, 'guide/', 1)""",
    """INSERT INTO topic_proofs (topic_id, change, at, generation, people, answered, location, found)
       VALUES (1, 'proven', '2026-03-02T12:00:00.000Z', 'g1', 3, 3, 'guide/', 3)""",
    """INSERT INTO topic_assignments (topic_id, assignee, at, who)
       VALUES (1, 'anna', '2026-03-02T12:00:00.000Z', 'bert')""",
    """INSERT INTO topic_comments (topic_id, at, who, words, token)
       VALUES (1, '2026-03-02T12:00:00.000Z', 'anna', 'it''s about 7 %', 'form')""",
    """INSERT INTO message_assignments (code, assignee, at, who)
       SELECT code, 'anna', '2026-03-02T12:00:00.000Z', 'bert' FROM messages LIMIT 1""",
    """INSERT INTO message_looks (code, who, at)
       SELECT code, 'anna', '2026-03-02T12:00:00.000Z' FROM messages LIMIT 1""",
    """INSERT INTO topic_names (topic_id, name, at, who, token)
       VALUES (1, 'it''s about 7 %', '2026-03-02T12:00:00.000Z', 'anna', 'form')""",
    "INSERT INTO topic_looks (topic_id, who, at) VALUES (1, 'anna', '2026-03-02T12:00:00.000Z')",
    "INSERT INTO report_mails (due_at, next_at) VALUES ('2026-03-02T08:00:00.000Z', NULL)",
    """INSERT INTO withdrawals (at, who, since, until, searches, votes)
       VALUES ('2026-03-02T12:00:00.000Z', 'lead', '2026-03-02T11:00:00.000Z', '2026-03-02T12:00:00.000Z', 0, 0)""",
    "INSERT INTO outbox_channels (name, delivered) VALUES ('mail', 7)",
    "INSERT INTO service_notice (words, level, said_at, in_languages)"
    " VALUES ('Slow', 'warning', '2026-03-02T12:00:00.000Z', '{}')",
    "INSERT INTO job_runs (name, succeeded_at) VALUES ('topics', '2026-03-02T12:00:00.000Z')",
    "UPDATE outbox_alarm SET told_at = '2026-03-02T12:00:00.000Z'",
)


def fill(store: Store) -> None:
    """Let everything happen once or twice."""
    _searches(store)
    _messages(store)
    staff.add(store, "anna", "lead", "the hash of a password", NOON)
    sessions.begin(store, "anna", NOON, Doer("anna", "Firefox, Łinux"))
    second_factors.turn_on(store, "anna", "a salt", 7, ["a hash", "another"], NOON, Doer("anna"))
    identities.admit(store, identities.Identity("https://id.example.com", "248289", "carla"), "agent", NOON, "")
    refresh(store, Meaning("test", by_last_word), NOON + timedelta(hours=1), regroup=True)
    decide(store, next(iter(topics(store))), "writing", "anna", NOON, why=AWKWARD, token="form")
    ask_to_be_told(store, Wish("how do I feed a walrus", "bert@acme.test", "en", NOON), KEY)
    with store.transaction() as db:
        refuse(db, Recipient("cora@acme.test", KEY), NOON)
        for statement in _BY_THEMSELVES:
            db.execute(statement)


def _searches(store: Store) -> None:
    log = SearchLog(store, retention_days=36_500)
    asked = [
        search(f"{words} walrus", 60 * number, f"tab-{number}", verdict="none")
        for number, words in enumerate((AWKWARD, "feed the", "wash a", "where is my"))
    ]
    answered = search("forgot my password", 600, "tab-of-a-voter")
    for one in (*asked, answered):
        log.record(one)
    log.event(SearchEvent(answered.search_id, "click", NOON + timedelta(seconds=605), "guide/reset/", 1))
    assert log.close()
    vote = Vote("guide/reset/", False, NOON, AWKWARD, answered.search_id, "tab-of-a-voter", ("unclear", "outdated"))
    keep_vote(store, vote)


def _messages(store: Store) -> None:
    picture = Attachment("a 'picture'.png", "image/png", len(CONTENT), content=CONTENT)
    written = Message(AWKWARD, "Łódź", "anna@acme.test", "en", NOON, "form-1", attachments=(picture, picture))
    to = Recipient("anna@acme.test", KEY)
    code = keep_message(store, written, parse_routes("mail > folder"), receipt_to=to)
    note_opened(store, code, "anna", NOON)
    answer_by_mail(store, code, AWKWARD, "anna@acme.test", "anna", NOON, "form-2")
    name_article(store, code, "guide/reset/", ["how do I reset it", "lost my code"], "anna", NOON, "form-3")
    needs_article(store, code, ["where is the printer"], "anna", NOON, "form-4")
    # The highest number of each was given to what is erased.
    erased = keep_message(store, Message("erase me", "", "", "en", NOON, "form-5", attachments=(picture,)))
    forget_message(store, erased)
