"""The setting `openid`: who vouches for people at the desk (OpenID Connect), and which claim gives which role.

The secret is in HANDRAIL_OPENID_SECRET, never in mkdocs.yml.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from handrail_feedback.records.staff import ROLES, Role, clean_name, needs_factor
from handrail_kb.config.secrets import read_secret
from handrail_kb.config.settings import Settings
from handrail_kb.config.yaml_lines import yaml_lines
from handrail_kb.errors import ConfigError, HandrailError
from handrail_kb.problems import nearest
from handrail_kb.texts.installing import install_extra, missing

if TYPE_CHECKING:
    from handrail_feedback.accounts.openid_provider import Provider

GROUP = "openid"
SECRET = "HANDRAIL_OPENID_SECRET"  # noqa: S105 (the name of a variable)
_STRENGTH = ("acr", "amr", "max_age")
_KEYS = ("issuer", "client_id", "roles_claim", "roles", "name", "scope", *_STRENGTH)
_EXAMPLE = "openid: {issuer: 'https://id.example.com', client_id: handrail, roles: {support: agent, leads: lead}}"
_SCOPE = "openid profile email"
_SCOPES = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_LONGEST = 500
_MOST_ROLES = 1000
_MOST_VALUES = 20
_LONGEST_AGE = 30 * 24 * 60  # minutes
# Clocks here and at the provider differ.
_LEEWAY_SECONDS = 60
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Claims = Mapping[str, Any]


class ProviderTrouble(HandrailError):
    """The provider cannot be reached, or does not say what is needed to sign in with it."""


class NotProven(Exception):
    """Somebody came back from the provider without proof of who they are; says why, in words for the log."""


class NotStrong(NotProven):
    """The provider knows who it is, but not by a sign-in as strong or as recent as the setting asks."""


@dataclass(frozen=True)
class OpenId:
    """The provider as mkdocs.yml names it. `roles` maps values of the claim `roles_claim`; `name` is for people.

    Whose account needs a second factor (`factor_for`, the setting `desk_second_factor`) has to sign in by one of the
    classes `acr` and one of the methods `amr`, where they are set; nobody by a sign-in older than `max_age` minutes.
    """

    issuer: str
    client_id: str
    roles_claim: str
    roles: Mapping[str, Role]
    name: str
    scope: str
    secret: str = field(repr=False)
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    max_age: int = 0
    factor_for: str = "optional"

    @property
    def knows_strength(self) -> bool:
        """Whether it is set by what a sign-in with a second factor is known."""
        return bool(self.acr or self.amr)

    def asked(self) -> dict[str, str]:
        """What the provider is asked for beside who it is, as parameters of its address."""
        age = {"max_age": str(self.max_age * 60)} if self.max_age else {}
        return {"acr_values": " ".join(self.acr), **age} if self.acr else age

    def check_strength(self, claims: Claims, at: float) -> None:
        """Raise NotStrong where a sign-in is weaker or older than the setting asks, or does not say; `at` is now."""
        if needs_factor(self.factor_for, self.role_of(claims)):
            self._check_factor(claims)
        if self.max_age:
            then = claims.get("auth_time")
            if isinstance(then, bool) or not isinstance(then, int | float):
                raise NotStrong("the provider does not say when the sign-in was made (auth_time)")
            # Compared as it is: a number of hundreds of digits cannot be subtracted from a float.
            if not at - self.max_age * 60 - _LEEWAY_SECONDS <= then <= at + _LEEWAY_SECONDS:
                raise NotStrong("the sign-in was made too long ago, or is yet to come (auth_time)")

    def _check_factor(self, claims: Claims) -> None:
        if self.acr and claims.get("acr") not in self.acr:
            raise NotStrong("the sign-in is of another class (acr)")
        methods = claims.get("amr")
        if self.amr and not (isinstance(methods, list) and any(one in self.amr for one in methods)):
            raise NotStrong("the sign-in was made by other methods (amr)")

    def role_of(self, claims: Claims) -> Role | None:
        """The highest role that these claims give; None where none of them is mapped."""
        # Whoever may write any address into their profile must not get the role of another one's.
        if self.roles_claim == "email" and claims.get("email_verified") is not True:
            return None
        value = _claim(claims, self.roles_claim)
        held = value if isinstance(value, list) else [value]
        found = {self.roles[one] for one in held if isinstance(one, str) and one in self.roles}
        return max(found, key=ROLES.index, default=None)


def name_in(claims: Claims) -> str:
    """What the provider calls somebody, as the name of an account; empty where nothing fits."""
    said = (claims.get(claim) for claim in ("preferred_username", "email", "upn", "nickname"))
    return next(filter(None, (clean_name(one[:100]) for one in said if isinstance(one, str))), "")


def is_confidential(address: object) -> bool:
    """Whether nobody on the way can read or change what is sent there: through TLS, or to this machine."""
    try:
        parts = urlsplit(address) if isinstance(address, str) and address.isprintable() else urlsplit("")
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL))


def provider_of(settings: Settings, environ: Mapping[str, str] | None = None) -> Provider | None:
    """The provider that people may sign in with; None where none is set. Nothing is asked of it yet.

    Raises ConfigError for a fault in the setting, without the secret, and without the packages that it needs.
    """
    openid = read_openid(settings, environ)
    if openid is None:
        return None
    if absent := missing("openid"):
        raise ConfigError(f"'{GROUP}' is set, but not installed: {', '.join(absent)}.", install_extra("openid"))
    from handrail_feedback.accounts.openid_provider import Provider

    return Provider(openid)


def read_openid(settings: Settings, environ: Mapping[str, str] | None = None) -> OpenId | None:
    """The setting with its secret; None where it is not set. Raises ConfigError with file and line of a fault."""
    raw = settings.groups.get(GROUP)
    if not raw:
        return None
    if fault := _fault(raw):
        what, *keys = fault
        raise ConfigError(f"{_place(settings, *keys)}: {what}", f"It looks like this: {_EXAMPLE}")
    secret = read_secret(SECRET, environ).strip()
    if not secret:
        raise ConfigError(
            f"'{GROUP}' is set, but {SECRET} is not.",
            f"Give the service the secret that the provider shows for this client: {SECRET}_FILE=/run/secrets/openid",
        )
    openid = OpenId(
        raw["issuer"],
        raw["client_id"],
        raw.get("roles_claim") or "roles",
        cast("Mapping[str, Role]", dict(raw["roles"])),
        raw.get("name") or str(urlsplit(raw["issuer"]).hostname),
        raw.get("scope") or _SCOPE,
        secret,
        _values(raw.get("acr")),
        _values(raw.get("amr")),
        raw.get("max_age") or 0,
        settings.text("desk_second_factor"),
    )
    _refuse_one_way_alone(openid, settings)
    return openid


def _refuse_one_way_alone(openid: OpenId, settings: Settings) -> None:
    """Raise ConfigError where a second factor is needed with a password and not with the provider, or the reverse."""
    if openid.factor_for != "optional" and not openid.knows_strength:
        raise ConfigError(
            f"{_place(settings)}: 'desk_second_factor' is '{openid.factor_for}', but '{GROUP}' does not say by what a "
            "sign-in with a second factor is known: whoever comes from the provider would get in without one.",
            f"Require it at the provider, and say what its ID tokens have then, such as {GROUP}: {{amr: [mfa]}}",
        )
    if openid.factor_for == "optional" and openid.knows_strength:
        raise ConfigError(
            f"{_place(settings, 'amr' if openid.amr else 'acr')}: '{GROUP}' says by what a second factor is known, but "
            "'desk_second_factor' requires none: whoever has a password at the desk would get in without one.",
            "Set desk_second_factor: all, or leads; or leave out 'acr' and 'amr'.",
        )


def _values(raw: Any) -> tuple[str, ...]:
    return (raw,) if isinstance(raw, str) else tuple(raw or ())


def _fault(raw: Any) -> tuple[str, ...]:
    """What is wrong with the setting, and the keys where; empty when nothing is."""
    if not isinstance(raw, dict):
        return (f"'{GROUP}' should be names with values.",)
    for key, value in raw.items():
        if key not in _KEYS:
            near = nearest(str(key), _KEYS)
            return (f"'{key}' is not known here.{near} There are: {', '.join(_KEYS)}.", str(key))
        if key not in ("roles", *_STRENGTH) and not (isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST):
            return (f"'{GROUP}: {key}' should be text of at most {_LONGEST} characters.", key)
    for key in ("issuer", "client_id", "roles"):
        if key not in raw:
            return (f"'{GROUP}' has no '{key}'.",)
    parts = urlsplit(raw["issuer"]) if is_confidential(raw["issuer"]) else None
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        return ("'issuer' should be an address that begins with https://, as the provider names itself.", "issuer")
    scope = raw.get("scope", _SCOPE)
    if not _SCOPES.fullmatch(scope) or "openid" not in scope.split():
        return (f"'scope' should be words with one space between, 'openid' among them, such as '{_SCOPE}'.", "scope")
    return _fault_in_strength(raw) or _fault_in_roles(raw["roles"])


def _fault_in_strength(raw: Mapping[str, Any]) -> tuple[str, ...]:
    for key in ("acr", "amr"):
        value = raw.get(key, ["any"])
        listed = [value] if isinstance(value, str) else value
        if not (
            isinstance(listed, list)
            and 0 < len(listed) <= _MOST_VALUES
            and all(isinstance(one, str) and _SCOPES.fullmatch(one) and len(one) <= _LONGEST for one in listed)
            and not (key == "acr" and any(" " in one for one in listed))
        ):
            what = f"'{key}' should be a value that the provider sends, or a list of them. Put numbers in quotes."
            return (what, key)
    age = raw.get("max_age", 1)
    if isinstance(age, bool) or not isinstance(age, int) or not 0 < age <= _LONGEST_AGE:
        return (f"'max_age' should be a number of minutes, at most {_LONGEST_AGE}.", "max_age")
    return ()


def _fault_in_roles(roles: Any) -> tuple[str, ...]:
    if not isinstance(roles, dict) or not 0 < len(roles) <= _MOST_ROLES:
        return (f"'roles' should say which value of the claim is which role, at most {_MOST_ROLES}.", "roles")
    for value, role in roles.items():
        if not isinstance(value, str):
            return (f"'{value}' under 'roles' is not text. Put it in quotes.", "roles", str(value))
        if role not in ROLES:
            return (f"'{role}' is no role.{nearest(str(role), ROLES)} There are: {', '.join(ROLES)}.", "roles", value)
    return ()


def _place(settings: Settings, *keys: str) -> str:
    if settings.config_file is None or not settings.config_file.exists():
        return GROUP
    places = yaml_lines(settings.config_file)
    return f"{places.file.name}:{places.line((GROUP, *keys))}"


def _claim(claims: Claims, name: str) -> Any:
    """A claim of this name, or else one within others, such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
