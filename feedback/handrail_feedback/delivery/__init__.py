"""Brings messages from the outbox to people, and mails answers, notices and the weekly report."""
