"""Bodies about a service itself, the same in every API: what it could not handle, and its audit log."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from schemas.base import Schema, UtcDatetime
from schemas.sensitivity import Sensitivity, Word

QUARANTINE_LIMIT = 1000
EVENT_CHARACTERS = 32 * 1024


class QuarantinedMessage(Schema):
    """A message that could not be handled, without what it says: that may be about a person."""

    quarantine_id: UUID = Field(description="the beginning of its SHA-256, by which commands know it")
    event_type: Word = Field(description="what it is about, as its publisher wrote")
    event_id: Word = Field(description="its id, as its publisher wrote")
    reason: Word = Field(description="what is wrong with it, without any of its values")
    attempts: int = Field(ge=1, description="how often it was tried")
    received_at: UtcDatetime
    size_bytes: int = Field(ge=0)


class Quarantine(Schema):
    """What waits for a decision, the oldest first."""

    messages: Annotated[list[QuarantinedMessage], Field(max_length=QUARANTINE_LIMIT)]


class Repair(Schema):
    """How a message is to be heard again."""

    repaired: Annotated[str | None, Sensitivity.PERSONAL] = Field(
        None,
        max_length=EVENT_CHARACTERS,
        description="a whole message in its place (CloudEvents), with the same id and type; as it was, if not said",
    )


class AuditQuery(Schema):
    """From where on the audit log is read."""

    after: int = Field(0, ge=0, le=2**63 - 1, description="the line after which it begins; 0 is the beginning")
    digest: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="of that line, as it was told earlier; the log's own, if not said"
    )


class AuditCheck(Schema):
    """What was found in a part of the audit log: nothing, when every line is as it was written."""

    findings: Annotated[list[Word], Field(max_length=101, description="each a place where somebody was")]
    lines: int = Field(ge=0, description="how many lines were read")
    last_line: int = Field(ge=0, description="the last line that was read; keep it elsewhere, with its digest")
    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="of that line, which seals all before it")]
    complete: bool = Field(description="there is no line after it")
    verified_at: UtcDatetime
