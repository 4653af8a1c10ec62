"""Every SQL statement of the store; rules are in `records`."""
