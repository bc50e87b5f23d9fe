"""Where access tokens come from: given once, asked for at each request, or fetched and kept until they run out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class TokenSource(Protocol):
    """Gives the token to send with a request. Raises TokenUnavailable."""

    async def token(self) -> str:
        """The access token to use now."""
        ...

    def refused(self, token: str) -> bool:
        """The server did not accept this one. True when the next one may be another, so that it is worth a try."""
        ...


class StaticToken:
    """One token, for as long as it lasts."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        """That one."""
        return self._token

    def refused(self, token: str) -> bool:  # noqa: ARG002 - there is no other
        """There is no other."""
        return False


class CalledToken:
    """A token that a function of yours gives at each request: from a file, a vault, or a session of your own."""

    def __init__(self, call: Callable[[], Awaitable[str]]) -> None:
        self._call = call

    async def token(self) -> str:
        """Whatever the function gives."""
        return await self._call()

    def refused(self, token: str) -> bool:  # noqa: ARG002 - the function knows best
        """The function is asked again."""
        return True


@dataclass(frozen=True, slots=True)
class FetchedToken:
    """A token, and when it is over."""

    token: str
    expires_at: datetime


class CachedToken:
    """A token that costs a request, as that of a token endpoint does: kept until shortly before it runs out.

    `fetch` gets a new one, one at a time however many requests wait for it. Client credentials are a `fetch`.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[FetchedToken]],
        clock: Clock = system_clock,
        margin: timedelta = timedelta(seconds=30),
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._margin = margin
        self._kept: FetchedToken | None = None
        self._fetching = asyncio.Lock()

    async def token(self) -> str:
        """The one that is kept, or a new one. Raises what `fetch` raises."""
        async with self._fetching:
            if self._kept is None or self._kept.expires_at - self._margin <= self._clock():
                self._kept = await self._fetch()
            return self._kept.token

    def refused(self, token: str) -> bool:
        """Forget it, unless somebody else has fetched another since."""
        if self._kept is not None and self._kept.token == token:
            self._kept = None
        return True


def as_source(token: str | Callable[[], Awaitable[str]] | TokenSource) -> TokenSource:
    """What a caller may give as a token, as a source of tokens."""
    if isinstance(token, str):
        return StaticToken(token)
    return CalledToken(token) if callable(token) else token
