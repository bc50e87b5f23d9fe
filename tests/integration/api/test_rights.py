"""The legal conditions of the lists and the warnings about them, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from schemas.vocabulary import Purpose
from services.chassis.clock import system_clock
from services.chassis.identity import Role
from tests.integration.api.conftest import Server
from tests.support.waiting import eventually

REGISTRY = "/registry/v1"
CASE = {"sex": "female", "ageBand": "23-plus", "consents": list(Purpose)}


async def test_the_housing_list_asks_for_a_permit_and_says_so(server: Server) -> None:
    """409 with what to do; with the permit the household stands there by itself."""
    token = server.token("north", Role.COORDINATOR)
    case_id = (await server.post(f"{REGISTRY}/cases", token, CASE)).body["caseId"]
    refused = await server.post(f"{REGISTRY}/entries", token, {"caseId": case_id, "waitlist": "housing"})
    assert (refused.status, "no permit" in refused.body["detail"]) == (409, True)
    permit = {"kind": "asylum", "grantedOn": datetime.now(UTC).date().isoformat()}
    granted = await server.post(f"{REGISTRY}/cases/{case_id}/permit", token, permit)
    assert granted.body["housingEntry"]["state"] == "waiting"


async def test_a_coordinator_reads_that_a_reflection_period_ends_soon(server: Server) -> None:
    """In the inbox, with where to look and nothing else; nobody else has it."""
    token, other = (server.token(name, Role.COORDINATOR) for name in ("north", "south"))
    case_id = (await server.post(f"{REGISTRY}/cases", token, CASE)).body["caseId"]
    path = f"{REGISTRY}/cases/{case_id}/reflection-period"
    started = (system_clock() - timedelta(days=40)).date().isoformat()
    period = (await server.post(path, token, {"startedOn": started}, str(uuid4()))).body
    almost = datetime.fromisoformat(f"{period['lastDay']}T12:00:00+00:00") - timedelta(days=10) - system_clock()
    server.services["registry"].transactions.clock = lambda: system_clock() + almost

    async def inbox(who: str = token) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await server.send("GET", "/notifications/v1/notifications", who)).body[
            "notifications"
        ]
        return found

    (told,) = await eventually(inbox)
    assert (told["kind"], told["subject"], told["dataref"]) == ("reflection-period-ending", case_id, path)
    assert (await server.send("GET", told["dataref"], token)).body == period
    assert await inbox(other) == []
