"""Enquiries: what the registry asked, and what the provider answered.

Whether one is still open is not stored with it, but follows from the unit: it is open while the unit is held by it. So
it ends with the registry's word about the unit, whether or not the registry has said why.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, case, not_, select, update

from schemas.messages.offers import EnquiryEnded, EnquiryMade
from schemas.vocabulary import EnquiryRefusal
from services.chassis.database import Insertion, Row, UtcDateTime
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.store.units import StoredUnit
from services.shelters.tables import enquiries, units

_ASKED = ("offer_id", "vacancy_id", "unit_id", "organisation", "adults", "children", "sex", "age_band", "needs")
_INSERT = Insertion(enquiries, (*_ASKED, "wheelchair", "made_at", "answer_before_at"))
_END = update(enquiries).where(enquiries.c.offer_id == bindparam("key")).values(end_reason=bindparam("reason"))


def own_enquiries(
    organisation: str | BindParameter[str], now: datetime | BindParameter[datetime], state: str | None = None
) -> Select[tuple[object, ...]]:
    """The organisation's enquiries, or those in one state: open, agreed, refused or ended."""
    # A comparison with NULL is neither true nor false, and "ended" is the opposite of this.
    held_by_it = units.c.offer_id.is_not_distinct_from(enquiries.c.offer_id)
    is_open = and_(units.c.enquiring, held_by_it, enquiries.c.answer_before_at > now)
    states: dict[str, ColumnElement[bool]] = {
        "agreed": enquiries.c.agreed.is_(True),
        "refused": enquiries.c.agreed.is_(False),
        "open": is_open,
        "ended": enquiries.c.answered_at.is_(None) & not_(is_open),
    }
    named = case(*((states[name], name) for name in ("agreed", "refused", "open")), else_="ended").label("state")
    joined = enquiries.join(units, units.c.id == enquiries.c.unit_id)
    query = select(enquiries, named).select_from(joined).where(enquiries.c.organisation == organisation)
    return query if state is None else query.where(states[state])


_MOMENT = bindparam("now", type_=UtcDateTime)
_ONE = own_enquiries(bindparam("whose"), _MOMENT).where(enquiries.c.offer_id == bindparam("key"))
_ANSWER = (
    update(enquiries)
    .where(enquiries.c.offer_id == bindparam("key"))
    .values(answered_at=_MOMENT, agreed=bindparam("agrees"), refusal=bindparam("why_refused"))
)


async def add_enquiries(unit: UnitOfWork, made: Sequence[tuple[EnquiryMade, StoredUnit]]) -> None:
    """Store what is asked about units."""
    await unit.write(_INSERT, [_row(event, stored) for event, stored in made])


async def find_enquiry(unit: UnitOfWork, offer_id: UUID, organisation: str) -> Row:
    """One of the organisation's own enquiries, with its state. Raises NotFound."""
    row = (await unit.execute(_ONE, {"key": offer_id, "whose": organisation, "now": unit.now})).first()
    if row is None:
        raise NotFound("There is no such enquiry among yours.")
    return row


async def store_answer(unit: UnitOfWork, offer_id: UUID, refusal: EnquiryRefusal | None) -> None:
    """Store the answer: a refusal, or yes."""
    answer = {"now": unit.now, "agrees": refusal is None, "why_refused": refusal}
    await unit.execute(_ANSWER, {"key": offer_id} | answer)


async def store_ends(unit: UnitOfWork, ended: Sequence[EnquiryEnded]) -> None:
    """Store why these came to nothing, as far as they were ever stored."""
    if ended:
        reasons = sorted((event.offer_id, event.reason) for event in ended)
        await unit.execute(_END, [{"key": offer_id, "reason": reason} for offer_id, reason in reasons])


def _row(event: EnquiryMade, stored: StoredUnit) -> dict[str, object]:
    return {
        "offer_id": event.offer_id,
        "vacancy_id": event.vacancy_id,
        "unit_id": stored.unit.id,
        "organisation": stored.organisation,
        "adults": event.household.adults,
        "children": event.household.children,
        "sex": event.sex,
        "age_band": event.age_band,
        "needs": json.dumps(event.needs),
        "wheelchair": event.wheelchair,
        "made_at": event.made_at,
        "answer_before_at": event.answer_before_at,
    }
