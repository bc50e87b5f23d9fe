"""Which messages there are, whose they are, and how to read and write them."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from schemas.base import Message
from schemas.envelope import Event, InvalidMessage, MessageTooLarge
from schemas.messages import beds, offers, placements, quotas

LARGEST_BYTES = 64 * 1024
DEEPEST = 16

Data = TypeVar("Data", bound=Message)


@dataclass(frozen=True, slots=True)
class MessageType:
    """One type of message, its model, and the service that owns the fact."""

    type: str
    model: type[Message]
    owner: str


def _owned(owner: str, *models: type[Message]) -> tuple[MessageType, ...]:
    return tuple(MessageType(model.TYPE, model, owner) for model in models)


MESSAGES: tuple[MessageType, ...] = (
    *_owned(
        "shelters",
        beds.BedFreed,
        beds.BedWithdrawn,
        beds.ArrivalConfirmed,
        beds.NoShowReported,
        beds.DepartureRecorded,
    ),
    *_owned(
        "municipalities",
        quotas.SlotOpened,
        quotas.SlotWithdrawn,
        quotas.PlacementClaimed,
        quotas.HouseholdHoused,
    ),
    *_owned(
        "registry",
        offers.OfferMade,
        offers.OfferAccepted,
        offers.OfferDeclined,
        offers.OfferExpired,
        offers.OfferRevoked,
        offers.PlacementFellThrough,
        placements.PlacementEnded,
    ),
)

_EVENTS: dict[str, type[Event[Any]]] = {message.type: Event[message.model] for message in MESSAGES}  # type: ignore[name-defined] # made at run time
_TYPE = re.compile(rb'"type"\s*:\s*"(nl\.doorstroom\.[a-z.-]{1,80}\.v\d{1,3})"')


def event(
    data: Data,
    *,
    id: UUID,  # noqa: A002 - the CloudEvents attribute's name
    source: str,
    subject: str,
    time: datetime,
    dataref: str | None = None,
    traceparent: str | None = None,
) -> Event[Data]:
    """Put data into its envelope. The values are our own, so they are not validated a second time."""
    return _EVENTS[data.TYPE].model_construct(
        id=id,
        source=source,
        type=data.TYPE,
        subject=subject,
        time=time,
        dataref=dataref,
        sequence=f"{data.version:020}",
        traceparent=traceparent,
        data=data,
    )


def encode(event: Event[Any]) -> bytes:
    """The event as JSON. Raises MessageTooLarge."""
    body = event.model_dump_json(exclude_none=True).encode()
    if len(body) > LARGEST_BYTES:
        message = f"an event may have at most {LARGEST_BYTES} bytes"
        raise MessageTooLarge(message)
    return body


def parse(body: bytes) -> Event[Message]:
    """Read an event. Fields that a later minor version adds are ignored. Raises InvalidMessage."""
    if len(body) > LARGEST_BYTES:
        message = f"larger than {LARGEST_BYTES} bytes"
        raise InvalidMessage(message)
    model = _model_of(body)
    try:
        parsed = model.model_validate_json(body, extra="ignore")
    except ValidationError as error:
        raise InvalidMessage(_reason(error)) from None
    if parsed.type != parsed.data.TYPE or int(parsed.sequence) != parsed.data.version:
        message = "type or sequence does not agree with the data"
        raise InvalidMessage(message)
    return parsed


def routing_key(event: Event[Any]) -> str:
    """The type; for messages about a list also its kind, so that nobody receives the offers of the other kind."""
    kind = getattr(event.data, "list_kind", None)
    return event.type if kind is None else f"{event.type}.{kind}"


def _model_of(body: bytes) -> type[Event[Any]]:
    # A look at the text finds the type without parsing twice; data of ours has no field of that name.
    found = _TYPE.search(body)
    model = _EVENTS.get(found[1].decode()) if found else None
    if model is None:
        raise InvalidMessage(_why_unknown(body))
    return model


def _why_unknown(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "not valid JSON"
    if not isinstance(document, dict):
        return "not a JSON object"
    return "no message of this type is known" if "type" in document else "no type"


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(_step, item['loc']))}: {item['type']}" for item in problems[:20])


def _step(step: int | str) -> str:
    return str(step) if isinstance(step, int) or step.isidentifier() else "?"
