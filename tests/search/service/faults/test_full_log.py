"""A service whose output goes to a full disk starts and answers all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from waiting import until

from ..test_serving import built, built_once, free_port, get, titles  # noqa: F401 (fixtures)


@pytest.mark.long
def test_a_service_starts_and_answers_while_its_log_cannot_be_written(built):  # noqa: F811
    port = free_port()
    with Path("/dev/full").open("w") as full:
        run = [sys.executable, "-m", "handrail_kb.cli", "run", "--port", str(port)]
        process = subprocess.Popen(run, cwd=built, stdout=full, stderr=full)
    address = f"http://127.0.0.1:{port}/help/"
    try:

        def ready():
            assert process.poll() is None, f"it ended with {process.returncode}"
            return get(f"{address}readyz")[0] == 200

        until(ready, "ready")
        assert titles(address, "pears")[0] == "Pears"
        assert get(f"{address}desk/")[0] == 401, "what is refused is logged"
        assert get(f"{address}pears/")[0] == 200
    finally:
        process.terminate()
        process.wait(20)
