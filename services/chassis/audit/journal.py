"""Where a service notes what happened: with a change, or by itself."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Table

from services.chassis.audit.action import Action, Result
from services.chassis.audit.chain import SEALED_AT_ONCE, Follow, nothing_more, seal
from services.chassis.audit.tables import AuditTables
from services.chassis.audit.unnamed import Unnamed
from services.chassis.database import Insertion
from services.chassis.errors import DoorstroomError, Unavailable
from services.chassis.timers import Timer
from services.chassis.unit_of_work import Transactions, UnitOfWork

WAITING_LIMIT = 10_000
TOGETHER = 500
"""So many reads and refusals, of people who asked at the same time, share one transaction."""
SEAL_SECONDS = 10.0
"""How long a line lies unsealed at most, if nobody is woken."""


BY_ITSELF = "service"
"""The origin of what nobody asked for in particular."""


async def write(unit: UnitOfWork, tables: AuditTables, action: Action) -> None:
    """Note this with what else the transaction does, and what followed from it for others."""
    lines = _by_itself(unit, unit.concerned)
    await unit.write(_insertion(tables.pending), [*lines, action.row(unit.identifiers(), unit.now, unit.concerned)])


def _by_itself(unit: UnitOfWork, but: Collection[UUID] = ()) -> list[dict[str, object]]:
    """A line for each thing that the service did by itself, with all the cases to which it did that; once.

    But for those of which another line says what was done.
    """
    cases = defaultdict[str, set[UUID]](set)
    for case, name in unit.by_itself.items():
        if case not in but:
            cases[name].add(case)
    unit.by_itself.clear()
    return [
        Action(name, Result.DONE, 0, origin=BY_ITSELF).row(unit.identifiers(), unit.now, concerned)
        for name, concerned in cases.items()
    ]


@lru_cache(maxsize=16)
def _insertion(table: Table) -> Insertion:
    return Insertion(table)


_Waiting = tuple[dict[str, object], asyncio.Future[None]]


class Journal:
    """Notes what happened in one service's audit log."""

    def __init__(self, transactions: Transactions, tables: AuditTables, follow: Follow = nothing_more) -> None:
        self._follow = follow
        self._transactions = transactions
        self._tables = tables
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._unnamed = Unnamed(transactions.clock)
        self.sealing = Timer("audit-seal", transactions.clock, self._seal, SEAL_SECONDS)
        transactions.note = self._note_by_itself

    async def note(self, unit: UnitOfWork, action: Action) -> None:
        """Note this in the same transaction: what is undone was not done."""
        await write(unit, self._tables, action)
        unit.after_commit.append(self.sealing.wake)

    async def _note_by_itself(self, unit: UnitOfWork) -> None:
        """With what was done; sealed when that is due, so that a burst of it wakes nobody."""
        await unit.write(_insertion(self._tables.pending), _by_itself(unit))

    async def record(self, action: Action, cases: Collection[UUID] = ()) -> None:
        """Note this by itself, and return when it is stored. Raises Unavailable when it cannot be.

        Of many refusals of whoever is not known, most are only counted.
        """
        if Unnamed.is_one(action) and not self._unnamed.admits():
            return
        if len(self._waiting) >= WAITING_LIMIT:
            raise Unavailable("Too much is asked at once; try again later.")
        stored = asyncio.get_running_loop().create_future()
        row = action.row(self._transactions.identifiers(), self._transactions.clock(), cases)
        self._waiting.append((row, stored))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        await stored

    async def _write_waiting(self) -> None:
        """Store what waits, with all that came meanwhile in the next transaction."""
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
                await self._store(batch)
        finally:
            self._writing = None
        self.sealing.wake()

    async def _store(self, batch: list[_Waiting]) -> None:
        pending = _insertion(self._tables.pending)
        try:
            await self._transactions.run(lambda unit: unit.write(pending, [row for row, _ in batch]))
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it was
            for _, stored in batch:
                if not stored.done():
                    stored.set_exception(error)
            return
        for _, stored in batch:
            if not stored.done():
                stored.set_result(None)

    async def _seal(self) -> datetime | None:
        """Gives the present moment while there is more."""
        await self._tell_unnamed()
        sealed = await self._transactions.run(lambda unit: seal(unit, self._tables, self._follow))
        return self._transactions.clock() if sealed == SEALED_AT_ONCE else None

    async def finish(self) -> None:
        """Write down what was only counted; without a database it is lost."""
        with suppress(DoorstroomError):
            await self._tell_unnamed(at_once=True)

    async def _tell_unnamed(self, *, at_once: bool = False) -> None:
        if due := self._unnamed.due(at_once=at_once):
            count, action = due
            await self._transactions.run(lambda unit: write(unit, self._tables, action))
            self._unnamed.told(count)
