"""Reads server-sent events with as little work as possible: the client must not be what is measured."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import aiohttp

from bench.measure import BenchError

OPEN_SECONDS = 10.0


@asynccontextmanager
async def watching(session: aiohttp.ClientSession, url: str, saw: Callable[[bytes], None]) -> AsyncIterator[None]:
    """Hold a stream open meanwhile, and call `saw` with the data of each event.

    Raises BenchError when the stream is refused.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=OPEN_SECONDS)
    async with session.get(url, timeout=timeout) as response:
        if response.status != HTTPStatus.OK:
            message = f"The stream was refused with status {response.status}."
            raise BenchError(message)
        reading = asyncio.create_task(_read(response, saw))
        try:
            yield
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


async def _read(response: aiohttp.ClientResponse, saw: Callable[[bytes], None]) -> None:
    async for line in response.content:
        if line.startswith(b"data:"):
            saw(line[5:].strip())
