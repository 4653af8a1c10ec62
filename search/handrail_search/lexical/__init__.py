"""Search by words: stems, BM25, codes found to the letter, spelling, and snippets."""
