"""Failed searches as topics: grouped by meaning, described, decided on, and proven answered."""
