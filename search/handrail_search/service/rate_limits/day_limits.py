"""How much of each kind one address may leave in the store in a day, by the table in `storage/upkeep/capacity.py`."""

from __future__ import annotations

from limits import RateLimitItemPerDay
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from handrail_feedback.storage.upkeep.capacity import LIMITS, Capacity, Kind
from handrail_search.service.rate_limits.rules import WIDER, client_of_request, network_of_request
from handrail_search.service.rate_limits.shared_counts import CountsOfLimiter, SharedCounts
from handrail_search.service.rate_limits.steady_counts import SteadyCounts


class DayLimits:
    """Counts by address, in the memory of this process or over all nodes: a number for each, whatever it has left."""

    def __init__(self, capacity: Capacity, counts: SharedCounts | None = None) -> None:
        """`counts` are those that nodes share, where they do."""
        where: Storage = CountsOfLimiter("handrail://", counts=counts) if counts else SteadyCounts()
        self._counter = FixedWindowRateLimiter(where)
        self._capacity = capacity

    def takes(self, kind: Kind, amount: int = 1) -> bool:
        """Whether the address of this request, and the network it is in, may leave so many more today: counted."""
        limit = RateLimitItemPerDay(LIMITS[kind].a_day, namespace="handrail-day")
        if not self._counter.hit(limit, kind, client_of_request(), cost=amount):
            return False
        of_network, network = (
            RateLimitItemPerDay(WIDER * LIMITS[kind].a_day, namespace="handrail-day"),
            network_of_request(),
        )
        return not network or self._counter.hit(of_network, kind, network, cost=amount)

    def admit(self, kind: Kind, amount: int) -> None:
        """Raise TooManyRequests where this address left enough today, StoreUnavailable where the store is full."""
        self._capacity.need_room(kind)
        if not self.takes(kind, amount):
            raise TooManyRequests("This address has sent enough for today.")
