"""The municipalities' facts in their database."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import Select, bindparam, case, func, insert, select, update

from services.chassis.database import Row, among
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import LedgerKind, Slot, SlotState
from services.municipalities.tables import claims, ledger, municipalities, slots

_SLOT_FIELDS = tuple(field.name for field in fields(Slot))
_CHANGING = ("state", "offer_id", "accepted", "adults", "children", "version", "allocation_version")


async def add_municipality(unit: UnitOfWork, code: str, name: str, inhabitants: int) -> None:
    """Store a municipality. Raises UniqueViolation when its code is known already."""
    await unit.execute(insert(municipalities).values(code=code, name=name, inhabitants=inhabitants))


async def rows(unit: UnitOfWork, statement: Select[tuple[object, ...]]) -> Sequence[Row]:
    """What the statement finds."""
    return await unit.execute(statement)


async def all_inhabitants(unit: UnitOfWork) -> dict[str, int]:
    """How many people live in each municipality."""
    rows = await unit.execute(select(municipalities.c.code, municipalities.c.inhabitants))
    return {row.code: row.inhabitants for row in rows}


async def add_slot(unit: UnitOfWork, slot: Slot) -> None:
    """Store a new slot. The municipality must be known."""
    known = select(municipalities.c.code).where(municipalities.c.code == slot.municipality_code)
    if (await unit.execute(known)).first() is None:
        raise NotFound("Your municipality is not registered; ask the operator to register it.")
    await unit.execute(insert(slots).values({name: getattr(slot, name) for name in _SLOT_FIELDS}))


async def lock_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> Slot:
    """Hold one of the municipality's own slots. Raises NotFound."""
    own = (slots.c.id == slot_id) & (slots.c.municipality_code == municipality_code)
    row = (await unit.execute(select(slots).where(own).with_for_update())).first()
    if row is None:
        raise NotFound("There is no such slot among yours.")
    return slot_of(row)


async def lock_slots_of_vacancies(unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[UUID, Slot]:
    """Hold the slots of these vacancies, by vacancy."""
    mine = among(unit.connection, slots.c.vacancy_id, vacancy_ids)
    rows = await unit.execute(select(slots).where(mine).order_by(slots.c.id).with_for_update())
    return {row["vacancy_id"]: slot_of(row) for row in rows}


async def save(unit: UnitOfWork, changed: Sequence[Slot]) -> None:
    """Store what became of slots that this transaction holds."""
    if changed:
        statement = update(slots).where(slots.c.id == bindparam("key"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in _CHANGING})
        rows = [{"key": slot.id} | {f"new_{name}": getattr(slot, name) for name in _CHANGING} for slot in changed]
        await unit.execute(statement, rows)


def own_slots(municipality_code: str, state: str | None) -> Select[tuple[object, ...]]:
    """The municipality's slots, or those of them in one state."""
    mine = select(slots).where(slots.c.municipality_code == municipality_code)
    return mine if state is None else mine.where(slots.c.state == state)


async def add_claim(unit: UnitOfWork, claim: dict[str, object]) -> None:
    """Store a claim."""
    await unit.execute(insert(claims).values(claim))


async def lock_claim(unit: UnitOfWork, claim_id: UUID, municipality_code: str) -> Row:
    """Hold one of the municipality's own claims. Raises NotFound."""
    own = (claims.c.id == claim_id) & (claims.c.municipality_code == municipality_code)
    row = (await unit.execute(select(claims).where(own).with_for_update())).first()
    if row is None:
        raise NotFound("There is no such claim among yours.")
    return row


async def save_claim(unit: UnitOfWork, claim: Row, **changed: object) -> dict[str, object]:
    """Store what became of a claim; gives it as it is now."""
    await unit.execute(update(claims).where(claims.c.id == claim["id"]).values(**changed))
    return dict(claim) | changed


async def enter(
    unit: UnitOfWork,
    kind: LedgerKind,
    municipality_code: str,
    half_year: str,
    people: int,
    claim_id: UUID | None = None,
) -> None:
    """Add a line to the ledger. Raises UniqueViolation when it would count something twice."""
    line = {
        "id": unit.identifiers(),
        "municipality_code": municipality_code,
        "half_year": half_year,
        "kind": kind,
        "people": people,
        "claim_id": claim_id,
        "recorded_at": unit.now,
    }
    await unit.execute(insert(ledger).values(line))


def quotas(municipality_code: str | None, half_year: str | None) -> Select[tuple[object, ...]]:
    """Sums of the ledger for each half-year and municipality."""
    key = (ledger.c.half_year, ledger.c.municipality_code)
    sums = [func.sum(case((ledger.c.kind == kind, ledger.c.people), else_=0)).label(kind) for kind in LedgerKind]
    query = select(*key, *sums).group_by(*key)
    if municipality_code is not None:
        query = query.where(ledger.c.municipality_code == municipality_code)
    return query if half_year is None else query.where(ledger.c.half_year == half_year)


def slot_of(row: Row) -> Slot:
    """A slot from its row."""
    return Slot(**{name: row[name] for name in _SLOT_FIELDS} | {"state": SlotState(row["state"])})
