"""What every schema has in common."""

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

_RFC_3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_MOMENT = "A moment is written as in RFC 3339, with Z or an offset, such as 2026-07-01T09:30:00Z."


def in_utc(moment: datetime) -> datetime:
    """Give the same moment in UTC; raise ValueError when that falls outside the years 1 to 9999."""
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("A moment lies between the years 1 and 9999, in UTC.") from None


def _from_text(value: object) -> object:
    # pydantic would also read a number in quotes, a space for the T, and an offset without a colon.
    if not isinstance(value, str):
        return value
    if not _RFC_3339.fullmatch(value):
        raise ValueError(_MOMENT)
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError(_MOMENT) from None


# The pattern is published too: a reader that takes `format` for a mere annotation, as it may, still checks it.
_MOMENT_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_RFC_3339.pattern}$"})

UtcDatetime = Annotated[AwareDatetime, BeforeValidator(_from_text), Strict(), AfterValidator(in_utc), _MOMENT_SCHEMA]
"""A moment (RFC 3339). Any offset is accepted; what we keep and send is UTC, with `Z`."""

OrganisationId = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="an organisation's opaque id"),
]

Version = Annotated[int, Field(ge=1, le=2_147_483_647, description="rises with each event about the same thing")]


class Schema(BaseModel):
    """camelCase on the wire, closed, immutable; its errors never repeat the input."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )


class Message(Schema):
    """The data of an event: what is now true. An older `version` has nothing to add to a newer one."""

    TYPE: ClassVar[str]

    version: Version


class VacancyMessage(Message):
    """Something about one vacancy: one episode of a unit or slot being free."""

    vacancy_id: UUID
