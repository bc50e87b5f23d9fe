"""Operations about a service itself, the same in every API: what it could not handle, and whether its log is whole."""

from functools import partial
from uuid import UUID

from schemas.api.oversight import AuditCheck, AuditQuery, Quarantine, QuarantinedMessage, Repair
from schemas.envelope import InvalidMessage
from services.chassis import quarantine
from services.chassis.audit import chain
from services.chassis.broker.topology import first_said
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.tables import MessageTables
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply

LINES_AT_ONCE = 10_000
_TAGS = ("oversight",)


def operations(service: str, base: str, tables: MessageTables) -> tuple[Operation[UnitOfWork], ...]:
    """Those of this service, under `base`; their ids have its name."""
    name, path = service.capitalize(), f"{base}/quarantine"
    return (
        Operation(
            method="GET",
            path=path,
            operation_id=f"list{name}Quarantine",
            summary="List what the service could not handle",
            description="Messages that wait for a decision. What they say is never shown: it may be about a person.",
            handler=partial(_list, tables),
            response=Quarantine,
            tags=_TAGS,
        ),
        Operation(
            method="POST",
            path=f"{path}/{{quarantineId}}/_replay",
            operation_id=f"replay{name}Message",
            summary="Let the service hear a message again, as it was or repaired",
            description="One that it has handled it ignores. A repair has the same id and the same type.",
            handler=partial(_replay, tables, service),
            request=Repair,
            request_example=Repair(),
            response=QuarantinedMessage,
            errors=(404, 409),
            tags=_TAGS,
        ),
        Operation(
            method="POST",
            path=f"{path}/{{quarantineId}}/_drop",
            operation_id=f"drop{name}Message",
            summary="Say that a message is not wanted",
            description="It stays on record, and is not listed any more.",
            handler=partial(_drop, tables),
            response=QuarantinedMessage,
            errors=(404, 409),
            tags=_TAGS,
        ),
        Operation(
            method="GET",
            path=f"{base}/audit-log/verification",
            operation_id=f"verify{name}AuditLog",
            summary="Look whether the audit log is as it was written",
            description="Each line is sealed with all before it. At most 10,000 lines at once: go on after the last.",
            handler=partial(_verify, tables),
            query=AuditQuery,
            response=AuditCheck,
            tags=_TAGS,
        ),
    )


async def _list(tables: MessageTables, _call: Call, unit: UnitOfWork) -> Reply:
    found = await quarantine.waiting(unit, tables.quarantine)
    return Reply(200, Quarantine(messages=[_shown(message) for message in found]))


async def _replay(tables: MessageTables, service: str, call: Call[Repair], unit: UnitOfWork) -> Reply:
    """Say it again. Raises InvalidInput when it would only come back, or is another message."""
    message = await quarantine.find(unit, tables.quarantine, call.uuid("quarantineId").hex)
    repaired = None if call.body.repaired is None else call.body.repaired.encode()
    try:
        if repaired is not None:
            quarantine.check_repair(message, repaired)
        await quarantine.replay(unit, tables, service, message.id, repaired)
    except InvalidMessage as error:
        raise InvalidInput(fields=[FieldError("/repaired", f"It would only come back: {error}")]) from error
    return Reply(200, _shown(message))


async def _drop(tables: MessageTables, call: Call, unit: UnitOfWork) -> Reply:
    message = await quarantine.find(unit, tables.quarantine, call.uuid("quarantineId").hex)
    await quarantine.drop(unit, tables.quarantine, message.id)
    return Reply(200, _shown(message))


async def _verify(tables: MessageTables, call: Call[None, AuditQuery], unit: UnitOfWork) -> Reply:
    since = await chain.head_at(unit, tables.audit, call.query.after)
    told = call.query.digest
    found = await chain.verify_some(unit, tables.audit, since, LINES_AT_ONCE)
    noted = [f"line {call.query.after} is not the one that was noted"] if told not in (None, since.digest) else []
    check = AuditCheck(
        findings=[*noted, *found.findings],
        lines=found.lines,
        last_line=found.head.sequence,
        digest=found.head.digest,
        complete=found.complete,
        verified_at=unit.now,
    )
    return Reply(200, check)


def _shown(message: quarantine.QuarantinedMessage) -> QuarantinedMessage:
    return QuarantinedMessage(
        quarantine_id=UUID(hex=message.id[:32]),
        event_type=first_said(message.routing_key),
        event_id=message.message_id,
        reason=message.reason,
        attempts=message.attempts,
        received_at=message.received_at,
        size_bytes=message.size_bytes,
    )
