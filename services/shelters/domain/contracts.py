"""Capacity contracts: how many places a provider may run for a programme, from one day to another."""

from collections.abc import Sequence
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


def highest_capacity_from(contracts: Sequence[Contract], day: date) -> int:
    """The most places that are contracted on this day or any later one."""
    # Capacity only rises on a day that a contract starts.
    days = {day, *(contract.starts_on for contract in contracts if contract.starts_on > day)}
    return max(capacity_on(contracts, each) for each in days)


def check_capacity(places_in_service: int, more_places: int, capacity: int) -> None:
    """Raises Refused when so many more places would exceed the capacity."""
    if places_in_service + more_places > capacity:
        raise Refused("This would exceed the places contracted for the programme; the operator sets contracts.")


def check_end(contract: Contract, ends_on: date) -> None:
    """Raises Refused unless the contract may end on this day: not before it starts, and earlier than it would."""
    if ends_on < contract.starts_on:
        raise Refused("A contract cannot end before it starts.")
    if contract.ends_on is not None and contract.ends_on <= ends_on:
        raise Refused("The contract ends by then already; to extend it, set a new one.")
