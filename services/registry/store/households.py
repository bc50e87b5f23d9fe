"""Households: their members, and the rules and wishes about where they may be."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from schemas.vocabulary import AgeBand, Need, Region, Secrecy, Sex
from services.chassis.database import Insertion, Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.eligibility import SECRECY
from services.registry.domain.households import Household, Member, Safety
from services.registry.store.families import FAMILY
from services.registry.tables import cases, exclusions, members

_INSERT_MEMBERS = Insertion(members)


async def add_members(unit: UnitOfWork, case_id: UUID, new: Sequence[Member], *, registered_for_first: bool) -> UUID:
    """Store members of a case; gives the id of the last one."""
    ids = [unit.identifiers() for _ in new]
    rows = [
        _row(member) | {"id": id_, "case_id": case_id, "registered_for": registered_for_first and id_ == ids[0]}
        for id_, member in zip(ids, new, strict=True)
    ]
    await unit.write(_INSERT_MEMBERS, rows)
    return ids[-1]


async def change_member(unit: UnitOfWork, member_id: UUID, changed: Member) -> None:
    """Replace what is known of a member."""
    await unit.execute(update(members).where(members.c.id == member_id).values(_row(changed)))


async def remove_member(unit: UnitOfWork, member_id: UUID) -> None:
    """Forget a member: what is kept of a person is no more than is needed."""
    await unit.execute(delete(members).where(members.c.id == member_id))


async def find_member(unit: UnitOfWork, case_id: UUID, member_id: UUID) -> Row:
    """A member of this case. Raises NotFound."""
    query = select(members).where(members.c.id == member_id, members.c.case_id == case_id)
    row = (await unit.execute(query)).one_or_none()
    if row is None:
        raise NotFound("There is no such member in this household.")
    return row


async def members_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """The members of a case, the one whom it is about first."""
    query = select(members).where(members.c.case_id == case_id)
    return await unit.execute(query.order_by(members.c.registered_for.desc(), members.c.id))


async def household_of(unit: UnitOfWork, case: Row) -> Household:
    """The household of a case. What keeps cases safe that were merged into it, keeps this one safe."""
    people = [member_of(row) for row in await members_of(unit, case["id"])]
    return Household(people, await _safety_of(unit, case))


async def prefer(unit: UnitOfWork, case_id: UUID, region: Region | None, secrecy_wanted: Secrecy) -> None:
    """Store where shelter is looked for first, and how secret it must be."""
    changed = update(cases).where(cases.c.id == case_id)
    await unit.execute(changed.values(region=region, secrecy_wanted=secrecy_wanted))


async def add_exclusion(unit: UnitOfWork, exclusion_id: UUID, case_id: UUID, place: Mapping[str, object]) -> None:
    """Store a rule that keeps a household from a place."""
    await unit.execute(insert(exclusions).values(id=exclusion_id, case_id=case_id, set_at=unit.now, **place))


async def lift_exclusion(unit: UnitOfWork, exclusion_id: UUID) -> None:
    """From now on the rule no longer holds."""
    await unit.execute(update(exclusions).where(exclusions.c.id == exclusion_id).values(lifted_at=unit.now))


async def lift_exclusion_of(
    unit: UnitOfWork, case_id: UUID, place: Mapping[str, object], set_at: datetime | None
) -> bool:
    """Lift the rule that a refusal of this place set at this moment; whether there was one."""
    mine = [exclusions.c.case_id == case_id, exclusions.c.set_at == set_at, exclusions.c.lifted_at.is_(None)]
    mine += [exclusions.c[name] == value for name, value in place.items()]
    found = [row.id for row in await unit.execute(select(exclusions.c.id).where(*mine).order_by(exclusions.c.id))]
    for exclusion_id in found:
        await lift_exclusion(unit, exclusion_id)
    return bool(found)


_EXCLUSIONS = select(exclusions).where(exclusions.c.case_id.in_(FAMILY)).order_by(exclusions.c.id)
_SECRECY_WANTED = select(cases.c.secrecy_wanted).where(cases.c.id.in_(FAMILY))


async def find_exclusion(unit: UnitOfWork, case_id: UUID, exclusion_id: UUID) -> Row:
    """A rule of this case. Raises NotFound."""
    query = _EXCLUSIONS.where(exclusions.c.id == exclusion_id)
    row = (await unit.execute(query, {"family": case_id})).one_or_none()
    if row is None:
        raise NotFound("There is no such exclusion in this case.")
    return row


async def exclusions_of(unit: UnitOfWork, case_id: UUID) -> Sequence[Row]:
    """Every rule of a case, and of those that were merged into it, also what no longer holds."""
    return await unit.execute(_EXCLUSIONS, {"family": case_id})


def member_of(row: Row) -> Member:
    """A member from their row."""
    needs = frozenset(map(Need, json.loads(row["needs"])))
    return Member(Sex(row["sex"]), AgeBand(row["age_band"]), row["child"], row["wheelchair"], needs)


async def _safety_of(unit: UnitOfWork, case: Row) -> Safety:
    rules = [row for row in await exclusions_of(unit, case["id"]) if row["lifted_at"] is None]
    wanted = [row.secrecy_wanted for row in await unit.execute(_SECRECY_WANTED, {"family": case["id"]})]
    return Safety(
        regions=frozenset(Region(row["region"]) for row in rules if row["region"]),
        municipalities=frozenset(row["municipality_code"] for row in rules if row["municipality_code"]),
        facilities=frozenset(row["facility_id"] for row in rules if row["facility_id"]),
        secrecy_wanted=max(map(Secrecy, wanted), key=SECRECY.index),
        region=Region(case["region"]) if case["region"] else None,
    )


def _row(member: Member) -> dict[str, object]:
    plain = {name: getattr(member, name) for name in ("sex", "age_band", "child", "wheelchair")}
    return plain | {"needs": json.dumps(sorted(member.needs))}
