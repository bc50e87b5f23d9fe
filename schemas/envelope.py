"""The CloudEvents 1.0 envelope, after the NL GOV profile 1.1: structured mode, in JSON."""

from typing import Annotated, Generic, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.types import UuidVersion
from typing_extensions import TypeVar

from schemas.base import Message, Schema, UtcDatetime

Data = TypeVar("Data", bound=Message, default=Message)

_UUID7 = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
_URI_CHARACTERS = r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]"

Id = Annotated[UUID, UuidVersion(7), Field(json_schema_extra={"format": "uuid", "pattern": _UUID7})]
Source = Annotated[
    str,
    Field(
        pattern=r"^urn:nld:(oin:[0-9]{20}:systeem:[A-Za-z0-9._-]{1,64}|kvknr:[0-9]{8}\.[A-Za-z0-9._-]{1,64})$",
        description="the organisation and the system that recorded the event",
    ),
]
Type = Annotated[str, Field(pattern=r"^[a-z0-9.-]{1,128}$")]
Subject = Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,64}$", description="an opaque id: what the event is about")]
Reference = Annotated[str, Field(pattern=f"^{_URI_CHARACTERS}{{1,512}}$", description="where to fetch the rest")]
SchemaAddress = Annotated[str, Field(pattern=f"^[A-Za-z][A-Za-z0-9+.-]{{0,31}}:{_URI_CHARACTERS}{{1,480}}$")]
Sequence = Annotated[str, Field(pattern="^[0-9]{20}$", description="data.version, zero-padded to sort as text")]
TraceParent = Annotated[
    str,
    Field(pattern="^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$", description="W3C Trace Context"),
]


class InvalidMessage(ValueError):
    """A message that no model accepts. The reason names fields and rules, never a value."""


class MessageTooLarge(ValueError):
    """An event of more than 64 KiB, which the NL GOV profile does not allow."""


class Event(Schema, Generic[Data]):
    """One event. Attribute names are lower case without separators, as CloudEvents wants them."""

    model_config = ConfigDict(alias_generator=None)

    specversion: Literal["1.0"]
    id: Id
    source: Source
    type: Type
    subject: Subject
    time: UtcDatetime = Field(description="when it was recorded; when it happened is in the data")
    datacontenttype: Literal["application/json"]
    dataschema: SchemaAddress | None = None
    dataref: Reference | None = None
    sequence: Sequence
    sequencetype: Literal["Integer"]
    traceparent: TraceParent | None = None
    data: Data
