"""Words, meaning and their fusion: the index, the query, the evaluation and the service."""
