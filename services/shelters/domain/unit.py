"""The life of a unit: out_of_service → free (lease) → held → reserved → occupied → free."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NoReturn
from uuid import UUID

from schemas.vocabulary import UnitState
from services.shelters.domain.errors import Refused


class VacancyEnd(StrEnum):
    """How an episode of a unit being free ended."""

    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    FACILITY_CLOSED = "facility_closed"
    NO_SHOW = "no_show"
    DEPARTURE = "departure"


_ENDED: dict[VacancyEnd, str] = {
    VacancyEnd.LAPSED: "The vacancy lapsed, because nobody affirmed it in time",
    VacancyEnd.WITHDRAWN: "The vacancy was withdrawn",
    VacancyEnd.FACILITY_CLOSED: "The vacancy ended when the facility was closed",
    VacancyEnd.NO_SHOW: "The vacancy ended, because the household did not come",
    VacancyEnd.DEPARTURE: "The vacancy ended when the household left",
}

FROM_FREE_TO_RESERVED = (UnitState.FREE, UnitState.HELD, UnitState.RESERVED)
LEASED = (UnitState.FREE, UnitState.HELD)


@dataclass(slots=True)
class Unit:
    """What a facility offers at once.

    `vacancy_id` is the present episode, from being freed to departure; of a household that was recorded there after the
    fact, both it and `offer_id` are the id of that placement. `ended_vacancy_id` is the episode before it, and
    `ended_by` how that ended. `version` rises with each event about the
    unit; `allocation_version` is that of the last word of the registry about the present episode. `enquiring`: it is
    held by an enquiry that its provider has still to answer. `closed`: its facility is. `lease_began_at`: when its
    provider last said that it is free. `lease_words` counts what was said to the provider of leases that end, and of
    those that need nothing any more after that: it is odd while the present one was said to end. `lease_watched`:
    whether to say so of the present one is still to be decided.
    """

    id: UUID
    state: UnitState = UnitState.OUT_OF_SERVICE
    vacancy_id: UUID | None = None
    offer_id: UUID | None = None
    enquiring: bool = False
    freed_at: datetime | None = None
    available_from: datetime | None = None
    lease_expires_at: datetime | None = None
    closed: bool = False
    ended_vacancy_id: UUID | None = None
    ended_by: VacancyEnd | None = None
    version: int = 0
    allocation_version: int = 0
    lease_began_at: datetime | None = None
    lease_words: int = 0
    lease_watched: bool = True

    @property
    def is_warned(self) -> bool:
        """Whether its provider was told that the present lease ends."""
        return self.lease_words % 2 == 1


@dataclass(frozen=True, slots=True)
class Episode:
    """A unit being free: a new id each time, and a lease that lapses unless it is affirmed."""

    vacancy_id: UUID
    freed_at: datetime
    available_from: datetime
    lease_expires_at: datetime


def post(unit: Unit, episode: Episode) -> None:
    """A provider says that the unit is free. Raises Refused."""
    if unit.state is UnitState.OCCUPIED:
        raise Refused("The unit is occupied; record the departure, and it comes free by itself.")
    if unit.state is not UnitState.OUT_OF_SERVICE:
        raise Refused(f"The unit is {unit.state} already; affirm its vacancy to extend the lease.")
    if unit.closed:
        raise Refused("The unit's facility is closed; reopen the facility first.")
    if episode.lease_expires_at <= episode.available_from:
        raise Refused("The lease would end before the unit is available; give a longer lease.")
    free(unit, episode)


def affirm(unit: Unit, lease_expires_at: datetime, now: datetime) -> None:
    """Still free: the lease begins again. Raises Refused."""
    if unit.state not in LEASED:
        raise Refused(f"The unit is {unit.state}; only a free or held one has a lease to affirm.")
    if unit.available_from is not None and lease_expires_at <= unit.available_from:
        raise Refused("The lease would end before the unit is available; give a longer lease.")
    _renew(unit, lease_expires_at, now)


def warn(unit: Unit, moment: datetime) -> bool:
    """Whether its provider is to be told now that the lease ends, which is done at this moment and decided once.

    Of one that began after that moment nothing is said: it is short on purpose, and its provider knows.
    """
    unit.lease_watched = False
    if unit.lease_began_at is not None and unit.lease_began_at >= moment:
        return False
    unit.lease_words += 1
    return True


def withdraw(unit: Unit) -> None:
    """The unit is not to be had after all. Raises Refused."""
    if unit.state is UnitState.OCCUPIED:
        raise Refused("The unit is occupied; it can go out of service once the departure is recorded.")
    if unit.state not in FROM_FREE_TO_RESERVED:
        raise Refused(f"The unit is {unit.state}; only one that is free, held or reserved can be withdrawn.")
    _end_episode(unit, VacancyEnd.WITHDRAWN)


def close(unit: Unit) -> bool:
    """The facility closes. True when that ends a vacancy; who lives in the unit may stay until they depart."""
    unit.closed = True
    if unit.state not in FROM_FREE_TO_RESERVED:
        return False
    _end_episode(unit, VacancyEnd.FACILITY_CLOSED)
    return True


def lapse(unit: Unit, now: datetime) -> bool:
    """Nobody affirmed the lease: a stale bed is not offered. A reserved unit has been promised, and keeps."""
    stale = unit.lease_expires_at is not None and unit.lease_expires_at <= now
    if not stale or unit.state not in LEASED:
        return False
    _end_episode(unit, VacancyEnd.LAPSED)
    return True


@dataclass(frozen=True, slots=True)
class Allocation:
    """What the registry says of a vacancy: free, held or reserved, and by which offer or enquiry."""

    vacancy_id: UUID
    version: int
    state: UnitState
    offer_id: UUID | None = None
    enquiring: bool = False


def follow(unit: Unit, said: Allocation, renewed_lease_expires_at: datetime, now: datetime) -> bool:
    """Do as the registry says. False when it is old news, or about another episode.

    While the unit was reserved nobody was asked to affirm its lease; so when it is given back, the lease begins again.
    """
    if unit.vacancy_id != said.vacancy_id or said.version <= unit.allocation_version:
        return False
    unit.allocation_version = said.version
    if unit.state not in FROM_FREE_TO_RESERVED:
        return True
    if unit.state is UnitState.RESERVED and said.state in LEASED:
        _renew(unit, renewed_lease_expires_at, now)
    if said.state not in LEASED:
        _settle(unit)
    unit.state, unit.offer_id, unit.enquiring = said.state, said.offer_id, said.enquiring
    return True


def answer(unit: Unit, offer_id: UUID, answer_before_at: datetime, now: datetime) -> None:
    """The provider answers an enquiry; the unit stays held until the registry has heard it. Raises Refused."""
    if unit.offer_id != offer_id or not unit.enquiring:
        raise Refused("The enquiry has been answered or ended; list the open ones.")
    if answer_before_at <= now:
        raise Refused("The enquiry's deadline has passed; the household is offered elsewhere.")
    unit.enquiring = False
    unit.version += 1


def arrive(unit: Unit, now: datetime) -> None:
    """The household is there. Raises Refused."""
    if unit.state is not UnitState.RESERVED:
        raise Refused(f"The unit is {unit.state}; only a reserved one can be moved into.")
    if unit.available_from is not None and unit.available_from > now:
        raise Refused("The unit is not available yet; confirm the arrival from its availableFrom on.")
    unit.state = UnitState.OCCUPIED
    unit.freed_at = unit.available_from = unit.lease_expires_at = unit.lease_began_at = None
    unit.version += 1


def occupy(unit: Unit, placement_id: UUID) -> None:
    """A household lives there already: an episode of its own, that no vacancy went before. Raises Refused."""
    if unit.state is not UnitState.OUT_OF_SERVICE:
        raise Refused(f"The unit is {unit.state}; nobody can have been living there.")
    unit.state = UnitState.OCCUPIED
    unit.vacancy_id = unit.offer_id = placement_id
    unit.allocation_version = 0
    unit.version += 1


def miss(unit: Unit) -> None:
    """The household did not come: this episode is over. Raises Refused."""
    if unit.state is not UnitState.RESERVED:
        raise Refused(f"The unit is {unit.state}; only for a reserved one can a no-show be reported.")
    _end_episode(unit, VacancyEnd.NO_SHOW)


def depart(unit: Unit) -> None:
    """The household has left: this episode is over. Raises Refused."""
    if unit.state is not UnitState.OCCUPIED:
        raise Refused(f"The unit is {unit.state}; only from an occupied one can a household depart.")
    _end_episode(unit, VacancyEnd.DEPARTURE)


def free(unit: Unit, episode: Episode) -> None:
    """A new episode begins, perhaps where the last one ended."""
    unit.state = UnitState.FREE
    unit.vacancy_id = episode.vacancy_id
    unit.offer_id = None
    unit.freed_at = episode.freed_at
    unit.available_from = episode.available_from
    unit.lease_expires_at = episode.lease_expires_at
    unit.lease_began_at, unit.lease_watched = episode.freed_at, True
    unit.allocation_version = 0
    unit.version += 1


def refuse_ended(unit: Unit) -> NoReturn:
    """Nothing more can happen to the unit's episode that ended. Raises Refused, always."""
    how = _ENDED[unit.ended_by] if unit.ended_by else "The vacancy has ended"
    if unit.state is not UnitState.OUT_OF_SERVICE:
        raise Refused(f"{how}; the unit has a new one: look the unit up.")
    raise Refused(f"{how}; {'reopen the facility and ' if unit.closed else ''}post the unit again.")


def _renew(unit: Unit, lease_expires_at: datetime, now: datetime) -> None:
    unit.lease_expires_at, unit.lease_began_at, unit.lease_watched = lease_expires_at, now, True
    _settle(unit)
    unit.version += 1


def _settle(unit: Unit) -> None:
    """Nothing is to be done about the lease any more."""
    unit.lease_words += unit.is_warned


def _end_episode(unit: Unit, by: VacancyEnd) -> None:
    """Out of service until a new episode begins; the old one is remembered for those who still speak of it."""
    unit.state = UnitState.OUT_OF_SERVICE
    unit.ended_vacancy_id, unit.ended_by = unit.vacancy_id, by
    unit.vacancy_id = unit.offer_id = None
    unit.enquiring = False
    unit.freed_at = unit.available_from = unit.lease_expires_at = unit.lease_began_at = None
    _settle(unit)
    unit.version += 1
