"""The audit log on both databases: what is sealed stays, and whoever changes it all the same is found out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import bindparam, delete, select, text, update

from services.chassis.audit import Action, Head, Journal, Result, seal, verify
from services.chassis.audit.chain import BEGINNING, LONGEST_PENDING, SEALED_AT_ONCE, head
from services.chassis.audit.unnamed import LINES_LIMIT
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database, Row
from services.chassis.errors import Unavailable
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.notifications.tables import messages
from tests.support.world import Clock

MIGRATIONS = Path(__file__).parents[2] / "services" / "notifications" / "migrations"
TABLES = messages.audit
LOG = TABLES.log
READ = Action("getCase", Result.DONE, 200)


@dataclass(slots=True)
class Log:
    """One log, whoever writes it."""

    transactions: Transactions
    journal: Journal

    async def add(self, count: int) -> None:
        """So many lines, sealed."""
        await asyncio.gather(*(self.journal.record(READ) for _ in range(count)))
        while await self.seal():
            pass

    async def seal(self) -> int:
        return await self.transactions.run(lambda unit: seal(unit, TABLES))

    async def verify(self, noted: Head | None = None) -> list[str]:
        return await self.transactions.read(lambda unit: verify(unit, TABLES, noted))

    async def head(self) -> Head:
        return await self.transactions.read(lambda unit: head(unit, TABLES))

    @property
    def clock(self) -> Clock:
        assert isinstance(self.transactions.clock, Clock)
        return self.transactions.clock

    async def pending(self) -> Sequence[Row]:
        return await self.transactions.read(lambda unit: unit.execute(select(TABLES.pending)))

    async def lines(self, action: str) -> Sequence[Row]:
        found = select(LOG).where(LOG.c.action == action)
        return await self.transactions.read(lambda unit: unit.execute(found))

    async def tamper(self, *statements: object) -> None:
        """As somebody does to whom the database is open."""
        async with self.transactions.database.changing_schema() as schema:
            if not self.transactions.database.is_postgresql:
                for change in ("update", "delete"):
                    await schema.execute(text(f"DROP TRIGGER audit_log_no_{change}"))
            else:
                await schema.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
            for statement in statements:
                await schema.execute(statement)


@pytest.fixture
async def log(database_url: str) -> AsyncIterator[Log]:
    database = Database.connect(database_url, pool_size=4)
    await migrate(database, MIGRATIONS)
    transactions = Transactions(database, messages.outbox, Clock(), system_identifiers, "", LookupError)
    yield Log(transactions, Journal(transactions, TABLES))
    await database.close()


async def test_a_log_that_nobody_touched_holds(log: Log) -> None:
    """Over more than one page and portion, with everything that a line may say."""
    full = Action("x", Result.FAILED, 500, {"caseId": "1"}, "someone", "somewhere", "role", "api", "request", "trace")
    await log.journal.record(full, [system_identifiers(), system_identifiers()])
    await log.add(2 * SEALED_AT_ONCE + 7)
    assert await log.verify() == []
    assert (await log.head()).sequence == 2 * SEALED_AT_ONCE + 8


async def test_an_empty_log_holds(log: Log) -> None:
    """It has a beginning that all logs share."""
    assert await log.verify() == []
    assert await log.head() == Head(0, BEGINNING)


@pytest.mark.parametrize("column", sorted(set(LOG.c.keys()) - {"sequence"}))
async def test_a_line_that_was_changed_is_found(log: Log, column: str) -> None:
    """Whatever of it was changed."""
    await log.add(5)
    yesterday = system_clock() - timedelta(days=1)
    moved = {"at": yesterday, "started_at": yesterday, "id": system_identifiers(), "status": 403}
    await log.tamper(update(LOG).where(LOG.c.sequence == 3).values({column: moved.get(column, "x")}))
    assert "line 3 is not what was written" in await log.verify()


async def test_a_line_that_was_taken_out_is_found(log: Log) -> None:
    """Also when those after it were moved up."""
    await log.add(5)
    await log.tamper(delete(LOG).where(LOG.c.sequence == 2))
    assert await log.verify() == ["lines 2 to 2 are missing"]
    closed_up = [update(LOG).where(LOG.c.sequence == number).values(sequence=number - 1) for number in (3, 4, 5)]
    async with log.transactions.database.changing_schema() as schema:
        for statement in closed_up:
            await schema.execute(statement)
    assert await log.verify() == ["line 2 is not what was written"]


async def test_lines_taken_from_the_end_are_found_by_who_noted_it(log: Log) -> None:
    """The log itself cannot show that there was more."""
    await log.add(5)
    noted = await log.head()
    assert await log.verify(noted) == []
    await log.tamper(delete(LOG).where(LOG.c.sequence > 3))
    assert await log.verify() == []
    assert await log.verify(noted) == ["line 5 is not the one that was noted"]


@pytest.mark.parametrize("statement", [update(LOG).values(status=200), delete(LOG)], ids=["change", "remove"])
async def test_the_database_refuses_to_change_a_line(log: Log, statement: object) -> None:
    """Whatever the code says."""
    await log.add(2)
    with pytest.raises(Exception, match=r"IntegrityError|RaiseError"):
        await log.transactions.run(lambda unit: unit.execute(statement))  # type: ignore[arg-type] # either is one
    assert await log.verify() == []


async def test_a_change_that_is_undone_leaves_no_line(log: Log) -> None:
    """Both are of one transaction."""

    async def fail(unit: UnitOfWork) -> None:
        await log.journal.note(unit, READ)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await log.transactions.run(fail)
    assert await log.seal() == 0


async def test_two_who_seal_at_once_make_one_chain(log: Log) -> None:
    """As two replicas do."""
    for _ in range(5):
        await asyncio.gather(*(log.journal.record(READ) for _ in range(40)))
        await asyncio.gather(*(log.seal() for _ in range(4)))
    while await log.seal():
        pass
    assert await log.verify() == []
    assert (await log.head()).sequence == 200


async def test_what_nobody_seals_is_found(log: Log) -> None:
    """A log that no service looks after shows nothing of what happened since."""
    await log.journal.record(READ)
    assert await log.verify() == []
    pending = TABLES.pending
    old = update(pending).values(at=bindparam("old"))
    moment = log.clock() - 2 * LONGEST_PENDING
    await log.transactions.run(lambda unit: unit.execute(old, {"old": moment}))
    assert "1 lines are not sealed" in (await log.verify())[0]


async def test_whoever_asks_at_the_same_time_shares_a_transaction(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred reads cost a few commits, and each has its line."""
    ran = 0
    run = Transactions.run

    async def counted(self: Transactions, work: object) -> object:
        nonlocal ran
        ran += 1
        return await run(self, work)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Transactions, "run", counted)
    await asyncio.gather(*(log.journal.record(READ) for _ in range(100)))
    assert ran <= 3
    monkeypatch.undo()
    async with log.transactions.database.reading() as connection:
        assert len(await connection.execute(select(TABLES.pending.c.id))) == 100


REFUSED = Action("getCase", Result.REFUSED, 401)


async def test_of_a_flood_of_refusals_without_a_token_the_log_has_the_beginning_and_a_count(log: Log) -> None:
    """Whoever floods us fills no disk, and none of it is left out."""
    await asyncio.gather(*(log.journal.record(REFUSED) for _ in range(LINES_LIMIT + 40)))
    await asyncio.gather(*(log.journal.record(READ) for _ in range(3)))
    assert [row.action for row in await log.pending()].count("getCase") == LINES_LIMIT + 3
    log.clock.forward(minutes=1)
    await log.journal.sealing.work()
    [counted] = await log.lines("refusalsOfUnnamed")
    assert (counted.result, counted.objects, counted.subject) == ("refused", '{"count":"40"}', None)
    assert counted.at - counted.started_at == timedelta(minutes=1)
    await log.journal.record(REFUSED)
    assert len(await log.pending()) == 1, "a new minute has lines again"
    assert await log.verify() == []


async def test_what_was_only_counted_is_written_when_the_service_stops(log: Log) -> None:
    """And nothing twice."""
    await asyncio.gather(*(log.journal.record(REFUSED) for _ in range(LINES_LIMIT + 2)))
    for _ in range(2):
        await log.journal.finish()
    assert [row.objects for row in await log.pending() if row.action == "refusalsOfUnnamed"] == ['{"count":"2"}']


async def test_who_showed_a_token_is_refused_with_a_line_each_time(log: Log) -> None:
    """They are known, and slowed down by their rate."""
    named = replace(REFUSED, subject="system")
    await asyncio.gather(*(log.journal.record(named) for _ in range(LINES_LIMIT + 5)))
    assert len(await log.pending()) == LINES_LIMIT + 5


async def test_what_cannot_be_noted_is_said_to_who_waits(tmp_path: Path) -> None:
    """A read without a line is not shown."""
    nowhere = Database.connect(f"sqlite:///{tmp_path / 'not' / 'there.sqlite3'}", pool_size=1)
    transactions = Transactions(nowhere, messages.outbox, system_clock, system_identifiers, "", LookupError)
    with pytest.raises(Unavailable):
        await Journal(transactions, TABLES).record(READ)
    await nowhere.close()
