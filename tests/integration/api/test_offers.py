"""Answers to offers as others see them: over HTTP, with whose token it is."""

from typing import Any
from uuid import UUID

from services.chassis.identity import Role
from tests.integration.api.conftest import Answer, Server
from tests.support.waiting import eventually

CASE = {"sex": "female", "ageBand": "23-plus", "consents": ["shelter", "housing"]}
ACCEPTS = {"sexes": ["female"], "ageBands": ["23-plus"], "children": True}
OFFERS = "/registry/v1/offers"


class Played:
    """One coordinator with one household, and one provider with one unit."""

    def __init__(self, server: Server, programme: str) -> None:
        self.server, self.programme = server, programme
        self.north = server.token("north", Role.COORDINATOR)
        self.provider = server.token("shelter", Role.PROVIDER)
        self.operator = server.token("comensha", Role.OPERATOR)

    async def post(self, path: str, token: str, body: object = None, status: int = 200) -> Any:  # noqa: ANN401 - JSON
        answer = await self.server.post(path, token, body)
        assert answer.status == status, answer.body
        return answer.body

    async def open_bed(self) -> UUID:
        """In line, and a bed for them; gives the offer."""
        case = await self.post("/registry/v1/cases", self.north, CASE, 201)
        entry = {"caseId": case["caseId"], "waitlist": self.programme}
        await self.post("/registry/v1/entries", self.north, entry, 201)
        provider = await self.post("/shelters/v1/providers", self.operator, {"organisation": "shelter"}, 201)
        facility = {"providerId": provider["providerId"]}
        facility_id = (await self.post("/shelters/v1/facilities", self.operator, facility, 201))["facilityId"]
        unit = {
            "facilityId": facility_id,
            "programme": self.programme,
            "places": 1,
            "accepts": ACCEPTS,
            "serves": {"wheelchair": False, "needs": []},
        }
        unit_id = (await self.post("/shelters/v1/units", self.provider, unit, 201))["unitId"]
        await self.post("/shelters/v1/vacancies", self.provider, {"unitId": unit_id}, 201)
        return UUID((await eventually(self.offers))[0]["offerId"])

    async def offers(self, state: str = "") -> list[dict[str, Any]]:
        answer = await self.server.send("GET", OFFERS + (f"?state={state}" if state else ""), self.north)
        found: list[dict[str, Any]] = answer.body["offers"]
        return found

    async def act(self, offer_id: UUID, act: str, token: str, body: object = None) -> Answer:
        return await self.server.post(f"{OFFERS}/{offer_id}/{act}", token, body)


async def test_a_provider_agrees_and_only_then_the_coordinator_may_accept(server: Server) -> None:
    """The whole of a mediation, over HTTP."""
    played = Played(server, "vo")
    offer_id = await played.open_bed()
    assert (await played.act(offer_id, "_accept", played.north)).status == 409
    enquiries = await eventually(lambda: _enquiries(played))
    assert enquiries[0]["offerId"] == str(offer_id)
    await played.post(f"/shelters/v1/enquiries/{offer_id}/_agree", played.provider)
    await eventually(lambda: played.offers("made"))
    accepted = await played.act(offer_id, "_accept", played.north)
    assert (accepted.status, accepted.body["state"]) == (200, "accepted")


async def test_the_helpdesk_answers_for_a_coordinator_and_no_other_does(server: Server) -> None:
    """The offer tells whose it is and who answered; to another coordinator it does not exist."""
    played = Played(server, "cosm")
    offer_id = await played.open_bed()
    south, helpdesk = server.token("south", Role.COORDINATOR), server.token("helpdesk", Role.HELPDESK)
    for act, body in (("_accept", None), ("_decline", {"reason": "other"}), ("_undo", {"reason": "mistake"})):
        assert (await played.act(offer_id, act, south, body)).status == 404
    accepted = await played.act(offer_id, "_accept", helpdesk)
    assert (accepted.body["coordinator"], accepted.body["decidedBy"]) == ("north", "helpdesk")
    (seen,) = await played.offers()
    assert (seen["state"], seen["decidedBy"]) == ("accepted", "helpdesk")


async def test_a_refusal_is_taken_back_with_a_reason_of_the_list(server: Server) -> None:
    """A reason that there is none of is a bad request and changes nothing; a good one brings a new offer."""
    played = Played(server, "cosm")
    offer_id = await played.open_bed()
    assert (await played.act(offer_id, "_decline", played.north, {"reason": "unreachable"})).body["state"] == "declined"
    before = await server.stored()
    refused = await played.act(offer_id, "_undo", played.north, {"reason": "bored"})
    assert (refused.status, "bored" in str(refused.body)) == (400, False)
    assert {name: rows for name, rows in before.items() if name.startswith("registry.offers")} == {
        name: rows for name, rows in (await server.stored()).items() if name.startswith("registry.offers")
    }
    undone = await played.act(offer_id, "_undo", played.north, {"reason": "mistake"})
    assert (undone.status, undone.body["undone"]) == (200, "mistake")
    (made,) = await played.offers("made")
    assert made["offerId"] != str(offer_id)


async def _enquiries(played: Played) -> list[dict[str, Any]]:
    answer = await played.server.send("GET", "/shelters/v1/enquiries?state=open", played.provider)
    found: list[dict[str, Any]] = answer.body["enquiries"]
    return found
