"""Whether facts about a household may be passed on, and what follows when that changes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import LegalBasis, Purpose, RevocationReason
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers import permits, reconsider
from services.registry.handlers.entitlement import follow_grounds
from services.registry.handlers.held import held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import grounds as store
from services.registry.store.standing import standing_of


@dataclass(frozen=True, slots=True)
class Ground:
    """For what, on what ground, and since when facts may be passed on."""

    purpose: Purpose
    legal_basis: LegalBasis
    given_at: datetime


async def give_consent(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    case_id: UUID,
    coordinator: str,
    ground: Ground,
) -> UUID:
    """From now on facts may be passed on; whoever has a permit joins the housing list by that. Gives the consent's id.

    Raises NotFound, or Conflict when there is a ground already.
    """
    await held_case(unit, case_id, coordinator)
    if await store.may_be_passed_on(unit, case_id, ground.purpose):
        raise Conflict("There is a ground for this purpose already: withdraw that one first.")
    (made,) = await store.add_consents(unit, case_id, [ground.purpose], ground.legal_basis, ground.given_at)
    await follow_grounds(unit, case_id)
    if ground.purpose is Purpose.HOUSING:
        await permits.join_housing(matchmaker, unit, case_id, coordinator)
    return made


async def withdraw_consent(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, consent_id: UUID, coordinator: str
) -> None:
    """From this moment on nothing is passed on for its purpose.

    The case leaves the lists of that purpose, and open offers are revoked and move on, in this transaction. It stays
    registered, and counted. A place that was accepted or moved into stays: that is for the people there to end.
    Raises NotFound, or Conflict when it was withdrawn before.
    """
    await held_case(unit, case_id, coordinator)
    consent = await store.find_consent(unit, case_id, consent_id)
    if consent["withdrawn_at"] is not None:
        raise Conflict("This consent was withdrawn before.")
    purpose = Purpose(consent["purpose"])
    await store.withdraw_consents(unit, case_id, purpose)
    await follow_grounds(unit, case_id)
    standing = await standing_of(matchmaker.lists, unit, case_id)
    concerned = [place for place in standing.places if Purpose(standing.lists[place.entry.waitlist].kind) is purpose]
    await reconsider.take_out(matchmaker, unit, standing.lists, RevocationReason.LEFT_LIST, concerned)
