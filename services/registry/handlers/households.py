"""Households change while they wait: people come and go, and what keeps them safe becomes known."""

from dataclasses import asdict, dataclass, replace
from uuid import UUID

from schemas.vocabulary import ExclusionReason, Region, Secrecy
from services.chassis.canonical import canonical_json
from services.chassis.errors import Conflict
from services.chassis.unit_of_work import UnitOfWork
from services.registry.domain.households import Member, check_size, comes_as_child
from services.registry.handlers.held import changed, held_case
from services.registry.handlers.matching import Matchmaker
from services.registry.store import households as store
from services.registry.store.vault import Vault


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Where a household must not be (exactly one of region, municipality and facility), and why."""

    reason: ExclusionReason
    region: Region | None = None
    municipality_code: str | None = None
    facility_id: UUID | None = None


async def add_member(matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str, member: Member) -> UUID:
    """Someone more must be placed with them. Raises NotFound, Conflict, or Refused for a household of too many."""
    await held_case(unit, case_id, coordinator)
    arrived = replace(member, child=comes_as_child(member.age_band))
    check_size([*(store.member_of(row) for row in await store.members_of(unit, case_id)), arrived])
    member_id = await store.add_members(unit, case_id, [arrived], registered_for_first=False)
    await changed(matchmaker, unit, case_id)
    return member_id


async def change_member(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, member_id: UUID, coordinator: str, member: Member
) -> None:
    """More is known of someone, or something else. Raises NotFound, Conflict, or Refused."""
    await held_case(unit, case_id, coordinator)
    known = await store.find_member(unit, case_id, member_id)
    # Whoever a case is about keeps counting as registered: a girl of fifteen on her own does not come along as a child.
    child = known["child"] if known["registered_for"] else comes_as_child(member.age_band)
    await store.change_member(unit, member_id, replace(member, child=child))
    check_size([store.member_of(row) for row in await store.members_of(unit, case_id)])
    await changed(matchmaker, unit, case_id)


async def remove_member(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, member_id: UUID, coordinator: str
) -> None:
    """Someone need not be placed with them any more. Raises NotFound or Conflict."""
    await held_case(unit, case_id, coordinator)
    if (await store.find_member(unit, case_id, member_id))["registered_for"]:
        raise Conflict("The case is about this person, so the household cannot be without them.")
    await store.remove_member(unit, member_id)
    await changed(matchmaker, unit, case_id)


async def prefer(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, coordinator: str, region: Region | None, secrecy: Secrecy
) -> None:
    """Say where shelter is looked for first, and how secret it must be. Raises NotFound or Conflict."""
    await held_case(unit, case_id, coordinator)
    await store.prefer(unit, case_id, region, secrecy)
    await changed(matchmaker, unit, case_id)


async def exclude(
    matchmaker: Matchmaker, vault: Vault, unit: UnitOfWork, case_id: UUID, coordinator: str, exclusion: Exclusion
) -> UUID:
    """Keep a household from a place, from this moment on: an open offer there is revoked in this transaction.

    Where they accepted a place or live already, the coordinator and the helpdesk are told. Who says so and why is
    stored apart from the rule, encrypted. Raises NotFound or Conflict.
    """
    await held_case(unit, case_id, coordinator)
    exclusion_id = unit.identifiers()
    place = {name: value for name, value in asdict(exclusion).items() if name != "reason"}
    await store.add_exclusion(unit, exclusion_id, case_id, place)
    background = canonical_json({"setBy": coordinator, "reason": exclusion.reason}).encode()
    await vault.store_reason(unit, case_id, exclusion_id, background)
    await changed(matchmaker, unit, case_id)
    return exclusion_id


async def lift_exclusion(
    matchmaker: Matchmaker, unit: UnitOfWork, case_id: UUID, exclusion_id: UUID, coordinator: str
) -> None:
    """The place is safe again. Raises NotFound, or Conflict when that was said before."""
    await held_case(unit, case_id, coordinator)
    if (await store.find_exclusion(unit, case_id, exclusion_id))["lifted_at"] is not None:
        raise Conflict("This exclusion was lifted before.")
    await store.lift_exclusion(unit, exclusion_id)
    await changed(matchmaker, unit, case_id)
