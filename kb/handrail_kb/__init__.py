"""Articles, passages, checks, the MkDocs plugin and the `handrail` command."""

from __future__ import annotations

__version__ = "0.1.0"
