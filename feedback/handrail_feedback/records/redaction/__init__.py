"""Removes from a text what identifies a person or is secret, and keeps what identifies nobody."""
