"""How many requests a client and an organisation may make. Counted in this process: each replica counts its own."""

import time
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from services.chassis.errors import TooManyRequests
from services.chassis.identity.principal import Principal
from services.chassis.web.settings import WebSettings

WINDOW_SECONDS = 10
"""Over how long requests are counted: shorter than this, a burst may be faster than the rate."""
_ONE_REFUSAL = RateLimitItemPerMinute(1, namespace="refusal")


class Counted:
    """Counts what each does in the window that begins with the first of it, and refuses what is beyond the limit."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._window = FixedWindowRateLimiter(self._storage)

    def hit(self, limit: RateLimitItem, *who: str) -> bool:
        """Count one more; false when it is beyond the limit."""
        return self._window.hit(limit, *who)

    def wait_seconds(self, limit: RateLimitItem, *who: str) -> int:
        """How long until the next window begins, in whole seconds, at least one."""
        # The library counts by the machine's clock, and so must what is said about it.
        return max(1, ceil(self._window.get_window_stats(limit, *who).reset_time - time.time()))


class Rates:
    """The limits of everybody who has a token."""

    def __init__(self, settings: WebSettings) -> None:
        self._counted = Counted()
        self._client = _limit(settings.client_requests_per_second, "client")
        self._organisation = _limit(settings.organisation_requests_per_second, "organisation")

    def check(self, principal: Principal) -> None:
        """Count a request. Raises TooManyRequests.

        What a client is refused counts for its organisation no more, so that one of them cannot use up what is for all.
        """
        organisation = principal.organisation
        for limit, who in (
            (self._client, (organisation, principal.subject)),
            (self._organisation, (organisation,)),
        ):
            if not self._counted.hit(limit, *who):
                first = self._counted.hit(_ONE_REFUSAL, organisation, principal.subject)
                raise TooManyRequests(self._counted.wait_seconds(limit, *who), is_first=first)


def _limit(per_second: int, whose: str) -> RateLimitItem:
    return RateLimitItemPerSecond(per_second * WINDOW_SECONDS, WINDOW_SECONDS, namespace=whose)
