"""Turns a question into ranked results, with the generation that serves."""
