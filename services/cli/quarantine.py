"""`doorstroom quarantine`: messages that could not be handled, and what to do with them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO, TypeVar

import click

from schemas.envelope import InvalidMessage
from services.chassis import quarantine as kept
from services.chassis.quarantine import QuarantinedMessage
from services.chassis.relay import OUTBOX_CHANNEL
from services.chassis.unit_of_work import UnitOfWork
from services.cli.databases import TABLES, find_database, opened
from services.cli.options import DATA

Answer = TypeVar("Answer")

SERVICE = click.argument("service", type=click.Choice(sorted(TABLES)))
MESSAGE = click.argument("message")


@click.group()
def quarantine() -> None:
    """Messages that could not be handled: look, replay, drop.

    --data names the folder that `make run` or `make run-distributed` works in; DOORSTROOM_DATABASE_URL names the
    service's database in any other installation. What a message says is never printed: it may be about a person.
    """


@quarantine.command("list")
@SERVICE
@DATA
@click.option("--all", "every_status", is_flag=True, help="Also what was replayed or dropped.")
def list_command(service: str, data: Path, *, every_status: bool) -> None:
    """List the messages that wait for a decision."""
    tables = TABLES[service]
    found = _work(service, data, lambda unit: kept.waiting(unit, tables.quarantine, every_status=every_status))
    for message in found:
        click.echo(f"{message.id[:12]}  {message.received_at:%Y-%m-%d %H:%M:%S}  {message.status:<8}  {message.reason}")
    click.echo(f"{len(found)} message(s) of {service} in quarantine", err=True)


@quarantine.command("show")
@SERVICE
@MESSAGE
@DATA
def show_command(service: str, message: str, data: Path) -> None:
    """Show everything about a message but what it says. MESSAGE is its id, or the beginning of it."""
    tables = TABLES[service]
    _print(_work(service, data, lambda unit: kept.find(unit, tables.quarantine, message)))


@quarantine.command("replay")
@SERVICE
@MESSAGE
@DATA
@click.option("--repaired", type=click.File("rb"), help="Send this file's content in its place.")
def replay_command(service: str, message: str, data: Path, repaired: BinaryIO | None) -> None:
    """Let the service hear a message again; if it has handled it before, it ignores it."""
    tables, body = TABLES[service], repaired.read() if repaired is not None else None
    try:
        _work(
            service,
            data,
            lambda unit: kept.replay(unit, tables, service, message, body),
            wake=OUTBOX_CHANNEL,
        )
    except InvalidMessage as error:
        explanation = f"it would only come back: {error}. Repair it, and give the file with --repaired."
        raise click.ClickException(explanation) from error
    click.echo("It is on its way again.")


@quarantine.command("drop")
@SERVICE
@MESSAGE
@DATA
def drop_command(service: str, message: str, data: Path) -> None:
    """Decide that a message is not wanted; it stays on record."""
    tables = TABLES[service]
    _work(service, data, lambda unit: kept.drop(unit, tables.quarantine, message))
    click.echo("Dropped; `doorstroom quarantine list --all` still shows it.")


def _print(message: QuarantinedMessage) -> None:
    for name in ("id", "message_id", "routing_key", "reason", "attempts", "status", "received_at", "size_bytes"):
        click.echo(f"{name:<12} {getattr(message, name)}")


def _work(service: str, data: Path, work: Callable[[UnitOfWork], Awaitable[Answer]], wake: str | None = None) -> Answer:
    return asyncio.run(_transact(service, data, work, wake))


async def _transact(
    service: str, data: Path, work: Callable[[UnitOfWork], Awaitable[Answer]], wake: str | None
) -> Answer:
    async with opened(find_database(service, data), service) as transactions:
        answer = await transactions.run(work)
        if wake is not None:
            await transactions.database.notify(wake, "")
        return answer
