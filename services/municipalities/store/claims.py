"""Claims."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, bindparam, insert, select, update

from services.chassis.database import Change, Row, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.claims import Claim, ClaimState
from services.municipalities.tables import claims

_FIELDS = tuple(field.name for field in fields(Claim))
_INSERT = insert(claims)
_OWN = select(claims).where(claims.c.id == bindparam("claim"), claims.c.municipality_code == bindparam("code"))
_LOCK_OWN = _OWN.with_for_update()
_ON_SLOTS = {
    state: select(claims)
    .where(one_of(claims.c.slot_id, "slots"), claims.c.state == state)
    .order_by(claims.c.id)
    .with_for_update()
    for state in ClaimState
}
_SAVE = Change(claims, tuple(name for name in _FIELDS if name != "id"))


async def add_claim(unit: UnitOfWork, claim: Claim) -> None:
    """Store a new claim. Raises UniqueViolation when its slot has one already, unless reversed."""
    unit.touched.add(claim.municipality_code)
    await unit.execute(_INSERT, _row(claim))


async def lock_claim(unit: UnitOfWork, claim_id: UUID, municipality_code: str) -> Claim:
    """Hold one of the municipality's own claims. Raises NotFound."""
    return await _find(unit, _LOCK_OWN, claim_id, municipality_code)


async def find_claim(unit: UnitOfWork, claim_id: UUID, municipality_code: str) -> Claim:
    """One of the municipality's own claims. Raises NotFound."""
    return await _find(unit, _OWN, claim_id, municipality_code)


async def lock_on_slots(unit: UnitOfWork, slot_ids: Sequence[UUID], state: ClaimState) -> dict[UUID, Claim]:
    """Hold the claims on these slots that are in this state, by slot; at most one, unless reversed."""
    rows = await unit.execute(_ON_SLOTS[state], {"slots": slot_ids})
    return {row["slot_id"]: claim_of(row) for row in rows}


async def lock_running(unit: UnitOfWork, half_year: str) -> list[Claim]:
    """Hold the claims of a half-year whose household has not moved in yet."""
    running = (claims.c.half_year == half_year) & (claims.c.state == ClaimState.CLAIMED)
    rows = await unit.execute(select(claims).where(running).order_by(claims.c.id).with_for_update())
    return [claim_of(row) for row in rows]


async def save(unit: UnitOfWork, claim: Claim) -> None:
    """Store what became of a claim."""
    unit.touched.add(claim.municipality_code)
    await unit.write(_SAVE, [_row(claim)])


async def hand_over(unit: UnitOfWork, code: str, into: str) -> None:
    """The claims of a municipality that has merged are its successor's."""
    await unit.execute(update(claims).where(claims.c.municipality_code == code).values(municipality_code=into))


def own_claims(municipality_code: str, state: str | None, overdue_at: datetime | None) -> Select[tuple[object, ...]]:
    """The municipality's claims; those in one state; those whose household should have moved in by this moment."""
    mine = select(claims).where(claims.c.municipality_code == municipality_code)
    if state is not None:
        mine = mine.where(claims.c.state == state)
    if overdue_at is not None:
        mine = mine.where(claims.c.state == ClaimState.CLAIMED, claims.c.move_before <= overdue_at)
    return mine


def claim_of(row: Row) -> Claim:
    """A claim from its row."""
    return Claim(**{name: row[name] for name in _FIELDS} | {"state": ClaimState(row["state"])})


async def _find(unit: UnitOfWork, query: Select[tuple[object, ...]], claim_id: UUID, code: str) -> Claim:
    row = (await unit.execute(query, {"claim": claim_id, "code": code})).first()
    if row is None:
        raise NotFound("There is no such claim among yours.")
    return claim_of(row)


def _row(claim: Claim) -> dict[str, object]:
    return {name: getattr(claim, name) for name in _FIELDS}
