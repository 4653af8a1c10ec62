"""The tables of the store in plain SQL, as migrations add them. What was released is never edited."""

from __future__ import annotations

from handrail_feedback.storage.engines.connection import Trigger

FIRST = """
CREATE TABLE intents (
  id INTEGER PRIMARY KEY,
  tab TEXT,                            -- random, made by the browser tab, gone with it; NULL: unknown
  query TEXT NOT NULL,                 -- redacted
  shape TEXT NOT NULL,                 -- the query as it is compared: lower case, numbers as #
  lang TEXT NOT NULL,
  verdict TEXT NOT NULL,
  mode TEXT NOT NULL,
  degraded INTEGER NOT NULL,
  fallback_reason TEXT,
  results TEXT NOT NULL,               -- JSON: [[location, score, shown at once], ...], best first
  shown_id TEXT NOT NULL,              -- the search whose words and results stand in this row
  shown_at TEXT NOT NULL,
  first_at TEXT NOT NULL,
  last_at TEXT NOT NULL,
  keystrokes INTEGER NOT NULL,
  source TEXT NOT NULL,
  bot INTEGER NOT NULL,
  staff INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL DEFAULT 0,
  clicked_location TEXT,
  clicked_position INTEGER,
  clicked_at TEXT,
  said_no_at TEXT,
  contacted_at TEXT,
  left_at TEXT
) STRICT;
CREATE INDEX intents_by_tab ON intents (tab, first_at);
CREATE INDEX intents_by_time ON intents (last_at);
CREATE TABLE searches (
  search_id TEXT PRIMARY KEY,
  intent_id INTEGER NOT NULL REFERENCES intents (id) ON DELETE CASCADE,
  at TEXT NOT NULL,
  answer TEXT                          -- JSON of what was shown; erased once the intent has settled
) STRICT, WITHOUT ROWID;
CREATE INDEX searches_by_intent ON searches (intent_id);
CREATE INDEX searches_unsettled ON searches (at) WHERE answer IS NOT NULL;
CREATE TABLE early_events (             -- events whose search another process has not written yet
  id INTEGER PRIMARY KEY,
  search_id TEXT NOT NULL,
  at TEXT NOT NULL,
  event TEXT NOT NULL
) STRICT;
CREATE INDEX early_events_by_search ON early_events (search_id);
CREATE TABLE votes (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  location TEXT NOT NULL,
  helpful INTEGER NOT NULL,
  comment TEXT NOT NULL,               -- redacted
  search_id TEXT,                      -- leads to the intent through `searches`, whichever is written first
  tab TEXT
) STRICT;
CREATE INDEX votes_by_location ON votes (location, at);
CREATE INDEX votes_by_search ON votes (search_id);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  at TEXT NOT NULL,
  lang TEXT NOT NULL,
  subject TEXT NOT NULL,
  message TEXT NOT NULL,               -- as written: it goes to a person
  reply_to TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  fingerprint TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_fingerprint ON messages (fingerprint, at);
CREATE INDEX messages_by_state ON messages (state, at)
"""

LEARNED: tuple[str | Trigger, ...] = (
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
    "CREATE TABLE learned_changes (number INTEGER NOT NULL) STRICT",
    *(
        Trigger(
            f"learned_by_{table}_{event.split()[0].lower()}",
            event,
            table,
            "UPDATE learned_changes SET number = number + 1",
            condition,
        )
        for table, event, condition in (
            ("learned", "INSERT", ""),
            ("learned", "UPDATE", ""),
            ("learned", "DELETE", ""),
            ("votes", "INSERT", ""),
            ("votes", "UPDATE", ""),
            ("votes", "DELETE", ""),
            ("searches", "INSERT", "EXISTS (SELECT 1 FROM votes WHERE search_id = NEW.search_id)"),
            ("searches", "DELETE", "EXISTS (SELECT 1 FROM votes WHERE search_id = OLD.search_id)"),
            (
                "intents",
                "UPDATE OF query, results, bot, staff",
                """(OLD.query, OLD.results, OLD.bot, OLD.staff) <> (NEW.query, NEW.results, NEW.bot, NEW.staff)
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

CALLBACK: tuple[str, ...] = (
    # When the customer wants to be called, in the form's words or their own; empty: not at all.
    "ALTER TABLE messages ADD COLUMN callback TEXT NOT NULL DEFAULT ''",
)

ALONG: tuple[str, ...] = (
    # JSON: [{kind, text, location}, ...], the context that the customer ticked to share, as they saw it.
    "ALTER TABLE messages ADD COLUMN along TEXT NOT NULL DEFAULT '[]'",
)

REPLIES_AND_ATTACHMENTS: tuple[str, ...] = (
    "CREATE INDEX messages_by_time ON messages (at)",
    "ALTER TABLE messages ADD COLUMN first_reply_at TEXT",  # when a person first answered it; NULL: not yet
    """
    CREATE TABLE attachments (
      id INTEGER PRIMARY KEY,
      code TEXT NOT NULL REFERENCES messages (code) ON DELETE CASCADE,
      name TEXT NOT NULL,                -- made harmless, with the ending that fits the content
      type TEXT NOT NULL,                -- as its first bytes say: image/png, application/pdf ...
      size INTEGER NOT NULL,             -- bytes
      content BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX attachments_by_code ON attachments (code)",
)

RECEIPTS: tuple[str, ...] = (
    """
    CREATE TABLE receipts (              -- the reference code by mail, to the customer
      code TEXT PRIMARY KEY REFERENCES messages (code) ON DELETE CASCADE,
      address TEXT NOT NULL,
      at TEXT NOT NULL,
      next_at TEXT,                      -- when it is tried next; NULL: sent, or refused for good
      attempts INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX receipts_due ON receipts (next_at) WHERE next_at IS NOT NULL",
    "CREATE INDEX receipts_by_address ON receipts (address, at)",
)

STAFF: tuple[str, ...] = (
    """
    CREATE TABLE staff (                 -- the people who answer
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      role TEXT NOT NULL,                -- agent, lead
      password TEXT NOT NULL,            -- its hash
      session TEXT NOT NULL UNIQUE,      -- what their sessions carry; a new one ends them
      made_at TEXT NOT NULL,
      signed_in_at TEXT
    ) STRICT""",
)

ANSWERS: tuple[str, ...] = (
    """
    CREATE TABLE answers (
      id INTEGER PRIMARY KEY,
      code TEXT NOT NULL REFERENCES messages (code) ON DELETE CASCADE,
      thread TEXT NOT NULL,              -- code of the first message of its thread, often its own
      at TEXT NOT NULL,
      who TEXT NOT NULL,                 -- name of the account
      way TEXT NOT NULL,                 -- mail, elsewhere, nothing
      words TEXT NOT NULL DEFAULT '',    -- of a mail, as written
      recipient TEXT NOT NULL DEFAULT '',
      token TEXT NOT NULL UNIQUE,        -- of the form, so that a double click is one answer
      bounced_at TEXT,                   -- when one refused it for good
      undone_at TEXT,
      undone_by TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE INDEX answers_by_thread ON answers (thread, at)",
    "CREATE INDEX answers_by_code ON answers (code)",
    "CREATE INDEX messages_by_follows ON messages (follows) WHERE follows <> ''",
    """
    CREATE TABLE opened (                -- who read a message at the desk first
      code TEXT PRIMARY KEY REFERENCES messages (code) ON DELETE CASCADE,
      at TEXT NOT NULL,
      who TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

OUTCOMES: tuple[str, ...] = (
    """
    CREATE TABLE outcomes (              -- what messages led to, as those who answered them say
      id INTEGER PRIMARY KEY,
      code TEXT NOT NULL REFERENCES messages (code) ON DELETE CASCADE,
      thread TEXT NOT NULL,
      kind TEXT NOT NULL,                -- article: there is one; needs: there is none, and should be
      location TEXT NOT NULL,            -- of the article
      questions TEXT NOT NULL,           -- JSON, redacted: what it answers, or what nothing answers
      taught TEXT NOT NULL,              -- JSON: ids in `learned` that are in force because of this
      at TEXT NOT NULL,
      who TEXT NOT NULL,
      token TEXT NOT NULL UNIQUE,        -- of the form, so that a double click is one outcome
      undone_at TEXT,
      undone_by TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    "CREATE INDEX outcomes_by_thread ON outcomes (thread)",
    "CREATE INDEX outcomes_by_code ON outcomes (code)",
    "CREATE INDEX outcomes_by_kind ON outcomes (kind, at)",
)

TELL: tuple[str, ...] = (
    """
    CREATE TABLE tellings (              -- questions whose askers want to hear when there is an answer
      id INTEGER PRIMARY KEY,
      search_id TEXT NOT NULL,           -- of the search that failed; empty: unknown
      question TEXT NOT NULL,            -- redacted
      lang TEXT NOT NULL,
      address TEXT NOT NULL,
      seed TEXT NOT NULL,                -- the links' token is made from it, with a key that is not in the store
      token TEXT NOT NULL UNIQUE,        -- the hash of that token
      state TEXT NOT NULL DEFAULT 'unconfirmed',  -- unconfirmed, waiting, answered
      at TEXT NOT NULL,
      ends_at TEXT NOT NULL,             -- when it is erased, whatever its state
      next_at TEXT,                      -- when there is something to do next: a mail, or asking search again
      attempts INTEGER NOT NULL DEFAULT 0,    -- at the mail of this state
      asked_of TEXT NOT NULL DEFAULT '',      -- the state of search that had no answer
      location TEXT NOT NULL DEFAULT '',      -- of the article that answers it
      title TEXT NOT NULL DEFAULT '',
      answered_at TEXT
    ) STRICT""",
    "CREATE INDEX tellings_due ON tellings (next_at) WHERE next_at IS NOT NULL",
    "CREATE INDEX tellings_by_end ON tellings (ends_at)",
    "CREATE INDEX tellings_by_address ON tellings (address, at)",
    "CREATE INDEX tellings_by_search ON tellings (search_id) WHERE search_id <> ''",
    """
    CREATE TABLE tellings_tally (        -- all that is left of those that are erased: how many, by day
      day TEXT NOT NULL,
      what TEXT NOT NULL,                -- asked, confirmed, told, withdrawn, expired, refused
      count INTEGER NOT NULL,
      PRIMARY KEY (day, what)
    ) STRICT, WITHOUT ROWID""",
)

VOTE_REASON_COLUMNS: tuple[str, ...] = (
    "ALTER TABLE votes ADD COLUMN bot INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE votes ADD COLUMN staff INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX votes_by_time ON votes (at)",
    """
    CREATE TABLE vote_reasons (
      vote_id INTEGER NOT NULL REFERENCES votes (id) ON DELETE CASCADE,
      reason TEXT NOT NULL,              -- a code of `handrail_kb.site.vote_form`
      PRIMARY KEY (vote_id, reason)
    ) STRICT, WITHOUT ROWID""",
    """
    CREATE TABLE openings (              -- which articles were opened from a search, each once
      intent_id INTEGER NOT NULL REFERENCES intents (id) ON DELETE CASCADE,
      location TEXT NOT NULL,            -- of the page, without anchor
      at TEXT NOT NULL,                  -- the first time
      PRIMARY KEY (intent_id, location)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX openings_by_location ON openings (location, at)",
    "CREATE INDEX openings_by_time ON openings (at)",
)

WEEKLY_MAIL: tuple[str, ...] = (
    """
    CREATE TABLE report_mails (          -- the weekly report by mail, a row for each time that it is to be sent
      due_at TEXT PRIMARY KEY,
      next_at TEXT,                      -- when it is tried; empty: it is sent, or mails begin with the next one
      attempts INTEGER NOT NULL DEFAULT 0,
      sent_at TEXT
    ) STRICT, WITHOUT ROWID""",
)

QUOTA: tuple[str, ...] = (
    # Of nobody's message: erasing one erases no count.
    "CREATE TABLE mailed (who TEXT NOT NULL, at TEXT NOT NULL) STRICT",  # keyed hash of an address; for a day
    "CREATE INDEX mailed_by_who ON mailed (who)",
    "CREATE TABLE unwanted (who TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID",  # who withdrew
)

VOTES_BY_TAB: tuple[str, ...] = ("CREATE INDEX votes_by_tab ON votes (tab, location) WHERE tab IS NOT NULL",)

# The answer by whose name a row of the outbox goes, where it was written without the answer's number.
_BY_NAME = """
  SELECT answers.id FROM answers WHERE answers.code = outbox.code AND 'answer ' || answers.id = outbox.route"""
ANSWERS_IN_OUTBOX: tuple[str | Trigger, ...] = (
    # NULL: the message itself. The route of an answer, 'answer 12', is but the name under which people see it.
    "ALTER TABLE outbox ADD COLUMN answer_id INTEGER REFERENCES answers (id) ON DELETE CASCADE",
    f"UPDATE outbox SET answer_id = ({_BY_NAME}) WHERE channel = 'answer'",  # noqa: S608 (our own words)
    # Its answer is gone: there is nothing to send.
    "DELETE FROM outbox WHERE channel = 'answer' AND answer_id IS NULL",
    "CREATE UNIQUE INDEX outbox_by_answer ON outbox (answer_id) WHERE answer_id IS NOT NULL",
    # Of an earlier version that goes on running beside this one for a while, as in an upgrade without a gap.
    Trigger(
        "outbox_answer_by_name",
        "INSERT",
        "outbox",
        f"UPDATE outbox SET answer_id = ({_BY_NAME}) WHERE id = NEW.id",  # noqa: S608 (our own words)
        "NEW.channel = 'answer' AND NEW.answer_id IS NULL",
    ),
)

JOB_RUNS: tuple[str, ...] = (
    """
    CREATE TABLE job_runs (
      name TEXT PRIMARY KEY,             -- backup, erasure, topics, weekly_report
      succeeded_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)

# The backup that was put back, and empty for other jobs.
FILES_OF_JOBS = ("ALTER TABLE job_runs ADD COLUMN file TEXT NOT NULL DEFAULT ''",)

ASKED_BACK: tuple[str, ...] = (
    # 1: words that fit many articles, the answer asked what was meant. 2: they ask for a person.
    "ALTER TABLE intents ADD COLUMN asked_back INTEGER NOT NULL DEFAULT 0",
)

HANDLING: tuple[str, ...] = (
    """
    CREATE TABLE message_assignments (   -- who takes care of a message
      code TEXT PRIMARY KEY REFERENCES messages (code) ON DELETE CASCADE,
      assignee TEXT NOT NULL,
      at TEXT NOT NULL,
      who TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """
    CREATE TABLE message_looks (         -- who has a message open; kept for an hour
      code TEXT NOT NULL REFERENCES messages (code) ON DELETE CASCADE,
      who TEXT NOT NULL,
      at TEXT NOT NULL,
      PRIMARY KEY (code, who)
    ) STRICT, WITHOUT ROWID""",
)

NOTICE: tuple[str, ...] = (
    """
    CREATE TABLE service_notice (        -- what customers are told about an outage or a delay: at most one row
      words TEXT NOT NULL,
      level TEXT NOT NULL,               -- info, warning, outage
      said_at TEXT NOT NULL,
      until TEXT,                        -- empty: until it is taken away
      in_languages TEXT NOT NULL         -- JSON: the words for readers of some languages
    ) STRICT""",
)
