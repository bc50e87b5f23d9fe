"""The public keys that an issuer publishes at an address: fetched with bounds, and kept for a while when it is away."""

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Never

import aiohttp
import structlog
from yarl import URL

from services.chassis.clock import Clock
from services.chassis.errors import Unavailable
from services.chassis.identity.keys import ALGORITHMS, FILE_LIMIT_BYTES, KeySet

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often keys are fetched, and how long they are used."""

    refresh: timedelta = timedelta(minutes=5)
    """How long keys are used before they are fetched again: a key that is withdrawn works no longer than that."""
    keep: timedelta = timedelta(hours=6)
    """How long keys are used when the issuer cannot be reached."""
    pause: timedelta = timedelta(seconds=30)
    """The shortest time between two tries, whatever tokens come: nobody can make us hammer the issuer."""
    timeout_seconds: float = 3.0
    """The longest that a fetch may take, from the name's look-up to the last byte."""


class RemoteKeys:
    """The keys at one address. `follow` must run for as long as they are used."""

    def __init__(
        self, url: str, clock: Clock, *, pace: Pace | None = None, algorithms: Sequence[str] = ALGORITHMS
    ) -> None:
        """Raises ValueError for an address at which anybody could put keys of their own."""
        self._url = checked_address(url)
        self._clock = clock
        self._pace = pace or Pace()
        self._algorithms = algorithms
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None
        self._tried_at_seconds: float | None = None
        self._fetching: asyncio.Task[bool] | None = None

    def current(self, now: datetime) -> KeySet:
        """The keys that were fetched last. Raises Unavailable when there are none that may still be used."""
        if self._keys is None or self._fetched_at is None or now - self._fetched_at > self._pace.keep:
            raise Unavailable("The keys of the tokens' issuer cannot be fetched at the moment; try again later.")
        return self._keys

    async def look_again(self) -> bool:
        """Fetch the keys, together with whoever else asks, unless that was tried a moment ago.

        Gives whether they were fetched. Never raises: what went wrong is in the log.
        """
        if self._fetching is None:
            if self._is_too_soon():
                return False
            self._tried_at_seconds = asyncio.get_running_loop().time()
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._ended)
        fetching = self._fetching
        # Who waits may go away; the others still want to know.
        await asyncio.wait([fetching])
        return not fetching.cancelled() and fetching.result()

    async def follow(self) -> None:
        """Fetch the keys again and again, until cancelled."""
        while True:
            fetched = await self.look_again()
            await asyncio.sleep((self._pace.refresh if fetched else self._pace.pause).total_seconds())

    @property
    def usable(self) -> bool:
        """Whether there are keys to verify with."""
        try:
            self.current(self._clock())
        except Unavailable:
            return False
        return True

    def _is_too_soon(self) -> bool:
        tried, now = self._tried_at_seconds, asyncio.get_running_loop().time()
        return tried is not None and now - tried < self._pace.pause.total_seconds()

    def _ended(self, _task: asyncio.Task[bool]) -> None:
        self._fetching = None

    async def _fetch(self) -> bool:
        try:
            found = KeySet.from_json(await self._download(), self._algorithms)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            reason = str(error) if type(error) is ValueError else type(error).__name__
            log.warning("issuer-keys-not-fetched", reason=reason, usable=self.usable)
            return False
        if found != self._keys:
            log.info("issuer-keys-changed", keys=len(found))
            self._keys = found
        self._fetched_at = self._clock()
        return True

    async def _download(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=self._pace.timeout_seconds)
        headers = {"Accept": "application/jwk-set+json, application/json"}
        # A session for each: with minutes in between, there is no connection to keep.
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 - the one answer that has keys
                _refuse(f"the issuer answered with status {response.status}; redirects are not followed")
            content = b""
            async for chunk in response.content.iter_chunked(64 * 1024):
                content += chunk
                if len(content) > FILE_LIMIT_BYTES:
                    _refuse(f"the issuer's key set is larger than {FILE_LIMIT_BYTES} bytes")
            return content


def checked_address(url: str) -> URL:
    """The address of an issuer, when nobody on the way could answer in its place. Raises ValueError."""
    parsed = URL(url)
    if parsed.user is not None or parsed.fragment or not parsed.host:
        _refuse("the address of the issuer's keys is https://host/path, without a user name or a fragment")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_loopback(parsed.host)):
        _refuse("the address of the issuer's keys must begin with https://, unless it is on this machine")
    return parsed


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse(reason: str) -> Never:
    raise ValueError(reason)
