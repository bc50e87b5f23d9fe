"""Shelters: what providers report of their units, and what operators set for providers."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Literal
from uuid import UUID

from doorstroom_client.listing import Listing
from doorstroom_client.stream import follow
from doorstroom_client.transport import Transport
from schemas.api.changes import Change
from schemas.api.overviews import OccupancyOfMonths
from schemas.api.shelters import (
    Affirmation,
    Contract,
    ContractEnd,
    Contracts,
    Enquiries,
    Enquiry,
    Facilities,
    Facility,
    NewArrival,
    NewContract,
    NewDeparture,
    NewExpectedExit,
    NewFacility,
    NewNoShow,
    NewProvider,
    NewUnit,
    NewVacancies,
    NewVacancy,
    Provider,
    ProviderReason,
    Refusal,
    Stay,
    Stays,
    Unit,
    Units,
    Vacancies,
    Vacancy,
    WeeklyOverview,
    Withdrawal,
)
from schemas.vocabulary import DepartureReason, EnquiryRefusal, UnitState, WithdrawalReason

EnquiryState = Literal["open", "agreed", "refused", "ended"]


class ShelterCalls:
    """For providers, and for operators where it says so."""

    _transport: Transport
    _shelters: str

    # Units

    async def add_unit(self, unit: NewUnit, key: str | None = None) -> Unit:
        """Add a unit to a facility."""
        return await self._transport.post(f"{self._shelters}/units", Unit, unit, key)

    def list_units(
        self, state: UnitState | None = None, lease_ends_before: datetime | None = None
    ) -> Listing[Units, Unit]:
        """Your units; with a moment, those whose vacancy lapses before it unless it is affirmed."""
        query = {"state": state, "leaseEndsBefore": lease_ends_before.isoformat() if lease_ends_before else None}
        return self._transport.list(f"{self._shelters}/units", Units, lambda page: page.units, query)

    async def suspend_unit(
        self, unit_id: UUID, reason: ProviderReason = WithdrawalReason.MAINTENANCE, key: str | None = None
    ) -> Unit:
        """Take a unit out of service, until its next vacancy is posted."""
        url = f"{self._shelters}/units/{unit_id}/_suspend"
        return await self._transport.post(url, Unit, Withdrawal(reason=reason), key)

    # Vacancies

    async def post_vacancy(self, vacancy: NewVacancy, key: str | None = None) -> Vacancy:
        """Report a unit free."""
        return await self._transport.post(f"{self._shelters}/vacancies", Vacancy, vacancy, key)

    async def post_vacancies(self, vacancies: NewVacancies, key: str | None = None) -> Vacancies:
        """Report many units free, new ones too: all of them, or none."""
        return await self._transport.post(f"{self._shelters}/vacancies/bulk", Vacancies, vacancies, key)

    async def affirm_vacancy(self, vacancy_id: UUID, affirmation: Affirmation, key: str | None = None) -> Vacancy:
        """Say that a unit is still free."""
        url = f"{self._shelters}/vacancies/{vacancy_id}/_affirm"
        return await self._transport.post(url, Vacancy, affirmation, key)

    async def withdraw_vacancy(
        self, vacancy_id: UUID, reason: ProviderReason = WithdrawalReason.WITHDRAWN, key: str | None = None
    ) -> Unit:
        """Take a vacancy back."""
        url = f"{self._shelters}/vacancies/{vacancy_id}/_withdraw"
        return await self._transport.post(url, Unit, Withdrawal(reason=reason), key)

    # Households

    async def confirm_arrival(self, vacancy_id: UUID, key: str | None = None) -> Unit:
        """The household is there."""
        return await self._transport.post(f"{self._shelters}/arrivals", Unit, NewArrival(vacancy_id=vacancy_id), key)

    async def report_no_show(self, vacancy_id: UUID, key: str | None = None) -> Unit:
        """The household did not come."""
        return await self._transport.post(f"{self._shelters}/no-shows", Unit, NewNoShow(vacancy_id=vacancy_id), key)

    async def expect_exit(self, expected: NewExpectedExit, key: str | None = None) -> Stay:
        """Say when the household is expected to leave, and why not sooner."""
        return await self._transport.post(f"{self._shelters}/expected-exits", Stay, expected, key)

    async def record_departure(self, unit_id: UUID, reason: DepartureReason, key: str | None = None) -> Unit:
        """The household has left."""
        departure = NewDeparture(unit_id=unit_id, reason=reason)
        return await self._transport.post(f"{self._shelters}/departures", Unit, departure, key)

    def list_stays(self, *, departed: bool = False) -> Listing[Stays, Stay]:
        """The stays in your units."""
        query = {"departed": str(departed).lower()}
        return self._transport.list(f"{self._shelters}/stays", Stays, lambda page: page.stays, query)

    # Enquiries

    def list_enquiries(self, state: EnquiryState | None = None) -> Listing[Enquiries, Enquiry]:
        """The enquiries about your units; the open ones, if no state is given."""
        url = f"{self._shelters}/enquiries"
        return self._transport.list(url, Enquiries, lambda page: page.enquiries, {"state": state})

    async def agree_to_enquiry(self, offer_id: UUID, key: str | None = None) -> Enquiry:
        """Say that you take the household."""
        return await self._transport.post(f"{self._shelters}/enquiries/{offer_id}/_agree", Enquiry, None, key)

    async def refuse_enquiry(self, offer_id: UUID, refusal: EnquiryRefusal, key: str | None = None) -> Enquiry:
        """Say that you do not take the household."""
        url = f"{self._shelters}/enquiries/{offer_id}/_refuse"
        return await self._transport.post(url, Enquiry, Refusal(refusal=refusal), key)

    # Facilities and contracts

    def list_facilities(self) -> Listing[Facilities, Facility]:
        """Your facilities; all, for operators."""
        return self._transport.list(f"{self._shelters}/facilities", Facilities, lambda page: page.facilities)

    async def close_facility(self, facility_id: UUID, key: str | None = None) -> Facility:
        """Take back every vacancy in a facility, and take no new ones; for operators too."""
        return await self._transport.post(f"{self._shelters}/facilities/{facility_id}/_close", Facility, None, key)

    async def reopen_facility(self, facility_id: UUID, key: str | None = None) -> Facility:
        """Let units in a facility be posted again; for operators too."""
        return await self._transport.post(f"{self._shelters}/facilities/{facility_id}/_reopen", Facility, None, key)

    def list_contracts(self) -> Listing[Contracts, Contract]:
        """Your capacity contracts; all, for operators."""
        return self._transport.list(f"{self._shelters}/contracts", Contracts, lambda page: page.contracts)

    async def get_weekly_overview(self, week: str | None = None) -> WeeklyOverview:
        """Occupancy, movements and long stays in a week such as 2026-W48; this one, if not said."""
        query = {} if week is None else {"week": week}
        return await self._transport.get(f"{self._shelters}/overviews/weekly", WeeklyOverview, query)

    def stream_unit_changes(self, last_event_id: str | None = None) -> AsyncGenerator[Change, None]:
        """That something of yours has changed, live, for as long as you listen."""
        return follow(self._transport, f"{self._shelters}/events", Change, last_event_id)

    async def get_occupancy(self) -> OccupancyOfMonths:
        """Places occupied and under contract in the last twelve months."""
        return await self._transport.get(f"{self._shelters}/overviews/months", OccupancyOfMonths)

    # Operators

    async def register_provider(self, provider: NewProvider, key: str | None = None) -> Provider:
        """Register a shelter provider; for operators."""
        return await self._transport.post(f"{self._shelters}/providers", Provider, provider, key)

    async def register_facility(self, facility: NewFacility, key: str | None = None) -> Facility:
        """Register a facility; for operators."""
        return await self._transport.post(f"{self._shelters}/facilities", Facility, facility, key)

    async def set_contract(self, contract: NewContract, key: str | None = None) -> Contract:
        """Contract places with a shelter provider; for operators."""
        return await self._transport.post(f"{self._shelters}/contracts", Contract, contract, key)

    async def end_contract(self, contract_id: UUID, end: ContractEnd, key: str | None = None) -> Contract:
        """Let a contract end earlier; for operators."""
        return await self._transport.post(f"{self._shelters}/contracts/{contract_id}/_end", Contract, end, key)
