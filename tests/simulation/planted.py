"""Defects that are put into the services on purpose, each of which the simulation must find. None is in the product."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch
from uuid import UUID

from services.chassis import relay, unit_of_work
from services.chassis.broker.port import Delivery, Subscription
from services.chassis.consumer import Consumer
from services.chassis.relay import Claimed, Relay
from services.chassis.service import Service
from services.chassis.unit_of_work import Transactions, UnitOfWork
from services.municipalities.domain import slots
from services.notifications.handlers import reminders
from services.registry.domain import entries, offers
from services.registry.domain.allocation import Situation
from services.registry.domain.model import Allocation, Entry, EntryState, OfferState, Vacancy, VacancyState
from services.registry.domain.profiles import Profiles
from services.registry.handlers import messages as registry_messages
from services.registry.handlers import moves, reconsider, standing
from services.registry.handlers import offers as offer_handlers
from services.registry.handlers.matching import Matchmaker
from services.shelters.domain import unit as unit_rules
from services.shelters.handlers import messages as shelter_messages

Plant = Callable[[ExitStack], None]


def _replace(stack: ExitStack, owner: object, name: str, value: object) -> None:
    stack.enter_context(patch.object(owner, name, value))


def no_inbox(stack: ExitStack) -> None:
    """Messages have their effect as often as they come."""

    async def handle(self: Consumer, incoming: Sequence[Any]) -> None:
        events = [event for _, event in incoming]
        await self._transactions.run(lambda unit: self._apply(unit, events))

    _replace(stack, Consumer, "_handle", handle)


def acknowledged_before_commit(stack: ExitStack) -> None:
    """What is acknowledged first is lost when the transaction fails."""
    take = Consumer._take

    async def eager(self: Consumer, subscription: Subscription, deliveries: Sequence[Delivery], retries: Any) -> None:
        await subscription.acknowledge(deliveries)
        await take(self, subscription, deliveries, retries)

    _replace(stack, Consumer, "_take", eager)


def marked_whatever_the_broker_said(stack: ExitStack) -> None:
    """A row counts as sent when it was handed over, confirmed or not."""

    async def publish(self: Relay, batch: Sequence[Claimed]) -> int:
        await self._broker.publish([claimed.message for claimed in batch])
        self._confirmed.extend(batch)
        self._has_outcome.set()
        return len(batch)

    _replace(stack, Relay, "_publish", publish)


def no_sweep(stack: ExitStack) -> None:
    """Only what is fresh is published: what a dead process left stays where it is."""

    async def nothing(_self: Relay) -> bool:
        return True

    _replace(stack, Relay, "_sweep", nothing)


def claims_of_the_dead(stack: ExitStack) -> None:
    """A claim on an outbox row never runs out."""
    _replace(stack, unit_of_work, "CLAIM_SECONDS", 10**8)
    _replace(stack, relay, "CLAIM_SECONDS", 10**8)


def told_before_commit(stack: ExitStack) -> None:
    """Events leave although the transaction may still come to nothing."""
    once = Transactions._once

    async def early(self: Transactions, work: Callable[[UnitOfWork], Awaitable[Any]], confined_to: str | None) -> Any:
        async def working(unit: UnitOfWork) -> Any:
            result = await work(unit)
            self.hand_over(list(unit.outgoing), unit.claimed_until)
            return result

        return await once(self, working, confined_to)

    _replace(stack, Transactions, "_once", early)


def lost_expiry(stack: ExitStack) -> None:
    """Silence moves nothing on: the offer is over, and the vacancy stays as it was."""
    expire = offers.expire

    def silent(allocation: Allocation, now: Any) -> Any:
        offer = expire(allocation, now)
        if offer is not None:
            allocation.vacancy.state = VacancyState.OFFERED
        return offer

    _replace(stack, offers, "expire", silent)


def old_news_is_followed(stack: ExitStack) -> None:
    """A shelter does what the registry said last that it heard, not what it said last."""
    follow = unit_rules.follow

    def any_version(unit: Any, said: Any, renewed: Any, now: Any) -> bool:
        unit.allocation_version = 0
        return follow(unit, said, renewed, now)

    _replace(stack, unit_rules, "follow", any_version)


def stale_beds_are_offered(stack: ExitStack) -> None:
    """A vacancy is offered whatever became of it."""
    _replace(stack, Vacancy, "may_be_offered", lambda self, _now: self.state is not VacancyState.OFFERED)


def the_second_in_line(stack: ExitStack) -> None:
    """The first eligible one is passed over."""
    candidates = Matchmaker._candidates

    async def but_one(self: Matchmaker, *arguments: Any) -> list[Entry]:
        found = await candidates(self, *arguments)
        return found[1:] if len(found) > 1 else found

    _replace(stack, Matchmaker, "_candidates", but_one)


def rules_are_ignored(stack: ExitStack) -> None:
    """Whoever is next gets it, whether it suits them or not."""
    _replace(stack, Situation, "reasons", lambda _self, _entry, _vacancy: ())
    _replace(stack, Profiles, "that_suit", lambda self, *_: list(self))


def decline_moves_nothing_on(stack: ExitStack) -> None:
    """A refusal is stored, and nobody else is looked for."""

    async def stay(
        _matchmaker: Any, unit: UnitOfWork, _lists: Any, ended: Sequence[Allocation], _back: Any = ()
    ) -> None:
        over = [item.offer for item in ended if item.offer is not None]
        await moves.store.update_offers(unit, over)
        await moves.store.update_entries(unit, [offer.entry for offer in over])
        for item, offer in zip(ended, over, strict=True):
            moves.messages.record_offer_ended(unit, item, offer)
            await moves.store.update_vacancies(unit, [item.vacancy])

    _replace(stack, offer_handlers, "move_on", stay)


def a_fall_through_loses_the_place(stack: ExitStack) -> None:
    """Whoever's accepted bed is withdrawn is forgotten."""
    end_vacancy = offers.end_vacancy

    def losing(allocation: Allocation, *arguments: Any) -> Any:
        ended = end_vacancy(allocation, *arguments)
        if ended is not None and ended.state is OfferState.FELL_THROUGH:
            ended.entry.state = EntryState.OFFERED
        return ended

    _replace(stack, offers, "end_vacancy", losing)


def released_for_ever(stack: ExitStack) -> None:
    """When what was accepted falls through, the other lists do not come back."""
    _replace(stack, entries, "take_up_again", lambda entry: setattr(entry, "state", EntryState.PAUSED))


def what_became_wrong_stays(stack: ExitStack) -> None:
    """An offer that does not suit the household any more is left open."""
    _replace(stack, reconsider, "_revoked_if_wrong", lambda *_: None)


def rights_never_end(stack: ExitStack) -> None:
    """A right that has ended is not noticed while they wait."""
    _replace(stack, standing.entries, "has_lapsed", lambda _entry, _now: False)


def a_lapsed_lease_is_not_told(stack: ExitStack) -> None:
    """A bed goes out of service, and the registry goes on offering it."""
    _replace(stack, shelter_messages, "record_withdrawn", lambda *_: None)


def an_acceptance_is_not_told(stack: ExitStack) -> None:
    """The bed stays held, as if nobody had said yes."""
    _replace(stack, registry_messages, "record_offer_accepted", lambda *_: None)


def an_arrival_is_not_told(stack: ExitStack) -> None:
    """The registry goes on waiting for somebody who is there."""
    _replace(stack, shelter_messages, "record_arrival", lambda *_: None)


def nobody_asks_again(stack: ExitStack) -> None:
    """What a broker lost stays lost: whose queue it was makes it anew, and says nothing."""

    async def ask_again(self: Service, unit: UnitOfWork) -> None: ...

    _replace(stack, Service, "_ask_again", ask_again)


def a_municipality_hears_nothing(stack: ExitStack) -> None:
    """A slot stays as it is, whatever the registry says of it."""
    _replace(stack, slots, "_follows", lambda *_: False)


def reminders_go_on(stack: ExitStack) -> None:
    """Somebody is reminded of an offer that was decided."""

    async def nothing(_unit: UnitOfWork, _ids: Sequence[UUID]) -> None: ...

    _replace(stack, reminders.store, "remove", nothing)


BUGS: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        no_inbox,
        acknowledged_before_commit,
        marked_whatever_the_broker_said,
        no_sweep,
        claims_of_the_dead,
        told_before_commit,
        lost_expiry,
        old_news_is_followed,
        stale_beds_are_offered,
        the_second_in_line,
        rules_are_ignored,
        decline_moves_nothing_on,
        a_fall_through_loses_the_place,
        released_for_ever,
        what_became_wrong_stays,
        rights_never_end,
        a_lapsed_lease_is_not_told,
        an_acceptance_is_not_told,
        an_arrival_is_not_told,
        a_municipality_hears_nothing,
        nobody_asks_again,
        reminders_go_on,
    )
}
