"""How customers reach people: whether, how soon, and within the time that a law or a standard sets."""
