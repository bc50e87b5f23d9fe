"""The operator keeps the municipalities: registers, imports, merges, and how their provinces supervise them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.chassis.database import UniqueViolation
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import supervision
from services.municipalities.domain.census import BadRow, BadRows, CountedMunicipality
from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.domain.mergers import Merger, check_merger
from services.municipalities.handlers.books import keep_books
from services.municipalities.store import ledger
from services.municipalities.store import municipalities as store
from services.municipalities.store.municipalities import StoredMerger


@dataclass(slots=True)
class Imported:
    """What an import did, in numbers."""

    municipalities: int = 0
    populations: int = 0
    corrected: int = 0
    unchanged: int = 0


async def register_municipality(
    unit: UnitOfWork,
    code: str,
    name: str,
    inhabitants: int,
    *,
    province: str | None = None,
    ref_date: date | None = None,
) -> date:
    """The operator adds a municipality, with its population on `ref_date`: if not said, 1 January of last year.

    Gives that date. Raises Conflict when the municipality is known already, or quotas rest on the figures of that date.
    """
    await store.lock_country(unit)
    counted_on = ref_date or HalfYear.of(unit.now).population_date
    if counted_on in await ledger.final_population_dates(unit):
        raise Refused(
            f"Quotas rest on the populations of {counted_on}, so they are final and this municipality would get none; "
            "register it with the population of a later countedOn."
        )
    try:
        await store.add_municipality(unit, code, name, province)
        await store.add_population(unit, code, counted_on, inhabitants)
    except UniqueViolation as error:
        raise Conflict("A municipality with this code is registered already.") from error
    return counted_on


async def import_populations(unit: UnitOfWork, counted: Sequence[CountedMunicipality]) -> Imported:
    """Add municipalities and populations; a revised figure replaces the old one, unless quotas rest on that.

    Names and provinces are those of the newest figure. Raises BadRows, and then nothing is imported.
    """
    await store.lock_country(unit)
    await _refuse_what_cannot_be(unit, counted)
    imported = Imported()
    await _import_names(unit, counted, imported)
    for day in sorted({row.ref_date for row in counted}):
        before = await store.populations_on(unit, day)
        for row in counted:
            if row.ref_date == day:
                await _import_population(unit, row, before.get(row.code), imported)
    return imported


async def merge(unit: UnitOfWork, merger: Merger, name: str | None = None) -> StoredMerger:
    """Municipalities become one on a day; if that has come, at once. `name`: of a new one that is not known yet.

    From then on the ledger, the slots and the claims of the old ones are the new one's. Registering the same again
    changes nothing. Raises Conflict or Refused.
    """
    await store.lock_country(unit)
    known, others = await store.known(unit), await store.all_mergers(unit)
    same = next((stored for stored in others if stored.merger == merger), None)
    if same is not None:
        return same
    check_merger(merger, [stored.merger for stored in others])
    if not set(merger.parts) <= known.keys():
        raise Refused("Each municipality that merges must be registered.")
    if merger.into not in known:
        if name is None:
            raise Refused("The new municipality is not registered yet; give its name, or register it first.")
        await store.add_municipality(unit, merger.into, name, known[merger.parts[0]]["province"])
    newest = await store.newest_population_dates(unit)
    if any(newest.get(code, date.min) >= merger.effective_on for code in merger.parts):
        raise Refused("A population is known of one of them from a day on which it would be gone; check the day.")
    try:
        stored = await store.add_merger(unit, merger)
    except UniqueViolation as error:
        raise Conflict("One of these municipalities has merged, or is going to, already.") from error
    await keep_books(unit)
    return replace(stored, carried_out=stored.begins_at <= unit.now)


async def withdraw_merger(unit: UnitOfWork, merger_id: UUID) -> StoredMerger:
    """A merger that was registered by mistake will not happen. Raises NotFound or Refused."""
    await store.lock_country(unit)
    stored = next((stored for stored in await store.all_mergers(unit) if stored.id == merger_id), None)
    if stored is None:
        raise NotFound("There is no such merger.")
    if stored.carried_out or stored.begins_at <= unit.now:
        raise Refused("The merger has happened; only one whose day is still to come can be withdrawn.")
    if any(stored.merger.effective_on <= half_year.first_day for half_year in await ledger.set_half_years(unit)):
        raise Refused("Quotas were shared out with this merger, and they are final; so it cannot be withdrawn.")
    await store.remove_merger(unit, merger_id)
    return stored


async def set_ladder(unit: UnitOfWork, province: str, checks_behind: Sequence[int]) -> None:
    """The province decides after how many checks behind each step follows. Raises Refused."""
    supervision.ensure_ladder(checks_behind)
    await store.lock_country(unit)
    await store.set_ladder(unit, province, checks_behind)


async def _refuse_what_cannot_be(unit: UnitOfWork, counted: Sequence[CountedMunicipality]) -> None:
    used = await ledger.final_population_dates(unit)
    known = {day: await store.populations_on(unit, day) for day in sorted(used)}
    gone = {
        code: stored.merger.effective_on for stored in await store.all_mergers(unit) for code in stored.merger.parts
    }
    bad = []
    for row in counted:
        if row.ref_date in used and known[row.ref_date].get(row.code) != row.inhabitants:
            bad.append(BadRow(row.line, "population: quotas rest on the figures of this ref_date, so they are final"))
        if gone.get(row.code, date.max) <= row.ref_date:
            bad.append(BadRow(row.line, "cbs_code: this municipality had merged by this ref_date"))
    if bad:
        raise BadRows(bad)


async def _import_names(unit: UnitOfWork, counted: Sequence[CountedMunicipality], imported: Imported) -> None:
    known, dates = await store.known(unit), await store.newest_population_dates(unit)
    newest = {row.code: row for row in sorted(counted, key=lambda row: row.ref_date)}
    for code, row in sorted(newest.items()):
        if code not in known:
            await store.add_municipality(unit, code, row.name, row.province)
            imported.municipalities += 1
        elif row.ref_date >= dates.get(code, date.min):
            await store.rename(unit, code, row.name, row.province)


async def _import_population(
    unit: UnitOfWork, row: CountedMunicipality, before: int | None, imported: Imported
) -> None:
    if before is None:
        await store.add_population(unit, row.code, row.ref_date, row.inhabitants)
        imported.populations += 1
    elif before == row.inhabitants:
        imported.unchanged += 1
    else:
        await store.correct_population(unit, row.code, row.ref_date, row.inhabitants)
        imported.corrected += 1
