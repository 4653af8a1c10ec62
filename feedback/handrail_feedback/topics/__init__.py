"""Failed searches become topics: grouped by meaning, described, decided on, and proven answered."""
