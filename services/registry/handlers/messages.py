"""The events that the registry records, made from what has just been decided."""

from datetime import datetime
from uuid import UUID

from schemas.messages.deadlines import ContactNeeded, DeadlineNearing, ReflectionPeriodEnding
from schemas.messages.offers import (
    EnquiryEnded,
    EnquiryMade,
    Filing,
    Household,
    HouseholdChanged,
    OfferAccepted,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferRevoked,
    PlacementFellThrough,
)
from schemas.messages.placements import PlacementEnded, PlacementRecorded, RecordedPlacementEnded
from schemas.vocabulary import (
    ContactReason,
    DeclineReason,
    EnquiryEndReason,
    ListKind,
    PlacementEndReason,
    RecordedPlacementEnd,
    RevocationReason,
    WithdrawalReason,
)
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.registry import measures
from services.registry.domain.model import Allocation, Entry, Offer, OfferState
from services.registry.store.references import References

_GONE = frozenset(WithdrawalReason)
_REVOCATIONS = {reason.value: reason for reason in RevocationReason}
_ENQUIRY_ENDS = {reason.value: reason for reason in EnquiryEndReason}


async def record_begun(references: References, unit: UnitOfWork, allocation: Allocation) -> None:
    """The vacancy is held: for the provider's answer first, or for the coordinator's."""
    if _offer_of(allocation).state is OfferState.ENQUIRED:
        record_enquiry_made(unit, allocation)
    else:
        await record_offer_made(references, unit, allocation)


def record_enquiry_made(unit: UnitOfWork, allocation: Allocation) -> None:
    """The vacancy is held for this household until the provider has answered, or the deadline."""
    offer = _offer_of(allocation)
    measures.count(unit, offer)
    profile = offer.entry.profile
    _record(
        unit,
        EnquiryMade(
            **_common(allocation),
            household=_household(offer),
            sex=profile.sex,
            age_band=profile.age_band,
            needs=sorted(profile.needs),
            wheelchair=profile.wheelchair,
            answer_before_at=offer.deadline_at,
            made_at=offer.made_at,
        ),
    )


async def record_offer_made(references: References, unit: UnitOfWork, allocation: Allocation) -> None:
    """The vacancy is held for this household until the deadline."""
    offer = _offer_of(allocation)
    measures.count(unit, offer)
    _record(
        unit,
        OfferMade(
            **_common(allocation),
            household=_household(offer),
            deadline_at=offer.deadline_at,
            made_at=offer.made_at,
            filing=await _filing(references, unit, offer.entry),
        ),
    )


async def _filing(references: References, unit: UnitOfWork, entry: Entry) -> Filing:
    case = (await references.of(unit, entry.coordinator)).to(entry.case_id)
    return Filing(waitlist=entry.waitlist, region=entry.profile.region, case_id=case)


def record_deadline_nearing(unit: UnitOfWork, allocation: Allocation) -> None:
    """The coordinator has still to answer, and there is not much time left."""
    _record(unit, DeadlineNearing(**_common(allocation), deadline_at=_offer_of(allocation).deadline_at))


async def record_reflection_period_ending(
    references: References, unit: UnitOfWork, *, case_id: UUID, recipient: str, version: int
) -> None:
    """There is not much time left to decide, or to find another place."""
    case = (await references.of(unit, recipient)).to(case_id)
    data = ReflectionPeriodEnding(case_id=case, recipient=recipient, version=version)
    unit.record(data, subject=case, dataref=f"/registry/v1/cases/{case}/reflection-period")


async def record_contact_needed(
    references: References, unit: UnitOfWork, offer: Offer, reason: ContactReason, helpdesk: str
) -> None:
    """Somebody should find out, or act: the coordinator and the helpdesk are told, once if they are the same.

    Of a provider that does not answer only the helpdesk is: the household did nothing wrong, and loses nothing.
    """
    entry = offer.entry
    recipients = (helpdesk,) if reason is ContactReason.PROVIDER_SILENT else (entry.coordinator, helpdesk)
    entry.calls += 1
    # Each by a message of their own, for each knows the entry by a reference of their own.
    for recipient in dict.fromkeys(recipients):
        known_as = (await references.of(unit, recipient)).to(entry.id)
        data = ContactNeeded(
            entry_id=known_as, offer_id=offer.id, version=entry.calls, reason=reason, recipients=[recipient]
        )
        unit.record(data, subject=known_as, dataref=f"/registry/v1/offers/{offer.id}")


def record_offer_accepted(unit: UnitOfWork, allocation: Allocation) -> None:
    """The vacancy is this household's, until they arrive or it falls through."""
    measures.count(unit, _offer_of(allocation))
    _record(
        unit,
        OfferAccepted(**_common(allocation), household=_household(_offer_of(allocation)), accepted_at=unit.now),
    )


def record_household_changed(unit: UnitOfWork, allocation: Allocation) -> None:
    """Other people are to be placed together than was said; what is offered suits them."""
    allocation.vacancy.allocation_version += 1
    offer = _offer_of(allocation)
    accepted = offer.state is OfferState.ACCEPTED
    data = HouseholdChanged(**_common(allocation), household=_household(offer), accepted=accepted, changed_at=unit.now)
    _record(unit, data)


def record_offer_ended(unit: UnitOfWork, allocation: Allocation, offer: Offer) -> None:
    """The offer came to nothing; the vacancy is free again, or gone."""
    measures.count(unit, offer)
    common = _common(allocation)
    match offer.state:
        case OfferState.DECLINED:
            reason = DeclineReason(offer.reason or DeclineReason.OTHER)
            _record(unit, OfferDeclined(**common, reason=reason, declined_at=unit.now))
        case OfferState.EXPIRED:
            _record(unit, OfferExpired(**common, expired_at=unit.now))
        case OfferState.REVOKED:
            _record(unit, OfferRevoked(**common, reason=_revocation(offer), revoked_at=unit.now))
        case OfferState.ENDED:
            _record(unit, EnquiryEnded(**common, reason=_enquiry_end(offer), ended_at=unit.now))
        case OfferState.FELL_THROUGH:
            _record(unit, PlacementFellThrough(**common, reason=offer.reason, fell_through_at=unit.now))
        case _:
            message = f"an offer that is {offer.state} has not ended"
            raise AssertionError(message)


def record_placement_ended(unit: UnitOfWork, offer: Row, version: int, reason: PlacementEndReason) -> None:
    """The household has moved on, so its place in the shelter comes free."""
    data = PlacementEnded(
        offer_id=offer.id,
        vacancy_id=offer.vacancy_id,
        list_kind=ListKind.SHELTER,
        version=version,
        recipient=offer.coordinator,
        reason=reason,
        ended_at=unit.now,
    )
    unit.record(data, subject=offer.id)


def record_placement_recorded(unit: UnitOfWork, placement_id: UUID, unit_id: UUID, since: datetime) -> None:
    """A household lives in this unit already: it is not to be had."""
    unit.record(PlacementRecorded(placement_id=placement_id, unit_id=unit_id, version=1, since=since), placement_id)


def record_recorded_placement_ended(
    unit: UnitOfWork, placement_id: UUID, unit_id: UUID, reason: RecordedPlacementEnd
) -> None:
    """It is no longer there. A placement is recorded once and ends once, so its second version is its last."""
    data = RecordedPlacementEnded(
        placement_id=placement_id, unit_id=unit_id, version=2, reason=reason, ended_at=unit.now
    )
    unit.record(data, placement_id)


def _record(
    unit: UnitOfWork,
    data: DeadlineNearing
    | HouseholdChanged
    | EnquiryMade
    | EnquiryEnded
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferRevoked
    | PlacementFellThrough,
) -> None:
    unit.record(data, subject=data.offer_id, dataref=f"/registry/v1/offers/{data.offer_id}")


def _revocation(offer: Offer) -> RevocationReason:
    """Which rules are against it is for the coordinator only, who reads that with the offer."""
    return _REVOCATIONS.get(offer.reason or "", RevocationReason.NO_LONGER_SUITABLE)


def _enquiry_end(offer: Offer) -> EnquiryEndReason:
    if offer.reason in _GONE:
        return EnquiryEndReason.VACANCY_GONE
    return _ENQUIRY_ENDS.get(offer.reason or "", EnquiryEndReason.HOUSEHOLD_NO_LONGER_MEANT)


def _offer_of(allocation: Allocation) -> Offer:
    assert allocation.offer is not None, "only an allocation with an offer has events"  # noqa: S101 - the callers know
    return allocation.offer


def _common(allocation: Allocation) -> dict[str, object]:
    offer = _offer_of(allocation)
    return {
        "offer_id": offer.id,
        "vacancy_id": allocation.vacancy.id,
        "list_kind": offer.kind,
        "version": allocation.vacancy.allocation_version,
        "recipient": offer.entry.coordinator,
    }


def _household(offer: Offer) -> Household:
    return Household(adults=offer.entry.profile.adults, children=offer.entry.profile.children)
