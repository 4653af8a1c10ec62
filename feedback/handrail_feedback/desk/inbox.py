"""What waits for an answer, and opening a message by its code."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response

from handrail_feedback.db import Store
from handrail_feedback.desk.pages import Look


@dataclass(frozen=True)
class Inbox:
    """The views of the desk's first page."""

    store: Store
    look: Look

    def home(self) -> Response:
        """GET desk/: the way to a message by its code."""
        return self.look.page("home", "Desk")
