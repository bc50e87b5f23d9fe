"""What happens by itself to places in line: pauses end, rights end, and lists that were released come back or close."""

from datetime import datetime

from schemas.vocabulary import RevocationReason
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain import entries, offers
from services.registry.domain.model import Allocation
from services.registry.handlers.matching import Matchmaker
from services.registry.handlers.moves import move_on
from services.registry.store import standing as store
from services.registry.store.standing import Place, Shelters

BATCH = 100


async def entries_due(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Resume whose pause is over, and lapse whose right is; their open offers are revoked and move on.

    Entries that were released by an acceptance elsewhere end when the household has arrived there, and return with
    their old place when that fell through. Gives the moment when the next is due.
    """
    lists = await matchmaker.lists.lock(unit, await store.lists_with_entries_due(unit))
    if lists:
        places = await store.places_due(unit, lists, BATCH)
        where = await store.shelters_of(unit, [place.entry.case_id for place in places])
        ended = [item for place in places if (item := _let_follow(place, unit.now, where)) is not None]
        revoked = {id(item.offer.entry) for item in ended if item.offer is not None}
        changed = [place.entry for place in places if id(place.entry) not in revoked]
        await move_on(matchmaker, unit, lists, ended, changed)
    return await store.next_entry_due(unit)


async def next_entry_due(unit: UnitOfWork) -> datetime | None:
    """When there is something for `entries_due` to do."""
    return unit.now if await store.lists_with_entries_due(unit) else await store.next_entry_due(unit)


def _let_follow(place: Place, now: datetime, where: Shelters) -> Allocation | None:
    """What the moment asks for; gives what was offered, if that ended by it."""
    entry = place.entry
    if entries.has_lapsed(entry, now):
        ended = place.allocation
        if ended is not None:
            offers.revoke(ended, RevocationReason.NO_LONGER_ENTITLED, now)
        entries.lapse(entry)
        return ended
    if entries.is_pause_over(entry, now):
        entries.end_pause(entry)
    if entry.released and entry.case_id not in where.accepted:
        (entries.withdraw if entry.case_id in where.moved_in else entries.take_up_again)(entry)
    return None
