"""The commands `report`, `contact`, `forget`, `outbox`, `users` and `articles`."""
