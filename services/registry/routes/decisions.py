"""Why each offer was made. A coordinator sees others as positions only; an auditor sees which entries they were."""

from collections.abc import Sequence
from uuid import UUID

from schemas.api.decisions import Considered, CountedByReasons, Decision, Decisions, DecisionsQuery
from services.chassis.identity import Role
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.domain.decisions import Ahead
from services.registry.domain.eligibility import without_place
from services.registry.routes.common import AUDITORS, BASE, COORDINATORS, READ
from services.registry.store import decisions as store
from services.registry.store.cases import rows
from services.registry.store.decisions import StoredDecision
from services.registry.tables import decisions as decisions_table

DECISIONS = Paging(f"{BASE}/decisions", tuple[UUID], [decisions_table.c.id])


def operations() -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about decisions."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/offers/{{offerId}}/decision",
            operation_id="getDecisionOfOffer",
            summary="Read why an offer was made to this entry",
            description="Who stood before it in line and by which rule, and every reason why this was not for them.",
            scope=READ,
            roles=COORDINATORS | AUDITORS,
            handler=get_decision_of_offer,
            response=Decision,
            errors=(404,),
            tags=("decisions",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/decisions",
            operation_id="listDecisions",
            summary="List every decision, in the order in which they were made",
            scope=READ,
            roles=AUDITORS,
            handler=get_decisions,
            query=DecisionsQuery,
            response=Decisions,
            tags=("decisions",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/decisions/{{decisionId}}",
            operation_id="getDecision",
            summary="Read a decision",
            scope=READ,
            roles=COORDINATORS | AUDITORS,
            handler=get_decision,
            response=Decision,
            errors=(404,),
            tags=("decisions",),
        ),
    )


async def get_decision_of_offer(call: Call, unit: UnitOfWork) -> Reply:
    """Read why the offer was made to this entry."""
    found = await store.of_offer(unit, call.uuid("offerId"), _owner(call))
    return Reply(200, _shown(found, in_full=_is_auditor(call)))


async def get_decisions(call: Call[None, DecisionsQuery], unit: UnitOfWork) -> Reply:
    """List all decisions."""
    found = await rows(unit, DECISIONS.select(store.decisions_of(None), call.query))
    page = DECISIONS.page([store.stored(row) for row in found], call.query, lambda stored: (stored.id,))
    return Reply(200, Decisions(decisions=[_shown(item, in_full=True) for item in page.rows]), page.headers)


async def get_decision(call: Call, unit: UnitOfWork) -> Reply:
    """Read one decision."""
    found = await store.find(unit, call.uuid("decisionId"), _owner(call))
    return Reply(200, _shown(found, in_full=_is_auditor(call)))


def _is_auditor(call: Call) -> bool:
    return call.principal.role is Role.AUDITOR


def _owner(call: Call) -> str | None:
    """Whose decisions may be seen: an auditor sees everyone's."""
    return None if _is_auditor(call) else call.principal.organisation


def _shown(stored: StoredDecision, *, in_full: bool) -> Decision:
    explanation = store.decode_explanation(stored.explanation)
    ids = stored.considered_ids if in_full else [None] * len(explanation.ahead)
    return Decision(
        decision_id=stored.id,
        offer_id=stored.offer_id,
        entry_id=stored.entry_id,
        policy=stored.policy,
        decided_at=stored.decided_at,
        considered=[
            _considered(position, ahead, id_, in_full=in_full)
            for position, (ahead, id_) in enumerate(zip(explanation.ahead, ids, strict=False), start=1)
        ],
        counted=[
            CountedByReasons(reasons=_told(reasons, in_full=in_full), count=count)
            for reasons, count in explanation.counted
        ],
        counted_at_least=explanation.at_least,
        vacancy_id=stored.vacancy_id if in_full else None,
        digest=stored.digest if in_full else None,
    )


def _considered(position: int, ahead: Ahead, entry_id: UUID | None, *, in_full: bool) -> Considered:
    reasons = _told(ahead.reasons, in_full=in_full)
    return Considered(position=position, rule=ahead.rule.value, reasons=reasons, entry_id=entry_id)


def _told(reasons: Sequence[str], *, in_full: bool) -> list[str]:
    """A coordinator knows what is excluded for their own, and must not learn from that where a vacancy is."""
    return list(reasons if in_full else without_place(reasons))
