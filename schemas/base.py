"""What every schema has in common."""

from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


UtcDatetime = Annotated[AwareDatetime, PlainSerializer(_in_utc, return_type=str, when_used="json")]
"""A moment. Any offset is accepted (RFC 3339); what we send is UTC with `Z`."""

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

    vacancy_id: UUID
    version: Version
