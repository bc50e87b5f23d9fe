"""A municipality's claim on a household: pending → claimed → housed; withdrawn while pending; or reversed."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import AMSTERDAM, HalfYear, beginning_of, weeks_after

HOUSE_WITHIN_WEEKS = 10
MOVE_WITHIN_WEEKS = HOUSE_WITHIN_WEEKS + 2
"""Ten weeks to find a home, and two more to move in; what counts is moving in."""


class ClaimState(StrEnum):
    """Where a claim stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    HOUSED = "housed"
    REVERSED = "reversed"
    WITHDRAWN = "withdrawn"


@dataclass(slots=True)
class Claim:
    """`half_year`: in which it is claimed, and then in which it counts. `counted`: it counts for the quota."""

    id: UUID
    slot_id: UUID
    municipality_code: str
    requested_at: datetime
    state: ClaimState = ClaimState.PENDING
    offer_id: UUID | None = None
    people: int = 0
    half_year: str | None = None
    claimed_at: datetime | None = None
    house_before: datetime | None = None
    move_before: datetime | None = None
    housed_at: datetime | None = None
    counted: bool = False
    reversed_at: datetime | None = None
    reversal_reason: str | None = None

    @property
    def booked_in(self) -> HalfYear:
        """The half-year that the ledger has it in."""
        assert self.half_year is not None, "only a claim that was made is in the ledger"  # noqa: S101 - the callers know
        return HalfYear.parse(self.half_year)


def bind(claim: Claim, offer_id: UUID, people: int, now: datetime) -> None:
    """The household is known and has accepted: from now on the clock runs."""
    claim.state = ClaimState.CLAIMED
    claim.offer_id, claim.people = offer_id, people
    claim.half_year = str(HalfYear.of(now))
    claim.claimed_at = now
    claim.house_before = weeks_after(now, HOUSE_WITHIN_WEEKS)
    claim.move_before = weeks_after(now, MOVE_WITHIN_WEEKS)


def moved_in_at(claim: Claim, day: date | None, now: datetime) -> datetime:
    """When they moved in: on this day in the Netherlands, or now. Raises Refused for a day before they were claimed."""
    if day is None or day == now.astimezone(AMSTERDAM).date():
        return now
    assert claim.claimed_at is not None, "only who was claimed moves in"  # noqa: S101 - the callers know
    if day < claim.claimed_at.astimezone(AMSTERDAM).date():
        raise Refused("They were claimed after that day; it counts from then on.")
    return max(beginning_of(day), claim.claimed_at)


def move_in(claim: Claim, moment: datetime, people: int, *, counts: bool) -> None:
    """They have moved in: the claim counts in the half-year of this moment, if that counts at all."""
    claim.state = ClaimState.HOUSED
    claim.housed_at, claim.people, claim.counted = moment, people, counts
    claim.half_year = str(HalfYear.of(moment))


def reverse(claim: Claim, reason: str, now: datetime) -> bool:
    """Take a claim back, with a reason; says whether it was housed. Raises Refused."""
    if claim.state is ClaimState.PENDING:
        raise Refused("The claim is still pending, so nobody was claimed; withdraw its slot instead.")
    if claim.state not in (ClaimState.CLAIMED, ClaimState.HOUSED):
        raise Refused(f"The claim is {claim.state}; only a claimed or housed one can be reversed.")
    was_housed = claim.state is ClaimState.HOUSED
    claim.state = ClaimState.REVERSED
    claim.reversed_at, claim.reversal_reason = now, reason
    return was_housed
