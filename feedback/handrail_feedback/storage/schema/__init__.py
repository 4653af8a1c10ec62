"""The tables of the store, and how an older store becomes a newer one."""
