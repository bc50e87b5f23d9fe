"""A draw as those see it who would check it: over HTTP."""

import hashlib
import hmac
from uuid import UUID

from services.chassis.identity import Role
from tests.integration.api.conftest import Server
from tests.integration.api.test_offers import CASE

DRAWS = "/registry/v1/draws"


async def test_anyone_checks_a_lot_once_the_seed_is_published(server: Server) -> None:
    """The commitment binds beforehand, the seed is secret until the end, and both fit the lot that was drawn."""
    helpdesk, north = server.token("comensha", Role.HELPDESK), server.token("north", Role.COORDINATOR)
    begun = (await server.post(DRAWS, helpdesk, {"waitlist": "cosm"})).body
    case = (await server.post("/registry/v1/cases", north, CASE)).body["caseId"]
    entry = (await server.post("/registry/v1/entries", north, {"caseId": case, "waitlist": "cosm"})).body
    listed = (await server.send("GET", DRAWS, north)).body["draws"]
    assert listed == [begun]
    assert begun["seed"] is None
    published = await server.post(f"{DRAWS}/{begun['drawId']}/_publish", helpdesk)
    seed = bytes.fromhex(published.body["seed"])
    assert hashlib.sha256(seed).hexdigest() == begun["commitment"]
    assert UUID(entry["lot"]).bytes == hmac.new(seed, UUID(entry["ticket"]).bytes, hashlib.sha256).digest()[:16]
    assert (await server.send("GET", f"/registry/v1/entries/{entry['entryId']}", north)).body["lot"] == entry["lot"]


async def test_a_coordinator_begins_no_draw(server: Server) -> None:
    """Those who stand in a list do not choose when it draws."""
    assert (await server.post(DRAWS, server.token("north", Role.COORDINATOR), {"waitlist": "cosm"})).status == 403


async def test_a_stranger_checks_every_lot_without_knowing_a_case(server: Server) -> None:
    """Once the seed is public: each ticket with its lot, page by page, and none that another draw drew."""
    helpdesk, north = server.token("comensha", Role.HELPDESK), server.token("north", Role.COORDINATOR)
    auditor = server.token("inspection", Role.AUDITOR)
    lots: list[list[str]] = []
    for people in (1, 3):
        drawn = []
        begun = (await server.post(DRAWS, helpdesk, {"waitlist": "cosm"})).body
        for _ in range(people):
            case = (await server.post("/registry/v1/cases", north, CASE)).body["caseId"]
            entry = await server.post("/registry/v1/entries", north, {"caseId": case, "waitlist": "cosm"})
            drawn.append(entry.body["lot"])
        url = f"{DRAWS}/{begun['drawId']}"
        assert (await server.send("GET", f"{url}/lots", auditor)).status == 409
        seed = bytes.fromhex((await server.post(f"{url}/_publish", helpdesk)).body["seed"])
        found, page = [], await server.send("GET", f"{url}/lots?limit=2", auditor)
        while True:
            found += page.body["lots"]
            if "Link" not in page.headers:
                break
            page = await server.send("GET", page.headers["Link"].split(">")[0].removeprefix("<"), auditor)
        for item in found:
            digest = hmac.new(seed, UUID(item["ticket"]).bytes, hashlib.sha256).digest()
            assert UUID(item["lot"]).bytes == digest[:16]
        assert [item["lot"] for item in found] == sorted(drawn)
        lots.append(drawn)
    assert [len(drawn) for drawn in lots] == [1, 3]
