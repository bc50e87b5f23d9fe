"""Time, identity and chance, injected: nothing below this module asks the machine for them."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils import compat

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""

Identifiers = Callable[[], UUID]
"""Gives a new UUIDv7 (RFC 9562) at each call: unique, and rising with time, so an index on it stays dense."""

Chance = Callable[[int], bytes]
"""Gives so many bytes that nobody can foresee."""


def system_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def system_identifiers() -> UUID:
    """A UUIDv7 from the machine's clock and random source."""
    return compat.uuid7()


def system_chance(number: int) -> bytes:
    """Bytes from the machine's random source, fit for keys and seeds."""
    return secrets.token_bytes(number)
