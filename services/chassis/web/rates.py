"""How many requests a client and an organisation may make. Counted in this process: each replica counts its own."""

from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from services.chassis.clock import Clock
from services.chassis.errors import TooManyRequests
from services.chassis.identity.principal import Principal
from services.chassis.web.settings import WebSettings

WINDOW_SECONDS = 10
"""Over how long requests are counted: shorter than this, a burst may be faster than the rate."""
_ONE_REFUSAL = RateLimitItemPerMinute(1, namespace="refusal")


class Counts(Storage):
    """What the library counts, by whom; forgotten while counting.

    The library's own memory starts a thread for that at nearly every request, which costs several times what counting
    does, and goes by the machine's clock.
    """

    STORAGE_SCHEME = None
    """It is at no address by which the library would find it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        self._forget_at = 0.0

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Nothing that it does can fail."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count it in the window that runs, or in a new one of so many seconds."""
        now = self._clock().timestamp()
        self._forget(now)
        count, ends_at = self._counts.get(key, (0, 0.0))
        if ends_at <= now:
            count, ends_at = 0, now + expiry
        self._counts[key] = count + amount, ends_at
        return count + amount

    def _forget(self, now: float) -> None:
        if now >= self._forget_at:
            self._counts = {key: counted for key, counted in self._counts.items() if counted[1] > now}
            self._forget_at = now + WINDOW_SECONDS

    def get(self, key: str) -> int:
        """How often, in the window that runs."""
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > self._clock().timestamp() else 0

    def get_expiry(self, key: str) -> float:
        """When that window ends, in seconds since 1970."""
        return self._counts[key][1] if key in self._counts else self._clock().timestamp()

    def check(self) -> bool:
        """It is always there."""
        return True

    def reset(self) -> int:
        """Forget everything."""
        number = len(self._counts)
        self._counts.clear()
        return number

    def clear(self, key: str) -> None:
        """Forget what was counted of this one."""
        self._counts.pop(key, None)


class Counted:
    """Counts what each does in the window that begins with the first of it, and refuses what is beyond the limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = FixedWindowRateLimiter(Counts(clock))

    def hit(self, limit: RateLimitItem, *who: str) -> bool:
        """Count one more; false when it is beyond the limit."""
        return self._window.hit(limit, *who)

    def wait_seconds(self, limit: RateLimitItem, *who: str) -> int:
        """How long until the next window begins, in whole seconds, at least one."""
        return max(1, ceil(self._window.get_window_stats(limit, *who).reset_time - self._clock().timestamp()))


class Rates:
    """The limits of everybody who has a token."""

    def __init__(self, settings: WebSettings, clock: Clock) -> None:
        self._counted = Counted(clock)
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
