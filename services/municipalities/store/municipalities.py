"""Municipalities, their populations, their mergers, and the ladders of their provinces."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, insert, select, update

from services.chassis.database import Row, one_of
from services.chassis.errors import Conflict, NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.half_year import beginning_of
from services.municipalities.domain.mergers import Merger
from services.municipalities.tables import (
    merger_parts,
    mergers,
    municipalities,
    operators_work,
    populations,
    supervision_ladders,
)


@dataclass(frozen=True, slots=True)
class StoredMerger:
    """A merger, and whether it has been carried out."""

    id: UUID
    merger: Merger
    carried_out: bool = False

    @property
    def begins_at(self) -> datetime:
        """The first moment of its day."""
        return beginning_of(self.merger.effective_on)


async def known(unit: UnitOfWork) -> dict[str, Row]:
    """Every municipality, by code."""
    found = await unit.execute(select(municipalities).order_by(municipalities.c.code))
    return {row["code"]: row for row in found}


async def add_municipality(unit: UnitOfWork, code: str, name: str, province: str | None) -> None:
    """Store a municipality. Raises UniqueViolation when its code is known already."""
    await unit.execute(insert(municipalities).values(code=code, name=name, province=province))


async def rename(unit: UnitOfWork, code: str, name: str, province: str) -> None:
    """What it is called now, and the province it lies in."""
    changed = update(municipalities).where(municipalities.c.code == code)
    await unit.execute(changed.values(name=name, province=province))


async def lock_country(unit: UnitOfWork) -> None:
    """Hold what concerns all municipalities, before any of their books: the operator's commands come one by one."""
    await unit.execute(select(operators_work.c.id).with_for_update())


async def lock(unit: UnitOfWork, codes: Sequence[str]) -> None:
    """Hold the books of these municipalities: whoever makes a booking does this first."""
    chosen = select(municipalities.c.code).where(municipalities.c.code.in_(sorted(codes)))
    await unit.execute(chosen.order_by(municipalities.c.code).with_for_update())


_LOCK_OWN = (
    select(municipalities.c.merged_into, municipalities.c.province)
    .where(municipalities.c.code == bindparam("own"))
    .with_for_update()
)
_MERGED = (
    select(municipalities.c.code, municipalities.c.merged_into)
    .where(municipalities.c.merged_into.is_not(None))
    .order_by(municipalities.c.code)
)


async def lock_own(unit: UnitOfWork, code: str) -> str | None:
    """Hold the book of the municipality that acts; gives its province, if that is known.

    Raises NotFound, or Conflict when it has merged.
    """
    row = (await unit.execute(_LOCK_OWN, {"own": code})).first()
    if row is None:
        raise NotFound("Your municipality is not registered; ask the operator to register it.")
    if row.merged_into is not None:
        raise Conflict("Your municipality has merged; act for the one that it became.")
    province: str | None = row.province
    return province


async def province_of(unit: UnitOfWork, code: str) -> str | None:
    """The province of a municipality, if it is known."""
    row = (await unit.execute(select(municipalities.c.province).where(municipalities.c.code == code))).first()
    province: str | None = None if row is None else row.province
    return province


async def former_codes(unit: UnitOfWork, code: str) -> list[str]:
    """The codes of all that have become part of a municipality, also by way of one another."""
    became = [(row.code, row.merged_into) for row in await unit.execute(_MERGED)]
    found, added = {code}, True
    while added:
        more = {part for part, into in became if into in found} - found
        found, added = found | more, bool(more)
    return sorted(found - {code})


async def add_population(unit: UnitOfWork, code: str, ref_date: date, inhabitants: int) -> None:
    """Store how many people lived there on a 1 January. Raises UniqueViolation when that is known already."""
    values = {"municipality_code": code, "ref_date": ref_date, "inhabitants": inhabitants}
    await unit.execute(insert(populations).values(values))


async def correct_population(unit: UnitOfWork, code: str, ref_date: date, inhabitants: int) -> None:
    """A figure was revised."""
    which = (populations.c.municipality_code == code) & (populations.c.ref_date == ref_date)
    await unit.execute(update(populations).where(which).values(inhabitants=inhabitants))


async def populations_on(unit: UnitOfWork, ref_date: date) -> dict[str, int]:
    """How many people lived in each municipality on this day."""
    query = select(populations.c.municipality_code, populations.c.inhabitants)
    found = await unit.execute(query.where(populations.c.ref_date == ref_date))
    return {row.municipality_code: row.inhabitants for row in found}


async def newest_population_dates(unit: UnitOfWork) -> dict[str, date]:
    """For each municipality the day of its newest population."""
    newest = select(populations.c.municipality_code, func.max(populations.c.ref_date).label("ref_date"))
    found = await unit.execute(newest.group_by(populations.c.municipality_code))
    return {row.municipality_code: row.ref_date for row in found}


def listed() -> Select[tuple[object, ...]]:
    """Municipalities with their newest population."""
    newest = (
        select(populations.c.municipality_code, func.max(populations.c.ref_date).label("ref_date"))
        .group_by(populations.c.municipality_code)
        .subquery("newest")
    )
    joined = municipalities.outerjoin(newest, newest.c.municipality_code == municipalities.c.code).outerjoin(
        populations,
        (populations.c.municipality_code == newest.c.municipality_code) & (populations.c.ref_date == newest.c.ref_date),
    )
    return select(*municipalities.c, populations.c.inhabitants, populations.c.ref_date).select_from(joined)


async def add_merger(unit: UnitOfWork, merger: Merger) -> StoredMerger:
    """Store a merger. Raises UniqueViolation when one of its parts has merged, or will, already."""
    stored = StoredMerger(unit.identifiers(), merger)
    values = {
        "id": stored.id,
        "into_code": merger.into,
        "effective_on": merger.effective_on,
        "inhabitants": merger.inhabitants,
        "recorded_at": unit.now,
    }
    await unit.execute(insert(mergers).values(values))
    parts = [{"municipality_code": code, "merger_id": stored.id} for code in merger.parts]
    await unit.execute(insert(merger_parts), parts)
    return stored


_MERGERS = select(mergers).order_by(mergers.c.effective_on, mergers.c.id)
_PARTS = select(merger_parts).order_by(merger_parts.c.municipality_code)


async def all_mergers(unit: UnitOfWork) -> list[StoredMerger]:
    """Every merger, the earliest first."""
    found = await unit.execute(_MERGERS)
    parts: defaultdict[UUID, list[str]] = defaultdict(list)
    for part in await unit.execute(_PARTS):
        parts[part.merger_id].append(part.municipality_code)
    return [
        StoredMerger(
            row["id"],
            Merger(tuple(parts[row["id"]]), row["into_code"], row["effective_on"], row["inhabitants"]),
            carried_out=row["carried_out_at"] is not None,
        )
        for row in found
    ]


async def merged_at(unit: UnitOfWork, code: str) -> datetime | None:
    """Since when the last ones that merged into this municipality are a part of it; None for no merger."""
    done = (mergers.c.into_code == code, mergers.c.carried_out_at.is_not(None))
    query = select(mergers.c.effective_on).where(*done).order_by(mergers.c.effective_on.desc()).limit(1)
    row = (await unit.execute(query)).first()
    return None if row is None else beginning_of(row.effective_on)


def listed_mergers() -> Select[tuple[object, ...]]:
    """Mergers, with the name of what came of each."""
    joined = mergers.join(municipalities, municipalities.c.code == mergers.c.into_code)
    return select(*mergers.c, municipalities.c.name).select_from(joined)


_PARTS_OF = (
    select(merger_parts).where(one_of(merger_parts.c.merger_id, "mergers")).order_by(merger_parts.c.municipality_code)
)


async def parts_of(unit: UnitOfWork, merger_ids: Sequence[UUID]) -> Mapping[UUID, list[str]]:
    """The municipalities that end by each of these mergers."""
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for row in await unit.execute(_PARTS_OF, {"mergers": merger_ids}):
        found[row.merger_id].append(row.municipality_code)
    return found


async def remove_merger(unit: UnitOfWork, merger_id: UUID) -> None:
    """A merger that has not happened will not happen."""
    await unit.execute(delete(merger_parts).where(merger_parts.c.merger_id == merger_id))
    await unit.execute(delete(mergers).where(mergers.c.id == merger_id))


async def note_carried_out(unit: UnitOfWork, stored: StoredMerger) -> None:
    """The merger has happened."""
    await unit.execute(update(mergers).where(mergers.c.id == stored.id).values(carried_out_at=unit.now))
    ended = update(municipalities).where(municipalities.c.code.in_(stored.merger.parts))
    await unit.execute(ended.values(merged_into=stored.merger.into))


async def set_ladder(unit: UnitOfWork, province: str, checks_behind: Sequence[int]) -> None:
    """Replace the ladder of a province."""
    await unit.execute(delete(supervision_ladders).where(supervision_ladders.c.province == province))
    steps = [
        {"province": province, "step": step, "checks_behind": needed} for step, needed in enumerate(checks_behind, 1)
    ]
    await unit.execute(insert(supervision_ladders), steps)


async def ladders(unit: UnitOfWork) -> Mapping[str, list[int]]:
    """The ladders of the provinces that have one of their own."""
    query = select(supervision_ladders).order_by(supervision_ladders.c.province, supervision_ladders.c.step)
    found: defaultdict[str, list[int]] = defaultdict(list)
    for row in await unit.execute(query):
        found[row.province].append(row.checks_behind)
    return found
