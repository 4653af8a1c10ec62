"""How often one address may search, write, or guess: the limits, and where they are counted."""
