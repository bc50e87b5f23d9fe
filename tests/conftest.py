"""Servers for the tests: private ones, or those that the environment names. A missing one is an error, not a skip."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from services.cli.servers import PrivatePostgreSQL, PrivateRabbitMQ, ServerMissing
from tests.support import examples
from tests.support.templates import make_postgresql_template, make_sqlite_template

SERVER_FIXTURES = frozenset(
    {
        "postgres_url",
        "private_postgres",
        "broker_url",
        "private_rabbitmq",
        "postgresql_database_url",
        "postgresql_template",
    }
)
DATABASES = ("sqlite", "postgresql")

examples.register()

# Tests ask as fast as they can; those of the limits set limits of their own. Processes that are started inherit these.
os.environ["DOORSTROOM_CLIENT_REQUESTS_PER_SECOND"] = "100000"
os.environ["DOORSTROOM_ORGANISATION_REQUESTS_PER_SECOND"] = "100000"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server, so that `make test-fast` can leave it out."""
    for item in items:
        uses = set(getattr(item, "fixturenames", ()))
        if uses & (SERVER_FIXTURES - {"postgres_url", "broker_url"}) or _asks_directly(item) or _is_on_a_server(item):
            item.add_marker(pytest.mark.server)


def _is_on_a_server(item: pytest.Item) -> bool:
    """Whether it is the variant of a test, by its parameters, that runs on one."""
    parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
    words = {
        word
        for given in parameters
        for word in (given if isinstance(given, tuple) else (given,))
        if isinstance(word, str)
    }
    return bool(words & {"postgresql", "rabbitmq"})


def _asks_directly(item: pytest.Item) -> bool:
    """Whether the test itself names a server, and not only a fixture that may choose one."""
    names = getattr(getattr(item, "function", None), "__code__", None)
    arguments = names.co_varnames[: names.co_argcount] if names else ()
    return bool({"postgres_url", "broker_url"} & set(arguments))


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that the servers' own users may enter: pytest's are closed to them, whenever a session begins."""
    folder = Path(tempfile.mkdtemp(prefix="doorstroom-test-servers-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _or_fail(
    make: Callable[[Path], PrivatePostgreSQL | PrivateRabbitMQ], folder: Path
) -> PrivatePostgreSQL | PrivateRabbitMQ:
    try:
        server = make(folder)
    except ServerMissing as error:
        pytest.fail(str(error), pytrace=False)
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres_url(servers_folder: Path) -> Iterator[str]:
    """The maintenance database of a PostgreSQL on which databases may be made."""
    given = os.environ.get("DOORSTROOM_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # Making databases costs more than anything that is done in them; none of them needs to survive the machine.
    server = _or_fail(partial(PrivatePostgreSQL, durable=False), servers_folder / "postgresql")
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def broker_url(servers_folder: Path) -> Iterator[str]:
    """A RabbitMQ that many tests share; each uses names of its own."""
    given = os.environ.get("DOORSTROOM_TEST_BROKER_URL")
    if given:
        yield given
        return
    server = _or_fail(PrivateRabbitMQ, servers_folder / "rabbitmq")
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def private_postgres(servers_folder: Path) -> Iterator[PrivatePostgreSQL]:
    """A PostgreSQL that a test may kill and start."""
    server = _or_fail(PrivatePostgreSQL, servers_folder / f"postgresql-{secrets.token_hex(4)}")
    assert isinstance(server, PrivatePostgreSQL)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def private_rabbitmq(servers_folder: Path) -> Iterator[PrivateRabbitMQ]:
    """A RabbitMQ that a test may kill and start."""
    server = _or_fail(PrivateRabbitMQ, servers_folder / f"rabbitmq-{secrets.token_hex(4)}")
    assert isinstance(server, PrivateRabbitMQ)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated SQLite databases to copy."""
    return make_sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgresql_template(postgres_url: str) -> dict[str, str]:
    """Migrated PostgreSQL databases to copy, by service."""
    return make_postgresql_template(postgres_url)


@pytest.fixture
def topology_prefix() -> str:
    """Begins the names of a test's own exchange and queues."""
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture(params=DATABASES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """A fresh, empty database; each test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.sqlite3'}"
        return
    async with fresh_postgresql(request.getfixturevalue("postgres_url")) as url:
        yield url


@pytest.fixture
async def postgresql_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A fresh, empty database on PostgreSQL only."""
    async with fresh_postgresql(postgres_url) as url:
        yield url


class fresh_postgresql:  # noqa: N801 - used like a function
    """A database made for one test, and dropped after it."""

    def __init__(self, maintenance_url: str) -> None:
        self._url = make_url(maintenance_url)
        self._name = f"test_{secrets.token_hex(8)}"

    async def __aenter__(self) -> str:
        await self._execute(f"CREATE DATABASE {self._name}")
        return self._url.set(database=self._name).render_as_string(hide_password=False)

    async def __aexit__(self, *_exception: object) -> None:
        await self._execute(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")

    async def _execute(self, statement: str) -> None:
        dsn = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncio.wait_for(asyncpg.connect(dsn), 10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()
