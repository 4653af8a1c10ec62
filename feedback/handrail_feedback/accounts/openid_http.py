"""Requests to an OpenID provider, with bounds on time and size, and its discovery document, checked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from authlib.integrations.requests_client import OAuth2Session
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from handrail_feedback.accounts.openid_settings import ProviderTrouble, is_confidential

# What is raised where there is no answer that can be read.
NoAnswer = RequestException

_CONNECT_SECONDS = 3.0
_READ_SECONDS = 4.0
# From sending a request to the last byte of its answer.
LONGEST_SECONDS = 8.0
MOST_BYTES = 512 * 1024
# By a key that the provider alone has: never "none", and no shared secret.
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class BoundedSession(OAuth2Session):  # type: ignore[misc]
    """A session of Authlib whose requests end in time, read a bounded answer, and follow no redirect."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        _bound(self)


class _BoundedAdapter(HTTPAdapter):
    def send(self, request: PreparedRequest, *_args: Any, **more: Any) -> Response:
        ends = time.monotonic() + LONGEST_SECONDS
        request.headers["Accept-Encoding"] = "identity"  # what is small when it is sent must be small when it is read
        more.update(stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS))
        response = super().send(request, **more)
        found, raw = bytearray(), response.raw
        try:
            while part := raw.read1(64 * 1024, decode_content=False):
                found += part
                if len(found) > MOST_BYTES or time.monotonic() > ends:
                    raise RequestException("The answer is too large or takes too long.")
        except (HTTPError, OSError) as error:
            raise RequestException(str(error)) from error
        finally:
            raw.close()
        response.raw = BytesIO(bytes(found))
        return response


def _bound(session: Session) -> None:
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, _BoundedAdapter())


def read_discovery(issuer: str) -> dict[str, Any]:
    """What the discovery document of an issuer says that is needed here. Raises ProviderTrouble."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        with Session() as session:
            _bound(session)
            answer = session.get(address)
            status, document = answer.status_code, answer.json() if answer.ok else None
    except ValueError as error:
        raise ProviderTrouble(f"{address} is no JSON.", _RIGHT_ISSUER) from error
    except RequestException as error:
        kind = type(error).__name__
        raise ProviderTrouble(
            f"{address} cannot be read: {kind}.", f"See whether this works: curl {address}"
        ) from error
    if not isinstance(document, dict):
        raise ProviderTrouble(f"{address} answers with status {status}, and no discovery document.", _RIGHT_ISSUER)
    return _checked(document, issuer, address)


_RIGHT_ISSUER = "Set 'openid: issuer' as the provider's discovery document names it, to the letter"


def _checked(document: Mapping[str, Any], issuer: str, address: str) -> dict[str, Any]:
    """The parts that are needed. No other reaches Authlib, where some names would change the session."""
    if document.get("issuer") != issuer:
        said = str(document.get("issuer"))[:200]
        raise ProviderTrouble(f"{address} is of the issuer {said}, not of {issuer}.", _RIGHT_ISSUER)
    for name in _ENDPOINTS:
        if not is_confidential(document.get(name)):
            raise ProviderTrouble(f"{address} has no {name} that begins with https://.", "Mend it at the provider")
    found = {name: document[name] for name in ("issuer", *_ENDPOINTS)}
    known = _listed(document, "id_token_signing_alg_values_supported") or ["RS256"]
    found["id_token_signing_alg_values_supported"] = [name for name in _SIGNATURES if name in known]
    if not found["id_token_signing_alg_values_supported"]:
        raise ProviderTrouble(f"{address} names no signature with a key of its own.", "Let it sign by RS256")
    ways = _listed(document, "token_endpoint_auth_methods_supported")
    by_post = "client_secret_post" in ways and "client_secret_basic" not in ways
    found["token_endpoint_auth_method"] = "client_secret_post" if by_post else "client_secret_basic"
    if is_confidential(document.get("end_session_endpoint")):
        found["end_session_endpoint"] = document["end_session_endpoint"]
    return found


def _listed(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
