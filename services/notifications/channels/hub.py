"""Wakes the live streams of this process: at once for what it stored itself, by hint for what another process did."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from services.notifications.store.inbox import StoredNotification

WAITING_LIMIT = 256


class Feed:
    """What has arrived for one open stream. When it overflows, the stream reads the database instead."""

    def __init__(self) -> None:
        self.waiting: deque[StoredNotification] = deque(maxlen=WAITING_LIMIT)
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There is something new."""
        self._woken.set()

    async def changed(self) -> None:
        """Wait until there may be something new."""
        await self._woken.wait()
        self._woken.clear()


class Hub:
    """The open streams of this process, by recipient."""

    def __init__(self) -> None:
        self._feeds: defaultdict[str, set[Feed]] = defaultdict(set)
        self.on_stored: Callable[[Sequence[str]], None] = lambda _recipients: None
        """Called with the recipients of what this process stored, so that others can be told."""

    @contextmanager
    def open(self, recipient: str) -> Iterator[Feed]:
        """A feed for as long as a stream is open."""
        feed = Feed()
        self._feeds[recipient].add(feed)
        try:
            yield feed
        finally:
            self._feeds[recipient].discard(feed)
            if not self._feeds[recipient]:
                del self._feeds[recipient]

    @property
    def recipients(self) -> list[str]:
        """Who has a stream open here."""
        return sorted(self._feeds)

    def deliver(self, stored: Sequence[StoredNotification]) -> None:
        """Hand over what this process has just committed."""
        for notification in stored:
            for feed in self._feeds.get(notification.recipient, ()):
                feed.waiting.append(notification)
                feed.wake()
        self.on_stored(sorted({notification.recipient for notification in stored}))

    def wake(self, recipient: str) -> None:
        """Another process may have stored something for this recipient; an empty name means for anyone."""
        for name in [recipient] if recipient else list(self._feeds):
            for feed in self._feeds.get(name, ()):
                feed.wake()
