"""Households that are in a unit already, as their coordinator and the unit's provider see it over HTTP."""

from typing import Any
from uuid import uuid4

from services.chassis.identity import Role
from tests.integration.api.conftest import Server
from tests.support.waiting import eventually

CASE = {"sex": "female", "ageBand": "23-plus"}
ACCEPTS = {"sexes": ["female"], "ageBands": ["23-plus"], "children": True}
NIGHT = {"kind": "emergency", "since": "2026-01-01T02:00:00Z"}


class People:
    """A coordinator with two households, and a provider with a unit."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.north = server.token("north", Role.COORDINATOR)
        self.provider = server.token("shelter", Role.PROVIDER)

    async def made(self, path: str, token: str, body: object = None, status: int = 201) -> Any:  # noqa: ANN401 - JSON
        answer = await self.server.post(path, token, body)
        assert answer.status == status, answer.body
        return answer.body

    async def unit(self) -> str:
        operator = self.server.token("comensha", Role.OPERATOR)
        provider = await self.made("/shelters/v1/providers", operator, {"organisation": "shelter"})
        facility = await self.made("/shelters/v1/facilities", operator, {"providerId": provider["providerId"]})
        serves = {"wheelchair": False, "needs": []}
        unit = {"facilityId": facility["facilityId"], "programme": "cosm", "places": 1, "accepts": ACCEPTS}
        return str((await self.made("/shelters/v1/units", self.provider, unit | {"serves": serves}))["unitId"])

    async def find(self, unit_id: str) -> str:
        case_id = (await self.made("/registry/v1/cases", self.north, CASE))["caseId"]
        found = NIGHT | {"unitId": unit_id}
        made = await self.made(f"/registry/v1/cases/{case_id}/placements", self.north, found)
        assert made["conflict"] is None
        return str(made["placementId"])

    async def placement(self, placement_id: str) -> dict[str, Any]:
        listed = (await self.server.send("GET", "/registry/v1/placements", self.north)).body["placements"]
        found: dict[str, Any] = next(item for item in listed if item["placementId"] == placement_id)
        return found

    async def stays(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.server.send("GET", "/shelters/v1/stays", self.provider)).body["stays"]
        return found


async def test_a_provider_sees_who_was_found_in_its_unit_and_records_that_they_left(server: Server) -> None:
    """The unit cannot be posted meanwhile; the departure ends the placement."""
    people = People(server)
    unit_id = await people.unit()
    placement_id = await people.find(unit_id)
    (stay,) = await eventually(people.stays)
    assert (stay["unitId"], stay["arrivedAt"]) == (unit_id, NIGHT["since"])
    assert (await server.post("/shelters/v1/vacancies", people.provider, {"unitId": unit_id})).status == 409
    await people.made("/shelters/v1/departures", people.provider, {"unitId": unit_id, "reason": "onward_home"})

    async def ended() -> object:
        return (await people.placement(placement_id))["endedAt"]

    assert await eventually(ended)
    assert (await server.post(f"/registry/v1/placements/{placement_id}/_end", people.north)).status == 409


async def test_a_coordinator_sees_why_a_household_cannot_be_there(server: Server) -> None:
    """Somebody else is, or there is no such unit."""
    people = People(server)
    unit_id = await people.unit()
    await people.find(unit_id)
    await eventually(people.stays)
    second, nowhere = await people.find(unit_id), await people.find(str(uuid4()))

    async def conflicts() -> object:
        both = [(await people.placement(placement_id))["conflict"] for placement_id in (second, nowhere)]
        return all(both) and both

    assert await eventually(conflicts) == ["unit_occupied", "unit_unknown"]
    assert len(await people.stays()) == 1
