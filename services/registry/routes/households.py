"""Who belongs to a household, where it must not be, and what is sought for it."""

import json
from functools import partial

from schemas.api.cases import (
    Exclusion,
    ExclusionBackground,
    Exclusions,
    Member,
    Members,
    NewExclusion,
    NewMember,
    Preferences,
)
from schemas.vocabulary import AgeBand, ExclusionReason, Region, Secrecy, Sex
from services.chassis.database import Row
from services.chassis.unit_of_work import UnitOfWork
from services.chassis.web import Call, Operation, Reply
from services.registry.domain import households as domain
from services.registry.handlers import households, personal
from services.registry.handlers.matching import Matchmaker
from services.registry.routes.common import BASE, changes, looks
from services.registry.store import cases
from services.registry.store import households as store
from services.registry.store.vault import Vault

_MEMBER = NewMember(sex=Sex.FEMALE, age_band=AgeBand.UNDER_12)
_EXCLUSION = NewExclusion(region=Region.LIMBURG, reason=ExclusionReason.RECRUITER_THERE)
_PREFERENCES = Preferences(region=Region.OOST_NEDERLAND, secrecy_wanted=Secrecy.SECRET)


async def get_members(call: Call, unit: UnitOfWork) -> Reply:
    """List who belongs to a household."""
    case = await cases.find_case(unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, Members(members=[_member(row) for row in await store.members_of(unit, case["id"])]))


async def post_member(matchmaker: Matchmaker, call: Call[NewMember], unit: UnitOfWork) -> Reply:
    """Add someone to a household."""
    case_id, mine = call.uuid("caseId"), call.principal.organisation
    member_id = await households.add_member(matchmaker, unit, case_id, mine, _told(call.body))
    return Reply(201, _member(await store.find_member(unit, case_id, member_id)))


async def put_member(matchmaker: Matchmaker, call: Call[NewMember], unit: UnitOfWork) -> Reply:
    """Say anew what is known of someone in a household."""
    case_id, member_id, mine = call.uuid("caseId"), call.uuid("memberId"), call.principal.organisation
    await households.change_member(matchmaker, unit, case_id, member_id, mine, _told(call.body))
    return Reply(200, _member(await store.find_member(unit, case_id, member_id)))


async def delete_member(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Take someone out of a household."""
    mine = call.principal.organisation
    await households.remove_member(matchmaker, unit, call.uuid("caseId"), call.uuid("memberId"), mine)
    return Reply(204)


async def get_preferences(call: Call, unit: UnitOfWork) -> Reply:
    """Read what is sought for a household."""
    case = await cases.find_case(unit, call.uuid("caseId"), call.principal.organisation)
    return Reply(200, Preferences(region=case["region"], secrecy_wanted=case["secrecy_wanted"]))


async def put_preferences(matchmaker: Matchmaker, call: Call[Preferences], unit: UnitOfWork) -> Reply:
    """Say what is sought for a household."""
    body, mine = call.body, call.principal.organisation
    await households.prefer(matchmaker, unit, call.uuid("caseId"), mine, body.region, body.secrecy_wanted)
    return Reply(200, body)


async def get_exclusions(call: Call, unit: UnitOfWork) -> Reply:
    """List the rules that keep a household from places."""
    case = await cases.find_family(unit, call.uuid("caseId"), call.principal.organisation)
    rows = await store.exclusions_of(unit, case["id"])
    return Reply(200, Exclusions(exclusions=[_exclusion(row) for row in rows]))


async def post_exclusion(matchmaker: Matchmaker, vault: Vault, call: Call[NewExclusion], unit: UnitOfWork) -> Reply:
    """Keep a household from a place."""
    case_id, body, mine = call.uuid("caseId"), call.body, call.principal.organisation
    rule = households.Exclusion(body.reason, body.region, body.municipality_code, body.facility_id)
    made = await households.exclude(matchmaker, vault, unit, case_id, mine, rule)
    return Reply(201, _exclusion(await store.find_exclusion(unit, case_id, made)))


async def lift_exclusion(matchmaker: Matchmaker, call: Call, unit: UnitOfWork) -> Reply:
    """Say that a place is safe again."""
    case_id, exclusion_id = call.uuid("caseId"), call.uuid("exclusionId")
    await households.lift_exclusion(matchmaker, unit, case_id, exclusion_id, call.principal.organisation)
    return Reply(200, _exclusion(await store.find_exclusion(unit, case_id, exclusion_id)))


async def get_background(vault: Vault, call: Call, unit: UnitOfWork) -> Reply:
    """Read who set a rule, and why."""
    case_id, exclusion_id, mine = call.uuid("caseId"), call.uuid("exclusionId"), call.principal.organisation
    set_by, reason = await personal.background_of(vault, unit, case_id, exclusion_id, mine)
    return Reply(200, ExclusionBackground(set_by=set_by, reason=reason))


def operations(matchmaker: Matchmaker, vault: Vault) -> tuple[Operation[UnitOfWork], ...]:
    """What may be done with households."""
    return (*_people(matchmaker), *_places(matchmaker, vault))


def _people(matchmaker: Matchmaker) -> tuple[Operation[UnitOfWork], ...]:
    everyone, one, tag = "cases/{caseId}/members", "cases/{caseId}/members/{memberId}", "households"
    at_once = "What follows for its places in line follows at once: an offer that no longer suits it is revoked."
    return (
        looks(
            everyone,
            "listMembers",
            "List who belongs to a household",
            handler=get_members,
            response=Members,
            tags=(tag,),
        ),
        changes(
            everyone,
            "addMember",
            "Add someone to a household",
            handler=partial(post_member, matchmaker),
            example=_MEMBER,
            response=Member,
            tags=(tag,),
            description=at_once,
        ),
        changes(
            one,
            "changeMember",
            "Say anew what is known of someone in a household",
            handler=partial(put_member, matchmaker),
            example=_MEMBER,
            response=Member,
            tags=(tag,),
            description=at_once,
            method="PUT",
            status=200,
        ),
        Operation(
            method="DELETE",
            path=f"{BASE}/{one}",
            operation_id="removeMember",
            summary="Take someone out of a household",
            description="Not the person whom the case is about. " + at_once,
            handler=partial(delete_member, matchmaker),
            status=204,
            errors=(404, 409),
            tags=(tag,),
        ),
    )


def _places(matchmaker: Matchmaker, vault: Vault) -> tuple[Operation[UnitOfWork], ...]:
    rules, wishes, tag = "cases/{caseId}/exclusions", "cases/{caseId}/preferences", "households"
    return (
        looks(
            wishes,
            "getPreferences",
            "Read what is sought for a household",
            handler=get_preferences,
            response=Preferences,
            tags=(tag,),
        ),
        changes(
            wishes,
            "setPreferences",
            "Say what is sought for a household",
            handler=partial(put_preferences, matchmaker),
            example=_PREFERENCES,
            response=Preferences,
            tags=(tag,),
            description="A region is a preference; the secrecy is a rule, and an offer below it is revoked.",
            method="PUT",
            status=200,
        ),
        looks(
            rules,
            "listExclusions",
            "List the rules that keep a household from places",
            handler=get_exclusions,
            response=Exclusions,
            tags=(tag,),
        ),
        changes(
            rules,
            "addExclusion",
            "Keep a household from a place",
            handler=partial(post_exclusion, matchmaker, vault),
            example=_EXCLUSION,
            response=Exclusion,
            tags=(tag,),
            description=(
                "An open offer there is revoked at once. Why is stored apart from the rule, encrypted. "
                "A region keeps them from shelters and homes in it; a municipality from homes in it, for shelters "
                "tell their region and no more: exclude that as well where it matters."
            ),
        ),
        changes(
            f"{rules}/{{exclusionId}}/_lift",
            "liftExclusion",
            "Say that a place is safe again",
            handler=partial(lift_exclusion, matchmaker),
            response=Exclusion,
            tags=(tag,),
            status=200,
        ),
        Operation(
            method="GET",
            path=f"{BASE}/{rules}/{{exclusionId}}/background",
            operation_id="getExclusionBackground",
            summary="Read who set a rule, and why",
            handler=partial(get_background, vault),
            response=ExclusionBackground,
            errors=(404,),
            tags=(tag,),
        ),
    )


def _told(body: NewMember) -> domain.Member:
    return domain.Member(body.sex, body.age_band, wheelchair=body.wheelchair, needs=frozenset(body.needs))


def _member(row: Row) -> Member:
    same = {name: row[name] for name in ("sex", "age_band", "wheelchair", "registered_for")}
    return Member(**same, member_id=row["id"], needs=json.loads(row["needs"]), comes_as_child=row["child"])


def _exclusion(row: Row) -> Exclusion:
    names = ("region", "municipality_code", "facility_id", "set_at", "lifted_at")
    return Exclusion(exclusion_id=row["id"], **{name: row[name] for name in names})
