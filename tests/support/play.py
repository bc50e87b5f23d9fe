"""A whole system at work, over its public APIs and its live streams only: for the branches of the cascade."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import TypeVar
from uuid import UUID

from doorstroom_client import Client
from schemas.api.cases import NewPermit, NewReflectionPeriod
from schemas.api.municipalities import NewMunicipality, NewSlot
from schemas.api.municipalities import Slot as MunicipalSlot
from schemas.api.registry import NewCase, NewEntry, Offer
from schemas.api.shelters import NewFacility, NewProvider, NewUnit, NewVacancy, Unit, Vacancy
from schemas.messages.beds import Acceptance
from schemas.messages.beds import Service as Serves
from schemas.vocabulary import AgeBand, PermitKind, Programme, Purpose, Region, Sex, UnitState, WithdrawalReason
from services.cli.cast import Cast

Found = TypeVar("Found")

WAIT_SECONDS = 30.0
POLL_SECONDS = 0.02


async def eventually(look: Callable[[], Awaitable[Found | None]], what: str) -> Found:
    """Look until it is there."""
    found = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while found is None:
                found = await look()
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen within {WAIT_SECONDS:.0f} seconds") from None
    return found


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in line, and who speaks for them."""

    coordinator: Client
    case_id: UUID
    entry_id: UUID


_NUMBERS = count(1)

# What a coordinator hears when an offer gets into a state; of an enquiry they hear nothing.
_NEWS = {
    "made": "offer-made",
    "accepted": "offer-accepted",
    "declined": "offer-declined",
    "expired": "offer-expired",
    "revoked": "offer-revoked",
    "fell_through": "placement-fell-through",
}


@dataclass(slots=True)
class Play:
    """One branch, with organisations of its own. What it leaves in line or free is taken away when it ends."""

    cast: Cast
    number: int = field(default_factory=partial(next, _NUMBERS))
    waiting: list[Person] = field(default_factory=list)
    beds: list[UUID] = field(default_factory=list)
    slots: list[MunicipalSlot] = field(default_factory=list)

    @property
    def provider(self) -> Client:
        """The provider of every bed in this branch."""
        return self.cast.provider(self.name)

    @property
    def municipality(self) -> Client:
        """The municipality of every home in this branch."""
        return self.cast.municipality(self.code)

    @property
    def code(self) -> str:
        """Its municipality's code."""
        return f"GM{self.number:04d}"

    @property
    def name(self) -> str:
        """What its organisations are called."""
        return f"branch-{self.number}"

    async def join(self, waitlist: str = "cosm", days: int = 0, children: int = 0) -> Person:
        """A household with a coordinator of its own, in line for so many days."""
        coordinator = self.cast.coordinator(f"{self.name}-{len(self.waiting)}")
        household = NewCase(
            sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=children, consents=list(Purpose)
        )
        case = await coordinator.register_case(household)
        if waitlist == "cosm":
            since = datetime.now(UTC).date() - timedelta(days=1)
            await coordinator.start_reflection_period(case.case_id, NewReflectionPeriod(started_on=since))
        if waitlist == "housing":
            return await self.joined_housing(Person(coordinator, case.case_id, case.case_id), days)
        since_at = datetime.now(UTC) - timedelta(days=days)
        entry = await coordinator.join_waitlist(
            NewEntry(case_id=case.case_id, waitlist=waitlist, waiting_since=since_at)
        )
        self.waiting.append(Person(coordinator, case.case_id, entry.entry_id))
        return self.waiting[-1]

    async def joined_housing(self, person: Person, days: int = 0) -> Person:
        """The same household in the list for homes, by the permit that it got so many days ago."""
        granted_on = datetime.now(UTC).date() - timedelta(days=days)
        permit = await person.coordinator.grant_permit(
            person.case_id, NewPermit(kind=PermitKind.ASYLUM, granted_on=granted_on)
        )
        assert permit.housing_entry is not None
        self.waiting.append(replace(person, entry_id=permit.housing_entry.entry_id))
        return self.waiting[-1]

    async def bed(
        self, programme: Programme = Programme.COSM, places: int = 2, region: Region | None = None
    ) -> Vacancy:
        """A bed that comes free, in a facility of its own."""
        operator, key = self.cast.operator(), f"{self.name}-provider"
        provider = await operator.register_provider(NewProvider(organisation=self.name), key)
        facility = await operator.register_facility(NewFacility(provider_id=provider.provider_id, region=region))
        unit = await self.provider.add_unit(
            NewUnit(
                facility_id=facility.facility_id,
                programme=programme,
                places=places,
                accepts=Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True),
                serves=Serves(wheelchair=True, needs=[]),
            )
        )
        self.beds.append(unit.unit_id)
        return await self.provider.post_vacancy(NewVacancy(unit_id=unit.unit_id))

    async def slot(self, places: int = 2) -> MunicipalSlot:
        """A home that a municipality offers."""
        new = NewMunicipality(municipality_code=self.code, name=self.name, inhabitants=100_000)
        await self.cast.operator().register_municipality(new, f"{self.name}-municipality")
        slot = await self.municipality.open_slot(NewSlot(places=places, wheelchair=True))
        self.slots.append(slot)
        return slot

    async def offer(self, person: Person, state: str = "made", at_least: int = 1) -> Offer:
        """The newest offer to this household, as soon as there are so many in this state, and it was notified of it."""

        async def look() -> Offer | None:
            found = (await person.coordinator.list_offers(state)).offers
            mine = [offer for offer in found if offer.entry_id == person.entry_id]
            return mine[-1] if len(mine) >= at_least else None

        offer = await eventually(look, f"an offer that is {state}")
        if state in _NEWS:
            await self.told(person, offer.offer_id, _NEWS[state])
        return offer

    async def told(self, person: Person, offer_id: UUID, kind: str) -> None:
        """Wait until they heard this of the offer: news that is overtaken by newer news of the same is not told."""
        async with asyncio.timeout(WAIT_SECONDS), aclosing(person.coordinator.stream_notifications("0")) as stream:
            async for notification in stream:
                if (notification.subject, notification.kind) == (offer_id, kind):
                    return

    async def accept(self, person: Person) -> None:
        """They say yes to what they are offered, and hear that it was understood."""
        offer = await self.offer(person)
        await person.coordinator.accept_offer(offer.offer_id)
        await self.told(person, offer.offer_id, "offer-accepted")

    async def unit(self, vacancy: Vacancy, *states: str) -> Unit:
        """The bed of this vacancy, as soon as it is in one of these states."""

        async def look() -> Unit | None:
            units = (await self.provider.list_units()).units
            return next((unit for unit in units if unit.unit_id == vacancy.unit_id and unit.state in states), None)

        return await eventually(look, f"a unit that is {' or '.join(states)}")

    async def slot_of(self, slot: MunicipalSlot, is_so: Callable[[MunicipalSlot], bool], what: str) -> MunicipalSlot:
        """This slot, as soon as this is so."""

        async def look() -> MunicipalSlot | None:
            slots = (await self.municipality.list_slots()).slots
            return next((one for one in slots if one.slot_id == slot.slot_id and is_so(one)), None)

        return await eventually(look, f"a slot {what}")

    async def heard(self, person: Person, kinds: Sequence[str]) -> None:
        """Everything that this household's coordinator has been notified of, in order: this, and no more by now."""
        heard = list[str]()
        try:
            async with asyncio.timeout(WAIT_SECONDS), aclosing(person.coordinator.stream_notifications("0")) as stream:
                async for notification in stream:
                    heard.append(notification.kind)
                    if len(heard) == len(kinds):
                        break
        except TimeoutError:
            pass
        assert heard == list(kinds), heard

    async def state_of(self, person: Person, state: str) -> None:
        """Wait until this household's place in line is in this state."""

        async def look() -> bool | None:
            entries = (await person.coordinator.list_entries()).entries
            return any(entry.entry_id == person.entry_id and entry.state == state for entry in entries) or None

        await eventually(look, f"an entry that is {state}")

    async def arrive(self, person: Person, vacancy: Vacancy) -> None:
        """They accept what they are offered, and are there."""
        await self.accept(person)
        await self.unit(vacancy, "reserved")
        await self.provider.confirm_arrival(vacancy.vacancy_id)
        await self.state_of(person, "placed")

    async def end(self) -> None:
        """Nobody of this branch waits for anything, and nothing of it is free."""
        for unit in (await self.provider.list_units()).units if self.beds else []:
            if unit.state in (UnitState.FREE, UnitState.HELD, UnitState.RESERVED) and unit.vacancy_id is not None:
                await self.provider.withdraw_vacancy(unit.vacancy_id, WithdrawalReason.WITHDRAWN)
        for slot in (await self.municipality.list_slots()).slots if self.slots else []:
            if slot.state in ("open", "held"):
                await self.municipality.withdraw_slot(slot.slot_id)
        for person in self.waiting:
            await eventually(lambda person=person: _left(person), "leaving the list")  # type: ignore[misc] # mypy cannot infer a lambda with defaults


async def _left(person: Person) -> bool | None:
    """Whether they stand in no list any more; what is still offered to them ends first."""
    for entry in (await person.coordinator.list_entries()).entries:
        if entry.state == "offered":
            return None
        if entry.state in ("waiting", "paused"):
            await person.coordinator.leave_waitlist(entry.entry_id)
    return True
