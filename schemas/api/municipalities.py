"""Bodies of the municipalities' API. A household is a number of people here; who or why is never said."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from schemas.api.paging import PageQuery
from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Word
from schemas.vocabulary import ClaimReversalReason, Province

_POPULATION_YEARS = range(2000, 2100)


def _first_of_january(day: date) -> date:
    if not (day.month == day.day == 1 and day.year in _POPULATION_YEARS):
        raise ValueError("Populations are of a 1 January from 2000 on, such as 2022-01-01.")
    return day


MunicipalityCode = Annotated[str, Field(pattern=r"^GM\d{4}$", description="the CBS code")]
HalfYear = Annotated[str, Field(pattern=r"^20\d\d-H[12]$", examples=["2026-H2"])]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Inhabitants = Annotated[int, Field(ge=1, le=20_000_000)]
PopulationDay = Annotated[
    date,
    AfterValidator(_first_of_january),
    WithJsonSchema({"type": "string", "format": "date", "pattern": "^20\\d\\d-01-01$", "description": "a 1 January"}),
]
Day = Annotated[date, Field(examples=["2023-01-01"])]

SlotState = Literal["open", "held", "claimed", "housed", "withdrawn"]
ClaimState = Literal["pending", "claimed", "housed", "reversed", "withdrawn"]
MunicipalReason = Literal[
    ClaimReversalReason.HOUSING_FELL_THROUGH,
    ClaimReversalReason.HOUSEHOLD_REFUSED,
    ClaimReversalReason.HOUSEHOLD_LEFT,
    ClaimReversalReason.NO_PERMIT,
    ClaimReversalReason.CLAIMED_IN_ERROR,
    ClaimReversalReason.OTHER,
]
"""The reasons that a municipality may give; the other one is the registry's."""


class NewMunicipality(Schema):
    """A municipality and how many people live there."""

    municipality_code: MunicipalityCode
    name: Name
    inhabitants: Inhabitants = Field(description="CBS population, of the day countedOn")
    province: Province | None = None
    counted_on: PopulationDay | None = Field(
        None, description="of the inhabitants; 1 January of last year, if not said"
    )


class Municipality(Schema):
    """A municipality, with its newest population."""

    municipality_code: MunicipalityCode
    name: Word
    province: Word | None
    inhabitants: int | None = Field(description="null when no population is known")
    counted_on: date | None = Field(description="the day of that population")
    merged_into: MunicipalityCode | None = Field(description="its successor, when it is no more")


class Municipalities(Schema):
    """A page of municipalities."""

    municipalities: list[Municipality]


class NewMunicipalityMerger(Schema):
    """Municipalities that become one on a day."""

    from_codes: list[MunicipalityCode] = Field(min_length=1, max_length=50, description="those that end")
    into_code: MunicipalityCode
    effective_on: Day
    name: Name | None = Field(None, description="of the new municipality, when it is not registered yet")
    inhabitants: Inhabitants | None = Field(
        None,
        description="what the province set, until CBS counts the new municipality; its parts together, if not said",
    )


class MunicipalityMerger(NewMunicipalityMerger):
    """A merger."""

    merger_id: UUID
    carried_out: bool = Field(description="its day has come, and the ledger, the slots and the claims went over")


class MunicipalityMergers(Schema):
    """A page of mergers."""

    mergers: list[MunicipalityMerger]


class NewSupervisionLadder(Schema):
    """After how many checks in a row (1 April, 1 October) behind a province takes each of its six steps."""

    province: Province
    checks_behind: list[Annotated[int, Field(ge=1, le=12)]] = Field(
        min_length=6, max_length=6, description="for step 1 to 6; never fewer than for the step before"
    )


class SupervisionLadder(NewSupervisionLadder):
    """The ladder of a province."""


class SupervisionLadders(Schema):
    """The ladders of the provinces that have one of their own."""

    ladders: list[SupervisionLadder]


class NationalNumber(Schema):
    """What a half-year was shared out from."""

    half_year: HalfYear
    national_quota: int
    national_inhabitants: int
    set_at: UtcDatetime


class NationalNumbers(Schema):
    """A page of half-years whose quotas are set."""

    half_years: list[NationalNumber]


class NewQuotas(Schema):
    """The national number for a half-year, to be shared out over all municipalities by population."""

    half_year: HalfYear
    national_quota: int = Field(ge=0, le=1_000_000)
    national_inhabitants: int | None = Field(
        None, ge=1, le=100_000_000, description="the municipalities together, if not said"
    )


class Quota(Schema):
    """What one municipality must house in a half-year, and how far it is. Counted in people."""

    municipality_code: MunicipalityCode
    half_year: HalfYear
    quota: int = Field(description="its part of the national number")
    arrears: int = Field(description="what was not housed in the half-year before; then there is no credit")
    credit: int = Field(description="what was housed too many in the half-year before; then there are no arrears")
    swapped: int = Field(description="taken over from other municipalities; negative when given away")
    task: int = Field(description="quota + arrears - credit + swapped")
    claimed: int = Field(description="claimed, and not moved in yet")
    housed: int
    remaining: int = Field(description="task - housed; negative when more were housed than asked")
    carried_over: int = Field(description="what went to the next half-year at the end; negative for a credit")
    expected: int = Field(description="the yardstick: after m whole months m/6 of the task, rounded up")
    behind: bool = Field(description="fewer are housed than the yardstick asks")
    supervision_step: int = Field(ge=0, le=6, description="of the province's ladder; 0 is none")


class Quotas(Schema):
    """A page of quotas."""

    quotas: list[Quota]


class QuotasQuery(PageQuery):
    """Which quotas."""

    half_year: HalfYear | None = None
    at: UtcDatetime | None = Field(None, description="as things stood at this moment; now, if not said")


class NewQuotaSwap(Schema):
    """One municipality takes over a part of another's task; the sum stays as it was."""

    half_year: HalfYear
    from_code: MunicipalityCode
    to_code: MunicipalityCode
    people: int = Field(ge=1, le=1_000_000)


class QuotaSwap(NewQuotaSwap):
    """A swap."""

    swap_id: UUID
    agreed_at: UtcDatetime


class QuotaSwaps(Schema):
    """A page of swaps."""

    swaps: list[QuotaSwap]


class NewSlot(Schema):
    """A dwelling or room that is offered under the quota."""

    places: int = Field(ge=1, le=20)
    wheelchair: bool = False
    available_from: UtcDatetime | None = Field(None, description="now, if not said; at most a year ahead")


class Slot(Schema):
    """A slot and its state."""

    slot_id: UUID
    municipality_code: MunicipalityCode
    places: int
    wheelchair: bool
    state: SlotState
    accepted: bool = Field(description="the household that it is held for has said yes, so it can be claimed")
    adults: int | None
    children: int | None


class Slots(Schema):
    """A page of slots."""

    slots: list[Slot]


class SlotsQuery(PageQuery):
    """Which slots."""

    state: SlotState | None = None


class NewClaim(Schema):
    """This household is ours; or, without a slot: so is the next one that accepts a home of this kind."""

    slot_id: UUID | None = Field(None, description="the slot whose household has accepted")
    places: int | None = Field(None, ge=1, le=20, description="without a slotId: how many people the home takes")
    wheelchair: bool = False
    available_from: UtcDatetime | None = Field(None, description="now, if not said; at most a year ahead")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.slot_id is None) == (self.places is None):
            raise ValueError("Give slotId, or else places (and wheelchair, availableFrom) of the home to claim for")
        if self.slot_id is not None and (self.wheelchair or self.available_from is not None):
            raise ValueError("With a slotId the home is known: give no wheelchair and no availableFrom")
        return self


class Claim(Schema):
    """A municipality's binding claim; it counts when the household is housed."""

    claim_id: UUID
    slot_id: UUID
    people: int = Field(description="0 while pending")
    half_year: HalfYear | None = Field(description="in which it is claimed, and then in which it counts")
    state: ClaimState = Field(description="pending: nobody has accepted yet; withdrawn: while it was pending")
    requested_at: UtcDatetime
    claimed_at: UtcDatetime | None
    house_before: UtcDatetime | None = Field(description="ten weeks after it was claimed there must be a home")
    move_before: UtcDatetime | None = Field(description="two weeks later they must have moved in")
    housed_at: UtcDatetime | None
    reversed_at: UtcDatetime | None
    reversal_reason: ClaimReversalReason | None


class Claims(Schema):
    """A page of claims."""

    claims: list[Claim]


class ClaimsQuery(PageQuery):
    """Which claims."""

    state: ClaimState | None = None
    overdue: bool = Field(default=False, description="only those whose moveBefore has passed without moving in")


class MoveIn(Schema):
    """When they moved in, and how many: without it, now, and as many as were claimed."""

    housed_on: date | None = Field(None, description="the day in the Netherlands; not before they were claimed")
    people: int | None = Field(None, ge=1, le=40, description="how many moved in, when that is not who was claimed")


class ClaimReversal(Schema):
    """Why a claim is taken back."""

    reason: MunicipalReason
