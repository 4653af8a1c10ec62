"""What customers searched, said and asked: kept in one SQLite file, redacted, and reported."""
