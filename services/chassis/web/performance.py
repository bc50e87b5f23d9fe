"""How a handler is run: reading, writing, or writing once per Idempotency-Key."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from aiohttp import web

from services.chassis.audit.action import Result
from services.chassis.idempotency import KEY_HEADER, Command, StoredReply, request_hash
from services.chassis.web import matching
from services.chassis.web.auditing import done
from services.chassis.web.commands import Commands
from services.chassis.web.operation import Call, Handler, Journal, Operation, Reply, Unit, Work

Perform = Callable[[web.Request, Call[Any, Any], object], Awaitable[tuple[StoredReply, bool]]]
"""Gives the answer to a call, and whether it had been given before."""

_SUCCESS = range(200, 300)


def performance(
    operation: Operation[Unit],
    work: Work[Unit],
    commands: Commands[Unit] | None,
    journal: Journal[Unit] | None,
) -> Perform:
    """How this operation's handler is run. Raises ValueError for a POST without a table for its keys."""
    if operation.handler is None:
        message = f"operation {operation.operation_id} has no handler"
        raise ValueError(message)
    if operation.method != "POST":
        perform = _reading if operation.method == "GET" else _changing
        return perform(operation, operation.handler, work, journal)
    if commands is None:
        message = f"operation {operation.operation_id} is a POST: its API must have a table for idempotency keys"
        raise ValueError(message)
    return _once(operation, operation.handler, commands, journal)


def _reading(
    operation: Operation[Unit], handler: Handler[Unit], work: Work[Unit], journal: Journal[Unit] | None
) -> Perform:
    async def perform(_request: web.Request, call: Call[Any, Any], _document: object) -> tuple[StoredReply, bool]:
        async def read(unit: Unit) -> tuple[StoredReply, Collection[UUID]]:
            return _answer(operation, await handler(call, unit)), unit.concerned

        reply, cases = await work.read(read, confined_to=call.owner)
        if journal is not None:
            # Before the answer leaves: what cannot be noted is not shown.
            await journal.record(done(operation, call, reply.status), cases)
        return reply, False

    return perform


def _changing(
    operation: Operation[Unit], handler: Handler[Unit], work: Work[Unit], journal: Journal[Unit] | None
) -> Perform:
    async def perform(_request: web.Request, call: Call[Any, Any], _document: object) -> tuple[StoredReply, bool]:
        wanted = None if operation.held is None else matching.given(call.headers)
        effect = partial(_update, operation, wanted, partial(_effect, operation, handler, journal, call), call)
        return await work.run(effect, confined_to=call.owner), False

    return perform


def _once(
    operation: Operation[Unit], handler: Handler[Unit], commands: Commands[Unit], journal: Journal[Unit] | None
) -> Perform:
    async def perform(request: web.Request, call: Call[Any, Any], document: object) -> tuple[StoredReply, bool]:
        principal = call.principal
        fingerprint = request_hash(request.method, request.path_qs, document)
        command = Command(principal.organisation, principal.subject, call.headers[KEY_HEADER], fingerprint)

        async def effect(unit: Unit) -> StoredReply:
            reply = await _effect(operation, handler, journal, call, unit)
            await commands.remember(unit, command, reply)
            return reply

        reply, replayed = await commands.perform(command, effect, confined_to=call.owner)
        if replayed and journal is not None:
            await journal.record(done(operation, call, reply.status, Result.REPEATED))
        return reply, replayed

    return perform


async def _update(
    operation: Operation[Unit],
    wanted: str | None,
    effect: Callable[[Unit], Awaitable[StoredReply]],
    call: Call[Any, Any],
    unit: Unit,
) -> StoredReply:
    """The effect, unless it is not as the client had read it."""
    if operation.held is not None and wanted is not None:
        matching.check(wanted, render(await operation.held(call, unit)).body)
    return await effect(unit)


async def _effect(
    operation: Operation[Unit],
    handler: Handler[Unit],
    journal: Journal[Unit] | None,
    call: Call[Any, Any],
    unit: Unit,
) -> StoredReply:
    """The handler's, and the line in the audit log that says so: both or neither."""
    reply = _answer(operation, await handler(call, unit))
    if journal is not None:
        await journal.note(unit, done(operation, call, reply.status))
    return reply


def _answer(operation: Operation[Unit], reply: Reply) -> StoredReply:
    rendered = render(reply)
    if not operation.tagged:
        return rendered
    return replace(rendered, headers={**rendered.headers, matching.ETAG: matching.tag_of(rendered.body)})


def render(reply: Reply) -> StoredReply:
    """The answer as bytes.

    Raises ValueError for one that is no success: a failure is raised, so that the transaction is rolled back.
    """
    if reply.status not in _SUCCESS:
        message = "a handler answers with a 2xx status; anything else is raised as a DoorstroomError"
        raise ValueError(message)
    body = None if reply.body is None else reply.body.model_dump_json(by_alias=True).encode()
    kept = None if reply.kept is None else reply.kept.model_dump_json(by_alias=True).encode()
    return StoredReply(reply.status, body, reply.headers, kept)
