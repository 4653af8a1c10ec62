"""The pages for customers."""
