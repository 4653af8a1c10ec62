"""The real service with its index, a mail server to answer by, and an account."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from waiting import served

sys.path.append(str(Path(__file__).parent))  # after that of `tests/browser`, whose conftest others import by name
from signed_in import PASSWORD


@pytest.fixture
def groups():
    """Settings that are more than one value; a file of tests may have its own."""
    return {}


@pytest.fixture
def help_site(site_dir, small_index, tmp_path, groups):
    """The real service with its index, a mail server to answer by, and an account for anna."""
    from handrail_feedback.accounts import passwords
    from handrail_feedback.records.stamps import now
    from handrail_feedback.storage.accounts import staff
    from handrail_kb.config.settings import load_settings
    from handrail_search.service.app import create_app

    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "index").symlink_to(small_index)
    flags = {"state_dir": str(tmp_path / "state"), "smtp_host": "localhost", "smtp_security": "none",
             "mail_from": "help@acme.test"}  # fmt: skip
    app = create_app(replace(load_settings(site_dir=site_dir, flags=flags, environ={}), groups=groups))
    parts = app.extensions["handrail"]
    staff.add(parts.store, "anna", "agent", passwords.hashed(PASSWORD), now())
    with served(make_server("127.0.0.1", 0, app, threaded=True)) as server:
        yield SimpleNamespace(address=f"http://127.0.0.1:{server.server_port}/help/", **vars(parts))
    parts.teaching.stop()
    parts.searches.close()
    parts.store.close()
