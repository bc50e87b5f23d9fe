"""The database port: PostgreSQL and SQLite give the same answers, keep the same promises, and hide the same things."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)

from services.chassis.clock import system_identifiers
from services.chassis.database import (
    Change,
    Database,
    DatabaseUnavailable,
    Insertion,
    StatementFailed,
    TransactionConflict,
    UniqueViolation,
    UtcDateTime,
)
from services.chassis.database.errors import NotExactlyOne, StatementTimedOut, TransactionBroken
from services.chassis.tables import message_tables
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.cli.simulation.database import connect_inline
from services.cli.simulation.memory import KeptInMemory
from tests.conftest import DATABASES, fresh_postgresql

METADATA = MetaData()
MESSAGES = message_tables(METADATA)
THINGS = Table(
    "things",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("size", Integer),
    Column("good", Boolean, nullable=False),
    Column("seen_at", UtcDateTime),
    Column("raw", LargeBinary),
    CheckConstraint("size < 100", name="things_small"),
)
PARTS = Table(
    "parts", METADATA, Column("id", Uuid, primary_key=True), Column("thing_id", ForeignKey("things.id"), nullable=False)
)
NOW = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
NEW_THINGS, NEW_PARTS = Insertion(THINGS), Insertion(PARTS)
RESIZED = Change(THINGS, ("size", "seen_at"))
SECRET = "Anna-van-den-Berg"


class Word(StrEnum):
    FREE = "free"
    HELD = "held"
    QUOTED = "it's"


class Refused(Exception):
    """No rule refuses anything here."""


def thing(name: str, **values: object) -> dict[str, object]:
    return {"id": uuid4(), "name": name, "size": None, "good": True, "seen_at": None, "raw": None} | values


@pytest.fixture(params=[*DATABASES, "inline", "kept-in-memory"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Empty tables on each kind of database, on the one without threads that tests use, and on the simulation's."""
    async with AsyncExitStack() as stack:
        if request.param == "postgresql":
            url = await stack.enter_async_context(fresh_postgresql(request.getfixturevalue("postgres_url")))
        else:
            url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
        connect = connect_inline if request.param in {"inline", "kept-in-memory"} else Database.connect
        opened = connect(url, 4)
        stack.push_async_callback(opened.close)
        async with opened.changing_schema() as connection:
            await connection.run_sync(METADATA.create_all)
        if request.param == "kept-in-memory":
            kept = KeptInMemory(tmp_path / "test.sqlite3")
            stack.enter_context(kept.undone_afterwards())
            opened = Database(kept)
        yield opened


@pytest.fixture
def transactions(database: Database) -> Transactions:
    return Transactions(
        database, MESSAGES.outbox, lambda: NOW, system_identifiers, "urn:nld:kvknr:00000000.things", Refused
    )


async def names(database: Database) -> list[str]:
    async with database.reading() as connection:
        return [row.name for row in await connection.execute(select(THINGS.c.name).order_by(THINGS.c.name))]


def look_for(names: list[str], size: int | None, good: bool, limit: int) -> Select[tuple[str]]:  # noqa: FBT001 - values of one row
    """A statement of a structure that is met before, with values of its own."""
    wanted = select(THINGS.c.name).where(THINGS.c.name.in_(names), THINGS.c.size == size, THINGS.c.good == good)
    return wanted.order_by(THINGS.c.name).limit(limit)


async def test_a_statement_built_anew_has_its_own_values(database: Database) -> None:
    """Its text may be remembered from another, its values never: lists of any length, nothing at all, limits."""
    rows = [thing(f"{size}-{good}", size=size, good=good) for size in (None, 1, 2) for good in (True, False)]
    async with database.transaction() as connection:
        for row in rows:
            await connection.execute(insert(THINGS).values(**row))
    every = sorted(str(row["name"]) for row in rows)
    async with database.reading() as connection:
        for count in (1, 0, 3, 6, 3, 1):
            for size in (1, None, 2):
                for good in (False, True):
                    found = await connection.execute(look_for(every[:count], size, good, 5))
                    assert [row.name for row in found] == [n for n in every[:count] if n == f"{size}-{good}"]
        for limit in (2, 5, 1):
            assert len(await connection.execute(select(THINGS).order_by(THINGS.c.name).limit(limit))) == limit
        for pairs in ([("1-True", True)], [("1-True", True), ("2-False", False)], [("1-True", False)]):
            both = select(THINGS.c.name).where(tuple_(THINGS.c.name, THINGS.c.good).in_(pairs))
            found = await connection.execute(both.order_by(THINGS.c.name))
            assert [row.name for row in found] == [name for name, good in pairs if name.endswith(str(good))]


async def test_a_change_built_anew_has_its_own_values(database: Database) -> None:
    """Each of many updates of one structure writes what it was given, and to the row it was given."""
    rows = [thing(f"{number}", size=0) for number in range(3)]
    async with database.transaction() as connection:
        for row in rows:
            await connection.execute(insert(THINGS).values(**row))
        for number, row in enumerate(rows):
            changed = (
                update(THINGS).where(THINGS.c.id == row["id"]).values(size=number, seen_at=NOW if number else None)
            )
            await connection.execute(changed)
        for _ in range(2):
            await connection.execute(update(THINGS).values(size=THINGS.c.size + 2).where(THINGS.c.size > 1))
    async with database.reading() as connection:
        found = await connection.execute(select(THINGS).order_by(THINGS.c.name))
        assert [(row.size, row.seen_at) for row in found] == [(0, None), (1, NOW), (6, NOW)]


async def test_values_come_back_as_they_went_in(transactions: Transactions) -> None:
    """Ids, numbers, truth, bytes, moments in UTC whatever the offset they came with, and nothing at all."""
    given = thing("one", size=7, raw=b"\x00\xff", seen_at=NOW.astimezone(timezone(timedelta(hours=2))))

    async def work(unit: UnitOfWork) -> None:
        await unit.write(NEW_THINGS, [given, thing("two")])

    await transactions.run(work)
    async with transactions.database.reading() as connection:
        one, two = await connection.execute(select(THINGS).order_by(THINGS.c.name))
    assert dict(one) == given | {"seen_at": NOW}
    assert one.seen_at.utcoffset() == timedelta(0)
    assert [two.size, two.seen_at, two.raw] == [None, None, None]
    assert isinstance(one.id, UUID)


async def test_rows_are_reached_by_name_and_in_order(database: Database) -> None:
    """`row.name`, `row["name"]`, `**row`, and as a sequence of values; a wrong name is an AttributeError."""
    async with database.reading() as connection:
        row = (await connection.execute(select(func.lower("A").label("letter"), func.upper("b").label("other")))).one()
    assert (row.letter, row["other"], dict(**row), list(row)) == ("a", "B", {"letter": "a", "other": "B"}, ["a", "B"])
    with pytest.raises(AttributeError):
        _ = row.nothing


async def test_one_row_means_one(database: Database) -> None:
    """`one` refuses none and many; `one_or_none` and `first` have their own answer for none."""
    async with database.transaction() as connection:
        await connection.execute(insert(THINGS), [thing("a"), thing("b")])
        rows = await connection.execute(select(THINGS).order_by(THINGS.c.name))
        none = await connection.execute(select(THINGS).where(THINGS.c.name == bindparam("wanted")), {"wanted": "c"})
    assert rows.first() is rows[0]
    assert (none.first(), none.one_or_none()) == (None, None)
    for wrong in (rows, none):
        with pytest.raises(NotExactlyOne):
            wrong.one()


async def test_what_was_written_is_seen_by_the_next_statement(transactions: Transactions) -> None:
    """Writes wait, but never longer than until the transaction reads again."""

    async def work(unit: UnitOfWork) -> int | None:
        new = thing("one", size=1)
        await unit.write(NEW_THINGS, [new])
        await unit.write(RESIZED, [{"id": new["id"], "size": 2, "seen_at": NOW}])
        await unit.write(RESIZED, [{"id": new["id"], "size": 3, "seen_at": NOW}])
        size: int = (await unit.execute(select(THINGS.c.size))).one().size
        return size

    assert await transactions.run(work) == 3


async def test_writes_of_several_tables_are_one_whole(transactions: Transactions) -> None:
    """Rows that refer to each other may go together; and when one is refused, none is stored."""
    whole = thing("whole")

    async def together(unit: UnitOfWork) -> None:
        await unit.write(NEW_THINGS, [whole])
        await unit.write(NEW_PARTS, [{"id": uuid4(), "thing_id": whole["id"]} for _ in range(3)])

    async def broken(unit: UnitOfWork) -> None:
        await unit.write(NEW_PARTS, [{"id": uuid4(), "thing_id": whole["id"]}])
        await unit.write(NEW_THINGS, [thing("whole")])

    await transactions.run(together)
    with pytest.raises(UniqueViolation):
        await transactions.run(broken)
    async with transactions.database.reading() as connection:
        [parts] = (await connection.execute(select(func.count()).select_from(PARTS))).one()
    assert (parts, await names(transactions.database)) == (3, ["whole"])


@pytest.mark.parametrize("count", [0, 1, 2, 500])
async def test_a_write_takes_any_number_of_rows(transactions: Transactions, count: int) -> None:
    """None is nothing to do."""
    await transactions.run(lambda unit: unit.write(NEW_THINGS, [thing(f"{number:03}") for number in range(count)]))
    assert len(await names(transactions.database)) == count


async def test_a_change_changes_the_rows_that_it_names_and_no_others(transactions: Transactions) -> None:
    """Each row gets its own values; an id that is not there changes nothing."""
    a, b, c = thing("a", size=1), thing("b", size=2), thing("c", size=3)
    changes = [{"id": a["id"], "size": 10, "seen_at": NOW}, {"id": b["id"], "size": None, "seen_at": None}]
    await transactions.run(lambda unit: unit.write(NEW_THINGS, [a, b, c]))
    await transactions.run(lambda unit: unit.write(RESIZED, [*changes, {"id": uuid4(), "size": 1, "seen_at": None}]))
    async with transactions.database.reading() as connection:
        rows = await connection.execute(select(THINGS.c.size, THINGS.c.seen_at).order_by(THINGS.c.name))
    assert [tuple(row) for row in rows] == [(10, NOW), (None, None), (3, None)]


async def test_an_error_takes_back_the_whole_transaction(transactions: Transactions) -> None:
    """Also what had been sent to the database already."""

    async def work(unit: UnitOfWork) -> None:
        await unit.write(NEW_THINGS, [thing("one")])
        await unit.execute(select(THINGS))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await transactions.run(work)
    assert await names(transactions.database) == []


async def test_a_refused_value_is_in_no_error(transactions: Transactions) -> None:
    """Neither a unique index nor a check repeats what it refused."""
    await transactions.run(lambda unit: unit.write(NEW_THINGS, [thing(SECRET)]))
    for bad in (thing(SECRET), thing(f"{SECRET}-2", size=100)):
        with pytest.raises((UniqueViolation, StatementFailed)) as refused:
            await transactions.run(lambda unit, bad=bad: unit.write(NEW_THINGS, [bad]))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        assert SECRET not in f"{refused.value!r} {refused.value.__cause__!r}"
        assert refused.value.__suppress_context__


async def test_a_naive_moment_is_refused(transactions: Transactions) -> None:
    """Whoever forgot the offset learns it at once, in either way to write."""
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="naive"):
        await transactions.run(lambda unit: unit.write(NEW_THINGS, [thing("one", seen_at=naive)]))
    with pytest.raises(Exception, match="naive"):
        await transactions.run(lambda unit: unit.execute(insert(THINGS).values(thing("one", seen_at=naive))))


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_session_back(database: Database) -> None:
    """More often than there are sessions, so one that was lost would be missed."""

    async def begin(name: str) -> None:
        async with database.transaction() as connection:
            await connection.execute(insert(THINGS), [thing(name)])
            await asyncio.sleep(60)

    for number in range(6):
        task = asyncio.create_task(begin(f"cancelled-{number}"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with database.transaction() as connection:
        await connection.execute(insert(THINGS), [thing("after")])
    assert await names(database) == ["after"]


async def test_two_who_want_the_same_row_come_one_after_the_other(transactions: Transactions) -> None:
    """Twenty add one each; none is lost."""
    counter = thing("counter", size=0)
    await transactions.run(lambda unit: unit.write(NEW_THINGS, [counter]))

    async def add_one(unit: UnitOfWork) -> None:
        row = (await unit.execute(select(THINGS).where(THINGS.c.name == "counter").with_for_update())).one()
        await unit.write(RESIZED, [{"id": row.id, "size": row.size + 1, "seen_at": None}])

    await asyncio.gather(*(transactions.run(add_one) for _ in range(20)))
    async with transactions.database.reading() as connection:
        assert (await connection.execute(select(THINGS.c.size))).one().size == 20


async def test_a_deadlock_is_a_conflict_that_is_tried_again(postgresql_database_url: str) -> None:
    """PostgreSQL ends one of the two; the other and then the first come through."""
    database = Database.connect(postgresql_database_url, pool_size=4)
    async with database.changing_schema() as connection:
        await connection.run_sync(METADATA.create_all)
    transactions = Transactions(database, MESSAGES.outbox, lambda: NOW, system_identifiers, "urn:x", Refused)
    await transactions.run(lambda unit: unit.write(NEW_THINGS, [thing("a", size=0), thing("b", size=0)]))
    both_hold, attempts = asyncio.Barrier(2), 0

    async def lock(first: str, second: str, unit: UnitOfWork) -> None:
        nonlocal attempts
        attempts += 1
        await unit.execute(select(THINGS).where(THINGS.c.name == first).with_for_update())
        if attempts <= 2:
            await both_hold.wait()
        await unit.execute(select(THINGS).where(THINGS.c.name == second).with_for_update())

    await asyncio.gather(
        transactions.run(lambda unit: lock("a", "b", unit)), transactions.run(lambda unit: lock("b", "a", unit))
    )
    assert attempts == 3
    await database.close()


async def test_a_session_that_the_server_ended_is_a_lost_database_and_then_a_new_session(
    postgresql_database_url: str,
) -> None:
    """The transaction under way is refused as unavailable; the next one works."""
    database = Database.connect(postgresql_database_url, pool_size=1)
    other = Database.connect(postgresql_database_url, pool_size=1)

    async def end_the_other_session(pid: int) -> None:
        async with other.reading() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    async def interrupted() -> None:
        async with database.transaction() as connection:
            [pid] = (await connection.execute(text("SELECT pg_backend_pid()"))).one()
            await end_the_other_session(pid)
            await connection.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        await interrupted()
    await database.ping()
    await database.close()
    await other.close()


async def test_a_full_pool_is_an_unavailable_database(
    postgresql_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever cannot have a session in time is told so, and waits no longer."""
    monkeypatch.setattr("services.chassis.database.postgresql.POOL_TIMEOUT_SECONDS", 0.2)
    database = Database.connect(postgresql_database_url, pool_size=1)
    async with database.transaction():
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
    await database.ping()
    await database.close()


async def test_a_server_that_is_not_there_is_an_unavailable_database() -> None:
    """On the first use, not when it is configured."""
    database = Database.connect("postgresql+asyncpg://nobody:x@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    await database.close()
    assert not issubclass(DatabaseUnavailable, TransactionConflict)


async def test_a_transaction_that_swallowed_an_error_is_not_taken_for_committed(postgresql_database_url: str) -> None:
    """PostgreSQL would answer COMMIT with a silent ROLLBACK."""
    database = Database.connect(postgresql_database_url, pool_size=1)

    async def swallow() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("CREATE TABLE made (id integer)"))
            with suppress(Exception):
                await connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(TransactionBroken):
        await swallow()
    await database.ping()
    await database.close()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("57014", StatementTimedOut),
        ("57P01", DatabaseUnavailable),
        ("25P03", DatabaseUnavailable),
        ("25006", DatabaseUnavailable),
        ("28P01", DatabaseUnavailable),
        ("3D000", DatabaseUnavailable),
        ("53300", DatabaseUnavailable),
        ("40P01", TransactionConflict),
        ("40001", TransactionConflict),
        ("22012", StatementFailed),
        ("42P01", StatementFailed),
    ],
)
async def test_each_error_of_postgresql_means_one_thing_to_us(
    postgresql_database_url: str, state: str, expected: type[Exception]
) -> None:
    """Away, too slow, in someone's way, or a defect of ours; raised by the server itself."""
    database = Database.connect(postgresql_database_url, pool_size=1)
    raising = f"DO $$ BEGIN RAISE EXCEPTION 'Anna' USING ERRCODE = '{state}'; END $$"

    async def provoke() -> None:
        async with database.reading() as connection:
            await connection.execute(text(raising))

    with pytest.raises(expected) as raised:
        await provoke()
    assert "Anna" not in str(raised.value)
    await database.close()


def test_an_unknown_parameter_of_the_address_is_refused_by_name() -> None:
    """Before anything connects, and without repeating the address, which holds a password."""
    with pytest.raises(ValueError, match="sslmode") as refused:
        Database.connect("postgresql+asyncpg://me:secret@127.0.0.1/db?sslmode=disable")
    assert "secret" not in str(refused.value)


async def test_what_a_run_of_the_simulation_did_is_undone_before_the_next(tmp_path: Path) -> None:
    """Nothing of one seed is there in another, not even what was committed."""
    url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
    opened = connect_inline(url)
    async with opened.changing_schema() as connection:
        await connection.run_sync(METADATA.create_all)
    await opened.close()
    kept = KeptInMemory(tmp_path / "test.sqlite3")
    for _ in range(2):
        with kept.undone_afterwards():
            database = Database(kept)
            assert await names(database) == []
            async with database.transaction() as connection:
                await connection.execute(insert(THINGS), thing("bed"))
            assert await names(database) == ["bed"]


async def test_a_word_of_ours_is_its_own_text_and_never_anothers(database: Database) -> None:
    """On SQLite it is written into the statement: of two statements that differ in it alone, each finds its own."""
    async with database.transaction() as connection:
        await connection.execute(insert(THINGS), [thing("free"), thing("held"), thing("it's")])
    async with database.reading() as connection:
        for word in (*Word, *Word):
            assert [row.name for row in await connection.execute(select(THINGS).where(THINGS.c.name == word))] == [word]
            listed = select(THINGS.c.name).where(THINGS.c.name.in_([word, Word.FREE])).order_by(THINGS.c.name)
            assert [row.name for row in await connection.execute(listed)] == sorted({word, Word.FREE})
        assert await connection.execute(select(THINGS).where(THINGS.c.name.in_(list[Word]()))) == []
