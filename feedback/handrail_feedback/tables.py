"""The tables that later migrations add to the store, in plain SQL. What was released is never edited."""

from __future__ import annotations

LEARNED: tuple[str, ...] = (
    """
    CREATE TABLE learned (
      id INTEGER PRIMARY KEY,
      key TEXT NOT NULL,                 -- of question and page, however the question is written
      question TEXT NOT NULL,            -- redacted; empty where the words are gone and only the decision stays
      location TEXT NOT NULL,            -- of the page, without anchor
      source TEXT NOT NULL,              -- writer, agent, import; customer: what was decided on a question of votes
      who TEXT NOT NULL,                 -- a name, or the file it came from
      search_id TEXT,                    -- the search it answers, where there was one
      at TEXT NOT NULL,
      removed_at TEXT,
      promoted_at TEXT,
      UNIQUE (key, source, who)
    ) STRICT""",
    "CREATE INDEX learned_by_time ON learned (at)",
    # A number that differs after every change of what is known, so that every process can see cheaply that there is
    # something new. Triggers, because what votes teach also changes when a search is written, merged or erased.
    # It begins anywhere, so that a store put in another one's place is seen as well.
    "CREATE TABLE learned_changes (number INTEGER NOT NULL) STRICT",
    "INSERT INTO learned_changes VALUES (abs(random() % 1000000000000))",
    *(
        f"CREATE TRIGGER learned_by_{table}_{event.split()[0].lower()} AFTER {event} ON {table} {condition} "  # noqa: S608 (our own words)
        "BEGIN UPDATE learned_changes SET number = number + 1; END"
        for table, event, condition in (
            ("learned", "INSERT", ""),
            ("learned", "UPDATE", ""),
            ("learned", "DELETE", ""),
            ("votes", "INSERT", ""),
            ("votes", "UPDATE", ""),
            ("votes", "DELETE", ""),
            ("searches", "INSERT", "WHEN EXISTS (SELECT 1 FROM votes WHERE search_id = NEW.search_id)"),
            ("searches", "DELETE", "WHEN EXISTS (SELECT 1 FROM votes WHERE search_id = OLD.search_id)"),
            (
                "intents",
                "UPDATE OF query, results, bot, staff",
                """WHEN (OLD.query, OLD.results, OLD.bot, OLD.staff) <> (NEW.query, NEW.results, NEW.bot, NEW.staff)
                AND EXISTS (SELECT 1 FROM searches JOIN votes USING (search_id) WHERE searches.intent_id = NEW.id)""",
            ),
        )
    ),
)

OUTBOX: tuple[str, ...] = (
    # The first message of several about one thing; empty for that one itself.
    "ALTER TABLE messages ADD COLUMN follows TEXT NOT NULL DEFAULT ''",
    """
    CREATE TABLE outbox (                -- a message on one of its routes; holds none of its words
      id INTEGER PRIMARY KEY,
      code TEXT NOT NULL REFERENCES messages (code) ON DELETE CASCADE,
      thread TEXT NOT NULL,              -- code of the first message of its thread, often its own
      route TEXT NOT NULL,               -- 'mail > folder'
      channel TEXT NOT NULL,             -- the way it is on, or was delivered by
      state TEXT NOT NULL DEFAULT 'waiting',  -- waiting, delivered
      queued_at TEXT NOT NULL,
      next_at TEXT NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,    -- one after the other, by this channel
      failing_since TEXT,
      last_error TEXT NOT NULL DEFAULT '',
      last_said TEXT NOT NULL DEFAULT '',     -- by the other side; it may quote the message
      last_mend TEXT NOT NULL DEFAULT '',
      claim TEXT,                        -- whoever is delivering it now, until when
      claimed_until TEXT,
      delivered_at TEXT,
      UNIQUE (code, route)
    ) STRICT""",
    "CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state = 'waiting'",
    "CREATE INDEX outbox_by_thread ON outbox (thread, route) WHERE state = 'waiting'",
    """
    CREATE TABLE outbox_channels (
      name TEXT PRIMARY KEY,             -- mail, webhook, folder
      delivered INTEGER NOT NULL DEFAULT 0,
      failed INTEGER NOT NULL DEFAULT 0,      -- attempts, ever
      failures INTEGER NOT NULL DEFAULT 0,    -- of the channel itself, one after the other
      failing_since TEXT,
      rest_until TEXT,
      last_error TEXT NOT NULL DEFAULT '',
      last_mend TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE outbox_alarm (told_at TEXT) STRICT",
    "INSERT INTO outbox_alarm VALUES (NULL)",
)

TOPICS: tuple[str, ...] = (
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
    """
    CREATE TRIGGER topic_members_erased AFTER DELETE ON intents
    BEGIN DELETE FROM topic_members WHERE kind = 'search' AND id = OLD.id; END""",
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
