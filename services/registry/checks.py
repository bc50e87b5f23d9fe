"""What must never be false in the registry's database, as questions that find what breaks it: ids only."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Select, Table, exists, func, or_, select

from schemas.vocabulary import ListKind
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.allocation import Situation, choose
from services.registry.domain.eligibility import reasons_against
from services.registry.domain.model import ACTIVE_OFFER_STATES, EntryState, OfferState, Vacancy, VacancyState
from services.registry.domain.programmes import Programme, Programmes
from services.registry.store.allocations import offered_before, open_vacancies
from services.registry.store.waitlists import ProfileCache, Waitlist, first_in_line
from services.registry.tables import decisions, entries, offers, vacancies, waitlists

FINDINGS_LIMIT = 100
"""How many findings of one kind are named."""

_ACTIVE = offers.c.state.in_(ACTIVE_OFFER_STATES)
_PLACED = offers.c.state == OfferState.FULFILLED
_HOLDING = _ACTIVE & ~_PLACED
"""An offer that is open, or accepted: it holds its vacancy and its entry."""


async def findings(unit: UnitOfWork, programmes: Programmes | None = None) -> list[str]:
    """Everything that is wrong, at most 100 of a kind: what, and the id of the vacancy, entry or offer."""
    found = []
    for what, query in _BROKEN.items():
        ids = [id_ for [id_] in await unit.execute(query.limit(FINDINGS_LIMIT))]
        found += [f"{what}: {id_}" for id_ in ids]
    return found + await _skipped(unit, programmes or Programmes())


async def _skipped(unit: UnitOfWork, programmes: Programmes) -> list[str]:
    """What is open has nobody waiting who could have it: the first eligible person always has the offer."""
    cache, found = ProfileCache(), []
    for row in await unit.execute(select(waitlists).order_by(waitlists.c.id)):
        waitlist = Waitlist(row.id, ListKind(row.kind), await cache.of(unit, row.id, row.profile_count))
        free = [vacancy for vacancy in await open_vacancies(unit, waitlist) if vacancy.may_be_offered(unit.now)]
        programme = programmes.at(row.id, unit.now)
        suspects = [vacancy for vacancy in free if await _has_someone(unit, waitlist, vacancy, programme)]
        found += await _still_open(unit, suspects)
    return found[:FINDINGS_LIMIT]


async def _has_someone(unit: UnitOfWork, waitlist: Waitlist, vacancy: Vacancy, programme: Programme) -> bool:
    eligible = [id_ for id_, profile in waitlist.profiles.items() if not reasons_against(profile, vacancy.terms)]
    before = await offered_before(unit, [vacancy.id])
    count, entitled_only = 1 + sum(map(len, before.values())), programme.requires_reflection_period
    candidates = await first_in_line(unit, waitlist, eligible, count, entitled_only=entitled_only)
    return bool(choose([vacancy], candidates, Situation(programme, before, unit.now)))


async def _still_open(unit: UnitOfWork, suspects: Sequence[Vacancy]) -> list[str]:
    """Those of them to which nothing happened meanwhile: a database at work moves while it is read."""
    same = [
        (vacancies.c.id == vacancy.id)
        & (vacancies.c.state == VacancyState.OPEN)
        & (vacancies.c.allocation_version == vacancy.allocation_version)
        & (vacancies.c.source_version == vacancy.source_version)
        for vacancy in suspects[:FINDINGS_LIMIT]
    ]
    if not same:
        return []
    rows = await unit.execute(select(vacancies.c.id).where(or_(*same)).order_by(vacancies.c.id))
    return [f"open vacancy that somebody waiting could have: {row.id}" for row in rows]


def _twice(key: ColumnElement[tuple[object]]) -> Select[tuple[object]]:
    return select(key).where(_ACTIVE).group_by(key).having(func.count() > 1).order_by(key)


def _where(table: Table, state: str, broken: ColumnElement[bool]) -> Select[tuple[object]]:
    return select(table.c.id).where(table.c.state == state, broken).order_by(table.c.id)


_of_vacancy, _of_entry = offers.c.vacancy_id == vacancies.c.id, offers.c.entry_id == entries.c.id
_decided = exists().where(
    decisions.c.offer_id == offers.c.id,
    decisions.c.vacancy_id == offers.c.vacancy_id,
    decisions.c.entry_id == offers.c.entry_id,
)

_BROKEN: Mapping[str, Select[tuple[object]]] = {
    "vacancy with more than one active offer": _twice(offers.c.vacancy_id),
    "entry with more than one active offer": _twice(offers.c.entry_id),
    "open vacancy that an offer holds": _where(vacancies, VacancyState.OPEN, exists().where(_of_vacancy, _ACTIVE)),
    "offered vacancy that no offer holds": _where(
        vacancies, VacancyState.OFFERED, ~exists().where(_of_vacancy, _HOLDING)
    ),
    "filled vacancy without a placement": _where(vacancies, VacancyState.FILLED, ~exists().where(_of_vacancy, _PLACED)),
    "withdrawn vacancy that an offer holds": _where(
        vacancies, VacancyState.WITHDRAWN, exists().where(_of_vacancy, _ACTIVE)
    ),
    "lapsed vacancy that an offer holds": _where(vacancies, VacancyState.LAPSED, exists().where(_of_vacancy, _ACTIVE)),
    "waiting entry that an offer holds": _where(entries, EntryState.WAITING, exists().where(_of_entry, _ACTIVE)),
    "offered entry that no offer holds": _where(entries, EntryState.OFFERED, ~exists().where(_of_entry, _HOLDING)),
    "placed entry without a placement": _where(entries, EntryState.PLACED, ~exists().where(_of_entry, _PLACED)),
    "offer without its decision": select(offers.c.id).where(~_decided).order_by(offers.c.id),
}
