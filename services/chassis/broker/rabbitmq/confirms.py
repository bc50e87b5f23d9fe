"""Which published message was truly confirmed: pure bookkeeping of one channel in confirm mode, without any I/O.

The broker numbers the publishes of a channel 1, 2, 3 ... and acknowledges or refuses a number, or all up to a number.
An unroutable message is *returned* first, by its message id, and acknowledged after. So a message counts as confirmed
only if its own number was acknowledged and it was not returned before
(https://www.rabbitmq.com/docs/confirms#when-publishes-are-confirmed).
"""

from collections import deque
from collections.abc import Sequence

from services.chassis.broker.outcomes import REFUSED, UNROUTABLE, Batch
from services.chassis.broker.port import NotConfirmed


class _Publish:
    """One message on its way."""

    __slots__ = ("batch", "index", "message_id", "returned", "size_bytes")

    def __init__(self, batch: Batch, index: int, message_id: str, size_bytes: int) -> None:
        self.batch = batch
        self.index = index
        self.message_id = message_id
        self.size_bytes = size_bytes
        self.returned = False


class Confirms:
    """The publishes in flight on one channel, by number and by message id."""

    def __init__(self) -> None:
        """Begin with a fresh channel, whose first publish has number 1."""
        self._next_tag = 1
        self._by_tag: dict[int, _Publish] = {}
        # Rising; may still hold numbers that were settled one by one, which are skipped when they come to the front.
        self._tags: deque[int] = deque()
        self._by_message_id: dict[str, _Publish] = {}
        self.in_flight_bytes = 0

    @property
    def in_flight(self) -> int:
        """How many messages have no outcome yet."""
        return len(self._by_tag)

    def has(self, message_id: str) -> bool:
        """Whether a message with this id is in flight; a return could not be told from another's with the same id."""
        return message_id in self._by_message_id

    def add(self, batch: Batch, index: int, message_id: str, size_bytes: int) -> None:
        """Note the next publish of the channel, in the order in which they are written to the socket."""
        publish = _Publish(batch, index, message_id, size_bytes)
        tag = self._next_tag
        self._next_tag = tag + 1
        self._by_tag[tag] = publish
        self._tags.append(tag)
        self._by_message_id[message_id] = publish
        self.in_flight_bytes += size_bytes

    def returned(self, message_id: str) -> None:
        """Note that no queue was found for this message; the acknowledgement that follows does not confirm it."""
        publish = self._by_message_id.get(message_id)
        if publish is not None:
            publish.returned = True

    def acknowledged(self, tag: int, *, multiple: bool) -> None:
        """Settle one number, or all up to it, as confirmed."""
        for publish in self._take(tag, multiple=multiple):
            publish.batch.settle(publish.index, UNROUTABLE if publish.returned else None)

    def refused(self, tag: int, *, multiple: bool) -> None:
        """Settle one number, or all up to it, as refused by the broker."""
        for publish in self._take(tag, multiple=multiple):
            publish.batch.settle(publish.index, UNROUTABLE if publish.returned else REFUSED)

    def lost(self, reason: str) -> None:
        """Settle everything in flight as not confirmed: no answer can come any more."""
        error = NotConfirmed(reason)
        for publish in self._take(self._next_tag, multiple=True):
            publish.batch.settle(publish.index, UNROUTABLE if publish.returned else error)

    def _take(self, tag: int, *, multiple: bool) -> Sequence[_Publish]:
        tags = self._up_to(tag) if multiple else (tag,)
        taken = [publish for each in tags if (publish := self._by_tag.pop(each, None)) is not None]
        for publish in taken:
            del self._by_message_id[publish.message_id]
            self.in_flight_bytes -= publish.size_bytes
        while self._tags and self._tags[0] not in self._by_tag:
            self._tags.popleft()
        return taken

    def _up_to(self, tag: int) -> Sequence[int]:
        tags = []
        while self._tags and self._tags[0] <= tag:
            tags.append(self._tags.popleft())
        return tags
