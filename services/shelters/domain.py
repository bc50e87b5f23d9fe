"""The life of a unit, pure: out_of_service → free (lease) → held → reserved → occupied → free."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Refused(Exception):
    """The rules do not allow this now. The text says why, and what to do."""


class UnitState(StrEnum):
    """Where a unit stands."""

    OUT_OF_SERVICE = "out_of_service"
    FREE = "free"
    HELD = "held"
    RESERVED = "reserved"
    OCCUPIED = "occupied"


FROM_FREE_TO_RESERVED = (UnitState.FREE, UnitState.HELD, UnitState.RESERVED)


@dataclass(slots=True)
class Unit:
    """What a facility offers at once.

    `vacancy_id` is the present episode, from being freed to departure. `version` rises with each event about the
    unit; `allocation_version` is that of the last word of the registry about the present episode.
    """

    id: UUID
    state: UnitState = UnitState.OUT_OF_SERVICE
    vacancy_id: UUID | None = None
    offer_id: UUID | None = None
    freed_at: datetime | None = None
    available_from: datetime | None = None
    lease_expires_at: datetime | None = None
    version: int = 0
    allocation_version: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """A unit being free: a new id each time, and a lease that lapses unless it is affirmed."""

    vacancy_id: UUID
    freed_at: datetime
    available_from: datetime
    lease_expires_at: datetime


def post(unit: Unit, episode: Episode) -> None:
    """A provider says that the unit is free."""
    if unit.state is UnitState.OCCUPIED:
        raise Refused("The unit is occupied; record the departure, and it comes free by itself.")
    if unit.state is not UnitState.OUT_OF_SERVICE:
        raise Refused(f"The unit is {unit.state} already; affirm its vacancy to extend the lease.")
    if episode.lease_expires_at <= episode.available_from:
        raise Refused("The lease would end before the unit is available; give a longer lease.")
    _free(unit, episode)


def affirm(unit: Unit, lease_expires_at: datetime) -> None:
    """Still free: the lease begins again."""
    if unit.state not in (UnitState.FREE, UnitState.HELD):
        raise Refused(f"The unit is {unit.state}; only a free or held one has a lease to affirm.")
    unit.lease_expires_at = lease_expires_at
    unit.version += 1


def withdraw(unit: Unit) -> None:
    """The unit is not to be had after all."""
    if unit.state not in FROM_FREE_TO_RESERVED:
        raise Refused(f"The unit is {unit.state}; only one that is free, held or reserved can be withdrawn.")
    _take_out(unit)


def lapse(unit: Unit, now: datetime) -> bool:
    """Nobody affirmed the lease: a stale bed is not offered. A reserved unit has been promised, and keeps."""
    stale = unit.lease_expires_at is not None and unit.lease_expires_at <= now
    if not stale or unit.state not in (UnitState.FREE, UnitState.HELD):
        return False
    _take_out(unit)
    return True


def follow(unit: Unit, vacancy_id: UUID, allocation_version: int, state: UnitState, offer_id: UUID | None) -> bool:
    """Do as the registry says: free, held or reserved. False when it is old news, or about another episode."""
    if unit.vacancy_id != vacancy_id or allocation_version <= unit.allocation_version:
        return False
    unit.allocation_version = allocation_version
    if unit.state in FROM_FREE_TO_RESERVED:
        unit.state, unit.offer_id = state, offer_id
    return True


def arrive(unit: Unit) -> None:
    """The household is there."""
    if unit.state is not UnitState.RESERVED:
        raise Refused(f"The unit is {unit.state}; only a reserved one can be moved into.")
    unit.state = UnitState.OCCUPIED
    unit.version += 1


def miss(unit: Unit) -> None:
    """The household did not come: this episode is over."""
    if unit.state is not UnitState.RESERVED:
        raise Refused(f"The unit is {unit.state}; only for a reserved one can a no-show be reported.")
    _end_episode(unit)


def depart(unit: Unit) -> None:
    """The household has left: this episode is over."""
    if unit.state is not UnitState.OCCUPIED:
        raise Refused(f"The unit is {unit.state}; only from an occupied one can a household depart.")
    _end_episode(unit)


def free_again(unit: Unit, episode: Episode) -> None:
    """A new episode begins where the last one ended."""
    _free(unit, episode)


def _free(unit: Unit, episode: Episode) -> None:
    unit.state = UnitState.FREE
    unit.vacancy_id = episode.vacancy_id
    unit.offer_id = None
    unit.freed_at = episode.freed_at
    unit.available_from = episode.available_from
    unit.lease_expires_at = episode.lease_expires_at
    unit.allocation_version = 0
    unit.version += 1


def _take_out(unit: Unit) -> None:
    _end_episode(unit)
    unit.vacancy_id = None


def _end_episode(unit: Unit) -> None:
    """Out of service until a new episode begins; the old id is kept for the event that says so."""
    unit.state = UnitState.OUT_OF_SERVICE
    unit.offer_id = None
    unit.freed_at = unit.available_from = unit.lease_expires_at = None
    unit.version += 1
