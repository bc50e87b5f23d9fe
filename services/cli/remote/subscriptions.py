"""`doorstroom subscriptions`: in which ways an organisation is told of its notifications, and how that goes."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click

from schemas.api.subscriptions import CreatedSubscription, NewSubscription, Resumption, SecretRotation, Subscription
from schemas.vocabulary import (
    DeliveryOrder,
    DeliveryState,
    ListKind,
    NotificationKind,
    Programme,
    Region,
    SubscriptionChannel,
)
from services.cli.remote.calling import call, call_list, remote
from services.cli.remote.options import IDS, MomentType
from services.cli.remote.output import show, show_ids, show_one

COLUMNS = {
    "SUBSCRIPTION": "subscription_id",
    "CHANNEL": "channel",
    "STATE": "state",
    "REASON": "reason",
    "TO": "address",
}
DELIVERED = {
    "DELIVERY": "delivery_id",
    "KIND": "kind",
    "STATE": "state",
    "ATTEMPTS": "attempts",
    "MADE": "created_at",
    "NEXT": "next_attempt_at",
}
HOUR_SECONDS = 3600
ONE = click.argument("subscription_id", metavar="SUBSCRIPTION", type=click.UUID)


@click.group()
def subscriptions() -> None:
    """Subscriptions: have your notifications delivered, see how that goes, and have it done again.

    A subscription brings what is in your inbox to a URL of yours; docs/webhooks.md tells how to verify what comes.
    Options and exit codes are explained in docs/integrators-guide.md.
    """


@subscriptions.command("list")
@IDS
@remote
def list_command(profile: str | None, *, only_ids: bool, as_json: bool) -> None:
    """List your subscriptions."""
    found = call_list(profile, lambda client: client.list_subscriptions())
    if only_ids:
        show_ids(found, COLUMNS)
    else:
        show(found, COLUMNS, as_json=as_json, nothing="there are no subscriptions")


@subscriptions.command("add")
@click.argument("address")
@click.option(
    "--kind", "kinds", multiple=True, type=click.Choice([*NotificationKind]), help="Only this kind; repeatable."
)
@click.option(
    "--list", "list_kinds", multiple=True, type=click.Choice([*ListKind]), help="Only of this list; repeatable."
)
@click.option(
    "--waitlist", "waitlists", multiple=True, type=click.Choice([*Programme, "housing"]), help="Only of this programme."
)
@click.option(
    "--region", "regions", multiple=True, type=click.Choice([*Region]), help="Only of households that look there first."
)
@click.option("--case", "case_ids", multiple=True, type=click.UUID, help="Only about this case of yours; repeatable.")
@click.option("--order", type=click.Choice([*DeliveryOrder]), default=DeliveryOrder.BY_SUBJECT, show_default=True)
@click.option(
    "--per-minute", "throttle_per_minute", type=click.IntRange(1, 600), help="At most so many deliveries a minute."
)
@remote
def add(address: str, profile: str | None, *, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401 - what the options say
    """Have your notifications delivered to ADDRESS, an e-mail address or an https URL; prints its secret this once."""
    channel = SubscriptionChannel.EMAIL if _is_mailbox(address) else SubscriptionChannel.WEBHOOK
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items()}
    wanted = NewSubscription.model_validate({"channel": channel, "address": address, **given}, strict=False)
    made = call(profile, lambda client: client.subscribe(wanted))
    show_one(made, _made(made), as_json=as_json)


def _is_mailbox(address: str) -> bool:
    return "@" in address and "://" not in address


def _made(made: CreatedSubscription) -> str:
    secret = "" if made.secret is None else f"\nsecret {made.secret}"
    return f"subscription {made.subscription_id}{secret}"


@subscriptions.command("remove")
@ONE
@remote
def remove(subscription_id: UUID, profile: str | None, *, as_json: bool) -> None:
    """Have nothing more delivered through it."""
    call(profile, lambda client: client.remove_subscription(subscription_id))
    if not as_json:
        click.echo(f"removed: {subscription_id}")


@subscriptions.command("pause")
@ONE
@remote
def pause(subscription_id: UUID, profile: str | None, *, as_json: bool) -> None:
    """Have nothing delivered until it is resumed."""
    _show(call(profile, lambda client: client.pause_subscription(subscription_id)), as_json=as_json)


@subscriptions.command("resume")
@ONE
@click.option("--skip", is_flag=True, help="Leave what came meanwhile.")
@remote
def resume(subscription_id: UUID, profile: str | None, *, skip: bool, as_json: bool) -> None:
    """Go on, also after it was disabled; with what came meanwhile."""
    wanted = Resumption(catch_up=not skip)
    _show(call(profile, lambda client: client.resume_subscription(subscription_id, wanted)), as_json=as_json)


@subscriptions.command("test")
@ONE
@remote
def test(subscription_id: UUID, profile: str | None, *, as_json: bool) -> None:
    """Have a notification delivered that says nothing, to see whether it arrives."""
    _show(call(profile, lambda client: client.test_subscription(subscription_id)), as_json=as_json)


@subscriptions.command("rotate")
@ONE
@click.option("--overlap-hours", type=click.IntRange(0, 168), default=24, show_default=True, help="Both are valid.")
@remote
def rotate(subscription_id: UUID, overlap_hours: int, profile: str | None, *, as_json: bool) -> None:
    """Replace the secret; prints the new one, which is shown this once."""
    wanted = SecretRotation(overlap_seconds=overlap_hours * HOUR_SECONDS)
    made = call(profile, lambda client: client.rotate_secret(subscription_id, wanted))
    show_one(made, f"secret {made.secret}", as_json=as_json)


@subscriptions.command("deliveries")
@click.option("--subscription", "subscription_id", type=click.UUID, help="Only of this one.")
@click.option("--state", type=click.Choice([*DeliveryState]), help="Only those in this state.")
@IDS
@remote
def deliveries(
    subscription_id: UUID | None, state: str | None, profile: str | None, *, only_ids: bool, as_json: bool
) -> None:
    """List what was to be delivered, and what became of it."""
    wanted = None if state is None else DeliveryState(state)
    found = call_list(profile, lambda client: client.list_deliveries(subscription_id, wanted))
    if only_ids:
        show_ids(found, DELIVERED)
    else:
        show(found, DELIVERED, as_json=as_json, nothing="there are no such deliveries")


@subscriptions.command("resend")
@click.argument("delivery_id", metavar="DELIVERY", type=click.UUID)
@remote
def resend(delivery_id: UUID, profile: str | None, *, as_json: bool) -> None:
    """Have one thing delivered again, whatever became of it."""
    again = call(profile, lambda client: client.resend_delivery(delivery_id))
    show_one(again, f"{again.state}: delivery {again.delivery_id}", as_json=as_json)


@subscriptions.command("recover")
@ONE
@click.option("--since", type=MomentType(), metavar="MOMENT", required=True, help="What was news then or later.")
@remote
def recover(subscription_id: UUID, since: datetime, profile: str | None, *, as_json: bool) -> None:
    """Have everything delivered since a moment that was given up, or never tried."""
    found = call(profile, lambda client: client.recover_deliveries(subscription_id, since))
    show_one(
        found, f"tried again: {found.deliveries} that were given up, and all that was never tried", as_json=as_json
    )


def _show(one: Subscription, *, as_json: bool) -> None:
    show_one(one, f"{one.state}: subscription {one.subscription_id}", as_json=as_json)
