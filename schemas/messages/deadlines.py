"""What is said before it is too late, and when it was: by the registry, and of leases by the shelters."""

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


class LeaseMessage(Message):
    """Something about the lease of a vacancy, to its provider. `version` counts what was said of the unit's leases."""

    vacancy_id: UUID
    recipient: OrganisationId


class LeaseEnding(LeaseMessage):
    """A vacancy lapses soon, unless its provider affirms it. Said once of each lease, never after it was settled."""

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.lease-ending.v1"

    lease_expires_at: UtcDatetime


class LeaseSettled(LeaseMessage):
    """A lease of which was said that it ends needs nothing any more: it was affirmed, or the unit is not free now."""

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.lease-settled.v1"

    settled_at: UtcDatetime
