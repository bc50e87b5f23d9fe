"""Why each offer was made. A coordinator sees others as positions only; an auditor sees which entries they were."""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from schemas.api.decisions import Considered, CountedByReasons, Decision, Decisions, DecisionsQuery, Replay
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.domain.decisions import Ahead
from services.registry.domain.eligibility import without_place
from services.registry.domain.programmes import Programmes
from services.registry.handlers.replay import outcome_of
from services.registry.routes.common import BASE
from services.registry.store import decisions as store
from services.registry.store.cases import rows
from services.registry.store.decisions import StoredDecision
from services.registry.tables import decisions as decisions_table

Shows = Callable[[str], bool]

DECISIONS = Paging(f"{BASE}/decisions", tuple[UUID], [decisions_table.c.id])


def operations(programmes: Programmes) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about decisions."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/offers/{{offerId}}/decision",
            operation_id="getDecisionOfOffer",
            summary="Read why an offer was made to this entry",
            description="Who stood before it in line and by which rule, and every reason why this was not for them.",
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
            handler=get_decision,
            response=Decision,
            errors=(404,),
            tags=("decisions",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/decisions/{{decisionId}}/replay",
            operation_id="replayDecision",
            summary="Make a decision again, and compare",
            description="From all that was looked at then, which is stored with it, and by the policy that it names. "
            "Nothing is written.",
            handler=partial(replay_decision, programmes),
            response=Replay,
            errors=(404,),
            tags=("decisions",),
        ),
    )


async def get_decision_of_offer(call: Call, unit: UnitOfWork) -> Reply:
    """Read why the offer was made to this entry."""
    found = await store.of_offer(unit, call.uuid("offerId"), call.owner)
    return Reply(200, _shown(found, call.shows))


async def get_decisions(call: Call[None, DecisionsQuery], unit: UnitOfWork) -> Reply:
    """List all decisions."""
    query = call.query
    found = await rows(unit, DECISIONS.select(store.decisions_of(call.owner), query, newest_first=query.newest_first))
    page = DECISIONS.page([store.stored(row) for row in found], call.query, lambda stored: (stored.id,))
    return Reply(200, Decisions(decisions=[_shown(item, call.shows) for item in page.rows]), page.headers)


async def get_decision(call: Call, unit: UnitOfWork) -> Reply:
    """Read one decision."""
    found = await store.find(unit, call.uuid("decisionId"), call.owner)
    return Reply(200, _shown(found, call.shows))


async def replay_decision(programmes: Programmes, call: Call, unit: UnitOfWork) -> Reply:
    """Make a decision again."""
    found = await store.find(unit, call.uuid("decisionId"), call.owner)
    outcome = outcome_of(found, programmes)
    return Reply(200, Replay(decision_id=found.id, policy=found.policy, outcome=outcome, replayed_at=unit.now))


def _shown(stored: StoredDecision, shows: Shows) -> Decision:
    """Of the fields that not everyone sees, those that this role does, by the table in `schemas.access`."""
    explanation = store.decode_explanation(stored.explanation)
    ids = stored.considered_ids if shows("considered.entryId") else [None] * len(explanation.ahead)
    considered_places, counted_places = shows("considered.reasons#place"), shows("counted.reasons#place")
    return Decision(
        decision_id=stored.id,
        offer_id=stored.offer_id,
        entry_id=stored.entry_id,
        policy=stored.policy,
        decided_at=stored.decided_at,
        considered=[
            _considered(position, ahead, id_, with_place=considered_places)
            for position, (ahead, id_) in enumerate(zip(explanation.ahead, ids, strict=False), start=1)
        ],
        counted=[
            CountedByReasons(reasons=_told(reasons, with_place=counted_places), count=count)
            for reasons, count in explanation.counted
        ],
        counted_at_least=explanation.at_least,
        vacancy_id=stored.vacancy_id if shows("vacancyId") else None,
        digest=stored.digest if shows("digest") else None,
    )


def _considered(position: int, ahead: Ahead, entry_id: UUID | None, *, with_place: bool) -> Considered:
    reasons = _told(ahead.reasons, with_place=with_place)
    return Considered(position=position, rule=ahead.rule.value, reasons=reasons, entry_id=entry_id)


def _told(reasons: Sequence[str], *, with_place: bool) -> list[str]:
    """A coordinator knows what is excluded for their own, and must not learn from that where a vacancy is."""
    return list(reasons if with_place else without_place(reasons))
