"""The services that a bed passes through, as processes of their own, with people and units to post."""

import asyncio
import http
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
import asyncpg

from bench.journey import Arrivals
from bench.servers import Servers
from bench.stream import watching
from doorstroom_client import Client, Endpoints
from schemas.api.cases import NewReflectionPeriod
from schemas.api.notifications import Notification
from schemas.api.registry import NewCase, NewEntry
from schemas.api.shelters import NewFacility, NewProvider, NewUnit
from schemas.messages.beds import Acceptance, Service
from schemas.vocabulary import AgeBand, Programme, Purpose, Sex
from services.chassis.clock import system_clock
from services.chassis.identity import DevelopmentIssuer, Role
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import Mode
from services.cli.cast import Cast
from services.cli.distributed import Replica, start_replica, stop_services, wait_ready

PREFIX = "bench-product"
QUEUES = tuple(
    f"{PREFIX}.{name}{suffix}" for name in ("registry", "shelters", "notifications") for suffix in ("", ".quarantine")
)
EXCHANGES = (f"{PREFIX}.events", f"{PREFIX}.events.dead-letter")
STATIONS = ("notifications", "registry", "shelters")
COORDINATOR, PROVIDER = "coordination-bench", "shelter-bench"
HEADERS = {"Content-Type": "application/json"}
POST_ATTEMPTS = 10


@dataclass(slots=True)
class Installation:
    """Running services, and how to post a bed to them."""

    replicas: dict[str, Replica]
    databases: Mapping[str, str]
    session: aiohttp.ClientSession
    cast: Cast
    authorization: str
    arrivals: Arrivals = field(default_factory=Arrivals)
    units: list[UUID] = field(default_factory=list)

    @property
    def processes(self) -> dict[str, int]:
        """The number of each service's process."""
        return {name: replica.process.pid for name, replica in self.replicas.items()}

    async def post(self) -> str:
        """Post a bed that was never posted; return the id of its vacancy. Repeats when told to."""
        body = f'{{"unitId": "{self.units.pop()}"}}'
        headers = {**HEADERS, "Authorization": self.authorization, "Idempotency-Key": str(uuid4())}
        url = f"{self.replicas['shelters'].root}/shelters/v1/vacancies"
        for _ in range(POST_ATTEMPTS):
            async with self.session.post(url, data=body, headers=headers) as answer:
                if answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    answer.raise_for_status()
                    return str((await answer.json())["vacancyId"])
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        raise TimeoutError("The service was unavailable again and again.")

    async def posted(self, events: Sequence[str]) -> Mapping[str, str]:
        """For each offer that was seen, the vacancy that it is of, as the registry has stored it."""
        connection = await asyncpg.connect(self.databases["registry"])
        try:
            rows = await connection.fetch(
                "SELECT id, vacancy_id FROM offers WHERE id = ANY($1)", [UUID(event) for event in events]
            )
        finally:
            await connection.close()
        return {str(row["id"]): str(row["vacancy_id"]) for row in rows}

    async def prepare(self, beds: int) -> None:
        """Let so many more people wait, and make so many more units that can be posted."""
        coordinator, provider = self.cast.coordinator(COORDINATOR), self.cast.provider(PROVIDER)
        await join(coordinator)
        await clone(self.databases["registry"], "cases", 1, beds)
        await clone(self.databases["registry"], "entries", 1, beds, {"case_id": "cases"})
        await self._make_unit(provider)
        self.units += await clone(self.databases["shelters"], "units", 1, beds)

    async def _make_unit(self, provider: Client) -> None:
        operator = self.cast.operator()
        registered = await operator.register_provider(NewProvider(organisation=PROVIDER))
        facility = await operator.register_facility(NewFacility(provider_id=registered.provider_id))
        accepts = Acceptance(sexes=list(Sex), age_bands=list(AgeBand), children=True)
        unit = NewUnit(
            facility_id=facility.facility_id,
            programme=Programme.COSM,
            places=2,
            accepts=accepts,
            serves=Service(wheelchair=True, needs=[]),
        )
        await provider.add_unit(unit)


async def join(coordinator: Client) -> None:
    """Put one person in line."""
    case = await coordinator.register_case(
        NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, consents=list(Purpose))
    )
    await coordinator.start_reflection_period(case.case_id, NewReflectionPeriod(started_on=system_clock().date()))
    await coordinator.join_waitlist(NewEntry(case_id=case.case_id, waitlist="cosm"))


async def clone(
    database_url: str, table: str, originals: int, copies: int, own: Mapping[str, str] | None = None
) -> list[UUID]:
    """Copy rows that a service made, each with a new id; `own` columns point to another table's copies, one each."""
    connection = await asyncpg.connect(database_url)
    try:
        columns = [
            row["column_name"]
            for row in await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position",
                table,
            )
        ]
        taken = {"id": "gen_random_uuid()"}
        source = f"(SELECT * FROM {table} LIMIT {originals}) original, generate_series(1, {copies}) number"  # noqa: S608
        if own:
            ((column, other),) = own.items()
            source += (
                f" JOIN (SELECT id AS other, row_number() OVER () AS place FROM {other}"  # noqa: S608
                f" WHERE id NOT IN (SELECT {column} FROM {table})) others ON place = number"
            )
            taken[column] = "others.other"
        values = ", ".join(taken.get(name, f"original.{name}") for name in columns)
        statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {source} RETURNING id"  # noqa: S608
        rows = await connection.fetch(statement, timeout=600)
        await connection.execute(f"ANALYZE {table}")
    finally:
        await connection.close()
    return [row["id"] for row in rows]


@asynccontextmanager
async def installed(servers: Servers, beds: int) -> AsyncIterator[Installation]:
    """Run the three services meanwhile, watched through the coordinator's live stream."""
    data = Path(tempfile.mkdtemp(prefix="doorstroom-bench-"))
    replicas: dict[str, Replica] = {}
    try:
        async with AsyncExitStack() as stack:
            databases = {name: await stack.enter_async_context(servers.database(name)) for name in STATIONS}
            issuer = DevelopmentIssuer(data, Mode.EMBEDDED)
            environment = {
                "DOORSTROOM_TOKEN_KEYS_FILE": str(data / KEYS_FILE),
                "DOORSTROOM_BROKER_PREFIX": PREFIX,
                "DOORSTROOM_LOG_LEVEL": "WARNING",
                # Counted all the same, so that what counting costs is measured too.
                "DOORSTROOM_CLIENT_REQUESTS_PER_SECOND": "100000",
                "DOORSTROOM_ORGANISATION_REQUESTS_PER_SECOND": "100000",
            }
            stack.callback(lambda: stop_services(list(replicas.values())))
            for name, url in databases.items():
                asynchronous = url.replace("postgresql://", "postgresql+asyncpg://")
                replicas[name] = start_replica(data, name, 0, asynchronous, servers.broker_url, environment)
            await asyncio.gather(*(wait_ready(replica) for replica in replicas.values()))
            session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)))
            roots = {name: replica.root for name, replica in replicas.items()}
            cast = Cast(issuer, session, Endpoints(**roots, municipalities=""))
            installation = Installation(
                replicas, databases, session, cast, f"Bearer {cast.token(PROVIDER, Role.PROVIDER)}"
            )
            await installation.prepare(beds)
            watcher = await stack.enter_async_context(
                aiohttp.ClientSession(headers={"Authorization": f"Bearer {cast.token(COORDINATOR, Role.COORDINATOR)}"})
            )
            url = f"{replicas['notifications'].root}/notifications/v1/events"
            await stack.enter_async_context(watching(watcher, url, lambda data: _saw(installation, data)))
            yield installation
    finally:
        await servers.delete(QUEUES, EXCHANGES)
        shutil.rmtree(data)


def _saw(installation: Installation, data: bytes) -> None:
    notification = Notification.model_validate_json(data)
    if notification.kind == "offer-made":
        installation.arrivals.saw(str(notification.subject))
