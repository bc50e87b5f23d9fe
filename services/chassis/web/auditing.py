"""What the audit log is told of a request."""

import re
from collections.abc import Mapping
from typing import Any

from structlog.contextvars import get_contextvars

from services.chassis.audit.action import Action, Result
from services.chassis.identity.principal import Principal
from services.chassis.web.headers import Trace
from services.chassis.web.operation import Call, Operation

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|GM[0-9]{4}", re.IGNORECASE)
_SERVER_ERROR = 500


def done(operation: Operation[Any], call: Call[Any, Any], status: int, result: Result = Result.DONE) -> Action:
    """It was done, or what was asked for was shown."""
    objects = {name: str(value) for name, value in call.path.items()}
    by = _by(call.principal) | _traced(call.request_id, call.traceparent)
    return Action(operation.operation_id, result, status, objects, **by, started_at=call.now)


def stopped(
    operation: Operation[Any], path: Mapping[str, str], principal: Principal | None, ids: Trace, status: int
) -> Action:
    """It was refused, or came to nothing. Only what is an id is taken over from an address that may be anything."""
    result = Result.FAILED if status >= _SERVER_ERROR else Result.REFUSED
    objects = {name: value for name, value in path.items() if _ID.fullmatch(value)}
    by = _by(principal) | _traced(ids.request_id, ids.traceparent)
    return Action(operation.operation_id, result, status, objects, **by)


def asked_in() -> dict[str, Any]:
    """Which request this is, as on its lines in the service's log: for what a plain route notes by itself."""
    return {name: value for name, value in get_contextvars().items() if name in {"request_id", "trace_id"}}


def _by(principal: Principal | None) -> dict[str, Any]:
    if principal is None:
        return {}
    return {"subject": principal.subject, "organisation": principal.organisation, "role": principal.role.value}


def _traced(request_id: str, traceparent: str | None) -> dict[str, Any]:
    return {"request_id": request_id} | ({"trace_id": traceparent[3:35]} if traceparent else {})
