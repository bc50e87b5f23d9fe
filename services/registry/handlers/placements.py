"""Places where households are already: emergency beds that police found at night, and places outside the system."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import ListKind, PlacementKind, PlacementReview, Programme, RevocationReason
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers import reconsider
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import events as store
from services.registry.store.standing import standing_of

EndsWaiting = Mapping[PlacementKind, bool]
"""Whether a household that is in such a place leaves the shelter lists by that; policy, so a setting."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a household is, since when, and how it came there."""

    kind: PlacementKind
    since: datetime
    programme: Programme | None = None
    unit_id: UUID | None = None


async def record_placement(
    matchmaker: Matchmaker, ends_waiting: EndsWaiting, unit: UnitOfWork, case_id: UUID, coordinator: str, found: Found
) -> UUID:
    """Record after the fact where a household is; somebody will review it. Gives its id.

    Raises NotFound, or Conflict for a household that has a place, and for a unit that is offered as free.
    """
    await held_case(unit, case_id, coordinator)
    if await store.is_somewhere(unit, case_id):
        raise Conflict("This household has a place already: end that first.")
    if found.unit_id is not None and await store.is_to_be_had(unit, found.unit_id):
        raise Conflict("This unit is offered as free: its provider must withdraw it first.")
    placement_id = await store.add_placement(unit, case_id, coordinator, asdict(found))
    if ends_waiting[found.kind]:
        await _leave_shelter_lists(matchmaker, unit, case_id)
    return placement_id


async def end_placement(unit: UnitOfWork, placement_id: UUID, coordinator: str) -> None:
    """They are no longer there. Raises NotFound, or Conflict when that was said before."""
    placement = await store.find_placement(unit, placement_id, coordinator)
    await held_case(unit, placement["case_id"], coordinator)
    if (await store.find_placement(unit, placement_id, coordinator))["ended_at"] is not None:
        raise Conflict("This placement has ended already.")
    await store.end_placement(unit, placement_id, unit.now)


async def review_placement(unit: UnitOfWork, placement_id: UUID, coordinator: str, review: PlacementReview) -> None:
    """Say what was found of it. One that was recorded in error is over by that. Raises NotFound."""
    placement = await store.find_placement(unit, placement_id, coordinator)
    await store.review_placement(unit, placement_id, review)
    if review is PlacementReview.RECORDED_IN_ERROR and placement["ended_at"] is None:
        await store.end_placement(unit, placement_id, unit.now)


async def _leave_shelter_lists(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID) -> None:
    standing = await standing_of(matchmaker.lists, unit, case_id)
    concerned = [place for place in standing.places if standing.lists[place.entry.waitlist].kind is ListKind.SHELTER]
    await reconsider.take_out(matchmaker, unit, standing.lists, RevocationReason.LEFT_LIST, concerned)
