"""Gauges whose value lies in the database: read when somebody asks, in bounded time, and not again within seconds."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Gauge
from sqlalchemy import Executable, FromClause, Select, Table, func, literal_column, select

from services.chassis.measures.families import CONNECTED, CONSUMERS, FAMILIES, OWN, READ, elapsed_seconds
from services.chassis.quarantine import WAITING
from services.chassis.tables import MessageTables
from services.chassis.unit_of_work import Transactions, UnitOfWork

log = structlog.get_logger(__name__)

COUNT_LIMIT = 100_000
"""Nothing is counted further than this: counting must stay cheap when much has gone wrong."""

TIMEOUT_SECONDS = 2.0
KEPT_SECONDS = 5.0
"""For how long what was read answers whoever asks again."""

Readings = Mapping[Gauge, float]
Reader = Callable[[UnitOfWork], Awaitable[Readings]]
"""Reads a service's own gauges, each with the one label `service`."""

UP_TO = f"; counted up to {COUNT_LIMIT}."


def gauge(name: str, meaning: str) -> Gauge:
    """A gauge with the label `service`, whose value is read from the database."""
    return Gauge(f"{OWN}{name}", meaning, ("service",), registry=FAMILIES)


OUTBOX = gauge("outbox_messages", f"Events that are committed and not confirmed by the broker{UP_TO}")
OUTBOX_AGE = gauge("outbox_oldest_seconds", "How long ago the oldest of them was recorded; 0 without any.")
INBOX = gauge("inbox_messages", f"Messages that are remembered so that each has its effect once{UP_TO}")
QUARANTINE = gauge("quarantine_messages", f"Messages in quarantine that wait for an operator{UP_TO}")


async def nothing_own(_unit: UnitOfWork) -> Readings:
    """For a service that has no gauges of its own."""
    return {}


class ServiceReadings:
    """One service's gauges."""

    def __init__(
        self,
        service: str,
        transactions: Transactions,
        tables: MessageTables,
        own: Reader,
        *,
        connected: Callable[[], bool],
        consuming: Callable[[], bool],
    ) -> None:
        self._service = service
        self._transactions = transactions
        self._tables = tables
        self._own = own
        self._connected = connected
        self._consuming = consuming
        self._gauges: list[Gauge] = [OUTBOX, OUTBOX_AGE, INBOX, QUARANTINE]

    async def renew(self) -> None:
        """Read them. What cannot be read in time is not a number, and not what it was before."""
        CONNECTED.labels(self._service).set(self._connected())
        CONSUMERS.labels(self._service).set(self._consuming())
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                readings = await self._transactions.read(self._read)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other numbers are wanted
            log.warning("metrics-not-read", service=self._service, error=type(error).__name__)
            readings = dict.fromkeys(self._gauges, math.nan)
        self._gauges = list(readings)
        READ.labels(self._service).set(not any(map(math.isnan, readings.values())))
        for each, value in readings.items():
            each.labels(self._service).set(value)

    async def _read(self, unit: UnitOfWork) -> dict[Gauge, float]:
        outbox, inbox, quarantine = self._tables.outbox, self._tables.inbox, self._tables.quarantine
        oldest = (await unit.execute(_oldest(outbox))).first()
        return {
            OUTBOX: await _number(unit, _unsent(outbox)),
            OUTBOX_AGE: elapsed_seconds(oldest.created_at, unit.now) if oldest else 0.0,
            INBOX: await _number(unit, _remembered(inbox)),
            QUARANTINE: await _number(unit, _waiting(quarantine)),
            **await self._own(unit),
        }


def bounded(rows: Select[Any]) -> FromClause:
    """The first so many of these rows, to be counted."""
    return rows.limit(COUNT_LIMIT).subquery()


async def _number(unit: UnitOfWork, counting: Executable) -> float:
    return float((await unit.execute(counting)).one().number)


@lru_cache(maxsize=16)
def _oldest(outbox: Table) -> Executable:
    # Their ids rise with time, and the index of the unsent is in that order.
    return select(outbox.c.created_at).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.id).limit(1)


@lru_cache(maxsize=16)
def _unsent(outbox: Table) -> Executable:
    return _counting(select(outbox.c.id).where(outbox.c.sent_at.is_(None)))


@lru_cache(maxsize=16)
def _remembered(inbox: Table) -> Executable:
    return _counting(select(inbox.c.received_at))


@lru_cache(maxsize=16)
def _waiting(quarantine: Table) -> Executable:
    # A constant in the text, not a parameter: only so can a prepared plan use the partial index.
    return _counting(select(quarantine.c.id).where(quarantine.c.status == literal_column(f"'{WAITING}'")))


def _counting(rows: Select[Any]) -> Executable:
    return select(func.count().label("number")).select_from(bounded(rows))
