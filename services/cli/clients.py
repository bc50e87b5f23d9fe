"""`doorstroom clients`: which systems get access tokens from our own token endpoint."""

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from schemas.access import ACCESS
from services.chassis.clock import system_clock, system_identifiers
from services.chassis.database import Database
from services.chassis.identity import ALGORITHMS, Role
from services.chassis.identity.keys import verification_key
from services.chassis.migrations import migrate
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.cli.databases import find_database
from services.cli.municipal import make_place
from services.cli.options import DATA
from services.identity.handlers import clients as handlers
from services.identity.handlers.assertions import CLIENT_ID
from services.identity.handlers.clients import Registered
from services.identity.handlers.thumbprints import REQUIRED, thumbprint
from services.identity.tables import messages
from services.identity.wiring import MIGRATIONS, NAME

Answer = TypeVar("Answer")

KEY_FILE_LIMIT_BYTES = 32 * 1024
DATABASE_SETTINGS = ("DOORSTROOM_IDENTITY_DATABASE_URL", "DOORSTROOM_DATABASE_URL")
OVERLAP_LIMIT_HOURS = 30 * 24
ORGANISATION = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
KEY_ID = r"^[\x21-\x7e]{1,255}$"
_MAKERS: tuple[tuple[type[Any], Any], ...] = (
    (RSAPublicKey, RSAAlgorithm),
    (EllipticCurvePublicKey, ECAlgorithm),
    (Ed25519PublicKey, OKPAlgorithm),
)


class NameType(click.ParamType[str]):
    """An id that can stand in a token."""

    name = "id"

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take it, or say how it is written."""
        if not self._pattern.match(str(value)) or str(value) != str(value).strip():
            self.fail(
                "up to 64 letters, digits, dots, hyphens and underscores; the first a letter or digit", param, ctx
            )
        return str(value)


class PublicKeyType(click.ParamType[Mapping[str, Any]]):
    """A file with a public key, as the JWK that is stored."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Mapping[str, Any]:
        """Read it, or say what is wrong with it; nothing of it is repeated."""
        try:
            with Path(str(value)).open("rb") as file:
                content = file.read(KEY_FILE_LIMIT_BYTES + 1)
        except OSError as error:
            self.fail(f"the file of the key cannot be read: {error.strerror}", param, ctx)
        try:
            return read_public_key(content)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def read_public_key(content: bytes) -> Mapping[str, Any]:
    """The public key in a PEM file or a JWK, with its id. Raises ValueError, which tells nothing of the content."""
    if len(content) > KEY_FILE_LIMIT_BYTES:
        raise ValueError(f"a file with a key has at most {KEY_FILE_LIMIT_BYTES} bytes")
    if b"PRIVATE KEY" in content:
        raise ValueError("this is a private key: it belongs to the client alone; give the public one, and replace it")
    given = _of_pem(content) if content.lstrip().startswith(b"-----BEGIN") else _of_json(content)
    public = {name: given.get(name) for name in REQUIRED.get(str(given.get("kty")), ())}
    stated = {name: given[name] for name in ("alg", "use") if name in given}
    if not public or verification_key({**public, **stated}) is None:
        raise ValueError(f"no public key for one of {', '.join(ALGORITHMS)}; RSA needs 2048 bits, EC the curve P-256")
    key_id = given.get("kid", thumbprint(public))
    if not isinstance(key_id, str) or not re.match(KEY_ID, key_id):
        raise ValueError("the `kid` of a key is 1 to 255 visible ASCII characters")
    return {**public, **stated, "kid": key_id}


def _of_pem(content: bytes) -> Mapping[str, Any]:
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, TypeError):
        raise ValueError("the file is no public key in PEM (`openssl pkey -pubout` makes one)") from None
    maker = next((maker for kind, maker in _MAKERS if isinstance(key, kind)), None)
    try:
        return {} if maker is None else dict(maker.to_jwk(key, as_dict=True))
    except InvalidKeyError:  # An elliptic curve that has no name in a JWK.
        return {}


def _of_json(content: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ValueError("the file is neither a public key in PEM nor a JWK (a JSON object)")  # noqa: TRY004 - a bad file, like the others
    if "d" in document or "k" in document:
        raise ValueError("this is a private key: it belongs to the client alone; give the public one, and replace it")
    return document


CLIENT = click.argument("client", type=NameType(CLIENT_ID))
KEY = click.option("--key", type=PublicKeyType(), required=True, help="A file with its public key: PEM, or a JWK.")


@click.group()
def clients() -> None:
    """Clients: systems that get access tokens from our own token endpoint.

    A client proves who it is with its private key, which it keeps to itself. --data names the folder that `make run` or
    `make run-distributed` works in; DOORSTROOM_IDENTITY_DATABASE_URL names the database in any other installation.
    """


@clients.command("add")
@CLIENT
@KEY
@click.option("--organisation", type=NameType(ORGANISATION), required=True, help="For whom it acts (`org`).")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What it may be.")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; give one for each scope.")
@DATA
def add_command(
    client: str, key: Mapping[str, Any], organisation: str, role: str, scopes: Sequence[str], data: Path
) -> None:
    """Register CLIENT, an id that you choose.

    It will be in the client's tokens and in logs, so no person's name.
    """
    allowed = scopes_of(Role(role))
    if not set(scopes) <= allowed:
        raise click.BadParameter(f"for this role there are: {', '.join(sorted(allowed))}", param_hint="--scope")

    async def work(unit: UnitOfWork) -> Registered:
        return await handlers.register(unit, client, organisation, role, scopes, key)

    found = _work(data, work, create=True)
    click.echo(f"{client} is registered; its key has the id (kid) {found.keys[0].id}")


@clients.command("rotate")
@CLIENT
@KEY
@click.option(
    "--overlap",
    type=click.IntRange(0, OVERLAP_LIMIT_HOURS),
    default=24,
    show_default=True,
    help="For how many hours the keys before count as well; 0 when one may have been stolen.",
)
@DATA
def rotate_command(client: str, key: Mapping[str, Any], overlap: int, data: Path) -> None:
    """Give CLIENT another key."""
    found = _work(data, lambda unit: handlers.rotate(unit, client, key, timedelta(hours=overlap)))
    click.echo(
        f"{client} has a new key with the id (kid) {key['kid']}; {len(found.keys) - 1} before it count for a while"
    )


@clients.command("revoke")
@CLIENT
@DATA
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke_command(client: str, data: Path, *, yes: bool) -> None:
    """Give CLIENT no token any more. Its id is never given again.

    Those that it has count until the services fetch the keys again.
    """
    if not yes:
        click.confirm("It gets no token any more, and its keys are forgotten. Revoke it?", abort=True)
    _work(data, lambda unit: handlers.revoke(unit, client))
    click.echo(f"{client} is revoked.")


@clients.command("renew-signing-key")
@DATA
@click.option("--yes", is_flag=True, help="Do not ask.")
def renew_command(data: Path, *, yes: bool) -> None:
    """Make every token void that we have issued.

    For when our own key may have been stolen, or its secret is lost. Clients get new tokens at once. The services
    notice when they fetch the keys again, within DOORSTROOM_TOKEN_KEYS_REFRESH_SECONDS. Keys turn over by themselves:
    this is not needed for that.
    """
    if not yes:
        click.confirm("Every token that was issued becomes void. Renew the key?", abort=True)
    destroyed = _work(data, handlers.renew_signing_key)
    click.echo(f"{destroyed} signing key(s) destroyed; a new one is made when somebody asks for a token.")


@clients.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@click.option("--all", "every", is_flag=True, help="Also those that were revoked.")
@DATA
def list_command(data: Path, *, as_json: bool, every: bool) -> None:
    """List the clients, what they may do, and the ids of their keys."""
    found = [one for one in _work(data, handlers.listed) if every or one.client.revoked_at is None]
    if as_json:
        click.echo(json.dumps([_document(one) for one in found], indent=2))
    elif found:
        _print([_row(one) for one in found])
    if not found:
        click.echo("no client is registered", err=True)


def scopes_of(role: Role) -> frozenset[str]:
    """What a role can do at all: the scopes of the operations that it may use."""
    return frozenset(access.scope for table in ACCESS.values() for access in table.values() if role in access.roles)


def _document(one: Registered) -> dict[str, object]:
    client = one.client
    return {
        "client": client.id,
        "organisation": client.organisation,
        "role": client.role,
        "scopes": list(client.scopes),
        "registeredAt": _moment(client.registered_at),
        "revokedAt": None if client.revoked_at is None else _moment(client.revoked_at),
        "keys": [
            {"kid": key.id, "addedAt": _moment(key.added_at), "endsAt": _moment(key.ends_at) if key.ends_at else None}
            for key in one.keys
        ],
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _row(one: Registered) -> tuple[str, ...]:
    client = one.client
    state = "revoked" if client.revoked_at else f"{len(one.keys)} key(s)"
    return (client.id, client.organisation, client.role, state, " ".join(client.scopes))


def _print(rows: Sequence[tuple[str, ...]]) -> None:
    table = [("client", "organisation", "role", "state", "scopes"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _work(data: Path, work: Callable[[UnitOfWork], Awaitable[Answer]], *, create: bool = False) -> Answer:
    """Do one piece of work in one transaction, on a database that is brought to the newest schema first."""
    if create and not any(os.environ.get(name) for name in DATABASE_SETTINGS):
        make_place(data, NAME)
    return asyncio.run(_transact(find_database(NAME, data), work))


async def _transact(url: str, work: Callable[[UnitOfWork], Awaitable[Answer]]) -> Answer:
    database = Database.connect(url, pool_size=1)
    try:
        await migrate(database, MIGRATIONS)
        # A command records no events of its own, so it has no source.
        outbox = messages.outbox
        return await Transactions(database, outbox, system_clock, system_identifiers, "").run(work)
    finally:
        await database.close()
