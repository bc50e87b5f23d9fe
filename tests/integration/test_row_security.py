"""Row-level security: what PostgreSQL itself refuses when our own filters are switched off."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import Executable, make_url, text

from schemas.access import Whose
from services.chassis.broker.memory import InProcessBroker
from services.chassis.database import Database, Row
from services.chassis.database import postgresql as driver
from services.chassis.database.compiled import for_postgresql
from services.chassis.encryption import make_key_file
from services.chassis.identity import DevelopmentIssuer, TokenVerifier
from services.chassis.migrations import RolesMissing, migrate
from services.chassis.process import Process
from services.chassis.service import Service
from services.chassis.settings import DEFAULT_PREFIX, Mode, ServiceSettings
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import Surroundings, topology
from services.cli.embedded import SERVICES
from services.cli.servers import PrivatePostgreSQL
from services.cli.servers.roles import OWNER, as_role
from services.notifications.deliveries import seals
from services.registry.store import cases
from services.registry.store.vault import KEY_FILE
from tests.support.access import LINES
from tests.support.asking import OPERATIONS, Asking, names_an_object
from tests.support.belongings import Belongings, Ids, organisation
from tests.support.templates import postgresql_copy

NOT_THERE = "There is no such"
NAMES_NOBODY = {
    *("getWeeklyOverview", "getOccupancy", "listQuotas", "listQuotaSwaps"),
    *("getNotificationPreferences", "setNotificationPreferences"),
    *("listDeliveries", "getDelivery", "resendDelivery"),
    *("streamUnitChanges", "streamQuotaChanges"),
}
"""Their answers have numbers, codes, wishes, or that something has changed; or, of deliveries, there are none."""
NOBODYS = {
    "registry": {"waitlists", "profiles", "draws", "installation"},
    "shelters": set(),
    "municipalities": {
        *("operators_work", "municipalities", "populations", "mergers", "merger_parts", "half_years"),
        "supervision_ladders",
    },
    "notifications": set(),
}
"""Tables without an organisation's objects: whatever else there will be must have policies."""
ROLES = re.findall(r"^    ((?:CREATE|GRANT) .*;)$", Path("docs/runbook.md").read_text(), re.MULTILINE)
_ORDER = {"GET": 0, "POST": 1, "PUT": 2, "DELETE": 3}
_FILTER = re.compile(
    r"((?:\w+\.)?(?:coordinator|organisation|municipality_code|recipient|from_code|to_code)|recipients\.id)"
    r" = (\$\d+(?:::\w+)?)"
)


@dataclass(slots=True)
class Installation:
    """All services on PostgreSQL, as a role that owns nothing, with an organisation of each kind that has something."""

    asking: Asking
    ids: Ids


@pytest.fixture
async def urls(postgres_url: str, postgresql_template: dict[str, str]) -> AsyncIterator[dict[str, str]]:
    """Every service's database, empty, for a role that owns nothing."""
    async with postgresql_copy(postgres_url, postgresql_template) as copied:
        yield copied


@pytest.fixture
async def installation(urls: dict[str, str], tmp_path: Path) -> AsyncIterator[Installation]:
    issuer = DevelopmentIssuer(tmp_path, Mode.EMBEDDED)
    async with AsyncExitStack() as stack:
        make_key_file(tmp_path / seals.KEY_FILE, seals.SETTING)
        services = _services(urls, tmp_path)
        process = _process(services, issuer)
        await process.start("127.0.0.1", 0)
        stack.push_async_callback(process.stop, 0)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        asking = Asking(f"http://127.0.0.1:{process.port}", session, issuer, services[0].transactions)
        yield Installation(asking, await Belongings(asking.send).make())


def _services(urls: dict[str, str], keys: Path) -> list[Service]:
    chosen = {
        definition.name: definition.settings(
            mode=Mode.EMBEDDED,
            database_url=SecretStr(urls[definition.name]),
            registry_key_file=keys / KEY_FILE,
            notifications_key_file=keys / seals.KEY_FILE,
            access_log=False,
        )
        for definition in SERVICES
    }
    queues = [definition.queue(DEFAULT_PREFIX) for definition in SERVICES]
    surroundings = Surroundings(InProcessBroker(topology(DEFAULT_PREFIX, queues)))
    return [definition.build(chosen[definition.name], surroundings) for definition in SERVICES]


def _process(services: list[Service], issuer: DevelopmentIssuer) -> Process:
    settings = ServiceSettings(database_url=SecretStr("sqlite:///nothing.sqlite3"), access_log=False)
    verifier = TokenVerifier({settings.token_issuer: issuer.key_set()}, settings.token_audience)
    return Process(services, services[0].parts.broker, verifier, settings)


class _Unfiltered:
    """Writes the statements as before, only that whose a row is no longer matters."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the real one has
        return getattr(for_postgresql, name)

    def __call__(self, statement: Any, given: Any) -> Any:  # noqa: ANN401 - as the real one
        form = for_postgresql(statement, given)
        if not statement.is_select:
            return form
        return _Form(_FILTER.sub(r"(\1 = \2 OR TRUE)", form.sql), form.arguments)


@dataclass(frozen=True, slots=True)
class _Form:
    sql: str
    arguments: Any


def switch_filters_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the services ask for everyone's rows."""
    found = cases._found

    async def found_of_anyone(
        unit: UnitOfWork, statement: Executable, which: Mapping[str, object], _coordinator: str | None, what: str
    ) -> Row:
        return await found(unit, statement, which, None, what)

    monkeypatch.setattr(cases, "_found", found_of_anyone)
    monkeypatch.setattr(driver, "for_postgresql", _Unfiltered())


async def leaking(installation: Installation) -> set[str]:
    """The operations that give somebody else something, of those that are for what is one's own."""
    ids = installation.ids
    found = set()
    for operation in sorted(OPERATIONS, key=lambda each: _ORDER[each.method]):
        id_ = operation.operation_id
        roles = [role for role, whose in LINES[id_].whose.items() if whose is Whose.OWN]
        if not roles:
            continue
        theirs = await installation.asking.as_known_to(organisation(roles[0], ours=False), ids)
        known = {id_ for mine in theirs.values() for id_ in mine.values()}
        answered = await installation.asking.ask(operation, roles[0], ids, ours=False)
        named = names_an_object(operation, ids)
        if NOT_THERE not in answered.text if named else any(one in answered.text for one in known):
            found.add(id_)
    return found


async def test_without_our_filters_nobody_gets_what_is_others(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation is asked for somebody else's objects; without row-level security too, each gives them away."""
    switch_filters_off(monkeypatch)
    assert await leaking(installation) == set()
    monkeypatch.setattr(driver, "begin", lambda _confined_to: "BEGIN ISOLATION LEVEL READ COMMITTED")
    own = {
        operation.operation_id
        for operation in OPERATIONS
        if Whose.OWN in LINES[operation.operation_id].whose.values()
        and (operation.method != "POST" or names_an_object(operation, installation.ids))
    }
    assert own - await leaking(installation) == NAMES_NOBODY


async def test_every_table_has_policies_that_also_hold_for_its_owner(urls: dict[str, str]) -> None:
    """But for those that hold nobody's objects; and who serves owns none of them and is no superuser."""
    for service, url in urls.items():
        database = Database.connect(url, pool_size=1)
        async with database.reading() as connection:
            tables = await connection.execute(
                text(
                    "SELECT relname, relrowsecurity AND relforcerowsecurity AS forced, "
                    "pg_get_userbyid(relowner) AS owner "
                    "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                )
            )
            me = (await connection.execute(text("SELECT rolsuper, rolname FROM pg_roles WHERE rolname = user"))).one()
        await database.close()
        assert {row.relname for row in tables if not row.forced} == NOBODYS[service] | {"alembic_version"}
        assert {row.owner for row in tables} == {OWNER} != {me.rolname}
        assert not me.rolsuper


async def test_who_is_confined_can_neither_store_nor_read_for_others(urls: dict[str, str]) -> None:
    """Not in a row of another organisation's, not by moving one there, and not what only the service itself reads."""
    database = Database.connect(urls["shelters"], pool_size=1)
    added = (
        "INSERT INTO providers (id, organisation) VALUES (gen_random_uuid(), 'shelter-ours'), (gen_random_uuid(), 'b')"
    )
    try:
        async with database.transaction() as connection:
            await connection.execute(text(added))
        for statement in (
            "INSERT INTO providers (id, organisation) VALUES (gen_random_uuid(), 'somebody-else')",
            "UPDATE providers SET organisation = 'somebody-else'",
        ):
            with pytest.raises(Exception, match="InsufficientPrivilege"):
                async with database.transaction("shelter-ours") as connection:
                    await connection.execute(text(statement))
        async with database.reading("shelter-ours") as connection:
            for table in ("outbox", "audit_log", "audit_pending", "quarantine", "ended_placements"):
                assert not await connection.execute(text(f"SELECT * FROM {table} LIMIT 1"))
            assert len(await connection.execute(text("SELECT * FROM providers"))) == 1
        # And with the transaction the confinement has ended.
        async with database.reading() as connection:
            assert len(await connection.execute(text("SELECT * FROM providers"))) == 2
    finally:
        await database.close()


async def test_a_name_that_is_none_confines_nothing(postgresql_database_url: str) -> None:
    """Whatever would have to be escaped is refused before PostgreSQL sees it."""
    database = Database.connect(postgresql_database_url, pool_size=1)
    try:
        for name in ("", "x' OR 'y", "x; RESET ROLE", "é"):
            with pytest.raises(ValueError, match="organisation"):
                async with database.reading(name):
                    pass
    finally:
        await database.close()


async def test_the_matching_is_planned_as_without_policies(urls: dict[str, str], postgres_url: str) -> None:
    """To act for everyone a policy is true, and PostgreSQL leaves it out of the plan."""
    query = text(
        "EXPLAIN (COSTS OFF) SELECT id FROM entries WHERE profile_id = gen_random_uuid() AND state = 'waiting' "
        "ORDER BY precedence, waiting_since, lot, id LIMIT 5"
    )
    mine = urls["registry"]
    # No policy ever holds for a superuser.
    unbound = make_url(postgres_url).set(database=make_url(mine).database).render_as_string(hide_password=False)
    plans = []
    for url in (mine, unbound):
        database = Database.connect(url, pool_size=1)
        async with database.reading() as connection:
            plans.append([list(row) for row in await connection.execute(query)])
        await database.close()
    assert plans[0] == plans[1]


async def test_a_role_that_may_not_confine_is_not_served_with(urls: dict[str, str], postgres_url: str) -> None:
    """The service says what is missing, and does not start."""
    url = make_url(urls["shelters"])
    maintenance = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(maintenance)
    try:
        await connection.execute(f"CREATE ROLE doorstroom_nobody LOGIN PASSWORD '{url.password}'")
        nobody = Database.connect(as_role(urls["shelters"], "doorstroom_nobody"), pool_size=1)
        with pytest.raises(RolesMissing, match="runbook"):
            await migrate(nobody, Path("services/shelters/migrations"))
        await nobody.close()
    finally:
        await connection.execute("DROP ROLE IF EXISTS doorstroom_nobody")
        await connection.close()


async def test_to_confine_costs_no_round_trip_and_to_widen_one(
    urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement that begins a transaction confines it."""
    sent: list[str] = []
    for name in ("execute", "fetch"):
        original = getattr(asyncpg.Connection, name)

        async def counted(self: Any, query: str, *given: Any, original: Any = original, **named: Any) -> Any:  # noqa: ANN401 - asyncpg's own
            sent.append(query)
            return await original(self, query, *given, **named)

        monkeypatch.setattr(asyncpg.Connection, name, counted)
    database = Database.connect(urls["shelters"], pool_size=1)
    for confined_to, wide, expected in ((None, False, 3), (None, True, 3), ("shelter-ours", False, 3), ("b", True, 4)):
        sent.clear()
        async with database.transaction(confined_to) as connection:
            await connection.execute(text("SELECT id FROM providers"))
            if wide:
                await connection.widen()
        assert len(sent) == expected, sent
    await database.close()


async def test_the_roles_that_the_runbook_makes_are_enough(private_postgres: PrivatePostgreSQL) -> None:
    """Its statements, on a server that has none of them: who owns migrates, and who serves is confined."""
    maintenance = make_url(private_postgres.url).set(drivername="postgresql")
    connection = await asyncpg.connect(maintenance.render_as_string(hide_password=False))
    for statement in ROLES:
        await connection.execute(statement)
    await connection.close()
    address = make_url(private_postgres.url).set(database="doorstroom_shelters")
    urls = [
        address.set(username=name, password=password).render_as_string(hide_password=False)
        for name, password in (("doorstroom", "of the services"), ("doorstroom_owner", "of the owner"))
    ]
    database = Database.connect(urls[0], 1, urls[1])
    try:
        await migrate(database, Path("services/shelters/migrations"))
        async with database.transaction("shelter-ours") as one:
            await one.execute(text("INSERT INTO providers VALUES (gen_random_uuid(), 'shelter-ours')"))
        async with database.reading("shelter-theirs") as other:
            assert not await other.execute(text("SELECT * FROM providers"))
    finally:
        await database.close()
