"""Whether the quota ledger is right: what `doorstroom check` and the tests ask. Findings name ids and numbers only."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select, tuple_

from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain.claims import ClaimState
from services.municipalities.domain.ledger import CLAIM_KINDS, Account, Kind
from services.municipalities.domain.mergers import populations_for
from services.municipalities.domain.quotas import quota_share
from services.municipalities.domain.slots import SlotState
from services.municipalities.store import ledger as store
from services.municipalities.store import municipalities
from services.municipalities.tables import claims, ledger, quota_swaps, slots

FINDINGS_LIMIT = 1000
LINES_OF_SWAP = 2
SlotStates = tuple[tuple[ClaimState, tuple[str, ...]], ...]

_SLOT_STATES: SlotStates = (
    (ClaimState.PENDING, ("open", "held")),
    (ClaimState.CLAIMED, ("claimed",)),
    (ClaimState.HOUSED, ("housed",)),
    # A home whose household did not come goes to the next one.
    (ClaimState.REVERSED, tuple(SlotState)),
    (ClaimState.WITHDRAWN, ("withdrawn",)),
)


def _unbalanced(*by: ColumnElement[Any], which: ColumnElement[bool] | None = None) -> Select[Any]:
    people = func.sum(ledger.c.people)
    query = select(*by, people.label("people")).group_by(*by).having(people != 0).order_by(*by).limit(FINDINGS_LIMIT)
    return query if which is None else query.where(which)


def _lines_of_swap(code: ColumnElement[str], people: ColumnElement[int]) -> ColumnElement[int]:
    right = (ledger.c.municipality_code == code) & (ledger.c.people == people) & (ledger.c.kind == Kind.SWAP)
    return func.sum(case((right & (ledger.c.half_year == quota_swaps.c.half_year), 1), else_=0))


def _swaps_amiss() -> Select[Any]:
    gone = _lines_of_swap(quota_swaps.c.from_code, -quota_swaps.c.people)
    come = _lines_of_swap(quota_swaps.c.to_code, quota_swaps.c.people)
    joined = quota_swaps.outerjoin(ledger, ledger.c.swap_id == quota_swaps.c.id)
    wrong = (func.count(ledger.c.id) != LINES_OF_SWAP) | (gone != 1) | (come != 1)
    query = select(quota_swaps.c.id).select_from(joined).group_by(quota_swaps.c.id).having(wrong)
    return query.order_by(quota_swaps.c.id).limit(FINDINGS_LIMIT)


def _claims_in(which: ColumnElement[bool]) -> Select[Any]:
    key = (claims.c.half_year, claims.c.municipality_code)
    return select(*key, func.sum(claims.c.people).label("people")).where(which).group_by(*key)


def _claims_amiss() -> Select[Any]:
    pairs: Iterable[tuple[str, str]] = ((claim, slot) for claim, allowed in _SLOT_STATES for slot in allowed)
    joined = claims.join(slots, slots.c.id == claims.c.slot_id)
    wrong = tuple_(claims.c.state, slots.c.state).not_in(list(pairs)) | (
        claims.c.municipality_code != slots.c.municipality_code
    )
    query = select(claims.c.id, claims.c.state, slots.c.state.label("slot_state")).select_from(joined).where(wrong)
    return query.order_by(claims.c.id).limit(FINDINGS_LIMIT)


# Built once: to build one takes longer than to ask it, and a simulation asks them all the time.
_BOOKINGS = _unbalanced(ledger.c.booking_id)
_MOVED_BY_CLAIMS = _unbalanced(ledger.c.half_year, ledger.c.municipality_code, which=ledger.c.kind.in_(CLAIM_KINDS))
_MOVED_BY_SWAPS = _unbalanced(ledger.c.half_year, which=ledger.c.kind == Kind.SWAP)
_SWAPS_AMISS = _swaps_amiss()
_SHARES = select(ledger.c.half_year, ledger.c.municipality_code, ledger.c.people).where(
    ledger.c.kind == Kind.QUOTA, ledger.c.merger_id.is_(None), ledger.c.account == Account.OPEN
)
_BY_CLAIMS = {
    Account.CLAIMED: _claims_in(claims.c.state == ClaimState.CLAIMED),
    Account.HOUSED: _claims_in((claims.c.state == ClaimState.HOUSED) & claims.c.counted),
}
_OF_ACCOUNT = (ledger.c.half_year, ledger.c.municipality_code, ledger.c.account)
_BOOKED = (
    select(*_OF_ACCOUNT, func.sum(ledger.c.people).label("people"))
    .where(ledger.c.account.in_([Account.CLAIMED, Account.HOUSED]))
    .group_by(*_OF_ACCOUNT)
)
_CLOSED = select(ledger.c.half_year).where(ledger.c.kind == Kind.CARRIED_OVER).distinct()
_CLAIMS_AMISS = _claims_amiss()


async def findings(unit: UnitOfWork) -> list[str]:
    """Everything that is wrong, at most a thousand of each kind; empty when the ledger balances."""
    return [
        *await _bookings_out_of_balance(unit),
        *await _claims_out_of_balance(unit),
        *await _swaps_out_of_balance(unit),
        *await _swaps_and_ledger_differ(unit),
        *await _shares_and_ledger_differ(unit),
        *await _claims_and_ledger_differ(unit),
        *await _closed_but_not_carried_over(unit),
        *await _claims_and_slots_differ(unit),
    ]


async def _bookings_out_of_balance(unit: UnitOfWork) -> list[str]:
    found = await unit.execute(_BOOKINGS)
    return [f"booking {row.booking_id}: its lines sum to {row.people}, not zero" for row in found]


async def _claims_out_of_balance(unit: UnitOfWork) -> list[str]:
    """What claims cause moves people between the accounts of one quota, and adds none."""
    found = await unit.execute(_MOVED_BY_CLAIMS)
    return [
        f"quota {row.half_year} of {row.municipality_code}: claims add {row.people} people to it, not zero"
        for row in found
    ]


async def _swaps_out_of_balance(unit: UnitOfWork) -> list[str]:
    found = await unit.execute(_MOVED_BY_SWAPS)
    return [f"half-year {row.half_year}: swaps add {row.people} people to the task, not zero" for row in found]


async def _swaps_and_ledger_differ(unit: UnitOfWork) -> list[str]:
    """Each swap has two lines: so many people fewer for the one, and more for the other."""
    return [f"swap {row.id}: the ledger does not have its two lines" for row in await unit.execute(_SWAPS_AMISS)]


async def _shares_and_ledger_differ(unit: UnitOfWork) -> list[str]:
    """Each half-year that is set has the shares that its numbers give, worked out anew."""
    booked = await _booked_shares(unit)
    mergers = [stored.merger for stored in await municipalities.all_mergers(unit)]
    found = []
    for half_year, (national_quota, inhabitants) in (await store.set_half_years(unit)).items():
        shares = booked.pop(str(half_year), {})
        counted = await municipalities.populations_on(unit, half_year.population_date)
        if not shares:
            found.append(f"half-year {half_year}: it is set, and has no shares in the ledger")
        elif counted:  # The first schema did not keep them.
            # A merger that was registered afterwards finds shares of its parts.
            known = [merger for merger in mergers if not shares.keys() & set(merger.parts)]
            populations = populations_for(half_year, counted, known)
            right = {code: quota_share(national_quota, people, inhabitants) for code, people in populations.items()}
            found += [
                f"quota {half_year} of {code}: its share is {right.get(code)}, and {shares.get(code)} in the ledger"
                for code in sorted(shares.keys() | right.keys())
                if shares.get(code) != right.get(code)
            ]
    found += [f"half-year {half_year}: it has shares in the ledger, and is not set" for half_year in sorted(booked)]
    return found[:FINDINGS_LIMIT]


async def _booked_shares(unit: UnitOfWork) -> dict[str, dict[str, int]]:
    booked: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in await unit.execute(_SHARES):
        booked[row.half_year][row.municipality_code] = row.people
    return booked


async def _claims_and_ledger_differ(unit: UnitOfWork) -> list[str]:
    """Each claim stands in the ledger as it is, once, under its municipality and half-year."""
    booked = await _booked(unit)
    counted: Counter[tuple[str, str, str]] = Counter()
    for account, sums in _BY_CLAIMS.items():
        for row in await unit.execute(sums):
            counted[row.half_year, row.municipality_code, account] = int(row.people)
    return [
        f"quota {half_year} of {code}: {booked[half_year, code, account]} {account} in the ledger, "
        f"{counted[half_year, code, account]} by the claims"
        for half_year, code, account in sorted(booked.keys() | counted.keys())
        if booked[half_year, code, account] != counted[half_year, code, account]
    ][:FINDINGS_LIMIT]


async def _booked(unit: UnitOfWork) -> Counter[tuple[str, str, str]]:
    return Counter(
        {(row.half_year, row.municipality_code, row.account): int(row.people) for row in await unit.execute(_BOOKED)}
    )


async def _closed_but_not_carried_over(unit: UnitOfWork) -> list[str]:
    """A half-year that is closed has carried everything that was left to the next one."""
    set_ = await store.set_half_years(unit)
    closed = {row.half_year for row in await unit.execute(_CLOSED)}
    found = []
    for half_year in sorted(half_year.previous for half_year in set_):
        if str(half_year) in closed:
            left = await store.left_over(unit, half_year)
            found += [f"quota {half_year} of {item.municipality_code}: {item.people} not carried over" for item in left]
    return found[:FINDINGS_LIMIT]


async def _claims_and_slots_differ(unit: UnitOfWork) -> list[str]:
    found = await unit.execute(_CLAIMS_AMISS)
    return [f"claim {row.id}: it is {row.state}, but its slot is {row.slot_state}, or another's" for row in found]
