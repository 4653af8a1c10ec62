"""Articles, passages, checks, the MkDocs plugin and the `handrail` command."""

__version__ = "0.1.0"
