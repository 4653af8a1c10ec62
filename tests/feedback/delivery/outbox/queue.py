"""Why a delivery fails, and what stands in the outbox table."""

from __future__ import annotations

from handrail_feedback.records.outbox import parse_routes
from handrail_feedback.storage.messages.outbox_status import entries
from handrail_kb.errors import DeliveryFailed

MAIL = parse_routes("mail")
DOWN = DeliveryFailed("The mail server is away.", "Start it.", of_channel=True)
LATER = DeliveryFailed("Not now.", "Wait.")
NEVER = DeliveryFailed("Not this one.", "Look.", said="no zanzibar here", final=True)


def entry(store, code=""):
    [found] = entries(store, code=code, everything=True)
    return found
