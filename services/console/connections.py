"""The connections of the console to others: made at the first use, and closed when it stops."""

import asyncio

import aiohttp

CONNECTIONS_LIMIT = 100


class Connections:
    """One pool for the services, and for the identity provider."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool. Cookies of others are never kept."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=CONNECTIONS_LIMIT)
            self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def hold(self) -> None:
        """Keep it until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._session is not None:
                await self._session.close()
