"""Between replicas: a stream that is open here shows what another process stored."""

import asyncio
import secrets
from collections.abc import Sequence

import structlog

from services.chassis.errors import Unavailable
from services.chassis.unit_of_work import Transactions
from services.notifications.channels.hub import Hub
from services.notifications.store import inbox

CHANNEL = "notifications"
POLL_SECONDS = 2.0
COALESCE_SECONDS = 0.02
"""After one hint, others wait so long and go together: the first is never late, and many cost no more than a few."""
LONGEST_PAYLOAD_BYTES = 7000
"""PostgreSQL takes 8000 bytes; a longer list of recipients becomes the hint that anyone may have news."""

log = structlog.get_logger(__name__)


class Wakeups:
    """Tells other replicas of what was stored here, hears of what they stored, and looks for what nobody said."""

    def __init__(self, transactions: Transactions, hub: Hub) -> None:
        self._transactions = transactions
        self._name = secrets.token_hex(8)
        self._hub = hub
        self._stored: set[str] = set()
        self._has_stored = asyncio.Event()
        self._seen: dict[str, int] = {}
        hub.on_stored = self._note

    async def run(self) -> None:
        """Work until cancelled."""
        database = self._transactions.database
        await database.listen(CHANNEL, self._hear)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._poll())
            tasks.create_task(self._tell())

    def _note(self, recipients: Sequence[str]) -> None:
        # SQLite has one process: there is nobody to tell.
        if self._transactions.database.is_postgresql:
            self._stored.update(recipients)
            self._has_stored.set()

    def _hear(self, payload: str) -> None:
        sender, _, recipients = payload.partition(";")
        # What this process stored has reached its streams already; looking again would cost a query for each of them.
        if sender != self._name:
            for recipient in recipients.split(","):
                self._hub.wake(recipient)

    async def _tell(self) -> None:
        while True:
            await self._has_stored.wait()
            self._has_stored.clear()
            recipients, self._stored = sorted(self._stored), set()
            names = ",".join(recipients)
            payload = f"{self._name};{names if len(names) <= LONGEST_PAYLOAD_BYTES else ''}"
            try:
                await self._transactions.database.notify(CHANNEL, payload)
            except Unavailable as error:
                log.warning("wakeup-not-sent", reason=error.detail)
            await asyncio.sleep(COALESCE_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            recipients = self._hub.recipients
            if recipients:
                await self._look(recipients)

    async def _look(self, recipients: list[str]) -> None:
        try:
            newest = await self._transactions.read(lambda unit: inbox.last_sequences(unit, recipients))
        except Unavailable as error:
            log.warning("wakeup-not-read", reason=error.detail)
            return
        for recipient, sequence in newest.items():
            if self._seen.get(recipient) != sequence:
                self._hub.wake(recipient)
        self._seen = newest
