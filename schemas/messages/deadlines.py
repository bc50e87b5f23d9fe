"""What the registry says before it is too late."""

from typing import ClassVar

from schemas.base import UtcDatetime
from schemas.messages.offers import OfferMessage


class DeadlineNearing(OfferMessage):
    """Nobody has answered an offer yet, and its deadline is near. Said once, and never after the answer."""

    TYPE: ClassVar[str] = "nl.doorstroom.deadlines.deadline-nearing.v1"

    deadline_at: UtcDatetime
