"""What staff read at the desk, one YAML file for each language."""

from __future__ import annotations

from pathlib import Path

from handrail_kb.texts import Words

STAFF_WORDS = Words(Path(__file__).parent)
