"""Two cases are one person, and sometimes they are not after all."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from schemas.vocabulary import MergeUndoReason, Programme, RevocationReason
from services.chassis.canonical import canonical_json
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import mergers as rules
from services.registry.domain.entries import Line
from services.registry.domain.mergers import Changed
from services.registry.domain.model import EntryState, PauseReason
from services.registry.handlers import entries, reconsider
from services.registry.handlers.entitlement import follow_grounds, may_stand, right_of
from services.registry.handlers.held import changed, held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import cases, events, grounds
from services.registry.store import mergers as store
from services.registry.store.standing import Place, Standing, standing_of


async def merge(
    matchmaker: Matchmaker, unit: UnitOfWork, speaks_for: str | None, survivor_id: UUID, merged_id: UUID
) -> UUID:
    """Make two cases one: the survivor keeps the better of both places in each list, the other one leaves them.

    Open offers of the other one are revoked and move on in this transaction, and what is not safe for either is not
    safe for the survivor. `speaks_for`: whose cases both must be; None for anyone's, since several organisations may
    report one person, and then the survivor's coordinator goes on. Gives the merger's id. Raises NotFound, or Conflict
    when it cannot be.
    """
    if survivor_id == merged_id:
        raise Conflict("A case cannot be merged into itself.")
    # Both must be theirs before what follows is for everyone.
    for case_id in (survivor_id, merged_id):
        await cases.find_case(unit, case_id, speaks_for)
    both = {case_id: await held_case(unit, case_id, speaks_for) for case_id in sorted((survivor_id, merged_id))}
    coordinator = both[survivor_id]["coordinator"]
    await _check_mergeable(unit, survivor_id, merged_id)
    survivor, merged = await _both(matchmaker, unit, survivor_id, merged_id)
    if (more := rules.asked_for_more(survivor.profile, merged.profile)) is not None:
        raise Conflict(f"The household that would go {more}: add that to the survivor first, or let that one survive.")
    plan = rules.plan([place.entry for place in survivor.places], [place.entry for place in merged.places])
    before = [(entry.id, Line.of(entry)) for entry, _ in plan.kept]
    left = [(place.entry.id, rules.left(place.entry)) for place in merged.places]
    # Read before anyone leaves: taking an entry out clears its pause.
    missing = [(entry.waitlist, Line.of(entry)) for entry in plan.missing]
    await store.set_merged_into(unit, merged_id, survivor_id)
    # Whoever only waits leaves before anything is matched: what comes free below is not for a case that goes.
    offered = [place for place in merged.places if place.allocation is not None]
    waiting = [place for place in merged.places if place.allocation is None]
    await reconsider.take_out(matchmaker, unit, merged.lists, RevocationReason.LEFT_LIST, waiting)
    await store.set_lines(unit, [(entry.id, line) for entry, line in plan.kept])
    await _follow_rights(unit, survivor_id)
    await changed(matchmaker, unit, survivor_id)
    joined = [
        await entries.join_waitlist(
            matchmaker,
            unit,
            case_id=survivor_id,
            coordinator=coordinator,
            waitlist=waitlist,
            line=line,
        )
        for waitlist, line in missing
    ]
    # Held already; read again, for whoever has just joined may be unlike all who stood there before.
    lists = await matchmaker.lists.lock(unit, sorted(merged.lists))
    await reconsider.take_out(matchmaker, unit, lists, RevocationReason.LEFT_LIST, offered)
    changes = Changed(before, left, [entry.id for entry in joined])
    return await store.add_merger(unit, survivor_id, merged_id, coordinator, _encoded(changes))


async def undo(
    matchmaker: Matchmaker, unit: UnitOfWork, speaks_for: str | None, merger_id: UUID, reason: MergeUndoReason
) -> None:
    """Take two cases apart again, each with the places in line that it had. What was offered before it goes on.

    Whoever left a list since is not put back, whoever has moved in since stays there as the survivor, and nobody stands
    where only the other one's consent or permit put them. Raises NotFound, or Conflict when it was undone before, or
    something is on offer, or accepted, on the strength of it.
    """
    merger = await store.find_merger(unit, merger_id, speaks_for)
    await unit.widen()
    survivor_id, merged_id = merger["survivor_id"], merger["merged_id"]
    held = {case_id: await cases.hold_case(unit, case_id) for case_id in sorted((survivor_id, merged_id))}
    # Once undone, it is no longer merged into this one; a second undoing waited for the first.
    if held[merged_id]["merged_into"] != survivor_id or merger["undone_at"] is not None:
        raise Conflict("This merger was undone before.")
    if held[survivor_id]["merged_into"] is not None:
        raise Conflict("The survivor was merged into another case since: undo that first.")
    before = _decoded(merger["changed"])
    lists = await store.waitlists_of(unit, [entry_id for entry_id, _ in before.left])
    survivor = await standing_of(matchmaker.lists, unit, survivor_id, *lists)
    concerned = [*(entry_id for entry_id, _ in (*before.kept, *before.left)), *before.joined]
    now = await store.lines_of(unit, concerned)
    if any(_is_offered_since(place, merger["merged_at"]) for place in survivor.places if place.entry.id in now):
        raise Conflict("Something is offered on the strength of this merger: decide it, or wait for its outcome.")
    await store.set_merged_into(unit, merged_id, None)
    left = [(entry_id, rules.in_line(line)) for entry_id, line in before.left]
    await store.set_lines(unit, [*_restored(before, now, survivor), *left])
    joined = [place for place in survivor.places if place.entry.id in before.joined]
    await reconsider.take_out(matchmaker, unit, survivor.lists, RevocationReason.LEFT_LIST, joined)
    await store.undo_merger(unit, merger_id, reason)
    for case_id in (survivor_id, merged_id):
        await _follow_rights(unit, case_id)
        await _leave_without_ground(matchmaker, unit, case_id, merger_id)
    await changed(matchmaker, unit, survivor_id)
    await changed(matchmaker, unit, merged_id)


def _is_offered_since(place: Place, moment: datetime) -> bool:
    """Whether it is on offer, or accepted and not moved into yet."""
    offer = None if place.allocation is None else place.allocation.offer
    return offer is not None and offer.made_at >= moment


def _restored(before: Changed, now: Mapping[UUID, tuple[str, Line]], survivor: Standing) -> list[tuple[UUID, Line]]:
    """The survivor's own places, in the lists that it has not left since."""
    others = {now[entry_id][0]: line for entry_id, line in before.left}
    standing = {place.entry.waitlist: place.entry.id for place in survivor.places}
    restored = []
    for entry_id, own in before.kept:
        waitlist, line = now[entry_id]
        has_rejoined = standing.get(waitlist, entry_id) != entry_id
        if line.state is not EntryState.WITHDRAWN and not has_rejoined:
            restored.append((entry_id, rules.restored(own, line, others.get(waitlist))))
    return restored


async def _leave_without_ground(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, merger_id: UUID) -> None:
    """Take a case out of the lists for which it has no consent or permit of its own."""
    standing = await standing_of(matchmaker.lists, unit, case_id)
    without = [
        place
        for place in standing.places
        if not await may_stand(
            unit,
            case_id,
            standing.lists[place.entry.waitlist].kind,
            matchmaker.programmes.at(place.entry.waitlist, unit.now),
            # Identifiers rise with time: who stood there before consent was recorded stays there.
            joined_before_consent=place.entry.id < merger_id and not await grounds.consents_of(unit, case_id),
        )
    ]
    await reconsider.take_out(matchmaker, unit, standing.lists, RevocationReason.LEFT_LIST, without)


async def _follow_rights(unit: UnitOfWork, case_id: UUID) -> None:
    """One person has one reflection period, permit and consent, under whichever of their cases it was recorded."""
    await cases.set_eligible_until(unit, case_id, Programme.COSM, await right_of(unit, case_id))
    await follow_grounds(unit, case_id)


async def _check_mergeable(unit: UnitOfWork, survivor_id: UUID, merged_id: UUID) -> None:
    if await store.has_merged(unit, merged_id):
        raise Conflict("Another case was merged into the one that would go: let that one survive, or undo its merger.")
    if await events.is_somewhere(unit, merged_id):
        if await events.is_somewhere(unit, survivor_id):
            raise Conflict("Both have a place, and one person is in one place: end one of the placements first.")
        raise Conflict("The one that would go has a place: let that one survive.")


async def _both(
    matchmaker: Matchmaker, unit: UnitOfWork, survivor_id: UUID, merged_id: UUID
) -> tuple[Standing, Standing]:
    """Where both stand. All lists are locked at once and by name, as everywhere."""
    lists = await store.live_waitlists_of(unit, merged_id)
    survivor = await standing_of(matchmaker.lists, unit, survivor_id, *lists)
    return survivor, await standing_of(matchmaker.lists, unit, merged_id)


def _encoded(before: Changed) -> str:
    return canonical_json(
        {
            "kept": [_encoded_line(entry_id, line) for entry_id, line in before.kept],
            "left": [_encoded_line(entry_id, line) for entry_id, line in before.left],
            "joined": [str(entry_id) for entry_id in before.joined],
        }
    )


def _decoded(text: str) -> Changed:
    value = json.loads(text)
    return Changed(
        [_decoded_line(item) for item in value["kept"]],
        [_decoded_line(item) for item in value["left"]],
        [UUID(entry_id) for entry_id in value["joined"]],
    )


def _encoded_line(entry_id: UUID, line: Line) -> dict[str, object]:
    until = line.paused_until.isoformat() if line.paused_until is not None else None
    return {
        "id": str(entry_id),
        "since": line.waiting_since.isoformat(),
        "urgency": line.urgency,
        "state": line.state,
        "pause": line.pause_reason,
        "until": until,
        "silences": line.silences,
    }


def _decoded_line(value: Mapping[str, Any]) -> tuple[UUID, Line]:
    reason, until = value["pause"], value["until"]
    return UUID(value["id"]), Line(
        datetime.fromisoformat(value["since"]),
        value["urgency"],
        EntryState(value["state"]),
        PauseReason(reason) if reason else None,
        datetime.fromisoformat(until) if until else None,
        value.get("silences", 0),
    )
