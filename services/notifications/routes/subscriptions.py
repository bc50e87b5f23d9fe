"""Subscriptions over HTTP: made, looked at, changed, paused, resumed, tested, removed."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from schemas.api.paging import PageQuery
from schemas.api.subscriptions import (
    CreatedSubscription,
    NewSecret,
    NewSubscription,
    Recovered,
    Recovery,
    Resumption,
    SecretRotation,
    Subscription,
    Subscriptions,
    SubscriptionSettings,
)
from schemas.vocabulary import DeliveryOrder, ListKind, NotificationKind, Region, SubscriptionChannel, SubscriptionState
from services.chassis.errors import Forbidden
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Paging, Reply
from services.notifications.channels.shown import BASE
from services.notifications.channels.webhooks.signature import written
from services.notifications.handlers.subscribing import Subscribing
from services.notifications.store import subscriptions as store
from services.notifications.tables import subscriptions as table

PATH = f"{BASE}/subscriptions"
ONE = f"{PATH}/{{subscriptionId}}"
PAGES = Paging(PATH, tuple[UUID], [table.c.id])
READ = "notifications:read"
_TAGS = ("subscriptions",)
_SETTINGS = SubscriptionSettings(address="https://receiver.example.org/doorstroom", kinds=[NotificationKind.OFFER_MADE])
_NEW = NewSubscription(channel=SubscriptionChannel.WEBHOOK, address="https://receiver.example.org/doorstroom")
_RECOVERY = Recovery(since=datetime(2026, 7, 1, 9, tzinfo=UTC))


class SubscriptionRoutes:
    """The routes, and what they need."""

    def __init__(self, subscribing: Subscribing) -> None:
        self._subscribing = subscribing

    async def post(self, call: Call[NewSubscription], unit: UnitOfWork) -> Reply:
        """Subscribe."""
        _may_read(call)
        made, secret = await self._subscribing.subscribe(
            unit, call.principal.organisation, call.body, call.principal.subject
        )
        body = CreatedSubscription(**self._body(made).model_dump())
        shown = body if secret is None else body.model_copy(update={"secret": written(secret)})
        return Reply(201, shown, {"Location": f"{PATH}/{made.id}"}, kept=_without_address(body))

    async def get_all(self, call: Call[None, PageQuery], unit: UnitOfWork) -> Reply:
        """List your subscriptions."""
        found = await store.found(unit, PAGES.select(store.of_organisation(call.principal.organisation), call.query))
        page = PAGES.page(found, call.query, lambda one: (one.id,))
        return Reply(200, Subscriptions(subscriptions=[self._body(one) for one in page.rows]), page.headers)

    async def get(self, call: Call, unit: UnitOfWork) -> Reply:
        """Look at a subscription."""
        return self._reply(await store.find(unit, call.uuid("subscriptionId"), call.principal.organisation))

    async def held(self, call: Call[SubscriptionSettings], unit: UnitOfWork) -> Reply:
        """As it is, until the change is made."""
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return self._reply(await store.find(unit, id_, mine, lock=True))

    async def put(self, call: Call[SubscriptionSettings], unit: UnitOfWork) -> Reply:
        """Change a subscription."""
        _may_read(call)
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return self._reply(await self._subscribing.change(unit, id_, mine, call.body))

    async def delete(self, call: Call, unit: UnitOfWork) -> Reply:
        """Remove a subscription."""
        await self._subscribing.remove(unit, call.uuid("subscriptionId"), call.principal.organisation)
        return Reply(204)

    async def pause(self, call: Call, unit: UnitOfWork) -> Reply:
        """Pause a subscription."""
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return self._reply(await self._subscribing.pause(unit, id_, mine))

    async def resume(self, call: Call[Resumption], unit: UnitOfWork) -> Reply:
        """Resume a subscription."""
        _may_read(call)
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return self._reply(await self._subscribing.resume(unit, id_, mine, catch_up=call.body.catch_up))

    async def test(self, call: Call, unit: UnitOfWork) -> Reply:
        """Try a subscription out."""
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return self._reply(await self._subscribing.test(unit, id_, mine))

    async def rotate(self, call: Call[SecretRotation], unit: UnitOfWork) -> Reply:
        """Replace the secret of a subscription."""
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        secret, ends_at = await self._subscribing.rotate(unit, id_, mine, call.body.overlap)
        kept = NewSecret(old_secret_ends_at=ends_at)
        return Reply(200, kept.model_copy(update={"secret": written(secret)}), kept=kept)

    async def recover(self, call: Call[Recovery], unit: UnitOfWork) -> Reply:
        """Deliver what was not delivered."""
        _may_read(call)
        id_, mine = call.uuid("subscriptionId"), call.principal.organisation
        return Reply(200, Recovered(deliveries=await self._subscribing.recover(unit, id_, mine, call.body.since)))

    def _reply(self, one: store.Subscription) -> Reply:
        body = self._body(one)
        return Reply(200, body, kept=_without_address(body))

    def _body(self, one: store.Subscription) -> Subscription:
        return Subscription(
            subscription_id=one.id,
            channel=SubscriptionChannel(one.channel),
            address=self._subscribing.desk.seals.address(one),
            kinds=[NotificationKind(kind) for kind in one.kinds.split()],
            list_kinds=[ListKind(kind) for kind in one.list_kinds.split()],
            waitlists=one.waitlists.split(),
            regions=[Region(region) for region in one.regions.split()],
            case_ids=[UUID(case) for case in one.cases.split()],
            order=DeliveryOrder.BY_SUBJECT if one.by_subject else DeliveryOrder.FASTEST,
            throttle_per_minute=one.throttle_per_minute,
            state=SubscriptionState(one.state),
            reason=one.reason,
            failing_since=one.failing_since,
            created_at=one.created_at,
        )

    def operations(self) -> tuple[Operation[UnitOfWork], ...]:
        """All of them."""
        return (
            Operation(
                method="POST",
                path=PATH,
                operation_id="subscribe",
                summary="Subscribe to your notifications",
                description=(
                    "From now on, what you select is delivered to your endpoint, which is asked first whether it wants "
                    "that. The secret of the signatures is in this answer and never again. The token needs the scope "
                    "`notifications:read` as well: nobody is told what they may not read."
                ),
                handler=self.post,
                request=NewSubscription,
                request_example=_NEW,
                response=CreatedSubscription,
                status=201,
                tags=_TAGS,
            ),
            Operation(
                method="GET",
                path=PATH,
                operation_id="listSubscriptions",
                summary="List your subscriptions",
                handler=self.get_all,
                query=PageQuery,
                response=Subscriptions,
                tags=_TAGS,
            ),
            Operation(
                method="GET",
                path=ONE,
                operation_id="getSubscription",
                summary="Look at a subscription",
                handler=self.get,
                response=Subscription,
                tagged=True,
                tags=_TAGS,
            ),
            Operation(
                method="PUT",
                path=ONE,
                operation_id="changeSubscription",
                summary="Change a subscription",
                description="Everything that is not given is as if it were new. A new endpoint is asked first.",
                handler=self.put,
                held=self.held,
                request=SubscriptionSettings,
                request_example=_SETTINGS,
                response=Subscription,
                tagged=True,
                tags=_TAGS,
            ),
            Operation(
                method="DELETE",
                path=ONE,
                operation_id="removeSubscription",
                summary="Remove a subscription",
                description="What was delivered stays on record for as long as everything does.",
                handler=self.delete,
                status=204,
                tags=_TAGS,
            ),
            *self._verbs(),
        )

    def _verbs(self) -> tuple[Operation[UnitOfWork], ...]:
        return (
            Operation(
                method="POST",
                path=f"{ONE}/_pause",
                operation_id="pauseSubscription",
                summary="Pause a subscription",
                description="Nothing is delivered until it is resumed; nothing is lost.",
                handler=self.pause,
                response=Subscription,
                tags=_TAGS,
            ),
            Operation(
                method="POST",
                path=f"{ONE}/_resume",
                operation_id="resumeSubscription",
                summary="Resume a subscription",
                description="Also one that was disabled. Its endpoint is asked first.",
                handler=self.resume,
                request=Resumption,
                request_example=Resumption(),
                response=Subscription,
                tags=_TAGS,
            ),
            Operation(
                method="POST",
                path=f"{ONE}/_test",
                operation_id="testSubscription",
                summary="Try a subscription out",
                description="A notification of the kind `subscription-test` is delivered through it, as any other is.",
                handler=self.test,
                response=Subscription,
                tags=_TAGS,
            ),
            Operation(
                method="POST",
                path=f"{ONE}/_rotate",
                operation_id="rotateSecret",
                summary="Replace the secret of a subscription",
                description="The new secret is in this answer and never again; until the old one ends, both sign.",
                handler=self.rotate,
                request=SecretRotation,
                request_example=SecretRotation(),
                response=NewSecret,
                tags=_TAGS,
            ),
            Operation(
                method="POST",
                path=f"{ONE}/_recover",
                operation_id="recoverDeliveries",
                summary="Deliver what was not delivered",
                description="What was given up or skipped since a moment, and what was never tried, as from now on.",
                handler=self.recover,
                request=Recovery,
                request_example=_RECOVERY,
                response=Recovered,
                tags=_TAGS,
            ),
        )


def _without_address(body: Subscription) -> Subscription:
    """As it is kept for whoever asks again with the same key: what is encrypted is not kept in the open beside it."""
    return body.model_copy(update={"address": None})


def _may_read(call: Call[Any, Any]) -> None:
    """Whoever sets up what is to be told must be allowed to read it. Raises Forbidden."""
    if READ not in call.principal.scopes:
        raise Forbidden(f"The access token needs the scope {READ} as well: nobody is told what they may not read.")
