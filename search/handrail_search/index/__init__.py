"""Generations of the index: built, calibrated, verified, and opened; a new one replaces the old in one step."""
