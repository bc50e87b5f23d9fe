"""What is brought to people: when they want it, who gets it while they are away, and what is no longer worth it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.ladders import Reminder
from services.notifications.domain.preferences import DEFAULT, Preferences
from services.notifications.store import deliveries, inbox, preferences, reminders, subscriptions
from services.notifications.store.inbox import StoredNotification
from services.notifications.store.subscriptions import Subscription

LEASE_ENDING, LEASE_SETTLED = "lease-ending", "lease-settled"
_REMINDERS = frozenset({*Reminder, "deadline-nearing"})

People = Mapping[UUID, Preferences]
"""What those prefer to whom subscriptions bring something; those that are no person's are missing."""


async def people(unit: UnitOfWork, found: Sequence[Subscription]) -> People:
    """Of these subscriptions."""
    personal = {one.id: (one.organisation, one.person) for one in found if one.person is not None}
    if not personal:
        return {}
    known = await preferences.of_organisations(unit, [organisation for organisation, _ in personal.values()])
    return {id_: known.get(person, DEFAULT) for id_, person in personal.items()}


def by_moment(
    person: Preferences | None, chosen: Sequence[StoredNotification], now: datetime
) -> dict[datetime, list[StoredNotification]]:
    """When each is to be brought first: what may wait, after the quiet hours of whom it is brought to."""
    moments: dict[datetime, list[StoredNotification]] = {}
    for item in chosen:
        first_at = now if person is None else person.first_at(item.kind, item.list_kind, now)
        moments.setdefault(first_at, []).append(item)
    return moments


async def readers(unit: UnitOfWork, taken: Sequence[Subscription], known: People) -> dict[UUID, Subscription]:
    """For the subscriptions of those who are away now, the colleague's through which theirs go."""
    found: dict[UUID, Subscription] = {}
    for one in taken:
        absence = known[one.id].absence if one.id in known else None
        if absence is not None and absence.covers(unit.now):
            theirs = await subscriptions.of_person(unit, one.organisation, absence.substitute, one.channel)
            found |= {one.id: theirs} if theirs is not None else {}
    return found


async def still_worth_it(unit: UnitOfWork, rows: Mapping[UUID, Sequence[Row]]) -> dict[UUID, list[Row]]:
    """Without reminders of what was decided while they waited for the morning or another attempt: these are skipped."""
    reminding = [row for of_one in rows.values() for row in of_one if row.kind in _REMINDERS]
    waiting = await reminders.waiting(unit, [row.subject for row in reminding]) if reminding else set()
    late = {row.id for row in reminding if row.subject not in waiting}
    ending = [row for of_one in rows.values() for row in of_one if row.kind == LEASE_ENDING]
    late |= await inbox.followed_by(unit, ending, LEASE_SETTLED) if ending else set()
    await deliveries.skip_these(unit, sorted(late))
    return {id_: [row for row in of_one if row.id not in late] for id_, of_one in rows.items()}
