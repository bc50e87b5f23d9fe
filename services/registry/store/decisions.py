"""Decisions as canonical JSON text: the same snapshot and the same explanation have the same bytes."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from schemas.vocabulary import ListKind
from services.chassis.canonical import canonical_json
from services.chassis.database import Insertion, Row
from services.chassis.errors import NotFound
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.decisions import Ahead, Counted, Decision, Explanation, Group, Right, Rule, Snapshot
from services.registry.domain.draw import NO_LOT
from services.registry.domain.model import Entry, EntryState, Profile, Vacancy
from services.registry.store.codec import (
    decode_lacks,
    decode_profile,
    decode_terms,
    encode_lacks,
    encode_profile,
    encode_terms,
)
from services.registry.tables import decisions, offers

_INSERT = Insertion(decisions)
_PAUSED = EntryState.PAUSED.value
"""Said of those who stand aside only, so that what was stored before anyone remembered them means the same."""


class StoredDecision(NamedTuple):
    """A decision as the database has it. `replayable`: its snapshot was stored with it."""

    id: UUID
    vacancy_id: UUID
    offer_id: UUID
    entry_id: UUID
    policy: str
    decided_at: datetime
    snapshot: str | None
    explanation: str
    digest: str

    @property
    def considered_ids(self) -> list[UUID]:
        """The entries that were considered, in the list's order."""
        if self.snapshot is None:
            return [UUID(id_) for id_ in json.loads(self.explanation)["entries"]]
        return [UUID(id_) for id_, *_ in json.loads(self.snapshot)["considered"]]


async def add(unit: UnitOfWork, made: Sequence[Decision]) -> None:
    """Store new decisions."""
    await unit.write(_INSERT, [_row(decision) for decision in made])


async def of_offer(unit: UnitOfWork, offer_id: UUID, coordinator: str | None) -> StoredDecision:
    """The decision behind an offer; with `coordinator`, only one of theirs. Raises NotFound."""
    return await _one(unit, decisions_of(coordinator).where(decisions.c.offer_id == offer_id))


async def decided_about(unit: UnitOfWork, offer_id: UUID, entry_id: UUID) -> Profile | None:
    """What a household was when something was offered to it; None when that was not stored."""
    decision = await of_offer(unit, offer_id, None)
    considered = decode_snapshot(decision.snapshot).considered if decision.snapshot is not None else ()
    return next((entry.profile for entry in considered if entry.id == entry_id), None)


async def find(unit: UnitOfWork, decision_id: UUID, coordinator: str | None) -> StoredDecision:
    """A decision; with `coordinator`, only one of theirs. Raises NotFound."""
    return await _one(unit, decisions_of(coordinator).where(decisions.c.id == decision_id))


async def after(unit: UnitOfWork, last: UUID | None, limit: int) -> list[StoredDecision]:
    """The next decisions in the order of their ids, which is that in which they were made."""
    query = decisions_of(None).order_by(decisions.c.id).limit(limit)
    return [stored(row) for row in await unit.execute(query if last is None else query.where(decisions.c.id > last))]


def decisions_of(coordinator: str | None) -> Select[tuple[object, ...]]:
    """Everyone's decisions, or those about a coordinator's offers."""
    if coordinator is None:
        return select(decisions)
    mine = offers.c.coordinator == coordinator
    return select(decisions).join(offers, offers.c.id == decisions.c.offer_id).where(mine)


def stored(row: Row) -> StoredDecision:
    """A decision from its row."""
    return StoredDecision(**row)


def digest_of(snapshot: str, explanation: str) -> str:
    """Tells whether either was changed since."""
    return sha256(f"{snapshot}\n{explanation}".encode()).hexdigest()


def encode_snapshot(snapshot: Snapshot) -> str:
    """The text that stands for this snapshot. Whose an entry is decides nothing, so it is not in it."""
    considered, vacancy = snapshot.considered, snapshot.vacancy
    each = chain((entry.profile for entry in considered), (rest.group.profile for rest in snapshot.counted))
    profiles = list(dict.fromkeys(each))
    number = {profile: index for index, profile in enumerate(profiles)}
    ends = vacancy.offerable_until
    parts = {
        "atLeast": snapshot.at_least,
        "availableFrom": vacancy.available_from.isoformat(),
        "considered": [_entry_item(entry, number) for entry in considered],
        "counted": [_counted_item(rest, number) for rest in snapshot.counted],
        "kind": vacancy.kind,
        "decidedAt": snapshot.decided_at.isoformat(),
        "offeredBefore": [index for index, entry in enumerate(considered) if entry.id in snapshot.offered_before],
        "offerableUntil": ends.isoformat() if ends else None,
        "openedAt": vacancy.opened_at.isoformat(),
        "vacancyId": str(vacancy.id),
        "waitlist": vacancy.waitlist,
    }
    # Profiles and terms have texts already, made once for each and kept.
    texts = ",".join(map(encode_profile, profiles))
    return f'{canonical_json(parts)[:-1]},"profiles":[{texts}],"terms":{encode_terms(vacancy.terms)}}}'


def decode_snapshot(text: str) -> Snapshot:
    """The snapshot that this text stands for."""
    value = json.loads(text)
    profiles = [decode_profile(canonical_json(profile)) for profile in value["profiles"]]
    considered = tuple(_entry(item, profiles, value["waitlist"]) for item in value["considered"])
    return Snapshot(
        vacancy=_vacancy(value),
        decided_at=datetime.fromisoformat(value["decidedAt"]),
        considered=considered,
        offered_before=frozenset(considered[index].id for index in value["offeredBefore"]),
        counted=tuple(_counted(profiles, item) for item in value["counted"]),
        at_least=value["atLeast"],
    )


def encode_explanation(explanation: Explanation) -> str:
    """The text that stands for this explanation; those ahead are in the order of the snapshot, so they need no ids."""
    reasons = list(dict.fromkeys(chain((one.reasons for one in explanation.ahead), dict(explanation.counted))))
    number = {item: index for index, item in enumerate(reasons)}
    return canonical_json(
        {
            "ahead": [[one.rule, number[one.reasons]] for one in explanation.ahead],
            "atLeast": explanation.at_least,
            "chosen": str(explanation.chosen) if explanation.chosen else None,
            "counted": [[number[item], count] for item, count in explanation.counted],
            "reasons": reasons,
        }
    )


def decode_explanation(text: str) -> Explanation:
    """The explanation that this text stands for."""
    value = json.loads(text)
    reasons = [tuple(item) for item in value["reasons"]]
    return Explanation(
        chosen=UUID(value["chosen"]) if value["chosen"] else None,
        ahead=tuple(Ahead(Rule(rule), reasons[index]) for rule, index in value["ahead"]),
        counted=tuple((reasons[index], count) for index, count in value["counted"]),
        at_least=value["atLeast"],
    )


def _row(decision: Decision) -> dict[str, object]:
    snapshot, explanation = encode_snapshot(decision.snapshot), encode_explanation(decision.explanation)
    return {
        "id": decision.id,
        "vacancy_id": decision.snapshot.vacancy.id,
        "offer_id": decision.offer_id,
        "entry_id": decision.entry_id,
        "policy": decision.policy,
        "decided_at": decision.snapshot.decided_at,
        "snapshot": snapshot,
        "explanation": explanation,
        "digest": digest_of(snapshot, explanation),
    }


def _counted_item(rest: Counted, number: Mapping[Profile, int]) -> list[object]:
    group = rest.group
    item = [number[group.profile], group.right, group.offered_before, rest.count]
    return [*item, *_said([_PAUSED if group.paused else None, encode_lacks(group.lacks) or None])]


def _counted(profiles: Sequence[Profile], item: Sequence[Any]) -> Counted:
    index, right, before, count, paused, lacks = [*item, None, None][:6]
    return Counted(Group(profiles[index], Right(right), before, bool(paused), decode_lacks(lacks or "")), count)


def _said(further: list[object]) -> list[object]:
    """Without what is not said at the end."""
    while further and further[-1] is None:
        further.pop()
    return further


def _entry_item(entry: Entry, number: Mapping[Profile, int]) -> list[object]:
    item = [str(entry.id), number[entry.profile], entry.urgency, entry.waiting_since.isoformat()]
    until = entry.eligible_until and entry.eligible_until.isoformat()
    lot = None if entry.lot == NO_LOT else str(entry.lot)
    paused = _PAUSED if entry.state is EntryState.PAUSED else None
    return [*item, *_said([until, lot, paused, encode_lacks(entry.lacks) or None])]


def _entry(item: Sequence[Any], profiles: Sequence[Profile], waitlist: str) -> Entry:
    id_, profile, urgency, since, until, lot, state, lacks = [*item, None, None, None, None][:8]
    return Entry(
        id=UUID(id_),
        waitlist=waitlist,
        case_id=UUID(id_),
        coordinator="",
        profile=profiles[profile],
        urgency=urgency,
        waiting_since=datetime.fromisoformat(since),
        state=EntryState(state) if state else EntryState.WAITING,
        eligible_until=datetime.fromisoformat(until) if until else None,
        lot=UUID(lot) if lot else NO_LOT,
        lacks=decode_lacks(lacks or ""),
    )


def _vacancy(value: dict[str, Any]) -> Vacancy:
    ends = value["offerableUntil"]
    return Vacancy(
        id=UUID(value["vacancyId"]),
        waitlist=value["waitlist"],
        kind=ListKind(value["kind"]),
        resource_id=UUID(value["vacancyId"]),
        terms=decode_terms(canonical_json(value["terms"])),
        source_version=0,
        opened_at=datetime.fromisoformat(value["openedAt"]),
        available_from=datetime.fromisoformat(value["availableFrom"]),
        offerable_until=datetime.fromisoformat(ends) if ends else None,
    )


async def _one(unit: UnitOfWork, query: Select[tuple[object, ...]]) -> StoredDecision:
    row = (await unit.execute(query)).first()
    if row is None:
        # Someone else's looks exactly like one that does not exist.
        raise NotFound("There is no such decision among yours.")
    return stored(row)
