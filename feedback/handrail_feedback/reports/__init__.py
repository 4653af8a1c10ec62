"""Figures of a period, and how they are written down."""
