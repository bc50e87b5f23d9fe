"""The CloudEvents 1.0 envelope, after the NL GOV profile 1.1: structured mode, in JSON."""

from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from schemas.base import Message, Schema, UtcDatetime

Data = TypeVar("Data", bound=Message)


class InvalidMessage(ValueError):
    """A message that no model accepts. The reason names fields and rules, never a value."""


class MessageTooLarge(ValueError):
    """An event of more than 64 KiB, which the NL GOV profile does not allow."""


class Event(Schema, Generic[Data]):
    """One event. Attribute names are lower case without separators, as CloudEvents wants them."""

    model_config = {"alias_generator": None}

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Annotated[str, Field(pattern=r"^urn:nld:(oin:\d{20}:systeem:[a-z0-9-]{1,64}|kvknr:\d{8}\.[a-z0-9-]{1,64})$")]
    type: Annotated[str, Field(max_length=128)]
    subject: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    time: UtcDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Annotated[str | None, Field(max_length=512)] = None
    dataref: Annotated[str | None, Field(max_length=512)] = None
    sequence: Annotated[str, Field(pattern=r"^\d{20}$")]
    sequencetype: Literal["Integer"] = "Integer"
    traceparent: Annotated[str | None, Field(pattern=r"^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")] = None
    data: Data
