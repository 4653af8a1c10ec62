"""Reads passwords and keys: from the environment, or from the file that a variable ending in `_FILE` names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from handrail_kb.config.shown import as_typed
from handrail_kb.config.table import SECRETS
from handrail_kb.errors import ConfigError

OF_A_FILE = "_FILE"
# A password is a line; what is larger was named by mistake.
_MOST_BYTES = 64 * 1024


def read_secret(name: str, environ: Mapping[str, str] | None = None) -> str:
    """The secret with this name (one of SECRETS); empty where there is none.

    `NAME_FILE` names a file that holds it, as containers and systemd hand secrets over; space around it is no part of
    it. Raises ConfigError when both are set, and when the file cannot be read or is empty; never with what it holds.
    """
    environ = os.environ if environ is None else environ
    given, file = environ.get(name, ""), environ.get(name + OF_A_FILE, "")
    if not file:
        return given
    if given:
        raise ConfigError(f"{name} and {name}{OF_A_FILE} are both set.", "Keep one of them.")
    return _held_by(Path(file), name + OF_A_FILE)


def _held_by(file: Path, variable: str) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        held = data.decode("utf-8").strip()
    except OSError as error:
        raise ConfigError(
            f"{variable}: {file} cannot be read: {error.strerror or error}.",
            f"Let the user of the service read it, or name another file. See: ls -l {as_typed(file)}",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{variable}: {file} is not text in UTF-8.", "Write the secret alone into it.") from error
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"{variable}: {file} is too large for a secret.", "Write the secret alone into it.")
    if not held or not held.isprintable():
        what = "is empty" if not held else "has more than one line, or signs that cannot be seen"
        raise ConfigError(f"{variable}: {file} {what}.", "Write the secret alone into it.")
    return held


def secret_variables() -> frozenset[str]:
    """Every variable that a secret may be given by."""
    return SECRETS | {name + OF_A_FILE for name in SECRETS}
