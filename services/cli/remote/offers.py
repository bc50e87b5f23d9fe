"""`doorstroom offers`: what a coordinator does with what is offered to their households."""

from contextlib import aclosing, suppress
from uuid import UUID

import click

from doorstroom_client import Client
from schemas.api.notifications import Notification
from schemas.vocabulary import DeclineReason
from services.cli.remote.calling import call, call_list, remote
from services.cli.remote.options import IDS
from services.cli.remote.output import local, show, show_ids, show_line, show_one

COLUMNS = {
    "OFFER": "offer_id",
    "STATE": "state",
    "WAITLIST": "waitlist",
    "CASE": "case_id",
    "ANSWER BEFORE": "deadline_at",
}
STATES = ("made", "accepted", "fulfilled", "declined", "expired", "revoked", "fell_through", "enquired", "ended")


@click.group()
def offers() -> None:
    """Offers: list, accept, decline and watch what is offered to your households, as a coordinator.

    Options and exit codes are explained in docs/integrators-guide.md.
    """


@offers.command("list")
@click.option(
    "--state", type=click.Choice(STATES), default="made", show_default=True, help="Only offers in this state."
)
@click.option("--all", "everything", is_flag=True, help="In every state.")
@IDS
@remote
def list_command(state: str, profile: str | None, *, everything: bool, only_ids: bool, as_json: bool) -> None:
    """List the offers that await your answer."""
    found = call_list(profile, lambda client: client.list_offers(None if everything else state))
    if only_ids:
        show_ids(found, COLUMNS)
    else:
        show(found, COLUMNS, as_json=as_json, nothing="there are no such offers")


@offers.command("accept")
@click.argument("offer", type=click.UUID)
@remote
def accept_command(offer: UUID, profile: str | None, *, as_json: bool) -> None:
    """Say yes to OFFER."""
    accepted = call(profile, lambda client: client.accept_offer(offer))
    show_one(accepted, f"{accepted.state}: offer {accepted.offer_id}", as_json=as_json)


@offers.command("decline")
@click.argument("offer", type=click.UUID)
@click.option("--reason", type=click.Choice([reason.value for reason in DeclineReason]), required=True)
@remote
def decline_command(offer: UUID, reason: str, profile: str | None, *, as_json: bool) -> None:
    """Say no to OFFER: it goes to whoever is next."""
    declined = call(profile, lambda client: client.decline_offer(offer, DeclineReason(reason)))
    show_one(declined, f"{declined.state}: offer {declined.offer_id}", as_json=as_json)


@offers.command("watch")
@click.option("--after", type=click.IntRange(0, 10**18 - 1), help="Begin with what came after this number.")
@click.option("--count", type=click.IntRange(1), help="End after so many.")
@remote
def watch_command(after: int | None, count: int | None, profile: str | None, *, as_json: bool) -> None:
    """Show what concerns you as it happens, until Ctrl-C.

    Each line begins with a number; --after with the last one that you saw misses nothing. With --json each line is an
    object.
    """
    with suppress(KeyboardInterrupt):
        call(profile, lambda client: _watch(client, None if after is None else str(after), count, as_json=as_json))


async def _watch(client: Client, after: str | None, count: int | None, *, as_json: bool) -> None:
    seen = 0
    async with aclosing(client.stream_notifications(after)) as stream:
        async for notification in stream:
            show_line(notification) if as_json else click.echo(_line(notification))
            seen += 1
            if seen == count:
                return


def _line(notification: Notification) -> str:
    moment = local(notification.notified_at)
    return f"{notification.sequence:>6}  {moment}  {notification.kind:<24} {notification.subject}"
