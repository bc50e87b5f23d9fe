"""Bodies about the chain as a whole: numbers, and the offers that run out first. Never who anybody is."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import OrganisationId, Schema, UtcDatetime
from schemas.sensitivity import Word
from schemas.vocabulary import Programme

NEAREST_LIMIT = 50
MONTHS = 12


class ListNow(Schema):
    """One list at this moment."""

    waitlist: Word
    waiting: int = Field(ge=0, description="households in line that have no offer, counted up to 100,000")
    aside: int = Field(ge=0, description="those of them that stand aside for a while")
    offered: int = Field(ge=0, description="households with an offer, or about which a provider is asked")
    near_deadline: int = Field(ge=0, description="offers whose deadline is within four hours, or has passed")
    free: int = Field(ge=0, description="places that are offered to nobody")
    undecided: int = Field(ge=0, description="those of them that nobody was ever offered")
    free_since: UtcDatetime | None = Field(description="since when the longest free of them is free")


class NearOffer(Schema):
    """An offer that waits for an answer."""

    offer_id: UUID
    waitlist: Word
    coordinator: OrganisationId = Field(description="the organisation that speaks for the household")
    deadline_at: UtcDatetime = Field(description="answer before this moment, or the offer moves on")


class Chain(Schema):
    """The chain at a glance."""

    at: UtcDatetime
    lists: list[ListNow]
    nearest: Annotated[
        list[NearOffer], Field(max_length=NEAREST_LIMIT, description="the offers that run out first, at most fifty")
    ]


class WaitingAtEnd(Schema):
    """Who waited in one list at the end of a month."""

    waitlist: Word
    households: int = Field(ge=0)
    people: int = Field(ge=0)


class MonthOfChain(Schema):
    """One month, in Dutch time. Of the month that runs, until now."""

    month: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])
    waiting: list[WaitingAtEnd] = Field(description="at its end: who waits still, and who was placed after it")
    accepted: int = Field(ge=0, description="places in shelters that were accepted")
    hours_to_offer: float | None = Field(
        ge=0, description="of these, from a free place to its first offer; half took longer"
    )
    hours_to_acceptance: float | None = Field(ge=0, description="and to its acceptance")
    homes_opened: int = Field(ge=0, description="homes that municipalities opened")
    homes_moved_into: int = Field(ge=0, description="homes that households moved into")
    beds_freed: int = Field(ge=0, description="places in shelters that came free because of that")


class MonthsOfChain(Schema):
    """The last twelve months, the earliest first."""

    at: UtcDatetime
    months: Annotated[list[MonthOfChain], Field(min_length=MONTHS, max_length=MONTHS)]


class Occupancy(Schema):
    """One programme at the end of a month."""

    programme: Programme
    places_occupied: int = Field(ge=0, description="in units where somebody lives")
    contracted_places: int | None = Field(description="under contract on that day; null without any contract")


class OccupancyOfMonth(Schema):
    """One month, in Dutch time. Of the month that runs, until now."""

    month: str = Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", examples=["2026-11"])
    programmes: list[Occupancy]


class OccupancyOfMonths(Schema):
    """The last twelve months, the earliest first."""

    at: UtcDatetime
    months: Annotated[list[OccupancyOfMonth], Field(min_length=MONTHS, max_length=MONTHS)]
