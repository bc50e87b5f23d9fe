"""Slots: open → held → claimed → housed; withdrawn by its municipality, or when that takes its claim back.

A claimed one is open, or held for the next household, again when the registry lets its placement fall through.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.municipalities.domain.errors import Refused


class SlotState(StrEnum):
    """Where a slot stands."""

    OPEN = "open"
    HELD = "held"
    CLAIMED = "claimed"
    HOUSED = "housed"
    WITHDRAWN = "withdrawn"


@dataclass(slots=True)
class Slot:
    """A dwelling or room offered under the quota. `accepted`: the household it is held for has said yes."""

    id: UUID
    vacancy_id: UUID
    municipality_code: str
    places: int
    wheelchair: bool
    opened_at: datetime
    available_from: datetime
    state: SlotState = SlotState.OPEN
    offer_id: UUID | None = None
    accepted: bool = False
    adults: int | None = None
    children: int | None = None
    version: int = 1
    allocation_version: int = 0

    @property
    def people(self) -> int:
        """How many people the household has; each of them counts for the quota."""
        return (self.adults or 0) + (self.children or 0)


@dataclass(frozen=True, slots=True)
class Household:
    """For how many people a slot is held, under which offer."""

    offer_id: UUID
    adults: int
    children: int


def hold(slot: Slot, allocation_version: int, household: Household, *, accepted: bool) -> bool:
    """The registry offers the slot, its offer was accepted, or other people come by it. False when it is old news.

    Who was claimed may have become more, or fewer: the claim is what it was until they have moved in.
    """
    if slot.state is SlotState.CLAIMED and slot.offer_id == household.offer_id:
        is_news = allocation_version > slot.allocation_version
        if is_news:
            slot.allocation_version = allocation_version
            slot.adults, slot.children = household.adults, household.children
        return is_news
    if not _follows(slot, allocation_version, household.offer_id):
        return False
    slot.state, slot.accepted, slot.offer_id = SlotState.HELD, accepted, household.offer_id
    slot.adults, slot.children = household.adults, household.children
    return True


def give_back(slot: Slot, allocation_version: int) -> bool:
    """The registry's offer came to nothing, claimed or not. False when it is old news or too late."""
    if not _follows(slot, allocation_version, None):
        return False
    slot.state, slot.accepted = SlotState.OPEN, False
    slot.offer_id = slot.adults = slot.children = None
    return True


def withdraw(slot: Slot) -> None:
    """The municipality takes the slot back."""
    if slot.state not in (SlotState.OPEN, SlotState.HELD):
        raise Refused(f"The slot is {slot.state}; only an open or held one can be withdrawn.")
    slot.state = SlotState.WITHDRAWN
    slot.version += 1


def claim(slot: Slot) -> None:
    """The municipality binds itself to house this household."""
    if slot.state is not SlotState.HELD or not slot.accepted:
        raise Refused("Only a slot whose household has accepted it can be claimed; wait for the acceptance.")
    slot.state = SlotState.CLAIMED
    slot.version += 1


def house(slot: Slot) -> None:
    """The household has moved in: from now on it counts."""
    if slot.state is not SlotState.CLAIMED:
        raise Refused(f"The slot is {slot.state}; only a claimed one can be housed.")
    slot.state = SlotState.HOUSED
    slot.version += 1


def reverse(slot: Slot) -> None:
    """Its claim was reversed. A claimed slot is withdrawn by that; a housed one keeps whoever lives there."""
    if slot.state is SlotState.CLAIMED:
        slot.state = SlotState.WITHDRAWN
    slot.version += 1


def _follows(slot: Slot, allocation_version: int, offer_id: UUID | None) -> bool:
    if allocation_version <= slot.allocation_version:
        return False
    slot.allocation_version = allocation_version
    if slot.state is SlotState.CLAIMED:
        return offer_id != slot.offer_id  # News about another offer is the end of the one that was claimed.
    return slot.state in (SlotState.OPEN, SlotState.HELD)
