"""What is free is looked at again: when a version of how its list works begins, and every few minutes in any case."""

from datetime import UTC, datetime

from services.chassis.unit_of_work import UnitOfWork
from services.registry.handlers.matching import Matchmaker
from services.registry.store import allocations
from services.registry.store import waitlists as store


async def versions_begin(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """Offer what is free in a list to whoever may have it by the version that is in force now.

    Offers that were made keep the version that made them. Gives the moment when the next version begins. Safe in any
    number of replicas: under the list's lock each version is begun once.
    """
    begun = await _begun(matchmaker, unit)
    lists = await matchmaker.lists.lock(unit, sorted(begun)) if begun else {}
    for name, policy in (await _begun(matchmaker, unit)).items() if lists else ():
        if name in lists:
            await matchmaker.look_through(unit, lists[name])
            await store.set_seen_by(unit, name, policy)
    return _next_beginning(matchmaker, unit)


async def next_version_begins(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    """When there is something for `versions_begin` to do: now, while a list was not looked through by its version."""
    return unit.now if await _begun(matchmaker, unit) else _next_beginning(matchmaker, unit)


async def _begun(matchmaker: Matchmaker, unit: UnitOfWork) -> dict[str, str]:
    """The lists that were looked through last by another version than that in force, which is given."""
    seen = await store.seen_by(unit)
    in_force = {name: matchmaker.programmes.at(name, unit.now).policy for name in seen}
    return {name: policy for name, policy in in_force.items() if policy != seen[name]}


def _next_beginning(matchmaker: Matchmaker, unit: UnitOfWork) -> datetime | None:
    following = matchmaker.programmes.next_beginning(unit.now)
    return None if following is None else following.astimezone(UTC)


async def look_again(matchmaker: Matchmaker, unit: UnitOfWork) -> None:
    """Offer what is free to whoever could have it and was passed over by a clock that was wrong.

    Whatever changes is followed at once; only time itself makes somebody eligible without anything being done.
    """
    lists = await matchmaker.lists.lock(unit, await allocations.lists_with_open_vacancies(unit))
    for name in sorted(lists):
        await matchmaker.look_through(unit, lists[name])
