"""The HTTP pages of customers."""
