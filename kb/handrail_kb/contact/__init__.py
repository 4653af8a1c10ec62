"""How a person is reached, and when."""
