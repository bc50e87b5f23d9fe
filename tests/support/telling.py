"""The notifications' service alone, on a clock that is moved: what happens, what owners want, and what reaches whom."""

import asyncio
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import select

from schemas.api.subscriptions import NewSubscription
from schemas.messages.offers import Household, OfferMade, OfferRevoked
from schemas.vocabulary import ListKind, RevocationReason, SubscriptionChannel
from services.chassis.broker.memory import InProcessBroker
from services.chassis.clock import system_identifiers
from services.chassis.database import Row
from services.chassis.settings import Mode
from services.chassis.wiring import Surroundings, topology
from services.notifications.deliveries.desk import Desk
from services.notifications.handlers.news import notify
from services.notifications.handlers.subscribing import Subscribing
from services.notifications.settings import Settings
from services.notifications.store import subscriptions as store
from services.notifications.store.subscriptions import Subscription
from services.notifications.tables import attempts, deliveries, notifications
from services.notifications.wiring import build
from tests.support.world import Clock

MINE = "comensha"
REST_SECONDS = 20.0


class Telling:
    """One process of the service, driven by hand."""

    def __init__(self, url: str, folder: Path, clock: Clock | None = None, **settings: Any) -> None:  # noqa: ANN401
        self.clock = clock or Clock()
        given = {
            "notifications_key_file": folder / "notifications.key",
            "webhook_networks": "127.0.0.0/8",
            "public_url": "https://doorstroom.example",
        }
        chosen = Settings(mode=Mode.EMBEDDED, database_url=SecretStr(url), **(given | settings))
        # Half of all chance: so each pause is exactly as long as the schedule says.
        surroundings = Surroundings(
            InProcessBroker(topology("telling", [])),
            self.clock,
            system_identifiers,
            chance=lambda number: os.urandom(number) if number != 2 else b"\x7f\xff",
        )
        self.service = build(chosen, surroundings)
        self.transactions = self.service.transactions
        [subscribe] = [one for one in self.service.api.operations if one.operation_id == "subscribe"]
        self.subscribing: Subscribing = subscribe.handler.__self__._subscribing  # type: ignore[union-attr]
        self.desk: Desk = self.subscribing.desk

    async def close(self) -> None:
        await self.desk._lanes.close()
        for carrier in self.desk.carriers.values():
            await carrier.close()
        await self.transactions.database.close()

    async def offer(self, offer_id: UUID | None = None, **changes: Any) -> UUID:  # noqa: ANN401
        """Something happens that concerns somebody."""
        id_ = offer_id or uuid4()
        await self.happens([_offer(id_, self.clock(), **changes)])
        return id_

    async def revoke(self, offer_id: UUID) -> None:
        """It was an offer, and is none any more."""
        revoked = OfferRevoked(
            version=2,
            vacancy_id=uuid4(),
            offer_id=offer_id,
            list_kind=ListKind.SHELTER,
            recipient=MINE,
            reason=next(iter(RevocationReason)),
            revoked_at=self.clock(),
        )
        await self.happens([revoked])

    async def happens(self, events: Sequence[Any]) -> None:
        await self.transactions.run(lambda unit: notify(self.subscribing.channels, _nobody_learns, unit, events))

    async def subscribe(self, address: str, organisation: str = MINE, **wanted: Any) -> tuple[Subscription, bytes]:  # noqa: ANN401
        """Subscribe, with the handshake."""
        body = NewSubscription(channel=SubscriptionChannel.WEBHOOK, address=address, **wanted)
        made, secret = await self.transactions.run(lambda unit: self.subscribing.subscribe(unit, organisation, body))
        await self.rest()
        assert secret is not None
        return made, secret

    async def rest(self) -> None:
        """Let everything happen that is due now, to the end."""
        async with asyncio.timeout(REST_SECONDS):
            while True:
                self.desk._looked = self.desk._renewed = float("-inf")
                await self.desk.round()
                if not len(self.desk._lanes) and not self.desk._news:
                    return
                await asyncio.sleep(0.002)

    async def pass_time(self, **duration: float) -> None:
        """Move the clock, and let happen what is due then."""
        self.clock.now += timedelta(**duration)
        await self.rest()

    async def subscription(self, one: Subscription) -> Subscription:
        return await self.transactions.read(lambda unit: store.find(unit, one.id, one.organisation))

    async def deliveries(self, one: Subscription | None = None) -> list[Row]:
        query = select(deliveries).order_by(deliveries.c.sequence)
        if one is not None:
            query = query.where(deliveries.c.subscription_id == one.id)
        return list(await self.transactions.read(lambda unit: unit.execute(query)))

    async def attempts(self) -> list[Row]:
        query = select(attempts).order_by(attempts.c.started_at, attempts.c.number)
        return list(await self.transactions.read(lambda unit: unit.execute(query)))

    async def inbox(self, organisation: str = MINE) -> list[Row]:
        query = select(notifications).where(notifications.c.recipient == organisation)
        query = query.order_by(notifications.c.sequence)
        return list(await self.transactions.read(lambda unit: unit.execute(query)))


async def _nobody_learns(unit: object, events: object, late: object) -> None:
    """Nobody is reminded here."""


def _offer(id_: UUID, now: Any, **changes: Any) -> OfferMade:  # noqa: ANN401
    given = {
        "version": 1,
        "vacancy_id": uuid4(),
        "offer_id": id_,
        "list_kind": ListKind.SHELTER,
        "recipient": MINE,
        "household": Household(adults=1, children=0),
        "deadline_at": now + timedelta(hours=24),
        "made_at": now,
    }
    return OfferMade(**(given | changes))
