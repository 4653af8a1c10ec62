"""The tables of topics, decisions and proofs in plain SQL, as migrations add them.

What was released is never edited.
"""

from __future__ import annotations

from handrail_feedback.storage.engines.connection import Trigger

TOPICS: tuple[str | Trigger, ...] = (
    """
    CREATE TABLE topics (                -- holds no words: a topic's are those of its searches
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      made_at TEXT NOT NULL,
      lang TEXT NOT NULL,                -- its searches' language; empty where languages are not kept apart
      mean BLOB NOT NULL,                -- of its different wordings' centred vectors; float32
      wordings INTEGER NOT NULL,
      ended_at TEXT                      -- when it was merged into another, or its last search was erased
    ) STRICT""",
    """
    CREATE TABLE topic_members (
      kind TEXT NOT NULL,                -- search: of `intents`
      id INTEGER NOT NULL,
      topic_id INTEGER NOT NULL REFERENCES topics (id),
      nearness REAL NOT NULL,            -- to what the topic's wordings have in common
      joined_at TEXT NOT NULL,
      PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX topic_members_by_topic ON topic_members (topic_id)",
    Trigger(
        "topic_members_erased",
        "DELETE",
        "intents",
        "DELETE FROM topic_members WHERE kind = 'search' AND id = OLD.id",
    ),
    """
    CREATE TABLE topic_events (
      id INTEGER PRIMARY KEY,
      at TEXT NOT NULL,
      topic_id INTEGER NOT NULL,
      change TEXT NOT NULL,              -- merged: into the other; split: from the other
      other_id INTEGER NOT NULL,
      searches INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX topic_events_by_topic ON topic_events (topic_id)",
    """
    CREATE TABLE topic_grouping (        -- at most one row: how all were grouped the last time
      at TEXT NOT NULL,
      encoder TEXT NOT NULL,
      centre BLOB NOT NULL,
      near REAL NOT NULL,
      searches INTEGER NOT NULL
    ) STRICT""",
)

DECISIONS: tuple[str, ...] = (
    """
    CREATE TABLE topic_decisions (       -- what was decided on topics; taken back ones stay, for the history
      id INTEGER PRIMARY KEY,
      topic_id INTEGER NOT NULL,
      decision TEXT NOT NULL,            -- writing, reword, out of scope, stays with people, spam
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      why TEXT NOT NULL,
      link TEXT NOT NULL,
      undone_at TEXT,
      undone_by TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE INDEX topic_decisions_by_topic ON topic_decisions (topic_id, at)",
)

DECISION_TOKENS: tuple[str, ...] = (
    "ALTER TABLE topic_decisions ADD COLUMN token TEXT",  # of the form, so that a double click is one decision
    "CREATE UNIQUE INDEX topic_decisions_by_token ON topic_decisions (token)",
)

PROVEN: tuple[str | Trigger, ...] = (
    """
    CREATE TABLE topic_asked (           -- how search answers a topic's searches now: figures and a place, no words
      topic_id INTEGER PRIMARY KEY,
      of TEXT NOT NULL,                  -- what was asked, of what: the state of search, how many searches
      at TEXT NOT NULL,
      generation TEXT NOT NULL,          -- of the index
      people INTEGER NOT NULL,
      answered INTEGER NOT NULL,         -- how many of them would get an answer
      location TEXT NOT NULL,            -- of the article that most of these find; empty where there is none
      found INTEGER NOT NULL             -- how many find that one
    ) STRICT""",
    """
    CREATE TABLE topic_proofs (          -- when a topic was proven answered, and when that was lost
      id INTEGER PRIMARY KEY,
      topic_id INTEGER NOT NULL,
      change TEXT NOT NULL,              -- proven, lost
      at TEXT NOT NULL,
      generation TEXT NOT NULL,
      people INTEGER NOT NULL,
      answered INTEGER NOT NULL,
      location TEXT NOT NULL,
      found INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX topic_proofs_by_topic ON topic_proofs (topic_id, id)",
    # A message that needs an article is in a topic until that is taken back, or the message erased.
    Trigger(
        "topic_messages_erased",
        "DELETE",
        "outcomes",
        "DELETE FROM topic_members WHERE kind = 'message' AND id = OLD.id",
    ),
    Trigger(
        "topic_messages_undone",
        "UPDATE OF undone_at",
        "outcomes",
        "DELETE FROM topic_members WHERE kind = 'message' AND id = NEW.id",
        "NEW.undone_at IS NOT NULL",
    ),
)

BY_HAND: tuple[str, ...] = (
    # What leads did, beside what grouping did; undone deeds stay, for the history.
    "ALTER TABLE topic_events ADD COLUMN who TEXT NOT NULL DEFAULT ''",  # empty: grouping
    "ALTER TABLE topic_events ADD COLUMN undone_at TEXT",
    "ALTER TABLE topic_events ADD COLUMN undone_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE topic_events ADD COLUMN made_id INTEGER",  # the topic that a lead took searches into
    "ALTER TABLE topic_events ADD COLUMN token TEXT",  # of the form, so that a double click is one deed
    "CREATE UNIQUE INDEX topic_events_by_token ON topic_events (token)",
    # Where grouping put it, if a lead wants it in another topic.
    "ALTER TABLE topic_members ADD COLUMN grouped_in INTEGER",
    """
    CREATE TABLE topic_names (           -- the names that leads gave, all of them; the newest of a topic counts
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      topic_id INTEGER NOT NULL,
      name TEXT NOT NULL,                -- empty: that of its searches again
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      token TEXT NOT NULL UNIQUE
    ) STRICT""",
    "CREATE INDEX topic_names_by_topic ON topic_names (topic_id, id)",
)

TRIAGE: tuple[str, ...] = (
    """
    CREATE TABLE topic_assignments (     -- who takes care of a topic, and by when they want it done
      topic_id INTEGER PRIMARY KEY,
      assignee TEXT NOT NULL,            -- empty: nobody
      due_on TEXT,                       -- a day, such as 2026-12-04
      at TEXT NOT NULL,
      who TEXT NOT NULL
    ) STRICT""",
    """
    CREATE TABLE topic_comments (        -- what staff say to each other about a topic
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      topic_id INTEGER NOT NULL,
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      words TEXT NOT NULL,
      token TEXT NOT NULL UNIQUE         -- of the form, so that a double click is one comment
    ) STRICT""",
    "CREATE INDEX topic_comments_by_topic ON topic_comments (topic_id, id)",
    """
    CREATE TABLE topic_looks (           -- who has a topic open; kept for an hour
      topic_id INTEGER NOT NULL,
      who TEXT NOT NULL,
      at TEXT NOT NULL,
      PRIMARY KEY (topic_id, who)
    ) STRICT, WITHOUT ROWID""",
)

WITHDRAWALS: tuple[str, ...] = (
    """
    CREATE TABLE withdrawals (           -- searches and votes of a span of time that count for nothing
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      since TEXT NOT NULL,
      until TEXT NOT NULL,
      searches INTEGER NOT NULL,
      votes INTEGER NOT NULL,
      undone_at TEXT
    ) STRICT""",
    "ALTER TABLE intents ADD COLUMN withdrawal_id INTEGER",
    "ALTER TABLE votes ADD COLUMN withdrawal_id INTEGER",
)

# The random name that many new tabs of one network share where they count as one person; NULL: counts for itself.
CROWDS: tuple[str, ...] = (
    "ALTER TABLE intents ADD COLUMN crowd TEXT",
    "ALTER TABLE votes ADD COLUMN crowd TEXT",
)
