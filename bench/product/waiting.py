"""How long one allocation takes, by how many people wait and where the eligible ones stand."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from bench.measure import MILLISECONDS, Figure, percentile
from bench.servers import Servers
from bench.targets import PRODUCT, of_many_kinds, waiting
from schemas.messages.beds import Acceptance, BedFreed
from schemas.messages.beds import Service as Serves
from schemas.vocabulary import AgeBand, Programme, Purpose, Sex
from services.calendar.holidays import is_dutch_holiday
from services.chassis.broker.memory import InProcessBroker
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.service import Service
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.registry.domain.entries import Line
from services.registry.domain.model import Profile
from services.registry.domain.programmes import Programmes
from services.registry.handlers import entries, reflection, registration, vacancies
from services.registry.handlers.matching import Matchmaker
from services.registry.settings import Settings
from services.registry.store.codec import encode_profile
from services.registry.store.waitlists import WaitlistStore
from services.registry.wiring import build

PEOPLE = (1_000, 10_000, 100_000, 1_000_000)
QUICK_PEOPLE = (1_000, 10_000)
SAMPLES = 60
WARM_UP = 10
KINDS = 3_000
PLACES = {"first": timedelta(days=-1), "in the middle": timedelta(), "last": timedelta(days=1)}
"""Where the eligible ones stand: everyone else began to wait within a few hours around now."""

INELIGIBLE = tuple(
    Profile(sex, age_band, adults, children, wheelchair=False, needs=frozenset())
    for sex in (Sex.MALE, Sex.OTHER)
    for age_band in (AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS)
    for adults in (1, 2)
    for children in (0, 1, 2)
)
ELIGIBLE = Profile(Sex.FEMALE, AgeBand.AGE_23_PLUS, 1, 0, wheelchair=False, needs=frozenset())
COORDINATOR = "coordination-bench"


async def measure(servers: Servers, *, quick: bool) -> list[Figure]:
    """Fill a list step by step, and measure at each step."""
    figures: list[Figure] = []
    async with servers.database("waiting") as url, _registry(url) as service:
        bench = _Bench(url, service)
        await bench.begin()
        for people in QUICK_PEOPLE if quick else PEOPLE:
            await bench.fill(people)
            for place in PLACES:
                durations = await bench.allocate(place)
                for share, label in ((0.5, "p50"), (0.99, "p99")):
                    name = waiting(people, place).replace("p50", label)
                    value = percentile(durations, share) * 1000
                    figures.append(Figure("c", PRODUCT, name, value, MILLISECONDS, len(durations)))
            scanned = await bench.scan()
            figures.append(Figure("c", "full scan", waiting(people, "last"), scanned * 1000, MILLISECONDS, 3))
        await bench.diversify()
        durations = await bench.allocate("first")
        value = percentile(durations, 0.5) * 1000
        figures.append(Figure("c", PRODUCT, of_many_kinds(KINDS), value, MILLISECONDS, len(durations)))
    return figures


@asynccontextmanager
async def _registry(url: str) -> AsyncIterator[Service]:
    database_url = SecretStr(url.replace("postgresql://", "postgresql+asyncpg://"))
    # Nothing personal is stored here, so the key is never needed; on one machine it would be made when it is.
    no_key = Path("registry.key")
    settings = Settings(mode=Mode.EMBEDDED, database_url=database_url, registry_key_file=no_key)
    service = build(settings, Surroundings(InProcessBroker(topology("bench", []))))
    await service.migrate()
    try:
        yield service
    finally:
        await service.transactions.database.close()


class _Bench:
    def __init__(self, url: str, service: Service) -> None:
        self._url = url
        self._service = service
        self._matchmaker = Matchmaker(WaitlistStore(), Programmes(), is_dutch_holiday, "comensha")
        self._people = 0
        self._profiles: list[UUID] = []
        self._eligible = UUID(int=0)

    async def begin(self) -> None:
        """One person of each kind, put in line by the registry itself; the others are copies of them."""
        for profile in (*INELIGIBLE, ELIGIBLE):
            await self._service.transactions.run(lambda unit, profile=profile: self._join(unit, profile))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        rows = await self._fetch("SELECT profile_id, case_id FROM entries ORDER BY id")
        self._profiles = [row["profile_id"] for row in rows[:-1]]
        self._eligible = rows[-1]["profile_id"]
        await self._fetch("UPDATE entries SET state = 'withdrawn' WHERE profile_id = $1", self._eligible)

    async def fill(self, people: int) -> None:
        """Let so many people wait for whom no bed of the bench is."""
        await self._insert(people - self._people, self._profiles, timedelta())
        self._people = people
        await self._fetch("ANALYZE entries")

    async def diversify(self) -> None:
        """Let as many more stand last whom the beds suit, each of whom must not be in a facility of their own."""
        profiles = [
            (
                system_identifiers(),
                encode_profile(replace(ELIGIBLE, excluded_facilities=frozenset({system_identifiers()}))),
            )
            for _ in range(KINDS)
        ]
        await self._fetch(
            "INSERT INTO profiles (id, waitlist, profile) SELECT id, 'cosm', profile"
            " FROM unnest($1::uuid[], $2::text[]) made (id, profile)",
            *map(list, zip(*profiles, strict=True)),
        )
        await self._fetch("UPDATE waitlists SET profile_count = profile_count + $1 WHERE id = 'cosm'", KINDS)
        await self._insert(KINDS, [id_ for id_, _ in profiles], PLACES["last"])

    async def allocate(self, place: str) -> list[float]:
        """Free beds one by one; each is for one of those who stand at this place. Return seconds."""
        await self._insert(SAMPLES + WARM_UP, [self._eligible], PLACES[place])
        await self._fetch("ANALYZE entries")
        durations = []
        for _ in range(SAMPLES + WARM_UP):
            message = _bed()
            began = time.perf_counter()
            await self._service.transactions.run(
                lambda unit, message=message: vacancies.vacancies_freed(self._matchmaker, unit, [message])  # type: ignore[misc] # as above
            )
            durations.append(time.perf_counter() - began)
        return durations[WARM_UP:]

    async def scan(self) -> float:
        """How long PostgreSQL alone takes to read the whole list for one eligible person, at best of three."""
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute("SET enable_indexscan = off")
            await connection.execute("SET enable_indexonlyscan = off")
            await connection.execute("SET enable_bitmapscan = off")
            durations = []
            for _ in range(3):
                began = time.perf_counter()
                await connection.fetch(
                    "SELECT id FROM entries WHERE state = 'waiting' AND profile_id = $1"
                    " ORDER BY precedence, waiting_since, id LIMIT 1",
                    self._eligible,
                )
                durations.append(time.perf_counter() - began)
        finally:
            await connection.close()
        return min(durations)

    async def _join(self, unit: UnitOfWork, profile: Profile) -> None:
        case_id = await registration.register_case(unit, COORDINATOR, profile, tuple(Purpose))
        await reflection.start(self._matchmaker, unit, case_id, COORDINATOR, unit.now.date())
        await entries.join_waitlist(
            self._matchmaker,
            unit,
            case_id=case_id,
            coordinator=COORDINATOR,
            waitlist="cosm",
            line=Line(unit.now),
        )

    async def _insert(self, count: int, profiles: Sequence[UUID], offset: timedelta) -> None:
        """People with these profiles in turn, who began to wait in the last hours, moved by an offset."""
        await self._fetch(
            "WITH made AS (INSERT INTO cases (id, coordinator, profile, created_at)"
            " SELECT gen_random_uuid(), coordinator, profile, created_at FROM"
            " (SELECT * FROM cases LIMIT 1) one, generate_series(1, $1::int) RETURNING id)"
            " INSERT INTO entries (id, waitlist, case_id, profile_id, coordinator, precedence, waiting_since, state,"
            " eligible_until)"
            " SELECT gen_random_uuid(), 'cosm', id, ($2::uuid[])[1 + number % cardinality($2::uuid[])], $3, 9,"
            " now() + $4::interval + make_interval(secs => (number % 7200) - 3600), 'waiting',"
            " now() + interval '60 days'"
            " FROM (SELECT id, row_number() OVER () AS number FROM made) people",
            count,
            list(profiles),
            COORDINATOR,
            offset,
        )

    async def _fetch(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self._url)
        try:
            return list(await connection.fetch(statement, *arguments, timeout=600))
        finally:
            await connection.close()


def _bed() -> BedFreed:
    now = system_clock()
    return BedFreed(
        vacancy_id=system_identifiers(),
        unit_id=system_identifiers(),
        facility_id=system_identifiers(),
        version=1,
        programme=Programme.COSM,
        places=1,
        accepts=Acceptance(sexes=[Sex.FEMALE], age_bands=list(AgeBand), children=False),
        serves=Serves(wheelchair=True, needs=[]),
        available_from=now,
        lease_expires_at=now + timedelta(days=3),
        freed_at=now,
    )
