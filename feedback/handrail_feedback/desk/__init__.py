"""The desk, where agents sign in, read and answer messages, and name the article that answers."""
