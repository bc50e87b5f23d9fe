"""How fast pages may be asked for: by somebody who is signed in, and by all others from one address."""

from limits import RateLimitItemPerMinute

from services.chassis.clock import Clock
from services.chassis.errors import TooManyRequests
from services.chassis.web.rates import Counted
from services.console.seal import digest
from services.console.sessions import Session

_ONE_REFUSAL = RateLimitItemPerMinute(1, namespace="refusal")


class PageRates:
    """The limits, counted in this process."""

    def __init__(self, session_per_minute: int, address_per_minute: int, clock: Clock) -> None:
        self._counted = Counted(clock)
        self._session = RateLimitItemPerMinute(session_per_minute, namespace="session")
        self._address = RateLimitItemPerMinute(address_per_minute, namespace="address")

    def check(self, session: Session | None, address: str) -> None:
        """Count a request. Raises TooManyRequests.

        Of who is signed in, by their session: behind a proxy, everybody has its address.
        """
        limit, who = (self._address, address) if session is None else (self._session, digest(session.secret))
        if not self._counted.hit(limit, who):
            first = self._counted.hit(_ONE_REFUSAL, who)
            raise TooManyRequests(self._counted.wait_seconds(limit, who), is_first=first)
