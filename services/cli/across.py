"""What must never be false over several services. It holds when no message is under way."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Executable, select

from services.chassis.database import Row
from services.chassis.unit_of_work import Transactions
from services.municipalities.tables import slots
from services.notifications.tables import reminders
from services.registry.domain.model import ACTIVE_OFFER_STATES, OfferState
from services.registry.tables import offers, placements, vacancies
from services.shelters.tables import units

_UNIT_STATES = {
    OfferState.ENQUIRED: "held",
    OfferState.MADE: "held",
    OfferState.ACCEPTED: "reserved",
    OfferState.FULFILLED: "occupied",
}
Services = Mapping[str, Transactions]


async def findings(services: Services) -> list[str]:
    """Everything in which the services contradict each other. What it reads is held in memory."""
    mirrored = {row.id: row for row in await _rows(services, "registry", select(vacancies))}
    active = await _active_offers(services)
    seen_units = await _rows(services, "shelters", select(units).order_by(units.c.id))
    seen_slots = await _rows(services, "municipalities", select(slots).order_by(slots.c.id))
    found = await _found_there(services)
    return [
        *(fault for unit in seen_units if unit.vacancy_id not in found and (fault := _of_unit(unit, mirrored, active))),
        *_misplaced(found, seen_units),
        *_forgotten_beds(mirrored, seen_units),
        *(fault for slot in seen_slots if (fault := _of_slot(slot, mirrored, active))),
        *await _reminded_in_vain(services, active),
    ]


def _of_unit(unit: Row, mirrored: Mapping[UUID, Row], active: Mapping[UUID, Row]) -> str | None:
    """A bed is in one state, the same in both services."""
    if unit.vacancy_id is None:
        return None if unit.state == "out_of_service" else f"unit {unit.id}: it is {unit.state} without a vacancy"
    if unit.vacancy_id not in mirrored:
        return f"unit {unit.id}: the registry does not know its vacancy"
    offer = active.get(unit.vacancy_id)
    expected = "free" if offer is None else _UNIT_STATES[OfferState(offer.state)]
    if unit.state != expected:
        return f"unit {unit.id}: it is {unit.state}, but by the registry {expected}"
    if unit.offer_id != (None if offer is None else offer.id):
        return f"unit {unit.id}: it is {unit.state} for another offer than the registry's"
    return None


def _misplaced(found: Mapping[UUID, UUID], seen: Sequence[Row]) -> list[str]:
    """Whoever was found in a unit lives there, as its provider's service knows."""
    there = {
        (unit.vacancy_id, unit.id) for unit in seen if unit.state == "occupied" and unit.vacancy_id == unit.offer_id
    }
    return [
        f"placement {placement_id}: recorded in unit {unit_id}, which is not occupied by it"
        for placement_id, unit_id in found.items()
        if (placement_id, unit_id) not in there
    ]


def _forgotten_beds(mirrored: Mapping[UUID, Row], seen: Sequence[Row]) -> list[str]:
    """What the registry has to give, a shelter has."""
    known = {unit.vacancy_id for unit in seen}
    return [
        f"vacancy {row.id}: the registry has it as {row.state}, and no unit is free by it"
        for row in mirrored.values()
        if row.kind == "shelter" and row.state in ("open", "offered") and row.id not in known
    ]


def _of_slot(slot: Row, mirrored: Mapping[UUID, Row], active: Mapping[UUID, Row]) -> str | None:
    """A slot is in one state, the same in both services."""
    vacancy, offer = mirrored.get(slot.vacancy_id), active.get(slot.vacancy_id)
    if vacancy is None:
        return f"slot {slot.id}: the registry does not know its vacancy"
    if slot.state == "withdrawn":
        right = vacancy.state == "withdrawn"
    elif offer is None:
        right = (slot.state, vacancy.state) == ("open", "open")
    elif offer.state == OfferState.FULFILLED:
        right = slot.state == "housed"
    else:
        right = slot.state in ("held", "claimed") and slot.accepted == (offer.state == OfferState.ACCEPTED)
    return None if right else f"slot {slot.id}: it is {slot.state}, but by the registry its vacancy is {vacancy.state}"


async def _reminded_in_vain(services: Services, active: Mapping[UUID, Row]) -> list[str]:
    """Somebody is reminded of an offer only while it waits for an answer."""
    waiting = {offer.id for offer in active.values() if offer.state == OfferState.MADE}
    rows = await _rows(services, "notifications", select(reminders.c.id).order_by(reminders.c.id))
    return [
        f"offer {row.id}: reminders of it go on, and nobody is to answer it" for row in rows if row.id not in waiting
    ]


async def _active_offers(services: Services) -> dict[UUID, Row]:
    """The offers that hold a vacancy now, by vacancy; a placement that is over holds nothing."""
    query = select(offers).where(offers.c.state.in_(ACTIVE_OFFER_STATES), offers.c.ended_at.is_(None))
    return {row.vacancy_id: row for row in await _rows(services, "registry", query)}


async def _found_there(services: Services) -> dict[UUID, UUID]:
    """Placements after the fact that last, in which unit each is; without those that are known to be in conflict."""
    still = (placements.c.ended_at.is_(None), placements.c.conflict.is_(None), placements.c.unit_id.is_not(None))
    query = select(placements.c.id, placements.c.unit_id).where(*still).order_by(placements.c.id)
    return {row.id: row.unit_id for row in await _rows(services, "registry", query)}


async def _rows(services: Services, name: str, statement: Executable) -> Sequence[Row]:
    return await services[name].read(lambda unit: unit.execute(statement))
