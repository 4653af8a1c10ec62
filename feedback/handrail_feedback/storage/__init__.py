"""Every SQL statement of the store, and no rule."""
