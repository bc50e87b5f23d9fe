"""What decisions and positions say over HTTP, and to whom: never who the others are."""

import json
import re
from typing import Any

import pytest

from services.chassis.identity import Role
from services.cli.sample import COORDINATORS
from tests.integration.api.conftest import Server

UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNIT: dict[str, Any] = {
    "programme": "cosm",
    "places": 3,
    "accepts": {"sexes": ["female", "male", "other", "unknown"], "ageBands": ["23-plus", "18-22"], "children": True},
    "serves": {"wheelchair": True, "needs": []},
}


@pytest.fixture
async def offered(sampled: Server) -> tuple[Server, str, str]:
    """The sample with one family unit free: the server, whose offer it is, and the offer's id."""
    provider = sampled.token("shelter-noord", Role.PROVIDER)
    units = (await sampled.send("GET", "/shelters/v1/facilities", provider)).body["facilities"]
    new = UNIT | {"facilityId": units[0]["facilityId"]}
    unit = (await sampled.post("/shelters/v1/units", provider, new)).body["unitId"]
    assert (await sampled.post("/shelters/v1/vacancies", provider, {"unitId": unit})).status == 201
    for _ in range(500):
        for name in COORDINATORS:
            token = sampled.token(name, Role.COORDINATOR)
            offers = (await sampled.send("GET", "/registry/v1/offers?state=made", token)).body["offers"]
            if offers:
                return sampled, name, offers[0]["offerId"]
    message = "nobody was offered the unit"
    raise AssertionError(message)


async def test_a_decision_names_others_by_position_only(offered: tuple[Server, str, str]) -> None:
    """By its offer and by its own id the coordinator reads the same, and no id of anybody else."""
    server, owner, offer = offered
    token = server.token(owner, Role.COORDINATOR)
    decision = (await server.send("GET", f"/registry/v1/offers/{offer}/decision", token)).body
    assert [(item["position"], item["rule"], item["reasons"]) for item in decision["considered"]] == [
        (1, "more-urgent", ["need-not-served"])
    ]
    assert set(UUIDS.findall(json.dumps(decision))) == {decision["decisionId"], offer, decision["entryId"]}
    by_id = await server.send("GET", f"/registry/v1/decisions/{decision['decisionId']}", token)
    assert by_id.body == decision
    stranger = server.token("stranger", Role.COORDINATOR)
    assert (await server.send("GET", f"/registry/v1/decisions/{decision['decisionId']}", stranger)).status == 404
    assert (await server.send("GET", f"/registry/v1/offers/{offer}/decision", stranger)).status == 404


async def test_an_auditor_reads_every_decision_with_its_entries(offered: tuple[Server, str, str]) -> None:
    """In the order in which they were made, page by page."""
    server, _, offer = offered
    token = server.token("auditor", Role.AUDITOR)
    everything = (await server.send("GET", "/registry/v1/decisions", token)).body["decisions"]
    assert len(everything) == 4
    assert [item["decisionId"] for item in everything] == sorted(item["decisionId"] for item in everything)
    last = everything[-1]
    assert last["offerId"] == offer
    assert [item["entryId"] for item in last["considered"]] != [None]
    assert UUIDS.fullmatch(last["vacancyId"])
    assert re.fullmatch(r"[0-9a-f]{64}", last["digest"])
    first = await server.send("GET", "/registry/v1/decisions?limit=1", token)
    assert first.body["decisions"] == everything[:1]
    assert "Link" in first.headers


async def test_a_position_says_where_and_why_and_nothing_about_others(offered: tuple[Server, str, str]) -> None:
    """The woman with the addiction is first in line, and what is free is not for her."""
    server, _, _ = offered
    token = server.token("coordination-midden", Role.COORDINATOR)
    entries = (await server.send("GET", "/registry/v1/entries?waitlist=cosm&state=waiting", token)).body["entries"]
    urgent = next(entry for entry in entries if entry["urgency"] == 2)
    position = (await server.send("GET", f"/registry/v1/entries/{urgent['entryId']}/position", token)).body
    assert (position["position"], position["state"], position["waitlist"]) == (1, "waiting", "cosm")
    assert position["ahead"] == {"moreUrgent": 0, "waitingLonger": 0, "lowerLot": 0, "tie": 0, "atLeast": False}
    [excluding] = position["excludingVacancies"]
    assert excluding["state"] == "offered"
    assert excluding["exclusions"] == [
        {
            "reason": "need-not-served",
            "change": "serves-needs",
            "values": ["addiction"],
            "text": {"nl": "een plek die verslaving aankan", "en": "a place that serves addiction"},
        }
    ]
    assert (position["expectedWait"], position["noExpectation"]) == (None, "fewer-than-ten-placements")
    assert set(UUIDS.findall(json.dumps(position))) == {urgent["entryId"]}
    stranger = server.token("stranger", Role.COORDINATOR)
    assert (await server.send("GET", f"/registry/v1/entries/{urgent['entryId']}/position", stranger)).status == 404
