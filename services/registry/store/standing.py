"""Where one case stands: its live entries, and what is offered to them, under one set of locks.

The order of locks is: the case, then its lists by name. A case that is held does not keep anybody from making offers
to it (their foreign keys need a weaker lock); it keeps others from changing in which lists it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import literal_column, select

from services.chassis.database import Change, Row
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import LIVE_ENTRY_STATES, Allocation, Entry, Profile
from services.registry.store.allocations import (
    ACTIVE,
    ENTRY_COLUMNS,
    OFFER_COLUMNS,
    VACANCY_COLUMNS,
    offer_of,
    vacancy_of,
)
from services.registry.store.cases import hold_case
from services.registry.store.codec import decode_profile
from services.registry.store.waitlists import Waitlist, WaitlistStore, entry_of
from services.registry.tables import entries, offers, vacancies

_LIVE = entries.c.state.in_([literal_column(f"'{state}'") for state in LIVE_ENTRY_STATES])
_SET_PROFILES = Change(entries, ("profile_id",))


@dataclass(slots=True)
class Place:
    """A live entry, with the vacancy that is offered to it, if one is."""

    entry: Entry
    allocation: Allocation | None


@dataclass(slots=True)
class Standing:
    """All places of one case. `lists` are those it stands in, and further ones that were asked for."""

    profile: Profile
    lists: dict[str, Waitlist]
    places: list[Place]


async def standing_of(lists: WaitlistStore, unit: UnitOfWork, case_id: UUID, *further: str) -> Standing:
    """Hold a case and its lists, and see where it stands. Raises NotFound."""
    case = await hold_case(unit, case_id)
    mine = select(entries.c.waitlist).where(entries.c.case_id == case_id, _LIVE).order_by(entries.c.waitlist)
    names = {row.waitlist for row in await unit.execute(mine)}
    held = await lists.lock(unit, sorted(names | set(further)))
    return Standing(decode_profile(case.profile), held, await _places(unit, case_id, held))


async def set_profiles(unit: UnitOfWork, changed: Sequence[tuple[UUID, UUID]]) -> None:
    """Give entries other profiles."""
    await unit.write(_SET_PROFILES, [{"id": entry_id, "profile_id": profile_id} for entry_id, profile_id in changed])


async def _places(unit: UnitOfWork, case_id: UUID, lists: Mapping[str, Waitlist]) -> list[Place]:
    joined = entries.outerjoin(offers, (offers.c.entry_id == entries.c.id) & ACTIVE)
    joined = joined.outerjoin(vacancies, vacancies.c.id == offers.c.vacancy_id)
    query = select(*VACANCY_COLUMNS, *OFFER_COLUMNS, *ENTRY_COLUMNS).select_from(joined)
    rows = await unit.execute(query.where(entries.c.case_id == case_id, _LIVE).order_by(entries.c.id))
    return [_place_of(row, lists) for row in rows]


def _place_of(row: Row, lists: Mapping[str, Waitlist]) -> Place:
    profiles = lists[row.entry_waitlist].profiles
    if row.offer_id is None:
        return Place(entry_of(row, profiles, "entry_"), None)
    allocation = Allocation(vacancy_of(row), offer_of(row, profiles))
    assert allocation.offer is not None, "it was just read"  # noqa: S101 - for the type checker
    return Place(allocation.offer.entry, allocation)
