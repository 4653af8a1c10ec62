"""Turns evidence into one score, and says how sure it is; pure numpy."""
