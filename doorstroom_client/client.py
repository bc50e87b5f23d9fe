"""What each kind of user does, as methods. A client acts with one token, so for one organisation in one role."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import aiohttp

from doorstroom_client.transport import Transport
from schemas.api.cases import (
    Exclusion,
    Member,
    NewExclusion,
    NewGroup,
    NewMember,
    NewPermit,
    NewReflectionPeriod,
    Permit,
    Referrals,
    ReflectionPeriod,
)
from schemas.api.decisions import Decision, Decisions, Position
from schemas.api.municipalities import (
    Claim,
    ClaimReversal,
    Claims,
    MoveIn,
    Municipalities,
    Municipality,
    MunicipalityMerger,
    MunicipalityMergers,
    MunicipalReason,
    NationalNumbers,
    NewClaim,
    NewMunicipality,
    NewMunicipalityMerger,
    NewQuotas,
    NewQuotaSwap,
    NewSlot,
    NewSupervisionLadder,
    Quotas,
    QuotaSwap,
    QuotaSwaps,
    Slots,
    SupervisionLadder,
    SupervisionLadders,
)
from schemas.api.municipalities import Slot as MunicipalSlot
from schemas.api.notifications import Notification
from schemas.api.registry import Case, Decline, Entries, Entry, NewCase, NewEntry, Offer, Offers, Undo
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
    NewVacancy,
    Provider,
    ProviderReason,
    Refusal,
    Stay,
    Stays,
    Unit,
    Units,
    Vacancy,
    WeeklyOverview,
    Withdrawal,
)
from schemas.vocabulary import (
    DeclineReason,
    DepartureReason,
    EnquiryRefusal,
    UndoReason,
    UnitState,
    WithdrawalReason,
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are: the root of each, without a trailing slash."""

    registry: str
    shelters: str
    municipalities: str
    notifications: str

    @classmethod
    def at(cls, root: str) -> "Endpoints":
        """All of them behind one address."""
        return cls(root, root, root, root)


class Client:
    """The public APIs, typed. Every method raises ProblemError or ServerUnreachable."""

    def __init__(self, session: aiohttp.ClientSession, endpoints: Endpoints, token: str) -> None:
        self._transport = Transport(session, token)
        self._registry = f"{endpoints.registry}/registry/v1"
        self._shelters = f"{endpoints.shelters}/shelters/v1"
        self._municipalities = f"{endpoints.municipalities}/municipalities/v1"
        self._notifications = f"{endpoints.notifications}/notifications/v1"

    # Coordinators

    async def register_case(self, case: NewCase, key: str | None = None) -> Case:
        """Register a household."""
        return await self._transport.post(f"{self._registry}/cases", Case, case, key)

    async def refer_group(self, group: NewGroup, key: str | None = None) -> Referrals:
        """Take the reports about a whole group, or none."""
        return await self._transport.post(f"{self._registry}/referrals/bulk", Referrals, group, key)

    async def start_reflection_period(
        self, case_id: UUID, period: NewReflectionPeriod, key: str | None = None
    ) -> ReflectionPeriod:
        """Record that a reflection period has begun."""
        url = f"{self._registry}/cases/{case_id}/reflection-period"
        return await self._transport.post(url, ReflectionPeriod, period, key)

    async def grant_permit(self, case_id: UUID, permit: NewPermit, key: str | None = None) -> Permit:
        """Record a permit: the household joins the housing list."""
        return await self._transport.post(f"{self._registry}/cases/{case_id}/permit", Permit, permit, key)

    async def add_member(self, case_id: UUID, member: NewMember, key: str | None = None) -> Member:
        """Someone more must be placed with a household."""
        return await self._transport.post(f"{self._registry}/cases/{case_id}/members", Member, member, key)

    async def add_exclusion(self, case_id: UUID, exclusion: NewExclusion, key: str | None = None) -> Exclusion:
        """Keep a household from a place."""
        return await self._transport.post(f"{self._registry}/cases/{case_id}/exclusions", Exclusion, exclusion, key)

    async def join_waitlist(self, entry: NewEntry, key: str | None = None) -> Entry:
        """Put a household in line."""
        return await self._transport.post(f"{self._registry}/entries", Entry, entry, key)

    async def leave_waitlist(self, entry_id: UUID, key: str | None = None) -> Entry:
        """Take a household out of line."""
        return await self._transport.post(f"{self._registry}/entries/{entry_id}/_leave", Entry, None, key)

    async def list_entries(self, cursor: str | None = None) -> Entries:
        """A page of your entries."""
        return await self._transport.get(f"{self._registry}/entries", Entries, _page(cursor=cursor))

    async def list_offers(self, state: str | None = None) -> Offers:
        """A page of the offers made to your entries."""
        query = _page(state=state)
        return await self._transport.get(f"{self._registry}/offers", Offers, query)

    async def get_offer(self, offer_id: UUID) -> Offer:
        """One offer."""
        return await self._transport.get(f"{self._registry}/offers/{offer_id}", Offer)

    async def get_decision_of_offer(self, offer_id: UUID) -> Decision:
        """Why an offer was made."""
        return await self._transport.get(f"{self._registry}/offers/{offer_id}/decision", Decision)

    async def get_decision(self, decision_id: UUID) -> Decision:
        """One decision."""
        return await self._transport.get(f"{self._registry}/decisions/{decision_id}", Decision)

    async def list_decisions(self, cursor: str | None = None) -> Decisions:
        """A page of all decisions; for auditors."""
        return await self._transport.get(f"{self._registry}/decisions", Decisions, _page(cursor=cursor))

    async def get_position(self, entry_id: UUID) -> Position:
        """Where an entry stands."""
        return await self._transport.get(f"{self._registry}/entries/{entry_id}/position", Position)

    async def accept_offer(self, offer_id: UUID, key: str | None = None) -> Offer:
        """Say yes."""
        return await self._transport.post(f"{self._registry}/offers/{offer_id}/_accept", Offer, None, key)

    async def decline_offer(self, offer_id: UUID, reason: DeclineReason, key: str | None = None) -> Offer:
        """Say no."""
        return await self._transport.post(
            f"{self._registry}/offers/{offer_id}/_decline", Offer, Decline(reason=reason), key
        )

    async def undo_answer(self, offer_id: UUID, reason: UndoReason, key: str | None = None) -> Offer:
        """Take a no back."""
        return await self._transport.post(f"{self._registry}/offers/{offer_id}/_undo", Offer, Undo(reason=reason), key)

    def notifications(self, last_event_id: str | None = None) -> AsyncIterator[Notification]:
        """What concerns you, live."""
        return self._transport.events(f"{self._notifications}/events", last_event_id)

    # Shelter providers

    async def add_unit(self, unit: NewUnit, key: str | None = None) -> Unit:
        """Add a unit to a facility."""
        return await self._transport.post(f"{self._shelters}/units", Unit, unit, key)

    async def list_units(self, state: UnitState | None = None, lease_ends_before: datetime | None = None) -> Units:
        """A page of your units; with a moment, those whose vacancy lapses before it unless it is affirmed."""
        query = _page(state=state, leaseEndsBefore=lease_ends_before.isoformat() if lease_ends_before else None)
        return await self._transport.get(f"{self._shelters}/units", Units, query)

    async def post_vacancy(self, vacancy: NewVacancy, key: str | None = None) -> Vacancy:
        """Report a unit free."""
        return await self._transport.post(f"{self._shelters}/vacancies", Vacancy, vacancy, key)

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

    async def suspend_unit(
        self, unit_id: UUID, reason: ProviderReason = WithdrawalReason.MAINTENANCE, key: str | None = None
    ) -> Unit:
        """Take a unit out of service, until its next vacancy is posted."""
        return await self._transport.post(
            f"{self._shelters}/units/{unit_id}/_suspend", Unit, Withdrawal(reason=reason), key
        )

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

    async def list_stays(self, *, departed: bool = False) -> Stays:
        """A page of the stays in your units."""
        return await self._transport.get(f"{self._shelters}/stays", Stays, _page(departed=str(departed).lower()))

    async def list_enquiries(self, state: str | None = None) -> Enquiries:
        """A page of the enquiries about your units; the open ones, if no state is given."""
        return await self._transport.get(f"{self._shelters}/enquiries", Enquiries, _page(state=state))

    async def agree_to_enquiry(self, offer_id: UUID, key: str | None = None) -> Enquiry:
        """Say that you take the household."""
        return await self._transport.post(f"{self._shelters}/enquiries/{offer_id}/_agree", Enquiry, None, key)

    async def refuse_enquiry(self, offer_id: UUID, refusal: EnquiryRefusal, key: str | None = None) -> Enquiry:
        """Say that you do not take the household."""
        return await self._transport.post(
            f"{self._shelters}/enquiries/{offer_id}/_refuse", Enquiry, Refusal(refusal=refusal), key
        )

    async def list_facilities(self) -> Facilities:
        """A page of your facilities."""
        return await self._transport.get(f"{self._shelters}/facilities", Facilities, _page())

    async def close_facility(self, facility_id: UUID, key: str | None = None) -> Facility:
        """Take back every vacancy in a facility, and take no new ones."""
        return await self._transport.post(f"{self._shelters}/facilities/{facility_id}/_close", Facility, None, key)

    async def reopen_facility(self, facility_id: UUID, key: str | None = None) -> Facility:
        """Let units in a facility be posted again."""
        return await self._transport.post(f"{self._shelters}/facilities/{facility_id}/_reopen", Facility, None, key)

    async def list_contracts(self) -> Contracts:
        """A page of your capacity contracts."""
        return await self._transport.get(f"{self._shelters}/contracts", Contracts, _page())

    async def get_weekly_overview(self, week: str | None = None) -> WeeklyOverview:
        """Occupancy, movements and long stays in a week such as 2026-W48; this one, if not said."""
        query = {} if week is None else {"week": week}
        return await self._transport.get(f"{self._shelters}/overviews/weekly", WeeklyOverview, query)

    # Municipalities

    async def open_slot(self, slot: NewSlot, key: str | None = None) -> MunicipalSlot:
        """Open a slot."""
        return await self._transport.post(f"{self._municipalities}/slots", MunicipalSlot, slot, key)

    async def list_slots(self, state: str | None = None) -> Slots:
        """A page of your slots, or of those in one state."""
        return await self._transport.get(f"{self._municipalities}/slots", Slots, _page(state=state))

    async def withdraw_slot(self, slot_id: UUID, key: str | None = None) -> MunicipalSlot:
        """Take a slot back."""
        return await self._transport.post(f"{self._municipalities}/slots/{slot_id}/_withdraw", MunicipalSlot, None, key)

    async def claim_household(self, slot_id: UUID, key: str | None = None) -> Claim:
        """This household is ours."""
        return await self._transport.post(f"{self._municipalities}/claims", Claim, NewClaim(slot_id=slot_id), key)

    async def house_household(self, claim_id: UUID, move_in: MoveIn | None = None, key: str | None = None) -> Claim:
        """The household has moved in: now, all of them, unless `move_in` says when, or how many."""
        url = f"{self._municipalities}/claims/{claim_id}/_house"
        return await self._transport.post(url, Claim, move_in or MoveIn(), key)

    async def claim_next_household(self, places: int, *, wheelchair: bool = False, key: str | None = None) -> Claim:
        """The next household that accepts a home for so many is ours: pending until one does."""
        claim = NewClaim(places=places, wheelchair=wheelchair)
        return await self._transport.post(f"{self._municipalities}/claims", Claim, claim, key)

    async def get_claim(self, claim_id: UUID) -> Claim:
        """One of your claims."""
        return await self._transport.get(f"{self._municipalities}/claims/{claim_id}", Claim)

    async def list_claims(
        self, state: str | None = None, cursor: str | None = None, *, overdue: bool = False
    ) -> Claims:
        """A page of your claims, or of those that are overdue."""
        query = _page(state=state, cursor=cursor, overdue="true" if overdue else None)
        return await self._transport.get(f"{self._municipalities}/claims", Claims, query)

    async def reverse_claim(self, claim_id: UUID, reason: MunicipalReason, key: str | None = None) -> Claim:
        """Take a claim back, and say why."""
        url = f"{self._municipalities}/claims/{claim_id}/_reverse"
        return await self._transport.post(url, Claim, ClaimReversal(reason=reason), key)

    async def list_quotas(self, half_year: str, at: datetime | None = None, cursor: str | None = None) -> Quotas:
        """A page of how far the quotas of a half-year are, now or as things stood at a moment."""
        query = _page(halfYear=half_year, at=None if at is None else at.isoformat(), cursor=cursor)
        return await self._transport.get(f"{self._municipalities}/quotas", Quotas, query)

    # Operators

    async def register_provider(self, provider: NewProvider, key: str | None = None) -> Provider:
        """Register a shelter provider."""
        return await self._transport.post(f"{self._shelters}/providers", Provider, provider, key)

    async def register_facility(self, facility: NewFacility, key: str | None = None) -> Facility:
        """Register a facility."""
        return await self._transport.post(f"{self._shelters}/facilities", Facility, facility, key)

    async def set_contract(self, contract: NewContract, key: str | None = None) -> Contract:
        """Contract places with a shelter provider."""
        return await self._transport.post(f"{self._shelters}/contracts", Contract, contract, key)

    async def end_contract(self, contract_id: UUID, end: ContractEnd, key: str | None = None) -> Contract:
        """Let a contract end earlier."""
        return await self._transport.post(f"{self._shelters}/contracts/{contract_id}/_end", Contract, end, key)

    async def register_municipality(self, municipality: NewMunicipality, key: str | None = None) -> Municipality:
        """Register a municipality."""
        return await self._transport.post(f"{self._municipalities}/municipalities", Municipality, municipality, key)

    async def list_municipalities(self, cursor: str | None = None) -> Municipalities:
        """A page of the municipalities, with their newest populations."""
        url = f"{self._municipalities}/municipalities"
        return await self._transport.get(url, Municipalities, _page(cursor=cursor))

    async def set_quotas(self, quotas: NewQuotas, key: str | None = None) -> Quotas:
        """Share out the national number."""
        return await self._transport.post(f"{self._municipalities}/quotas", Quotas, quotas, key)

    async def swap_quota(self, swap: NewQuotaSwap, key: str | None = None) -> QuotaSwap:
        """Record that one municipality takes over a part of another's task."""
        return await self._transport.post(f"{self._municipalities}/quota-swaps", QuotaSwap, swap, key)

    async def merge_municipalities(self, merger: NewMunicipalityMerger, key: str | None = None) -> MunicipalityMerger:
        """Register that municipalities become one."""
        url = f"{self._municipalities}/municipality-mergers"
        return await self._transport.post(url, MunicipalityMerger, merger, key)

    async def list_mergers(self, cursor: str | None = None) -> MunicipalityMergers:
        """A page of the mergers."""
        url = f"{self._municipalities}/municipality-mergers"
        return await self._transport.get(url, MunicipalityMergers, _page(cursor=cursor))

    async def withdraw_merger(self, merger_id: UUID, key: str | None = None) -> MunicipalityMerger:
        """Take back a merger whose day is still to come."""
        url = f"{self._municipalities}/municipality-mergers/{merger_id}/_withdraw"
        return await self._transport.post(url, MunicipalityMerger, None, key)

    async def list_swaps(self, cursor: str | None = None) -> QuotaSwaps:
        """A page of the swaps; a municipality's own."""
        return await self._transport.get(f"{self._municipalities}/quota-swaps", QuotaSwaps, _page(cursor=cursor))

    async def list_half_years(self, cursor: str | None = None) -> NationalNumbers:
        """A page of the half-years whose quotas are set, with their national numbers."""
        return await self._transport.get(f"{self._municipalities}/half-years", NationalNumbers, _page(cursor=cursor))

    async def list_supervision_ladders(self) -> SupervisionLadders:
        """The ladders of the provinces that have one of their own."""
        return await self._transport.get(f"{self._municipalities}/supervision-ladders", SupervisionLadders)

    async def set_supervision_ladder(self, ladder: NewSupervisionLadder, key: str | None = None) -> SupervisionLadder:
        """Set after how many checks behind a province takes each step."""
        url = f"{self._municipalities}/supervision-ladders"
        return await self._transport.post(url, SupervisionLadder, ladder, key)


def _page(**filters: str | None) -> dict[str, str | int]:
    return {"limit": 100} | {name: value for name, value in filters.items() if value is not None}
