"""Enquiries: a provider that decides for itself says whether it takes a household."""

from uuid import UUID

from schemas.vocabulary import EnquiryRefusal
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.shelters.domain import unit as domain
from services.shelters.handlers import messages
from services.shelters.store import enquiries as store
from services.shelters.store import units


async def answer_enquiry(unit: UnitOfWork, offer_id: UUID, organisation: str, refusal: EnquiryRefusal | None) -> Row:
    """A provider agrees, or refuses and says why. The unit stays held. Raises NotFound or Refused."""
    enquiry = await store.find_enquiry(unit, offer_id, organisation)
    stored = await units.lock_unit(unit, enquiry["unit_id"], organisation)
    domain.answer(stored.unit, offer_id, enquiry["answer_before_at"], unit.now)
    await units.save(unit, [stored])
    await store.store_answer(unit, offer_id, refusal)
    messages.record_answer(unit, stored, enquiry["vacancy_id"], offer_id, refusal)
    return await store.find_enquiry(unit, offer_id, organisation)
