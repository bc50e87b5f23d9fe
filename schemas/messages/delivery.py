"""What services say of the messages themselves."""

from typing import Annotated, ClassVar

from pydantic import Field

from schemas.base import Message, UtcDatetime
from schemas.sensitivity import Word


class QueueLost(Message):
    """A service's queue was not there, so what was in it is lost: whoever sent something that it wants says it again.

    `bindings` are the topic patterns (AMQP 0-9-1) of what it wants, this type among them: so who has a queue hears of
    every other that was lost, in whatever order they are made. Also said when the queue is made for the first time. The
    subject is an id of its own, and the version is always 1.
    """

    TYPE: ClassVar[str] = "nl.doorstroom.delivery.queue-lost.v1"

    service: Annotated[str, Field(pattern="^[a-z]{1,64}$", description="whose queue it is")]
    bindings: Annotated[list[Annotated[Word, Field(min_length=1, max_length=255)]], Field(min_length=1, max_length=100)]
    found_at: UtcDatetime
