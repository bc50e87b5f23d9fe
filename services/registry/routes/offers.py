"""Offers, and the answers to them."""

from functools import partial
from typing import Any
from uuid import UUID

from schemas.api.registry import Decline, Offer, Offers, OffersQuery, Undo
from schemas.vocabulary import DeclineReason, UndoReason
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.registry.handlers import offers
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, answering, id_of
from services.registry.store import cases as store
from services.registry.tables import offers as offers_table

OFFERS = Paging(f"{BASE}/offers", tuple[UUID], [offers_table.c.id])

_EXAMPLE_DECLINE = Decline(reason=DeclineReason.UNSUITABLE)
_EXAMPLE_UNDO = Undo(reason=UndoReason.MISTAKE)


def operations(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    """What may be asked about offers."""
    return (
        Operation(
            method="GET",
            path=f"{BASE}/offers",
            operation_id="listOffers",
            summary="List the offers made to your entries",
            handler=get_offers,
            query=OffersQuery,
            response=Offers,
            tags=("offers",),
        ),
        Operation(
            method="GET",
            path=f"{BASE}/offers/{{offerId}}",
            operation_id="getOffer",
            summary="Look at an offer",
            handler=get_offer,
            response=Offer,
            errors=(404,),
            tags=("offers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/offers/{{offerId}}/_accept",
            operation_id="acceptOffer",
            summary="Accept an offer",
            description="Only before its deadline, and only once.",
            handler=partial(accept_offer, matchmaker),
            response=Offer,
            errors=(404, 409),
            tags=("offers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/offers/{{offerId}}/_decline",
            operation_id="declineOffer",
            summary="Decline an offer",
            description="The reason has a consequence; the vacancy is offered to the next in the same moment.",
            handler=partial(decline_offer, matchmaker),
            request=Decline,
            request_example=_EXAMPLE_DECLINE,
            response=Offer,
            errors=(404, 409),
            tags=("offers",),
        ),
        Operation(
            method="POST",
            path=f"{BASE}/offers/{{offerId}}/_undo",
            operation_id="undoAnswer",
            summary="Take back that an offer was declined or accepted",
            description="A refusal: while the vacancy has gone to nobody else, it is offered to the household again. "
            "An acceptance: until they have arrived or a municipality has claimed them, the vacancy goes to the next "
            "household, and this one has its old place back.",
            handler=partial(undo_answer, matchmaker),
            request=Undo,
            request_example=_EXAMPLE_UNDO,
            response=Offer,
            errors=(404, 409),
            tags=("offers",),
        ),
    )


async def get_offers(call: Call[None, OffersQuery], unit: UnitOfWork) -> Reply:
    """List the offers made to your entries."""
    query = call.query
    mine = store.own(offers_table, call.principal.organisation, state=query.state, case_id=query.case_id)
    page = OFFERS.page(
        await store.rows(unit, OFFERS.select(mine, query, newest_first=query.newest_first)), query, id_of
    )
    return Reply(200, Offers(offers=[_offer(row) for row in page.rows]), page.headers)


async def get_offer(call: Call, unit: UnitOfWork) -> Reply:
    """Look at one offer."""
    return await _offer_reply(call, unit)


async def accept_offer(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Say yes."""
    await offers.accept_offer(matchmaker, unit, call.uuid("offerId"), answering(call))
    return await _offer_reply(call, unit)


async def decline_offer(matchmaker: Matchmaker, call: Call[Decline], unit: UnitOfWork) -> Reply:
    """Say no, and why."""
    await offers.decline_offer(matchmaker, unit, call.uuid("offerId"), answering(call), call.body.reason)
    return await _offer_reply(call, unit)


async def undo_answer(matchmaker: Matchmaker, call: Call[Undo], unit: UnitOfWork) -> Reply:
    """Take an answer back, and say why."""
    await offers.undo_answer(matchmaker, unit, call.uuid("offerId"), answering(call), call.body.reason)
    return await _offer_reply(call, unit)


async def _offer_reply(call: Call[Any, Any], unit: UnitOfWork) -> Reply:
    return Reply(200, _offer(await store.find_offer(unit, call.uuid("offerId"), answering(call).speaks_for)))


def _offer(row: Row) -> Offer:
    same = ("entry_id", "case_id", "waitlist", "kind", "state", "reason", "made_at", "deadline_at", "decided_at")
    who = ("coordinator", "decided_by", "undone")
    return Offer(offer_id=row["id"], **{name: row[name] for name in same + who})
