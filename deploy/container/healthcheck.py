#!/opt/handrail/bin/python
"""Whether the service in this container is alive: exit code 0, else 1 with the reason. Needs no curl in the image."""

import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from handrail_kb.config.settings import load_settings

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound here)
_SECONDS = 4

settings = load_settings(Path("mkdocs.yml"))
host, port = settings.text("host"), settings.number("port")
with closing(HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=_SECONDS)) as service:
    try:
        service.request("GET", "/healthz")
        status = service.getresponse().status
    except (OSError, HTTPException) as error:
        sys.exit(f"{host}:{port} does not answer: {error}")
if status != 200:
    sys.exit(f"{host}:{port}/healthz answers {status}")
