"""Sessions in both databases: they are found by their secret, renewed by one at a time, and forgotten."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.chassis.audit import Journal
from services.chassis.clock import system_identifiers
from services.chassis.database import Database
from services.chassis.identity import Role
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions
from services.console import store
from services.console.grants import Grant
from services.console.seal import Seal, digest
from services.console.sessions import Limits, Sessions
from services.console.tables import messages
from services.console.wiring import MIGRATIONS, Nobody
from tests.support.world import START, Clock


class Next(Nobody):
    """Gives a new token each time."""

    async def renew(self, grant: Grant) -> Grant:
        return grant.model_copy(update={"access_token": "next", "expires_at": grant.expires_at + timedelta(hours=1)})


GRANT = Grant(
    access_token="first",
    user="u",
    subject="u",
    organisation="coordination-noord",
    role=Role.COORDINATOR,
    scopes=frozenset(),
    expires_at=START + timedelta(minutes=5),
)


@pytest.fixture
async def transactions(database_url: str) -> AsyncIterator[Transactions]:
    """On SQLite, and on PostgreSQL."""
    database = Database.connect(database_url, 4)
    await migrate(database, MIGRATIONS)
    yield Transactions(database, messages.outbox, Clock(), system_identifiers, "urn:test")
    await database.close()


def sessions_of(transactions: Transactions, seal: Seal) -> Sessions:
    limits = Limits(timedelta(minutes=20), timedelta(hours=8))
    journal = Journal(transactions, messages.audit)
    return Sessions(transactions, journal, seal, limits, Next(), transactions.clock)


async def test_sessions_are_found_renewed_and_forgotten(transactions: Transactions) -> None:
    """By whoever has the secret; another secret finds nobody."""
    clock = transactions.clock
    assert isinstance(clock, Clock)
    seal = Seal(lambda: [b"s" * 32], os.urandom)
    sessions = sessions_of(transactions, seal)
    first, second = await sessions.begin(GRANT, None), await sessions.begin(GRANT, None)
    assert (await sessions.find(first.secret)) == first
    assert await sessions.find(seal.new_secret()) is None
    clock.forward(minutes=4, seconds=30)
    renewed = await sessions.find(first.secret)
    assert renewed is not None
    assert renewed.grant.access_token == "next"
    clock.forward(minutes=19)
    await sessions.find(first.secret)
    await sessions.forget()
    assert await sessions.find(first.secret) is not None
    assert await transactions.read(lambda unit: store.find_session(unit, digest(second.secret))) is None


async def test_one_at_a_time_renews(transactions: Transactions) -> None:
    """Who claims it second waits, until the first is done or was too slow."""
    clock = transactions.clock
    assert isinstance(clock, Clock)
    seal = Seal(lambda: [b"s" * 32], os.urandom)
    sessions = sessions_of(transactions, seal)
    id_ = digest((await sessions.begin(GRANT, None)).secret)

    async def claim() -> bool:
        return await transactions.run(lambda unit: store.claim_renewal(unit, id_, clock() + timedelta(seconds=9)))

    assert await claim()
    assert not await claim()
    clock.forward(seconds=9)
    assert await claim()
    await transactions.run(lambda unit: store.renew_session(unit, id_, None))
    assert await claim()
