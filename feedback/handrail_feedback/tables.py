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
