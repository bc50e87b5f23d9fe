"""Sessions in the console's database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update

from services.chassis.unit_of_work import UnitOfWork
from services.console.tables import sessions


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session as it is kept."""

    id: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    sealed: bytes
    locked_at: datetime | None = None


async def add_session(unit: UnitOfWork, session: StoredSession) -> None:
    """Store a new session."""
    row = {"id": session.id, "began_at": session.began_at, "seen_at": session.seen_at}
    await unit.execute(insert(sessions).values(**row, ends_at=session.ends_at, sealed=session.sealed))


async def find_session(unit: UnitOfWork, id_: str) -> StoredSession | None:
    """A session, over or not."""
    row = (await unit.execute(select(sessions).where(sessions.c.id == id_))).one_or_none()
    if row is None:
        return None
    return StoredSession(row.id, row.began_at, row.seen_at, row.ends_at, row.sealed, row.locked_at)


async def touch_session(unit: UnitOfWork, id_: str) -> None:
    """It was used now."""
    await unit.execute(update(sessions).where(sessions.c.id == id_).values(seen_at=unit.now))


async def lock_session(unit: UnitOfWork, id_: str) -> None:
    """Nobody is there any more."""
    is_open = (sessions.c.id == id_) & sessions.c.locked_at.is_(None)
    await unit.execute(update(sessions).where(is_open).values(locked_at=unit.now))


async def claim_renewal(unit: UnitOfWork, id_: str, until: datetime) -> bool:
    """Be the one who gets new tokens for it, until then; False when somebody else is."""
    is_free = or_(sessions.c.renewing_until.is_(None), sessions.c.renewing_until <= unit.now)
    claim = update(sessions).where(sessions.c.id == id_, is_free).values(renewing_until=until).returning(sessions.c.id)
    return len(await unit.execute(claim)) == 1


async def renew_session(unit: UnitOfWork, id_: str, sealed: bytes | None) -> None:
    """Store new tokens, or none, and let others renew them again."""
    change = {} if sealed is None else {"sealed": sealed}
    await unit.execute(update(sessions).where(sessions.c.id == id_).values(renewing_until=None, **change))


async def delete_session(unit: UnitOfWork, id_: str) -> bool:
    """Forget a session; whether there was one."""
    return len(await unit.execute(delete(sessions).where(sessions.c.id == id_).returning(sessions.c.id))) == 1


async def forget_sessions(unit: UnitOfWork, unseen_since: datetime, limit: int) -> int:
    """Forget sessions that are over; how many."""
    is_unused = (sessions.c.seen_at <= unseen_since) & sessions.c.locked_at.is_(None)
    is_over = or_(sessions.c.ends_at <= unit.now, is_unused)
    over = select(sessions.c.id).where(is_over).limit(limit)
    return len(await unit.execute(delete(sessions).where(sessions.c.id.in_(over)).returning(sessions.c.id)))


@dataclass(frozen=True, slots=True)
class Left:
    """Sessions that are not over yet, and when the last of them is."""

    count: int
    end_at: datetime | None


async def sessions_begun_by(moment: datetime, unit: UnitOfWork) -> Left:
    """Those that began until then."""
    are_those = sessions.c.began_at <= moment, sessions.c.ends_at > unit.now
    query = select(func.count().label("count"), func.max(sessions.c.ends_at).label("end_at")).where(*are_those)
    row = (await unit.execute(query)).one()
    return Left(row.count, row.end_at)


async def end_sessions_begun_by(moment: datetime, unit: UnitOfWork) -> None:
    """Whoever is in one of those signs in again."""
    await unit.execute(delete(sessions).where(sessions.c.began_at <= moment))
