"""Bodies of the municipalities' API. A household is a number of people here; who or why is never said."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.api.paging import PageQuery
from schemas.base import Schema, UtcDatetime

MunicipalityCode = Annotated[str, Field(pattern=r"^GM\d{4}$", description="the CBS code")]
HalfYear = Annotated[str, Field(pattern=r"^20\d\d-H[12]$", examples=["2026-H2"])]


class NewMunicipality(Schema):
    """A municipality and how many people live there."""

    municipality_code: MunicipalityCode
    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
    inhabitants: int = Field(ge=1, le=20_000_000, description="CBS population on 1 January of the year before")


class Municipality(NewMunicipality):
    """A municipality."""


class Municipalities(Schema):
    """A page of municipalities."""

    municipalities: list[Municipality]


class NewQuotas(Schema):
    """The national number for a half-year, to be shared out over all municipalities by population."""

    half_year: HalfYear
    national_quota: int = Field(ge=0, le=1_000_000)
    national_inhabitants: int = Field(ge=1, le=100_000_000)


class Quota(Schema):
    """What one municipality must house in a half-year, and how far it is. Counted in people."""

    municipality_code: MunicipalityCode
    half_year: HalfYear
    task: int
    claimed: int
    housed: int
    remaining: int


class Quotas(Schema):
    """A page of quotas."""

    quotas: list[Quota]


class QuotasQuery(PageQuery):
    """Which quotas."""

    half_year: HalfYear | None = None


class NewSlot(Schema):
    """A dwelling or room that is offered under the quota."""

    places: int = Field(ge=1, le=20)
    wheelchair: bool = False
    available_from: UtcDatetime | None = Field(None, description="now, if not said")


class Slot(Schema):
    """A slot and its state."""

    slot_id: UUID
    municipality_code: MunicipalityCode
    places: int
    wheelchair: bool
    state: str = Field(description="open, held, claimed, housed or withdrawn")
    accepted: bool = Field(description="the household that it is held for has said yes, so it can be claimed")
    adults: int | None
    children: int | None


class Slots(Schema):
    """A page of slots."""

    slots: list[Slot]


class SlotsQuery(PageQuery):
    """Which slots."""

    state: str | None = Field(None, pattern="^[a-z]{1,20}$")


class NewClaim(Schema):
    """This household is ours."""

    slot_id: UUID


class Claim(Schema):
    """A municipality's binding claim; it counts when the household is housed."""

    claim_id: UUID
    slot_id: UUID
    people: int
    half_year: HalfYear
    state: str = Field(description="claimed or housed")
    claimed_at: UtcDatetime
    housed_at: UtcDatetime | None
