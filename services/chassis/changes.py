"""Live: that something of an organisation's has changed. What it is, its reader asks for as always."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from schemas.api.changes import Change
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.chassis.web import Call, EventStream, Operation, ServerSentEvent

POLL_SECONDS = 2.0
"""So late, at most, one hears of what another process changed, and of what nobody said."""
MARK = r"[0-9a-z.-]{1,128}"

Marking = Callable[[UnitOfWork, str | None], Awaitable[str]]
"""How far an organisation's objects (everyone's, without one) have changed: another text after each change of them."""


class Changes:
    """The open streams of a service, which its own transactions wake, each for the organisations that it touched."""

    def __init__(self, transactions: Transactions, marking: Marking) -> None:
        self._transactions = transactions
        self._marking = marking
        self._open: set[tuple[str | None, asyncio.Event]] = set()
        transactions.on_touched = self._wake

    def operation(self, operation_id: str, path: str) -> Operation[UnitOfWork]:
        """Its route."""
        return Operation(
            method="GET",
            path=path,
            operation_id=operation_id,
            summary="Hear at once that something of yours has changed",
            description="Server-sent events that say so, and no more. After a break, send the id of the last one as "
            "Last-Event-ID: when something has changed meanwhile, the first event says so.",
            last_event_id=MARK,
            stream=self._stream,
            response=Change,
            tags=("changes",),
        )

    def _wake(self, touched: set[str]) -> None:
        for owner, woken in self._open:
            if owner is None or owner in touched:
                woken.set()

    @contextmanager
    def _opened(self, owner: str | None) -> Iterator[asyncio.Event]:
        woken = asyncio.Event()
        self._open.add((owner, woken))
        try:
            yield woken
        finally:
            self._open.discard((owner, woken))

    async def _stream(self, call: Call[Any, Any], stream: EventStream) -> None:
        """Say where it stands, and then each time that this is another, or that it was touched here."""
        with self._opened(call.owner) as woken:
            mark = await self._mark(call.owner)
            if stream.last_event_id in (None, mark):
                await stream.send(ServerSentEvent(None, id=mark))
            else:
                await self._say(stream, mark)
            while True:
                was_touched = await _is_set(woken, POLL_SECONDS)
                before, mark = mark, await self._mark(call.owner)
                if was_touched or mark != before:
                    await self._say(stream, mark)

    async def _say(self, stream: EventStream, mark: str) -> None:
        data = Change(changed_at=self._transactions.clock()).model_dump_json()
        await stream.send(ServerSentEvent(data, id=mark, event="changed"))

    async def _mark(self, owner: str | None) -> str:
        return await self._transactions.read(partial(self._read, owner), confined_to=owner)

    async def _read(self, owner: str | None, unit: UnitOfWork) -> str:
        return await self._marking(unit, owner)


async def _is_set(woken: asyncio.Event, seconds: float) -> bool:
    """Whether it was set within so many seconds; from then on it is not."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
    was_set = woken.is_set()
    woken.clear()
    return was_set
