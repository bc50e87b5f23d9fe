"""The municipalities' API as its users meet it: the operator, municipalities, an auditor."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.api.cases import NewPermit
from schemas.api.municipalities import (
    MoveIn,
    NewMunicipality,
    NewMunicipalityMerger,
    NewQuotas,
    NewQuotaSwap,
    NewSlot,
    NewSupervisionLadder,
    Quota,
)
from schemas.api.registry import NewCase, Offer
from schemas.vocabulary import AgeBand, ClaimReversalReason, PermitKind, Province, Purpose, Sex
from services.chassis.identity import Role
from services.municipalities.domain import half_year
from services.municipalities.domain.half_year import HalfYear
from tests.integration.api.conftest import Server
from tests.support.waiting import eventually

UTRECHT, AMSTERDAM = "GM0344", "GM0363"
INHABITANTS = {UTRECHT: 361_699, AMSTERDAM: 882_633}


def this_half_year() -> HalfYear:
    return HalfYear.of(datetime.now(UTC))


@pytest.fixture
async def shared_out(server: Server) -> Server:
    """Two municipalities, and 100 people to house between them."""
    operator = server.cast.operator()
    for code, inhabitants in INHABITANTS.items():
        new = NewMunicipality(municipality_code=code, name=code, inhabitants=inhabitants, province=Province.UTRECHT)
        await operator.register_municipality(new)
    await operator.set_quotas(NewQuotas(half_year=str(this_half_year()), national_quota=100))
    return server


async def accept_next_home(server: Server) -> Offer:
    """A coordinator says yes to a home for one."""
    coordinator = server.cast.coordinator("comensha")

    async def offered() -> Offer | None:
        made = (await coordinator.list_offers("made")).offers
        return made[0] if made else None

    offer = await eventually(offered)
    return await coordinator.accept_offer(offer.offer_id)


async def household(server: Server) -> None:
    """Someone joins the housing list."""
    coordinator = server.cast.coordinator("comensha")
    case = await coordinator.register_case(
        NewCase(sex=Sex.FEMALE, age_band=AgeBand.AGE_23_PLUS, adults=1, children=2, consents=list(Purpose))
    )
    permit = NewPermit(kind=PermitKind.ASYLUM, granted_on=server.services["registry"].transactions.clock().date())
    await coordinator.grant_permit(case.case_id, permit)


async def quota_of(server: Server, code: str, at: datetime | None = None) -> Quota:
    """A municipality's own quota of this half-year."""
    (quota,) = (await server.cast.municipality(code).list_quotas(str(this_half_year()), at)).quotas
    return quota


async def test_the_country_is_its_municipalities_when_nobody_says_otherwise(shared_out: Server) -> None:
    """29.07 and 70.93 people, each rounded up; each municipality sees its own, an auditor all."""
    utrecht = await quota_of(shared_out, UTRECHT)
    assert (utrecht.quota, utrecht.task, utrecht.remaining) == (30, 30, 30)
    auditor = shared_out.cast.client("auditor", Role.AUDITOR)
    assert [quota.task for quota in (await auditor.list_quotas(str(this_half_year()))).quotas] == [30, 71]


async def test_a_claim_without_a_slot_is_pending_then_claimed_then_housed(shared_out: Server) -> None:
    """With the terms of ten and twelve weeks on it, and counted in the quota."""
    await household(shared_out)
    municipality = shared_out.cast.municipality(UTRECHT)
    pending = await municipality.claim_next_household(places=3)
    assert (pending.state, pending.people, pending.claimed_at, pending.house_before) == ("pending", 0, None, None)
    await accept_next_home(shared_out)

    async def claimed() -> bool | None:
        return (await municipality.get_claim(pending.claim_id)).state == "claimed" or None

    await eventually(claimed)
    claim = (await municipality.list_claims("claimed")).claims[0]
    assert (claim.claim_id, claim.people, claim.half_year) == (pending.claim_id, 3, str(this_half_year()))
    assert claim.claimed_at is not None
    assert claim.house_before is not None
    assert claim.move_before is not None
    # To the hour, which may be put forward or back in between.
    assert abs(claim.house_before - claim.claimed_at - timedelta(weeks=10)) <= timedelta(hours=1)
    assert abs(claim.move_before - claim.claimed_at - timedelta(weeks=12)) <= timedelta(hours=1)
    assert not (await municipality.list_claims(overdue=True)).claims
    assert (await quota_of(shared_out, UTRECHT)).claimed == 3
    token, today = shared_out.token(UTRECHT, Role.MUNICIPALITY), datetime.now(half_year.AMSTERDAM).date()
    later = {"housedOn": (today + timedelta(days=1)).isoformat()}
    refused = await shared_out.post(f"/municipalities/v1/claims/{claim.claim_id}/_house", token, later)
    assert (refused.status, refused.body["errors"][0]["pointer"]) == (400, "/housedOn")
    await municipality.house_household(claim.claim_id, MoveIn(housed_on=today, people=4))
    quota = await quota_of(shared_out, UTRECHT)
    assert (quota.claimed, quota.housed, quota.remaining) == (0, 4, 26)
    assert (await quota_of(shared_out, UTRECHT, claim.claimed_at)).housed == 0


async def test_a_reversal_has_a_reason_of_the_list(shared_out: Server) -> None:
    """And says who may be claimed again."""
    await household(shared_out)
    municipality, token = shared_out.cast.municipality(UTRECHT), shared_out.token(UTRECHT, Role.MUNICIPALITY)
    slot = await municipality.open_slot(NewSlot(places=3))
    await accept_next_home(shared_out)

    async def accepted() -> bool | None:
        return (await municipality.list_slots()).slots[0].accepted or None

    await eventually(accepted)
    claim = await municipality.claim_household(slot.slot_id)
    url = f"/municipalities/v1/claims/{claim.claim_id}/_reverse"
    assert (await shared_out.post(url, token, {"reason": "because"})).status == 400
    assert (await shared_out.post(url, token)).status == 400
    assert (
        await shared_out.post(url, shared_out.token(AMSTERDAM, Role.MUNICIPALITY), {"reason": "other"})
    ).status == 404
    reversed_ = await municipality.reverse_claim(claim.claim_id, ClaimReversalReason.HOUSEHOLD_REFUSED)
    assert (reversed_.state, reversed_.reversal_reason) == ("reversed", ClaimReversalReason.HOUSEHOLD_REFUSED)
    assert (await shared_out.post(url, token, {"reason": "other"})).status == 409
    coordinator = shared_out.cast.coordinator("comensha")

    async def waiting() -> bool | None:
        return (await coordinator.list_entries()).entries[0].state == "waiting" or None

    await eventually(waiting)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"slotId": "019a0000-0000-7000-8000-000000000001", "places": 2},
        {"slotId": "019a0000-0000-7000-8000-000000000001", "wheelchair": True},
        {"wheelchair": True},
        {"places": 0},
    ],
)
async def test_a_claim_names_a_slot_or_a_home_and_not_both(shared_out: Server, body: dict[str, object]) -> None:
    """400, with what would be right."""
    answer = await shared_out.post("/municipalities/v1/claims", shared_out.token(UTRECHT, Role.MUNICIPALITY), body)
    assert answer.status == 400
    assert answer.body["errors"]


async def test_someone_elses_claim_does_not_exist(shared_out: Server) -> None:
    """Reading it, housing it, and listing."""
    claim = await shared_out.cast.municipality(UTRECHT).claim_next_household(places=2)
    stranger = shared_out.token(AMSTERDAM, Role.MUNICIPALITY)
    url = f"/municipalities/v1/claims/{claim.claim_id}"
    assert (await shared_out.send("GET", url, stranger)).status == 404
    assert (await shared_out.post(f"{url}/_house", stranger, {})).status == 404
    assert (await shared_out.send("GET", "/municipalities/v1/claims", stranger)).body == {"claims": []}


async def test_quotas_are_swapped_by_the_operator(shared_out: Server) -> None:
    """The sum of both tasks stays."""
    swap = NewQuotaSwap(half_year=str(this_half_year()), from_code=UTRECHT, to_code=AMSTERDAM, people=12)
    done = await shared_out.cast.operator().swap_quota(swap)
    assert isinstance(done.swap_id, UUID)
    utrecht, amsterdam = await quota_of(shared_out, UTRECHT), await quota_of(shared_out, AMSTERDAM)
    assert (utrecht.swapped, utrecht.task, amsterdam.task) == (-12, 18, 83)
    too_much = swap.model_dump(by_alias=True) | {"people": 19}
    operator = shared_out.token("comensha", Role.OPERATOR)
    assert (await shared_out.post("/municipalities/v1/quota-swaps", operator, too_much)).status == 409


async def test_a_merger_of_today_is_carried_out_at_once(shared_out: Server) -> None:
    """The new one has the quota; the list says what became of the old one; the old one acts no more."""
    day = datetime.now(UTC).date()
    merger = NewMunicipalityMerger(from_codes=[UTRECHT], into_code="GM1992", effective_on=day, name="New")
    await shared_out.cast.operator().merge_municipalities(merger)
    assert (await quota_of(shared_out, "GM1992")).task == 30
    assert not (await shared_out.cast.municipality(UTRECHT).list_quotas(str(this_half_year()))).quotas
    token = shared_out.token(UTRECHT, Role.MUNICIPALITY)
    listed = (await shared_out.send("GET", "/municipalities/v1/municipalities", token)).body["municipalities"]
    assert [(item["municipalityCode"], item["mergedInto"]) for item in listed] == [
        (UTRECHT, "GM1992"),
        (AMSTERDAM, None),
        ("GM1992", None),
    ]
    assert (await shared_out.post("/municipalities/v1/slots", token, {"places": 2})).status == 409


async def test_a_ladder_has_six_steps_that_only_go_up(shared_out: Server) -> None:
    """400 for another number of steps, 409 for steps out of order."""
    operator = shared_out.token("comensha", Role.OPERATOR)
    for checks, status in (([1, 2, 3, 4, 5, 6], 201), ([1, 2, 3], 400), ([2, 1, 3, 4, 5, 6], 409)):
        body = {"province": "Utrecht", "checksBehind": checks}
        assert (await shared_out.post("/municipalities/v1/supervision-ladders", operator, body)).status == status


async def test_quotas_of_the_future_are_not_known(shared_out: Server) -> None:
    """`at` is a moment that has been; and one that is none is refused as well."""
    token = shared_out.token("auditor", Role.AUDITOR)
    for at in ("2999-01-01T00:00:00Z", "yesterday"):
        answer = await shared_out.send("GET", f"/municipalities/v1/quotas?at={at}", token)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/at")
    past = await shared_out.send("GET", "/municipalities/v1/quotas?at=2020-01-01T00:00:00Z", token)
    assert past.body == {"quotas": []}


async def test_quotas_come_a_page_at_a_time(shared_out: Server) -> None:
    """The link keeps the half-year, and leads through all of them once."""
    token, url = (
        shared_out.token("auditor", Role.AUDITOR),
        f"/municipalities/v1/quotas?halfYear={this_half_year()}&limit=1",
    )
    codes = []
    while url:
        answer = await shared_out.send("GET", url, token)
        codes += [quota["municipalityCode"] for quota in answer.body["quotas"]]
        url = answer.headers["Link"].split(">")[0].lstrip("<") if "Link" in answer.headers else ""
    assert codes == [UTRECHT, AMSTERDAM]


async def test_setting_quotas_needs_populations(server: Server) -> None:
    """The error says which."""
    operator = server.token("comensha", Role.OPERATOR)
    answer = await server.post("/municipalities/v1/quotas", operator, {"halfYear": "2023-H1", "nationalQuota": 21_200})
    assert answer.status == 409
    assert "2022-01-01" in answer.body["detail"]


async def test_what_the_operator_has_set_can_be_read(shared_out: Server) -> None:
    """National numbers, swaps, ladders and mergers; a municipality sees the swaps that it is one side of."""
    operator = shared_out.cast.operator()
    swap = NewQuotaSwap(half_year=str(this_half_year()), from_code=UTRECHT, to_code=AMSTERDAM, people=12)
    swapped = await operator.swap_quota(swap)
    ladder = NewSupervisionLadder(province=Province.UTRECHT, checks_behind=[1, 2, 3, 4, 6, 8])
    await operator.set_supervision_ladder(ladder)
    day = datetime.now(UTC).date() + timedelta(days=400)
    planned = NewMunicipalityMerger(from_codes=[UTRECHT], into_code="GM1992", effective_on=day, name="New")
    merger = await operator.merge_municipalities(planned)
    (half_year,) = (await operator.list_half_years()).half_years
    assert (half_year.national_quota, half_year.national_inhabitants) == (100, sum(INHABITANTS.values()))
    assert (await shared_out.cast.municipality(AMSTERDAM).list_quota_swaps()).swaps == [swapped]
    assert (await shared_out.cast.municipality("GM0014").list_quota_swaps()).swaps == []
    assert [dict(item) for item in (await operator.list_supervision_ladders()).ladders] == [dict(ladder)]
    assert (await operator.list_municipality_mergers()).mergers == [merger]


async def test_a_merger_that_is_to_come_can_be_withdrawn(shared_out: Server) -> None:
    """Until its day, and as long as no quotas rest on it; afterwards the right one can be registered."""
    operator, token = shared_out.cast.operator(), shared_out.token("comensha", Role.OPERATOR)
    url = "/municipalities/v1/municipality-mergers"
    day = datetime.now(UTC).date() + timedelta(days=400)
    planned = NewMunicipalityMerger(from_codes=[UTRECHT], into_code="GM1992", effective_on=day, name="New")
    wrong = await operator.merge_municipalities(planned)
    assert (await operator.merge_municipalities(planned)).merger_id == wrong.merger_id
    await operator.withdraw_municipality_merger(wrong.merger_id)
    assert not (await operator.list_municipality_mergers()).mergers
    assert (await shared_out.post(f"{url}/{wrong.merger_id}/_withdraw", token)).status == 404
    today = planned.model_copy(update={"effective_on": datetime.now(UTC).date(), "into_code": AMSTERDAM})
    done = await operator.merge_municipalities(today)
    assert done.carried_out
    refused = await shared_out.post(f"{url}/{done.merger_id}/_withdraw", token)
    assert (refused.status, "has happened" in refused.body["detail"]) == (409, True)


async def test_what_cannot_be_meant_is_refused(shared_out: Server) -> None:
    """A state that there is none of, and a home in a thousand years."""
    token = shared_out.token(UTRECHT, Role.MUNICIPALITY)
    for what in ("slots", "claims"):
        answer = await shared_out.send("GET", f"/municipalities/v1/{what}?state=banana", token)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/state")
        body = {"places": 2, "availableFrom": "2999-01-01T00:00:00Z"}
        answer = await shared_out.post(f"/municipalities/v1/{what}", token, body)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/availableFrom")
