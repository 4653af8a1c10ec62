"""The steps of a delivery by hand: claimed, failed, arrived."""

from __future__ import annotations

import pytest

from handrail_feedback.records.outbox import Patience, parse_routes
from handrail_feedback.storage.messages import outbox

from .queue import LATER


@pytest.fixture
def claim(store, clock):
    """The next job, if any: `claim("mail > folder")`."""
    return lambda deliver="mail": outbox.claim(store, parse_routes(deliver), clock(), Patience())


@pytest.fixture
def fail(store, clock):
    return lambda job, error=LATER: outbox.failed(store, job, error, clock(), Patience())


@pytest.fixture
def arrive(store, clock):
    return lambda job: outbox.delivered(store, job, clock())
