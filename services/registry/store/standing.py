"""Where one case stands: its live entries, and what is offered to them, under one set of locks.

The order of locks is: the case, then its lists by name. A case that is held does not keep anybody from making offers
to it (their foreign keys need a weaker lock); it keeps others from changing in which lists it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import Integer, Select, Text, Uuid, bindparam, literal_column, not_, or_, select, union

from schemas.vocabulary import ListKind
from services.chassis.database import Change, Row, UtcDateTime, list_parameters, listed, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import (
    Allocation,
    Entry,
    EntryState,
    OfferState,
    Profile,
)
from services.registry.store.allocations import (
    ACCEPTED,
    ACTIVE,
    ENTRY_COLUMNS,
    LIVE,
    OFFER_COLUMNS,
    PLACED,
    VACANCY_COLUMNS,
    offer_of,
    vacancy_of,
)
from services.registry.store.cases import hold_case
from services.registry.store.codec import decode_profile
from services.registry.store.waitlists import Waitlist, WaitlistStore, entry_of
from services.registry.tables import entries, offers, vacancies

_SET_PROFILES = Change(entries, ("profile_id",))


@dataclass(slots=True)
class Place:
    """A live entry, with the vacancy that is offered to it, if one is."""

    entry: Entry
    allocation: Allocation | None


@dataclass(frozen=True, slots=True)
class Shelters:
    """Cases by what they have: a shelter that was accepted, or one that they live in and no other that was."""

    accepted: set[UUID]
    moved_in: set[UUID]


@dataclass(slots=True)
class Standing:
    """All places of one case. `lists` are those it stands in, and further ones that were asked for."""

    profile: Profile
    lists: dict[str, Waitlist]
    places: list[Place]

    def has_accepted(self, kind: ListKind) -> bool:
        """Whether a place of this kind has been accepted, and they are not there yet."""
        offered = [place.allocation.offer for place in self.places if place.allocation is not None]
        return any(offer is not None and offer.state is OfferState.ACCEPTED and offer.kind is kind for offer in offered)


async def standing_of(lists: WaitlistStore, unit: UnitOfWork, case_id: UUID, *further: str) -> Standing:
    """Hold a case and its lists, and see where it stands. Raises NotFound."""
    case = await hold_case(unit, case_id)
    names = {row.waitlist for row in await unit.execute(_LISTS_OF_CASE, {"case": case_id})}
    held = await lists.lock(unit, sorted(names | set(further)))
    return Standing(decode_profile(case.profile), held, await _places(unit, case_id, held))


async def set_profiles(unit: UnitOfWork, changed: Sequence[tuple[UUID, UUID]]) -> None:
    """Give entries other profiles."""
    await unit.write(_SET_PROFILES, [{"id": entry_id, "profile_id": profile_id} for entry_id, profile_id in changed])


async def places_of(unit: UnitOfWork, lists: Mapping[str, Waitlist], case_ids: Sequence[UUID]) -> list[Place]:
    """The live entries of these cases in lists that are held, by their ids."""
    rows = await unit.execute(_PLACES_OF, {"cases": case_ids})
    return [_place_of(row, lists) for row in rows if row.entry_waitlist in lists]


async def lists_with_entries_due(unit: UnitOfWork) -> list[str]:
    """The lists in which something is due to entries. A hint, read without a lock."""
    return [row.waitlist for row in await unit.execute(_LISTS_WITH_ENTRIES_DUE, {"now": unit.now})]


async def places_due(unit: UnitOfWork, lists: Mapping[str, Waitlist], limit: int) -> list[Place]:
    """Entries of these lists to which something is due, by their ids."""
    dialect = unit.connection.dialect.name
    names = list_parameters(dialect, ["id"], [(name,) for name in lists])
    rows = await unit.execute(_places_due(dialect), {"now": unit.now, "limit": limit} | names)
    return [_place_of(row, lists) for row in rows]


async def next_entry_due(unit: UnitOfWork) -> datetime | None:
    """When a pause or a right ends next."""
    found = [row.due_at for query in _NEXT_DUE for row in await unit.execute(query, {"now": unit.now})]
    return min(found, default=None)


_SHELTERS_OF = select(offers.c.case_id, offers.c.state).where(
    one_of(offers.c.case_id, "cases"), offers.c.kind == ListKind.SHELTER, or_(PLACED, ACCEPTED)
)


async def shelters_of(unit: UnitOfWork, case_ids: Sequence[UUID]) -> Shelters:
    """Which of these cases have a shelter: accepted, or moved into."""
    found = await unit.execute(_SHELTERS_OF, {"cases": case_ids})
    accepted = {row.case_id for row in found if row.state == OfferState.ACCEPTED}
    return Shelters(accepted, {row.case_id for row in found} - accepted)


_TIMED = (entries.c.state == literal_column(f"'{EntryState.PAUSED}'")) & entries.c.paused_until.is_not(None)
_accepted = offers.alias("accepted")
_IS_ACCEPTED = _accepted.c.state == literal_column(f"'{OfferState.ACCEPTED}'")
_NOT_PROMISED = not_(
    select(_accepted.c.id).where(_accepted.c.entry_id == entries.c.id, _IS_ACCEPTED).correlate(entries).exists()
)
_OF_SHELTER = (_accepted.c.case_id == entries.c.case_id) & (_accepted.c.kind == literal_column(f"'{ListKind.SHELTER}'"))
_RELEASED = (
    (entries.c.state == literal_column(f"'{EntryState.PAUSED}'"))
    & entries.c.released
    & not_(select(_accepted.c.id).where(_OF_SHELTER, _IS_ACCEPTED).correlate(entries).exists())
)


# Asked every second, so built once. In parts, each of which has an index of its own: a list of a million is looked
# through.
_NOW = bindparam("now", type_=UtcDateTime)
_LAPSED = LIVE & entries.c.eligible_until.is_not(None) & (entries.c.eligible_until <= _NOW) & _NOT_PROMISED
_DUE = union(
    *(
        select(entries.c.id, entries.c.waitlist).where(which)
        for which in (_TIMED & (entries.c.paused_until <= _NOW), _LAPSED, _RELEASED)
    )
).subquery("due")
_LISTS_WITH_ENTRIES_DUE = select(_DUE.c.waitlist).distinct().order_by(_DUE.c.waitlist)
_NEXT_DUE = [
    select(column.label("due_at")).where(which, column > _NOW).order_by(column, entries.c.id).limit(1)
    for column, which in ((entries.c.paused_until, _TIMED), (entries.c.eligible_until, LIVE & _NOT_PROMISED))
]


_PLACES = select(*VACANCY_COLUMNS, *OFFER_COLUMNS, *ENTRY_COLUMNS).select_from(
    entries.outerjoin(offers, (offers.c.entry_id == entries.c.id) & ACTIVE).outerjoin(
        vacancies, vacancies.c.id == offers.c.vacancy_id
    )
)


@lru_cache(maxsize=2)
def _places_due(dialect: str) -> Select[tuple[object, ...]]:
    mine = select(_DUE.c.id).where(_DUE.c.waitlist.in_(select(listed(dialect, {"id": Text()}).c.id)))
    first = mine.order_by(_DUE.c.id).limit(bindparam("limit", type_=Integer))
    return _PLACES.where(entries.c.id.in_(first)).order_by(entries.c.id)


_OF_CASE = (entries.c.case_id == bindparam("case", type_=Uuid)) & LIVE
_LISTS_OF_CASE = select(entries.c.waitlist).where(_OF_CASE).order_by(entries.c.waitlist)
_PLACES_OF = _PLACES.where(one_of(entries.c.case_id, "cases"), LIVE).order_by(entries.c.id)
_PLACES_OF_CASE = _PLACES.where(_OF_CASE).order_by(entries.c.id)


async def _places(unit: UnitOfWork, case_id: UUID, lists: Mapping[str, Waitlist]) -> list[Place]:
    return [_place_of(row, lists) for row in await unit.execute(_PLACES_OF_CASE, {"case": case_id})]


def _place_of(row: Row, lists: Mapping[str, Waitlist]) -> Place:
    profiles = lists[row.entry_waitlist].profiles
    if row.offer_id is None:
        return Place(entry_of(row, profiles, "entry_"), None)
    allocation = Allocation(vacancy_of(row), offer_of(row, profiles))
    assert allocation.offer is not None, "it was just read"  # noqa: S101 - for the type checker
    return Place(allocation.offer.entry, allocation)
