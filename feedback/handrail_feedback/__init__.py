"""What customers searched, said and asked: kept in one SQLite file, redacted, reported, and brought to people."""
