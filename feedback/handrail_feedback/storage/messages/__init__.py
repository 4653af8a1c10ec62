"""Messages, answers, mails and the outbox in the store."""
