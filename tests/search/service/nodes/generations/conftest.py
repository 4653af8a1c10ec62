"""A machine that builds generations, and nodes that serve them."""

from __future__ import annotations

import pytest

from handrail_kb.config.settings import load_settings
from handrail_search.service.app import create_app

from ....conftest import Client, stop
from .editions import publish


@pytest.fixture
def root(tmp_path, lend_encoder):
    """The machine that builds."""
    lend_encoder(tmp_path / "builder" / "state")
    publish(tmp_path / "builder", "first")
    return tmp_path / "builder"


@pytest.fixture
def node(tmp_path):
    """Makes nodes, each with a state of its own; `site` is a folder that none of them has."""
    made = []

    def make(index_dir, name="node"):
        state = tmp_path / name
        state.mkdir(exist_ok=True)
        flags = {"state_dir": str(state), "index_dir": str(index_dir), "search_rate": "1000000 per minute"}
        made.append(create_app(load_settings(flags=flags, environ={})))
        made[-1].test_client_class = Client
        return made[-1].test_client()

    yield make
    for app in made:
        stop(app)
