"""Attempts to reach a household, kept so that silence is not taken for a refusal."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from schemas.vocabulary import ContactChannel, ContactOutcome
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers.held import held_case
from services.registry.store import cases
from services.registry.store import events as store


@dataclass(frozen=True, slots=True)
class Attempt:
    """How and when somebody tried, what came of it, and the offer that it was about."""

    channel: ContactChannel
    outcome: ContactOutcome
    attempted_at: datetime
    offer_id: UUID | None = None


async def log_attempt(
    unit: UnitOfWork,
    case_id: UUID,
    coordinator: str,
    attempt: Attempt,
) -> UUID:
    """Log an attempt; gives its id. Raises NotFound for a case or an offer of someone else's, or Conflict."""
    about = attempt.offer_id
    if about is not None and (await cases.find_offer(unit, about, coordinator))["case_id"] != case_id:
        raise NotFound("There is no such offer to this case.")
    await held_case(unit, case_id, coordinator)
    return await store.add_contact_attempt(unit, case_id, asdict(attempt))
