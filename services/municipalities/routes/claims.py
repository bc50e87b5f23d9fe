"""Claims: made, listed, housed, taken back."""

from datetime import date
from functools import partial
from uuid import UUID

from schemas.api.municipalities import Claim, ClaimReversal, Claims, ClaimsQuery, MoveIn, NewClaim
from schemas.vocabulary import ClaimReversalReason
from services.chassis.errors import FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.municipalities.domain import claims as domain
from services.municipalities.domain.half_year import AMSTERDAM
from services.municipalities.domain.quotas import QuotaRules
from services.municipalities.handlers import claims as handlers
from services.municipalities.handlers import slots as slot_handlers
from services.municipalities.routes.common import BASE, available, rows
from services.municipalities.store import claims as store
from services.municipalities.tables import claims

CLAIMS = Paging(f"{BASE}/claims", tuple[UUID], [claims.c.id])

_ID = UUID("019a0000-0000-7000-8000-000000000001")


async def post_claim(call: Call[NewClaim], unit: UnitOfWork) -> Reply:
    """Claim the household that accepted a slot; without one, whoever accepts next."""
    body, mine = call.body, call.principal.organisation
    if body.slot_id is not None:
        return Reply(201, _claim(await handlers.claim_slot(unit, body.slot_id, mine)))
    places = body.places or 1  # One of the two is there: the schema says so.
    available_from = available(body.available_from, unit.now)
    slot = await slot_handlers.open_slot(unit, mine, places, available_from, wheelchair=body.wheelchair)
    return Reply(201, _claim(await handlers.claim_next(unit, slot)))


async def get_claims(call: Call[None, ClaimsQuery], unit: UnitOfWork) -> Reply:
    """List your claims."""
    query = call.query
    mine = store.own_claims(call.principal.organisation, query.state, unit.now if query.overdue else None)
    page = CLAIMS.page(await rows(unit, CLAIMS.select(mine, query)), query, lambda row: (row["id"],))
    return Reply(200, Claims(claims=[_claim(store.claim_of(row)) for row in page.rows]), page.headers)


async def get_claim(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one of your claims."""
    return Reply(200, _claim(await store.find_claim(unit, call.uuid("claimId"), call.principal.organisation)))


async def house_claim(quota_rules: QuotaRules, call: Call[MoveIn], unit: UnitOfWork) -> Reply:
    """Record that a claimed household has moved in. Raises InvalidInput for a day that is still to come."""
    body, mine, claim_id = call.body, call.principal.organisation, call.uuid("claimId")
    if body.housed_on is not None and body.housed_on > unit.now.astimezone(AMSTERDAM).date():
        raise InvalidInput(fields=[FieldError("/housedOn", "Must not be in the future.")])
    moved_in = await handlers.house_claim(unit, quota_rules, claim_id, mine, day=body.housed_on, people=body.people)
    return Reply(200, _claim(moved_in))


async def reverse_claim(call: Call[ClaimReversal], unit: UnitOfWork) -> Reply:
    """Take a claim back."""
    mine = call.principal.organisation
    return Reply(200, _claim(await handlers.reverse_claim(unit, call.uuid("claimId"), mine, call.body.reason)))


def operations(quota_rules: QuotaRules) -> tuple[Operation[UnitOfWork], ...]:
    """What can be done about claims."""
    return (*_making(), *_ending(quota_rules))


def _making() -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/claims",
            operation_id="claimHousehold",
            summary="Claim the household that accepted a slot, or the next one that accepts",
            description=(
                "Binding: this household is yours. It counts when it is housed. With a slotId, the household that has "
                "accepted that slot is claimed at once. Without one, say the places of a home: a slot is opened, "
                "offered to the next household on the housing list, and claimed by itself the moment that one accepts; "
                "until then the claim is pending, and withdrawing its slot withdraws it."
            ),
            handler=post_claim,
            request=NewClaim,
            request_example=NewClaim(slot_id=_ID),
            response=Claim,
            status=201,
            errors=(404, 409),
            tags=("claims",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/claims",
            operation_id="listClaims",
            summary="List your claims, or those that are overdue",
            handler=get_claims,
            query=ClaimsQuery,
            response=Claims,
            tags=("claims",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/claims/{{claimId}}",
            operation_id="getClaim",
            summary="Look at one of your claims",
            handler=get_claim,
            response=Claim,
            errors=(404,),
            tags=("claims",),
        ),
    )


def _ending(quota_rules: QuotaRules) -> tuple[Operation[UnitOfWork], ...]:
    return (
        Operation(
            method="POST",
            path=f"{BASE}/claims/{{claimId}}/_house",
            operation_id="houseHousehold",
            summary="Record that a claimed household has moved in",
            description=(
                "Its members count for your quota in the half-year in which they moved in: now, or on housedOn. "
                "What that changes in a half-year that is over is carried over to the next one. Say people when the "
                "household has grown or become smaller since you claimed it."
            ),
            handler=partial(house_claim, quota_rules),
            request=MoveIn,
            request_example=MoveIn(housed_on=date(2026, 6, 30), people=3),
            response=Claim,
            errors=(404, 409),
            tags=("claims",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/claims/{{claimId}}/_reverse",
            operation_id="reverseClaim",
            summary="Take a claim back, with a reason",
            description=(
                "Before the household was housed: the slot is withdrawn, and the household has its old place on the "
                "list again. Afterwards: it counts no longer, in the half-year that it counted in; what that changes "
                "is carried over to the next one. When the registry lets the placement fall through before they moved "
                "in, the claim is reversed by itself, and the slot is open for the next household."
            ),
            handler=reverse_claim,
            request=ClaimReversal,
            request_example=ClaimReversal(reason=ClaimReversalReason.HOUSING_FELL_THROUGH),
            response=Claim,
            errors=(404, 409),
            tags=("claims",),
        ),
    )


def _claim(claim: domain.Claim) -> Claim:
    same = ("slot_id", "people", "half_year", "requested_at", "claimed_at", "house_before", "move_before")
    ending = ("housed_at", "reversed_at", "reversal_reason")
    reason = None if claim.reversal_reason is None else ClaimReversalReason(claim.reversal_reason)
    values = {name: getattr(claim, name) for name in (*same, *ending)} | {
        "state": claim.state.value,
        "reversal_reason": reason,
    }
    return Claim(claim_id=claim.id, **values)
