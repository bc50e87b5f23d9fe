"""An optional draw between those who have waited equally long, which anyone can check afterwards.

The seed is fixed before anyone draws by it: its commitment is public from the start, the seed itself once the draw is
over. A household's lot follows from the seed and its case alone, so nobody can draw again by leaving and returning.
What is published with the seed are tickets: to those who know a case they tell its lot, and nothing to others.
"""

from hashlib import sha256
from hmac import digest
from uuid import UUID

ALGORITHM = "hmac-sha256"
SEED_BYTES = 32
NO_LOT = UUID(int=0)
"""The lot of who came before any draw. It stands before every lot that was drawn."""
TOO_LATE = UUID(int=2**128 - 1)
"""The lot of who came after a draw, and drew none. It stands behind every lot that was drawn."""

_BYTES = 16


def commitment(seed: bytes) -> str:
    """What is said of a seed beforehand: its SHA-256, in hexadecimal."""
    return sha256(seed).hexdigest()


def ticket(case_id: UUID) -> UUID:
    """What a case draws with: the first 16 bytes of the SHA-256 of its id's 16 bytes."""
    return UUID(bytes=sha256(case_id.bytes).digest()[:_BYTES])


def lot(seed: bytes, drawn_with: UUID) -> UUID:
    """What a ticket draws: the first 16 bytes of the HMAC-SHA-256 of its 16 bytes, with the seed as key."""
    return UUID(bytes=digest(seed, drawn_with.bytes, "sha256")[:_BYTES])


def drawn(lot: UUID) -> UUID | None:
    """A lot; None for who drew none."""
    return None if lot in (NO_LOT, TOO_LATE) else lot
