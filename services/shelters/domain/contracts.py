"""Capacity contracts: how many places a provider may run for a programme, from one day to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.shelters.domain.errors import Refused


@dataclass(frozen=True, slots=True)
class Contract:
    """Places from one day to another, both included; without a last day, until further notice."""

    places: int
    starts_on: date
    ends_on: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it counts on this day."""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


def capacity_on(contracts: Sequence[Contract], day: date) -> int:
    """The places contracted on this day: the sum of all contracts that cover it."""
    return sum(contract.places for contract in contracts if contract.covers(day))


@dataclass(frozen=True, slots=True)
class Room:
    """A provider's contracts for a programme, and the places that they are used for.

    `in_service`: places by the day on which their units come into service: today, or the day that they are posted for.
    They are in service from then on, because nobody knows when who lives there will leave.
    """

    contracts: Sequence[Contract]
    in_service: Mapping[date, int]

    def fits(self, places: int, day: date) -> bool:
        """Whether so many more places may come into service on this day.

        They must fit on the day itself, and on each later one on which units come into service that are posted ahead. A
        contract that ends later is no hindrance: temporary places are there to be used, and go as they come free.
        """
        days = {day, *(each for each in self.in_service if each > day)}
        return all(self._in_service_on(each) + places <= capacity_on(self.contracts, each) for each in days)

    def fits_some_day(self, places: int, today: date) -> bool:
        """Whether so many more places may come into service today or on a later day."""
        # Capacity only rises on a day that a contract starts.
        days = {today, *(contract.starts_on for contract in self.contracts if contract.starts_on > today)}
        return any(self.fits(places, day) for day in days)

    def _in_service_on(self, day: date) -> int:
        return sum(places for first_day, places in self.in_service.items() if first_day <= day)


def check_end(contract: Contract, ends_on: date) -> None:
    """Raises Refused unless the contract may end on this day: not before it starts, and earlier than it would."""
    if ends_on < contract.starts_on:
        raise Refused("A contract cannot end before it starts.")
    if contract.ends_on is not None and contract.ends_on <= ends_on:
        raise Refused("The contract ends by then already; to extend it, set a new one.")
