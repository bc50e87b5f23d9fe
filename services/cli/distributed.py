"""`doorstroom run-distributed`: PostgreSQL, RabbitMQ, and each service as its own process, private to one folder."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from doorstroom_client import Endpoints
from services.chassis.encryption import make_key_file
from services.chassis.identity import DevelopmentIssuer
from services.chassis.identity.development import KEYS_FILE
from services.chassis.secret_file import make_secret
from services.chassis.settings import DEFAULT_PREFIX, Mode
from services.cli import demo_console
from services.cli.errors import CannotRun
from services.cli.passwords import kept_passwords
from services.cli.permissions import definitions, service_user
from services.cli.run import HOST, check_port, owned_folder, play_until_stopped
from services.cli.servers import PrivatePostgreSQL, PrivateRabbitMQ, ServerFailed, ServerMissing
from services.cli.servers.leftovers import Leftovers
from services.cli.servers.roles import make_databases
from services.cli.servers.support import free_port
from services.console.wiring import KEY_FILE as CONSOLE_KEY_FILE
from services.console.wiring import NAME as CONSOLE
from services.identity.wiring import KEY_FILE as IDENTITY_KEY_FILE
from services.identity.wiring import NAME as IDENTITY
from services.notifications.deliveries import seals
from services.notifications.wiring import NOTIFICATIONS
from services.registry.store import keyring
from services.registry.store.vault import KEY_FILE
from services.registry.wiring import REGISTRY

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
WATCH_SECONDS = 1.0

LOGS = "log"
PASSWORDS = "broker-passwords"
AGENCY_QUEUES = "DOORSTROOM_AGENCY_QUEUES"
METRICS_PORT = "DOORSTROOM_METRICS_PORT"

_MODULES = {CONSOLE: "services.cli.demo_console"}
"""Of who is not started as it would be elsewhere: people sign in with a provider, and here is none."""
REPLICAS = {"registry": 2, "shelters": 1, "municipalities": 1, "notifications": 1}


@dataclass(slots=True)
class Replica:
    """One process of one service, which can be started again."""

    service: str
    port: int
    log: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls, service: str, port: int, log: Path, environment: Mapping[str, str]) -> "Replica":
        """Start the process; it appends to its log."""
        return cls(service, port, log, environment, _launch(service, log, environment))

    def restart(self) -> None:
        """Start it again on the same port."""
        self.process = _launch(self.service, self.log, self.environment)

    @property
    def root(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"


async def run_distributed(data: Path, port: int | None, *, play: bool, write: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; with a console for demo users at this port, if there is one. Raises CannotRun."""
    if port is not None:
        check_port(port)
    with owned_folder(data):
        Leftovers(data / LOGS).end(signal.SIGTERM)
        write("Starting a private PostgreSQL and RabbitMQ (about ten seconds) …")
        with servers(data) as (postgresql, rabbitmq):
            issuer = _issuer(data)
            broker_url = broker_users(data, rabbitmq)
            environment = {"DOORSTROOM_TOKEN_KEYS_FILE": str((data / KEYS_FILE).resolve())}
            started = await start_services(data, postgresql, broker_url, {}, {IDENTITY: 1})
            try:
                environment["DOORSTROOM_IDENTITY_KEYS_URL"] = f"{started[0].root}/identity/v1/jwks"
                started += await start_services(data, postgresql, broker_url, environment)
                if port is not None:
                    started.append(await start_console(data, postgresql, environment, started, port or free_port()))
                await _serve(data, started, issuer, play=play, write=write)
            finally:
                await asyncio.to_thread(stop_services, started)
    write("Stopped; everything is stored.")


def broker_users(data: Path, rabbitmq: PrivateRabbitMQ) -> Callable[[str], str]:
    """Make a user for each service and each organisation with a queue; gives a service its address of the broker.

    Their passwords are in the folder `broker-passwords`, in a file for each. Raises ServerFailed or CannotRun.
    """
    agencies = os.environ.get(AGENCY_QUEUES, "").split()
    passwords = kept_passwords(data / PASSWORDS, DEFAULT_PREFIX, agencies)
    rabbitmq.take(definitions(DEFAULT_PREFIX, "/", agencies, passwords))
    urls = {service: rabbitmq.url_of(service_user(service), passwords[service_user(service)]) for service in REPLICAS}
    return lambda service: urls.get(service, "")


def _issuer(data: Path) -> DevelopmentIssuer:
    # This launcher plays the identity provider of its own installation. The services run in the distributed mode and
    # trust it only because their settings name its keys.
    return DevelopmentIssuer(data, Mode.EMBEDDED)


@contextmanager
def servers(data: Path) -> Iterator[tuple[PrivatePostgreSQL, PrivateRabbitMQ]]:
    """Both servers, for as long as this lasts. Raises CannotRun."""
    try:
        postgresql = PrivatePostgreSQL(data / "postgresql")
        rabbitmq = PrivateRabbitMQ(data / "rabbitmq")
    except ServerMissing as error:
        raise CannotRun(str(error)) from error
    try:
        with ThreadPoolExecutor(2) as starters:
            for started in [starters.submit(postgresql.start), starters.submit(rabbitmq.start)]:
                started.result()
        yield postgresql, rabbitmq
    except ServerFailed as error:
        raise CannotRun(str(error)) from error
    finally:
        rabbitmq.stop()
        postgresql.stop()


async def start_services(
    data: Path,
    postgresql: PrivatePostgreSQL,
    broker_url: Callable[[str], str],
    environment: Mapping[str, str],
    replicas: Mapping[str, int] = REPLICAS,
) -> list[Replica]:
    """Make each service's database and start its replicas; ready when they say so. Raises CannotRun.

    `broker_url` gives the address of the broker for the service of that name.
    """
    await make_databases(postgresql.url, [database_name(service) for service in replicas])
    started = []
    for service, count in replicas.items():
        for number in range(count):
            url, owner_url = (each(database_name(service)) for each in (postgresql.database_url, postgresql.owner_url))
            owned = {"DOORSTROOM_DATABASE_OWNER_URL": owner_url, **environment}
            started.append(start_replica(data, service, number, url, broker_url(service), owned))
    try:
        await asyncio.gather(*(wait_ready(replica) for replica in started))
    except BaseException:
        stop_services(started)
        raise
    return started


async def start_console(
    data: Path, postgresql: PrivatePostgreSQL, environment: Mapping[str, str], replicas: list[Replica], port: int
) -> Replica:
    """Start a console for demo users at this port, and wait until it is ready. Raises CannotRun."""
    await make_databases(postgresql.url, [database_name(CONSOLE)])
    found = endpoints_of(replicas)
    own = {
        "DOORSTROOM_DATABASE_OWNER_URL": postgresql.owner_url(database_name(CONSOLE)),
        "DOORSTROOM_CONSOLE_ADDRESS": f"http://{HOST}:{port}",
        **{f"DOORSTROOM_CONSOLE_{name.upper()}_ADDRESS": getattr(found, name) for name in REPLICAS},
        **environment,
        "DOORSTROOM_PORT": str(port),
    }
    replica = start_replica(data, CONSOLE, 0, postgresql.database_url(database_name(CONSOLE)), "", own)
    try:
        await wait_ready(replica)
    except BaseException:
        stop_services([replica])
        raise
    return replica


def start_replica(
    data: Path, service: str, number: int, database_url: str, broker_url: str, environment: Mapping[str, str]
) -> Replica:
    """Start one process; its log is in the folder `log`."""
    port = int(environment.get("DOORSTROOM_PORT") or free_port())
    log = data / LOGS / f"{service}-{number}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    settings = {
        "DOORSTROOM_MODE": Mode.DISTRIBUTED,
        "DOORSTROOM_DATABASE_URL": database_url,
        "DOORSTROOM_BROKER_URL": broker_url,
        "DOORSTROOM_HOST": HOST,
        "DOORSTROOM_PORT": str(port),
        "DOORSTROOM_ACCESS_LOG": "false",
        **_secrets(data, service),
        **environment,
    }
    if METRICS_PORT in os.environ:
        # There is one port for each process; the event `listening` in its log tells which.
        settings[METRICS_PORT] = "0"
    return Replica.start(service, port, log, settings)


def _secrets(data: Path, service: str) -> Mapping[str, str]:
    """What only one service gets: the key to personal data, to tokens, to subscriptions, or to sessions."""
    if service == REGISTRY.name:
        make_key_file(data / KEY_FILE, keyring.SETTING)
        return {keyring.SETTING: str((data / KEY_FILE).resolve())}
    if service == IDENTITY:
        make_secret(data / IDENTITY_KEY_FILE)
        return {"DOORSTROOM_IDENTITY_KEY_FILE": str((data / IDENTITY_KEY_FILE).resolve())}
    if service == CONSOLE:
        make_secret(data / CONSOLE_KEY_FILE)
        key = str((data / CONSOLE_KEY_FILE).resolve())
        return {"DOORSTROOM_CONSOLE_KEY_FILE": key, demo_console.FOLDER: str(data.resolve())}
    if service == NOTIFICATIONS.name:
        make_key_file(data / seals.KEY_FILE, seals.SETTING)
        return {seals.SETTING: str((data / seals.KEY_FILE).resolve())}
    return {}


def _launch(service: str, log: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own module, in this very interpreter
            [sys.executable, "-m", _MODULES.get(service, f"services.{service}")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
    Leftovers(log.parent).note(process.pid)
    return process


async def wait_ready(replica: Replica) -> None:
    """Wait until the process says that it is ready. Raises CannotRun."""
    timeout = aiohttp.ClientTimeout(total=2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        for _ in range(int(READY_SECONDS / 0.1)):
            if replica.process.poll() is not None:
                break
            try:
                async with session.get(f"{replica.root}/readyz") as response:
                    if response.ok:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.1)
    message = f"{replica.service} did not become ready; its log is in the folder log"
    raise CannotRun(message)


def stop_services(replicas: list[Replica]) -> None:
    """Stop them all cleanly, and wait for it."""
    for replica in replicas:
        if replica.process.poll() is None:
            replica.process.send_signal(signal.SIGTERM)
    for replica in replicas:
        try:
            replica.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            replica.process.kill()
            replica.process.wait(STOP_SECONDS)


def endpoints_of(replicas: list[Replica]) -> Endpoints:
    """One replica of each service. Which one is no matter."""
    roots = {service: [each.root for each in replicas if each.service == service] for service in REPLICAS}
    return Endpoints(**{service: secrets.choice(found) for service, found in roots.items()})


def database_name(service: str) -> str:
    """The database of a service."""
    return f"doorstroom_{service}"


async def _serve(
    data: Path, replicas: list[Replica], issuer: DevelopmentIssuer, *, play: bool, write: Callable[[str], None]
) -> None:
    write("doorstroom serves, on PostgreSQL and RabbitMQ (Ctrl-C stops it):")
    for replica in replicas:
        write(f"  {replica.service:<16} {replica.root}   process {replica.process.pid}")
    consoles = [replica for replica in replicas if replica.service == CONSOLE]
    write("".join(f"Open {console.root}/ in a browser, and choose who you are.\n" for console in consoles))
    watching = asyncio.create_task(_keep_running(replicas, write))
    try:
        await play_until_stopped(issuer, endpoints_of(replicas), data, play=play, write=write)
    finally:
        watching.cancel()


async def _keep_running(replicas: list[Replica], write: Callable[[str], None]) -> None:
    """Start a process that has ended again; what it was doing is in its database."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        for replica in replicas:
            if replica.process.poll() is not None:
                write(f"{replica.service} (process {replica.process.pid}) has ended; starting it again")
                replica.restart()
