"""Tasks that run for as long as the process does, and begin again when they fail."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STOP_SECONDS = 5.0


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, which after so many seconds it is by itself.

    Without an exception for each end of a pause, as `asyncio.timeout` has it: whoever waits so does little else.
    """
    end = asyncio.get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        end.cancel()


class Background:
    """Keeps named tasks running until stopped."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`, and run it again after a growing pause whenever it fails."""
        self._tasks.append(asyncio.create_task(_again_and_again(name, work), name=name))

    async def stop(self) -> None:
        """Cancel every task, and wait for them to end; what has not ended after some seconds is left behind."""
        tasks, self._tasks = self._tasks, []
        for task in reversed(tasks):
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            if left:
                log.error("background-task-not-ended", tasks=sorted(task.get_name() for task in left))


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
