"""Connects search with feedback: implements the contracts of feedback with a Searcher."""
