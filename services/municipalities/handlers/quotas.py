"""Quotas: shared out, swapped, and how far each municipality is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.municipalities.domain import ledger as bookings
from services.municipalities.domain import quotas as rules
from services.municipalities.domain import supervision
from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import CHECK_AFTER_MONTHS, HalfYear
from services.municipalities.domain.mergers import Merger, populations_for, uncounted
from services.municipalities.domain.quotas import Position, QuotaRules
from services.municipalities.handlers.books import keep_books
from services.municipalities.store import ledger
from services.municipalities.store import municipalities as store
from services.municipalities.store.ledger import Key

NAMED_LIMIT = 10
"""How many municipalities an error names; it says how many there are."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a municipality stands in a half-year, against the yardstick and on its province's ladder."""

    half_year: str
    municipality_code: str
    position: Position
    months_passed: int
    supervision_step: int


async def set_quotas(
    unit: UnitOfWork,
    quota_rules: QuotaRules,
    half_year: HalfYear,
    national_quota: int,
    national_inhabitants: int | None = None,
) -> None:
    """Share the national number out over all municipalities, and carry over what is left of the half-year before.

    Without `national_inhabitants` the country is its municipalities together. Setting the same again changes nothing.
    Raises Refused, or Conflict when other numbers are set already.
    """
    quota_rules.ensure_quota()
    await store.lock_country(unit)
    before = (await ledger.set_half_years(unit)).get(half_year)
    if before is None:
        await _share_out(unit, half_year, national_quota, national_inhabitants)
    elif before != (national_quota, before[1] if national_inhabitants is None else national_inhabitants):
        raise Conflict("The quotas of this half-year are set already, from other numbers; they are final.")
    await keep_books(unit)


async def swap_quota(unit: UnitOfWork, giver: str, taker: str, half_year: HalfYear, people: int) -> UUID:
    """A municipality takes over a part of another's task. Raises Refused."""
    await keep_books(unit)
    await store.lock(unit, [giver, taker])
    if half_year not in await ledger.set_half_years(unit):
        raise Refused("The quotas of this half-year are not set yet; set them first.")
    known = await store.known(unit)
    if not {giver, taker} <= known.keys() or any(known[code]["merged_into"] for code in (giver, taker)):
        raise Refused("Both municipalities must be registered, and not have merged into another one.")
    found = await ledger.positions(unit, unit.now, ledger.chosen(giver, str(half_year)))
    rules.check_swap(giver, taker, people, found.get((str(half_year), giver), Position()), half_year, unit.now)
    swap_id = await ledger.add_swap(unit, giver, taker, half_year, people)
    await ledger.book(unit, bookings.swapped(giver, taker, half_year, people), swap_id=swap_id)
    return swap_id


async def standings(unit: UnitOfWork, keys: Sequence[Key], at: datetime) -> list[Standing]:
    """How far these quotas (in order) were at a moment."""
    positions = await ledger.positions(unit, at, ledger.chosen(None, None), keys)
    steps: dict[Key, int] = {}
    for name in sorted({half_year for half_year, _ in keys}):
        codes = [code for half_year, code in keys if half_year == name]
        moment = min(at, HalfYear.parse(name).next.begins_at)
        steps |= {(name, code): step for code, step in (await _steps(unit, codes, moment)).items()}
    return [
        Standing(*key, positions.get(key, Position()), HalfYear.parse(key[0]).months_passed(at), steps[key])
        for key in keys
    ]


async def all_standings(unit: UnitOfWork, half_year: HalfYear, at: datetime) -> list[Standing]:
    """How far every municipality was with a half-year at a moment, by code."""
    found = await unit.execute(ledger.keys(ledger.chosen(None, str(half_year)), at))
    return await standings(unit, sorted((row["half_year"], row["municipality_code"]) for row in found), at)


async def _share_out(
    unit: UnitOfWork, half_year: HalfYear, national_quota: int, national_inhabitants: int | None
) -> None:
    counted = await store.populations_on(unit, half_year.population_date)
    if not counted:
        raise Refused(f"{half_year} is shared out by the population of {half_year.population_date}; import that first.")
    mergers = [stored.merger for stored in await store.all_mergers(unit)]
    await _ensure_complete(unit, half_year, counted, mergers)
    populations = populations_for(half_year, counted, mergers)
    inhabitants = sum(populations.values()) if national_inhabitants is None else national_inhabitants
    shares = rules.shares(national_quota, populations, inhabitants)
    await ledger.add_half_year(unit, half_year, national_quota, inhabitants)
    shared_out = [bookings.quota(code, half_year, people) for code, people in shares.items()]
    # Known from the day that it was set; one that is set late was due from the first day on.
    await ledger.book(unit, *shared_out, effective_at=min(unit.now, half_year.begins_at))


async def _ensure_complete(
    unit: UnitOfWork, half_year: HalfYear, counted: Mapping[str, int], mergers: Sequence[Merger]
) -> None:
    """Raises Refused when a municipality would be left out: the shares of the others would be too large, for good."""
    day = half_year.population_date
    if day in await ledger.final_population_dates(unit):
        return  # Another half-year rests on the same figures: whoever turned up since begins with the next ones.
    earlier = await store.populations_on(unit, day.replace(year=day.year - 1))
    later = await store.populations_on(unit, day.replace(year=day.year + 1))
    missing = uncounted(half_year, counted, {*earlier, *await ledger.sharers_before(unit, day)}, later, mergers)
    if missing:
        named = ", ".join(missing[:NAMED_LIMIT]) + (", …" if len(missing) > NAMED_LIMIT else "")
        raise Refused(
            f"{len(missing)} municipalities have no population of {day}: {named}. "
            "Import it, or register into which one each has merged."
        )


async def _steps(unit: UnitOfWork, codes: Sequence[str], at: datetime) -> dict[str, int]:
    ladders, known = await store.ladders(unit), await store.known(unit)
    behind = await _checks_behind(unit, codes, at)
    return {
        code: supervision.step_of(count, ladders.get(known[code]["province"] or "", supervision.DEFAULT_LADDER))
        for code, count in behind.items()
    }


async def _checks_behind(unit: UnitOfWork, codes: Sequence[str], at: datetime) -> dict[str, int]:
    """At how many of the newest checks in a row each municipality was behind."""
    behind, still = dict.fromkeys(codes, 0), set(codes)
    for half_year in supervision.checks_until(at, supervision.CHECKS_LIMIT):
        if not still:
            break
        name = str(half_year)
        bounds = [(name, min(still)), (name, max(still))]
        found = await ledger.positions(unit, half_year.check_at, ledger.chosen(None, name), bounds)
        still = {code for code in still if found.get((name, code), Position()).is_behind(CHECK_AFTER_MONTHS)}
        for code in still:
            behind[code] += 1
    return behind
