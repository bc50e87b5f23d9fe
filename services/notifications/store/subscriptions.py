"""Subscriptions in the database: what each selects, how far it came, and which process works on it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from services.chassis.database import Change, Row, UtcDateTime, list_parameters, listed, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.selection import Selection
from services.notifications.tables import recipients, secrets, subscriptions

LEASE = timedelta(seconds=20)
"""How long a process has a subscription for itself; it says so again well before that is over."""

VERIFYING, ENABLED, PAUSED, DISABLED, REMOVED = "verifying", "enabled", "paused", "disabled", "removed"
_COLUMNS = tuple(subscriptions.c.keys())
_SAVE = Change(subscriptions, tuple(name for name in _COLUMNS if name != "id"))


@dataclass(slots=True)
class Subscription:
    """One subscription, as it is stored and may be changed under its row's lock."""

    id: UUID
    organisation: str
    channel: str
    planned_to: int
    created_at: datetime
    state: str = VERIFYING
    reason: str | None = None
    version: int = 1
    person: str | None = None
    sealed_address: bytes | None = field(default=None, repr=False)
    kinds: str = ""
    list_kinds: str = ""
    waitlists: str = ""
    regions: str = ""
    cases: str = ""
    by_subject: bool = True
    throttle_per_minute: int | None = None
    due_at: datetime | None = None
    blocked_until: datetime | None = None
    leased_by: str | None = None
    leased_until: datetime | None = None
    failing_since: datetime | None = None
    warned_at: datetime | None = None

    @property
    def selection(self) -> Selection:
        """What it selects."""
        return Selection(
            self.id,
            frozenset(self.kinds.split()),
            frozenset(self.list_kinds.split()),
            frozenset(self.waitlists.split()),
            frozenset(self.regions.split()),
            frozenset(map(UUID, self.cases.split())),
        )

    def become(self, state: str, reason: str | None, now: datetime) -> None:
        """Be in another state from now on."""
        self.state, self.reason = state, reason
        self.version += 1
        self.failing_since = self.warned_at = self.blocked_until = None
        self.due_at = now if state in (VERIFYING, ENABLED) else None


async def add(unit: UnitOfWork, subscription: Subscription) -> None:
    """Store a new one."""
    await unit.execute(insert(subscriptions).values(_row(subscription)))


async def save(unit: UnitOfWork, changed: Collection[Subscription]) -> None:
    """Store changes; the caller holds the rows."""
    await unit.write(_SAVE, [_row(subscription) for subscription in changed])


async def find(unit: UnitOfWork, id_: UUID, organisation: str, *, lock: bool = False) -> Subscription:
    """One of an organisation's. Raises NotFound, also for another's."""
    query = select(subscriptions).where(subscriptions.c.id == id_, _of(organisation))
    row = (await unit.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise NotFound("There is no such subscription of your organisation.")
    return _subscription(row)


async def of_person(unit: UnitOfWork, organisation: str, person: str, channel: str) -> Subscription | None:
    """The first of this person's through this channel that is enabled."""
    theirs = (subscriptions.c.person == person, subscriptions.c.channel == channel, subscriptions.c.state == ENABLED)
    rows = await found(unit, of_organisation(organisation).where(*theirs).order_by(subscriptions.c.id).limit(1))
    return rows[0] if rows else None


def of_organisation(organisation: str) -> Select[Any]:
    """All of an organisation's that were not removed."""
    return select(subscriptions).where(_of(organisation))


async def found(unit: UnitOfWork, statement: Select[Any]) -> list[Subscription]:
    """Those that the statement finds."""
    return [_subscription(row) for row in await unit.execute(statement)]


def _of(organisation: str) -> Any:  # noqa: ANN401 - a condition
    return (subscriptions.c.organisation == organisation) & (subscriptions.c.state != REMOVED)


_LOCKED = select(subscriptions).where(one_of(subscriptions.c.id, "ids")).order_by(subscriptions.c.id).with_for_update()
_ENDS = secrets.c.expires_at
_VALID = (
    select(secrets)
    .where(
        one_of(secrets.c.subscription_id, "ids"),
        or_(_ENDS.is_(None), bindparam("now", type_=UtcDateTime) < _ENDS),
    )
    .order_by(secrets.c.id.desc())
)


async def locked(unit: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Subscription]:
    """These, held until the end of the transaction; in one order, so that two who do so wait for each other in turn."""
    if not ids:
        return {}
    rows = await unit.execute(_LOCKED, {"ids": ids})
    return {row.id: _subscription(row) for row in rows}


async def behind(unit: UnitOfWork, organisations: Collection[str] | None, limit: int) -> list[Subscription]:
    """Those that may select something in their inbox that they have not looked at: of these organisations, or of any.

    Held until the end of the transaction; those that somebody else holds are left to them.
    """
    dialect = unit.connection.dialect.name
    given = (
        {} if organisations is None else list_parameters(dialect, ["id"], [[name] for name in sorted(organisations)])
    )
    statement = _behind(dialect, of_some=organisations is not None)
    return [_subscription(row) for row in await unit.execute(statement, {"limit": limit, **given})]


async def due(unit: UnitOfWork, limit: int) -> list[Subscription]:
    """Those with something to do that no process works on, held until the end of the transaction."""
    given = {"now": unit.now, "latest": unit.now + 2 * LEASE, "limit": limit}
    return [_subscription(row) for row in await unit.execute(_DUE, given)]


async def has_work(unit: UnitOfWork) -> bool:
    """Whether any may select something new, or has something to do now: whoever only looks changes nothing."""
    given = {"now": unit.now, "latest": unit.now + 2 * LEASE}
    return bool((await unit.execute(_HAS_WORK, given)).one().found)


async def next_due(unit: UnitOfWork) -> datetime | None:
    """When the next of those that nobody works on has something to do."""
    moment: datetime | None = (await unit.execute(_NEXT_DUE)).one().moment
    return moment


async def renew(unit: UnitOfWork, name: str) -> dict[UUID, int]:
    """Keep what this process works on for longer; gives what that is, and the version of each."""
    given = {"name": name, "until": unit.now + LEASE}
    return {row.id: row.version for row in await unit.execute(_RENEW, given)}


async def release(unit: UnitOfWork, name: str | None) -> None:
    """What this process works on, or all that anyone does, is free at once."""
    held = subscriptions.c.leased_by.is_not(None) if name is None else subscriptions.c.leased_by == name
    await unit.execute(update(subscriptions).where(held).values(leased_by=None, leased_until=None))


async def secrets_of(unit: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """The secrets of these that are valid now, the newest first."""
    by_id: dict[UUID, list[Row]] = {}
    for row in await unit.execute(_VALID, {"ids": ids, "now": unit.now}):
        by_id.setdefault(row.subscription_id, []).append(row)
    return by_id


async def add_secret(
    unit: UnitOfWork, subscription_id: UUID, secret_id: UUID, sealed: bytes, others_until: datetime
) -> None:
    """Store a new secret; those that there are end then, if not before."""
    ends = or_(secrets.c.expires_at.is_(None), secrets.c.expires_at > others_until)
    earlier = update(secrets).where(secrets.c.subscription_id == subscription_id, ends)
    await unit.execute(earlier.values(expires_at=others_until))
    row = {"id": secret_id, "subscription_id": subscription_id, "sealed": sealed, "created_at": unit.now}
    await unit.execute(insert(secrets).values(row | {"expires_at": None}))


async def forget_secrets(unit: UnitOfWork, subscription_id: UUID) -> None:
    """Remove the secrets of one that is no more."""
    await unit.execute(delete(secrets).where(secrets.c.subscription_id == subscription_id))


@lru_cache(maxsize=4)
def _behind(dialect: str, *, of_some: bool) -> Executable:
    inbox = recipients.c.id == subscriptions.c.organisation
    query = select(subscriptions).join(recipients, inbox)
    if of_some:
        names = listed(dialect, {"id": Text()})
        query = query.join(names, names.c.id == subscriptions.c.organisation)
    query = query.where(subscriptions.c.state == ENABLED, subscriptions.c.planned_to < recipients.c.last_sequence)
    return (
        query.order_by(subscriptions.c.id).limit(bindparam("limit")).with_for_update(of=subscriptions, skip_locked=True)
    )


def _is_due() -> tuple[ColumnElement[bool], ...]:
    # A lease that would last twice as long as any does was made by a clock that was wrong.
    until = subscriptions.c.leased_until
    latest, now = bindparam("latest", type_=UtcDateTime), bindparam("now", type_=UtcDateTime)
    free = or_(until.is_(None), until < now, until > latest)
    return subscriptions.c.due_at.is_not(None), subscriptions.c.due_at <= now, free


def _due() -> Executable:
    query = select(subscriptions).where(*_is_due())
    return query.order_by(subscriptions.c.due_at).limit(bindparam("limit")).with_for_update(skip_locked=True)


def _has_work() -> Executable:
    inbox = recipients.c.id == subscriptions.c.organisation
    is_behind = and_(subscriptions.c.state == ENABLED, subscriptions.c.planned_to < recipients.c.last_sequence)
    behind = select(subscriptions.c.id).join(recipients, inbox).where(is_behind)
    due = select(subscriptions.c.id).where(*_is_due())
    return select(or_(behind.exists(), due.exists()).label("found"))


_DUE, _HAS_WORK = _due(), _has_work()
_NEXT_DUE = select(func.min(subscriptions.c.due_at).label("moment")).where(
    subscriptions.c.due_at.is_not(None), subscriptions.c.leased_by.is_(None)
)
_RENEW = (
    update(subscriptions)
    .where(subscriptions.c.leased_by == bindparam("name"))
    .values(leased_until=bindparam("until", type_=UtcDateTime))
    .returning(subscriptions.c.id, subscriptions.c.version)
)


def _row(subscription: Subscription) -> dict[str, object]:
    return {name: getattr(subscription, name) for name in _COLUMNS}


def _subscription(row: Row) -> Subscription:
    return Subscription(**row)
