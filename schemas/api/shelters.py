"""Bodies of the shelters' API. No address and no name: a facility is an id here, and nothing more."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.api.paging import PageQuery
from schemas.base import OrganisationId, Schema, UtcDatetime
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import Programme

LeaseSeconds = Annotated[
    int, Field(ge=60, le=31 * 86_400, description="how long the free place stays valid unless it is affirmed again")
]


class NewProvider(Schema):
    """An organisation that runs shelters."""

    organisation: OrganisationId


class Provider(NewProvider):
    """A shelter provider."""

    provider_id: UUID


class NewFacility(Schema):
    """A place where a provider has units."""

    provider_id: UUID


class Facility(NewFacility):
    """A facility: an id, and whose it is."""

    facility_id: UUID


class NewUnit(Schema):
    """What a facility offers at once: places that go to one household together."""

    facility_id: UUID
    programme: Programme
    places: int = Field(ge=1, le=20)
    accepts: Acceptance
    serves: Service


class Unit(NewUnit):
    """A unit and its state."""

    unit_id: UUID
    state: str = Field(description="out_of_service, free, held, reserved or occupied")
    vacancy_id: UUID | None = Field(description="the present episode of being free, until the household departs")
    lease_expires_at: UtcDatetime | None


class Units(Schema):
    """A page of units."""

    units: list[Unit]


class UnitsQuery(PageQuery):
    """Which units."""

    state: str | None = Field(None, pattern="^[a-z_]{1,20}$")


class NewVacancy(Schema):
    """A unit that is free now, or from a moment on."""

    unit_id: UUID
    lease_seconds: LeaseSeconds = 72 * 3600
    available_from: UtcDatetime | None = Field(None, description="now, if not said")


class Vacancy(Schema):
    """A free unit, until its lease ends or a household moves in."""

    vacancy_id: UUID
    unit_id: UUID
    state: str
    lease_expires_at: UtcDatetime


class Affirmation(Schema):
    """Still free: the lease begins again."""

    lease_seconds: LeaseSeconds = 72 * 3600


class NewArrival(Schema):
    """The household that the unit was reserved for has arrived."""

    vacancy_id: UUID


class NewNoShow(Schema):
    """The household that the unit was reserved for did not come. The unit is free again at once."""

    vacancy_id: UUID


class NewDeparture(Schema):
    """The household has left the unit. The unit is free again at once."""

    unit_id: UUID
