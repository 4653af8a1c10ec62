"""The figures of a period, as text, pages and files."""
