"""What owners do with their subscriptions, and with what was delivered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from schemas.api.subscriptions import NewSubscription, SubscriptionSettings
from schemas.vocabulary import DeliveryOrder
from services.chassis.clock import Chance
from services.chassis.database import Row
from services.chassis.errors import Conflict, FieldError, InvalidInput
from services.chassis.unit_of_work import UnitOfWork
from services.notifications.channels.port import Channels
from services.notifications.channels.webhooks.signature import SECRET_BYTES
from services.notifications.deliveries.desk import Desk
from services.notifications.deliveries.rounds import SUBSCRIPTIONS
from services.notifications.domain.selection import TEST
from services.notifications.store import deliveries, inbox
from services.notifications.store import subscriptions as store
from services.notifications.store.inbox import News
from services.notifications.store.subscriptions import DISABLED, ENABLED, PAUSED, REMOVED, VERIFYING, Subscription
from services.notifications.tables import deliveries as deliveries_table

MOST_SUBSCRIPTIONS = 50
"""Of one organisation."""


@dataclass(frozen=True, slots=True)
class Subscribing:
    """With what owners' wishes are carried out."""

    desk: Desk
    channels: Channels
    chance: Chance

    async def subscribe(
        self, unit: UnitOfWork, organisation: str, wanted: NewSubscription, person: str | None = None
    ) -> tuple[Subscription, bytes | None]:
        """A new subscription, to what comes from now on; and its secret. Raises InvalidInput or Conflict."""
        if wanted.channel not in self.desk.carriers:
            raise InvalidInput(fields=[FieldError("/channel", "Is not set up in this installation.")])
        mine = select(func.count().label("number")).select_from(store.of_organisation(organisation).subquery())
        if (await unit.execute(mine)).one().number >= MOST_SUBSCRIPTIONS:
            raise Conflict(f"An organisation has at most {MOST_SUBSCRIPTIONS} subscriptions. Remove one first.")
        id_, newest = unit.identifiers(), await inbox.last_sequence(unit, organisation)
        made = Subscription(id_, organisation, wanted.channel, newest, created_at=unit.now, due_at=unit.now)
        made.person = person if self.desk.carriers[made.channel].personal else None
        self._set(made, wanted)
        await store.add(unit, made)
        secret = await self._new_secret(unit, made, timedelta(0)) if self._signs(made) else None
        unit.after_commit.append(self.desk.look)
        return made, secret

    async def change(
        self, unit: UnitOfWork, id_: UUID, organisation: str, wanted: SubscriptionSettings
    ) -> Subscription:
        """Other settings; where it goes somewhere else, that is asked first. Raises NotFound or InvalidInput."""
        one = await store.find(unit, id_, organisation, lock=True)
        if self._set(one, wanted) and one.state in (ENABLED, VERIFYING):
            one.become(VERIFYING, None, unit.now)
        return await self._changed(unit, one)

    async def remove(self, unit: UnitOfWork, id_: UUID, organisation: str) -> None:
        """Nothing more of it. What was delivered stays on record for a while, its secrets do not. Raises NotFound."""
        one = await store.find(unit, id_, organisation, lock=True)
        one.become(REMOVED, None, unit.now)
        one.sealed_address = None
        await deliveries.skip(unit, id_)
        await store.forget_secrets(unit, id_)
        await self._changed(unit, one)

    async def pause(self, unit: UnitOfWork, id_: UUID, organisation: str) -> Subscription:
        """Begin nothing more until it is resumed. Raises NotFound or Conflict."""
        one = await store.find(unit, id_, organisation, lock=True)
        if one.state == DISABLED:
            raise Conflict("This subscription is disabled already. Resume it once its endpoint is well.")
        one.become(PAUSED, None, unit.now)
        return await self._changed(unit, one)

    async def resume(self, unit: UnitOfWork, id_: UUID, organisation: str, *, catch_up: bool) -> Subscription:
        """Go on: with what came meanwhile, or only with what comes from now on. Raises NotFound."""
        one = await store.find(unit, id_, organisation, lock=True)
        if one.state in (PAUSED, DISABLED):
            # It may not have been asked before it was paused, and it may be another by now.
            one.become(VERIFYING, None, unit.now)
        if not catch_up:
            one.planned_to = await inbox.last_sequence(unit, organisation)
            await deliveries.skip(unit, id_)
        return await self._changed(unit, one)

    async def rotate(
        self, unit: UnitOfWork, id_: UUID, organisation: str, overlap: timedelta
    ) -> tuple[bytes, datetime]:
        """A new secret, and until when those before it are valid. Raises NotFound or Conflict."""
        one = await store.find(unit, id_, organisation, lock=True)
        if not self._signs(one):
            raise Conflict("What goes through this channel is not signed: there is no secret.")
        secret = await self._new_secret(unit, one, overlap)
        await self._changed(unit, one)
        return secret, unit.now + overlap

    async def test(self, unit: UnitOfWork, id_: UUID, organisation: str) -> Subscription:
        """Put a notification into the inbox that this subscription delivers, and no other. Raises as `pause`."""
        one = await store.find(unit, id_, organisation, lock=True)
        if one.state != ENABLED:
            raise Conflict("This subscription is not enabled, so nothing is delivered. Resume it first.")
        await self._changed(unit, one)
        # Which versions were told of what, is nobody's in particular.
        await unit.widen()
        news = News(organisation, TEST, id_, one.version, f"{SUBSCRIPTIONS}/{id_}")
        await self.channels.tell(unit, [news])
        return one

    async def recover(self, unit: UnitOfWork, id_: UUID, organisation: str, since: datetime) -> int:
        """Try again what was given up, or never tried, of what was news since then; gives how many were given up."""
        one = await store.find(unit, id_, organisation, lock=True)
        again = await deliveries.again(unit, deliveries.lost_since(id_, since))
        first = await deliveries.first_since(unit, organisation, since)
        if first is not None:
            one.planned_to = min(one.planned_to, first - 1)
        await self._due_now(unit, one)
        return again

    async def resend(self, unit: UnitOfWork, delivery_id: UUID, organisation: str) -> Row:
        """Deliver this again, whatever became of it. Raises NotFound or Conflict."""
        delivery = await deliveries.find(unit, delivery_id, organisation)
        one = await store.find(unit, delivery.subscription_id, organisation, lock=True)
        await deliveries.again(unit, deliveries_table.c.id == delivery_id)
        await self._due_now(unit, one)
        return await deliveries.find(unit, delivery_id, organisation)

    def _set(self, one: Subscription, wanted: SubscriptionSettings) -> bool:
        """Say whether it goes somewhere else now."""
        address = self.desk.carriers[one.channel].check(wanted.address)
        moves = address != self.desk.seals.address(one)
        if moves:
            one.sealed_address = self.desk.seals.seal_address(one.id, address)
        one.kinds, one.list_kinds = " ".join(sorted(wanted.kinds)), " ".join(sorted(wanted.list_kinds))
        one.waitlists, one.regions = " ".join(sorted(wanted.waitlists)), " ".join(sorted(wanted.regions))
        one.cases = " ".join(sorted(map(str, wanted.case_ids)))
        # What waits for the morning does not hold up what cannot.
        one.by_subject = wanted.order is DeliveryOrder.BY_SUBJECT and not self.desk.carriers[one.channel].personal
        one.throttle_per_minute = wanted.throttle_per_minute
        return moves

    def _signs(self, one: Subscription) -> bool:
        return self.desk.carriers[one.channel].has_secrets

    async def _new_secret(self, unit: UnitOfWork, one: Subscription, overlap: timedelta) -> bytes:
        secret, secret_id = self.chance(SECRET_BYTES), unit.identifiers()
        sealed = self.desk.seals.seal_secret(one.id, secret_id, secret)
        await store.add_secret(unit, one.id, secret_id, sealed, unit.now + overlap)
        return secret

    async def _due_now(self, unit: UnitOfWork, one: Subscription) -> None:
        if one.state == ENABLED:
            one.due_at = unit.now
        await self._changed(unit, one)

    async def _changed(self, unit: UnitOfWork, one: Subscription) -> Subscription:
        one.version += 1
        await store.save(unit, [one])
        unit.after_commit.append(self.desk.look)
        return one
