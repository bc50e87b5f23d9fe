"""Coordinators and a provider who go on with their work whatever happens, and remember what they were told."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

from doorstroom_client import Client, ProblemError, ServerUnreachable
from schemas.api.cases import NewPermit
from schemas.api.municipalities import NewMunicipality, NewSlot
from schemas.api.registry import NewCase, NewEntry, Waitlist
from schemas.api.shelters import NewFacility, NewProvider, NewUnit, NewVacancy, Unit
from schemas.messages.beds import Acceptance
from schemas.messages.beds import Service as Serves
from schemas.vocabulary import AgeBand, DeclineReason, DepartureReason, PermitKind, Programme, Purpose, Sex, UnitState
from tests.faults.installation import Installation

T = TypeVar("T")

COORDINATORS, UNITS, HOMES = 3, 12, 3
STATES = ("open", "held")
MUNICIPALITY = "GM0344"
REASON = DeclineReason.OTHER
CONFLICT = 409


@dataclass(slots=True)
class Users:
    """Everybody who works with it; each piece of work reaches whichever replica.

    `told`: what they were told is done, by what it is.
    """

    installation: Installation
    chance: random.Random
    told: dict[str, set[UUID]] = field(default_factory=lambda: {"joined": set(), "accepted": set(), "posted": set()})
    knows: dict[UUID, str] = field(default_factory=dict)
    """Whose reference each of those is that tell who joined."""
    counted: Counter[str] = field(default_factory=Counter)
    stopping: bool = False

    async def begin(self) -> None:
        """A provider with its units."""
        operator, mine = self.installation.cast.operator(), self.installation.cast.provider("shelter")
        provider = await operator.register_provider(NewProvider(organisation="shelter"))
        facility = await operator.register_facility(NewFacility(provider_id=provider.provider_id))
        accepts = Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True)
        place = NewMunicipality(municipality_code=MUNICIPALITY, name="A municipality", inhabitants=100_000)
        await operator.register_municipality(place)
        for _ in range(UNITS):
            new = NewUnit(
                facility_id=facility.facility_id,
                programme=Programme.OMM,
                places=2,
                accepts=accepts,
                serves=Serves(wheelchair=True, needs=[]),
            )
            await mine.add_unit(new)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """They work as long as this lasts, and then finish what is in hand. It ends at once when one of them fails."""
        self.stopping = False
        async with asyncio.TaskGroup() as working:
            working.create_task(self.work())
            yield
            self.stopping = True

    async def work(self) -> None:
        """Work until `stopping`."""
        async with asyncio.TaskGroup() as everyone:
            for number in range(COORDINATORS):
                everyone.create_task(self._again(partial(self._coordinate, f"coordination-{number}")))
            everyone.create_task(self._again(self._provide))
            everyone.create_task(self._again(self._house))

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        while not self.stopping:
            await work()
            await asyncio.sleep(self.chance.uniform(0.02, 0.1))

    async def _coordinate(self, organisation: str) -> None:
        """Somebody joins, and what is on offer is answered."""
        client = self.installation.cast.coordinator(organisation)
        case = await self._until_answered(
            lambda key: client.register_case(
                NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=0, consents=list(Purpose)), key
            )
        )
        if case is not None:
            since = datetime.now(UTC) - timedelta(days=self.chance.randint(0, 30))
            waitlist = await self._waitlist(client, case.case_id)
            new = NewEntry(case_id=case.case_id, waitlist=waitlist, waiting_since=since)
            entry = await self._until_answered(lambda key: client.join_waitlist(new, key))
            if entry is not None:
                self.told["joined"].add(entry.entry_id)
                self.knows[entry.entry_id] = organisation
        offers = await self._until_answered(lambda _key: client.list_offers("made"))
        for offer in offers.offers if offers is not None else []:
            if self.chance.random() < 0.6:
                answered = await self._until_answered(lambda key, id_=offer.offer_id: client.accept_offer(id_, key))  # type: ignore[misc] # as above
                if answered is not None:
                    self.told["accepted"].add(answered.offer_id)
            else:
                await self._until_answered(lambda key, id_=offer.offer_id: client.decline_offer(id_, REASON, key))  # type: ignore[misc] # as above

    async def _waitlist(self, client: Client, case_id: UUID) -> Waitlist:
        """Some have a permit, and wait for a home."""
        if self.chance.random() < 0.7:
            return "omm"
        permit = NewPermit(kind=PermitKind.ASYLUM, granted_on=datetime.now(UTC).date())
        await self._until_answered(lambda key: client.grant_permit(case_id, permit, key))
        return "housing"

    async def _house(self) -> None:
        """A home is offered, whoever accepted one is claimed, and moves in."""
        client = self.installation.cast.municipality(MUNICIPALITY)
        free, held = [
            found.slots if found is not None else []
            for found in [
                await self._until_answered(lambda _key, in_=state: client.list_slots(in_)) for state in STATES
            ]  # type: ignore[misc] # as above
        ]
        if len(free) + len(held) < HOMES:
            await self._until_answered(lambda key: client.open_slot(NewSlot(places=2), key))
        for slot in held:
            if slot.accepted:
                await self._until_answered(lambda key, id_=slot.slot_id: client.claim_household(id_, key))  # type: ignore[misc] # as above
        claimed = await self._until_answered(lambda _key: client.list_claims(state="claimed"))
        for claim in claimed.claims if claimed is not None else []:
            await self._until_answered(lambda key, id_=claim.claim_id: client.house_household(id_, None, key))  # type: ignore[misc] # as above

    async def _provide(self) -> None:
        """Whatever a unit's state asks for."""
        client = self.installation.cast.provider("shelter")
        units = await self._until_answered(lambda _key: client.list_units())
        for unit in units.units if units is not None else []:
            await self._see_to(client, unit)

    async def _see_to(self, client: Client, unit: Unit) -> None:
        if unit.state == UnitState.OUT_OF_SERVICE:
            new = NewVacancy(unit_id=unit.unit_id)
            posted = await self._until_answered(lambda key: client.post_vacancy(new, key))
            if posted is not None:
                self.told["posted"].add(posted.vacancy_id)
        elif unit.state == UnitState.RESERVED and unit.vacancy_id is not None:
            vacancy_id = unit.vacancy_id
            await self._until_answered(lambda key: client.confirm_arrival(vacancy_id, key))
        elif unit.state == UnitState.OCCUPIED and self.chance.random() < 0.5:
            reason = DepartureReason.ONWARD_HOME
            await self._until_answered(lambda key: client.record_departure(unit.unit_id, reason, key))

    async def _until_answered(self, command: Callable[[str], Awaitable[T]]) -> T | None:
        """Ask with the same key until there is an answer; None when a rule refuses. Any other refusal is a defect."""
        key = str(uuid4())
        while True:
            try:
                answer = await command(key)
            except ServerUnreachable:
                self.counted["asked again"] += 1
            except ProblemError as error:
                if error.status != CONFLICT:
                    raise
                self.counted["refused"] += 1
                return None
            else:
                self.counted["answered"] += 1
                return answer
