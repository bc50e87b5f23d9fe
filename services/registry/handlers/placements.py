"""Places where households are already: emergency beds that police found at night, and places outside the system."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column

from schemas.messages.beds import PlacementConflicted
from schemas.vocabulary import (
    ListKind,
    PlacementKind,
    PlacementReview,
    Programme,
    RecordedPlacementEnd,
    RevocationReason,
)
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers import messages, reconsider
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import events as store
from services.registry.store.standing import standing_of
from services.registry.tables import placements as table

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

    Where police brought somebody at night, people are: what is offered of that unit is revoked when its provider's
    service hears of it. Raises NotFound, or Conflict for a household that has a place, and for any other placement in a
    unit that is offered as free.
    """
    await held_case(unit, case_id, coordinator)
    if await store.is_somewhere(unit, case_id):
        raise Conflict("This household has a place already: end that first.")
    is_a_fact = found.kind is PlacementKind.EMERGENCY
    if found.unit_id is not None and not is_a_fact and await store.is_to_be_had(unit, found.unit_id):
        raise Conflict("This unit is offered as free: its provider must withdraw it first.")
    placement_id = await store.add_placement(unit, case_id, coordinator, asdict(found))
    if found.unit_id is not None:
        messages.record_placement_recorded(unit, placement_id, found.unit_id, found.since)
    if ends_waiting[found.kind]:
        await _leave_shelter_lists(matchmaker, unit, case_id)
    return placement_id


async def end_placement(unit: UnitOfWork, placement_id: UUID, coordinator: str) -> None:
    """They are no longer there. Raises NotFound, or Conflict when that was said before."""
    placement = await store.find_placement(unit, placement_id, coordinator)
    await held_case(unit, placement["case_id"], coordinator)
    if not await _end(unit, table.c.id, [placement_id], RecordedPlacementEnd.LEFT):
        raise Conflict("This placement has ended already.")


async def review_placement(unit: UnitOfWork, placement_id: UUID, coordinator: str, review: PlacementReview) -> None:
    """Say what was found of it. One that was recorded in error is over by that. Raises NotFound."""
    await store.find_placement(unit, placement_id, coordinator)
    await store.review_placement(unit, placement_id, review)
    if review is PlacementReview.RECORDED_IN_ERROR:
        await _end(unit, table.c.id, [placement_id], RecordedPlacementEnd.RECORDED_IN_ERROR)


async def households_moved(unit: UnitOfWork, case_ids: Sequence[UUID], reason: RecordedPlacementEnd) -> None:
    """These households have a place of the lists now, so they are no longer where they were found."""
    if case_ids:
        await _end(unit, table.c.case_id, case_ids, reason)


async def households_departed(unit: UnitOfWork, placement_ids: Sequence[UUID]) -> None:
    """Their providers say that these households are gone, and know it already."""
    await store.end_placements(unit, table.c.id, placement_ids)


async def placements_conflicted(_: Matchmaker, unit: UnitOfWork, events: Sequence[PlacementConflicted]) -> None:
    """Households cannot be where they were recorded: that stands with the placement, for somebody to find out."""
    for event in events:
        await store.set_conflict(unit, event.placement_id, event.conflict)


async def _end(unit: UnitOfWork, column: Column[UUID], ids: Sequence[UUID], reason: RecordedPlacementEnd) -> bool:
    """End what has not ended yet, and tell the providers; whether there was any."""
    ended = await store.end_placements(unit, column, ids)
    for placement in ended:
        if placement["unit_id"] is not None:
            messages.record_recorded_placement_ended(unit, placement["id"], placement["unit_id"], reason)
    return bool(ended)


async def _leave_shelter_lists(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID) -> None:
    standing = await standing_of(matchmaker.lists, unit, case_id)
    concerned = [place for place in standing.places if standing.lists[place.entry.waitlist].kind is ListKind.SHELTER]
    await reconsider.take_out(matchmaker, unit, standing.lists, RevocationReason.LEFT_LIST, concerned)
