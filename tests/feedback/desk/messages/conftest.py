"""Messages that customers wrote, for whoever is signed in at the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handrail_feedback.records.messages import Message
from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.records.stamps import now
from handrail_feedback.storage.messages.messages import keep_message


@pytest.fixture
def write(store):
    """Keeps a message that was written so many minutes ago, and gives its code."""

    def write(text="I cannot log in.", subject="Login", reply_to="cora@acme.test", ago=0, deliver="", **more):
        message = Message(text, subject, reply_to, "en", now() - timedelta(minutes=ago), **more)
        return keep_message(store, message, parse_routes(deliver))

    return write
