"""Vacancies and the offers on them."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Integer,
    Select,
    Text,
    Uuid,
    bindparam,
    literal_column,
    not_,
    select,
    tuple_,
    union,
    update,
)

from schemas.vocabulary import EnquiryEndReason, ListKind
from services.chassis.database import (
    Change,
    Insertion,
    Row,
    UtcDateTime,
    list_parameters,
    listed,
    one_of,
)
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.model import (
    ACTIVE_OFFER_STATES,
    LIVE_ENTRY_STATES,
    OPEN_OFFER_STATES,
    Allocation,
    Entry,
    Offer,
    OfferState,
    Profile,
    Terms,
    Vacancy,
    VacancyState,
)
from services.registry.store.codec import decode_terms, encode_terms
from services.registry.store.waitlists import Waitlist, entry_of
from services.registry.tables import entries, offers, vacancies

Lists = Mapping[str, Waitlist]

OPEN_VACANCIES_PAGE = 1000
"""So many are read at once."""

# Constants in the text, not parameters: only so can a prepared plan use the partial indexes.
OPEN = vacancies.c.state == literal_column(f"'{VacancyState.OPEN}'")
LIVE = entries.c.state.in_([literal_column(f"'{state}'") for state in LIVE_ENTRY_STATES])
_MADE = offers.c.state == literal_column(f"'{OfferState.MADE}'")
TO_ANSWER = offers.c.state.in_([literal_column(f"'{state}'") for state in OPEN_OFFER_STATES])
ACTIVE = offers.c.state.in_([literal_column(f"'{state}'") for state in ACTIVE_OFFER_STATES])
_SILENCE = (offers.c.state == OfferState.ENDED) & (offers.c.reason == EnquiryEndReason.UNANSWERED)
_EVER_ANSWERED = (offers.c.state != OfferState.REVOKED) & (
    (offers.c.state != OfferState.ENDED) | (offers.c.reason == EnquiryEndReason.REFUSED) | _SILENCE
)
_affirmed = vacancies.alias("affirmed")
_AFFIRMED_SINCE = (
    select(_affirmed.c.id)
    .where(_affirmed.c.id == offers.c.vacancy_id, _affirmed.c.affirmed_at >= offers.c.decided_at)
    .correlate(offers)
    .exists()
)
WAS_ANSWERED = _EVER_ANSWERED & not_(_SILENCE & _AFFIRMED_SINCE)
"""Silence and refusals are answers; an offer or enquiry that something else overtook got none.

A provider that says of a vacancy later that it is still there was away: it may be asked about the same household again.
"""
_TO_REMIND = _MADE & offers.c.remind_at.is_not(None)
ACCEPTED = offers.c.state == literal_column(f"'{OfferState.ACCEPTED}'")
PLACED = (offers.c.state == literal_column(f"'{OfferState.FULFILLED}'")) & offers.c.ended_at.is_(None)

VACANCY_COLUMNS = [column.label(f"vacancy_{column.name}") for column in vacancies.c]
OFFER_COLUMNS = [column.label(f"offer_{column.name}") for column in offers.c]
ENTRY_COLUMNS = [column.label(f"entry_{column.name}") for column in entries.c]


_INSERT_VACANCIES, _INSERT_OFFERS = Insertion(vacancies), Insertion(offers)
_UPDATE_VACANCIES = Change(
    vacancies,
    ("state", "source_version", "allocation_version", "terms", "available_from", "offerable_until", "affirmed_at"),
)
_UPDATE_OFFERS = Change(
    offers,
    (
        "state",
        "reason",
        "made_at",
        "deadline_at",
        "full_deadline_at",
        "decided_at",
        "decided_by",
        "accepted_at",
        "undone",
        "remind_at",
    ),
)
_UPDATE_ENTRIES = Change(
    entries, ("state", "eligible_until", "paused_until", "pause_reason", "released", "silences", "calls")
)


def _allocations(which_offer: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    joined = vacancies.outerjoin(offers, (offers.c.vacancy_id == vacancies.c.id) & which_offer)
    joined = joined.outerjoin(entries, entries.c.id == offers.c.entry_id)
    return select(*VACANCY_COLUMNS, *OFFER_COLUMNS, *ENTRY_COLUMNS).select_from(joined)


_ACTIVE_OF = _allocations(ACTIVE).where(one_of(vacancies.c.id, "ids"))


async def of_vacancies(unit: UnitOfWork, lists: Lists, ids: Sequence[UUID]) -> dict[UUID, Allocation]:
    """Each of these vacancies that is known, with the offer that is active on it."""
    rows = await unit.execute(_ACTIVE_OF, {"ids": ids})
    allocations = [_allocation_of(row, lists) for row in rows]
    return {allocation.vacancy.id: allocation for allocation in allocations}


_BY_OFFER = offers.c.id == bindparam("offer")
_OF_OFFER = _allocations(_BY_OFFER).where(_BY_OFFER)


async def of_offer(unit: UnitOfWork, lists: Lists, offer_id: UUID) -> Allocation:
    """The vacancy of this offer, with this offer, whatever became of it. The offer must exist."""
    return _allocation_of((await unit.execute(_OF_OFFER, {"offer": offer_id})).one(), lists)


_PLACED_OFFERS = (
    select(offers.c.id, offers.c.waitlist, vacancies.c.terms)
    .join(vacancies, vacancies.c.id == offers.c.vacancy_id)
    .where(offers.c.case_id == bindparam("case", type_=Uuid), PLACED)
    .order_by(offers.c.id)
)


async def placed_offers(unit: UnitOfWork, case_id: UUID) -> dict[UUID, tuple[str, Terms]]:
    """The offers by which this case lives where it lives, each with its list and what it is."""
    found = await unit.execute(_PLACED_OFFERS, {"case": case_id})
    return {row.id: (row.waitlist, decode_terms(row.terms)) for row in found}


# Asked every second, so built once. In parts, each of which has an index of its own.
_NOW = bindparam("now", type_=UtcDateTime)
_DUE = union(
    *(
        select(offers.c.id, offers.c.waitlist, offers.c.deadline_at).where(which)
        for which in (TO_ANSWER & (offers.c.deadline_at <= _NOW), _TO_REMIND & (offers.c.remind_at <= _NOW))
    )
).subquery("due")
_LISTS_WITH_ANSWERS_DUE = select(_DUE.c.waitlist).distinct().order_by(_DUE.c.waitlist)
_NEXT_DUE = [
    select(column.label("due_at")).where(which).order_by(column, offers.c.id).limit(1)
    for column, which in ((offers.c.deadline_at, TO_ANSWER), (offers.c.remind_at, _TO_REMIND))
]


async def due(unit: UnitOfWork, lists: Lists, limit: int) -> list[Allocation]:
    """Allocations of these lists to whose offer a deadline or a reminder has come, the earliest deadline first."""
    dialect = unit.connection.dialect.name
    names = list_parameters(dialect, ["id"], [(name,) for name in lists])
    rows = await unit.execute(_to_answer(dialect), {"now": unit.now, "limit": limit} | names)
    return [_allocation_of(row, lists) for row in rows]


@lru_cache(maxsize=2)
def _to_answer(dialect: str) -> Select[tuple[object, ...]]:
    mine = select(_DUE.c.id).where(_DUE.c.waitlist.in_(select(listed(dialect, {"id": Text()}).c.id)))
    first = mine.order_by(_DUE.c.deadline_at, _DUE.c.id).limit(bindparam("limit", type_=Integer))
    return _allocations(TO_ANSWER).where(offers.c.id.in_(first)).order_by(offers.c.deadline_at, offers.c.id)


async def lists_with_answers_due(unit: UnitOfWork) -> list[str]:
    """The lists in which a deadline or a reminder has come. A hint, read without a lock."""
    return [row.waitlist for row in await unit.execute(_LISTS_WITH_ANSWERS_DUE, {"now": unit.now})]


async def next_answer_due(unit: UnitOfWork) -> datetime | None:
    """When the next open offer will expire or be reminded of."""
    return min([row.due_at for query in _NEXT_DUE for row in await unit.execute(query)], default=None)


_OPENED = (vacancies.c.opened_at, vacancies.c.id)
_FREE = (
    select(*VACANCY_COLUMNS)
    .where(vacancies.c.waitlist == bindparam("list"), OPEN)
    .order_by(*_OPENED)
    .limit(bindparam("limit", type_=Integer))
)
_FREE_AFTER = _FREE.where(
    tuple_(*_OPENED) > tuple_(bindparam("opened_at", type_=UtcDateTime), bindparam("id", type_=Uuid))
)
_LISTS_WITH_FREE = select(vacancies.c.waitlist).where(OPEN).distinct().order_by(vacancies.c.waitlist)


async def open_vacancies(unit: UnitOfWork, waitlist: Waitlist) -> AsyncIterator[list[Vacancy]]:
    """What is free in this list and offered to no one, the longest open first, in pages."""
    which = {"list": waitlist.id, "limit": OPEN_VACANCIES_PAGE}
    page, query, after = list[Vacancy](), _FREE, dict[str, object]()
    while not page or len(page) == OPEN_VACANCIES_PAGE:
        page = [vacancy_of(row) for row in await unit.execute(query, which | after)]
        if not page:
            return
        # Before it is given away: whoever gets it may change it.
        query, after = _FREE_AFTER, {"opened_at": page[-1].opened_at, "id": page[-1].id}
        yield page


async def lists_with_open_vacancies(unit: UnitOfWork) -> list[str]:
    """The lists in which something is free. A hint, read without a lock."""
    return [row.waitlist for row in await unit.execute(_LISTS_WITH_FREE)]


_SAME_PLACE = (entries.c.case_id == offers.c.case_id) & (entries.c.waitlist == offers.c.waitlist) & LIVE
_ANSWERED_BY = (
    select(offers.c.vacancy_id, offers.c.decided_at, entries.c.id.label("entry_id"), _SILENCE.label("silence"))
    .select_from(offers.join(entries, _SAME_PLACE))
    .where(one_of(offers.c.vacancy_id, "ids"), _EVER_ANSWERED)
)


async def offered_before(unit: UnitOfWork, repeated: Sequence[Vacancy]) -> dict[UUID, set[UUID]]:
    """For each of these vacancies, the live entries of the cases that it was offered to, and that answered.

    By case, not by entry: leaving the list and coming back is no new beginning. The vacancies may have been affirmed
    just now, which is not stored yet.
    """
    affirmed = {vacancy.id: vacancy.affirmed_at for vacancy in repeated}
    before: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for row in await unit.execute(_ANSWERED_BY, {"ids": affirmed}):
        since = affirmed[row.vacancy_id]
        if not row.silence or since is None or since < row.decided_at:
            before[row.vacancy_id].add(row.entry_id)
    return before


async def insert_vacancies(unit: UnitOfWork, new: Sequence[Vacancy]) -> None:
    """Store new vacancies in the state that they have by now."""
    await unit.write(_INSERT_VACANCIES, [_vacancy_row(vacancy) for vacancy in new])


async def update_vacancies(unit: UnitOfWork, changed: Sequence[Vacancy]) -> None:
    """Store what became of vacancies."""
    await unit.write(_UPDATE_VACANCIES, [_vacancy_row(vacancy) for vacancy in changed])


async def update_offers(unit: UnitOfWork, changed: Sequence[Offer]) -> None:
    """Store what became of offers. Their entries are stored with `update_entries`."""
    _note(unit, changed)
    await unit.write(_UPDATE_OFFERS, [_outcome_row(offer) for offer in changed])


async def update_entries(unit: UnitOfWork, changed: Iterable[Entry]) -> None:
    """Store what became of entries."""
    stored = list(changed)
    for entry in stored:
        unit.by_itself.setdefault(entry.case_id, f"entry-{entry.state}")
    await unit.write(_UPDATE_ENTRIES, [_entry_row(entry) for entry in stored])


async def insert_offers(unit: UnitOfWork, made: Sequence[Offer]) -> None:
    """Store new offers, and that their entries are no longer waiting."""
    _note(unit, made)
    await unit.write(_INSERT_OFFERS, [_offer_row(offer) for offer in made])
    await update_entries(unit, [offer.entry for offer in made])


_NOW_CLAIMED = (
    update(offers)
    .where(one_of(offers.c.id, "offers"), offers.c.claimed_at.is_(None))
    .values(claimed_at=_NOW)
    .returning(offers.c.case_id)
)


async def mark_claimed(unit: UnitOfWork, offer_ids: Sequence[UUID]) -> None:
    """Note that municipalities have claimed the households of these offers."""
    for row in await unit.execute(_NOW_CLAIMED, {"offers": offer_ids, "now": unit.now}):
        unit.by_itself[row.case_id] = "offer-claimed"


_END_PLACEMENTS = update(offers).where(PLACED).values(ended_at=_NOW).returning(offers)
_END_BY_OFFER = _END_PLACEMENTS.where(one_of(offers.c.id, "offers"))
_END_IN_SHELTERS = _END_PLACEMENTS.where(
    one_of(offers.c.case_id, "cases"), offers.c.kind == ListKind.SHELTER, not_(one_of(offers.c.id, "but"))
)


async def end_placements(unit: UnitOfWork, offer_ids: Sequence[UUID]) -> list[Row]:
    """Note that the placements by these offers are over; gives the offers of those that were not over before."""
    return await _end(unit, _END_BY_OFFER, {"offers": offer_ids})


async def end_placements_in_shelters(
    unit: UnitOfWork, case_ids: Sequence[UUID], but: Collection[UUID] = ()
) -> list[Row]:
    """The same for all placements of these households in shelters, but for these offers'."""
    return await _end(unit, _END_IN_SHELTERS, {"cases": case_ids, "but": but})


async def _end(unit: UnitOfWork, statement: Executable, which: Mapping[str, object]) -> list[Row]:
    rows = list(await unit.execute(statement, {"now": unit.now, **which}))
    unit.by_itself |= {row.case_id: "placement-ended" for row in rows}
    return rows


def _note(unit: UnitOfWork, changed: Sequence[Offer]) -> None:
    """What the audit log and the processing log are told, unless somebody asked for just this."""
    unit.by_itself |= {offer.entry.case_id: f"offer-{offer.state}".replace("_", "-") for offer in changed}


_RAISE = (
    update(vacancies)
    .where(one_of(vacancies.c.id, "ids"))
    .values(allocation_version=vacancies.c.allocation_version + 1)
    .returning(vacancies.c.id, vacancies.c.allocation_version)
)


async def raise_allocation_versions(unit: UnitOfWork, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Count one more event for each of these vacancies; gives the new versions."""
    rows = await unit.execute(_RAISE, {"ids": ids})
    return {row.id: row.allocation_version for row in rows}


def _allocation_of(row: Row, lists: Lists) -> Allocation:
    vacancy = vacancy_of(row)
    offer = offer_of(row, lists[vacancy.waitlist].profiles) if row.offer_id is not None else None
    return Allocation(vacancy, offer)


def vacancy_of(row: Row) -> Vacancy:
    """A vacancy from a row with its columns."""
    return Vacancy(
        id=row.vacancy_id,
        waitlist=row.vacancy_waitlist,
        kind=ListKind(row.vacancy_kind),
        resource_id=row.vacancy_resource_id,
        terms=decode_terms(row.vacancy_terms),
        source_version=row.vacancy_source_version,
        opened_at=row.vacancy_opened_at,
        available_from=row.vacancy_available_from,
        offerable_until=row.vacancy_offerable_until,
        state=VacancyState(row.vacancy_state),
        allocation_version=row.vacancy_allocation_version,
        affirmed_at=row.vacancy_affirmed_at,
    )


def offer_of(row: Row, profiles: Mapping[UUID, Profile]) -> Offer:
    """An offer with its entry, from a row with the columns of both."""
    return Offer(
        id=row.offer_id,
        vacancy_id=row.offer_vacancy_id,
        entry=entry_of(row, profiles, "entry_"),
        kind=ListKind(row.offer_kind),
        made_at=row.offer_made_at,
        deadline_at=row.offer_deadline_at,
        full_deadline_at=row.offer_full_deadline_at,
        state=OfferState(row.offer_state),
        decided_at=row.offer_decided_at,
        reason=row.offer_reason,
        claimed_at=row.offer_claimed_at,
        ended_at=row.offer_ended_at,
        remind_at=row.offer_remind_at,
        decided_by=row.offer_decided_by,
        accepted_at=row.offer_accepted_at,
        undone=row.offer_undone,
        policy=row.offer_policy,
    )


def _vacancy_row(vacancy: Vacancy) -> dict[str, object]:
    plain = ("id", "waitlist", "kind", "resource_id", "state", "source_version", "allocation_version")
    moments = ("opened_at", "available_from", "offerable_until", "affirmed_at")
    return {name: getattr(vacancy, name) for name in plain + moments} | {"terms": encode_terms(vacancy.terms)}


def _outcome_row(offer: Offer) -> dict[str, object]:
    return {name: getattr(offer, name) for name in _UPDATE_OFFERS.columns}


def _entry_row(entry: Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _UPDATE_ENTRIES.columns}


def _offer_row(offer: Offer) -> dict[str, object]:
    plain = ("id", "vacancy_id", "kind", "state", "reason", "decided_by", "undone", "policy")
    moments = (
        *("made_at", "deadline_at", "full_deadline_at", "accepted_at"),
        *("decided_at", "claimed_at", "ended_at", "remind_at"),
    )
    entry = offer.entry
    of_entry = {
        "entry_id": entry.id,
        "case_id": entry.case_id,
        "waitlist": entry.waitlist,
        "coordinator": entry.coordinator,
    }
    return {name: getattr(offer, name) for name in plain + moments} | of_entry
