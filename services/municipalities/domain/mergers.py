"""Municipalities that become one (herindeling), and by which population they are counted then."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.municipalities.domain.errors import Refused
from services.municipalities.domain.half_year import HalfYear


@dataclass(frozen=True, slots=True)
class Merger:
    """Municipalities that become one on a day. `inhabitants`: what the province set, until CBS counts the new one."""

    parts: tuple[str, ...]
    into: str
    effective_on: date
    inhabitants: int | None = None


def check_merger(new: Merger, others: Iterable[Merger]) -> None:
    """Raises Refused when someone would become a municipality that is no more on that day.

    So days rise along every chain of mergers, and no chain leads back to where it began.
    """
    if new.into in new.parts:
        raise Refused("Municipalities become another one by a merger, not themselves.")
    for other in others:
        if new.into in other.parts and other.effective_on <= new.effective_on:
            raise Refused("The municipality that they would become has merged itself by that day.")
        if other.into in new.parts and new.effective_on <= other.effective_on:
            raise Refused("Another merger makes one of them grow on a day on which it would be gone.")


def populations_for(half_year: HalfYear, counted: Mapping[str, int], mergers: Iterable[Merger]) -> dict[str, int]:
    """Inhabitants by municipality as the quota of a half-year takes them.

    `counted` is what CBS counted on the half-year's population date. Municipalities that have merged by its first day
    are one: with the population that the province set, or else with those of its parts together.
    """
    populations = dict(counted)
    for merger in _done(half_year, mergers):
        members = sorted({*merger.parts, merger.into} & populations.keys())
        together = sum(populations.pop(code) for code in members)
        if merger.inhabitants is not None and merger.effective_on > half_year.population_date:
            together = merger.inhabitants
        if together:
            populations[merger.into] = together
    return populations


def uncounted(
    half_year: HalfYear,
    counted: Collection[str],
    before: Collection[str],
    after: Collection[str],
    mergers: Iterable[Merger],
) -> list[str]:
    """Municipalities whose population the quota of a half-year needs, and that nobody counted on its population date.

    There were then, as far as is known, those of `before` (counted a year earlier, or given a quota by then) and of
    `after` (counted a year later), and what they had merged into. Who is known from older days only may be long gone.
    """
    needed, found = {*before, *after}, set(counted)
    for merger in _done(half_year, mergers):
        if merger.effective_on <= half_year.population_date:
            needed = needed - set(merger.parts) | {merger.into}
        elif merger.inhabitants is not None:
            needed -= set(merger.parts)
            found.add(merger.into)
        else:
            needed |= set(merger.parts)
            if merger.into not in before:
                found.add(merger.into)
    return sorted(needed - found)


def _done(half_year: HalfYear, mergers: Iterable[Merger]) -> list[Merger]:
    """Those of the first day of a half-year or earlier, in their order."""
    done = [merger for merger in mergers if merger.effective_on <= half_year.first_day]
    return sorted(done, key=lambda merger: (merger.effective_on, merger.into))
