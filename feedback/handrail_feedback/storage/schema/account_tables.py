"""The tables of accounts in plain SQL, as migrations add them."""

from __future__ import annotations

SESSIONS: tuple[str, ...] = (
    """
    CREATE TABLE staff_sessions (        -- who is signed in, a row for each device
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      token TEXT NOT NULL UNIQUE,        -- its hash
      name TEXT NOT NULL REFERENCES staff (name) ON DELETE CASCADE,
      made_at TEXT NOT NULL,
      seen_at TEXT NOT NULL,             -- right within a minute
      browser TEXT NOT NULL              -- its kind, such as Firefox, Linux
    ) STRICT""",
    "CREATE INDEX staff_sessions_by_name ON staff_sessions (name)",
)

EVENTS: tuple[str, ...] = (
    """
    CREATE TABLE staff_events (          -- what happened to accounts; kept for half a year, and in bounded number
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at TEXT NOT NULL,
      what TEXT NOT NULL,                -- a value of `records.staff.Happening`
      name TEXT NOT NULL,                -- of the account; empty: there is none
      who TEXT NOT NULL,                 -- did it; empty: the command line, or somebody without an account
      browser TEXT NOT NULL,
      detail TEXT NOT NULL,              -- such as the new role
      by_stranger INTEGER NOT NULL       -- anybody can cause it
    ) STRICT""",
    "CREATE INDEX staff_events_by_stranger ON staff_events (by_stranger, id)",
    "CREATE INDEX staff_events_by_time ON staff_events (at)",
)

FIRST_PASSWORDS: tuple[str, ...] = (
    "ALTER TABLE staff ADD COLUMN first_until TEXT",  # how long a first password is good; NULL: it is one's own
)

IDENTITIES: tuple[str, ...] = (
    """
    CREATE TABLE staff_identities (      -- whom an OpenID provider vouches for
      issuer TEXT NOT NULL,
      subject TEXT NOT NULL,             -- what the provider calls the person, and nobody else ever
      name TEXT NOT NULL UNIQUE,         -- of the account; outlives it, and keeps the person out then
      made_at TEXT NOT NULL,
      PRIMARY KEY (issuer, subject)
    ) STRICT, WITHOUT ROWID""",
)

SECOND_FACTORS: tuple[str, ...] = (
    """
    CREATE TABLE staff_second_factors (  -- whose password needs a code of an app as well
      name TEXT PRIMARY KEY REFERENCES staff (name) ON DELETE CASCADE,
      salt TEXT NOT NULL,                -- makes the secret of the app, with the key of the sessions
      last_step INTEGER NOT NULL         -- of the last code used; none is taken twice
    ) STRICT, WITHOUT ROWID""",
    """
    CREATE TABLE staff_recovery_codes (  -- those that are left
      name TEXT NOT NULL REFERENCES staff (name) ON DELETE CASCADE,
      code TEXT NOT NULL,                -- its hash
      PRIMARY KEY (name, code)
    ) STRICT, WITHOUT ROWID""",
)
