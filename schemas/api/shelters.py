"""Bodies of the shelters' API. No address and no name: a facility is an id here, and nothing more."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from schemas.api.paging import PageQuery
from schemas.base import OrganisationId, Schema, UtcDatetime
from schemas.messages.beds import Acceptance, Service
from schemas.messages.offers import Household
from schemas.sensitivity import Word
from schemas.vocabulary import (
    AgeBand,
    ContractKind,
    DelayReason,
    DepartureReason,
    EnquiryEndReason,
    EnquiryRefusal,
    Need,
    Programme,
    Region,
    Secrecy,
    Sex,
    UnitState,
    WithdrawalReason,
)

LeaseSeconds = Annotated[
    int, Field(ge=60, le=31 * 86_400, description="how long the free place stays valid unless it is affirmed again")
]
Places = Annotated[int, Field(ge=1, le=20)]
BULK_LIMIT = 100
"""Vacancies that are posted at once."""
ProviderReason = Literal[
    WithdrawalReason.WITHDRAWN,
    WithdrawalReason.MAINTENANCE,
    WithdrawalReason.SAFETY,
    WithdrawalReason.CONTRACT_ENDED,
]
"""The reasons that a provider may give; a lease lapses and a facility closes by themselves."""


class NewProvider(Schema):
    """An organisation that runs shelters."""

    organisation: OrganisationId


class Provider(NewProvider):
    """A shelter provider."""

    provider_id: UUID


class NewFacility(Schema):
    """A place where a provider has units."""

    provider_id: UUID
    secrecy: Secrecy = Secrecy.SECRET
    region: Region | None = Field(None, description="the police unit where it is, if that may be known")
    turnaround_seconds: int = Field(
        0, ge=0, le=28 * 86_400, description="how long a unit is made ready after a household has left"
    )


class Facility(NewFacility):
    """A facility: an id, and whose it is."""

    facility_id: UUID
    closed: bool


class Facilities(Schema):
    """A page of facilities."""

    facilities: list[Facility]


class NewContract(Schema):
    """Places that a provider may run for a programme, from one day to another."""

    provider_id: UUID
    programme: Programme
    places: int = Field(ge=1, le=1000)
    kind: ContractKind
    starts_on: date
    ends_on: date | None = Field(None, description="the last day, included; until further notice, if not said")


class Contract(NewContract):
    """A capacity contract."""

    contract_id: UUID


class ContractEnd(Schema):
    """The day on which a contract ends after all."""

    ends_on: date = Field(description="the last day, included")


class Contracts(Schema):
    """A page of contracts."""

    contracts: list[Contract]


class NewUnit(Schema):
    """What a facility offers at once: places that go to one household together."""

    facility_id: UUID
    programme: Programme
    places: Places
    accepts: Acceptance
    serves: Service
    kept_for_places: Places | None = Field(
        None, description="kept for households of at least so many people, while such a one waits"
    )


class Unit(NewUnit):
    """A unit and its state."""

    unit_id: UUID
    state: UnitState
    vacancy_id: UUID | None = Field(description="the present episode of being free, until the household departs")
    available_from: UtcDatetime | None = Field(description="a unit that came free may first have to be made ready")
    lease_expires_at: UtcDatetime | None


class Units(Schema):
    """A page of units."""

    units: list[Unit]


class UnitsQuery(PageQuery):
    """Which units."""

    state: UnitState | None = None
    lease_ends_before: UtcDatetime | None = Field(
        None, description="only free and held ones that lapse before this moment unless they are affirmed"
    )


class NewVacancy(Schema):
    """A unit that is free now, or from a moment on."""

    unit_id: UUID
    lease_seconds: LeaseSeconds = 72 * 3600
    available_from: UtcDatetime | None = Field(None, description="now, if not said")


class Vacancy(Schema):
    """A free unit, until its lease ends or a household moves in."""

    vacancy_id: UUID
    unit_id: UUID
    state: UnitState
    lease_expires_at: UtcDatetime


class FreeUnit(Schema):
    """A unit that is free: one that you have, or a new one."""

    unit_id: UUID | None = Field(None, description="one of yours")
    unit: NewUnit | None = Field(None, description="without a unitId: a new one, to be added and posted at once")
    lease_seconds: LeaseSeconds = 72 * 3600
    available_from: UtcDatetime | None = Field(None, description="now, if not said")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.unit_id is None) == (self.unit is None):
            raise ValueError("Give unitId of a unit of yours, or else unit that describes a new one")
        return self


class NewVacancies(Schema):
    """Units that are free, all of which are posted, or none."""

    vacancies: list[FreeUnit] = Field(min_length=1, max_length=BULK_LIMIT)


class Vacancies(Schema):
    """What was posted, in the order of the request."""

    vacancies: list[Vacancy]


class Affirmation(Schema):
    """Still free: the lease begins again."""

    lease_seconds: LeaseSeconds = 72 * 3600


class Withdrawal(Schema):
    """A unit is not to be had after all."""

    reason: ProviderReason = WithdrawalReason.WITHDRAWN


class NewArrival(Schema):
    """The household that the unit was reserved for has arrived."""

    vacancy_id: UUID


class NewNoShow(Schema):
    """The household that the unit was reserved for did not come. The unit is free again at once."""

    vacancy_id: UUID


class NewDeparture(Schema):
    """The household has left the unit. The unit is free again after the facility's turnaround."""

    unit_id: UUID
    reason: DepartureReason


class NewExpectedExit(Schema):
    """When a household is expected to leave, and why it stays longer than a shelter is meant for."""

    unit_id: UUID
    expected_exit_on: date | None = Field(
        None, description="today or later, within five years; nothing is expected, if not said"
    )
    delay_reason: DelayReason | None = None


class Stay(Schema):
    """A household in a unit: since when, and until when."""

    vacancy_id: UUID
    unit_id: UUID
    programme: Programme
    arrived_at: UtcDatetime
    expected_exit_on: date | None
    delay_reason: DelayReason | None
    departed_at: UtcDatetime | None
    departure_reason: DepartureReason | None


class Stays(Schema):
    """A page of stays."""

    stays: list[Stay]


class StaysQuery(PageQuery):
    """Which stays."""

    departed: bool = Field(default=False, description="those that are over, instead of those that are not")


class Enquiry(Schema):
    """Would you take this household? What decides whether a unit suits it, and nothing else of it."""

    offer_id: UUID
    vacancy_id: UUID
    unit_id: UUID
    household: Household
    sex: Sex
    age_band: AgeBand
    needs: list[Need]
    wheelchair: bool
    made_at: UtcDatetime
    answer_before_at: UtcDatetime
    state: Literal["open", "agreed", "refused", "ended"] = Field(
        description="ended: the registry ended it, or its deadline passed, before there was an answer"
    )
    refusal: EnquiryRefusal | None
    answered_at: UtcDatetime | None
    end_reason: EnquiryEndReason | None = Field(
        None, description="why it came to nothing before anything was offered, once the registry has said so"
    )


class Enquiries(Schema):
    """A page of enquiries."""

    enquiries: list[Enquiry]


class EnquiriesQuery(PageQuery):
    """Which enquiries."""

    state: Literal["open", "agreed", "refused", "ended"] = "open"


class Refusal(Schema):
    """The household is not taken, and why."""

    refusal: EnquiryRefusal


class WeeklyOverviewQuery(Schema):
    """Which week."""

    week: str | None = Field(
        None,
        pattern=r"^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$",
        description="a week of ISO 8601, such as 2026-W48; this one, if not said",
    )


class ExpectedExit(Schema):
    """A unit whose household is, or was, expected to leave."""

    unit_id: UUID
    expected_exit_on: date


class LongStay(Schema):
    """A unit whose household is there for more than three months, or will be by the exit that is expected."""

    unit_id: UUID
    arrived_at: UtcDatetime
    three_months_end_on: date = Field(description="the last day of the three months, in Dutch time")
    expected_exit_on: date | None
    delay_reason: DelayReason | None


class ProgrammeOverview(Schema):
    """One programme in one week. What stands is as of the overview's moment; what moved is of the week."""

    programme: Programme
    contracted_places: int | None = Field(description="today's; nothing when there never was a contract")
    units_in_service: int = Field(description="each from the day that it is available, as for a contract")
    places_in_service: int
    units_occupied: int
    places_occupied: int
    arrivals: int
    departures: int
    no_shows: int
    expected_exits: int = Field(description="households that are expected to leave in the week")
    overdue_exits: int = Field(
        description="households that were to leave before today and are still there, whichever week is looked at"
    )
    long_stays: int = Field(description="households that have been there for more than three months")
    expected_long_stays: int = Field(
        description="households whose three months are not over yet, and who are expected to leave later than that"
    )
    exits: list[ExpectedExit] = Field(description="a provider's own, the first expected first, at most 200")
    exits_overdue: list[ExpectedExit] = Field(description="a provider's own, the longest overdue first, at most 200")
    stays_beyond_three_months: list[LongStay] = Field(
        description="a provider's own that have been, or are expected to be; the longest there first, at most 200"
    )


class WeeklyOverview(Schema):
    """Occupancy, movements, and who stays, or will stay, longer than a shelter is meant for, by programme."""

    week: Word
    first_day: date
    last_day: date
    at: UtcDatetime
    programmes: list[ProgrammeOverview]
