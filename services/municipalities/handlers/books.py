"""What the calendar does to the ledger: half-years are closed, and mergers happen."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import ledger as rules
from services.municipalities.domain.claims import Claim
from services.municipalities.domain.half_year import HalfYear
from services.municipalities.handlers.messages import record_opened
from services.municipalities.store import claims, ledger, municipalities, slots
from services.municipalities.store.municipalities import StoredMerger
from services.municipalities.tables import ledger as ledger_table


async def keep_books(unit: UnitOfWork) -> datetime:
    """Do what is due: close half-years that are over, carry out mergers whose day has come.

    Gives the next moment at which something will be due. Doing it again changes nothing.
    """
    await carry_over(unit)
    moments = [HalfYear.of(unit.now).next.begins_at]
    begun: list[StoredMerger] = []
    for stored in await municipalities.all_mergers(unit):
        if stored.begins_at <= unit.now:
            begun.append(stored)
        else:
            moments.append(stored.begins_at)
    await _merge(unit, begun)
    return min(moments)


async def carry_over(unit: UnitOfWork) -> None:
    """What is left of each half-year that is over goes to the next one, if the quotas of that one are set.

    It moves what is left, whatever was moved before: so what happens to a closed half-year afterwards, such as a
    reversal, follows at the next call, and through every half-year that was closed since. It concerns every
    municipality, whoever's doing it follows from.
    """
    await unit.widen()
    for half_year in await ledger.set_half_years(unit):
        if half_year.begins_at <= unit.now:
            await _close(unit, half_year.previous)


async def carry_claim(unit: UnitOfWork, claim: Claim, to: HalfYear, effective_at: datetime | None = None) -> None:
    """A claim that is still open counts in another half-year than it was booked in."""
    booking = rules.claim_carried(claim.municipality_code, claim.booked_in, to, claim.people)
    await ledger.book(unit, booking, claim_id=claim.id, effective_at=effective_at)
    claim.half_year = str(to)
    await claims.save(unit, claim)


async def _close(unit: UnitOfWork, half_year: HalfYear) -> None:
    ended_at = half_year.next.begins_at
    for claim in await claims.lock_running(unit, str(half_year)):
        await carry_claim(unit, claim, half_year.next, ended_at)
    left = await ledger.left_over(unit, half_year)
    if left:
        await municipalities.lock(unit, sorted({item.municipality_code for item in left}))
        left = await ledger.left_over(unit, half_year)
    # What was left when it ended, and what happened to it afterwards: each is true from its own moment on.
    for since, items in groupby(left, key=lambda item: item.since):
        bookings = [rules.carried_over(item.municipality_code, half_year, item.people) for item in items]
        await ledger.book(unit, *bookings, effective_at=since)


async def _merge(unit: UnitOfWork, begun: Sequence[StoredMerger]) -> None:
    """Carry out what is not yet, and move what was booked since for who is no more, such as a quota that was set late.

    In their order: a municipality that came of a merger may have merged itself.
    """
    for stored in begun:
        which = ledger_table.c.municipality_code.in_(stored.merger.parts)
        parts = {line.municipality_code for line in await ledger.sums(unit, unit.now, which)}
        if parts or not stored.carried_out:
            await municipalities.lock(unit, [*stored.merger.parts, stored.merger.into])
        for code in sorted(parts):
            await _take_over(unit, stored, code)
        if not stored.carried_out:
            for code in stored.merger.parts:
                await claims.hand_over(unit, code, stored.merger.into)
            await municipalities.note_carried_out(unit, stored)
            await _hand_over_slots(unit, stored.merger.parts, stored.merger.into)


async def _hand_over_slots(unit: UnitOfWork, parts: Sequence[str], into: str) -> None:
    """The slots of municipalities that have become one are that one's, and it says so of each.

    Whoever must not be in one of them must not be in what it has become a part of. The merger is carried out already.
    """
    await slots.hand_over(unit, parts, into)
    province, former = await municipalities.province_of(unit, into), await municipalities.former_codes(unit, into)
    live = await slots.lock_live(unit, into)
    for slot in live:
        slot.version += 1
        record_opened(unit, slot, former, province)
    await slots.save(unit, live)


async def _take_over(unit: UnitOfWork, stored: StoredMerger, code: str) -> None:
    """Move a whole book: what was in it on the day, and what came later, each from its own moment on."""
    of_it = ledger_table.c.municipality_code == code
    for moment in (stored.begins_at, *await ledger.moments_after(unit, stored.begins_at, of_it)):
        taken = rules.taken_over(stored.merger.into, await ledger.sums(unit, moment, of_it))
        await ledger.book(unit, taken, effective_at=moment, merger_id=stored.id)
