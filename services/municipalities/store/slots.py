"""Slots."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select, update

from services.chassis.database import Change, Insertion, Row, one_of
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.slots import Slot, SlotState
from services.municipalities.tables import slots

_FIELDS = tuple(field.name for field in fields(Slot))
_UPDATE = Change(slots, ("state", "offer_id", "accepted", "adults", "children", "version", "allocation_version"))


_INSERT = Insertion(slots, _FIELDS)
_LOCK_OWN = (
    select(slots)
    .where(slots.c.id == bindparam("slot", type_=Uuid), slots.c.municipality_code == bindparam("code"))
    .with_for_update()
)


async def add_slot(unit: UnitOfWork, slot: Slot) -> None:
    """Store a new slot."""
    unit.touched.add(slot.municipality_code)
    await unit.write(_INSERT, [{name: getattr(slot, name) for name in _FIELDS}])


async def lock_slot(unit: UnitOfWork, slot_id: UUID, municipality_code: str) -> Slot:
    """Hold one of the municipality's own slots. Raises NotFound."""
    row = (await unit.execute(_LOCK_OWN, {"slot": slot_id, "code": municipality_code})).first()
    if row is None:
        raise NotFound("There is no such slot among yours.")
    return slot_of(row)


_OF_VACANCIES = select(slots).where(one_of(slots.c.vacancy_id, "ids")).order_by(slots.c.id).with_for_update()


async def lock_slots_of_vacancies(unit: UnitOfWork, vacancy_ids: Sequence[UUID]) -> dict[UUID, Slot]:
    """Hold the slots of these vacancies, by vacancy."""
    rows = await unit.execute(_OF_VACANCIES, {"ids": vacancy_ids})
    return {row["vacancy_id"]: slot_of(row) for row in rows}


async def save(unit: UnitOfWork, changed: Sequence[Slot]) -> None:
    """Store what became of slots that this transaction holds."""
    unit.touched.update(slot.municipality_code for slot in changed)
    await unit.write(_UPDATE, [{name: getattr(slot, name) for name in _UPDATE.columns} for slot in changed])


async def hand_over(unit: UnitOfWork, parts: Sequence[str], into: str) -> None:
    """The slots of municipalities that have merged are their successor's."""
    await unit.execute(update(slots).where(slots.c.municipality_code.in_(parts)).values(municipality_code=into))


async def lock_live(unit: UnitOfWork, municipality_code: str) -> list[Slot]:
    """Hold the slots of a municipality that nobody lives in yet."""
    live = slots.c.state.in_((SlotState.OPEN, SlotState.HELD, SlotState.CLAIMED))
    query = select(slots).where(slots.c.municipality_code == municipality_code, live)
    return [slot_of(row) for row in await unit.execute(query.order_by(slots.c.id).with_for_update())]


def own_slots(municipality_code: str, state: str | None) -> Select[tuple[object, ...]]:
    """The municipality's slots, or those of them in one state."""
    mine = select(slots).where(slots.c.municipality_code == municipality_code)
    return mine if state is None else mine.where(slots.c.state == state)


def slot_of(row: Row) -> Slot:
    """A slot from its row."""
    return Slot(**{name: row[name] for name in _FIELDS} | {"state": SlotState(row["state"])})
