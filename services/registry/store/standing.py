"""Where one case stands: its live entries, and what is offered to them, under one set of locks.

The order of locks is: the case, then its lists by name. A case that is held does not keep anybody from making offers
to it (their foreign keys need a weaker lock); it keeps others from changing in which lists it stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Subquery, literal_column, not_, or_, select, union

from schemas.vocabulary import ListKind
from services.chassis.database import Change, Row, among
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
    mine = select(entries.c.waitlist).where(entries.c.case_id == case_id, LIVE).order_by(entries.c.waitlist)
    names = {row.waitlist for row in await unit.execute(mine)}
    held = await lists.lock(unit, sorted(names | set(further)))
    return Standing(decode_profile(case.profile), held, await _places(unit, case_id, held))


async def set_profiles(unit: UnitOfWork, changed: Sequence[tuple[UUID, UUID]]) -> None:
    """Give entries other profiles."""
    await unit.write(_SET_PROFILES, [{"id": entry_id, "profile_id": profile_id} for entry_id, profile_id in changed])


async def places_of(unit: UnitOfWork, lists: Mapping[str, Waitlist], case_ids: Sequence[UUID]) -> list[Place]:
    """The live entries of these cases in lists that are held, by their ids."""
    mine = among(unit.connection, entries.c.case_id, case_ids)
    query = _PLACES.where(mine, LIVE, entries.c.waitlist.in_(list(lists))).order_by(entries.c.id)
    return [_place_of(row, lists) for row in await unit.execute(query)]


async def lists_with_entries_due(unit: UnitOfWork) -> list[str]:
    """The lists in which something is due to entries. A hint, read without a lock."""
    due = _due(unit)
    query = select(due.c.waitlist).distinct().order_by(due.c.waitlist)
    return [row.waitlist for row in await unit.execute(query)]


async def places_due(unit: UnitOfWork, lists: Mapping[str, Waitlist], limit: int) -> list[Place]:
    """Entries of these lists to which something is due, by their ids."""
    due = _due(unit)
    mine = select(due.c.id).where(due.c.waitlist.in_(list(lists))).order_by(due.c.id).limit(limit)
    query = _PLACES.where(entries.c.id.in_(mine)).order_by(entries.c.id)
    return [_place_of(row, lists) for row in await unit.execute(query)]


async def next_entry_due(unit: UnitOfWork) -> datetime | None:
    """When a pause or a right ends next."""
    moments = []
    for column, which in ((entries.c.paused_until, _TIMED), (entries.c.eligible_until, LIVE & _NOT_PROMISED)):
        later = select(column.label("due_at")).where(which, column > unit.now).order_by(column, entries.c.id).limit(1)
        moments += [row.due_at for row in await unit.execute(later)]
    return min(moments, default=None)


async def shelters_of(unit: UnitOfWork, case_ids: Sequence[UUID]) -> Shelters:
    """Which of these cases have a shelter: accepted, or moved into."""
    mine = (among(unit.connection, offers.c.case_id, case_ids), offers.c.kind == ListKind.SHELTER)
    query = select(offers.c.case_id, offers.c.state).where(*mine, or_(PLACED, ACCEPTED))
    found = await unit.execute(query)
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


def _due(unit: UnitOfWork) -> Subquery:
    """In parts, each of which has an index of its own: a list of a million is looked through every second."""
    lapsed = LIVE & entries.c.eligible_until.is_not(None) & (entries.c.eligible_until <= unit.now) & _NOT_PROMISED
    which = (_TIMED & (entries.c.paused_until <= unit.now), lapsed, _RELEASED)
    return union(*(select(entries.c.id, entries.c.waitlist).where(part) for part in which)).subquery("due")


_PLACES = select(*VACANCY_COLUMNS, *OFFER_COLUMNS, *ENTRY_COLUMNS).select_from(
    entries.outerjoin(offers, (offers.c.entry_id == entries.c.id) & ACTIVE).outerjoin(
        vacancies, vacancies.c.id == offers.c.vacancy_id
    )
)


async def _places(unit: UnitOfWork, case_id: UUID, lists: Mapping[str, Waitlist]) -> list[Place]:
    rows = await unit.execute(_PLACES.where(entries.c.case_id == case_id, LIVE).order_by(entries.c.id))
    return [_place_of(row, lists) for row in rows]


def _place_of(row: Row, lists: Mapping[str, Waitlist]) -> Place:
    profiles = lists[row.entry_waitlist].profiles
    if row.offer_id is None:
        return Place(entry_of(row, profiles, "entry_"), None)
    allocation = Allocation(vacancy_of(row), offer_of(row, profiles))
    assert allocation.offer is not None, "it was just read"  # noqa: S101 - for the type checker
    return Place(allocation.offer.entry, allocation)
