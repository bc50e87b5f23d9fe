"""What says who somebody is, or opens something, is nowhere but where it is asked for: in both modes, in everything."""

import asyncio
import json
import logging
import os
import random
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from click.testing import CliRunner
from sqlalchemy import insert

from schemas.messages.beds import BedFreed
from services.chassis.broker.port import Message
from services.chassis.broker.rabbitmq import RabbitMQBroker
from services.chassis.identity.development import KEYS_FILE
from services.chassis.settings import DEFAULT_PREFIX
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.wiring import topology
from services.cli.__main__ import cli
from services.cli.demo_users import demo_users
from services.cli.distributed import start_console, start_services
from services.cli.embedded import SERVICES, Embedded, build_embedded
from services.cli.servers.support import free_port
from services.identity.wiring import NAME as IDENTITY
from services.registry.handlers import personal
from services.registry.store import vault
from services.registry.store.vault import Vault
from services.registry.tables import processing_log
from tests.faults.installation import Installation, installed
from tests.faults.users import Users
from tests.support.canary import STRANGER, Marks, files, hits, written
from tests.support.canary_flights import Flights
from tests.support.canary_guests import Broken, Command, to_subscriptions, to_the_console, to_the_token_endpoint
from tests.support.mail_server import mail_server
from tests.support.receiver import Receiver
from tests.support.templates import sqlite_copy
from tests.support.waiting import eventually, until

LISTENING = re.compile(rb'"metrics_port": (\d+)')
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}")
WORK_SECONDS = 1.0
STALL_SECONDS = 11.0
"""Longer than any request may take."""


def tokens(found: dict[str, bytes]) -> list[str]:
    """Where there is an access token."""
    return [place for place, content in found.items() if b"eyJ" in content and TOKEN.search(content)]


class Lines(logging.Handler):
    """Everything that is logged, at every level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.args} {record.exc_text}")


@pytest.fixture
def lines() -> Iterator[list[str]]:
    handler, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(level)


async def commands(*every: str, **environment: str) -> dict[str, bytes]:
    """What commands print, in a thread, for each has an event loop of its own."""
    printed = {}
    for words in every:
        done = await asyncio.to_thread(CliRunner().invoke, cli, words.split(), env=environment)
        assert done.exit_code in (0, 1), (words, done.output)
        printed[f"doorstroom {words}"] = done.output.encode() + str(done.exception).encode()
    return printed


@dataclass(frozen=True, slots=True)
class Places:
    """Where the flights go, beside the services; and how a command finds their databases."""

    identity: str
    console: str
    receiver: Receiver
    folder: Path
    command: Command
    has_mail: bool


async def fly(flights: Flights, places: Places) -> str:
    case = await flights.where_they_belong()
    await flights.where_they_do_not()
    await flights.where_nothing_is_parsed()
    await flights.for_tokens(places.identity)
    await to_the_token_endpoint(flights, places.identity, places.folder, places.command)
    await to_subscriptions(flights, places.receiver, with_mail=places.has_mail)
    await to_the_console(flights, places.console)
    await flights.what_others_see()
    # None of the ways to fail was left out.
    assert {200, 201, 204, 400, 401, 404, 405, 409, 413, 415} <= flights.statuses
    return case


async def embedded_flights(session: aiohttp.ClientSession, built: Embedded) -> tuple[Flights, str]:
    root = f"http://127.0.0.1:{built.process.port}"
    marks = Marks(random.Random(20260301))
    flights = Flights(session, built.issuer, {definition.name: root for definition in SERVICES}, marks)
    return flights, root


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Somebody to whom notifications are delivered."""
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


async def fly_embedded(data: Path, kept: Path, crash: pytest.MonkeyPatch) -> tuple[dict[str, bytes], list[bytes]]:
    """The whole of the embedded mode; gives everything that was answered, printed, or is in a file afterwards.

    And what else is sought in it: the secrets that were handed out.
    """

    async def command(words: str) -> dict[str, bytes]:
        return await commands(f"{words} --data {data}")

    async with mail_server() as mail, receiving() as receiver:
        to_mail = {"mail_host": "localhost", "mail_port": mail.port, "mail_security": "none"}
        built = build_embedded(data, demo_users(), metrics_port=0, webhook_networks="127.0.0.0/8", **to_mail)
        await built.process.start("127.0.0.1", 0)
        try:
            async with aiohttp.ClientSession() as session:
                flights, root = await embedded_flights(session, built)
                case = await fly(flights, Places(root, root, receiver, kept.parent, command, has_mail=True))
                with crash.context() as patched:
                    patched.setattr(vault, "seal", _crash)
                    flights.statuses.clear()
                    with pytest.raises(AssertionError):
                        await flights.where_they_belong()
                    assert 500 in flights.statuses
                async with session.get(f"http://127.0.0.1:{built.process.metrics_port}/metrics") as page:
                    flights.answers["metrics"] = await page.read()
            reading = ("audit list registry", "audit list console", f"cases log {case}", "check", "replay")
            words = (*reading, "quarantine list registry", "retention --dry-run")
            printed = await commands(
                *(f"{one} --data {data}" for one in words), f"backup {kept} --data {data} --with-key"
            )
            return {**flights.answers, **printed, **files(data, kept)}, flights.secrets
        finally:
            await built.process.stop(0)


def _crash(*arguments: object) -> bytes:
    """As a mistake of ours might: with what it was given in its text."""
    raise RuntimeError(repr(arguments))


async def test_nothing_of_it_is_anywhere_in_the_embedded_mode(
    tmp_path: Path,
    sqlite_template: Path,
    lines: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Answers, log lines at every level, metrics, what commands print, the files of the databases and a backup."""
    data = tmp_path / "data"
    sqlite_copy(sqlite_template, data)
    found, secrets = await fly_embedded(data, tmp_path / "kept", monkeypatch)
    found["log"] = "\n".join(lines).encode()
    found["output"] = "\n".join(capfd.readouterr()).encode()
    assert len(found["log"] + found["output"]) > 10_000
    assert not hits(found)
    assert len(secrets) > 50
    assert not hits(found, secrets)
    assert not tokens(found)


TELL = personal.replace_personal_data


async def logged(sealed: Vault, unit: UnitOfWork, case: UUID, coordinator: str, told: personal.Document) -> None:
    """As a line for finding a mistake might do it."""
    logging.getLogger("leak").debug("told %s", told)
    await TELL(sealed, unit, case, coordinator, told)


async def stored(sealed: Vault, unit: UnitOfWork, case: UUID, coordinator: str, told: personal.Document) -> None:
    """As a column might hold it that nobody thought about."""
    await TELL(sealed, unit, case, coordinator, told)
    texts = ("trace_id", "span_id", "status", "name", "processing_activity", "subject")
    row = {"id": unit.identifiers(), "started_at": unit.now, "ended_at": unit.now, **dict.fromkeys(texts, told["name"])}
    await unit.execute(insert(processing_log).values(row))


LEAKS = {"log": logged, "registry.sqlite3": stored}


@pytest.mark.parametrize("where", LEAKS)
async def test_a_leak_that_was_planted_is_found(
    where: str, tmp_path: Path, sqlite_template: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would follow from finding none: what is told is logged, or stored as it is."""
    monkeypatch.setattr(personal, "replace_personal_data", LEAKS[where])
    sqlite_copy(sqlite_template, tmp_path)
    built = build_embedded(tmp_path)
    await built.process.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            flights, _ = await embedded_flights(session, built)
            await flights.where_they_belong()
    finally:
        await built.process.stop(0)
    found = hits({"log": "\n".join(lines).encode(), **files(tmp_path)})
    assert any(where in hit.partition(": ")[0] for hit in found), found


class Collector:
    """Takes traces as OpenTelemetry sends them."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.port = 0

    async def take(self, request: web.Request) -> web.Response:
        self.received += await request.read()
        return web.Response()


@pytest.fixture
async def collector() -> Any:  # noqa: ANN401 - a generator of one
    collector = Collector()
    application = web.Application(client_max_size=2**24)
    application.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    collector.port = runner.addresses[0][1]
    yield collector
    await runner.cleanup()


@pytest.mark.server
@pytest.mark.timeout(300)
async def test_nothing_of_it_is_anywhere_on_postgresql_and_rabbitmq(servers_folder: Path, collector: Collector) -> None:
    """Each service a process, logging at every level; the servers' files, a dump, and quarantine."""
    data = servers_folder / f"canary-{os.urandom(4).hex()}"
    data.mkdir(mode=0o711)
    chance = random.Random(20260302)
    settings = {
        "DOORSTROOM_LOG_LEVEL": "DEBUG",
        "DOORSTROOM_ACCESS_LOG": "true",
        "DOORSTROOM_METRICS_PORT": "0",
        "DOORSTROOM_TRACES": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "DOORSTROOM_WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    replicas = {definition.name: 1 for definition in SERVICES}
    async with installed(data, chance, replicas, **settings) as installation, receiving() as receiver:
        await installation.ready()
        users = Users(installation, chance)
        await users.begin()
        roots = {replica.service: replica.root for replica in installation.replicas}
        flights = Flights(installation.session, installation.issuer, roots, Marks(chance))
        identity, console = await beside(installation, data, settings)
        command = partial(commands, DOORSTROOM_IDENTITY_DATABASE_URL=installation.url(IDENTITY))
        async with users.at_work():
            case = await fly(flights, Places(identity, console, receiver, data, command, has_mail=False))
            await asyncio.sleep(WORK_SECONDS)
        await break_everything(installation, Broken(flights, identity, console))
        await strangers(installation)
        found = flights.answers | await metrics(installation, data) | await printed(installation, data, case)
        found["dump"] = await dumped(installation)
        found |= files(data / "postgresql", data / "rabbitmq")
        logs = files(data / "log")
    assert len(collector.received) > 1000
    found["traces"] = bytes(collector.received)
    assert len(b"".join(logs.values())) > 100_000
    assert not hits(found | logs)
    assert not hits(found | logs, flights.secrets)
    assert not tokens(found | logs)
    # What strangers sent is kept as it came, in the database and where it waited; and is told nowhere.
    kept = re.compile(r"/(postgresql|rabbitmq)/|^dump$")
    told = {place: content for place, content in (found | logs).items() if not kept.search(place)}
    assert not hits(told, written(STRANGER))
    assert hits({"dump": found["dump"]}, written(STRANGER)), "it is kept, so there was something to find"
    shutil.rmtree(data, ignore_errors=True)


async def beside(installation: Installation, data: Path, settings: Mapping[str, str]) -> tuple[str, str]:
    """The token endpoint, and a console for demo users; gives where they are."""
    environment = {"DOORSTROOM_TOKEN_KEYS_FILE": str(data / KEYS_FILE), **settings}
    started = installation.replicas
    started += await start_services(data, installation.postgresql, lambda _service: "", environment, {IDENTITY: 1})
    started.append(await start_console(data, installation.postgresql, environment, started, free_port()))
    return started[-2].root, started[-1].root


async def break_everything(installation: Installation, broken: Broken) -> None:
    """A database that does not answer, one that is gone, and processes that die at once; each while marks come in."""
    await broken.begin()
    # The token endpoint and the console reach theirs directly, the others by these lines.
    statuses, _ = await asyncio.gather(broken.ask(), installation.database_lines.stall(STALL_SECONDS))
    assert 503 in statuses, "it took too long"
    await asyncio.to_thread(installation.postgresql.kill)
    assert await broken.ask() == {400, 503}, "what is no input is refused, and nothing else is answered"
    await asyncio.to_thread(installation.postgresql.start)
    await installation.ready()
    asked = [asyncio.create_task(broken.ask()) for _ in range(5)]
    await asyncio.sleep(0.05)
    dying = [one for one in installation.replicas if one.service not in ("shelters", "municipalities")]
    for replica in dying:
        replica.process.kill()
    await asyncio.gather(*asked)
    for replica in dying:
        await asyncio.to_thread(replica.process.wait, 30)
    await installation.ready()


async def strangers(installation: Installation) -> None:
    """Messages with what must not be in them: no JSON, no event, an event with more than it may have."""
    broker = RabbitMQBroker(installation.rabbitmq.url, topology(DEFAULT_PREFIX, []), name="stranger")
    await broker.start()
    try:
        await until(lambda: broker.connected)
        event = {"specversion": "1.0", "data": {"name": STRANGER}}
        bodies = [f"{STRANGER} {{", json.dumps({STRANGER: STRANGER}), json.dumps(event)]
        messages = [Message(f"stranger-{number}", BedFreed.TYPE, body.encode()) for number, body in enumerate(bodies)]
        await broker.publish(messages)
    finally:
        await broker.close()
    connection = await asyncpg.connect(installation.url("registry").replace("+asyncpg", ""))
    try:
        await eventually(lambda: connection.fetchval("SELECT count(*) > 0 FROM quarantine"))
    finally:
        await connection.close()


async def metrics(installation: Installation, data: Path) -> dict[str, bytes]:
    pages = {}
    for place, log in files(data / "log").items():
        # Of a process that died and was started again, the last one.
        for port in LISTENING.findall(log)[-1:]:
            async with installation.session.get(f"http://127.0.0.1:{int(port)}/metrics") as page:
                pages[f"metrics of {place}"] = await page.read()
    assert len(pages) == len(installation.replicas)
    return pages


async def printed(installation: Installation, data: Path, case: str) -> dict[str, bytes]:
    urls = {f"DOORSTROOM_{one.name.upper()}_DATABASE_URL": installation.url(one.name) for one in SERVICES}
    every = ("audit list registry", f"cases log {case}", "check", "quarantine list registry", "retention --dry-run")
    return await commands(*(f"{words} --data {data}" for words in every), **urls)


async def dumped(installation: Installation) -> bytes:
    """Everything as `pg_dumpall` writes it, after all of it is in the server's files as well."""
    server = installation.postgresql
    connection = await asyncpg.connect(server.url.replace("+asyncpg", ""))
    await connection.execute("CHECKPOINT")
    await connection.close()
    program = server._programs / "pg_dumpall"
    command = [program, "--host=127.0.0.1", f"--port={server.port}", "--username=postgres", "--no-role-passwords"]
    environment = {"PGPASSWORD": server.password, "PATH": os.environ["PATH"]}
    options: dict[str, Any] = {"env": environment, "capture_output": True, "timeout": 60, "check": True}
    done = await asyncio.to_thread(subprocess.run, command, **options)
    return done.stdout
