"""The command as a person starts it, and how it refuses."""

from __future__ import annotations

import os
import subprocess
import sys


def handrail(*arguments, cwd, **env):
    """The command as a person starts it."""
    command = [sys.executable, "-m", "handrail_kb.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **env})


def refused(result, *parts):
    """One clear message and exit code 1, nothing of Python's."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for part in parts:
        assert part in result.output
    assert len(result.output.strip().splitlines()) <= 4, result.output
    return True
