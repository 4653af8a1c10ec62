"""Accounts of staff in the store: passwords as hashes, sessions, and what happened to them."""
