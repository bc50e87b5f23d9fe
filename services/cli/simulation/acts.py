"""What people do, as the routes do it: straight to the handlers, in one transaction each."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Table, Uuid, bindparam, func, select, update

from schemas.api.registry import Waitlist
from schemas.api.shelters import NewFacility, NewUnit
from schemas.messages.beds import Acceptance
from schemas.messages.beds import Service as Serves
from schemas.vocabulary import (
    AgeBand,
    ClaimReversalReason,
    DeclineReason,
    DepartureReason,
    EnquiryRefusal,
    MergeUndoReason,
    Need,
    PermitKind,
    PlacementKind,
    Programme,
    Purpose,
    Region,
    Sex,
    UndoReason,
    WithdrawalReason,
)
from services.chassis.clock import Clock
from services.chassis.database import Parameters, Row
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.claims import Claim
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.domain.slots import Slot
from services.municipalities.handlers import claims as municipal_claims
from services.municipalities.handlers import municipalities
from services.municipalities.handlers import slots as municipal_slots
from services.registry.domain.entries import Line
from services.registry.domain.model import Entry, Profile
from services.registry.handlers import entries, mergers, offers, placements, reconsider, reflection, registration
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases as registry_cases
from services.registry.store import grounds
from services.registry.tables import entries as entries_table
from services.registry.tables import offers as offers_table
from services.shelters.handlers import enquiries, households
from services.shelters.handlers import vacancies as beds
from services.shelters.handlers.facilities import open_unit
from services.shelters.handlers.vacancies import Leases
from services.shelters.store import facilities as facilities_store
from services.shelters.store.units import StoredUnit
from services.shelters.tables import units as units_table

T = TypeVar("T")

COORDINATOR, PROVIDER, MUNICIPALITY, HELPDESK = "coordination", "shelter", "GM0344", "comensha"
ANSWERING = offers.Answering(COORDINATOR)
LEASE_SECONDS = 72 * 3600
HOUSEHOLD = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, adults=1, children=0, wheelchair=False, needs=frozenset())

_ENTRY = select(entries_table).where(entries_table.c.id == bindparam("id", type_=Uuid))
_UNITS_IN = select(units_table.c.id).where(units_table.c.state == bindparam("state")).order_by(units_table.c.id)
_UNIT = select(units_table).where(units_table.c.id == bindparam("id", type_=Uuid))


@lru_cache(maxsize=32)
def _offers_in(states: tuple[str, ...]) -> Executable:
    """Those in these states, or all: users ask for them all the time."""
    query = select(offers_table).order_by(offers_table.c.id)
    return query.where(offers_table.c.state.in_(states)) if states else query


class Acts(ABC):
    """What anyone may do. `run` and `rows` reach the services; who they are is the business of whoever gives them."""

    clock: Clock
    matchmaker: Matchmaker
    leases: Leases

    @abstractmethod
    async def run(self, service: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Do this in a transaction of this service."""

    @abstractmethod
    async def rows(self, service: str, statement: Executable, parameters: Parameters = None) -> Sequence[Row]:
        """What this service has stored."""

    async def count(self, service: str, table: Table, *conditions: ColumnElement[bool]) -> int:
        """How many rows of a table meet these."""
        found = await self.rows(service, select(func.count().label("count")).select_from(table).where(*conditions))
        return int(found[0]["count"])

    async def offers(self, *states: str) -> Sequence[Row]:
        """Offers in the order in which they were made; with states, only those."""
        return await self.rows("registry", _offers_in(states))

    async def join(
        self,
        profile: Profile = HOUSEHOLD,
        waitlist: Waitlist = "cosm",
        *,
        days: float = 0,
        urgency: int = 0,
        case_id: UUID | None = None,
        entitled: bool = True,
    ) -> Entry:
        """Stand in a list; with what the law asks for it, unless that is to be missing."""

        async def work(unit: UnitOfWork) -> Entry:
            case = case_id or await registration.register_case(unit, COORDINATOR, profile, tuple(Purpose))
            if entitled:
                await self._entitle(unit, case, waitlist)
            entry = await entries.join_waitlist(
                self.matchmaker,
                unit,
                case_id=case,
                coordinator=COORDINATOR,
                waitlist=waitlist,
                line=Line(self.clock() - timedelta(days=days), urgency),
            )
            await reconsider.case_changed(self.matchmaker, unit, case)
            return entry

        return await self.run("registry", work)

    async def _entitle(self, unit: UnitOfWork, case_id: UUID, waitlist: Waitlist) -> None:
        """A reflection period that begins today, or a permit, if that is what this list is for and it is not there."""
        today, permit = self.clock().date(), await grounds.permit_of(unit, case_id)
        if waitlist == "cosm" and permit is None and await grounds.reflection_period_of(unit, case_id) is None:
            await reflection.start(self.matchmaker, unit, case_id, COORDINATOR, today)
        if waitlist == "housing" and permit is None:
            await grounds.add_permit(unit, case_id, PermitKind.ASYLUM, today)
            await registry_cases.set_eligible_until(unit, case_id, Programme.COSM, unit.now)

    async def leave(self, entry_id: UUID) -> Entry:
        """Leave a list."""
        return await self.run(
            "registry", lambda unit: entries.leave_waitlist(self.matchmaker, unit, entry_id, COORDINATOR)
        )

    async def accept(self, offer_id: UUID) -> None:
        """Say yes."""
        await self.run("registry", lambda unit: offers.accept_offer(self.matchmaker, unit, offer_id, ANSWERING))

    async def decline(self, offer_id: UUID, reason: DeclineReason = DeclineReason.UNSUITABLE) -> None:
        """Say no."""
        await self.run(
            "registry", lambda unit: offers.decline_offer(self.matchmaker, unit, offer_id, ANSWERING, reason)
        )

    async def merge(self, survivor: UUID, merged: UUID) -> UUID:
        """Two cases are one person; gives the merger."""
        return await self.run(
            "registry", lambda unit: mergers.merge(self.matchmaker, unit, COORDINATOR, survivor, merged)
        )

    async def part(self, merger_id: UUID) -> None:
        """They are two after all."""
        reason = MergeUndoReason.TWO_PERSONS
        await self.run("registry", lambda unit: mergers.undo(self.matchmaker, unit, COORDINATOR, merger_id, reason))

    async def undo(self, offer_id: UUID) -> None:
        """Take the answer to this offer back."""
        reason = UndoReason.MISTAKE
        await self.run("registry", lambda unit: offers.undo_answer(self.matchmaker, unit, offer_id, ANSWERING, reason))

    async def find(self, case_id: UUID, unit_id: UUID | None = None) -> UUID:
        """A household is somewhere already, in an emergency bed; gives the placement."""
        found = placements.Found(PlacementKind.EMERGENCY, self.clock() - timedelta(hours=9), unit_id=unit_id)
        ends = {PlacementKind.EMERGENCY: False}
        return await self.run(
            "registry",
            lambda unit: placements.record_placement(self.matchmaker, ends, unit, case_id, COORDINATOR, found),
        )

    async def lose(self, placement_id: UUID) -> None:
        """It is no longer there."""
        await self.run("registry", lambda unit: placements.end_placement(unit, placement_id, COORDINATOR))

    async def change(self, case_id: UUID, profile: Profile) -> None:
        """Something about a household is different from now on."""

        async def work(unit: UnitOfWork) -> None:
            await registry_cases.set_profile(unit, case_id, profile)
            await reconsider.case_changed(self.matchmaker, unit, case_id)

        await self.run("registry", work)

    async def entitle(self, entry_id: UUID, until: datetime) -> None:
        """The right to this kind of shelter ends at this moment."""
        entry = entries_table.c.id == entry_id
        (row,) = await self.rows("registry", select(entries_table).where(entry))

        async def work(unit: UnitOfWork) -> None:
            await unit.execute(update(entries_table).where(entry).values(eligible_until=until))
            await reconsider.case_changed(self.matchmaker, unit, row["case_id"])

        await self.run("registry", work)

    async def entry(self, entry_id: UUID) -> Row:
        """An entry as it is stored."""
        return (await self.rows("registry", _ENTRY, {"id": entry_id}))[0]

    async def answer(self, unit_id: UUID, refusal: EnquiryRefusal | None = None) -> None:
        """The provider says whether it takes the household that it was asked about."""
        row = await self.unit(unit_id)
        await self.run(
            "shelters", lambda unit: enquiries.answer_enquiry(unit, row["offer_id"], row["organisation"], refusal)
        )

    async def add_unit(
        self,
        places: int = 2,
        *,
        sexes: Sequence[Sex] = tuple(Sex),
        needs: Sequence[Need] = (),
        programme: Programme = Programme.COSM,
        region: Region | None = None,
        kept_for_places: int | None = None,
    ) -> UUID:
        """A unit of a provider of its own, in a facility of its own; gives its id."""

        async def work(unit: UnitOfWork) -> UUID:
            provider, facility = unit.identifiers(), unit.identifiers()
            await facilities_store.add_provider(unit, provider, f"{PROVIDER}-{provider}")
            await facilities_store.add_facility(unit, facility, NewFacility(provider_id=provider, region=region))
            accepts = Acceptance(sexes=list(sexes), age_bands=list(AgeBand), children=True)
            serves = Serves(wheelchair=True, needs=list(needs))
            new = NewUnit(
                facility_id=facility,
                programme=programme,
                places=places,
                accepts=accepts,
                serves=serves,
                kept_for_places=kept_for_places,
            )
            return (await open_unit(unit, new, f"{PROVIDER}-{provider}")).unit.id

        return await self.run("shelters", work)

    async def units_in(self, state: str) -> Sequence[Row]:
        """The units in a state."""
        return await self.rows("shelters", _UNITS_IN, {"state": state})

    async def unit(self, unit_id: UUID) -> Row:
        """A unit as it is stored."""
        return (await self.rows("shelters", _UNIT, {"id": unit_id}))[0]

    async def post_bed(
        self, unit_id: UUID, lease_seconds: int = LEASE_SECONDS, available_from: datetime | None = None
    ) -> StoredUnit:
        """The unit is free, or will be, with a lease."""
        return await self._shelter(
            unit_id, lambda unit, owner: beds.post_vacancy(unit, unit_id, owner, lease_seconds, available_from)
        )

    async def affirm_bed(self, unit_id: UUID, lease_seconds: int = LEASE_SECONDS) -> StoredUnit:
        """It still is."""
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(
            unit_id, lambda unit, owner: beds.affirm_vacancy(unit, vacancy, owner, lease_seconds)
        )

    async def withdraw_bed(self, unit_id: UUID) -> StoredUnit:
        """It is not to be had after all."""
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        reason = WithdrawalReason.WITHDRAWN
        return await self._shelter(unit_id, lambda unit, owner: beds.withdraw_vacancy(unit, vacancy, owner, reason))

    async def arrive(self, unit_id: UUID) -> StoredUnit:
        """The household is there."""
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(unit_id, lambda unit, owner: households.confirm_arrival(unit, vacancy, owner))

    async def miss(self, unit_id: UUID) -> StoredUnit:
        """It did not come."""
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(
            unit_id, lambda unit, owner: households.report_no_show(self.leases, unit, vacancy, owner)
        )

    async def depart(self, unit_id: UUID) -> StoredUnit:
        """It has left."""
        return await self._shelter(
            unit_id,
            lambda unit, owner: households.record_departure(
                self.leases, unit, unit_id, owner, DepartureReason.ONWARD_SHELTER
            ),
        )

    async def _shelter(self, unit_id: UUID, work: Callable[[UnitOfWork, str], Awaitable[StoredUnit]]) -> StoredUnit:
        owner = (await self.unit(unit_id))["organisation"]
        return await self.run("shelters", lambda unit: work(unit, owner))

    async def add_municipality(
        self, code: str = MUNICIPALITY, inhabitants: int = 100_000, province: str | None = None
    ) -> None:
        """A municipality, and how many live there."""
        await self.run(
            "municipalities",
            lambda unit: municipalities.register_municipality(unit, code, code, inhabitants, province=province),
        )

    async def open_slot(self, places: int = 2) -> Slot:
        """A municipality offers a home."""
        return await self.run(
            "municipalities", lambda unit: municipal_slots.open_slot(unit, MUNICIPALITY, places, None, wheelchair=True)
        )

    async def withdraw_slot(self, slot_id: UUID) -> Slot:
        """It does not after all."""
        return await self.run("municipalities", lambda unit: municipal_slots.withdraw_slot(unit, slot_id, MUNICIPALITY))

    async def claim(self, slot_id: UUID) -> Claim:
        """It claims the household that accepted it."""
        return await self.run("municipalities", lambda unit: municipal_claims.claim_slot(unit, slot_id, MUNICIPALITY))

    async def claim_next(self, places: int = 2) -> Claim:
        """It opens a slot and claims whoever will be next."""

        async def work(unit: UnitOfWork) -> Claim:
            slot = await municipal_slots.open_slot(unit, MUNICIPALITY, places, None, wheelchair=True)
            return await municipal_claims.claim_next(unit, slot)

        return await self.run("municipalities", work)

    async def house(self, claim_id: UUID, day: date | None = None, people: int | None = None) -> Claim:
        """The household has moved in."""
        return await self.run(
            "municipalities",
            lambda unit: municipal_claims.house_claim(
                unit, QuotaRules(), claim_id, MUNICIPALITY, day=day, people=people
            ),
        )

    async def reverse(self, claim_id: UUID) -> Claim:
        """The claim is taken back."""
        reason = ClaimReversalReason.HOUSING_FELL_THROUGH
        return await self.run(
            "municipalities", lambda unit: municipal_claims.reverse_claim(unit, claim_id, MUNICIPALITY, reason)
        )
