"""The edge at which ids become an organisation's own references, and its references ids.

Whatever tells of one person passes through here, in both directions: paths, bodies, cursors and links. Only what is
listed here as shared leaves as it is stored.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.chassis.web.operation import Handler
from services.registry.store.references import References

SHARED = frozenset(
    {
        # One offer, and why it was made, is what its parties talk to each other about.
        "offer_id",
        "decision_id",
        # Of places and not of people.
        "vacancy_id",
        "unit_id",
        "facility_id",
        # A draw is public as a whole: whoever has a ticket finds their line.
        "draw_id",
        "lot",
        "ticket",
        # Given by the referrer, and told to nobody but who gave it to us.
        "reference",
        # Already a reference, and of the helpdesk.
        "helpdesk_reference",
    }
)
_SHARED_IN_PATHS = frozenset(map(to_camel, SHARED))
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CURSOR = re.compile(r"(?<=[?&]cursor=)[\w-]+")

Exchange = Callable[[UUID], UUID]


def by_reference(references: References, operation: Operation[UnitOfWork]) -> Operation[UnitOfWork]:
    """The same operation, for callers who know people by references of their own."""
    assert operation.handler is not None, "the registry has no streams"  # noqa: S101 - for the type checker
    return replace(operation, handler=partial(_handle, references, operation.handler))


async def _handle(
    references: References, handler: Handler[UnitOfWork], call: Call[Any, Any], unit: UnitOfWork
) -> Reply:
    own = await references.of(unit, call.principal.organisation)
    return _told(await handler(_meant(call, own.meant_by), unit), own.to)


def _meant(call: Call[Any, Any], exchange: Exchange) -> Call[Any, Any]:
    path = {
        name: exchange(value) if isinstance(value, UUID) and name not in _SHARED_IN_PATHS else value
        for name, value in call.path.items()
    }
    query = call.query
    if cursor := getattr(query, "cursor", None):
        query = query.model_copy(update={"cursor": _in_cursor(cursor, exchange)})
    if case_id := getattr(query, "case_id", None):
        query = query.model_copy(update={"case_id": exchange(case_id)})
    return replace(call, path=path, body=_exchanged("", call.body, exchange), query=query)


def _told(reply: Reply, exchange: Exchange) -> Reply:
    headers = {name: _in_link(value, exchange) if name == "Link" else value for name, value in reply.headers.items()}
    return replace(reply, body=_exchanged("", reply.body, exchange), headers=headers)


def _exchanged(name: str, value: Any, exchange: Exchange) -> Any:  # noqa: ANN401 - whatever a body may hold
    if isinstance(value, UUID):
        return value if name in SHARED else exchange(value)
    if isinstance(value, list):
        return [_exchanged(name, item, exchange) for item in value]
    if isinstance(value, BaseModel):
        fields = {field: getattr(value, field) for field in value.model_fields_set}
        return value.model_copy(update={field: _exchanged(field, it, exchange) for field, it in fields.items()})
    return value


def _in_link(link: str, exchange: Exchange) -> str:
    """A link to the next page: its path may have ids, and its cursor has one."""
    return _CURSOR.sub(lambda found: _in_cursor(found[0], exchange), _in_text(link, exchange))


def _in_cursor(cursor: str, exchange: Exchange) -> str:
    """A cursor, with what it has of ids exchanged; one that nobody gave stays as it is, and is refused as such."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return cursor
    return base64.urlsafe_b64encode(_in_text(text, exchange).encode()).rstrip(b"=").decode()


def _in_text(text: str, exchange: Exchange) -> str:
    return _UUID.sub(lambda found: str(exchange(UUID(found[0]))), text)
