"""The draw, said again with nothing of ours."""

import hashlib
import hmac
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.registry.domain import draw

SEED = bytes(range(32))
CASE = UUID("019a0000-0000-7000-8000-000000000001")


def test_a_lot_and_a_commitment_are_what_the_description_says() -> None:
    """Computed once by other means: who has the seed and the ticket finds the same."""
    assert draw.commitment(SEED) == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert draw.lot(SEED, CASE) == UUID("bc53b297-2b83-8ed6-fd25-11a629b1007f")
    assert draw.ticket(CASE).bytes == hashlib.sha256(CASE.bytes).digest()[:16]


@given(st.binary(min_size=32, max_size=32), st.uuids())
def test_a_lot_follows_from_the_seed_and_the_ticket_alone(seed: bytes, ticket: UUID) -> None:
    """So nobody draws again by leaving and coming back."""
    assert draw.lot(seed, ticket).bytes == hmac.new(seed, ticket.bytes, hashlib.sha256).digest()[:16]
