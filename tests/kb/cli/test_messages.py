"""Messages of customers, as an agent reads them at the terminal."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest

pytest.importorskip("faiss", reason="the service is not installed")

from handrail_feedback.records.messages import Along, Message
from handrail_feedback.storage.database import Store
from handrail_feedback.storage.messages.messages import keep_message


def test_an_agent_sees_when_to_call_and_what_the_customer_ticked(run, site):
    store = Store(site / ".handrail" / "store.db")
    ticked = (Along("search", "reset\x1b[2J pasword"), Along("article", "VAT number", "billing/vat/"))
    at = datetime(2026, 11, 22, tzinfo=UTC)
    sent = Message("Help!", "", "030 123456", "en", at, callback="Tuesday 10:00", along=ticked)
    code = keep_message(store, sent)
    store.close()
    shown = run("contact", "show", code).output
    assert "Call: Tuesday 10:00" in shown
    assert "The customer sent along:\n  searched: reset [2J pasword\n  read: VAT number (billing/vat/)" in shown
    [message] = json.loads(run("contact", "list", "--json").output)
    assert message["along"][1] == {"kind": "article", "text": "VAT number", "location": "billing/vat/"}


def test_an_agent_is_told_what_a_customer_added_to_a_message(run, site):
    with contextlib.closing(Store(site / ".handrail" / "store.db")) as store:
        at = datetime(2026, 11, 22, tzinfo=UTC)
        first = keep_message(store, Message("My parcel.", "", "", "en", at))
        added = keep_message(store, Message("It was blue.", "", "", "en", at, follows=first))
    assert f"The customer added: {added}\n\nIt was blue." in run("contact", "show", first).output
    assert f"Adds to: {first}" in run("contact", "show", added).output
