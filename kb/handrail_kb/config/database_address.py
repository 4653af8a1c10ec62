"""Addresses of PostgreSQL databases, such as `postgresql://USER:PASSWORD@HOST/NAME`, as libpq reads them."""

from __future__ import annotations

import re

from handrail_kb.errors import ConfigError

_SCHEMES = ("postgresql://", "postgres://")
_SECRETS = ("password=", "sslpassword=")
_HOST = r"(?:\[[^\]]*\]|[^:,\[]*)(?::\d*)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
# Addresses of other databases, and libpq's other form: as a file's name they would be a store in a place nobody means.
_OTHER = re.compile(r"\s*(?:(?P<scheme>[A-Za-z][\w+.:-]{1,40}):/|(?:host|hostaddr|dbname|user|password|service)\s*=)")


def is_database(store: str) -> bool:
    """Whether this is the address of a database, and not a file."""
    return store.startswith(_SCHEMES)


def refuse_other_database(store: str, where: str) -> None:
    """Raise ConfigError for what is neither a file nor an address that libpq takes, without showing a password."""
    if store and not store.strip("/. "):
        raise ConfigError(f"{where}: '{store}' is no file.", "Name a file, or postgresql://HOST/NAME")
    found = None if is_database(store) else _OTHER.match(store)
    if found:
        named = f"'{found['scheme']}://'" if found["scheme"] else "a list of words with ="
        raise ConfigError(f"{where}: {named} is no store.", "Name a file, or postgresql://HOST/NAME")


def has_password(address: str) -> bool:
    """Whether a password is in it, or may be: what cannot be read counts as one."""
    return is_database(address) and without_password(address) != address


def without_password(address: str) -> str:
    """The address as people may read it. Where a password is not where libpq looks for one, the scheme alone."""
    scheme, _, rest = address.partition("://")
    rest, _, options = rest.partition("?")
    # Credentials end before the first slash, so that one in a password has to be written as %2F.
    host, slash, name = rest.partition("/")
    user, at, host = host.rpartition("@")
    if "@" in user + name or ("@" in options and not at and not slash) or not _HOSTS.fullmatch(host):
        return f"{scheme}://…"
    shown = f"{scheme}://{user.partition(':')[0]}{at}{host}{slash}{name}"
    public = "&".join(one for one in options.split("&") if not one.lower().startswith(_SECRETS))
    return f"{shown}?{public}" if public else shown
