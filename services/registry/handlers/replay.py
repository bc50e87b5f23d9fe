"""Makes stored decisions again, from what they looked at, and compares byte for byte."""

from dataclasses import dataclass
from uuid import UUID

from schemas.vocabulary import ReplayOutcome
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.decisions import explain
from services.registry.domain.programmes import Programmes
from services.registry.store import decisions as store
from services.registry.store.decisions import StoredDecision

Outcome = ReplayOutcome
FAULTS = (Outcome.DIFFERS, Outcome.ALTERED, Outcome.UNEXPLAINED, Outcome.UNKNOWN_POLICY)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision, and what came of making it again."""

    decision_id: UUID
    outcome: Outcome


async def replay(unit: UnitOfWork, programmes: Programmes, last: UUID | None, limit: int) -> list[Replayed]:
    """Make the next decisions after `last` again, at most `limit`."""
    return [Replayed(stored.id, outcome_of(stored, programmes)) for stored in await store.after(unit, last, limit)]


def outcome_of(stored: StoredDecision, programmes: Programmes) -> Outcome:
    """Make one decision again, by the version that it names."""
    if store.digest_of(stored.snapshot or "", stored.explanation) != stored.digest:
        return Outcome.ALTERED
    if stored.snapshot is None:
        return Outcome.NOT_KEPT
    programme = programmes.of_policy(stored.policy)
    if programme is None:
        return Outcome.UNKNOWN_POLICY
    snapshot = store.decode_snapshot(stored.snapshot)
    again = explain(snapshot, programme)
    facts = (snapshot.vacancy.id, snapshot.decided_at, again.chosen)
    if facts != (stored.vacancy_id, stored.decided_at, stored.entry_id):
        return Outcome.DIFFERS
    if store.encode_explanation(again) != stored.explanation:
        return Outcome.DIFFERS
    explained = all(one.reasons for one in again.ahead) and all(reasons for reasons, _ in again.counted)
    return Outcome.SAME if explained else Outcome.UNEXPLAINED
