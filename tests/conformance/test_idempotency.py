"""Idempotency keys on both databases: one effect and one answer for each key, however often and wherever it is sent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web
from pydantic import Field
from sqlalchemy import Column, Integer, MetaData, Table, Text, UniqueConstraint, func, insert, select

from schemas.access import Access, Whose
from schemas.base import Schema
from services.chassis import idempotency, retention
from services.chassis.clock import system_identifiers
from services.chassis.database import Connection, Database, Insertion, UniqueViolation
from services.chassis.errors import Conflict, NotFound
from services.chassis.identity import DevelopmentIssuer, Role, TokenVerifier
from services.chassis.settings import Mode
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Api, Call, Contact, Operation, Reply, Runner, WebSettings, build_application

T = TypeVar("T")
METADATA = MetaData()
KEYS = idempotency.idempotency_keys_table(METADATA)
ENTRIES = Table(
    "entries",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    UniqueConstraint("name", name="entries_name"),
)
PATH = "/ledger/v1/entries"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class NewEntry(Schema):
    name: str = Field(max_length=40)
    note: str = ""


class Entry(Schema):
    number: int


class Work:
    """Transactions of one database, without events; what is in it is nobody's, so there is nothing to confine to."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def run(self, work: Callable[[UnitOfWork], Awaitable[T]], /, *, confined_to: str | None = None) -> T:
        del confined_to
        async with transaction(self.database) as unit:
            return await work(unit)

    async def read(self, work: Callable[[UnitOfWork], Awaitable[T]], /, *, confined_to: str | None = None) -> T:
        del confined_to
        async with self.database.reading() as connection:
            return await work(_unit(connection))


def _unit(connection: Connection) -> UnitOfWork:
    return UnitOfWork(connection, NOW, system_identifiers, "urn:nld:kvknr:00000000.ledger")


@asynccontextmanager
async def transaction(database: Database) -> AsyncIterator[UnitOfWork]:
    """One transaction, committed at the end."""
    async with database.transaction() as connection:
        unit = _unit(connection)
        yield unit
        await unit.finish(Insertion(KEYS))


async def add(call: Call[NewEntry], unit: UnitOfWork) -> Reply:
    """Store an entry; some names fail, before or after the row is written."""
    if call.body.name == "missing":
        raise NotFound
    rows = await unit.execute(insert(ENTRIES).values(name=call.body.name).returning(ENTRIES.c.number))
    if call.body.name == "late":
        raise Conflict
    return Reply(201, Entry(number=rows.one().number), {"Location": f"{PATH}/1"})


class Replica:
    """One process of the service, as far as the database can tell: its own connections, its own port."""

    def __init__(self, url: str, issuer: DevelopmentIssuer) -> None:
        self.database = Database.connect(url, pool_size=4)
        operation = Operation(
            method="POST",
            path=PATH,
            operation_id="addEntry",
            summary="Add an entry",
            handler=add,
            request=NewEntry,
            response=Entry,
            status=201,
        )
        api = Api(
            name="ledger",
            title="Ledger",
            description="For tests.",
            version="1.0.0",
            base_path="/ledger/v1",
            operations=(operation,),
            access={"addEntry": Access("ledger:write", {Role.PROVIDER: Whose.OWN})},
            contact=Contact("Helpdesk", "helpdesk@example.org", "https://example.org"),
            work=Work(self.database),
            idempotency_keys=KEYS,
        )
        settings = WebSettings(timeout_seconds=60, access_log=False)
        verifier = TokenVerifier({"urn:doorstroom:development": issuer.key_set()}, "doorstroom")
        self.runner = Runner(build_application([api], verifier, settings=settings), settings)
        self.address = ""

    async def start(self) -> None:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0, backlog=1024).start()
        self.address = f"http://127.0.0.1:{self.runner.addresses[0][1]}{PATH}"

    async def stop(self) -> None:
        await self.runner.cleanup()
        await self.database.close()


class Ledger:
    """Two replicas on one database, and a client."""

    def __init__(self, url: str, folder: Path) -> None:
        self.issuer = DevelopmentIssuer(folder, Mode.EMBEDDED)
        self.replicas = [Replica(url, self.issuer) for _ in range(2)]
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100))
        self.database = self.replicas[0].database

    async def post(
        self,
        key: str,
        body: dict[str, Any],
        *,
        replica: int = 0,
        subject: str = "client-1",
        organisation: str = "org-1",
    ) -> tuple[int, bytes, bool]:
        """The status, the body, and whether it was a replay."""
        token = self.issuer.issue(subject, organisation, Role.PROVIDER, ["ledger:write"])
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        address = self.replicas[replica].address
        async with self.session.post(address, json=body, headers=headers) as response:
            return response.status, await response.read(), response.headers.get("Idempotency-Replayed") == "true"

    async def count(self, table: Table) -> int:
        async with self.database.reading() as connection:
            [number] = (await connection.execute(select(func.count()).select_from(table))).one()
            return int(number)


@pytest.fixture
async def ledger(database_url: str, tmp_path: Path) -> AsyncIterator[Ledger]:
    """Two replicas of the service, running."""
    async with AsyncExitStack() as stack:
        ledger = Ledger(database_url, tmp_path)
        stack.push_async_callback(ledger.session.close)
        async with ledger.database.changing_schema() as connection:
            await connection.run_sync(METADATA.create_all)
        for replica in ledger.replicas:
            await replica.start()
            stack.push_async_callback(replica.stop)
        yield ledger


async def test_a_thousand_parallel_calls_with_one_key_have_one_effect(ledger: Ledger) -> None:
    """On two replicas at once: one row, one first answer, and the same bytes for everyone."""
    calls = (ledger.post("one", {"name": "a"}, replica=number % 2) for number in range(1000))
    answers = await asyncio.gather(*calls)
    assert {(status, body) for status, body, _ in answers} == {(201, answers[0][1])}
    assert [replayed for _, _, replayed in answers].count(False) == 1
    assert await ledger.count(ENTRIES) == 1
    assert await ledger.count(KEYS) == 1


async def test_a_repeated_request_gets_the_stored_answer(ledger: Ledger) -> None:
    """Also on the other replica, and when its JSON is written in another order."""
    first = await ledger.post("k", {"name": "a", "note": "b"})
    again = await ledger.post("k", {"note": "b", "name": "a"}, replica=1)
    assert (first[:2], first[2], again[2]) == (again[:2], False, True)


async def test_a_key_for_another_request_is_refused(ledger: Ledger) -> None:
    """Whether the other request would succeed or fail by itself; and nothing changes."""
    await ledger.post("k", {"name": "a"})
    for name in ("b", "missing", "a2"):
        status, body, _ = await ledger.post("k", {"name": name}, replica=1)
        assert status == 409
        assert b"idempotency-key-reused" in body
    assert await ledger.count(ENTRIES) == 1


@pytest.mark.parametrize(("name", "expected"), [("missing", 404), ("late", 409)])
async def test_a_failure_is_not_stored(ledger: Ledger, name: str, expected: int) -> None:
    """It is rolled back whole, gets its own error, and the key can still be used."""
    for _ in range(2):
        status, _, replayed = await ledger.post("k", {"name": name})
        assert (status, replayed) == (expected, False)
    assert await ledger.count(ENTRIES) == 0
    assert (await ledger.post("k", {"name": "good"}))[0] == 201


async def test_parallel_calls_with_one_key_all_get_the_failure(ledger: Ledger) -> None:
    """Waiting for each other does not turn a failure into a success, or into silence."""
    answers = await asyncio.gather(*(ledger.post("k", {"name": "missing"}) for _ in range(20)))
    assert {status for status, _, _ in answers} == {404}


async def test_a_refusal_by_the_database_is_told_apart_from_a_repetition(ledger: Ledger) -> None:
    """The same name under another key trips over the table's own unique index, and is a conflict."""
    assert (await ledger.post("k1", {"name": "a"}))[0] == 201
    status, _, replayed = await ledger.post("k2", {"name": "a"})
    assert (status, replayed) == (409, False)
    status, _, replayed = await ledger.post("k1", {"name": "a"})
    assert (status, replayed) == (201, True)


async def test_each_client_has_its_own_keys(ledger: Ledger) -> None:
    """A key means nothing for another client or organisation."""
    await ledger.post("k", {"name": "a"})
    for number, (subject, organisation) in enumerate([("client-2", "org-1"), ("client-1", "org-2")]):
        status, _, replayed = await ledger.post("k", {"name": f"b{number}"}, subject=subject, organisation=organisation)
        assert (status, replayed) == (201, False)


async def test_old_keys_are_purged_in_portions(ledger: Ledger) -> None:
    """Those past the retention, the oldest first, and no others."""
    async with transaction(ledger.database) as unit:
        for hours in range(30):
            command = idempotency.Command("org", "me", f"k{hours}", b"h")
            reply = idempotency.StoredReply(204, None, {})
            await idempotency.remember(unit, KEYS, command, reply, NOW - timedelta(hours=hours, minutes=1))
    kept = retention.rows("keys", timedelta(hours=24), KEYS, KEYS.c.created_at)
    for removed in (4, 2, 0):
        async with transaction(ledger.database) as unit:
            assert await kept.forget(unit, NOW - kept.keep, 4) == removed
    async with ledger.database.reading() as connection:
        [oldest] = (await connection.execute(select(func.min(KEYS.c.created_at)))).one()
    assert oldest == NOW - timedelta(hours=23, minutes=1)


async def test_a_key_is_stored_with_its_effect_or_not_at_all(ledger: Ledger) -> None:
    """The primary key is what decides, and it takes the whole transaction down with it."""
    command = idempotency.Command("org", "me", "k", b"h")
    reply = idempotency.StoredReply(201, b"{}", {"Location": "/x"})
    async with transaction(ledger.database) as unit:
        await idempotency.remember(unit, KEYS, command, reply, NOW)

    async def again() -> None:
        async with transaction(ledger.database) as unit:
            await unit.execute(insert(ENTRIES).values(name="twice"))
            await idempotency.remember(unit, KEYS, command, reply, NOW)

    with pytest.raises(UniqueViolation):
        await again()
    assert await ledger.count(ENTRIES) == 0
    async with ledger.database.reading() as connection:
        assert await idempotency.recall(connection, KEYS, command) == reply
