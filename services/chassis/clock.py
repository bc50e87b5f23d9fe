"""Time and identity, injected: nothing below this module asks the machine for either."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils import compat

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""

Identifiers = Callable[[], UUID]
"""Gives a new UUIDv7 (RFC 9562) at each call: unique, and rising with time, so an index on it stays dense."""


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def system_identifiers() -> UUID:
    """A UUIDv7 from the machine's clock and random source."""
    return compat.uuid7()
