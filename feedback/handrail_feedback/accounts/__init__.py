"""Passwords and signed sessions."""
