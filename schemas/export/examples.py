"""One valid event of each type, and what may be added to it. Every id is made up."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas import catalogue
from schemas.api.notifications import TYPES
from schemas.base import Message
from schemas.catalogue import MessageType
from schemas.messages import beds, deadlines, delivery, offers, placements, quotas
from schemas.vocabulary import (
    AgeBand,
    ClaimReversalReason,
    ContactReason,
    DeclineReason,
    DepartureReason,
    EnquiryEndReason,
    FallThroughReason,
    ListKind,
    Need,
    PlacementConflict,
    PlacementEndReason,
    Programme,
    RecordedPlacementEnd,
    Region,
    RevocationReason,
    Secrecy,
    Sex,
    WithdrawalReason,
)

Json = dict[str, Any]

NOW = datetime(2026, 7, 1, 9, 30, tzinfo=UTC)
SOURCES = {
    "shelters": "urn:nld:kvknr:00000001.shelters",
    "municipalities": "urn:nld:oin:00000099000000001000:systeem:municipalities",
    "registry": "urn:nld:kvknr:00000002.registry",
}
ANY_OWNER = "shelters"
"""Who says in the examples what every service may say."""
RECIPIENT = "coordinator-north"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _id(number: int) -> UUID:
    return UUID(f"0197c4f0-0000-7000-8000-{number:012d}")


_VACANCY, _UNIT, _FACILITY, _SLOT, _OFFER, _CLAIM, _EVENT, _CASE, _ENTRY, _PLACEMENT, _NOTHING = map(_id, range(1, 12))
_HOUSEHOLD = offers.Household(adults=1, children=2)

_DATA: tuple[Message, ...] = (
    beds.BedFreed(
        vacancy_id=_VACANCY,
        version=1,
        unit_id=_UNIT,
        facility_id=_FACILITY,
        programme=Programme.COSM,
        places=3,
        accepts=beds.Acceptance(
            sexes=[Sex.FEMALE], age_bands=[AgeBand.AGE_18_TO_22, AgeBand.AGE_23_PLUS], children=True
        ),
        serves=beds.Service(wheelchair=False, needs=[Need.MEDICAL]),
        available_from=NOW,
        lease_expires_at=NOW + timedelta(days=3),
        freed_at=NOW,
        region=Region.OOST_BRABANT,
        secrecy=Secrecy.DISCREET,
        kept_for_places=2,
    ),
    beds.BedWithdrawn(
        vacancy_id=_VACANCY,
        version=2,
        unit_id=_UNIT,
        programme=Programme.COSM,
        reason=WithdrawalReason.WITHDRAWN,
        withdrawn_at=NOW,
    ),
    beds.ArrivalConfirmed(vacancy_id=_VACANCY, version=2, unit_id=_UNIT, offer_id=_OFFER, arrived_at=NOW),
    beds.NoShowReported(
        vacancy_id=_VACANCY, version=2, unit_id=_UNIT, programme=Programme.COSM, offer_id=_OFFER, reported_at=NOW
    ),
    beds.DepartureRecorded(
        vacancy_id=_VACANCY,
        version=3,
        unit_id=_UNIT,
        offer_id=_OFFER,
        departed_at=NOW,
        reason=DepartureReason.ONWARD_HOME,
    ),
    beds.EnquiryAnswered(vacancy_id=_VACANCY, version=2, unit_id=_UNIT, offer_id=_OFFER, agreed=True, answered_at=NOW),
    beds.PlacementConflicted(
        placement_id=_PLACEMENT,
        version=1,
        unit_id=_UNIT,
        conflict=PlacementConflict.UNIT_OCCUPIED,
        found_at=NOW,
    ),
    quotas.SlotOpened(
        vacancy_id=_VACANCY,
        version=1,
        slot_id=_SLOT,
        municipality_code="GM0363",
        places=3,
        wheelchair=False,
        available_from=NOW + timedelta(days=30),
        opened_at=NOW,
    ),
    quotas.SlotWithdrawn(vacancy_id=_VACANCY, version=2, slot_id=_SLOT, withdrawn_at=NOW),
    quotas.PlacementClaimed(
        vacancy_id=_VACANCY, version=2, slot_id=_SLOT, offer_id=_OFFER, claim_id=_CLAIM, claimed_at=NOW
    ),
    quotas.HouseholdHoused(
        vacancy_id=_VACANCY, version=3, slot_id=_SLOT, offer_id=_OFFER, claim_id=_CLAIM, housed_at=NOW
    ),
    quotas.ClaimReversed(
        vacancy_id=_VACANCY,
        version=3,
        slot_id=_SLOT,
        offer_id=_OFFER,
        claim_id=_CLAIM,
        reason=ClaimReversalReason.HOUSING_FELL_THROUGH,
        was_housed=False,
        reversed_at=NOW,
    ),
    offers.EnquiryMade(
        vacancy_id=_VACANCY,
        version=1,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        household=_HOUSEHOLD,
        sex=Sex.FEMALE,
        age_band=AgeBand.AGE_18_TO_22,
        needs=[Need.MEDICAL],
        wheelchair=False,
        answer_before_at=NOW + timedelta(days=2),
        made_at=NOW,
    ),
    offers.EnquiryEnded(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        reason=EnquiryEndReason.UNANSWERED,
        ended_at=NOW,
    ),
    offers.OfferMade(
        vacancy_id=_VACANCY,
        version=1,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        household=_HOUSEHOLD,
        deadline_at=NOW + timedelta(hours=4),
        made_at=NOW,
    ),
    deadlines.DeadlineNearing(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        deadline_at=NOW + timedelta(hours=4),
    ),
    deadlines.LeaseEnding(
        vacancy_id=_VACANCY, version=1, recipient="shelter", lease_expires_at=NOW + timedelta(hours=8)
    ),
    deadlines.LeaseSettled(vacancy_id=_VACANCY, version=2, recipient="shelter", settled_at=NOW),
    deadlines.ReflectionPeriodEnding(case_id=_CASE, version=1, recipient=RECIPIENT),
    deadlines.ContactNeeded(
        entry_id=_ENTRY,
        version=1,
        offer_id=_OFFER,
        reason=ContactReason.SILENT_REPEATEDLY,
        recipients=[RECIPIENT, "helpdesk"],
    ),
    offers.OfferAccepted(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.HOUSING,
        recipient=RECIPIENT,
        household=_HOUSEHOLD,
        accepted_at=NOW,
    ),
    offers.HouseholdChanged(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.HOUSING,
        recipient=RECIPIENT,
        household=_HOUSEHOLD,
        accepted=True,
        changed_at=NOW,
    ),
    offers.OfferDeclined(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        reason=DeclineReason.UNSAFE,
        declined_at=NOW,
    ),
    offers.OfferExpired(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        expired_at=NOW,
    ),
    offers.OfferRevoked(
        vacancy_id=_VACANCY,
        version=2,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        reason=RevocationReason.LAPSED,
        revoked_at=NOW,
    ),
    offers.PlacementFellThrough(
        vacancy_id=_VACANCY,
        version=3,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        reason=FallThroughReason.NO_SHOW,
        fell_through_at=NOW,
    ),
    placements.PlacementEnded(
        vacancy_id=_VACANCY,
        version=4,
        offer_id=_OFFER,
        list_kind=ListKind.SHELTER,
        recipient=RECIPIENT,
        reason=PlacementEndReason.HOUSED,
        ended_at=NOW,
    ),
    placements.PlacementRecorded(placement_id=_PLACEMENT, version=1, unit_id=_UNIT, since=NOW - timedelta(hours=9)),
    placements.RecordedPlacementEnded(
        placement_id=_PLACEMENT, version=2, unit_id=_UNIT, reason=RecordedPlacementEnd.LEFT, ended_at=NOW
    ),
    delivery.QueueLost(
        version=1, service="shelters", bindings=["nl.doorstroom.offers.offer-made.v1.shelter"], found_at=NOW
    ),
)


def typical(message_type: MessageType) -> Json:
    """Give an event of this type as most of them are: no attribute that need not be there."""
    data = next(item for item in _DATA if type(item) is message_type.model)
    owner = message_type.owner or ANY_OWNER
    event = catalogue.event(data, id=_EVENT, source=SOURCES[owner], subject=_subject(data, owner), time=NOW)
    document: Json = json.loads(catalogue.encode(event))
    return document


def notification() -> Json:
    """Give the thin event by which an organisation is told of an offer."""
    return {
        "specversion": "1.0",
        "id": str(_EVENT),
        "source": "urn:nld:kvknr:00000002.notifications",
        "type": f"{TYPES}.offer-made.v1",
        "subject": str(_OFFER),
        "time": NOW.isoformat().replace("+00:00", "Z"),
        "dataref": f"/registry/v1/offers/{_OFFER}",
        "sequence": f"{7:020}",
        "sequencetype": "Integer",
    }


def _subject(data: Message, owner: str) -> str:
    """What the event is about: to the registry an entry, an offer or a case; to the others a vacancy; a placement."""
    names = ("entry_id", "offer_id", "case_id") if owner == "registry" else ("vacancy_id",)
    return str(next((getattr(data, name) for name in (*names, "placement_id") if hasattr(data, name)), _NOTHING))


def with_optional_attributes(message_type: MessageType) -> Json:
    """Give an event of this type with all attributes that there are."""
    return typical(message_type) | {
        "dataschema": f"https://doorstroom.example/schemas/{message_type.type}.schema.json",
        "dataref": f"/{message_type.owner or ANY_OWNER}/v1/openapi.json",
        "traceparent": TRACEPARENT,
    }


def valid(message_type: MessageType) -> dict[str, Json]:
    """Give events of this type that every consumer must accept, by what is special about each."""
    event = typical(message_type)
    return {
        "typical": event,
        "with-optional-attributes": with_optional_attributes(message_type),
        "with-a-time-in-another-zone": event | {"time": "2026-07-01T11:30:00.250+02:00"},
        "with-fields-of-a-later-minor-version": event
        | {"laterattribute": "ignored", "data": event["data"] | {"laterField": {"ignored": True}}},
    }
