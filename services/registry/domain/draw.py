"""An optional draw between those who have waited equally long, which anyone can check afterwards.

The seed is fixed before anyone draws by it: its commitment is public from the start, the seed itself once the draw is
over. A household's lot follows from the seed and its case alone, so nobody can draw again by leaving and returning.
"""

from hashlib import sha256
from hmac import digest
from uuid import UUID

ALGORITHM = "hmac-sha256"
SEED_BYTES = 32
NO_LOT = UUID(int=0)
"""The lot of who drew none. It stands before every lot that was drawn."""

_LOT_BYTES = 16


def commitment(seed: bytes) -> str:
    """What is said of a seed beforehand: its SHA-256, in hexadecimal."""
    return sha256(seed).hexdigest()


def lot(seed: bytes, case_id: UUID) -> UUID:
    """What a case draws: the first 16 bytes of the HMAC-SHA-256 of its id's 16 bytes, with the seed as key."""
    return UUID(bytes=digest(seed, case_id.bytes, "sha256")[:_LOT_BYTES])
