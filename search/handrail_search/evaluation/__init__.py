"""How good search is, and whether tuning is proven to help."""
