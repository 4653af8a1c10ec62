"""The answer itself, taken from the best section."""
