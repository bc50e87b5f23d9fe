"""Which messages there are, whose they are, and how to read and write them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NoReturn, TypeVar
from uuid import UUID

from pydantic import ValidationError, create_model
from pydantic_core import to_json

from schemas.base import Message
from schemas.envelope import Event, InvalidMessage, MessageTooLarge
from schemas.messages import beds, deadlines, delivery, offers, placements, quotas
from schemas.vocabulary import ListKind

LARGEST_BYTES = 64 * 1024
"""The most that an event may take on the wire (NL GOV profile 1.1)."""

REASONS_LIMIT = 20

Data = TypeVar("Data", bound=Message)
DataModel = type[Message]
EventModel = type[Event[Any]]


@dataclass(frozen=True, slots=True)
class MessageType:
    """One type of message, its model, the service that owns the fact, and the model of the whole event.

    Without an owner it is a fact about whichever service says it.
    """

    type: str
    model: DataModel
    owner: str | None
    event_model: EventModel

    @property
    def routing_keys(self) -> tuple[str, ...]:
        """All routing keys that messages of this type are published with."""
        if "list_kind" not in self.model.model_fields:
            return (self.type,)
        return tuple(f"{self.type}.{kind}" for kind in ListKind)


def _owned(owner: str | None, *models: DataModel) -> tuple[MessageType, ...]:
    return tuple(MessageType(model.TYPE, model, owner, _event_model(model)) for model in models)


def _event_model(model: DataModel) -> EventModel:
    only_this: Any = Literal.__getitem__(model.TYPE)
    name = f"{model.__name__}Event"
    return create_model(name, __base__=Event, __doc__=model.__doc__, type=(only_this, ...), data=(model, ...))


MESSAGES: tuple[MessageType, ...] = (
    *_owned(
        "shelters",
        beds.BedFreed,
        beds.BedWithdrawn,
        beds.ArrivalConfirmed,
        beds.NoShowReported,
        beds.DepartureRecorded,
        beds.EnquiryAnswered,
        beds.PlacementConflicted,
        deadlines.LeaseEnding,
        deadlines.LeaseSettled,
    ),
    *_owned(
        "municipalities",
        quotas.SlotOpened,
        quotas.SlotWithdrawn,
        quotas.PlacementClaimed,
        quotas.HouseholdHoused,
        quotas.ClaimReversed,
    ),
    *_owned(
        "registry",
        offers.EnquiryMade,
        offers.EnquiryEnded,
        offers.OfferMade,
        offers.OfferAccepted,
        offers.HouseholdChanged,
        offers.OfferDeclined,
        offers.OfferExpired,
        offers.OfferRevoked,
        offers.PlacementFellThrough,
        placements.PlacementEnded,
        placements.PlacementRecorded,
        placements.RecordedPlacementEnded,
        deadlines.DeadlineNearing,
        deadlines.ReflectionPeriodEnding,
        deadlines.ContactNeeded,
    ),
    *_owned(None, delivery.QueueLost),
)

BY_TYPE: Mapping[str, MessageType] = MappingProxyType({message.type: message for message in MESSAGES})
_OWNERS = frozenset(message.owner for message in MESSAGES if message.owner is not None)
BY_MODEL: Mapping[DataModel, MessageType] = MappingProxyType({message.model: message for message in MESSAGES})


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
    """Put data into its envelope: type and sequence follow from it.

    Raises pydantic.ValidationError when an attribute is not as the profile wants it, and KeyError for data that is
    not in the catalogue.
    """
    return BY_MODEL[type(data)].event_model(
        specversion="1.0",
        id=id,
        source=source,
        type=data.TYPE,
        subject=subject,
        time=time,
        datacontenttype="application/json",
        dataref=dataref,
        sequence=f"{data.version:020}",
        sequencetype="Integer",
        traceparent=traceparent,
        data=data,
    )


def encode(event: Event[Any]) -> bytes:
    """Write the event as compact JSON in UTF-8. Raises MessageTooLarge."""
    body = to_json(event, exclude_none=True)
    if len(body) > LARGEST_BYTES:
        raise MessageTooLarge(f"An event has at most {LARGEST_BYTES} bytes: keep the rest where dataref points to.")
    return body


def parse(body: bytes) -> Event:
    """Read an event.

    Fields that a later minor version adds are ignored; types are not converted. Raises InvalidMessage.
    """
    if len(body) > LARGEST_BYTES:
        raise InvalidMessage(f"larger than {LARGEST_BYTES} bytes")
    message_type = _message_type(_document(body))
    try:
        parsed = message_type.event_model.model_validate_json(
            body, strict=True, extra="ignore", by_alias=True, by_name=False
        )
    except ValidationError as error:
        raise InvalidMessage(_reason(error)) from None
    if message_type.owner is not None and _speaker(parsed.source) not in (message_type.owner, None):
        raise InvalidMessage("source: another service than the one whose fact this is")
    if int(parsed.sequence) != parsed.data.version:
        raise InvalidMessage("sequence: not the version in the data")
    return parsed


def _speaker(source: str) -> str | None:
    """The service that a source names; None for a system with a name of its own."""
    name = source.rpartition(":")[2].rpartition(".")[2]
    return name if name in _OWNERS else None


def routing_key(event: Event[Any]) -> str:
    """Give the type; for messages about a list also its kind, so that nobody receives the offers of the other kind."""
    kind = getattr(event.data, "list_kind", None)
    return event.type if kind is None else f"{event.type}.{kind}"


def _document(body: bytes) -> dict[str, object]:
    # pydantic lets NaN pass and takes the last of two fields with one name; another reader may take the first.
    try:
        document = _STRICT_JSON.decode(body.decode())
    except InvalidMessage:
        raise
    except (ValueError, RecursionError):
        raise InvalidMessage("not valid JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise InvalidMessage("not a JSON object")
    return document


def _message_type(document: dict[str, object]) -> MessageType:
    name = document.get("type")
    if not isinstance(name, str):
        raise InvalidMessage("type: missing, or not text")
    message_type = BY_TYPE.get(name)
    if message_type is None:
        raise InvalidMessage("type: no message of this type and version is known")
    return message_type


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidMessage("a field is there twice")
    return fields


def _no_constant(_name: str) -> NoReturn:
    raise InvalidMessage("NaN and Infinity are not JSON")


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)[:REASONS_LIMIT]
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'event'}: {problem['type']}" for problem in problems)
