"""How often one address may search, write, or enter a wrong code or password. No address is written anywhere."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from functools import partial, wraps
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, cast

from flask import Flask, Response, current_app, request, session
from flask_limiter import Limiter
from limits import parse

from handrail_feedback.accounts.browsers import known_browser
from handrail_feedback.accounts.sessions import given_key, proof_in
from handrail_feedback.desk.sign_in import HALF, me
from handrail_feedback.records.reference_codes import only_code_in
from handrail_feedback.records.staff import clean_name
from handrail_kb.config.settings import Settings
from handrail_kb.texts.log.logger import Log
from handrail_search.service.rate_limits.shared_counts import SharedCounts
from handrail_search.service.rate_limits.steady_counts import SteadyCounts

log = Log(__name__)

# Where gateways put the clients that have IPv4 alone (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")

# What a site is given (RFC 6177) holds 65,536 clients for somebody who wants to be many. All of it together may do so
# many times as much as one client: the phones of a carrier may be in one, too.
_WIDE_PREFIX, WIDER = 48, 5

# At reference codes, from all addresses of the world: beyond so many, somebody is guessing. From then on each network
# has only a few guesses, and nobody is refused for those of other networks. A provider's /32 is many networks, too.
MANY_GUESSES, FEW_GUESSES, FEW_GUESSES_OF_PROVIDER = "100 per hour", "2 per hour", "8 per hour"
_PREFIX, _PROVIDER_PREFIX = {4: 24, 6: _WIDE_PREFIX}, {6: 32}

# What they are counted as.
_GUESSED = ("wrong codes", "everybody")

# In the application's configuration: what names are made with where counts are shared.
_KEY = "HANDRAIL_KEY_OF_LIMITS"

# Some are links in mails: many recipients may share one address.
_OFTEN = ("events", "vote", "ask_tell", "confirm_tell", "withdraw_tell")


def add_limits(app: Flask, settings: Settings, counts: SharedCounts | None = None) -> None:
    """Limit requests by address. Counts are in the memory of each process, or shared by all nodes in `counts`."""
    where: dict[str, Any] = {"storage_uri": f"{SteadyCounts.STORAGE_SCHEME[0]}://"}
    if counts:
        where = {"storage_uri": "handrail://", "storage_options": {"counts": counts}}
        app.config[_KEY] = given_key().encode()
    limiter = Limiter(client_of_request, app=app, strategy="moving-window", headers_enabled=True, **where)
    search_rate, contact_rate, code_rate = (settings.text(f"{name}_rate") for name in ("search", "contact", "code"))
    often = ("search.api", "search.find", "search.related", *(f"feedback.{name}" for name in _OFTEN))
    seldom = ("feedback.contact", "feedback.tell")
    rates = dict.fromkeys(often, search_rate) | dict.fromkeys(seldom, contact_rate)
    views = cast("dict[str, Callable[..., Response]]", app.view_functions)
    for endpoint, rate in rates.items():
        views[endpoint] = limiter.limit(wider(rate), **_BY_NETWORK)(limiter.limit(rate)(views[endpoint]))
    views["feedback.code"] = _guarded(limiter, views["feedback.code"], contact_rate, code_rate)
    wrong: dict[str, Any] = {"methods": ["POST"], "deduct_when": lambda response: response.status_code == 401}
    for endpoint in filter(views.__contains__, GUESSED_AT):
        for who, rate in GUESSES.items():
            scope = "signed in" if endpoint in GUESSED_AT_WHEN_SIGNED_IN else endpoint
            views[endpoint] = limiter.shared_limit(rate, scope=scope, key_func=who, **wrong)(views[endpoint])
    if back := views.get(_FROM_PROVIDER):
        views[_FROM_PROVIDER] = limiter.limit(GUESSES[client_of_request], deduct_when=_proved_nothing)(back)


def _proved_nothing(response: Response) -> bool:
    """Whether somebody came from the provider without proof, or it had to be asked and did not answer."""
    return response.status_code in (401, 503)


def _guarded(
    limiter: Limiter, view: Callable[..., Response], contact_rate: str, code_rate: str
) -> Callable[..., Response]:
    """The page for a reference code, where wrong codes are counted by address, and by network while many are guessed.

    Why: docs/architecture/messages/0102-guessed-codes.md.
    """
    counts = limiter.limiter
    many, once = parse(MANY_GUESSES), parse("1 per hour")

    def adds_nothing() -> bool:
        return request.form.get("do") != "add"

    @wraps(view)
    def counted(*args: Any, **values: Any) -> Response:
        response = view(*args, **values)
        if _is_guess(response):
            counts.hit(many, *_GUESSED)
            if not counts.test(many, *_GUESSED) and counts.hit(once, *_GUESSED):
                log("code.guessed", requests=many.amount)
        return response

    def few_from(prefixes: Mapping[int, int], rate: str) -> Callable[..., Callable[..., Response]]:
        def is_exempt() -> bool:
            return not _network(prefixes) or counts.test(many, *_GUESSED)

        by_network: dict[str, Any] = {"key_func": partial(_network, prefixes), "exempt_when": is_exempt}
        return limiter.limit(rate, deduct_when=_is_guess, **by_network)

    guarded = few_from(_PREFIX, FEW_GUESSES)(counted)
    guarded = few_from(_PROVIDER_PREFIX, FEW_GUESSES_OF_PROVIDER)(guarded)
    guarded = limiter.limit(contact_rate, exempt_when=adds_nothing)(guarded)
    guarded = limiter.limit(code_rate, deduct_when=_is_wrong, override_defaults=False)(guarded)
    return limiter.limit(wider(code_rate), deduct_when=_is_wrong, **_BY_NETWORK)(guarded)


def _is_wrong(response: Response) -> bool:
    """Whether what was typed is no code of a message."""
    return response.status_code == 404


def _is_guess(response: Response) -> bool:
    """Whether it could have been one: a slip that the check symbol shows is no guess."""
    return _is_wrong(response) and only_code_in(request.form.get("code", "")) is not None


def client_of(address: str) -> str:
    """The client, from the address that a connection or a proxy names: an IPv4 address, or the /64 of an IPv6 one.

    A household has as many addresses in its /64 as it likes. Ports, zones and brackets are ignored, and everything that
    is not an address counts as one client, since anybody could invent another with each request.
    """
    plain = address.strip().strip('"')[:100]
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif "." in plain.rpartition(":")[0] or plain.count(":") == 8:  # a port after the last or the eighth group
        plain = plain.rpartition(":")[0]
    try:
        found = ip_address(plain.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(found, IPv4Address):
        return str(found)
    return str(_within(found) or IPv6Network((int(found), 64), strict=False))


def _within(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one only carries: all such clients of a gateway would share one /64."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


def client_of_request() -> str:
    """The client of this request. Behind a Unix socket there is no address, and all are one."""
    return _counted_as(client_of(request.remote_addr or ""))


def network_of_request() -> str:
    """The /48 that the client of this request is in; empty for one that has IPv4, where there is no such plenty."""
    return _network({6: _WIDE_PREFIX})


def _network(prefixes: Mapping[int, int]) -> str:
    """The network of this request's client, as long as `prefixes` says for its version of IP; empty where it does not.

    What has no address, as behind a Unix socket, is one network.
    """
    client = client_of(request.remote_addr or "")
    try:
        found = ip_network(client)
    except ValueError:
        return client
    prefix = prefixes.get(found.version)
    return _counted_as(str(found.supernet(new_prefix=prefix))) if prefix else ""


# How a limit of networks is made.
_BY_NETWORK: dict[str, Any] = {"key_func": network_of_request, "exempt_when": lambda: not network_of_request()}


def wider(rate: str) -> str:
    """The limit of a whole network, where `rate` is that of one client."""
    one = parse(rate)
    return f"{WIDER * one.amount} per {one.multiples} {one.GRANULARITY.name}"


def _account() -> str:
    """The account that is guessed at. One that is named need not exist, so that limits reveal nothing.

    A browser in which somebody has signed in to it before counts for itself: strangers' guesses keep nobody out.
    """
    if request.endpoint == "desk.login":
        name = clean_name(request.form.get("name", "")[:100])
        if known := known_browser(str(current_app.secret_key), name, proof_in(request.cookies)):
            name += f" in {known}"
    else:
        name = session[HALF]["name"] if HALF in session else me().name
    return _counted_as(f"account {name}")


def _counted_as(who: str) -> str:
    """The name that counts of an address or account have: where they leave this process, one that tells nobody who."""
    key = current_app.config.get(_KEY)
    return hmac.digest(key, f"limits {who}".encode(), "sha256").hex()[:32] if key else who


# Wrong passwords: an account can be tried no faster than this, from however many addresses, and an address can try no
# faster than this, however many accounts.
GUESSES: dict[Callable[[], str], str] = {client_of_request: "30 per 15 minutes", _account: "10 per 15 minutes"}
# Where passwords and codes can be guessed: each answers a wrong one with the status 401.
# What is tried in one session counts together, and apart from what strangers try at the door: they must not be able to
# keep somebody from changing a password or ending sessions.
GUESSED_AT_WHEN_SIGNED_IN = (
    *("desk.change_password", "desk.second_factor_begin", "desk.second_factor_off"),
    *("desk.end_session", "desk.end_sessions"),
)
GUESSED_AT = ("desk.login", "desk.login_code", *GUESSED_AT_WHEN_SIGNED_IN)
# Where people come back to from the OpenID provider. No account is named there, so addresses alone are counted.
_FROM_PROVIDER = "desk.openid_back"
