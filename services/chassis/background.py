"""Tasks that run for as long as the process does, and begin again when they fail."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0


class Background:
    """Keeps named tasks running until stopped."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`, and run it again after a growing pause whenever it fails."""
        self._tasks.append(asyncio.create_task(_again_and_again(name, work), name=name))

    async def stop(self) -> None:
        """Cancel every task, newest first, and wait for each to end."""
        while self._tasks:
            task = self._tasks.pop()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    pause = FIRST_PAUSE_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await work()
        except Exception:
            # Whatever it is: relays, consumers and timers must go on, for nobody else moves what waits.
            log.exception("background-task-failed", task=name)
        if loop.time() - started > LONGEST_PAUSE_SECONDS:
            pause = FIRST_PAUSE_SECONDS
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
