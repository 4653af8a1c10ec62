"""Codes from an app (TOTP, RFC 6238) as a second factor, and recovery codes for whoever lost the device.

The store keeps a random salt alone, and the secret of the app is made from it with the key of the sessions: a copied
store makes no codes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
import segno

RECOVERY_CODES = 10
_SECONDS = 30


def new_salt() -> str:
    """What the secret of an app is made from, with the key."""
    return secrets.token_urlsafe(24)


def app_secret(key: str, name: str, salt: str) -> str:
    """The secret that the app of the account `name` keeps, in Base32."""
    made = hmac.digest(key.encode(), f"second factor {name} {salt}".encode(), "sha256")
    return base64.b32encode(made[:20]).decode()


def step_of(secret: str, typed: str, at: datetime) -> int | None:
    """The step of time of a code, at most one from the present; None for a wrong code."""
    code = "".join(typed.split())
    app, present = pyotp.TOTP(secret), int(at.timestamp()) // _SECONDS
    fits = [step for step in (present - 1, present, present + 1) if hmac.compare_digest(_code(app, step), _ascii(code))]
    return fits[-1] if fits else None


def address_for_app(secret: str, name: str, site_name: str) -> str:
    """What the QR code says: an `otpauth` address."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=site_name or "Handrail")


def qr_code(address: str) -> str:
    """The address as SVG, dark on light as cameras want it."""
    return str(segno.make(address, error="m", micro=False).svg_inline(scale=4, dark="#000", light="#fff"))


def new_recovery_codes() -> list[str]:
    """Codes of 80 random bits, such as `ABCD-EFGH-IJKL-MNOP`."""
    made = (base64.b32encode(secrets.token_bytes(10)).decode() for _ in range(RECOVERY_CODES))
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in made]


def hashed_code(typed: str) -> str:
    """The hash of a recovery code; it is random, so a quick one will do."""
    code = "".join(filter(str.isalnum, typed[:100])).upper()
    return hashlib.sha256(code.encode()).hexdigest()


def _code(app: pyotp.TOTP, step: int) -> bytes:
    return app.generate_otp(step).encode()


def _ascii(code: str) -> bytes:
    return code.encode() if code.isascii() and len(code) == 6 else b""
