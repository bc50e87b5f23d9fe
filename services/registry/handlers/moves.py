"""What ended moves on: vacancies to the next, entries back into line, list by list, in one transaction."""

from collections.abc import Mapping, Sequence

from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import Allocation, Entry, EntryState
from services.registry.handlers import messages
from services.registry.handlers.entitlement import leave_without_ground
from services.registry.handlers.matching import Matchmaker
from services.registry.store import allocations as store
from services.registry.store.waitlists import Waitlist


async def move_on(
    matchmaker: Matchmaker,
    unit: UnitOfWork,
    lists: Mapping[str, Waitlist],
    ended: Sequence[Allocation],
    returned: Sequence[Entry] = (),
) -> None:
    """Store how these offers ended and tell it, then match their vacancies, their entries, and those that returned.

    The offers' entries may have gone further since: only those that wait are matched. The caller holds the lists.
    """
    over = [allocation.offer for allocation in ended if allocation.offer is not None]
    await leave_without_ground(unit, over)
    for allocation, offer in zip(ended, over, strict=True):
        messages.record_offer_ended(unit, allocation, offer)
    entries = {entry.id: entry for entry in (*(offer.entry for offer in over), *returned)}
    await store.update_offers(unit, over)
    await store.update_entries(unit, list(entries.values()))
    waiting = [entry for entry in entries.values() if entry.state is EntryState.WAITING]
    for name in sorted({item.vacancy.waitlist for item in ended} | {entry.waitlist for entry in waiting}):
        free = [item.vacancy for item in ended if item.vacancy.waitlist == name]
        back = [entry for entry in waiting if entry.waitlist == name]
        await matchmaker.match_and_store(unit, lists[name], free, back)
