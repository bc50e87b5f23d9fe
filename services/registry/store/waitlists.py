"""Waitlists and who stands in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    SmallInteger,
    Text,
    Uuid,
    and_,
    bindparam,
    insert,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from schemas.vocabulary import ListKind
from services.chassis.database import POSTGRESQL, Row, UtcDateTime, list_parameters, listed, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import LIVE_ENTRY_STATES, Entry, EntryState, Lack, PauseReason, Profile
from services.registry.domain.order import HIGHEST_URGENCY, place_in_line, precedence
from services.registry.domain.profiles import Profiles
from services.registry.domain.programmes import Programme
from services.registry.store.codec import decode_lacks, decode_profile, encode_lacks, encode_profile
from services.registry.tables import entries, offers, profiles, vacancies, waitlists

LineRow = Row

# A constant in the text, not a parameter: only so can a prepared plan use the partial index.
_WAITING: ColumnElement[str] = literal_column(f"'{EntryState.WAITING}'")
_PAUSED: ColumnElement[str] = literal_column(f"'{EntryState.PAUSED}'")
_LIVE: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in LIVE_ENTRY_STATES]
_entitled = or_(
    entries.c.eligible_until > bindparam("begins", type_=UtcDateTime),
    and_(entries.c.eligible_until.is_(None), not_(bindparam("entitled_only", type_=Boolean))),
)
_granted = or_(
    entries.c.lacks == "",
    and_(entries.c.lacks == encode_lacks(frozenset({Lack.PERMIT})), not_(bindparam("permit_only", type_=Boolean))),
)

_PLACE = (entries.c.precedence, entries.c.waiting_since, entries.c.lot, entries.c.id)


IN_LINE = (entries.c.state == _WAITING) | (entries.c.state == _PAUSED)
"""Who waits, and who stands aside for a while and is passed over: in the words of the index that has their order."""


def _ahead(*conditions: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    mine = (entries.c.waitlist == bindparam("list"), IN_LINE, *conditions)
    query = select(entries).where(*mine).order_by(*_PLACE).limit(bindparam("limit", type_=Integer))
    return select(query.subquery())


_MORE_URGENT = entries.c.precedence < bindparam("precedence", type_=SmallInteger)
_AS_URGENT = entries.c.precedence == bindparam("precedence", type_=SmallInteger)
_EARLIER = tuple_(*_PLACE[1:]) < tuple_(
    bindparam("waiting_since", type_=UtcDateTime), bindparam("lot", type_=Uuid), bindparam("id", type_=Uuid)
)
# Two parts, for PostgreSQL ends an index scan by the first column of a row comparison only: with all its columns in
# one comparison it reads on through everyone who is as urgent.
_AHEAD = union_all(_ahead(_MORE_URGENT), _ahead(_AS_URGENT, _EARLIER)).limit(bindparam("limit", type_=Integer))


_NONE = Profiles()
_PROFILES_OF = select(profiles.c.id, profiles.c.profile).where(profiles.c.waitlist == bindparam("list"))
_SEEN = select(waitlists.c.id, waitlists.c.policy).order_by(waitlists.c.id)


@dataclass(slots=True)
class Waitlist:
    """A waitlist whose lock this transaction holds, with the profiles of all who ever stood in it.

    `pausing`: somebody stands aside in it, or did until a moment ago.
    """

    id: str
    kind: ListKind
    profiles: Profiles = field(repr=False)
    pausing: bool = True


class ProfileCache:
    """Profiles are never changed nor removed, so each process reads each of them once.

    Only what is committed is remembered: of that, there is one set of each size, and `profile_count` of the list says
    whether there are more by now.
    """

    def __init__(self) -> None:
        self._by_waitlist: dict[str, Profiles] = {}

    async def of(self, unit: UnitOfWork, waitlist: str, count: int) -> Profiles:
        """All profiles of a list that has `count` of them."""
        known = self._by_waitlist.get(waitlist, _NONE)
        if len(known) != count:
            rows = await unit.execute(_PROFILES_OF, {"list": waitlist})
            known = Profiles((row.id, decode_profile(row.profile)) for row in rows)
            self.remember(unit, waitlist, known)
        return known

    def remember(self, unit: UnitOfWork, waitlist: str, known: Profiles) -> None:
        """These are all profiles of a list, once this is committed."""
        unit.after_commit.append(partial(self._by_waitlist.__setitem__, waitlist, known))


_INSERT_PROFILE = insert(profiles)
_COUNT_PROFILE = (
    update(waitlists).where(waitlists.c.id == bindparam("list")).values(profile_count=waitlists.c.profile_count + 1)
)


class WaitlistStore:
    """Locks waitlists and finds who is first in them."""

    def __init__(self) -> None:
        self._cache = ProfileCache()

    async def lock(self, unit: UnitOfWork, ids: Sequence[str]) -> dict[str, Waitlist]:
        """Hold these lists until the transaction ends; no one else decides about them meanwhile."""
        names = list_parameters(unit.connection.dialect.name, ["id"], [(id_,) for id_ in ids])
        return await self._lock(unit, _lock_named(unit.connection.dialect.name), names)

    async def lock_of_vacancies(self, unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[str, Waitlist]:
        """Hold the lists that these vacancies belong to. A vacancy never changes its list."""
        return await self._lock(unit, _LOCK_OF_VACANCIES, {"ids": vacancy_ids})

    async def lock_of_households(self, unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[str, Waitlist]:
        """Hold the lists of these vacancies, and all lists in which those stand to whom they were offered."""
        return await self._lock(unit, _LOCK_OF_HOUSEHOLDS, {"ids": vacancy_ids})

    async def _lock(
        self, unit: UnitOfWork, query: Select[tuple[object, ...]], which: Mapping[str, object]
    ) -> dict[str, Waitlist]:
        rows = await unit.execute(query, which)
        return {
            row.id: Waitlist(
                row.id,
                ListKind(row.kind),
                await self._cache.of(unit, row.id, row.profile_count),
                pausing=bool(row.pausing),
            )
            for row in rows
        }

    async def profile_id(self, unit: UnitOfWork, waitlist: Waitlist, profile: Profile) -> UUID:
        """The id of this profile in this list, new if no one like this stood here before."""
        known = waitlist.profiles.id_of(profile)
        if known is not None:
            return known
        new = unit.identifiers()
        row = {"id": new, "waitlist": waitlist.id, "profile": encode_profile(profile)}
        await unit.execute(_INSERT_PROFILE, row)
        await unit.execute(_COUNT_PROFILE, {"list": waitlist.id})
        waitlist.profiles = waitlist.profiles.with_one(new, profile)
        self._cache.remember(unit, waitlist.id, waitlist.profiles)
        return new


@lru_cache(maxsize=2)
def _lock_named(dialect: str) -> Select[tuple[object, ...]]:
    return _locking(waitlists.c.id.in_(select(listed(dialect, {"id": Text()}).c.id)))


_PAUSING = select(entries.c.id).where(entries.c.waitlist == waitlists.c.id, entries.c.state == _PAUSED).exists()


def _locking(which: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    return (
        select(waitlists, _PAUSING.label("pausing")).where(which).order_by(waitlists.c.id).with_for_update(of=waitlists)
    )


_OF_VACANCIES = waitlists.c.id.in_(select(vacancies.c.waitlist).where(one_of(vacancies.c.id, "ids")))
_THEIR_CASES = select(offers.c.case_id).where(one_of(offers.c.vacancy_id, "ids"))
_OF_HOUSEHOLDS = waitlists.c.id.in_(
    select(entries.c.waitlist).where(entries.c.case_id.in_(_THEIR_CASES), entries.c.state.in_(_LIVE))
)
_LOCK_OF_VACANCIES = _locking(_OF_VACANCIES)
_LOCK_OF_HOUSEHOLDS = _locking(_OF_VACANCIES | _OF_HOUSEHOLDS)


async def seen_by(unit: UnitOfWork) -> dict[str, str | None]:
    """By which version each list there is was looked through last."""
    return {row.id: row.policy for row in await unit.execute(_SEEN)}


_SET_SEEN = update(waitlists).where(waitlists.c.id == bindparam("list")).values(policy=bindparam("seen_by"))


async def set_seen_by(unit: UnitOfWork, waitlist: str, policy: str) -> None:
    """Note by which version a list that is held was looked through."""
    await unit.execute(_SET_SEEN, {"list": waitlist, "seen_by": policy})


async def first_in_line(
    unit: UnitOfWork,
    waitlist: Waitlist,
    profile_ids: Sequence[UUID],
    count: int,
    begins: datetime,
    *,
    programme: Programme,
    limit: int | None = None,
) -> list[Entry]:
    """The first `count` waiting entries of each of these profiles whose right still runs at the moment `begins`.

    With `limit`, at most so many in all: the first of them.

    Those of whom it is not known until when they have a right, or who have no permit, are left out where the programme
    asks for it.

    One probe of an index for each profile, so it costs the same whether ten people wait or a million, and whether
    the eligible one stands first or last.
    """
    if not profile_ids:
        return []
    dialect = unit.connection.dialect.name
    parameters = list_parameters(dialect, ["id"], [(id_,) for id_ in profile_ids]) | {
        "count": count,
        "limit": limit or len(profile_ids) * count,
        "begins": begins,
        "entitled_only": programme.requires_reflection_period,
        "permit_only": programme.requires_permit,
    }
    rows = await unit.execute(_first_of_each(dialect), parameters)
    return [entry_of(row, waitlist.profiles) for row in rows]


@lru_cache(maxsize=2)
def _first_of_each(dialect: str) -> Select[tuple[object, ...]]:
    wanted = listed(dialect, {"id": Uuid()})
    in_line = (
        select(entries)
        .where(entries.c.profile_id == wanted.c.id, entries.c.state == _WAITING, _entitled, _granted)
        .order_by(*_PLACE)
        .limit(bindparam("count", type_=Integer))
    )
    limit = bindparam("limit", type_=Integer)
    if dialect == POSTGRESQL:
        first = in_line.lateral("first")
        return select(first).select_from(wanted).order_by(*(first.c[column.name] for column in _PLACE)).limit(limit)
    # SQLite has no LATERAL; a correlated IN probes the same index.
    theirs = in_line.with_only_columns(entries.c.id).correlate(wanted)
    return select(entries).join(wanted, entries.c.id.in_(theirs)).order_by(*_PLACE).limit(limit)


async def ahead_of(unit: UnitOfWork, waitlist: Waitlist, entry: Entry, limit: int) -> list[Entry]:
    """Who waits or stands aside before this entry, in order, at most `limit`."""
    names = ("precedence", "waiting_since", "lot", "id")
    place = dict(zip(names, place_in_line(entry), strict=True))
    rows = await unit.execute(_AHEAD, {"list": waitlist.id, "limit": limit} | place)
    return sorted((entry_of(row, waitlist.profiles) for row in rows), key=place_in_line)


def entry_of(row: LineRow, known: Mapping[UUID, Profile], prefix: str = "") -> Entry:
    """An entry from its row, or from a row of more than that in which its columns have a prefix."""
    reason = row[f"{prefix}pause_reason"]
    plain = ("id", "waitlist", "case_id", "coordinator", "waiting_since", "eligible_until", "paused_until")
    return Entry(
        profile=known[row[f"{prefix}profile_id"]],
        urgency=HIGHEST_URGENCY - row[f"{prefix}precedence"],
        state=EntryState(row[f"{prefix}state"]),
        pause_reason=PauseReason(reason) if reason else None,
        released=bool(row[f"{prefix}released"]),
        silences=row[f"{prefix}silences"],
        calls=row[f"{prefix}calls"],
        lot=row[f"{prefix}lot"],
        lacks=decode_lacks(row[f"{prefix}lacks"]),
        **{name: row[f"{prefix}{name}"] for name in plain},
    )


def row_of(entry: Entry, profile_id: UUID) -> dict[str, object]:
    """The row of a new entry."""
    plain = ("id", "waitlist", "case_id", "coordinator", "waiting_since", "state")
    others = ("eligible_until", "paused_until", "pause_reason", "released", "silences", "calls", "lot")
    return {name: getattr(entry, name) for name in plain + others} | {
        "profile_id": profile_id,
        "precedence": precedence(entry.urgency),
        "lacks": encode_lacks(entry.lacks),
    }
