"""Runs each command once: a POST whose Idempotency-Key was used before gets the stored answer."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic

from sqlalchemy import Table

from services.chassis import idempotency
from services.chassis.clock import Clock
from services.chassis.errors import DoorstroomError, Unavailable
from services.chassis.idempotency import Command, StoredReply
from services.chassis.web.operation import Unit, Work

Effect = Callable[[Unit], Awaitable[StoredReply]]
Settled = tuple[StoredReply, bool]
"""An answer, and whether it had been given before."""


class Commands(Generic[Unit]):
    """The commands of one API.

    The database decides between processes. Within this one, calls with the same key also wait for each other, so that
    a thousand of them do not queue for transactions that must fail.
    """

    def __init__(self, work: Work[Unit], table: Table, clock: Clock) -> None:
        self._work = work
        self._table = table
        self._clock = clock
        self._running: dict[tuple[str, str, str], asyncio.Future[tuple[bytes, StoredReply] | None]] = {}

    async def perform(self, command: Command, effect: Effect[Unit], *, confined_to: str | None) -> Settled:
        """Give the command its effect, which ends with `remember`; or the answer of the time that it had it.

        Both see only what is that organisation's, unless it is None.

        Raises what `effect` raises, and KeyReused when the key was used for another request.
        """
        identity = (command.organisation, command.subject, command.key)
        while running := self._running.get(identity):
            await asyncio.wait([running])
            if outcome := running.result():
                idempotency.ensure_same(command, outcome[0])
                return outcome[1], True
        mine = self._running[identity] = asyncio.get_running_loop().create_future()
        outcome = None
        try:
            settled = await self._once(command, effect, confined_to)
            outcome = (command.request_hash, settled[0])
            return settled
        finally:
            del self._running[identity]
            mine.set_result(outcome)

    async def remember(self, unit: Unit, command: Command, reply: StoredReply) -> None:
        """Store the answer, in the transaction of its effect. Raises UniqueViolation when the key was used before."""
        await idempotency.remember(unit, self._table, command, reply, self._clock())

    async def _once(self, command: Command, effect: Effect[Unit], confined_to: str | None) -> Settled:
        try:
            return await self._work.run(effect, confined_to=confined_to), False
        except Unavailable:
            raise
        except DoorstroomError as error:
            # Either this key was used before, or the first use already changed what this one now trips over.
            recall = partial(idempotency.recall, table=self._table, command=command)
            stored = await self._work.read(recall, confined_to=confined_to)
            if stored is None:
                raise error from None
            return stored, True
