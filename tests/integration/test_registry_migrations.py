"""What earlier schemas held survives: households become people, and decisions keep their reasons."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, Connection, Table, Text, Uuid, column, func, insert, select, text
from sqlalchemy import table as lightweight

from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database, UtcDateTime
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.cli.simulation.acts import HOUSEHOLD
from services.registry.domain.decisions import Ahead, Rule
from services.registry.domain.errors import Refused
from services.registry.domain.households import profile_of
from services.registry.domain.programmes import Programmes
from services.registry.handlers.replay import Outcome, replay
from services.registry.handlers.reports import NO_ONE
from services.registry.store.cases import find_case
from services.registry.store.codec import decode_profile, encode_profile, encode_terms
from services.registry.store.decisions import after, decode_explanation
from services.registry.store.households import household_of
from services.registry.tables import cases, consents, entries, messages, offers, profiles, vacancies
from tests.support.world import START

MIGRATIONS = Path(__file__).parents[2] / "services" / "registry" / "migrations"
BEFORE_CASES, BEFORE_SNAPSHOTS = "0001", "0003"
CASE = UUID(int=7)
PROFILE = '{"adults":2,"ageBand":"23-plus","children":3,"needs":["medical"],"sex":"male","wheelchair":true}'
URGENT, LONGER, CHOSEN = UUID(int=1), UUID(int=2), UUID(int=3)
OTHER = UUID(int=9)

OLD_DECISIONS = lightweight(
    "decisions",
    *(column(name, Uuid()) for name in ("id", "vacancy_id", "offer_id", "entry_id")),
    *(column(name, Text()) for name in ("policy", "passed_over", "profiles_passed_over")),
    column("decided_at", UtcDateTime()),
    column("more_passed_over", Boolean()),
)


def upgrade(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def add_case(connection: Connection) -> None:
    """A household as the first schema has it."""
    id_ = CASE.hex if connection.dialect.name == "sqlite" else str(CASE)
    row = f"('{id_}', 'mine', '{PROFILE}', '2026-01-01 00:00:00+00:00')"
    connection.execute(
        text(f"INSERT INTO cases (id, coordinator, profile, created_at) VALUES {row}".replace(":", r"\:"))
    )


async def test_households_that_were_numbers_become_people(database_url: str) -> None:
    """What eligibility looks at is the same when it is derived from them, and nothing may be passed on anew."""
    database = Database.connect(database_url)
    async with database.changing_schema() as connection:
        await connection.run_sync(upgrade, BEFORE_CASES)
        await connection.run_sync(add_case)
    await migrate(database, MIGRATIONS)
    transactions = Transactions(database, messages.outbox, system_clock, system_identifiers, "", Refused)

    async def look(unit: UnitOfWork) -> None:
        case = await find_case(unit, CASE, "mine")
        assert profile_of(await household_of(unit, case)) == decode_profile(case["profile"])
        assert (await unit.execute(select(func.count().label("count")).select_from(consents))).one().count == 0

    await transactions.read(look)
    await database.close()


def fill(connection: Connection) -> None:
    """Two who were passed over, one who was chosen, and the decision as it was stored then."""

    def add(table: Table, **values: object) -> None:
        connection.execute(insert(table).values(**values))

    profile = encode_profile(HOUSEHOLD)
    add(profiles, id=OTHER, waitlist="cosm", profile=profile)
    for id_, precedence, days in ((URGENT, 7, 1), (LONGER, 9, 30), (CHOSEN, 9, 2)):
        add(cases, id=id_, coordinator="c", profile=profile, created_at=START)
        since = START - timedelta(days=days)
        mine = {"id": id_, "case_id": id_, "profile_id": OTHER, "coordinator": "c", "waitlist": "cosm"}
        add(entries, **mine, precedence=precedence, waiting_since=since, state="waiting", silences=0)
    about = {"waitlist": "cosm", "kind": "shelter"}
    versions = {"source_version": 1, "allocation_version": 1, "opened_at": START, "available_from": START}
    add(vacancies, id=OTHER, resource_id=OTHER, terms=encode_terms(NO_ONE), state="offered", **about, **versions)
    ids = {"vacancy_id": OTHER, "entry_id": CHOSEN}
    moments = {"made_at": START, "deadline_at": START}
    add(offers, id=OTHER, case_id=CHOSEN, coordinator="c", state="made", **ids, **about, **moments)
    passed = [{"entryId": str(URGENT), "reasons": ["too-few-places"]}, {"entryId": str(LONGER), "reasons": ["paused"]}]
    connection.execute(
        insert(OLD_DECISIONS).values(
            id=OTHER,
            offer_id=OTHER,
            policy="old",
            passed_over=json.dumps(passed),
            profiles_passed_over="[]",
            decided_at=START,
            more_passed_over=True,
            **ids,
        )
    )


async def test_old_decisions_are_kept_and_counted_as_not_kept(database_url: str) -> None:
    """Who was passed over, by which rule and why; that it cannot be made again is said, and is no fault."""
    database = Database.connect(database_url)
    async with database.changing_schema() as connection:
        await connection.run_sync(upgrade, BEFORE_SNAPSHOTS)
        await connection.run_sync(fill)
    await migrate(database, MIGRATIONS)
    transactions = Transactions(database, messages.outbox, system_clock, system_identifiers, "", Refused)
    (decision,) = await transactions.read(lambda unit: after(unit, None, 10))
    explanation = decode_explanation(decision.explanation)
    assert explanation.ahead == (
        Ahead(Rule.MORE_URGENT, ("too-few-places",)),
        Ahead(Rule.WAITING_LONGER, ("paused",)),
    )
    assert (explanation.chosen, explanation.counted, explanation.at_least) == (CHOSEN, (), True)
    assert decision.considered_ids == [URGENT, LONGER]
    (replayed,) = await transactions.read(lambda unit: replay(unit, Programmes(), None, 10))
    assert replayed.outcome is Outcome.NOT_KEPT
    await database.close()
