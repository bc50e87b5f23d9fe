"""References: one for each organisation and id, and of no use to anybody else."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.registry.store.references import NOBODY, OwnReferences

IDS = st.uuids(version=4).map(lambda id_: UUID(int=id_.int & ~(0xF << 76) | 7 << 76))
"""UUIDs of version 7, as ours are."""
NORTH, SOUTH = OwnReferences(bytes(32)), OwnReferences(bytes([1]) * 32)


@given(IDS)
def test_a_reference_leads_back_to_its_id_and_no_other_organisations_does(id_: UUID) -> None:
    """And it does not look like the id, nor like another organisation's reference to the same."""
    north, south = NORTH.to(id_), SOUTH.to(id_)
    assert (NORTH.meant_by(north), SOUTH.meant_by(south)) == (id_, id_)
    assert len({id_, north, south, NORTH.meant_by(south), SOUTH.meant_by(north)}) == 5


@given(IDS)
def test_a_reference_is_a_uuid_for_own_uses_and_the_same_each_time(id_: UUID) -> None:
    """So that it fits wherever a UUID does, and can be kept."""
    assert NORTH.to(id_).version == 8
    assert NORTH.to(id_) == NORTH.to(id_)


@given(IDS | st.uuids(version=4) | st.uuids(version=1))
def test_what_was_never_given_means_nobody(id_: UUID) -> None:
    """Least of all an id as it is stored: that is nobody's reference."""
    assert NORTH.meant_by(id_) == NOBODY
