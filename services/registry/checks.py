"""What must never be false in the registry's database, as questions that find what breaks it: ids only."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Executable, Uuid, and_, bindparam, func, not_, or_, select

from schemas.vocabulary import ListKind
from services.chassis.checks import FINDINGS_LIMIT, Question, broken, missing, questions
from services.chassis.database import Row, UtcDateTime, one_of
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.eligibility import reasons_against, reasons_of_programme
from services.registry.domain.model import (
    ACTIVE_OFFER_STATES,
    OPEN_OFFER_STATES,
    EntryState,
    Lack,
    OfferState,
    Profile,
    Terms,
    VacancyState,
)
from services.registry.domain.programmes import Programme, Programmes
from services.registry.store.allocations import WAS_ANSWERED
from services.registry.store.codec import decode_profile, decode_terms
from services.registry.tables import decisions, entries, offers, profiles, vacancies

VACANCIES_LIMIT = 10_000
"""For how many open vacancies it is checked that nobody waits who could have them, the longest open first."""

OFFERS_LIMIT = 10_000
"""Of how many open offers it is checked that they suit, the oldest first."""


async def findings(unit: UnitOfWork, programmes: Programmes | None = None) -> list[str]:
    """Everything that is wrong, at most 100 of a kind: what, and the id of the vacancy, entry, offer or case."""
    return await broken(unit, BROKEN) + await misjudged(unit, programmes)


async def misjudged(unit: UnitOfWork, programmes: Programmes | None = None) -> list[str]:
    """What only the rules can tell: who is offered what is not for them, and what is offered to nobody who waits."""
    programmes = programmes or Programmes()
    found = [f"open offer of a place that is not for them: {id_}" for id_ in await _not_for_them(unit, programmes)]
    suspects = await _forgotten(unit, programmes)
    forgotten = await _still_open(unit, suspects[:FINDINGS_LIMIT])
    return found + [f"open vacancy that somebody could have: {id_}" for id_ in forgotten]


async def _forgotten(unit: UnitOfWork, programmes: Programmes) -> list[Row]:
    """Vacancies that are free while somebody waits who is eligible and was not offered them before."""
    free = await unit.execute(_FREE, {"now": unit.now})
    forgotten = []
    for waitlist, mine in groupby(free, key=lambda row: row.waitlist):
        programme = programmes.at(waitlist, unit.now)
        everyone = await unit.execute(_PROFILES, {"waitlist": waitlist})
        line = [row for row in everyone if not reasons_of_programme(decode_profile(row.profile), programme)]
        forgotten += [vacancy for vacancy in mine if await _has_eligible(unit, vacancy, line, programme)]
    return forgotten


async def _not_for_them(unit: UnitOfWork, programmes: Programmes) -> list[UUID]:
    """Open offers of what does not suit the household as it is known now, or whose list is not for it."""
    wrong = (
        row.id
        for row in await unit.execute(_OPEN_OFFERS)
        if _is_wrong(decode_profile(row.profile), decode_terms(row.terms), programmes.of_policy(row.policy))
    )
    return list(islice(wrong, FINDINGS_LIMIT))


def _is_wrong(profile: Profile, terms: Terms, programme: Programme | None) -> bool:
    of_list = reasons_of_programme(profile, programme) if programme is not None else ()
    return bool(of_list or reasons_against(profile, terms))


async def _still_open(unit: UnitOfWork, suspects: Sequence[Row]) -> list[UUID]:
    """Those of them to which nothing happened meanwhile: a database at work moves while it is read."""
    if not suspects:
        return []
    now = await unit.execute(_STILL_OPEN, {"ids": [row.id for row in suspects]})
    same = {(row.id, row.allocation_version, row.source_version) for row in now}
    return [row.id for row in suspects if (row.id, row.allocation_version, row.source_version) in same]


async def _has_eligible(unit: UnitOfWork, vacancy: Row, line: list[Row], programme: Programme) -> bool:
    terms = decode_terms(vacancy.terms)
    suited = [row.id for row in line if not reasons_against(decode_profile(row.profile), terms)]
    if not suited:
        return False
    query = _eligible(period=programme.requires_reflection_period, permit=programme.requires_permit)
    begins = max(unit.now, vacancy.available_from)
    given = {"vacancy_id": vacancy.id, "begins": begins, "profiles": suited}
    return bool(await unit.execute(query, given))


@lru_cache(maxsize=4)
def _eligible(*, period: bool, permit: bool) -> Executable:
    """Whoever of these profiles could have this vacancy now and was not offered it before; one is enough."""
    asked = (offers.c.vacancy_id == bindparam("vacancy_id", type_=Uuid), offers.c.case_id == entries.c.case_id)
    before = select(offers.c.id).where(*asked, WAS_ANSWERED).exists()
    entitled = entries.c.eligible_until > bindparam("begins", type_=UtcDateTime)
    if not period:
        entitled = or_(entitled, entries.c.eligible_until.is_(None))
    granted = entries.c.lacks == "" if permit else entries.c.lacks.in_(("", Lack.PERMIT))
    waiting = (entries.c.state == EntryState.WAITING, entitled, granted, not_(before))
    query = select(entries.c.id).where(one_of(entries.c.profile_id, "profiles"), *waiting)
    return query.order_by(entries.c.id).limit(1)


# Built once: to build one takes longer than to ask it, and a simulation asks them all the time.
_STILL_OPEN = select(vacancies.c.id, vacancies.c.allocation_version, vacancies.c.source_version).where(
    vacancies.c.state == VacancyState.OPEN, one_of(vacancies.c.id, "ids")
)
_FREE = (
    select(vacancies)
    .where(
        vacancies.c.state == VacancyState.OPEN,
        or_(vacancies.c.offerable_until.is_(None), vacancies.c.offerable_until > bindparam("now", type_=UtcDateTime)),
    )
    .order_by(vacancies.c.waitlist, vacancies.c.opened_at, vacancies.c.id)
    .limit(VACANCIES_LIMIT)
)
_PROFILES = select(profiles).where(profiles.c.waitlist == bindparam("waitlist"))
_OPEN_OFFERS = (
    select(offers.c.id, offers.c.policy, vacancies.c.terms, profiles.c.profile)
    .select_from(
        offers.join(vacancies, vacancies.c.id == offers.c.vacancy_id)
        .join(entries, entries.c.id == offers.c.entry_id)
        .join(profiles, profiles.c.id == entries.c.profile_id)
    )
    .where(offers.c.state.in_(OPEN_OFFER_STATES))
    .order_by(offers.c.id)
    .limit(OFFERS_LIMIT)
)


_ACTIVE = offers.c.state.in_(ACTIVE_OFFER_STATES)
_UNDER_WAY = offers.c.state.in_((*OPEN_OFFER_STATES, OfferState.ACCEPTED))
_ACCEPTED = offers.c.state == OfferState.ACCEPTED
_SHELTER = offers.c.kind == ListKind.SHELTER
_FULFILLED = offers.c.state == OfferState.FULFILLED


def _twice(column: Column[Any], *conditions: ColumnElement[bool]) -> Question:
    return select(column).where(*conditions).group_by(column).having(func.count() > 1).order_by(column)


def _offers_where(*conditions: ColumnElement[bool]) -> Question:
    joined = offers.join(vacancies, vacancies.c.id == offers.c.vacancy_id)
    joined = joined.join(entries, entries.c.id == offers.c.entry_id)
    return select(offers.c.id).select_from(joined).where(*conditions).order_by(offers.c.id)


def _without_offer(
    column: Column[Any], condition: ColumnElement[bool], wanted: ColumnElement[bool] = _UNDER_WAY
) -> Question:
    """Vacancies or entries in a state that needs an offer, one under way if not said otherwise, and without it."""
    mine = offers.c.vacancy_id if column is vacancies.c.id else offers.c.entry_id
    return missing(select(column.label("id")).where(condition), select(mine).where(wanted))


_same = and_(decisions.c.entry_id == offers.c.entry_id, decisions.c.vacancy_id == offers.c.vacancy_id)
_explained = select(decisions.c.id).where(decisions.c.offer_id == offers.c.id, _same).exists()
_answered = offers.c.decided_at.is_not(None)
_open = offers.c.state.in_(OPEN_OFFER_STATES)

BROKEN = questions(
    {
        "vacancy with two active offers": _twice(offers.c.vacancy_id, _ACTIVE),
        "entry with two active offers": _twice(offers.c.entry_id, _ACTIVE),
        "case with two accepted places in shelters": _twice(
            offers.c.case_id, _SHELTER, offers.c.state == OfferState.ACCEPTED
        ),
        "case with two places in shelters": _twice(offers.c.case_id, _SHELTER, _FULFILLED, offers.c.ended_at.is_(None)),
        "offer whose vacancy is in another state": _offers_where(
            or_(
                _UNDER_WAY & (vacancies.c.state != VacancyState.OFFERED),
                _FULFILLED & (vacancies.c.state != VacancyState.FILLED),
            )
        ),
        "offer whose entry is in another state": _offers_where(
            or_(
                _UNDER_WAY & (entries.c.state != EntryState.OFFERED),
                _FULFILLED & (entries.c.state != EntryState.PLACED),
            )
        ),
        "offered vacancy without an offer": _without_offer(vacancies.c.id, vacancies.c.state == VacancyState.OFFERED),
        "offered entry without an offer": _without_offer(entries.c.id, entries.c.state == EntryState.OFFERED),
        "filled vacancy without a placement": _without_offer(
            vacancies.c.id, vacancies.c.state == VacancyState.FILLED, _FULFILLED
        ),
        "placed entry without a placement": _without_offer(
            entries.c.id, entries.c.state == EntryState.PLACED, _FULFILLED
        ),
        "offer without the decision behind it": _offers_where(not_(_explained)),
        "open offer that was answered, or an outcome without its moment": _offers_where(
            or_(
                offers.c.state.in_(OPEN_OFFER_STATES) & _answered,
                offers.c.state.not_in(OPEN_OFFER_STATES) & not_(_answered),
            )
        ),
        "place in line without consent": select(entries.c.id)
        .where(entries.c.state.in_((EntryState.WAITING, EntryState.PAUSED)), entries.c.lacks.contains(Lack.CONSENT))
        .order_by(entries.c.id),
        "pause without a reason, or a reason without a pause": select(entries.c.id)
        .where(entries.c.state != EntryState.WITHDRAWN)
        .where((entries.c.state == EntryState.PAUSED) != or_(entries.c.pause_reason.is_not(None), entries.c.released))
        .order_by(entries.c.id),
    }
)
