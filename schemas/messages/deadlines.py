"""What the registry says before it is too late, and when it was."""

from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.base import Message, OrganisationId, UtcDatetime
from schemas.messages.offers import OfferMessage
from schemas.vocabulary import ContactReason


class DeadlineNearing(OfferMessage):
    """Nobody has answered an offer yet, and its deadline is near. Said once, and never after the answer."""

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.deadline-nearing.v1"

    deadline_at: UtcDatetime


class ReflectionPeriodEnding(Message):
    """Something about a case ends soon, and its coordinator is warned; what and when is behind `dataref`.

    `version` counts the warnings about the case. Never said after the end, nor when it no longer matters.
    """

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.reflection-period-ending.v1"

    case_id: UUID = Field(description="the recipient's own reference to the case")
    recipient: OrganisationId


class ContactNeeded(Message):
    """Nobody answered in time, or what was accepted became wrong: the coordinator, or the helpdesk, should act.

    Each is told by a message of their own.

    `version` counts how often that was said of the entry.
    """

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.contact-needed.v1"

    entry_id: UUID = Field(description="the recipient's own reference to the entry")
    offer_id: UUID
    reason: ContactReason
    recipients: list[OrganisationId] = Field(min_length=1, max_length=10)
