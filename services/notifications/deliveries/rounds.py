"""A round: one transaction that stores what attempts led to, plans what is new, and gives the lanes what is due.

A subscription belongs to the process that leased it, until it has nothing to do or the lease has run out. Its row is
locked with SKIP LOCKED while it is decided upon, so replicas never wait for each other. Whoever lost its lease stores
that something was delivered, because that is so, and nothing else.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.chassis.clock import Chance
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.notifications import measures
from services.notifications.channels.port import Carrier, Channels, Parcel
from services.notifications.deliveries.lanes import Attempt, Load
from services.notifications.deliveries.people import by_moment, people, readers, still_worth_it
from services.notifications.deliveries.seals import Seals
from services.notifications.domain.following import State, Step, health_after, left_alone, next_of
from services.notifications.domain.outcomes import Verdict
from services.notifications.domain.preferences import DEFAULT
from services.notifications.domain.selection import ABOUT_SUBSCRIPTIONS, DEAD, DISABLED, FAILING, Filing
from services.notifications.store import deliveries, inbox, subscriptions
from services.notifications.store.inbox import News, StoredNotification
from services.notifications.store.subscriptions import ENABLED, LEASE, VERIFYING, Subscription

PLAN_LIMIT = 200
"""How many subscriptions are planned in a round, and how many notifications of each."""
CLAIM_LIMIT = 200
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
DELIVERIES = "/notifications/v1/deliveries"


@dataclass(frozen=True, slots=True)
class Given:
    """What a round begins with."""

    attempts: Sequence[Attempt]
    idle: Collection[UUID]
    """Subscriptions of this process whose lane has nothing to do."""
    organisations: Collection[str] | None
    """Whose inboxes have news; None: look at all."""
    room: int
    """How many more subscriptions this process may work on."""
    versions: Mapping[UUID, int]
    """Of which state of each of its subscriptions this process knows."""


@dataclass(slots=True)
class Turn:
    """What follows for the lanes, once it is committed."""

    loads: list[Load] = field(default_factory=list)
    released: list[UUID] = field(default_factory=list)
    changed: list[UUID] = field(default_factory=list)
    """Their owners changed something: nothing more is begun of what their lanes were given."""
    more: set[str] = field(default_factory=set)
    """In whose inboxes there is more than was planned in this round."""
    due_at: datetime | None = None
    """When there is something to do at the latest, as far as this round saw."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What all rounds of one process share."""

    name: str
    carriers: Mapping[str, Carrier]
    channels: Channels
    seals: Seals
    chance: Chance

    async def run(self, unit: UnitOfWork, given: Given) -> Turn:
        """One round, in the caller's transaction; it may be run again as long as that is not committed."""
        held = await subscriptions.locked(unit, {one.subscription_id for one in given.attempts} | set(given.idle))
        idle = {id_ for id_ in given.idle if id_ in held and held[id_].leased_by == self.name}
        verifying = [one for one in held.values() if one.state == VERIFYING]
        await self._settle(unit, given.attempts, held)
        for one in await subscriptions.due(unit, min(given.room, CLAIM_LIMIT)):
            held.setdefault(one.id, one)
            idle.add(one.id)
        # Those that are welcome by now are found behind once that is committed.
        turn = Turn(more={one.organisation for one in verifying if one.state == ENABLED})
        await self._plan(unit, given.organisations, held, idle, turn)
        turn.changed += [id_ for id_, one in held.items() if given.versions.get(id_, one.version) != one.version]
        await self._load(unit, [held[id_] for id_ in sorted(idle)], turn)
        turn.released += [id_ for id_ in given.idle if id_ not in idle]
        await subscriptions.save(unit, held.values())
        if not turn.loads:
            turn.due_at = await subscriptions.next_due(unit)
        return turn

    async def _settle(self, unit: UnitOfWork, attempts: Sequence[Attempt], held: Mapping[UUID, Subscription]) -> None:
        """Store what attempts led to: for each delivery, for the endpoint, and for its owner."""
        if not attempts:
            return
        parcels = [parcel.delivery_id for attempt in attempts for parcel in attempt.parcels]
        rows = await deliveries.as_they_are(unit, parcels)
        record = _Record(unit, rows)
        for attempt in attempts:
            subscription = held[attempt.subscription_id]
            holds = subscription.leased_by == self.name
            if attempt.parcels:
                self._settle_parcels(record, attempt, subscription, holds=holds)
            if holds:
                _settle_endpoint(record, attempt, subscription)
        await deliveries.save(unit, record.changes, record.tried)
        await self.channels.tell(unit, record.news)

    def _settle_parcels(self, record: "_Record", attempt: Attempt, subscription: Subscription, *, holds: bool) -> None:
        retries = self.carriers[subscription.channel].retries
        measures.count_attempt(record.unit, subscription.channel, attempt.outcome.verdict)
        for parcel in attempt.parcels:
            row = record.rows.get(parcel.delivery_id)
            if row is None:
                continue
            follows = next_of(attempt.outcome, row.tries + 1, record.unit.now, retries, self._fraction())
            record.try_(row, attempt)
            counts = holds or follows.state is State.DELIVERED
            still = row.state == State.PENDING and counts
            record.change(row, follows.state if still else State(row.state), follows.due_at if still else row.due_at)
            if still and follows.state is State.DELIVERED:
                measures.time_to_delivery(record.unit, parcel.notification.notified_at)
            if still and follows.state is State.DEAD and parcel.notification.kind not in ABOUT_SUBSCRIPTIONS:
                record.tell(subscription, DEAD, f"{DELIVERIES}/{row.id}")

    async def _plan(
        self,
        unit: UnitOfWork,
        organisations: Collection[str] | None,
        held: dict[UUID, Subscription],
        idle: set[UUID],
        turn: Turn,
    ) -> None:
        """Make deliveries of what is new to subscriptions; those that nobody works on are this process's."""
        behind = (
            []
            if organisations is not None and not organisations
            else await subscriptions.behind(unit, organisations, PLAN_LIMIT)
        )
        behind = [one for one in (held.setdefault(one.id, one) for one in behind) if one.state == ENABLED]
        pages = await _pages(unit, behind)
        known = await people(unit, behind)
        filed = await _filed(unit, behind, pages)
        turn.more |= {name for name, page in pages.items() if len(page) == PLAN_LIMIT}
        for one in behind:
            selection = one.selection
            new = [item for item in pages[one.organisation] if item.sequence > one.planned_to]
            chosen = [
                item for item in new if selection.has(item.kind, item.subject, item.list_kind, filed.get(item.subject))
            ]
            one.planned_to = max((item.sequence for item in new), default=one.planned_to)
            for first_at, items in by_moment(known.get(one.id), chosen, unit.now).items():
                await deliveries.plan(unit, [(one.id, item) for item in items], first_at)
                one.due_at = min(one.due_at or first_at, first_at)
            if chosen and _is_free(one, unit.now):
                idle.add(one.id)

    async def _load(self, unit: UnitOfWork, mine: Sequence[Subscription], turn: Turn) -> None:
        """Give each of these what is due, or let it go."""
        ready = [one for one in mine if one.state == ENABLED and not _is_blocked(one, unit.now)]
        rows = await deliveries.load(unit, {one.id: one.by_subject for one in ready}) if ready else {}
        rows = await still_worth_it(unit, rows)
        taken = [one for one in mine if rows.get(one.id) or one.state == VERIFYING]
        loads = await self._loads(unit, taken, rows)
        left = []
        for one in mine:
            if one.id in loads and one.state in (ENABLED, VERIFYING):
                one.leased_by, one.leased_until, one.due_at = self.name, unit.now + LEASE, unit.now
                turn.loads.append(loads[one.id])
            else:
                left.append(one)
        await _let_go(unit, left)
        turn.released += [one.id for one in left]

    async def _loads(
        self, unit: UnitOfWork, taken: Sequence[Subscription], rows: Mapping[UUID, Sequence[Row]]
    ) -> dict[UUID, Load]:
        secrets = await subscriptions.secrets_of(unit, [one.id for one in taken]) if taken else {}
        known = await people(unit, taken)
        standing_in = await readers(unit, taken, known)
        known = {**known, **await people(unit, list(standing_in.values()))}
        loads = {}
        for one in taken:
            # While somebody is away, what is theirs goes to whoever stands in, in the language of that one.
            reader = standing_in.get(one.id, one)
            opened = self.seals.endpoint(reader, secrets.get(one.id, ()))
            if opened is None:
                one.become(subscriptions.DISABLED, "key-lost", unit.now)
                continue
            due = list(rows.get(one.id, ()))
            if one.throttle_per_minute is not None and due:
                due = due[:1]
                one.blocked_until = unit.now + timedelta(minutes=1) / one.throttle_per_minute
            opened = replace(opened, subscription_id=one.id, language=known.get(reader.id, DEFAULT).language)
            parcels = [Parcel(row.id, row.attempts + 1, deliveries.notification_of(row)) for row in due]
            loads[one.id] = Load(opened, one.channel, one.version, one.failing_since is not None, parcels)
        return loads

    def _fraction(self) -> float:
        return int.from_bytes(self.chance(2)) / 0xFFFF


@dataclass(slots=True)
class _Record:
    """What is to be stored of attempts."""

    unit: UnitOfWork
    rows: Mapping[UUID, Row]
    changes: list[dict[str, Any]] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    def try_(self, row: Row, attempt: Attempt) -> None:
        """Note an attempt."""
        self.tried.append(
            {
                "id": self.unit.identifiers(),
                "delivery_id": row.id,
                "number": row.attempts + 1,
                "started_at": attempt.started_at,
                "duration_milliseconds": attempt.milliseconds,
                "verdict": attempt.outcome.verdict.value,
                "status": attempt.outcome.status,
                "reason": attempt.outcome.reason,
            }
        )

    def change(self, row: Row, state: State, due_at: datetime | None) -> None:
        """Note what became of a delivery."""
        settled_at = None if state is State.PENDING else row.settled_at or self.unit.now
        self.changes.append(
            {
                "id": row.id,
                "state": state.value,
                "tries": row.tries + 1,
                "attempts": row.attempts + 1,
                "due_at": due_at,
                "settled_at": settled_at,
            }
        )

    def tell(self, subscription: Subscription, kind: str, dataref: str) -> None:
        """Tell the owner, in whichever other ways there are."""
        subscription.version += 1
        self.news.append(News(subscription.organisation, kind, subscription.id, subscription.version, dataref))


def _settle_endpoint(record: _Record, attempt: Attempt, one: Subscription) -> None:
    outcome, now = attempt.outcome, record.unit.now
    if one.state == VERIFYING:
        welcome = outcome.verdict is Verdict.DELIVERED
        one.become(ENABLED if welcome else subscriptions.DISABLED, None if welcome else outcome.reason, now)
    if one.state != ENABLED:
        return
    health = health_after(outcome, one.failing_since, one.warned_at, now)
    one.failing_since, one.warned_at = health.failing_since, health.warned_at
    if alone := left_alone(outcome):
        one.blocked_until = max(one.blocked_until or now, now + alone)
    if health.step is Step.WARN:
        record.tell(one, FAILING, f"{SUBSCRIPTIONS}/{one.id}")
    if health.step is Step.DISABLE:
        one.become(subscriptions.DISABLED, "gone" if outcome.verdict is Verdict.GONE else "failing", now)
        record.tell(one, DISABLED, f"{SUBSCRIPTIONS}/{one.id}")


async def _pages(unit: UnitOfWork, behind: Sequence[Subscription]) -> dict[str, list[StoredNotification]]:
    """What is new, by organisation."""
    begins: dict[str, int] = {}
    for one in behind:
        begins[one.organisation] = min(begins.get(one.organisation, one.planned_to), one.planned_to)
    return {name: await inbox.after(unit, name, number, PLAN_LIMIT) for name, number in begins.items()}


async def _filed(
    unit: UnitOfWork, behind: Sequence[Subscription], pages: Mapping[str, Sequence[StoredNotification]]
) -> dict[UUID, Filing]:
    """Under what that is filed which somebody chooses by it."""
    choosing = {one.organisation for one in behind if one.selection.looks_at_filing}
    subjects = {item.subject for name in choosing for item in pages[name]}
    return await inbox.filings(unit, subjects) if subjects else {}


async def _let_go(unit: UnitOfWork, left: Sequence[Subscription]) -> None:
    enabled = {one.id: one.by_subject for one in left if one.state == ENABLED}
    moments = await deliveries.next_due(unit, enabled) if enabled else {}
    for one in left:
        moment = moments.get(one.id)
        one.leased_by = one.leased_until = None
        one.due_at = moment if moment is None or one.blocked_until is None else max(moment, one.blocked_until)


def _is_free(one: Subscription, now: datetime) -> bool:
    return one.leased_until is None or not now <= one.leased_until <= now + 2 * LEASE


def _is_blocked(one: Subscription, now: datetime) -> bool:
    return one.blocked_until is not None and one.blocked_until > now
