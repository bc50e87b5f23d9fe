"""Waiting for something to become true, with a bound and without a fixed sleep."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

POLL_SECONDS = 0.01
WAIT_SECONDS = 30.0


async def eventually(look: Callable[[], Awaitable[Found]], seconds: float = WAIT_SECONDS) -> Found:
    """Give the first true answer; raise TimeoutError when there is none in time."""
    found = await look()
    async with asyncio.timeout(seconds):
        while not found:
            await asyncio.sleep(POLL_SECONDS)
            found = await look()
    return found


async def until(condition: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
    """Wait until a plain condition holds; raise TimeoutError when it does not in time."""

    async def look() -> bool:
        return bool(condition())

    await eventually(look, seconds)
