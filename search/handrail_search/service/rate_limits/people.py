"""As whom a browser tab counts: many new ones of one network within minutes count as one person.

Whoever opens a hundred tabs, or sends a hundred made-up ones, must not look like a hundred people. Nobody is refused,
and nobody's search is changed by this. No address is kept: networks and tabs are known by keyed hashes in the memory of
this process, and the key is forgotten with them every day.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network

# So many new tabs of a network count for themselves: (tabs, within seconds).
ALONE = ((5, 10 * 60), (40, 24 * 3600))
# Networks that are remembered; the one longest unheard of goes first.
MOST_NETWORKS = 10_000
_DAY_SECONDS = 24 * 3600


@dataclass
class _Network:
    """What is known of one network today: the hashes of tabs that count for themselves, and when each came."""

    crowd: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    alone: set[bytes] = field(default_factory=set)
    came: list[float] = field(default_factory=list)

    def admits(self, at: float) -> bool:
        """Whether one more new tab counts for itself."""
        return all(sum(at - one < seconds for one in self.came) < most for most, seconds in ALONE)


class People:
    """Counts new tabs by network. Safe to use in threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that are never set back."""
        self._clock = clock
        self._lock = threading.Lock()
        self._forget(clock())

    def crowd_of(self, tab: str | None, client: str) -> str | None:
        """The random name that this tab shares with others of its network; None where it counts for itself.

        `client` is as `client_of` gives it. What comes without a tab is new each time.
        """
        network = network_of(client)
        if network is None:
            return None
        with self._lock:
            at = self._clock()
            if at - self._since >= _DAY_SECONDS:
                self._forget(at)
            known = self._network(self._hash(network))
            name = self._hash(tab) if tab else secrets.token_bytes(16)
            if name in known.alone:
                return None
            if not known.admits(at):
                return known.crowd
            known.came.append(at)
            known.alone.add(name)
            return None

    def _forget(self, at: float) -> None:
        self._since, self._key = at, secrets.token_bytes(32)
        self._networks: OrderedDict[bytes, _Network] = OrderedDict()

    def _network(self, name: bytes) -> _Network:
        known = self._networks.setdefault(name, _Network())
        self._networks.move_to_end(name)
        if len(self._networks) > MOST_NETWORKS:
            self._networks.popitem(last=False)
        return known

    def _hash(self, words: str) -> bytes:
        return hmac.digest(self._key, words.encode(), "sha256")[:16]


def network_of(client: str) -> str | None:
    """The /24 of an IPv4 address, or the /64 that `client_of` made of an IPv6 one; None where there is none to tell.

    This machine itself is no network: behind a proxy that `trusted_proxies` does not name, it would be everybody.
    """
    try:
        found = ip_network(client)
    except ValueError:
        return None
    if found.version == 6:
        return None if ip_network("::1/128").subnet_of(found) else str(found)  # type: ignore[arg-type]
    return None if found.is_loopback else str(found.supernet(new_prefix=24))
