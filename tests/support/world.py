"""All services on real databases, with a clock and a post that the test moves by hand.

The handlers, the stores, the outbox and the inbox are the real ones; what is replaced is when a message arrives.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ColumnElement, Executable, Table, func, select, update

from schemas import catalogue
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
from services.chassis.broker.memory import InProcessBroker
from services.chassis.broker.topology import matches
from services.chassis.consumer import Consumer
from services.chassis.database import Database, Row
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.embedded import SERVICES
from services.municipalities.domain.claims import Claim
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.domain.slots import Slot
from services.municipalities.handlers import claims as municipal_claims
from services.municipalities.handlers import municipalities
from services.municipalities.handlers import slots as municipal_slots
from services.registry.calendar import is_dutch_holiday
from services.registry.domain.entries import Line
from services.registry.domain.model import Entry, Profile
from services.registry.domain.programmes import Programmes
from services.registry.handlers import entries, mergers, offers, placements, reconsider, reflection, registration
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases as registry_cases
from services.registry.store import grounds
from services.registry.store.vault import KEY_FILE, Vault
from services.registry.store.waitlists import WaitlistStore
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

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
COORDINATOR, PROVIDER, MUNICIPALITY = "coordination", "shelter", "GM0344"
HELPDESK = "comensha"
ANSWERING = offers.Answering(COORDINATOR)
LEASE_SECONDS = 72 * 3600
SHELTER_OFFER_SECONDS, HOUSING_OFFER_SECONDS = 24 * 3600.0, 7 * 86_400.0
ROUNDS_LIMIT = 50
HOUSEHOLD = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, adults=1, children=0, wheelchair=False, needs=frozenset())


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


class Identifiers:
    """New ids in rising order, the same in every run."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> UUID:
        self._last += 1
        return UUID(f"019c0000-0000-7000-8000-{self._last:012x}")


@dataclass(slots=True)
class Post:
    """How messages travel: in order and once, unless a source of chance is given."""

    chance: random.Random | None = None
    duplicates: int = 0

    def arranged(self, messages: Sequence[Row]) -> list[Row]:
        if self.chance is None:
            return list(messages)
        doubled = [message for message in messages for _ in range(1 + self.chance.randint(0, self.duplicates))]
        self.chance.shuffle(doubled)
        return doubled


class World:
    """Everything that there is, at rest."""

    def __init__(
        self,
        urls: dict[str, str],
        post: Post | None = None,
        connect: Callable[[str, int], Database] = Database.connect,
    ) -> None:
        self.clock = Clock()
        self.identifiers = Identifiers()
        self.post = post or Post()
        broker = InProcessBroker(topology("world", []))
        surroundings = Surroundings(broker, self.clock, self.identifiers, connect=connect)
        self._secrets = TemporaryDirectory(prefix="doorstroom-test-key-")
        own = {"registry_key_file": Path(self._secrets.name) / KEY_FILE}
        self.services: dict[str, Service] = {
            definition.name: definition.build(
                definition.settings(mode=Mode.EMBEDDED, database_url=SecretStr(urls[definition.name]), **own),
                surroundings,
            )
            for definition in SERVICES
        }
        self.vault = Vault(own["registry_key_file"], make=True)
        self._consumers = {name: self._consumer(service) for name, service in self.services.items()}
        self.matchmaker = Matchmaker(WaitlistStore(), Programmes(), is_dutch_holiday, HELPDESK)
        self.leases = Leases(LEASE_SECONDS)

    async def open(self) -> None:
        for service in self.services.values():
            await service.migrate()

    async def close(self) -> None:
        for service in self.services.values():
            await service.transactions.database.close()
        self._secrets.cleanup()

    # Moving messages and time

    async def settle(self) -> None:
        """Carry messages until none is under way."""
        for _ in range(ROUNDS_LIMIT):
            carried = [await self.carry(name) for name in self.services]
            if not any(carried):
                return
        message = "messages keep causing messages"
        raise AssertionError(message)

    async def pass_time(self, **duration: float) -> None:
        """Move the clock, let everything that is due happen, and carry what it causes."""
        self.clock.forward(**duration)
        for service in self.services.values():
            for timer in service.parts.timers:
                await timer.work()
        await self.settle()

    async def carry(self, name: str) -> int:
        """Carry what one service has to say, and nothing that it causes."""
        rows = await self._waiting(name)
        await self.hand_on(self.post.arranged(rows))
        await self._mark_sent(name, rows)
        return len(rows)

    async def hold_back(self, name: str) -> Sequence[Row]:
        """Take what a service has to say, to be handed on later."""
        rows = await self._waiting(name)
        await self._mark_sent(name, rows)
        return rows

    async def _waiting(self, name: str) -> Sequence[Row]:
        outbox = self.services[name].tables.outbox
        return await self.rows(name, select(outbox).where(outbox.c.sent_at.is_(None)).order_by(outbox.c.id))

    async def _mark_sent(self, name: str, rows: Sequence[Row]) -> None:
        outbox = self.services[name].tables.outbox
        sent = update(outbox).where(outbox.c.id.in_([row["id"] for row in rows])).values(sent_at=self.clock())
        await self.run(name, lambda unit: unit.execute(sent))

    async def hand_on(self, messages: Iterable[Row]) -> None:
        """Deliver messages in this order."""
        for row in messages:
            await self.deliver(row["routing_key"], row["body"].encode())

    async def deliver(self, routing_key: str, body: bytes) -> None:
        """Hand a message to every service that is bound for it, through its real consumer and inbox."""
        for service in self.services.values():
            queue = service.parts.queue
            if queue is not None and any(matches(pattern, routing_key) for pattern in queue.bindings):
                await self._consumers[service.name]._handle([(None, catalogue.parse(body))])  # type: ignore[list-item] # the delivery is only for settling

    def _consumer(self, service: Service) -> Consumer:
        parts = service.parts
        assert parts.queue is not None
        return Consumer(parts.transactions, parts.tables, parts.broker, parts.queue, parts.handlers)

    # Looking

    async def run(self, service: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self.services[service].transactions.run(work)

    async def rows(self, service: str, statement: Executable) -> Sequence[Row]:
        async def read(unit: UnitOfWork) -> Sequence[Row]:
            return await unit.execute(statement)

        return await self.services[service].transactions.read(read)

    async def count(self, service: str, table: Table, *conditions: ColumnElement[bool]) -> int:
        found = await self.rows(service, select(func.count().label("count")).select_from(table).where(*conditions))
        return int(found[0]["count"])

    async def offers(self, *states: str) -> Sequence[Row]:
        """Offers in the order in which they were made; with states, only those."""
        query = select(offers_table).order_by(offers_table.c.id)
        return await self.rows("registry", query.where(offers_table.c.state.in_(states)) if states else query)

    async def events(self, service: str) -> list[tuple[str, Any]]:
        """What a service has recorded, oldest first: the last word of the type, and the data."""
        outbox = self.services[service].tables.outbox
        rows = await self.rows(service, select(outbox).order_by(outbox.c.id))
        parsed = [catalogue.parse(row["body"].encode()) for row in rows]
        return [(event.type.split(".")[-2], event.data) for event in parsed]

    # Acting, as the routes do

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
        return await self.run(
            "registry", lambda unit: entries.leave_waitlist(self.matchmaker, unit, entry_id, COORDINATOR)
        )

    async def accept(self, offer_id: UUID) -> None:
        await self.run("registry", lambda unit: offers.accept_offer(self.matchmaker, unit, offer_id, ANSWERING))

    async def decline(self, offer_id: UUID, reason: DeclineReason = DeclineReason.UNSUITABLE) -> None:
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
        return (await self.rows("registry", select(entries_table).where(entries_table.c.id == entry_id)))[0]

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

    async def unit(self, unit_id: UUID) -> Row:
        return (await self.rows("shelters", select(units_table).where(units_table.c.id == unit_id)))[0]

    async def post_bed(self, unit_id: UUID, lease_seconds: int = LEASE_SECONDS) -> StoredUnit:
        return await self._shelter(
            unit_id, lambda unit, owner: beds.post_vacancy(unit, unit_id, owner, lease_seconds, None)
        )

    async def affirm_bed(self, unit_id: UUID, lease_seconds: int = LEASE_SECONDS) -> StoredUnit:
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(
            unit_id, lambda unit, owner: beds.affirm_vacancy(unit, vacancy, owner, lease_seconds)
        )

    async def withdraw_bed(self, unit_id: UUID) -> StoredUnit:
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        reason = WithdrawalReason.WITHDRAWN
        return await self._shelter(unit_id, lambda unit, owner: beds.withdraw_vacancy(unit, vacancy, owner, reason))

    async def arrive(self, unit_id: UUID) -> StoredUnit:
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(unit_id, lambda unit, owner: households.confirm_arrival(unit, vacancy, owner))

    async def miss(self, unit_id: UUID) -> StoredUnit:
        vacancy = (await self.unit(unit_id))["vacancy_id"]
        return await self._shelter(
            unit_id, lambda unit, owner: households.report_no_show(self.leases, unit, vacancy, owner)
        )

    async def depart(self, unit_id: UUID) -> StoredUnit:
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
        await self.run(
            "municipalities",
            lambda unit: municipalities.register_municipality(unit, code, code, inhabitants, province=province),
        )

    async def open_slot(self, places: int = 2) -> Slot:
        return await self.run(
            "municipalities", lambda unit: municipal_slots.open_slot(unit, MUNICIPALITY, places, None, wheelchair=True)
        )

    async def withdraw_slot(self, slot_id: UUID) -> Slot:
        return await self.run("municipalities", lambda unit: municipal_slots.withdraw_slot(unit, slot_id, MUNICIPALITY))

    async def claim(self, slot_id: UUID) -> Claim:
        return await self.run("municipalities", lambda unit: municipal_claims.claim_slot(unit, slot_id, MUNICIPALITY))

    async def claim_next(self, places: int = 2) -> Claim:
        async def work(unit: UnitOfWork) -> Claim:
            slot = await municipal_slots.open_slot(unit, MUNICIPALITY, places, None, wheelchair=True)
            return await municipal_claims.claim_next(unit, slot)

        return await self.run("municipalities", work)

    async def house(self, claim_id: UUID) -> Claim:
        return await self.run(
            "municipalities",
            lambda unit: municipal_claims.house_claim(unit, QuotaRules(), claim_id, MUNICIPALITY),
        )

    async def reverse(self, claim_id: UUID) -> Claim:
        reason = ClaimReversalReason.HOUSING_FELL_THROUGH
        return await self.run(
            "municipalities", lambda unit: municipal_claims.reverse_claim(unit, claim_id, MUNICIPALITY, reason)
        )
