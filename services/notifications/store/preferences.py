"""What people prefer, by organisation and person."""

from collections.abc import Collection
from datetime import time

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from services.chassis.database import POSTGRESQL, Row
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.domain.preferences import DEFAULT, Absence, Preferences, QuietHours
from services.notifications.tables import preferences

Person = tuple[str, str]
"""An organisation, and the subject of a token in it."""


async def of(unit: UnitOfWork, person: Person) -> Preferences:
    """What this person prefers; the defaults where they never said."""
    return (await of_organisations(unit, [person[0]])).get(person, DEFAULT)


async def hold(unit: UnitOfWork, person: Person) -> Preferences:
    """The same, and nobody else changes it before the end of the transaction; who never said anything now has."""
    insert = (postgresql.insert if unit.connection.dialect.name == POSTGRESQL else sqlite.insert)(preferences)
    new = insert.values(organisation=person[0], subject=person[1], **_values(DEFAULT))
    await unit.execute(new.on_conflict_do_nothing(index_elements=["organisation", "subject"]))
    theirs = (preferences.c.organisation == person[0], preferences.c.subject == person[1])
    return _preferences((await unit.execute(select(preferences).where(*theirs).with_for_update())).one())


async def exists(unit: UnitOfWork, person: Person) -> bool:
    """Whether this person ever said what they prefer."""
    return person in await of_organisations(unit, [person[0]])


async def of_organisations(unit: UnitOfWork, organisations: Collection[str]) -> dict[Person, Preferences]:
    """What everyone in these organisations prefers who ever said so."""
    query = select(preferences).where(preferences.c.organisation.in_(sorted(set(organisations))))
    return {(row.organisation, row.subject): _preferences(row) for row in await unit.execute(query)}


async def save(unit: UnitOfWork, person: Person, wanted: Preferences) -> None:
    """Store what this person prefers, in the place of what they did before."""
    insert = (postgresql.insert if unit.connection.dialect.name == POSTGRESQL else sqlite.insert)(preferences)
    values = _values(wanted)
    new = insert.values(organisation=person[0], subject=person[1], **values)
    await unit.execute(new.on_conflict_do_update(index_elements=["organisation", "subject"], set_=values))


def _values(wanted: Preferences) -> dict[str, object]:
    quiet, absence = wanted.quiet, wanted.absence
    return {
        "language": wanted.language,
        "quiet_begins": quiet and quiet.begins.isoformat(timespec="minutes"),
        "quiet_ends": quiet and quiet.ends.isoformat(timespec="minutes"),
        "quiet_weekends": quiet is not None and quiet.weekends,
        "urgent_passes": wanted.urgent_passes,
        "absent_from": absence and absence.first_day,
        "absent_until": absence and absence.last_day,
        "substitute": absence and absence.substitute,
    }


def _preferences(row: Row) -> Preferences:
    quiet = absence = None
    if row.quiet_begins is not None:
        begins, ends = (time.fromisoformat(text) for text in (row.quiet_begins, row.quiet_ends))
        quiet = QuietHours(begins, ends, row.quiet_weekends)
    if row.substitute is not None:
        absence = Absence(row.absent_from, row.absent_until, row.substitute)
    return Preferences(row.language, quiet, row.urgent_passes, absence)
