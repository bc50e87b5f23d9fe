"""`doorstroom slots`: what a municipality does with homes under its quota."""

from datetime import datetime
from uuid import UUID

import click

from doorstroom_client import Client
from schemas.api.municipalities import Claim, MoveIn, NewSlot, SlotState
from services.cli.errors import Failed
from services.cli.remote.calling import EXIT_NOT_FOUND, call, call_list, remote
from services.cli.remote.options import FROM, IDS
from services.cli.remote.output import local, show, show_ids, show_one

COLUMNS = {
    "SLOT": "slot_id",
    "STATE": "state",
    "PLACES": "places",
    "WHEELCHAIR": "wheelchair",
    "ACCEPTED": "accepted",
    "ADULTS": "adults",
    "CHILDREN": "children",
}
STATES: tuple[SlotState, ...] = ("open", "held", "claimed", "housed", "withdrawn")


@click.group()
def slots() -> None:
    """Slots: open, claim, house and list yours, as a municipality.

    A slot is a dwelling or a room that is offered under the housing quota. Options and exit codes are explained in
    docs/integrators-guide.md.
    """


@slots.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only slots in this state.")
@IDS
@remote
def list_command(state: SlotState | None, profile: str | None, *, only_ids: bool, as_json: bool) -> None:
    """List your slots; one that is accepted can be claimed."""
    found = call_list(profile, lambda client: client.list_slots(state))
    if only_ids:
        show_ids(found, COLUMNS)
    else:
        show(found, COLUMNS, as_json=as_json, nothing="there are no such slots")


@slots.command("open")
@click.option("--places", type=click.IntRange(1, 20), required=True, help="How many people it takes.")
@click.option("--wheelchair", is_flag=True, help="It can be lived in with a wheelchair.")
@FROM
@remote
def open_command(places: int, available_from: object, profile: str | None, *, wheelchair: bool, as_json: bool) -> None:
    """Open a slot: whoever is next for a home is offered it at once."""
    new = NewSlot.model_validate({"places": places, "wheelchair": wheelchair, "available_from": available_from})
    slot = call(profile, lambda client: client.open_slot(new))
    show_one(slot, f"open: slot {slot.slot_id} for {slot.places}", as_json=as_json)


@slots.command("claim")
@click.argument("slot", type=click.UUID)
@remote
def claim_command(slot: UUID, profile: str | None, *, as_json: bool) -> None:
    """Claim the household that has accepted SLOT."""
    claim = call(profile, lambda client: client.claim_household(slot))
    before = "" if claim.house_before is None else f"; they need a home before {local(claim.house_before)}"
    show_one(claim, f"claimed: {claim.people} people{before}", as_json=as_json)


@slots.command("housed")
@click.argument("slot", type=click.UUID)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The day; today, if not said.")
@click.option("--people", type=click.IntRange(1, 40), help="How many moved in; as many as were claimed, if not said.")
@remote
def housed_command(slot: UUID, day: datetime | None, people: int | None, profile: str | None, *, as_json: bool) -> None:
    """Say that the household that you claimed with SLOT has moved in."""
    move_in = MoveIn(housed_on=None if day is None else day.date(), people=people)

    async def work(client: Client) -> Claim:
        return await client.house_household(await _claim_of(client, slot), move_in)

    claim = call(profile, work)
    show_one(claim, f"housed: {claim.people} people, counted in {claim.half_year}", as_json=as_json)


@slots.command("withdraw")
@click.argument("slot", type=click.UUID)
@remote
def withdraw_command(slot: UUID, profile: str | None, *, as_json: bool) -> None:
    """Take SLOT back, before it is claimed."""
    withdrawn = call(profile, lambda client: client.withdraw_slot(slot))
    show_one(withdrawn, f"withdrawn: slot {withdrawn.slot_id}", as_json=as_json)


async def _claim_of(client: Client, slot: UUID) -> UUID:
    """A claim that has been carried out is found too: to say it twice is no mistake, and the server tells."""
    async for claim in client.list_claims():
        if claim.slot_id == slot and claim.state in ("claimed", "housed"):
            return claim.claim_id
    raise Failed("there is no claim of yours with this slot; `doorstroom slots claim` it first", EXIT_NOT_FOUND)
