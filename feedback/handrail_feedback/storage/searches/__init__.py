"""Searches, votes, learned questions, topics and decisions in the store."""
