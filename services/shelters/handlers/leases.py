"""Leases that end: their provider is told in time, once, and told as well when nothing is to be done any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.messages.deadlines import LeaseEnding, LeaseSettled
from services.calendar.hours import AnswerTime, IsHoliday
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.store import units as store
from services.shelters.store.units import StoredUnit

BATCH = 100
UNITS = "/shelters/v1/units"


@dataclass(frozen=True, slots=True)
class Warnings:
    """How long before its end a provider is told of a lease that nobody has affirmed; 0 hours: never."""

    hours: int
    working: bool
    """Whether only hours count in which Dutch offices work."""
    is_holiday: IsHoliday

    def moment(self, lease_expires_at: datetime) -> datetime:
        """When to tell, of a lease that ends then. A later end gives no earlier moment."""
        return AnswerTime(self.hours, self.working).before(lease_expires_at, self.hours, self.is_holiday)

    async def next_due(self, unit: UnitOfWork) -> datetime | None:
        """When to tell of the next one."""
        end = await store.next_watched_lease_end(unit) if self.hours else None
        return None if end is None else self.moment(end)

    async def warn(self, unit: UnitOfWork) -> datetime | None:
        """Tell of those that are due, and give the moment when the next is. Safe in any number of replicas."""
        candidates = await store.watched_leases(unit, BATCH)
        due = [row.id for row in candidates if self._is_due(row.lease_expires_at, unit.now)]
        held = (await store.lock_units(unit, due)).values() if due else ()
        decided = [stored for stored in held if self._is_watched(stored, unit.now)]
        for stored in decided:
            if domain.warn(stored.unit, self._moment_of(stored)):
                _say_ending(unit, stored)
        await store.save(unit, decided)
        return await self.next_due(unit)

    def _is_due(self, lease_expires_at: datetime, now: datetime) -> bool:
        return self.moment(lease_expires_at) <= now < lease_expires_at

    def _is_watched(self, stored: StoredUnit, now: datetime) -> bool:
        """As it is now that it is held: it may have been affirmed, or reserved."""
        held = stored.unit
        ends_at = held.lease_expires_at
        return held.lease_watched and held.state in domain.LEASED and ends_at is not None and self._is_due(ends_at, now)

    def _moment_of(self, stored: StoredUnit) -> datetime:
        assert stored.unit.lease_expires_at is not None, "it is watched"  # noqa: S101 - for the type checker
        return self.moment(stored.unit.lease_expires_at)


async def keep(unit: UnitOfWork, changed: Sequence[StoredUnit]) -> None:
    """Store what became of units, and tell providers that were told of a lease where nothing is to be done any more."""
    for stored in changed:
        if stored.warned is not None and not stored.unit.is_warned:
            words = stored.unit.lease_words
            data = LeaseSettled(
                vacancy_id=stored.warned, version=words, recipient=stored.organisation, settled_at=unit.now
            )
            unit.record(data, subject=stored.warned, dataref=UNITS)
            stored.warned = None
    await store.save(unit, changed)


def _say_ending(unit: UnitOfWork, stored: StoredUnit) -> None:
    ending = stored.unit
    data = LeaseEnding(
        vacancy_id=ending.vacancy_id,
        version=ending.lease_words,
        recipient=stored.organisation,
        lease_expires_at=ending.lease_expires_at,
    )
    unit.record(data, subject=data.vacancy_id, dataref=UNITS)
