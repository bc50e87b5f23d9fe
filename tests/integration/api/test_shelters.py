"""What providers and the operator can do with shelters, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from doorstroom_client import Client
from schemas import catalogue
from schemas.api.shelters import NewExpectedExit
from schemas.base import Message
from schemas.messages.offers import EnquiryMade, Household, OfferExpired, OfferMade
from schemas.vocabulary import AgeBand, DelayReason, DepartureReason, ListKind, Need, Sex
from services.chassis.clock import system_identifiers
from services.chassis.consumer import Consumer
from services.chassis.identity import Role
from services.shelters.checks import findings
from services.shelters.domain.calendar import AMSTERDAM
from tests.integration.api.conftest import Answer, Server

SHELTERS = "/shelters/v1"
UNIT = {
    "programme": "vo",
    "places": 2,
    "accepts": {"sexes": ["female"], "ageBands": ["23-plus"], "children": True},
    "serves": {"wheelchair": False, "needs": []},
}


class House:
    """One facility of one provider, and those who may use it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.mine = server.token("shelter-one", Role.PROVIDER)
        self.other = server.token("shelter-two", Role.PROVIDER)
        self.operator = server.token("comensha", Role.OPERATOR, ["shelters:manage", "shelters:read", "shelters:write"])

    async def open(self, **facility: object) -> None:
        self.provider = (await self.operate("/providers", {"organisation": "shelter-one"})).body["providerId"]
        made = await self.operate("/facilities", {"providerId": self.provider} | facility)
        assert made.status == 201, made.body
        self.facility = made.body["facilityId"]

    async def operate(self, path: str, body: object = None) -> Answer:
        return await self.server.post(f"{SHELTERS}{path}", self.operator, body)

    async def provide(self, path: str, body: object = None) -> Answer:
        return await self.server.post(f"{SHELTERS}{path}", self.mine, body)

    async def read(self, path: str, token: str | None = None) -> Any:  # noqa: ANN401 - JSON
        answer = await self.server.send("GET", f"{SHELTERS}{path}", token or self.mine)
        assert answer.status == 200, answer.body
        return answer.body

    async def unit(self, **changes: object) -> str:
        made = await self.provide("/units", UNIT | {"facilityId": self.facility} | changes)
        assert made.status == 201, made.body
        return str(made.body["unitId"])

    async def contract(self, places: int, **changes: object) -> Answer:
        terms = {"providerId": self.provider, "programme": "vo", "places": places, "kind": "structural"}
        return await self.operate("/contracts", terms | {"startsOn": "2012-07-01"} | changes)

    async def hear(self, data: Message) -> None:
        """The registry says so."""
        service = self.server.services["shelters"]
        parts = service.parts
        now = datetime.now(UTC)
        event = catalogue.event(
            data, id=system_identifiers(), source="urn:nld:kvknr:00000000.registry", subject="x", time=now
        )  # type: ignore[type-var] # any message
        consumer = Consumer(parts.transactions, parts.tables, parts.broker, parts.queue, parts.handlers)
        await consumer._handle([(None, event)])  # type: ignore[list-item] # the delivery is only for settling

    async def ask(self, vacancy: str, hours: float = 48, version: int = 1) -> UUID:
        """The registry asks about a household."""
        offer, now = uuid4(), datetime.now(UTC)
        await self.hear(
            EnquiryMade(
                vacancy_id=UUID(vacancy),
                version=version,
                offer_id=offer,
                list_kind=ListKind.SHELTER,
                recipient="coordination",
                household=Household(adults=1, children=1),
                sex=Sex.FEMALE,
                age_band=AgeBand.AGE_23_PLUS,
                needs=[Need.MEDICAL],
                wheelchair=False,
                answer_before_at=now + timedelta(hours=hours),
                made_at=now,
            )
        )
        return offer


@pytest.fixture
async def house(server: Server) -> House:
    """A provider with one facility, and nothing in it."""
    house = House(server)
    await house.open(secrecy="discreet", region="limburg", turnaroundSeconds=86_400)
    return house


async def test_a_facility_is_as_secret_as_can_be_unless_somebody_says_otherwise(server: Server) -> None:
    """Requests of the first version still mean what they meant."""
    house = House(server)
    await house.open()
    (facility,) = (await house.read("/facilities"))["facilities"]
    assert (facility["secrecy"], facility["region"], facility["turnaroundSeconds"]) == ("secret", None, 0)
    assert (await house.read("/facilities", house.other))["facilities"] == []
    assert (await house.read("/facilities", house.operator))["facilities"] == [facility]


async def test_contracts_bound_what_comes_into_service(house: House) -> None:
    """The third unit does not fit into four places; when the contract grows by a temporary one, it does."""
    units = [await house.unit() for _ in range(3)]
    assert (await house.contract(4)).status == 201
    answers = [await house.provide("/vacancies", {"unitId": unit}) for unit in units]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert "places contracted" in answers[2].body["detail"]
    refused = await house.provide("/units", UNIT | {"facilityId": house.facility})
    assert refused.status == 409
    last = (datetime.now(UTC) + timedelta(days=28)).date().isoformat()
    await house.contract(2, kind="temporary", endsOn=last)
    assert (await house.provide("/vacancies", {"unitId": units[2]})).status == 201
    later = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await house.provide(f"/units/{units[2]}/_suspend", {})
    posted = await house.provide(
        "/vacancies", {"unitId": units[2], "availableFrom": later, "leaseSeconds": 31 * 86_400}
    )
    assert posted.status == 409


async def test_a_contract_is_listed_ends_earlier_and_never_later(house: House) -> None:
    """By the operator; a provider sees its own."""
    contract = (await house.contract(4)).body
    assert (await house.read("/contracts"))["contracts"] == [contract]
    assert (await house.read("/contracts", house.other))["contracts"] == []
    assert (await house.read("/contracts", house.operator))["contracts"] == [contract]
    end = f"/contracts/{contract['contractId']}/_end"
    assert (await house.operate(end, {"endsOn": "2030-12-31"})).body["endsOn"] == "2030-12-31"
    assert (await house.operate(end, {"endsOn": "2031-12-31"})).status == 409
    assert (await house.operate(end, {"endsOn": "2001-01-01"})).status == 409
    assert (await house.operate(f"/contracts/{uuid4()}/_end", {"endsOn": "2031-12-31"})).status == 404
    wrong = await house.contract(0, startsOn="2026-02-30", kind="forever")
    assert {error["pointer"].lstrip("#") for error in wrong.body["errors"]} == {"/places", "/startsOn", "/kind"}
    assert (await house.contract(1, endsOn="2010-01-01")).status == 400


async def test_a_closed_facility_takes_back_its_vacancies_and_takes_no_new_ones(house: House) -> None:
    """By its provider or the operator, and nobody else."""
    unit = await house.unit()
    vacancy = (await house.provide("/vacancies", {"unitId": unit})).body["vacancyId"]
    close, reopen = f"/facilities/{house.facility}/_close", f"/facilities/{house.facility}/_reopen"
    assert (await house.server.post(f"{SHELTERS}{close}", house.other)).status == 404
    assert (await house.provide(reopen)).status == 409
    assert (await house.provide(close)).body["closed"] is True
    assert (await house.provide(close)).status == 409
    ended = await house.provide(f"/vacancies/{vacancy}/_affirm", {})
    assert (ended.status, "reopen the facility and post the unit" in ended.body["detail"]) == (409, True)
    assert (await house.server.post(f"{SHELTERS}/vacancies/{vacancy}/_affirm", house.other, {})).status == 404
    for path, body in (("/vacancies", {"unitId": unit}), ("/units", UNIT | {"facilityId": house.facility})):
        refused = await house.provide(path, body)
        assert refused.status == 409
        assert "closed" in refused.body["detail"]
    assert (await house.operate(reopen)).body["closed"] is False
    assert (await house.provide("/vacancies", {"unitId": unit})).status == 201


async def test_vacancies_that_ask_to_be_affirmed_are_listed(house: House) -> None:
    """Those whose lease ends before a moment."""
    soon, late = await house.unit(), await house.unit()
    await house.provide("/vacancies", {"unitId": soon, "leaseSeconds": 3600})
    await house.provide("/vacancies", {"unitId": late, "leaseSeconds": 86_400})
    moment = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = (await house.read(f"/units?leaseEndsBefore={moment}"))["units"]
    assert [unit["unitId"] for unit in found] == [soon]


@pytest.mark.parametrize(("reason", "status"), [("maintenance", 200), ("safety", 200), ("contract_ended", 200),
                                                ("withdrawn", 200), ("lapsed", 400), ("facility_closed", 400),
                                                ("boredom", 400)])  # fmt: skip
async def test_a_provider_says_why_a_unit_is_not_to_be_had(house: House, reason: str, status: int) -> None:
    """A lease lapses and a facility closes by themselves: no provider may claim that."""
    vacancy = (await house.provide("/vacancies", {"unitId": await house.unit()})).body["vacancyId"]
    assert (await house.provide(f"/vacancies/{vacancy}/_withdraw", {"reason": reason})).status == status


async def test_a_unit_can_be_kept_for_families_that_fit_into_it(house: House) -> None:
    """Not for more people than it has places."""
    assert (await house.provide("/units", UNIT | {"facilityId": house.facility, "keptForPlaces": 3})).status == 400
    await house.unit(keptForPlaces=2)
    assert [unit["keptForPlaces"] for unit in (await house.read("/units"))["units"]] == [2]


async def test_an_enquiry_is_listed_and_answered_once(house: House) -> None:
    """With what decides whether the household suits the unit, and nothing else."""
    vacancy = (await house.provide("/vacancies", {"unitId": await house.unit()})).body["vacancyId"]
    offer = await house.ask(vacancy)
    (enquiry,) = (await house.read("/enquiries"))["enquiries"]
    assert enquiry["household"] == {"adults": 1, "children": 1}
    assert (enquiry["state"], enquiry["needs"], "recipient" in enquiry) == ("open", ["medical"], False)
    assert (await house.server.post(f"{SHELTERS}/enquiries/{offer}/_agree", house.other)).status == 404
    assert (await house.provide(f"/enquiries/{offer}/_agree")).body["state"] == "agreed"
    again = await house.provide(f"/enquiries/{offer}/_refuse", {"refusal": "full"})
    assert (again.status, "answered" in again.body["detail"]) == (409, True)
    assert (await house.read("/enquiries"))["enquiries"] == []
    assert len((await house.read("/enquiries?state=agreed"))["enquiries"]) == 1
    assert (await house.read("/units"))["units"][0]["state"] == "held"


async def test_an_enquiry_that_is_over_cannot_be_answered(house: House) -> None:
    """Its deadline has passed, the registry ended it, or it has become an offer."""
    vacancy = (await house.provide("/vacancies", {"unitId": await house.unit()})).body["vacancyId"]
    late = await house.ask(vacancy, hours=-1)
    assert "deadline" in (await house.provide(f"/enquiries/{late}/_agree")).body["detail"]
    said: dict[str, Any] = {"vacancy_id": UUID(vacancy), "list_kind": ListKind.SHELTER, "recipient": "coordination"}
    ended = await house.ask(vacancy, version=2)
    await house.hear(OfferExpired(**said, version=3, offer_id=ended, expired_at=datetime.now(UTC)))
    assert (await house.provide(f"/enquiries/{ended}/_agree")).status == 409
    offered, now = await house.ask(vacancy, version=4), datetime.now(UTC)
    household = Household(adults=1, children=1)
    made = OfferMade(**said, version=5, offer_id=offered, household=household, deadline_at=now, made_at=now)
    await house.hear(made)
    assert (await house.provide(f"/enquiries/{offered}/_refuse", {"refusal": "safety"})).status == 409
    assert (await house.read("/enquiries"))["enquiries"] == []
    assert len((await house.read("/enquiries?state=ended"))["enquiries"]) == 3
    assert (await house.provide(f"/enquiries/{uuid4()}/_agree")).status == 404


async def test_a_household_leaves_and_its_unit_is_ready_after_the_turnaround(sampled: Server) -> None:
    """The client says why it stays long, and where it goes; stays and the overview tell."""
    noord = sampled.cast.provider("shelter-noord")
    (stay,) = (await noord.list_stays()).stays
    await expect(noord, stay.unit_id)
    overview = await noord.get_weekly_overview()
    (cosm,) = overview.programmes
    assert (cosm.units_occupied, cosm.places_occupied, cosm.arrivals, cosm.departures) == (1, 3, 1, 0)
    assert (cosm.contracted_places, cosm.expected_exits, [exit_.unit_id for exit_ in cosm.exits]) == (
        12,
        1,
        [stay.unit_id],
    )
    freed = await noord.record_departure(stay.unit_id, DepartureReason.ONWARD_SHELTER)
    assert freed.state in ("free", "held")
    (over,) = (await noord.list_stays(departed=True)).stays
    assert (over.departure_reason, over.delay_reason) == ("onward_shelter", "permit_pending")
    total = await sampled.cast.client("auditor", Role.AUDITOR).get_weekly_overview(overview.week)
    assert (total.programmes[0].units_occupied, total.programmes[0].departures) == (2, 1)
    assert total.programmes[0].exits == []
    assert await sampled.services["shelters"].transactions.read(findings) == []


async def expect(provider: Client, unit_id: UUID) -> None:
    """The household leaves today, which is late because of its permit."""
    today = datetime.now(AMSTERDAM).date()
    expected = NewExpectedExit(unit_id=unit_id, expected_exit_on=today, delay_reason=DelayReason.PERMIT_PENDING)
    assert (await provider.expect_exit(expected)).expected_exit_on == today


@pytest.mark.parametrize(("path", "body", "pointer"), [
    ("/departures", {}, "/reason"),
    ("/departures", {"reason": None}, "/reason"),
    ("/expected-exits", {"expectedExitOn": "1990-01-01"}, "/expectedExitOn"),
    ("/expected-exits", {"expectedExitOn": "2999-01-01"}, "/expectedExitOn"),
])  # fmt: skip
async def test_what_cannot_be_meant_is_refused(house: House, path: str, body: dict[str, Any], pointer: str) -> None:
    """A departure without a reason, an exit expected in the past, or beyond all planning."""
    answer = await house.provide(path, {"unitId": await house.unit()} | body)
    assert (answer.status, answer.body["errors"][0]["pointer"].lstrip("#")) == (400, pointer)


async def test_a_state_that_there_is_none_of_is_refused(house: House) -> None:
    """Instead of an empty list."""
    answer = await house.server.send("GET", f"{SHELTERS}/units?state=banana", house.mine)
    assert (answer.status, answer.body["errors"][0]["pointer"].lstrip("#")) == (400, "/state")


@pytest.mark.parametrize("week", ["2025-W53", "2026-W00", "this", "2026-48", "0001-W01", "9999-W52"], ids=str)
async def test_there_is_no_overview_of_a_week_that_is_none(house: House, week: str) -> None:
    """A clear 400."""
    answer = await house.server.send("GET", f"{SHELTERS}/overviews/weekly?week={week}", house.mine)
    assert (answer.status, answer.body["errors"][0]["pointer"].lstrip("#")) == (400, "/week")
